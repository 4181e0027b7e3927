export { type NextEntry, nextEntry } from "./append.ts";
export { EMPTY_HEAD, entryBytes, entryHash, type LedgerHead } from "./entry.ts";
export {
  digestFacts,
  type FactsDigests,
  type Receipt,
  type ReceiptCheck,
  type ReceiptFault,
  type ReceiptRefusal,
  type ReceiptTrust,
  receiptBytes,
  receiptOf,
  type SignedReceipt,
  verifyReceipt,
} from "./receipt.ts";
export {
  type LedgerFault,
  type LedgerFinding,
  type LedgerVerification,
  parseEntry,
  type StoredEntry,
  type VerifyOptions,
  verifyEntries,
} from "./verify.ts";
