import type { LedgerReader } from "../../disk/ledger-file.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import type { SqlConnection } from "../store/database.ts";
import { alertNumber } from "./alert-record.ts";
import { ledgerRecords } from "./ledger-records.ts";

/** A batch as its ledger entry names it. */
export interface NamedBatch {
  readonly node: string;
  readonly epoch: string;
  readonly from_seq: number;
  readonly first_alert: number;
  readonly count: number;
  readonly sha256: string;
}

export interface Named {
  /** Null while it waits to be written. */
  readonly entry: number | null;
  /** Null for one that was recorded without a digest. */
  readonly batch: NamedBatch | null;
}

/** All that came, by its first number. */
export async function namedBatches(
  db: Pick<SqlConnection, "prepare">,
  ledger: Pick<LedgerReader, "page">,
): Promise<Map<number, Named>> {
  const named = new Map<number, Named>();
  const note = (entry: number | null, { metadata }: LedgerRecord): void => {
    const { batches, alert } = metadata as { readonly batches?: readonly NamedBatch[]; readonly alert?: string };
    for (const batch of batches ?? []) named.set(batch.first_alert, { entry, batch });
    // Before 0.1.0 an entry named one alert by its words and had no digest.
    const number = batches === undefined && alert !== undefined ? alertNumber(alert) : undefined;
    if (number !== undefined) named.set(number, { entry, batch: null });
  };
  for await (const { entry, record } of ledgerRecords(db, ledger, "alert_raised")) note(entry, record);
  return named;
}
