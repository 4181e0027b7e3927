import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { parseInstant, printUtc } from "../../base/civil-time.ts";
import { MaintError } from "../../base/maint-error.ts";
import type { ArchiveOverview, DecidedThere, OverviewNode } from "../../hub/archive/archive-desk.ts";
import { type ArchiveReader, openArchiveReader } from "../../hub/archive/archive-reader.ts";
import type { ArchivedEntry } from "../../hub/archive/archived.ts";
import type { Retention } from "../../hub/archive/retention.ts";
import type { StrandVerification } from "../../hub/archive/verify-archive.ts";
import { isTestNodeId } from "../../model/ids.ts";
import { LEDGER_ACTION_TYPES, type LedgerActionType } from "../../model/ledger-entry.ts";
import { MAX_ARCHIVE_LISTED } from "../../model/limits.ts";
import { dataFolder } from "../data-folder.ts";
import { plain, shownDecision } from "../decided-line.ts";
import { decisionTree } from "../decision-tree.ts";
import { nodeKey } from "../given-key.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

interface ShowOptions extends HubOptions {
  readonly node?: string;
  readonly seq?: number;
  readonly from?: number;
  readonly limit: number;
  readonly type?: LedgerActionType;
  readonly target?: string;
  readonly by?: string;
  readonly since?: string;
  readonly until?: string;
  readonly newest?: boolean;
}

interface DecisionOptions extends Omit<ShowOptions, "type" | "target" | "seq"> {
  readonly contract?: string;
  readonly order?: string;
  readonly part?: string;
  readonly test?: string;
  readonly blocked?: boolean;
}

interface RetainOptions extends HubOptions {
  readonly node: string;
  readonly days?: number;
  readonly entries?: number;
  readonly forever?: boolean;
}

/** `maint archive`: nodes' ledgers as their hub has them. */
export function command(): Command {
  const archive = new Command("archive").description("read, verify and limit what the hub archived of nodes' ledgers");
  const example = "\nExample:\n  maint archive";
  withHubOptions(
    archive.command("list").description("say how far each node's ledger is archived, and what does not hold"),
  )
    .addHelpText("after", `${example} list`)
    .action(list);
  filtered(archive.command("show").description("print archived entries; reading is in the hub's own ledger"))
    .option("--seq <number>", "this one entry of --node", wholeNumber)
    .addOption(new Option("--type <action-type>", "only entries of this type").choices(LEDGER_ACTION_TYPES))
    .option("--target <word>", "only entries about this")
    .addHelpText(
      "after",
      `${example} show --node LP-01 --newest --limit 5\n  maint archive show --node LP-01 --seq 41 --json`,
    )
    .action(show);
  filtered(archive.command("decisions").description("print archived decisions in a line each"))
    .option("--contract <id>", "only decisions by this contract")
    .option("--order <id>", "only decisions under this client order")
    .option("--part <id>", "only decisions about this part")
    .option("--test <id>", "only decisions about this test")
    .option("--blocked", "only those that blocked")
    .addHelpText("after", `${example} decisions --order PO-2026-118`)
    .action(decisions);
  withHubOptions(
    archive
      .command("as-of")
      .description("say what a station's gate would have said at an instant of the past; exit 0 allowed, 10 blocked"),
  )
    .requiredOption("--node <id>", "the station's node")
    .requiredOption("--at <instant>", "when, with an offset", instant)
    .option("--kind <kind>", "of test; else of the decision before")
    .option("--operator <person>", "who would have run it; else who ran the test before")
    .addOption(
      new Option("--knowing <when>", "what was on record then, or with all that was recorded and corrected since")
        .choices(["then", "now"])
        .default("then"),
    )
    .addHelpText("after", `${example} as-of --node LP-01 --at 2026-11-24T09:00:00-06:00 --operator STF-1`)
    .action(asOf);
  archive
    .command("verify")
    .description("walk what is archived, where it lies; exit code 1 where something does not hold")
    .option("--node <id>", "only this node's ledger")
    .option(
      "--node-key <key>",
      "the node's public key as you know it, as `maint ledger key` prints it there; with --node",
    )
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", `${example} verify --node LP-01`)
    .action(verify);
  withHubOptions(
    archive.command("retain").description("say how much of nodes' ledgers is kept; what is beyond goes for good"),
  )
    .requiredOption("--node <id>", "of this node; * is every node that has no limit of its own")
    .option("--days <number>", "entries of so many days", positive)
    .option("--entries <number>", "so many entries", positive)
    .addOption(new Option("--forever", "everything").conflicts(["days", "entries"]))
    .addHelpText("after", `${example} retain --node '*' --days 3650`)
    .action(retain);
  return archive.addHelpText("after", `${example} list`);
}

interface AsOfOptions extends HubOptions {
  readonly node: string;
  readonly at: string;
  readonly kind?: string;
  readonly operator?: string;
  readonly knowing: "then" | "now";
}

async function asOf(options: AsOfOptions): Promise<void> {
  const { node, at, kind = null, operator = null, knowing } = options;
  const { decideAsOf } = await import("../as-of.ts");
  const answer = await decideAsOf(hubClient(options), { node, atMs: Date.parse(at), kind, operator, knowing });
  const { decision, by, evidence } = answer;
  printAnswer(options, answer, [
    `by the contracts and the register of entry ${by.seq} (${by.at}), ${evidence} records of evidence`,
    ...decisionTree(decision),
  ]);
  process.exitCode = decision.allow ? 0 : 10;
}

const filtered = (command: Command): Command =>
  withHubOptions(command)
    .option("--node <id>", "only of this node")
    .option("--from <seq>", "from this entry on", wholeNumber)
    .option("--limit <count>", `at most this many, up to ${MAX_ARCHIVE_LISTED}`, positive, 100)
    .option("--by <person>", "only what this person did")
    .option("--since <instant>", "from then on, with offset", instant)
    .option("--until <instant>", "before then, with offset", instant)
    .option("--newest", "the newest first");

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("a whole number from 0 on is needed");
  return Number(text);
}

function positive(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError("a whole number from 1 on is needed");
  return number;
}

function instant(text: string): string {
  const ms = parseInstant(text);
  if (ms === undefined) throw new InvalidArgumentError("an instant such as 2026-11-24T08:00:00-06:00 is needed");
  return printUtc(ms);
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/archive")) as ArchiveOverview;
  const { nodes, retention } = answer;
  printAnswer(options, answer, [
    ...(nodes.length === 0 ? ["nothing is archived yet"] : nodes.map(shownNode)),
    ...retention.map(shownRetention),
  ]);
  if (nodes.some(({ fault }) => fault !== null)) process.exitCode = 1;
}

const shownNode = ({ node, size, firstKept, strands, behind, fault }: OverviewNode): string =>
  [
    `${node}  ${size} entries`,
    ...(firstKept > 0 ? [`from ${firstKept} on`] : []),
    ...(strands > 1 ? [`${strands} strands`] : []),
    ...(behind === null || behind === 0 ? [] : [`${behind} behind`]),
    ...(fault === null ? [] : [`DOES NOT HOLD: ${plain(fault)}`]),
  ].join("  ");

const shownRetention = ({ node, days, entries }: Retention): string => {
  const limits = [...(days === null ? [] : [`${days} days`]), ...(entries === null ? [] : [`${entries} entries`])];
  return `kept of ${node === "*" ? "every other node" : node}: ${limits.length === 0 ? "everything" : limits.join(", ")}`;
};

async function show(options: ShowOptions): Promise<void> {
  if (options.seq !== undefined) {
    if (options.node === undefined) throw new MaintError("MAINT_ERR_USAGE", "--seq needs --node: whose entry?");
    const path = `/v1/archive/entries/${encodeURIComponent(options.node)}/${options.seq}`;
    const entry = (await hubClient(options).get(path)) as ArchivedEntry;
    printAnswer(options, entry, [shownEntry(entry)]);
    return;
  }
  const { type, target } = options;
  const answer = (await hubClient(options).get(`/v1/archive/entries?${queryOf(options, { type, target })}`)) as {
    readonly entries: readonly ArchivedEntry[];
  };
  printAnswer(options, answer, answer.entries.length === 0 ? ["no entries"] : answer.entries.map(shownEntry));
}

const shownEntry = ({ node, entry }: ArchivedEntry): string => {
  const { seq, time, action_type, action, target, user_id, details } = entry;
  return plain(`${node} #${seq}  ${time}  ${action_type} ${action}  ${target}  by ${user_id}  ${details}`);
};

async function decisions(options: DecisionOptions): Promise<void> {
  const { contract, order, part, test, blocked } = options;
  const query = queryOf(options, { contract, order, part, test, allow: blocked === true ? "false" : undefined });
  const answer = (await hubClient(options).get(`/v1/archive/decisions?${query}`)) as {
    readonly decisions: readonly DecidedThere[];
  };
  printAnswer(options, answer, answer.decisions.length === 0 ? ["no decisions"] : answer.decisions.map(shownDecision));
}

function queryOf(
  options: Pick<ShowOptions, "node" | "from" | "limit" | "by" | "since" | "until" | "newest">,
  more: { readonly [name: string]: string | undefined },
): string {
  const { node, from, limit, by, since, until, newest } = options;
  const asked = { node, from, limit, by, since, until, newest: newest === true ? "true" : undefined, ...more };
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

interface VerifyOptions {
  readonly node?: string;
  readonly nodeKey?: string;
  readonly data?: string;
  readonly json?: boolean;
}

interface VerifiedNode extends StrandVerification {
  readonly node: string;
  readonly fault: string | null;
}

function verify(options: VerifyOptions): void {
  if (options.node !== undefined && !isTestNodeId(options.node))
    throw new MaintError("MAINT_ERR_USAGE", `"${options.node}" is no node id`);
  if (options.nodeKey !== undefined && options.node === undefined)
    throw new MaintError("MAINT_ERR_USAGE", "--node-key needs --node: whose key?");
  const key = options.nodeKey === undefined ? undefined : nodeKey(options.node ?? "", options.nodeKey);
  const path = join(dataFolder(options.data), "hub", "archive.db");
  const reader = openArchiveReader(path);
  try {
    const strands = verified(reader, options.node, key);
    const bad = strands.some(({ finding, fault }) => finding !== null || fault !== null);
    process.exitCode = bad ? 1 : 0;
    printAnswer(
      options,
      { ok: !bad, path, strands },
      strands.length === 0 ? ["nothing is archived"] : strands.map(shownStrand),
    );
  } finally {
    reader.close();
  }
}

function verified(reader: ArchiveReader, only: string | undefined, key: string | undefined): readonly VerifiedNode[] {
  const strands = reader.strands();
  const nodes = [...new Set(strands.map(({ node }) => node))].filter((node) => only === undefined || node === only);
  if (only !== undefined && nodes.length === 0)
    throw new MaintError("MAINT_ERR_NOT_FOUND", `nothing of ${only} is archived here`);
  return nodes.flatMap((node) =>
    reader.verify(node, key).strands.map((one) => {
      const { fault = null } = strands.find((strand) => strand.node === node && strand.number === one.number) ?? {};
      return { ...one, node, fault };
    }),
  );
}

function shownStrand({ node, number, from, head, signed, finding, fault }: VerifiedNode): string {
  const name = number === 0 ? node : `${node}, strand ${number}`;
  if (finding !== null) return `${name}: entry ${finding.seq} is bad: ${plain(finding.message)} (${finding.fault})`;
  const kept = from === 0 ? `all ${head.size} entries hold` : `entries ${from} to ${head.size - 1} hold`;
  const bySign =
    signed === null
      ? "none of them signed by the node"
      : `the first ${signed.size} signed by the node, key ${signed.publicHex}`;
  return `${name}: ${kept}, ${bySign}; head ${head.hash}${fault === null ? "" : `; BUT ${plain(fault)}`}`;
}

async function retain(options: RetainOptions): Promise<void> {
  const { node, days, entries, forever } = options;
  if (days === undefined && entries === undefined && forever !== true)
    throw new MaintError("MAINT_ERR_USAGE", "how much is kept? say --days, --entries or --forever");
  const body = { node, days: days ?? null, entries: entries ?? null };
  const answer = (await hubClient(options).put("/v1/archive/retention", body)) as Retention;
  printAnswer(options, answer, [shownRetention(answer)]);
}
