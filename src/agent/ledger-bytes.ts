import type { LedgerFile } from "../disk/ledger-file.ts";
import { LOG_BATCH_BYTES } from "../model/limits.ts";

/** A ledger's entries from a seq on as they lie on the disk, about LOG_BATCH_BYTES together; at least one where there is one. */
export function ledgerBytes(ledger: Pick<LedgerFile, "stored">, from: number): readonly Uint8Array[] {
  const batch: Uint8Array[] = [];
  let size = 0;
  for (const { bytes } of ledger.stored(from)) {
    if (batch.length > 0 && size + bytes.length > LOG_BATCH_BYTES) return batch;
    batch.push(bytes);
    size += bytes.length;
  }
  return batch;
}
