import { existsSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { writeAtomically } from "../../disk/atomic-write.ts";
import { verifyHex } from "../../disk/key-file.ts";
import { type LedgerReader, readLedgerFile } from "../../disk/ledger-file.ts";
import { exportTiles } from "../../disk/tile-export.ts";
import { openCheckpoint, originOf } from "../../ledger/checkpoint.ts";
import { type NoteKey, parseVerifierKey } from "../../ledger/note.ts";
import { parseTreeNumber } from "../../ledger/proof.ts";
import type { LedgerFinding, LedgerVerification } from "../../ledger/verify.ts";
import { LEDGER_ACTION_TYPES, type LedgerEntry } from "../../model/ledger-entry.ts";
import { MAX_LEDGER_LISTED } from "../../model/limits.ts";
import { readTextFile } from "../evaluation.ts";
import { hubClient, LONG_PATIENCE_MS, printAnswer } from "../hub-client.ts";
import { proofFile, verifyProofFile } from "../ledger-proofs.ts";
import { type LedgerSource, ledgerPath, openSource, type SourceOptions } from "../ledger-source.ts";
import { verifyExport } from "../verify-export.ts";

interface ListOptions extends SourceOptions {
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly type?: string;
  readonly action?: string;
  readonly target?: string;
  readonly contract?: string;
  readonly by?: string;
  readonly since?: string;
  readonly until?: string;
  readonly newest?: boolean;
}

interface ProveOptions extends SourceOptions {
  readonly size?: number;
  readonly from?: number;
  readonly to?: number;
  readonly out?: string;
  readonly force?: boolean;
}

interface VerifyOptions extends SourceOptions {
  readonly key?: NoteKey;
  readonly proof?: string;
  readonly old?: string;
  readonly tiles?: string;
}

/** A signed note with thousands of entries behind it is small; a proof brings one entry along, in base64. */
const MAX_PROOF_FILE_BYTES = 8 << 20;

/** `maint ledger`: what was done, proofs of it, and their verification with a key and nothing else. */
export function command(): Command {
  const ledger = new Command("ledger").description("list, prove, verify and export a ledger");
  const example = "\nExample:\n  maint ledger";
  withSource(ledger.command("list").description("print entries, the oldest first"))
    .option("--from <seq>", "first entry", wholeNumber)
    .option("--to <seq>", "end before this entry", wholeNumber)
    .option("--limit <count>", `at most this many, up to ${MAX_LEDGER_LISTED}`, wholeNumber, 100)
    .addOption(new Option("--type <action-type>", "what: only entries of this type").choices(LEDGER_ACTION_TYPES))
    .option("--action <word>", "what: its past-tense word")
    .option("--target <id>", "what: what it was done to")
    .option("--contract <id>", "what: only entries about this contract")
    .option("--by <person>", "who: a person, a node or the hub")
    .option("--since <instant>", "when: from this instant on, with its offset")
    .option("--until <instant>", "when: before this instant")
    .option("--newest", "the newest first")
    .addHelpText(
      "after",
      `${example} list --node Pen-1 --newest --limit 5\n  maint ledger list --by STF-1 --type gate_decision`,
    )
    .action(listEntries);
  withSource(
    ledger.command("show").description("print one entry, all of it").argument("<seq>", "its number", wholeNumber),
  )
    .addHelpText("after", `${example} show 41 --node LP-01`)
    .action(showEntry);
  withSource(
    ledger.command("prove").description("prove that an entry stands in the ledger, or that the ledger only grew"),
  )
    .argument("[seq]", "the entry", wholeNumber)
    .option("--size <count>", "with an entry: in the tree of this size (else the latest signed one)", wholeNumber)
    .option("--from <size>", "growth: from this size", wholeNumber)
    .option("--to <size>", "growth: up to this size (else the latest signed one)", wholeNumber)
    .option("-o, --out <file>", "where the proof is written; without it, standard output")
    .option("--force", "replace the file that is there")
    .addHelpText("after", `${example} prove 41 --node LP-01 -o 41.tlog-proof\n  maint ledger prove --from 1200`)
    .action(prove);
  withSource(
    ledger.command("verify").description("walk every entry and the whole tree, and name the first thing that is wrong"),
  )
    .option("--key <vkey>", "the ledger's verifier key, as `maint ledger key` prints it", verifierKey)
    .option("--proof <file>", "instead: verify this proof, offline, with --key")
    .option("--old <file>", "with a proof of growth: the checkpoint that you have")
    .option("--tiles <dir>", "instead: verify this exported ledger, offline, with --key")
    .addHelpText(
      "after",
      `${example} verify --node Pen-1\n  maint ledger verify --proof 41.tlog-proof --key LP-01/maint-ledger+…`,
    )
    .action(verify);
  withSource(ledger.command("checkpoint").description("print where the ledger stands, signed"))
    .option("--cosigned", "of a running hub: the latest that its nodes cosigned, with their signatures")
    .addHelpText("after", `${example} checkpoint > hub.checkpoint\n  maint ledger checkpoint --cosigned`)
    .action(checkpoint);
  withSource(ledger.command("key").description("print the key that verifies the ledger's checkpoints"))
    .addHelpText("after", `${example} key --node LP-01`)
    .action(printKey);
  withSource(ledger.command("export").description("write the ledger as C2SP tlog-tiles, for third-party verifiers"))
    .requiredOption("--to <dir>", "the folder; one that holds an earlier export is gone on with")
    .addHelpText("after", `${example} export --to tiles --node LP-01`)
    .action(exportLedger);
  return ledger.addHelpText("after", `${example} verify`);
}

const withSource = (command: Command): Command =>
  command
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--node <id>", "the ledger of this node; without it the hub's")
    .option("--file <path>", "this ledger.db, or a copy of it")
    .option("--hub <url>", "ask this hub for its ledger")
    .option("--node-url <url>", "with --node: where its agent listens")
    .option("--keys <dir>", "to ask a process: keys and tokens (else MAINT_KEYS, else ./maint-keys)")
    .option(
      "--token <file>",
      "to ask a process: token file (else MAINT_TOKEN_FILE, else admin.token of the keys folder)",
    )
    .option("--ca <file>", "the plant's own certificate authority, PEM (else MAINT_CA)")
    .option("--json", "print JSON");

function wholeNumber(text: string): number {
  const value = parseTreeNumber(text);
  if (value === undefined) throw new InvalidArgumentError("a whole number from 0 on is needed");
  return value;
}

function verifierKey(text: string): NoteKey {
  const key = parseVerifierKey(text);
  if (!key.ok) throw new InvalidArgumentError(key.error);
  return key.value;
}

/** Control characters in what people wrote must not steer a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ");

async function withOpenSource<T>(options: SourceOptions, work: (source: LedgerSource) => Promise<T>): Promise<T> {
  const source = await openSource(options);
  try {
    return await work(source);
  } finally {
    source.close();
  }
}

const QUERY = ["from", "to", "type", "action", "target", "contract", "by", "since", "until"] as const;

async function listEntries(options: ListOptions): Promise<void> {
  if (options.limit < 1 || options.limit > MAX_LEDGER_LISTED)
    throw new MaintError("MAINT_ERR_USAGE", `--limit is a number from 1 to ${MAX_LEDGER_LISTED}`);
  const listed = await withOpenSource(options, (source) => allPages(source, options));
  const lines = listed.entries.length === 0 ? ["no entries"] : listed.entries.map(line);
  printAnswer(options, listed, lines);
}

interface Listed {
  readonly owner: string;
  readonly entries: readonly LedgerEntry[];
  /** Entries the ledger has. */
  readonly size: number;
  /** Where to go on; null at the end. */
  readonly next: number | null;
}

/** No answer looks at more than a share of the ledger: asked until there are enough entries, or no more. */
async function allPages(source: LedgerSource, options: ListOptions): Promise<Listed> {
  const params = new URLSearchParams();
  for (const name of QUERY) if (options[name] !== undefined) params.set(name, String(options[name]));
  if (options.newest === true) params.set("newest", "1");
  const entries: LedgerEntry[] = [];
  for (;;) {
    params.set("limit", String(options.limit - entries.length));
    const { owner, size, next, ...page } = await source.list(params);
    entries.push(...page.entries);
    const place = options.newest === true ? "to" : "from";
    const isOn = typeof next === "number" && leadsOn(params.get(place), next, options.newest === true);
    if (!isOn || entries.length >= options.limit) return { owner, entries, size, next: isOn ? next : null };
    params.set(place, String(next));
    // What was appended since then, this reading among it, is another listing's.
    if (!params.has("to")) params.set("to", String(size));
  }
}

/** A hub that answered the same place again would be asked for ever. */
const leadsOn = (before: string | null, next: number, back: boolean): boolean =>
  before === null || (back ? next < Number(before) : next > Number(before));

const line = ({ seq, time, action_type, action, target, user_id, details }: LedgerEntry): string =>
  plain(`#${seq}  ${time}  ${action_type} ${action}  ${target}  by ${user_id}  ${details}`);

async function showEntry(seq: number, options: SourceOptions): Promise<void> {
  const answer = await withOpenSource(options, (source) => source.entry(seq));
  const { metadata, ...fields } = answer.entry;
  const lines = Object.entries(fields).map(([name, value]) => plain(`${name}: ${value ?? ""}`));
  printAnswer(options, answer, [
    `ledger: ${answer.owner}`,
    ...lines,
    ...JSON.stringify(metadata, null, 2).split("\n").map(plain),
  ]);
}

async function prove(seq: number | undefined, options: ProveOptions): Promise<void> {
  const { from, to, size } = options;
  if ((seq === undefined) === (from === undefined))
    throw new MaintError("MAINT_ERR_USAGE", "either an entry is proved, or growth from a size", {
      help: "maint ledger prove 41, or maint ledger prove --from 1200",
    });
  if (seq === undefined ? size !== undefined : to !== undefined)
    throw new MaintError("MAINT_ERR_USAGE", "--size goes with an entry, --to with --from");
  const answer = await withOpenSource(options, async (source) =>
    seq === undefined ? source.consistency(from as number, to) : source.inclusion(seq, size),
  );
  const text = proofFile(answer);
  if (text === undefined && (options.json !== true || options.out !== undefined))
    throw new MaintError(
      "MAINT_ERR_NOT_FOUND",
      `no checkpoint was signed of ${"size" in answer ? answer.size : answer.to} entries`,
      {
        help: "leave the size out: the latest signed one is taken; --json prints the hashes all the same",
      },
    );
  if (options.out === undefined) {
    process.stdout.write(options.json === true ? `${JSON.stringify(answer)}\n` : (text as string));
    return;
  }
  if (options.force !== true && existsSync(options.out))
    throw new MaintError("MAINT_ERR_FILE_EXISTS", `${options.out}: is there already`, {
      help: "name another, or say --force",
    });
  writeAtomically(options.out, text as string);
  const { entry: _entry, ...told } = { entry: null, ...answer };
  printAnswer(options, { file: options.out, ...told }, [`proof written to ${options.out}`]);
}

async function checkpoint(options: SourceOptions & { readonly cosigned?: boolean }): Promise<void> {
  if (options.cosigned === true) return cosignedCheckpoint(options);
  const answer = await withOpenSource(options, (source) => source.checkpoint());
  if (answer.checkpoint === null)
    throw new MaintError("MAINT_ERR_NOT_FOUND", `nothing of ${answer.owner}'s ledger was signed yet`);
  if (options.json === true) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else process.stdout.write(answer.checkpoint);
}

/** Only the hub has witnesses. */
async function cosignedCheckpoint(options: SourceOptions): Promise<void> {
  if ((options.node ?? options.file) !== undefined)
    throw new MaintError("MAINT_ERR_USAGE", "--cosigned asks a running hub; leave --node and --file out");
  const answer = (await hubClient(options).get("/v1/ledger/cosigned")) as { readonly note: string };
  process.stdout.write(options.json === true ? `${JSON.stringify(answer)}\n` : answer.note);
}

async function printKey(options: SourceOptions): Promise<void> {
  const { owner, key } = await withOpenSource(options, (source) => source.checkpoint());
  if (key === null) throw new MaintError("MAINT_ERR_NOT_FOUND", `the key of ${owner} is not beside its ledger`);
  printAnswer(options, { owner, key }, [key]);
}

async function exportLedger(options: SourceOptions & { readonly to: string }): Promise<void> {
  if ((options.hub ?? options.nodeUrl) !== undefined)
    throw new MaintError("MAINT_ERR_USAGE", "a ledger is exported where it lies; leave --hub and --node-url out");
  const reader = readLedgerFile(ledgerPath(options));
  try {
    const written = exportTiles(reader, options.to);
    const { origin, size, filesWritten, longBundles } = written;
    printAnswer(options, { to: options.to, ...written }, [
      `${origin}: ${size} entries in ${options.to}, ${filesWritten} files written`,
      ...(longBundles === 0
        ? []
        : [
            `${longBundles} bundles hold an entry of more than 65535 bytes, which tlog-tiles cannot say: they are in lines/`,
          ]),
    ]);
  } finally {
    reader.close();
  }
}

async function verify(options: VerifyOptions): Promise<void> {
  if (options.proof !== undefined && options.tiles !== undefined)
    throw new MaintError("MAINT_ERR_USAGE", "either a proof is verified, or an exported ledger");
  if (options.proof !== undefined) await verifyProof(options.proof, options);
  else if (options.tiles !== undefined) verifyTiles(options.tiles, options);
  else await verifyLedger(options);
}

function keyOf({ key }: VerifyOptions): NoteKey {
  if (key !== undefined) return key;
  throw new MaintError("MAINT_ERR_USAGE", "--key is needed: whose signature should hold?", {
    help: "maint ledger key prints it; take it from somebody you trust",
  });
}

async function verifyProof(file: string, options: VerifyOptions): Promise<void> {
  const text = await readTextFile(file, MAX_PROOF_FILE_BYTES);
  const old = options.old === undefined ? undefined : await readTextFile(options.old, MAX_PROOF_FILE_BYTES);
  const checked = verifyProofFile(text, keyOf(options), old);
  process.exitCode = checked.ok ? 0 : 1;
  if (!checked.ok) {
    printAnswer(options, { file, holds: false, message: checked.error }, [
      `DOES NOT HOLD  ${file}`,
      `  ${checked.error}`,
    ]);
    return;
  }
  const { value } = checked;
  const said =
    value.kind === "inclusion"
      ? [`  stands among the first ${value.size} entries of ${value.origin}:`, `  ${line(value.entry)}`]
      : [`  ${value.origin} of ${value.size} entries goes on from the one of ${value.fromSize}`];
  printAnswer(options, { file, holds: true, ...value }, [`HOLDS  ${file}`, ...said]);
}

function verifyTiles(folder: string, options: VerifyOptions): void {
  const { finding, size, origin, root } = verifyExport(folder, keyOf(options));
  process.exitCode = finding === null ? 0 : 1;
  printAnswer(options, { ok: finding === null, folder, origin, size, root, finding }, [
    finding === null
      ? `${folder}: all ${size} entries of ${origin} hold, and have the signed root ${root}`
      : `${folder}: ${where(finding.seq)} is bad: ${plain(finding.message)} (${finding.fault})`,
  ]);
}

async function verifyLedger(options: VerifyOptions): Promise<void> {
  const path = options.hub ?? ledgerPath(options);
  const { finding, head, root, checkpoints } =
    options.hub === undefined ? walk(path, options.key) : await askedToWalk(options);
  process.exitCode = finding === null ? 0 : 1;
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ ok: finding === null, path, finding, head, root, checkpoints })}\n`);
  else if (finding === null)
    process.stdout.write(
      `${path}: all ${head.size} entries hold; head ${head.hash}; root ${root}, ${checkpoints} signed checkpoints agree\n`,
    );
  else process.stdout.write(`${path}: ${where(finding.seq)} is bad: ${plain(finding.message)} (${finding.fault})\n`);
}

const where = (seq: number | null): string => (seq === null ? "the file" : `entry ${seq}`);

interface Walked {
  readonly finding: { readonly seq: number | null; readonly fault: string; readonly message: string } | null;
  readonly head: LedgerVerification["head"];
  readonly root?: string;
  readonly checkpoints?: number;
}

/** A hub hands out its own ledger and nobody else's. */
async function askedToWalk(options: VerifyOptions): Promise<Walked> {
  if (options.node !== undefined)
    throw new MaintError("MAINT_ERR_USAGE", "--hub asks for the hub's ledger; leave --node out, or --hub");
  return (await hubClient(options).get("/v1/ledger/verify", { patienceMs: LONG_PATIENCE_MS })) as Walked;
}

/** A file that SQLite cannot walk any more is a finding too, only without a number. */
function walk(path: string, key: NoteKey | undefined): Walked {
  try {
    const reader = readLedgerFile(path, { key });
    try {
      const walked = reader.verify();
      return { ...walked, finding: walked.finding ?? unsignedFinding(reader, key) };
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof MaintError) || error.code !== "MAINT_ERR_DATABASE_DAMAGED") throw error;
    return { finding: { seq: null, fault: "damaged", message: error.message }, head: { size: 0, hash: "" } };
  }
}

/** Keys are exchanged, so that an unknown signature is no fault by itself; who names a key wants to see it on the latest checkpoint. */
function unsignedFinding(reader: LedgerReader, key: NoteKey | undefined): LedgerFinding | null {
  const note = reader.checkpoints.latest();
  if (key === undefined) return null;
  const opened = openCheckpoint(note ?? "", originOf(reader.owner), [key], verifyHex);
  if (opened.ok) return null;
  return {
    seq: 0,
    fault: "checkpoint-differs",
    message: `the latest checkpoint does not hold with this key: ${opened.error}`,
  };
}
