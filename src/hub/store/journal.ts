import type { Kysely } from "kysely";
import { canonicalJson } from "../../base/canonical-json.ts";
import { MaintError } from "../../base/maint-error.ts";
import type { LedgerHead } from "../../ledger/entry.ts";
import { parseEntry, recordFault, type StoredEntry } from "../../ledger/verify.ts";
import type { LedgerEntry, LedgerRecord } from "../../model/ledger-entry.ts";
import { MAX_LEDGER_BATCH, MAX_LEDGER_ENTRY_BYTES } from "../../model/limits.ts";
import type { HubDatabase } from "./database.ts";
import type { RecordTables } from "./record-tables.ts";

/** The ledger as the journal needs it; `append` is durable on return. */
export interface JournalLedger {
  readonly append: (records: readonly LedgerRecord[]) => readonly LedgerEntry[];
  readonly head: () => Pick<LedgerHead, "size">;
  /** Entries from a seq on, as they lie on the disk. */
  readonly stored: (from: number) => Iterable<StoredEntry>;
}

/**
 * State in hub.db and the ledger are two files, and a crash may come between them. A change therefore writes its records
 * into hub.db in its own transaction, then into the ledger; what a crash left over is written at the next start, which looks
 * in the ledger for each record that is not forgotten yet.
 */
export interface Journal {
  /**
   * Runs `change` and what it records as one: durable in both when fulfilled; in neither when it throws, or what it records is
   * nothing that the ledger takes (MAINT_ERR_LEDGER_RECORD). When the ledger itself fails, the change is durable in hub.db alone, and
   * its records are written by the next commit or the next start.
   */
  readonly commit: <Tables, T>(change: (write: Write<Tables>) => Promise<T>) => Promise<T>;
  /** Records that go with no change of state. */
  readonly append: (records: readonly LedgerRecord[]) => Promise<readonly LedgerEntry[]>;
  /** Writes what a crash left over. Call once, before anything else. */
  readonly recover: () => Promise<number>;
}

export interface Write<Tables> {
  readonly tables: Kysely<Tables>;
  readonly record: (record: LedgerRecord) => void;
}

export function openJournal(database: HubDatabase, ledger: JournalLedger): Journal {
  // What the ledger has is forgotten in the next transaction: one of its own would cost as much as the change itself.
  let written = 0;
  let forgotten = 0;
  const flush = async (): Promise<void> => {
    const tables = database.tables<RecordTables>();
    for (;;) {
      const behind = tables.selectFrom("unwritten_record").selectAll().where("id", ">", written);
      const rows = await behind.orderBy("id").limit(MAX_LEDGER_BATCH).execute();
      if (rows.length === 0) return;
      ledger.append(rows.map((row) => JSON.parse(row.record) as LedgerRecord));
      written = lastOf(rows);
      if (rows.length < MAX_LEDGER_BATCH) return;
    }
  };
  // One after the other: two flushes side by side would write the same record twice.
  let flushing = Promise.resolve();
  const flushed = (): Promise<void> => {
    flushing = flushing.then(flush, flush);
    return flushing;
  };
  return {
    append: async (records) => ledger.append(records),
    recover: () => recover(database, ledger),
    async commit<Tables, T>(change: (write: Write<Tables>) => Promise<T>): Promise<T> {
      let forgets = forgotten;
      const value = await database.atomically<Tables & RecordTables, T>(async (transaction) => {
        forgets = written;
        if (forgets > forgotten) await forget(transaction as unknown as Kysely<RecordTables>, forgets);
        const records: LedgerRecord[] = [];
        const answer = await change({
          tables: transaction as unknown as Kysely<Tables>,
          record: (record) => records.push(record),
        });
        const ledger_size = ledger.head().size;
        const rows = records.map((record) => ({ record: writable(record), ledger_size }));
        const journal = transaction as unknown as Kysely<RecordTables>;
        if (rows.length > 0) await journal.insertInto("unwritten_record").values(rows).execute();
        return answer;
      });
      forgotten = Math.max(forgotten, forgets);
      await flushed();
      return value;
    },
  };
}

/** What an entry has beside its record, in bytes and generously: seq, time, hash. */
const ENTRY_FRAME_BYTES = 1_024;

/** The ledger would refuse it again at every commit and every start, and nothing could be written behind it: it stays out of hub.db. */
function writable(record: LedgerRecord): string {
  const text = canonicalJson(record);
  const bytes = Buffer.byteLength(text) + ENTRY_FRAME_BYTES;
  const wrong = recordFault(record) ?? (bytes > MAX_LEDGER_ENTRY_BYTES ? `${bytes} bytes` : undefined);
  if (wrong === undefined) return text;
  throw new MaintError("MAINT_ERR_LEDGER_RECORD", `a record cannot be written to the ledger: ${wrong}`);
}

async function recover(database: HubDatabase, ledger: JournalLedger): Promise<number> {
  const tables = database.tables<RecordTables>();
  const rows = await tables.selectFrom("unwritten_record").selectAll().orderBy("id").execute();
  if (rows.length === 0) return 0;
  const isThere = findWritten(ledger, Math.min(...rows.map((row) => row.ledger_size)));
  const missing = rows.filter((row) => !isThere(row));
  for (let from = 0; from < missing.length; from += MAX_LEDGER_BATCH)
    ledger.append(missing.slice(from, from + MAX_LEDGER_BATCH).map((row) => JSON.parse(row.record) as LedgerRecord));
  await forget(tables, lastOf(rows));
  return missing.length;
}

/**
 * The crash may have come after the ledger's write: says of rows in their order whether their entry is there. Each entry counts for
 * one row, and none that was there before the row: what says the same as something long ago is news all the same.
 */
function findWritten(
  ledger: JournalLedger,
  from: number,
): (row: { readonly record: string; readonly ledger_size: number }) => boolean {
  const places = new Map<string, number[]>();
  for (const { seq, bytes } of ledger.stored(from)) {
    const entry = parseEntry(bytes);
    if (typeof entry === "string") continue;
    const record = recordOf(entry);
    const known = places.get(record);
    if (known === undefined) places.set(record, [seq]);
    else known.push(seq);
  }
  return ({ record, ledger_size }) => {
    const left = (places.get(record) ?? []).filter((seq) => seq >= ledger_size);
    places.set(record, left.slice(1));
    return left.length > 0;
  };
}

const lastOf = (rows: readonly { readonly id: number }[]): number => rows.at(-1)?.id ?? 0;

async function forget(tables: Kysely<RecordTables>, upTo: number): Promise<void> {
  await tables.deleteFrom("unwritten_record").where("id", "<=", upTo).execute();
}

function recordOf(entry: LedgerEntry): string {
  const { seq: _seq, time: _time, timeSource: _source, previous_hash: _hash, ...record } = entry;
  return canonicalJson(record);
}
