import { Command } from "commander";
import { agentToken, agentUrl, askAgent } from "../agent-client.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

interface StatusOptions extends HubOptions {
  readonly node?: string;
  readonly nodeUrl?: string;
}

/** `maint status`: the hub and what each station runs; with `--node`, one agent as it sees itself, hub or no hub. */
export function command(): Command {
  return withHubOptions(new Command("status").description("say how a hub or a node is"))
    .option("--node <id>", "ask the agent of this node instead of the hub")
    .option("--node-url <url>", "where that agent listens (else the address in its folder)")
    .addHelpText("after", "\nExample:\n  maint status\n  maint status --node LP-01")
    .action((options: StatusOptions) =>
      options.node === undefined ? hubStatus(options) : agentStatus({ ...options, node: options.node }),
    );
}

interface HubNode {
  readonly id: string;
  readonly station: { readonly id: string; readonly type: string };
  readonly enrolledAtMs: number | null;
  readonly live: boolean;
  readonly generation: number;
  readonly active: { readonly [contract: string]: { readonly version: string } };
}

interface HubContract {
  readonly contract: string;
  readonly version: string | null;
  readonly status: string;
}

/** Asks the hub for itself, its nodes and its contracts. */
export async function hubStatus(options: HubOptions): Promise<void> {
  const hub = hubClient(options);
  const { hub: id } = (await hub.get("/v1/health")) as { readonly hub: string };
  const { nodes } = (await hub.get("/v1/nodes")) as { readonly nodes: readonly HubNode[] };
  const { contracts } = (await hub.get("/v1/contracts")) as { readonly contracts: readonly HubContract[] };
  const standing = contracts.map(({ contract, version, status }) => ({ contract, version, status }));
  const live = nodes.filter((node) => node.live).length;
  printAnswer(options, { hub: id, url: hub.url, nodes, contracts: standing }, [
    `${id} at ${hub.url}: ${live} of ${nodes.length} nodes connected`,
    ...nodes.map(nodeLine),
    ...standing
      .filter(({ status }) => status !== "archived")
      .map(({ contract, version, status }) => `${contract}${version === null ? "" : `@${version}`}  ${status}`),
  ]);
}

function nodeLine({ id, station, enrolledAtMs, live, generation, active }: HubNode): string {
  const runs = Object.entries(active).map(([contract, { version }]) => `${contract}@${version}`);
  const there = enrolledAtMs === null ? "not enrolled yet" : live ? "connected" : "away";
  return `${id}  ${station.type} station ${station.id}  ${there}, generation ${generation}: ${runs.join(", ") || "no contract"}`;
}

interface OwnStatus {
  readonly standing: string;
  readonly rejection: { readonly reason: string; readonly detail: string } | null;
  readonly generation: number | null;
  readonly hub: { readonly id: string; readonly link: string };
  readonly contracts: readonly { readonly contract: string; readonly version: string }[];
  readonly station: { readonly id: string; readonly type: string } | null;
  readonly key: { readonly publicHex: string };
  readonly clock: { readonly source: string };
  readonly alerts: { readonly lastSeq: number; readonly ackedSeq: number };
}

async function agentStatus(options: StatusOptions & { readonly node: string }): Promise<void> {
  const url = agentUrl(options);
  const token = agentToken(options, "machine");
  const status = (await askAgent({ method: "GET", path: "/v1/status", url, token })).body as OwnStatus;
  const { station, contracts, alerts, hub, rejection } = status;
  const runs = contracts.map(({ contract, version }) => `${contract}@${version}`).join(", ") || "no contract";
  printAnswer(options, status, [
    `${options.node} at ${url}: ${status.standing}, generation ${status.generation ?? "none"}: ${runs}`,
    ...(station === null ? [] : [`${station.type} station ${station.id}`]),
    ...(rejection === null ? [] : [`refused: ${rejection.reason}, ${rejection.detail}`]),
    `public key ${status.key.publicHex}`,
    `hub ${hub.id}: ${hub.link}; clock ${status.clock.source}; ${alerts.lastSeq - alerts.ackedSeq} alerts waiting`,
  ]);
}
