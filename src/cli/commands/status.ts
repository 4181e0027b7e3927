import { Command } from "commander";
import type { StandingTest } from "../../model/message.ts";
import { agentToken, agentUrl, askAgent } from "../agent-client.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

interface StatusOptions extends HubOptions {
  readonly node?: string;
  readonly nodeUrl?: string;
  readonly station?: string;
  readonly blocked?: boolean;
}

/** `maint status`: which stations may test now, which not, and why; with `--node`, one agent as it sees itself, hub or no hub. */
export function command(): Command {
  return withHubOptions(new Command("status").description("say which stations may test now, which not, and why"))
    .option("--node <id>", "ask the agent of this node instead of the hub")
    .option("--node-url <url>", "where that agent listens (else the address in its folder)")
    .option("--station <id>", "only this station")
    .option("--blocked", "only stations that may not test, or of which nobody knows")
    .addHelpText("after", "\nExample:\n  maint status\n  maint status --blocked\n  maint status --node LP-01")
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
  readonly lastSeenMs: number | null;
  readonly active: { readonly [contract: string]: { readonly version: string } };
}

interface HubContract {
  readonly contract: string;
  readonly version: string | null;
  readonly status: string;
}

interface KnownStanding {
  readonly node: string;
  readonly receivedAtMs: number;
  readonly tests: readonly StandingTest[];
}

type Shown = HubNode & { readonly standing: KnownStanding | null };

/** Asks the hub for itself, its nodes, what they said last of their stations, and its contracts. */
export async function hubStatus(options: HubOptions & Pick<StatusOptions, "station" | "blocked">): Promise<void> {
  const hub = hubClient(options);
  const { hub: id } = (await hub.get("/v1/health")) as { readonly hub: string };
  const { nodes: all } = (await hub.get("/v1/nodes")) as { readonly nodes: readonly HubNode[] };
  const { standing } = (await hub.get("/v1/standing")) as { readonly standing: readonly KnownStanding[] };
  const { contracts } = (await hub.get("/v1/contracts")) as { readonly contracts: readonly HubContract[] };
  const known = new Map(standing.map((one) => [one.node, one]));
  const nodes: readonly Shown[] = all
    .map((node) => ({ ...node, standing: known.get(node.id) ?? null }))
    .filter(({ station }) => options.station === undefined || station.id === options.station)
    .filter((node) => options.blocked !== true || !mayTest(node));
  const released = contracts.map(({ contract, version, status }) => ({ contract, version, status }));
  const live = all.filter((node) => node.live).length;
  const ready = all.filter((node) => mayTest({ ...node, standing: known.get(node.id) ?? null })).length;
  const nowMs = Date.now();
  printAnswer(options, { hub: id, url: hub.url, nodes, contracts: released }, [
    `${id} at ${hub.url}: ${live} of ${all.length} nodes connected, ${ready} stations may test`,
    ...nodes.flatMap((node) => nodeLines(node, nowMs)),
    ...released
      .filter(({ status }) => status !== "archived")
      .map(({ contract, version, status }) => `${contract}${version === null ? "" : `@${version}`}  ${status}`),
  ]);
}

/** By what the node said last, every kind of test it names: the gate at the node has the last word. */
const mayTest = ({ live, standing }: Shown): boolean => live && standing?.tests.every(({ allow }) => allow) === true;

function nodeLines(node: Shown, nowMs: number): readonly string[] {
  const { id, station, enrolledAtMs, live, lastSeenMs, generation, active, standing } = node;
  const runs = Object.entries(active).map(([contract, { version }]) => `${contract}@${version}`);
  const verdict = mayTest(node) ? "MAY TEST" : standing?.tests.some(({ allow }) => !allow) ? "BLOCKED " : "UNKNOWN ";
  const away = lastSeenMs === null ? "away" : `away for ${ago(lastSeenMs, nowMs)}`;
  const there = enrolledAtMs === null ? "not enrolled yet" : live ? "connected" : away;
  const said = standing === null || live ? "" : `, as of ${ago(standing.receivedAtMs, nowMs)} ago`;
  return [
    `${verdict}  ${id}  ${station.type} station ${station.id}  ${there}, generation ${generation}: ${runs.join(", ") || "no contract"}${said}`,
    ...(standing?.tests ?? []).filter(({ allow }) => !allow).flatMap(blockedLines),
  ];
}

function blockedLines({ kind, reasons, toDo }: StandingTest): readonly string[] {
  const what = kind === null ? "" : `${kind}: `;
  return [`          ${what}${reasons.join(", ")}`, ...(toDo === null ? [] : [`          to do: ${toDo}`])];
}

function ago(thenMs: number, nowMs: number): string {
  const minutes = Math.max(0, Math.floor((nowMs - thenMs) / 60_000));
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} hours` : `${Math.floor(minutes / 1_440)} days`;
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
    `hub ${hub.id}: ${hub.link === "none" ? "not asked, started with --no-hub" : hub.link}; clock ${status.clock.source}; ${alerts.lastSeq - alerts.ackedSeq} alerts waiting`,
  ]);
}
