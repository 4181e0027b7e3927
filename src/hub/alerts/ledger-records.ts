import type { LedgerPage, LedgerReader } from "../../disk/ledger-file.ts";
import type { LedgerActionType, LedgerRecord } from "../../model/ledger-entry.ts";
import type { SqlConnection } from "../store/database.ts";
import { nextTurn } from "../store/turns.ts";

export interface WrittenRecord {
  /** Null while it waits to be written. */
  readonly entry: number | null;
  readonly record: LedgerRecord;
}

const WAITING = "select record from unwritten_record order by id";
const ENTRIES_PER_PAGE = 256;

/**
 * What waits in hub.db to be written into the ledger, and behind it what the ledger says; some of it may be in both. In this order
 * nothing is missed while a hub writes.
 */
export async function* ledgerRecords(
  db: Pick<SqlConnection, "prepare">,
  ledger: Pick<LedgerReader, "page">,
  actionType: LedgerActionType,
): AsyncGenerator<WrittenRecord> {
  const waiting = db.prepare(WAITING).all() as readonly { readonly record: string }[];
  for (const { record: text } of waiting) {
    const record = JSON.parse(text) as LedgerRecord;
    if (record.action_type === actionType) yield { entry: null, record };
  }
  for (let from: number | null = 0; from !== null; ) {
    const page: LedgerPage = ledger.page({ from, limit: ENTRIES_PER_PAGE, actionType });
    for (const entry of page.entries) yield { entry: entry.seq, record: entry };
    from = page.next;
    await nextTurn();
  }
}
