import { Command, InvalidArgumentError } from "commander";
import { parseInstant } from "../../base/civil-time.ts";
import { MaintError } from "../../base/maint-error.ts";
import { MAX_DUE_DAYS, MAX_SNAPSHOT_BYTES, STANDING_DAYS } from "../../model/limits.ts";
import type { StandingDue } from "../../model/message.ts";
import type { DueItem } from "../../runtime/index.ts";
import { agentToken, agentUrl, askAgent } from "../agent-client.ts";

interface DueOptions {
  readonly hub?: string;
  readonly keys?: string;
  readonly node?: readonly string[];
  readonly contract?: readonly string[];
  readonly facts?: string;
  readonly within: number;
  readonly at?: string;
  readonly kind?: string;
  readonly all?: boolean;
  readonly token?: string;
  readonly nodeUrl?: string;
  readonly data?: string;
  readonly json?: boolean;
}

interface NodeDue {
  readonly node: string | null;
  readonly due: readonly DueItem[];
}

const BLOCKS = 1;

/** `maint due`: what will lapse, and what it will block. Exit code 0 nothing will, 1 something blocks within the time. */
export function command(): Command {
  return new Command("due")
    .description("say what lapses and blocks, now and ahead; exit code 1 where something blocks within the time")
    .option("--node <id...>", "nodes whose agents are asked, each for its own evidence; with --hub, only these")
    .option("--hub <url>", "ask the hub what its nodes said last (else MAINT_HUB, else the one of the data folder)")
    .option("--keys <dir>", "for the hub: keys and tokens (else MAINT_KEYS, else ./maint-keys)")
    .option("--contract <file...>", "without a node or hub: contract files, taken as binding")
    .option("--facts <file>", "with --contract: the snapshot, JSON")
    .option("--within <time>", "how far ahead: 30d, 8w or 12m (30 days each)", daysOf, 30)
    .option("--at <instant>", "from when, past or future, with offset; else now")
    .option("--kind <kind>", "only what a test of this kind asks for")
    .option("--all", "also what people do every day or shift: acknowledgements, readings, checks")
    .option("--token <file>", "token file (else MAINT_TOKEN_FILE, else the node's own token)")
    .option("--node-url <url>", "the agent's address (else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint due --within 30d\n  maint due --node LP-01 --within 30d")
    .action(due);
}

const LENGTHS: { readonly [unit: string]: number } = { d: 1, w: 7, m: 30 };

function daysOf(text: string): number {
  const [, count, unit] = /^(\d{1,4})([dwm])$/.exec(text) ?? [];
  const days = Number(count) * (LENGTHS[unit ?? ""] ?? Number.NaN);
  if (!(days <= MAX_DUE_DAYS))
    throw new InvalidArgumentError(`30d, 8w or 12m are such times, at most ${MAX_DUE_DAYS} days.`);
  return days;
}

async function due(options: DueOptions): Promise<void> {
  if (options.at !== undefined && parseInstant(options.at) === undefined)
    throw new MaintError("MAINT_ERR_BAD_INSTANT", `no such instant: ${JSON.stringify(options.at)}`, {
      help: "an instant has an offset: 2026-11-23T09:00:00-06:00",
    });
  const answers = await asked(options);
  const shown = answers.map(({ node, due: items }) => ({
    node,
    due: items.filter(({ routine }) => options.all === true || !routine),
  }));
  const lines = shown.flatMap((answer) => linesOf(answer, options));
  process.stdout.write(options.json === true ? `${JSON.stringify(shown)}\n` : `${lines.join("\n")}\n`);
  if (shown.some(({ due: items }) => items.some(({ severity }) => severity === "reason"))) process.exitCode = BLOCKS;
}

function asked(options: DueOptions): Promise<readonly NodeDue[]> {
  const { node, hub, contract, facts } = options;
  if (contract !== undefined || facts !== undefined) return fromFiles(options).then((answer) => [answer]);
  return node === undefined || hub !== undefined ? fromHub(options) : fromNodes(options, node);
}

type HubDue = StandingDue & { readonly node: string };

/** What the nodes said last to their hub: no further than STANDING_DAYS, and nothing that people do every day or shift. */
async function fromHub(options: DueOptions): Promise<readonly NodeDue[]> {
  for (const name of ["at", "kind", "all", "nodeUrl"] as const)
    if (options[name] !== undefined)
      throw new MaintError(
        "MAINT_ERR_USAGE",
        "a hub knows what its nodes said last, for now and for every kind of test",
        {
          help: "ask the node itself with --node ID (without --hub) for another instant, one kind, or daily work",
        },
      );
  if (options.within > STANDING_DAYS)
    throw new MaintError("MAINT_ERR_USAGE", `nodes look ${STANDING_DAYS} days ahead for their hub`, {
      help: "ask the node itself with --node ID for more",
    });
  const { hubClient } = await import("../hub-client.ts");
  const hub = hubClient(options);
  const query = new URLSearchParams({ days: String(options.within), limit: "10000" });
  const { due } = (await hub.get(`/v1/due?${query}`)) as { readonly due: readonly HubDue[] };
  const found = due.filter(({ node }) => options.node === undefined || options.node.includes(node));
  const nodes = [...new Set(options.node ?? found.map(({ node }) => node))];
  const itemOf = ({ toDo, who, ...item }: HubDue): DueItem => ({
    ...{ ...item, routine: false, line: null },
    remedy: toDo === null ? null : { text: toDo, who: who ?? "anybody", removes: [] },
  });
  if (nodes.length === 0) return [{ node: null, due: [] }];
  return nodes.map((node) => ({ node, due: found.filter((item) => item.node === node).map(itemOf) }));
}

async function fromNodes(options: DueOptions, nodes: readonly string[]): Promise<readonly NodeDue[]> {
  const query = new URLSearchParams({ days: String(options.within) });
  if (options.at !== undefined) query.set("at", options.at);
  if (options.kind !== undefined) query.set("kind", options.kind);
  const answers: NodeDue[] = [];
  for (const node of nodes) {
    const agent = { ...options, node };
    const call = { path: `/v1/due?${query}`, url: agentUrl(agent), token: agentToken(agent, "machine") };
    const { body } = await askAgent({ method: "GET", ...call });
    answers.push({ node, due: (body as { readonly due: readonly DueItem[] }).due });
  }
  return answers;
}

async function fromFiles({ contract, facts, at, within, kind }: DueOptions): Promise<NodeDue> {
  if (contract === undefined || facts === undefined || at === undefined)
    throw new MaintError("MAINT_ERR_USAGE", "due needs --node, or --contract, --facts and --at", {
      help: "without files it is asked of a hub, or of a node with --node ID",
    });
  const { bindingReleases, lookAhead, openShelf, readJson, readTextFile } = await import("../evaluation.ts");
  const shelf = openShelf();
  const bundles = (await Promise.all(contract.map((file) => shelf.load(file)))).flat();
  const snapshot = readJson(await readTextFile(facts, MAX_SNAPSHOT_BYTES), facts);
  return { node: null, due: lookAhead(bindingReleases(bundles), snapshot, at, within, kind) };
}

function linesOf({ node, due: items }: NodeDue, { within, all }: DueOptions): readonly string[] {
  const where = node === null ? "" : ` at ${node}`;
  const rest = all === true ? "" : " (readings, acknowledgements and checks aside: --all)";
  if (items.length === 0) return [`nothing lapses${where} within ${within} days${rest}`];
  return [`${items.length} due${where} within ${within} days${rest}`, ...items.flatMap(itemLines)];
}

const INDENT = " ".repeat(27);

function itemLines(item: DueItem): readonly string[] {
  const { holdsAlready, from, severity, code, subject, contract, condition, line, text, remedy } = item;
  const when = (holdsAlready ? "now" : from.slice(0, 16).replace("T", " ")).padEnd(16);
  const place = contract === null ? "" : `  ${contract}${line === null ? "" : ` line ${line}`}, ${condition}`;
  return [
    `  ${when}  ${severity === "reason" ? "BLOCKS" : "warns "}  ${code}:${subject}${place}`,
    `${INDENT} ${text}`,
    ...(remedy === null ? [] : [`${INDENT} to do: ${remedy.text} (${remedy.who})`]),
  ];
}
