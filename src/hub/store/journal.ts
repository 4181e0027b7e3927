import type { Kysely } from "kysely";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { LedgerEntry, LedgerRecord } from "../../model/ledger-entry.ts";
import { MAX_LEDGER_BATCH } from "../../model/limits.ts";
import type { HubDatabase } from "./database.ts";
import type { RecordTables } from "./record-tables.ts";

/** The ledger as the journal needs it; `append` is durable on return. */
export interface JournalLedger {
  readonly append: (records: readonly LedgerRecord[]) => readonly LedgerEntry[];
  readonly list: (query: { readonly limit: number; readonly newestFirst: boolean }) => readonly LedgerEntry[];
}

/**
 * State in hub.db and the ledger are two files, and a crash may come between them. A change therefore writes its records
 * into hub.db in its own transaction, then into the ledger; what a crash left over is written at the next start.
 */
export interface Journal {
  /** Runs `change` and what it records as one: durable in both when fulfilled, in neither when it throws. */
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

/** No group of records is larger, so a crash left no more than this unwritten or written twice. */
const RECENT_ENTRIES = MAX_LEDGER_BATCH;

export function openJournal(database: HubDatabase, ledger: JournalLedger): Journal {
  const flush = async (): Promise<void> => {
    const tables = database.tables<RecordTables>();
    for (;;) {
      const oldest = tables.selectFrom("unwritten_record").selectAll().orderBy("id").limit(MAX_LEDGER_BATCH);
      const rows = await oldest.execute();
      if (rows.length === 0) return;
      ledger.append(rows.map((row) => JSON.parse(row.record) as LedgerRecord));
      await forget(tables, rows);
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
      const value = await database.atomically<Tables & RecordTables, T>(async (transaction) => {
        const records: LedgerRecord[] = [];
        const answer = await change({
          tables: transaction as unknown as Kysely<Tables>,
          record: (record) => records.push(record),
        });
        const rows = records.map((record) => ({ record: canonicalJson(record) }));
        const journal = transaction as unknown as Kysely<RecordTables>;
        if (rows.length > 0) await journal.insertInto("unwritten_record").values(rows).execute();
        return answer;
      });
      await flushed();
      return value;
    },
  };
}

async function recover(database: HubDatabase, ledger: JournalLedger): Promise<number> {
  const tables = database.tables<RecordTables>();
  const rows = await tables.selectFrom("unwritten_record").selectAll().orderBy("id").execute();
  if (rows.length === 0) return 0;
  // The crash may have come after the ledger's write: what its tail holds already is not written again.
  const tail = new Set(ledger.list({ limit: RECENT_ENTRIES, newestFirst: true }).map(recordOf));
  const missing = rows.map((row) => row.record).filter((record) => !tail.has(record));
  if (missing.length > 0) ledger.append(missing.map((record) => JSON.parse(record) as LedgerRecord));
  await forget(tables, rows);
  return missing.length;
}

async function forget(tables: Kysely<RecordTables>, rows: readonly { readonly id: number }[]): Promise<void> {
  const last = rows.at(-1)?.id ?? 0;
  await tables.deleteFrom("unwritten_record").where("id", "<=", last).execute();
}

function recordOf(entry: LedgerEntry): string {
  const { seq: _seq, time: _time, timeSource: _source, previous_hash: _hash, ...record } = entry;
  return canonicalJson(record);
}
