import { existsSync } from "node:fs";
import { MaintError } from "../base/maint-error.ts";
import { type NextEntry, nextEntry } from "../ledger/append.ts";
import { originOf, signCheckpoint } from "../ledger/checkpoint.ts";
import type { LedgerHead } from "../ledger/entry.ts";
import { rootOfEdge } from "../ledger/merkle.ts";
import { isEntryTime, type LedgerFinding, recordFault, type StoredEntry } from "../ledger/verify.ts";
import type { LedgerEntry, LedgerRecord } from "../model/ledger-entry.ts";
import { LEDGER_CHECKPOINT_INTERVAL_MS, MAX_LEDGER_BATCH, MAX_LEDGER_ENTRY_BYTES } from "../model/limits.ts";
import { type HeadFile, headPath, openHeadFile, readHeadFile } from "./head-file.ts";
import { type PublicKey, type SigningKey, signHex } from "./key-file.ts";
import {
  type CheckedLedger,
  type LedgerFileVerification,
  signedFinding,
  verifyAll,
  verifyAllInTurns,
  verifyTail,
} from "./ledger-check.ts";
import {
  CHECKPOINT_SCHEMA,
  checkpointPath,
  type KeptCheckpoints,
  keepCheckpoint,
  keptCheckpoints,
} from "./ledger-checkpoints.ts";
import {
  ENTRY_SCHEMA,
  entryCount,
  type LedgerPage,
  type LedgerQuery,
  listEntries,
  pageOfEntries,
  storedEntries,
} from "./ledger-entries.ts";
import {
  type LedgerTree,
  MissingTile,
  makeMissingTree,
  openLedgerTree,
  openTreeWriter,
  partialTile,
  TREE_SCHEMA,
  type TreeWriter,
  tiledHighWater,
} from "./ledger-tree.ts";
import { type Database, openDatabase, transaction } from "./sqlite.ts";

export type { LedgerFileVerification } from "./ledger-check.ts";
export type { LedgerPage, LedgerQuery } from "./ledger-entries.ts";
export type { LedgerTree } from "./ledger-tree.ts";

/** What time it is, and whether the hub signed it. `timeMs` is whole epoch milliseconds. */
export type LedgerClock = () => { readonly timeMs: number; readonly timeSource: LedgerEntry["timeSource"] };

/** A ledger as anybody may read it, also while its process writes. */
export interface LedgerReader {
  readonly owner: string;
  readonly list: (query?: LedgerQuery) => readonly LedgerEntry[];
  /** As `list`, and says where to go on: no call looks at more than MAX_LEDGER_SCAN entries. */
  readonly page: (query?: LedgerQuery) => LedgerPage;
  /** Entries as they lie on the disk, a page in memory at a time. */
  readonly stored: (from: number, to?: number) => Iterable<StoredEntry>;
  readonly tree: LedgerTree;
  readonly checkpoints: KeptCheckpoints;
  /**
   * Walks every entry, builds the tree again, and compares it with what is stored and signed. `known` are heads that others
   * remember; the head file is always one of them.
   */
  readonly verify: (known?: readonly LedgerHead[]) => LedgerFileVerification;
  /** The same, with a turn for others after each few milliseconds. */
  readonly verifyInTurns: () => Promise<LedgerFileVerification>;
  readonly close: () => void;
}

export interface LedgerFile extends LedgerReader {
  /**
   * Writes the records as one group and returns when they are on the disk; only then may anybody be told.
   * @throws MaintError MAINT_ERR_LEDGER_RECORD for a record that cannot be written (the ledger goes on), MAINT_ERR_LEDGER_STOPPED
   * after any disk error: the ledger then takes nothing more, and its process ends and verifies at the next start
   */
  readonly append: (records: readonly LedgerRecord[]) => readonly LedgerEntry[];
  readonly head: () => LedgerHead;
  /**
   * Signs where the ledger stands, unless that is signed already, and answers the note once it is on the disk; null for an empty
   * ledger and for one that was opened without a key.
   * @throws MaintError MAINT_ERR_LEDGER_STOPPED as `append`
   */
  readonly checkpoint: () => string | null;
  /** The latest time any entry carries, epoch ms; null while there is none. A clock behind it went back. */
  readonly highWaterMs: () => number | null;
}

export interface LedgerOptions {
  readonly clock: LedgerClock;
  /** The hub's or the node's id: nobody writes another's ledger. */
  readonly owner: string;
  /** The owner's key. Without it nothing is signed, and what others signed is still compared. */
  readonly key?: SigningKey | undefined;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS ledger (
  owner TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS owner_is_never_changed BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'a ledger never changes its owner'); END;
${ENTRY_SCHEMA}${TREE_SCHEMA}${CHECKPOINT_SCHEMA}`;

/**
 * Opens a hub's or a node's own ledger for writing, makes it where there is none, and refuses one that does not hold or is not
 * the continuation of what was signed last. The caller has locked the folder.
 * @throws MaintError MAINT_ERR_LEDGER_DAMAGED, MAINT_ERR_LEDGER_OWNER, or what `openDatabase` throws
 */
export function openLedgerFile(path: string, options: LedgerOptions): LedgerFile {
  if (!existsSync(path) && (readHeadFile(headPath(path))?.size ?? 0) > 0)
    throw damaged(path, { seq: 0, fault: "truncated", message: "the file is gone; its head file says it had entries" });
  const db = openDatabase(path);
  let headFile: HeadFile | undefined;
  try {
    db.exec(SCHEMA);
    claim(db, path, options.owner);
    makeMissingTree(db);
    const checked: CheckedLedger = { db, path, ...options, remembered: readHeadFile(headPath(path)), known: [] };
    const verified = verifyTail(checked);
    if (verified.finding !== null) throw damaged(path, verified.finding);
    const grown = openTreeWriter(db, verified.head.size);
    const tree = openLedgerTree(
      db,
      () => grown.growth.edge.size,
      (level) => grown.growth.partial(level),
    );
    const finding = signedFinding(checked, tree);
    if (finding !== null) throw damaged(path, finding);
    headFile = openHeadFile(headPath(path));
    headFile.write(verified.head);
    return writer({ db, path, headFile, grown, tree, start: verified.head }, options);
  } catch (error) {
    headFile?.close();
    db.close();
    if (!(error instanceof MissingTile)) throw error;
    throw damaged(path, { seq: error.firstLeaf, fault: "tree-differs", message: error.message });
  }
}

/**
 * Opens a ledger to read it, beside the process that writes it or without one. `key` is its owner's where it is at hand:
 * `verify` then looks at the signatures as well.
 * @throws MaintError MAINT_ERR_LEDGER_MISSING when there is none
 */
export function readLedgerFile(
  path: string,
  options: { readonly key?: Pick<PublicKey, "publicHex"> | undefined } = {},
): LedgerReader {
  if (!existsSync(path)) throw new MaintError("MAINT_ERR_LEDGER_MISSING", `${path}: no ledger there`);
  // Read before the entries: what is appended in between then cannot look like a cut tail.
  const remembered = readHeadFile(headPath(path));
  const db = openDatabase(path, { readOnly: true });
  const known = db.prepare("SELECT name FROM sqlite_schema WHERE name = 'tile'").get();
  if (known === undefined) {
    db.close();
    throw new MaintError("MAINT_ERR_LEDGER_MISSING", `${path}: is no ledger`);
  }
  const owner = ownerOf(db) ?? "";
  const tree = openLedgerTree(
    db,
    () => entryCount(db),
    (level, size) => partialTile(db, level, size),
  );
  return reader({ db, path, owner, key: options.key, known: [] }, () => remembered, tree);
}

function reader(
  ledger: Omit<CheckedLedger, "remembered">,
  remembered: () => LedgerHead | null | undefined,
  tree: LedgerTree,
): LedgerReader {
  const { db, owner } = ledger;
  return {
    ...{ owner, tree, checkpoints: keptCheckpoints(db) },
    list: (query = {}) => listEntries(db, query),
    page: (query = {}) => pageOfEntries(db, query),
    stored: (from, to) => storedEntries(db, from, to),
    verify: (known = []) => verifyAll({ ...ledger, remembered: remembered(), known }),
    verifyInTurns: () => verifyAllInTurns({ ...ledger, remembered: remembered() }),
    close: () => db.close(),
  };
}

interface OpenedLedger {
  readonly db: Database;
  readonly path: string;
  readonly headFile: HeadFile;
  readonly grown: TreeWriter;
  readonly tree: LedgerTree;
  readonly start: LedgerHead;
}

function writer(
  { db, path, headFile, grown, tree, start }: OpenedLedger,
  { clock, owner, key }: LedgerOptions,
): LedgerFile {
  const insert = db.prepare("INSERT INTO entry (seq, bytes) VALUES (?, ?)");
  let head = start;
  let highWater = latestTime(db);
  let stopped: unknown;
  /** Whether what failed is on the disk is unknown; an fsync that failed once must not be tried again. */
  const durably = <T>(work: () => T): T => {
    if (stopped !== undefined) throw ledgerStopped(path, stopped);
    try {
      return work();
    } catch (error) {
      stopped = error;
      throw ledgerStopped(path, error);
    }
  };
  const append = (records: readonly LedgerRecord[]): readonly LedgerEntry[] => {
    if (stopped !== undefined) throw ledgerStopped(path, stopped);
    const { timeMs, timeSource } = clock();
    const group = chain(head, records, timeMs, timeSource);
    const last = group.at(-1);
    if (last === undefined) return [];
    const latest = Math.max(highWater ?? timeMs, timeMs);
    durably(() => {
      transaction(db, () => {
        for (const { entry, bytes } of group) insert.run(entry.seq, bytes);
        grown.add(group, latest);
      });
      headFile.write(last.head);
    });
    head = last.head;
    highWater = latest;
    return group.map(({ entry }) => entry);
  };
  const checkpoints = keptCheckpoints(db);
  const sign = (signer: SigningKey): string => {
    const { edge } = grown.growth;
    const origin = originOf(owner);
    const note = signCheckpoint(
      { origin, size: edge.size, root: rootOfEdge(edge), extensions: [] },
      { name: origin, publicHex: signer.publicHex, sign: (text) => signHex(signer, text) },
    );
    durably(() => keepCheckpoint(db, path, edge.size, note));
    return note;
  };
  const checkpoint = (): string | null => {
    const known = checkpoints.at(head.size);
    return known !== null || key === undefined || head.size === 0 ? known : sign(key);
  };
  // From here on a missing file is one that somebody took away.
  if (key !== undefined && !existsSync(checkpointPath(path))) sign(key);
  return {
    ...reader({ db, path, owner, key, known: [] }, () => readHeadFile(headPath(path)), tree),
    ...{ append, checkpoint },
    head: () => head,
    highWaterMs: () => highWater,
    close: () => {
      headFile.close();
      db.close();
    },
  };
}

/** Signs where the ledger stands at most every LEDGER_CHECKPOINT_INTERVAL_MS; the answer ends it, after signing once more. */
export function keepSigned(ledger: Pick<LedgerFile, "checkpoint">, failed: (error: unknown) => void): () => void {
  const sign = (): void => {
    try {
      ledger.checkpoint();
    } catch (error) {
      clearInterval(timer);
      failed(error);
    }
  };
  const timer = setInterval(sign, LEDGER_CHECKPOINT_INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    sign();
  };
}

function chain(
  start: LedgerHead,
  records: readonly LedgerRecord[],
  timeMs: number,
  timeSource: LedgerEntry["timeSource"],
): readonly NextEntry[] {
  if (records.length > MAX_LEDGER_BATCH) throw refusedRecord(`${records.length} records in one group`);
  const group: NextEntry[] = [];
  let head = start;
  for (const record of records) {
    const next = chained(head, record, timeMs, timeSource);
    if (next.bytes.length > MAX_LEDGER_ENTRY_BYTES) throw refusedRecord(`${next.bytes.length} bytes`);
    group.push(next);
    head = next.head;
  }
  return group;
}

/** What is written must be read again: canonical JSON of a record whose fields hold is an entry, which a test tries. */
function chained(head: LedgerHead, record: LedgerRecord, timeMs: number, timeSource: LedgerEntry["timeSource"]) {
  try {
    const wrong = recordFault(record);
    if (wrong !== undefined) throw new TypeError(wrong);
    const next = nextEntry(head, record, timeMs, timeSource);
    if (!isEntryTime(next.entry.time)) throw new TypeError(`no entry is of ${next.entry.time}`);
    return next;
  } catch (error) {
    throw refusedRecord(error instanceof Error ? error.message : String(error));
  }
}

const refusedRecord = (why: string): MaintError =>
  new MaintError("MAINT_ERR_LEDGER_RECORD", `a record cannot be written to the ledger: ${why}`);

const ledgerStopped = (path: string, error: unknown): MaintError => {
  const why = error instanceof Error ? error.message : String(error);
  return new MaintError("MAINT_ERR_LEDGER_STOPPED", `${path}: writing failed, the ledger takes nothing more: ${why}`, {
    exitCode: 69,
    help: "see to the disk, then start again; the ledger is verified at the start",
    cause: error,
  });
};

const damaged = (path: string, { seq, message }: LedgerFinding): MaintError =>
  new MaintError("MAINT_ERR_LEDGER_DAMAGED", `${path}: entry ${seq} does not hold: ${message}`, {
    exitCode: 69,
    help: "maint ledger verify says more; keep the file for examination and restore the folder from a backup",
  });

function claim(db: Database, path: string, owner: string): void {
  const found = ownerOf(db);
  if (found === undefined) db.prepare("INSERT INTO ledger (owner) VALUES (?)").run(owner);
  else if (found !== owner)
    throw new MaintError("MAINT_ERR_LEDGER_OWNER", `${path}: is the ledger of ${found}, not of ${owner}`);
}

function ownerOf(db: Database): string | undefined {
  const row = db.prepare("SELECT owner FROM ledger").get() as { readonly owner: string } | undefined;
  return row?.owner;
}

/** Of the entries in full tiles it is written down; the few after them are read. */
function latestTime(db: Database): number | null {
  const { highWaterMs, from } = tiledHighWater(db);
  const latest = db.prepare("SELECT max(time) AS time FROM entry_field WHERE seq >= ?").get(from) as {
    readonly time: string | null;
  };
  const times = [highWaterMs, latest.time === null ? null : Date.parse(latest.time)].filter((time) => time !== null);
  return times.length === 0 ? null : Math.max(...times);
}
