import type { LedgerFile } from "../disk/ledger-file.ts";
import { entryBytes } from "../ledger/entry.ts";
import { LOG_BATCH_BYTES } from "../model/limits.ts";

/** Read a few at a time: a gate that is asked meanwhile does not wait for a long page. */
const PAGE = 8;

/** The bytes of a ledger's entries from a seq on, about LOG_BATCH_BYTES together; at least one where there is one. */
export function ledgerBytes(ledger: Pick<LedgerFile, "list">, from: number): readonly Uint8Array[] {
  const batch: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const page = ledger.list({ from: from + batch.length, limit: PAGE });
    for (const entry of page) {
      const bytes = entryBytes(entry);
      if (batch.length > 0 && size + bytes.length > LOG_BATCH_BYTES) return batch;
      batch.push(bytes);
      size += bytes.length;
    }
    if (page.length < PAGE) return batch;
  }
}
