import { existsSync } from "node:fs";
import { basename } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { nextEntry } from "../ledger/append.ts";
import { EMPTY_HEAD, entryHash, type LedgerHead } from "../ledger/entry.ts";
import {
  type LedgerFinding,
  type LedgerVerification,
  parseEntry,
  type StoredEntry,
  verifyEntries,
} from "../ledger/verify.ts";
import type { LedgerActionType, LedgerEntry, LedgerRecord } from "../model/ledger-entry.ts";
import { MAX_LEDGER_BATCH, MAX_LEDGER_ENTRY_BYTES } from "../model/limits.ts";
import { type HeadFile, openHeadFile, readHeadFile } from "./head-file.ts";
import { type Database, openDatabase, transaction } from "./sqlite.ts";

/** What time it is, and whether the hub signed it. `timeMs` is whole epoch milliseconds. */
export type LedgerClock = () => { readonly timeMs: number; readonly timeSource: LedgerEntry["timeSource"] };

export interface LedgerQuery {
  /** First sequence number; 0 unless told. */
  readonly from?: number;
  /** At most this many; 100 unless told, 10,000 at most. */
  readonly limit?: number;
  readonly actionType?: LedgerActionType;
  readonly action?: string;
  readonly smartId?: string;
  readonly target?: string;
  readonly userId?: string;
  /** The latest first. */
  readonly newestFirst?: boolean;
}

/** A ledger as anybody may read it, also while its process writes. */
export interface LedgerReader {
  readonly owner: string;
  readonly list: (query?: LedgerQuery) => readonly LedgerEntry[];
  /** Walks every entry. `known` are heads that others remember; the head file is always one of them. */
  readonly verify: (known?: readonly LedgerHead[]) => LedgerVerification;
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
  /** The latest time any entry carries, epoch ms; null while there is none. A clock behind it went back. */
  readonly highWaterMs: () => number | null;
}

/** How much of the tail is chained again at every start; `verify` walks all of it. */
const TAIL_ENTRIES = 1_000;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

/** Read from the bytes, so that nothing beside them can disagree with them; null where they were damaged. */
const field = (name: string): string =>
  `${name} TEXT GENERATED ALWAYS AS (
    iif(json_valid(CAST(bytes AS TEXT)), json_extract(CAST(bytes AS TEXT), '$.${name}'), NULL)) VIRTUAL`;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS ledger (
  owner TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL,
  ${field("action_type")},
  ${field("action")},
  ${field("smart_id")},
  ${field("target")},
  ${field("user_id")},
  ${field("time")}
) STRICT;
CREATE TRIGGER IF NOT EXISTS entry_is_never_changed BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'a ledger entry is never changed'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_never_deleted BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'a ledger entry is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS owner_is_never_changed BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'a ledger never changes its owner'); END;
`;

const headPath = (path: string): string => `${path}-head`;

/**
 * Opens a hub's or a node's own ledger for writing, makes it where there is none, and refuses one that does not hold.
 * The caller has locked the folder. `owner` is the hub's or the node's id: nobody writes another's ledger.
 * @throws MaintError MAINT_ERR_LEDGER_DAMAGED, MAINT_ERR_LEDGER_OWNER, or what `openDatabase` throws
 */
export function openLedgerFile(
  path: string,
  options: { readonly clock: LedgerClock; readonly owner: string },
): LedgerFile {
  if (!existsSync(path) && (readHeadFile(headPath(path))?.size ?? 0) > 0)
    throw damaged(path, { seq: 0, fault: "truncated", message: "the file is gone; its head file says it had entries" });
  const db = openDatabase(path);
  let headFile: HeadFile | undefined;
  try {
    db.exec(SCHEMA);
    claim(db, path, options.owner);
    const verified = verifyTail(db, path);
    if (verified.finding !== null) throw damaged(path, verified.finding);
    headFile = openHeadFile(headPath(path));
    headFile.write(verified.head);
    return writer(db, path, headFile, verified.head, options);
  } catch (error) {
    headFile?.close();
    db.close();
    throw error;
  }
}

/**
 * Opens a ledger to read it, beside the process that writes it or without one.
 * @throws MaintError MAINT_ERR_LEDGER_MISSING when there is none
 */
export function readLedgerFile(path: string): LedgerReader {
  if (!existsSync(path)) throw new MaintError("MAINT_ERR_LEDGER_MISSING", `${path}: no ledger there`);
  // Read before the entries: what is appended in between then cannot look like a cut tail.
  const remembered = readHeadFile(headPath(path));
  const db = openDatabase(path, { readOnly: true });
  const known = db.prepare("SELECT name FROM sqlite_schema WHERE name = 'entry'").get();
  if (known === undefined) {
    db.close();
    throw new MaintError("MAINT_ERR_LEDGER_MISSING", `${path}: is no ledger`);
  }
  return reader(db, () => remembered);
}

function reader(db: Database, remembered: () => LedgerHead | null | undefined): LedgerReader {
  return {
    owner: ownerOf(db) ?? "",
    list: (query = {}) => list(db, query),
    verify: (known = []) => verifyAll(db, remembered(), known),
    close: () => db.close(),
  };
}

function writer(
  db: Database,
  path: string,
  headFile: HeadFile,
  start: LedgerHead,
  { clock, owner }: { readonly clock: LedgerClock; readonly owner: string },
): LedgerFile {
  const insert = db.prepare("INSERT INTO entry (seq, bytes) VALUES (?, ?)");
  let head = start;
  let highWater = latestTime(db);
  let stopped: unknown;
  const append = (records: readonly LedgerRecord[]): readonly LedgerEntry[] => {
    if (stopped !== undefined) throw ledgerStopped(path, stopped);
    const { timeMs, timeSource } = clock();
    const group = chain(head, records, timeMs, timeSource);
    const last = group.at(-1);
    if (last === undefined) return [];
    try {
      transaction(db, () => {
        for (const { entry, bytes } of group) insert.run(entry.seq, bytes);
      });
      headFile.write(last.head);
    } catch (error) {
      // Whether the group is on the disk is unknown now; an fsync that failed once must not be tried again.
      stopped = error;
      throw ledgerStopped(path, error);
    }
    head = last.head;
    highWater = Math.max(highWater ?? timeMs, timeMs);
    return group.map(({ entry }) => entry);
  };
  return {
    ...reader(db, () => readHeadFile(headPath(path))),
    owner,
    append,
    head: () => head,
    highWaterMs: () => highWater,
    close: () => {
      headFile.close();
      db.close();
    },
  };
}

function chain(
  start: LedgerHead,
  records: readonly LedgerRecord[],
  timeMs: number,
  timeSource: LedgerEntry["timeSource"],
) {
  if (records.length > MAX_LEDGER_BATCH) throw refusedRecord(`${records.length} records in one group`);
  const group: ReturnType<typeof nextEntry>[] = [];
  for (const record of records) {
    const next = chained(group.at(-1)?.head ?? start, record, timeMs, timeSource);
    if (next.bytes.length > MAX_LEDGER_ENTRY_BYTES) throw refusedRecord(`${next.bytes.length} bytes`);
    group.push(next);
  }
  return group;
}

function chained(head: LedgerHead, record: LedgerRecord, timeMs: number, timeSource: LedgerEntry["timeSource"]) {
  try {
    const next = nextEntry(head, record, timeMs, timeSource);
    const wrong = parseEntry(next.bytes);
    if (typeof wrong === "string") throw new TypeError(wrong);
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

const latestTime = (db: Database): number | null => {
  const { time } = db.prepare("SELECT max(time) AS time FROM entry").get() as { readonly time: string | null };
  return time === null ? null : Date.parse(time);
};

const stored = (db: Database, from: number): Iterable<StoredEntry> =>
  db
    .prepare("SELECT seq, bytes FROM entry WHERE seq >= ? ORDER BY seq")
    .iterate(from) as Iterable<unknown> as Iterable<StoredEntry>;

const NO_HEAD_FILE: LedgerFinding = {
  seq: 0,
  fault: "truncated",
  message: "the head file is gone or unreadable, so that nobody can say whether a tail was cut off",
};

function verifyAll(
  db: Database,
  remembered: LedgerHead | null | undefined,
  known: readonly LedgerHead[],
): LedgerVerification {
  const verified = verifyEntries(stored(db, 0), { known: remembered ? [...known, remembered] : known });
  if (verified.finding === null && !remembered && verified.head.size > 0)
    return { ...verified, finding: { ...NO_HEAD_FILE, seq: verified.head.size } };
  return verified;
}

function verifyTail(db: Database, path: string): LedgerVerification {
  const remembered = readHeadFile(headPath(path));
  const { size } = db.prepare("SELECT coalesce(max(seq) + 1, 0) AS size FROM entry").get() as { readonly size: number };
  if (size <= TAIL_ENTRIES || remembered === null || remembered === undefined) return verifyAll(db, remembered, []);
  const first = size - TAIL_ENTRIES;
  const before = db.prepare("SELECT bytes FROM entry WHERE seq = ?").get(first - 1) as
    | { bytes: Uint8Array }
    | undefined;
  const from: LedgerHead = before === undefined ? EMPTY_HEAD : { size: first, hash: entryHash(before.bytes) };
  return verifyEntries(stored(db, from.size), { from, known: [remembered] });
}

const FILTERS = [
  ["actionType", "action_type"],
  ["action", "action"],
  ["smartId", "smart_id"],
  ["target", "target"],
  ["userId", "user_id"],
] as const;

function list(db: Database, query: LedgerQuery): readonly LedgerEntry[] {
  const used = FILTERS.filter(([name]) => query[name] !== undefined);
  const where = ["seq >= ?", ...used.map(([, column]) => `${column} = ?`)].join(" AND ");
  const order = query.newestFirst === true ? "DESC" : "ASC";
  const values = [query.from ?? 0, ...used.map(([name]) => query[name] as string)];
  const limit = Math.max(0, Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT));
  const rows = db
    .prepare(`SELECT bytes FROM entry WHERE ${where} ORDER BY seq ${order} LIMIT ?`)
    .all(...values, limit) as unknown as readonly { readonly bytes: Uint8Array }[];
  return rows.map(({ bytes }) => entryAt(db, bytes));
}

function entryAt(db: Database, bytes: Uint8Array): LedgerEntry {
  const entry = parseEntry(bytes);
  if (typeof entry !== "string") return entry;
  throw new MaintError(
    "MAINT_ERR_LEDGER_DAMAGED",
    `${basename(db.location() ?? "ledger")}: an entry cannot be read: ${entry}`,
    {
      exitCode: 69,
      help: "maint ledger verify names it",
    },
  );
}
