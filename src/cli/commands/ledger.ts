import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { type LedgerQuery, readLedgerFile } from "../../disk/ledger-file.ts";
import type { LedgerVerification } from "../../ledger/verify.ts";
import { isTestNodeId } from "../../model/ids.ts";
import { LEDGER_ACTION_TYPES, type LedgerActionType, type LedgerEntry } from "../../model/ledger-entry.ts";
import { dataFolder } from "../data-folder.ts";
import { type HubClient, type HubOptions, hubClient } from "../hub-client.ts";

interface Source extends HubOptions {
  readonly node?: string;
}

interface ListOptions extends Source {
  readonly from: number;
  readonly limit: number;
  readonly type?: LedgerActionType;
  readonly contract?: string;
  readonly newest?: boolean;
}

const MAX_LIMIT = 10_000;

/** `maint ledger`: reads a ledger where it lies, beside the process that writes it or without one; with --hub asks a hub. */
export function command(): Command {
  const ledger = new Command("ledger").description("list and verify a ledger");
  const list = withSource(ledger.command("list").description("print entries, the oldest first"))
    .option("--from <seq>", "first entry", wholeNumber, 0)
    .option("--limit <count>", `at most this many, up to ${MAX_LIMIT}`, wholeNumber, 100)
    .addOption(new Option("--type <action-type>", "only entries of this type").choices(LEDGER_ACTION_TYPES))
    .option("--contract <id>", "only entries about this contract")
    .option("--newest", "the newest first")
    .addHelpText("after", "\nExample:\n  maint ledger list --node Pen-1 --newest --limit 5");
  list.action((options: ListOptions) => listEntries(options));
  const verify = withSource(
    ledger.command("verify").description("walk every entry and name the first bad one; exit code 1 where there is one"),
  ).addHelpText("after", "\nExample:\n  maint ledger verify\n  maint ledger verify --node Pen-1");
  verify.action((options: Source) => verifyLedger(options));
  ledger.addHelpText("after", "\nExample:\n  maint ledger verify");
  return ledger;
}

const withSource = (command: Command): Command =>
  command
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--node <id>", "the ledger of this node; without it the hub's")
    .option("--hub <url>", "ask this hub for its ledger instead of reading the file")
    .option("--keys <dir>", "with --hub: keys and tokens (else MAINT_KEYS, else ./maint-keys)")
    .option("--token <file>", "with --hub: token file (else MAINT_TOKEN_FILE, else admin.token of the keys folder)")
    .option("--json", "print JSON");

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("a whole number from 0 on is needed");
  return Number(text);
}

function pathOf({ data, node }: Source): string {
  const folder = dataFolder(data);
  if (node === undefined) return join(folder, "hub", "ledger.db");
  if (!isTestNodeId(node)) throw new MaintError("MAINT_ERR_USAGE", `"${node}" is no node id`);
  return join(folder, "nodes", node, "ledger.db");
}

async function listEntries(options: ListOptions): Promise<void> {
  const listed = options.hub === undefined ? entriesIn(pathOf(options), options) : await entriesOf(options);
  if (options.json === true) process.stdout.write(`${JSON.stringify(listed)}\n`);
  else if (listed.entries.length === 0) process.stdout.write("no entries\n");
  else for (const entry of listed.entries) process.stdout.write(`${line(entry)}\n`);
}

interface Listed {
  readonly owner?: string;
  readonly entries: readonly LedgerEntry[];
}

function entriesIn(path: string, { from, limit, type, contract, newest }: ListOptions): Listed {
  const query: LedgerQuery = {
    from,
    limit,
    newestFirst: newest === true,
    ...(type === undefined ? {} : { actionType: type }),
    ...(contract === undefined ? {} : { smartId: contract }),
  };
  const reader = readLedgerFile(path);
  try {
    return { owner: reader.owner, entries: reader.list(query) };
  } finally {
    reader.close();
  }
}

async function entriesOf(options: ListOptions): Promise<Listed> {
  const { from, limit, type, contract, newest } = options;
  if (type !== undefined || contract !== undefined || newest === true)
    throw new MaintError(
      "MAINT_ERR_USAGE",
      "--type, --contract and --newest read the file; a hub takes --from and --limit",
    );
  return (await asked(options).get(`/v1/ledger?from=${from}&limit=${limit}`)) as Listed;
}

/** A hub hands out its own ledger and nobody else's. */
function asked(options: Source): HubClient {
  if (options.node !== undefined)
    throw new MaintError("MAINT_ERR_USAGE", "--hub asks for the hub's ledger; leave --node out, or --hub");
  return hubClient(options);
}

/** Control characters in what people wrote must not steer a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ");

const line = ({ seq, time, action_type, action, target, user_id, details }: LedgerEntry): string =>
  plain(`#${seq}  ${time}  ${action_type} ${action}  ${target}  by ${user_id}  ${details}`);

async function verifyLedger(options: Source): Promise<void> {
  const path = options.hub ?? pathOf(options);
  const { finding, head } =
    options.hub === undefined ? walk(path) : ((await asked(options).get("/v1/ledger/verify")) as Walked);
  process.exitCode = finding === null ? 0 : 1;
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ok: finding === null, path, finding, head })}\n`);
  else if (finding === null) process.stdout.write(`${path}: all ${head.size} entries hold; head ${head.hash}\n`);
  else process.stdout.write(`${path}: ${where(finding.seq)} is bad: ${plain(finding.message)} (${finding.fault})\n`);
}

const where = (seq: number | null): string => (seq === null ? "the file" : `entry ${seq}`);

interface Walked {
  readonly finding: { readonly seq: number | null; readonly fault: string; readonly message: string } | null;
  readonly head: LedgerVerification["head"];
}

/** A file that SQLite cannot walk any more is a finding too, only without a number. */
function walk(path: string): Walked {
  try {
    const reader = readLedgerFile(path);
    try {
      return reader.verify();
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof MaintError) || error.code !== "MAINT_ERR_DATABASE_DAMAGED") throw error;
    return { finding: { seq: null, fault: "damaged", message: error.message }, head: { size: 0, hash: "" } };
  }
}
