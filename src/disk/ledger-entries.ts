import { basename } from "node:path";
import { canonicalJson } from "../base/canonical-json.ts";
import { printUtc } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import { parseEntry, type StoredEntry } from "../ledger/verify.ts";
import type { LedgerActionType, LedgerEntry } from "../model/ledger-entry.ts";
import { MAX_LEDGER_LISTED, MAX_LEDGER_SCAN } from "../model/limits.ts";
import type { Database } from "./sqlite.ts";

/** Read from the bytes, so that nothing beside them can disagree with them; null where they were damaged. */
const field = (name: string): string =>
  `iif(json_valid(CAST(bytes AS TEXT)), json_extract(CAST(bytes AS TEXT), '$.${name}'), NULL) AS ${name}`;

/** A view names the fields, and not columns of the table: those would be worked out at every insert. */
export const ENTRY_SCHEMA = `
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
CREATE VIEW IF NOT EXISTS entry_field AS SELECT seq, bytes,
  ${["action_type", "action", "smart_id", "target", "user_id", "time"].map(field).join(",\n  ")}
FROM entry;
CREATE TRIGGER IF NOT EXISTS entry_is_never_changed BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'a ledger entry is never changed'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_never_deleted BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'a ledger entry is never deleted'); END;
`;

/** Who, what and when; absent members ask nothing. */
export interface LedgerQuery {
  /** First sequence number; 0 unless told. */
  readonly from?: number | undefined;
  /** Sequence number to end before. */
  readonly to?: number | undefined;
  /** At most this many; 100 unless told, MAX_LEDGER_LISTED at most. */
  readonly limit?: number | undefined;
  readonly actionType?: LedgerActionType | undefined;
  readonly action?: string | undefined;
  readonly smartId?: string | undefined;
  readonly target?: string | undefined;
  readonly userId?: string | undefined;
  /** Half-open, epoch ms of the entry's own time. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** The latest first. */
  readonly newestFirst?: boolean | undefined;
}

/** One answer to a query, after looking at no more than MAX_LEDGER_SCAN entries. */
export interface LedgerPage {
  readonly entries: readonly LedgerEntry[];
  /** Entries the ledger has, or `to` where less was asked for. */
  readonly size: number;
  /** Ask again with it as `from` (newest first: as `to`) for what follows; null where nothing does. */
  readonly next: number | null;
}

const DEFAULT_LIMIT = 100;

const FILTERS = [
  ["actionType", "action_type"],
  ["action", "action"],
  ["smartId", "smart_id"],
  ["target", "target"],
  ["userId", "user_id"],
] as const;

interface Condition {
  readonly sql: string;
  readonly value: string | number | Uint8Array;
}

function conditionsOf(query: LedgerQuery): readonly Condition[] {
  const asked = FILTERS.flatMap(([name, column]) => {
    const value = query[name];
    if (value === undefined) return [];
    // The bytes hold exactly this text, and looking for it costs a tenth of reading the JSON; it may also stand elsewhere.
    const spelt = Buffer.from(`"${column}":${canonicalJson(value)}`);
    return [{ sql: "instr(bytes, ?) > 0", value: spelt } as const, { sql: `${column} = ?`, value } as const];
  });
  const times = [
    { sql: "time >= ?", ms: query.fromMs },
    { sql: "time < ?", ms: query.toMs },
  ].flatMap(({ sql, ms }) => (ms === undefined ? [] : [{ sql, value: printUtc(ms) }]));
  return [...asked, ...times];
}

const limitOf = ({ limit }: LedgerQuery): number => Math.max(0, Math.min(limit ?? DEFAULT_LIMIT, MAX_LEDGER_LISTED));

/** Walks as far as it takes; for what is found soon, and for those who may wait. */
export function listEntries(db: Database, query: LedgerQuery): readonly LedgerEntry[] {
  return select(db, query, query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER);
}

export function pageOfEntries(db: Database, query: LedgerQuery): LedgerPage {
  const size = Math.min(query.to ?? Number.MAX_SAFE_INTEGER, entryCount(db));
  const first = Math.min(query.from ?? 0, size);
  const back = query.newestFirst === true;
  const from = back ? Math.max(first, size - MAX_LEDGER_SCAN) : first;
  const to = back ? size : Math.min(size, first + MAX_LEDGER_SCAN);
  const entries = select(db, query, from, to);
  const last = entries.length < limitOf(query) ? undefined : entries.at(-1);
  if (back) {
    const reached = last?.seq ?? from;
    return { entries, size, next: reached > first ? reached : null };
  }
  const reached = last === undefined ? to : last.seq + 1;
  return { entries, size, next: reached < size ? reached : null };
}

function select(db: Database, query: LedgerQuery, from: number, to: number): readonly LedgerEntry[] {
  const conditions = [{ sql: "seq >= ?", value: from }, { sql: "seq < ?", value: to }, ...conditionsOf(query)];
  const where = conditions.map(({ sql }) => sql).join(" AND ");
  const order = query.newestFirst === true ? "DESC" : "ASC";
  const rows = db
    .prepare(`SELECT bytes FROM entry_field WHERE ${where} ORDER BY seq ${order} LIMIT ?`)
    .all(...conditions.map(({ value }) => value), limitOf(query)) as unknown as readonly {
    readonly bytes: Uint8Array;
  }[];
  return rows.map(({ bytes }) => entryOf(db, bytes));
}

function entryOf(db: Database, bytes: Uint8Array): LedgerEntry {
  const entry = parseEntry(bytes);
  if (typeof entry !== "string") return entry;
  const name = basename(db.location() ?? "ledger");
  throw new MaintError("MAINT_ERR_LEDGER_DAMAGED", `${name}: an entry cannot be read: ${entry}`, {
    exitCode: 69,
    help: "maint ledger verify names it",
  });
}

export const entryCount = (db: Database): number =>
  (db.prepare("SELECT coalesce(max(seq) + 1, 0) AS size FROM entry").get() as { readonly size: number }).size;

/** At most so many entries, or so many bytes and one entry, are held at once. */
const PAGE_ENTRIES = 1_000;
const PAGE_BYTES = 4 << 20;

/**
 * The entries as they lie on the disk, `from` to before `to`. Read a page at a time, so that no statement stays open between two
 * of them and memory stays flat.
 */
export function* storedEntries(db: Database, from: number, to = Number.MAX_SAFE_INTEGER): Iterable<StoredEntry> {
  const statement = db.prepare("SELECT seq, bytes FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ?");
  for (let next = from; ; ) {
    const page: StoredEntry[] = [];
    let bytes = 0;
    for (const row of statement.iterate(next, to, PAGE_ENTRIES) as Iterable<unknown> as Iterable<StoredEntry>) {
      page.push(row);
      bytes += row.bytes.length;
      if (bytes >= PAGE_BYTES) break;
    }
    const last = page.at(-1);
    if (last === undefined) return;
    yield* page;
    next = last.seq + 1;
  }
}
