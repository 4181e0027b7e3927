import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { agentToken, agentUrl, askAgent } from "../agent-client.ts";

interface StatusOptions {
  readonly node?: string;
  readonly nodeUrl?: string;
  readonly hub?: string;
  readonly data?: string;
  readonly keys?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** `maint status`: how a hub's floor stands, or with `--node` how one agent does. */
export function command(): Command {
  return new Command("status")
    .description("say how a hub or a node is")
    .option("--node <id>", "the node whose agent is asked; without it the hub is")
    .option("--node-url <url>", "the agent's address (else the one of the data folder)")
    .option("--hub <url>", "the hub (else MAINT_HUB, else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--keys <dir>", "keys and tokens (else MAINT_KEYS, else ./maint-keys)")
    .option("--token <file>", "token file (else MAINT_TOKEN_FILE, else the admin's, or the node's own)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint status\n  maint status --node LP-01")
    .action((options: StatusOptions) =>
      options.node === undefined ? ofHub(options) : ofNode({ ...options, node: options.node }),
    );
}

async function ofHub(options: StatusOptions): Promise<void> {
  const { hubClient, printAnswer } = await import("../hub-client.ts");
  const { contractLine } = await import("../contract-lines.ts");
  const hub = hubClient(options);
  const { nodes } = (await hub.get("/v1/nodes")) as { readonly nodes: readonly HubNode[] };
  const { contracts } = (await hub.get("/v1/contracts")) as {
    readonly contracts: readonly Parameters<typeof contractLine>[0][];
  };
  const lines = [
    `hub at ${hub.url}: ${nodes.length} nodes, ${contracts.length} contract versions`,
    ...contracts.map((entry) => `  ${contractLine(entry)}`),
    ...nodes.map(({ id, station, active }) => {
      const runs = Object.entries(active).map(([contract, { version }]) => `${contract}@${version}`);
      return `  ${id}  ${station.type} station ${station.id}  ${runs.join(", ") || "runs no contract: every test is blocked"}`;
    }),
  ];
  printAnswer(options, { url: hub.url, nodes, contracts }, lines);
}

interface HubNode {
  readonly id: string;
  readonly station: { readonly id: string; readonly type: string };
  readonly active: { readonly [contract: string]: { readonly version: string } };
}

interface NodeStatus {
  readonly standing: string;
  readonly rejection: { readonly reason: string; readonly detail: string } | null;
  readonly generation: number | null;
  readonly engine: string;
  readonly hub: { readonly id: string; readonly link: string };
  readonly contracts: readonly { readonly contract: string; readonly version: string; readonly mode: string }[];
  readonly alerts: { readonly lastSeq: number; readonly ackedSeq: number };
  readonly ledger: { readonly size: number };
}

async function ofNode(options: StatusOptions & { readonly node: string }): Promise<void> {
  const call = {
    method: "GET",
    path: "/v1/status",
    url: agentUrl(options),
    token: agentToken(options, "machine"),
  } as const;
  const { status, body } = await askAgent(call);
  if (status !== 200) throw new MaintError("MAINT_ERR_AGENT_ANSWER", `the agent of ${options.node} answered ${status}`);
  if (options.json === true) return void process.stdout.write(`${JSON.stringify(body)}\n`);
  const { standing, rejection, generation, engine, hub, contracts, alerts, ledger } = body as NodeStatus;
  const lines = [
    `${options.node}: ${standing}${rejection === null ? "" : ` (${rejection.reason}: ${rejection.detail})`}, generation ${generation ?? "none"}`,
    ...contracts.map(({ contract, version, mode }) => `  ${contract}@${version}, ${mode}`),
    `  hub ${hub.id}, link ${hub.link}; engine ${engine}`,
    `  ${alerts.lastSeq - alerts.ackedSeq} alerts not yet at the hub; ${ledger.size} ledger entries`,
  ];
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
