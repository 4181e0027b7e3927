import { printUtc } from "../base/civil-time.ts";
import type { LedgerEntry, LedgerRecord } from "../model/ledger-entry.ts";
import { entryBytes, entryHash, type LedgerHead } from "./entry.ts";

export interface NextEntry {
  readonly entry: LedgerEntry;
  readonly bytes: Uint8Array;
  readonly head: LedgerHead;
}

/**
 * The entry that follows `head`. Nothing is stored here: who calls makes `bytes` durable before anybody hears of `entry`.
 * @param timeMs epoch milliseconds, whole
 * @throws TypeError when the record holds what JSON cannot (NaN, a lone surrogate, a Date)
 */
export function nextEntry(
  head: LedgerHead,
  record: LedgerRecord,
  timeMs: number,
  timeSource: LedgerEntry["timeSource"],
): NextEntry {
  const entry: LedgerEntry = {
    seq: head.size,
    time: printUtc(timeMs),
    timeSource,
    action_type: record.action_type,
    action: record.action,
    target: record.target,
    details: record.details,
    user_id: record.user_id,
    smart_id: record.smart_id,
    metadata: record.metadata,
    previous_hash: head.hash,
  };
  const bytes = entryBytes(entry);
  return { entry, bytes, head: { size: head.size + 1, hash: entryHash(bytes) } };
}
