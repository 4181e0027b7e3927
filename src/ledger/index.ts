export { type NextEntry, nextEntry } from "./append.ts";
export {
  type Checkpoint,
  checkpointKey,
  checkpointText,
  openCheckpoint,
  originOf,
  parseCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
  witnessNameOf,
} from "./checkpoint.ts";
export { cosign, verifyCosignature } from "./cosignature.ts";
export { EMPTY_HEAD, entryBytes, entryHash, type LedgerHead } from "./entry.ts";
export {
  EMPTY_EDGE,
  EMPTY_ROOT,
  edgeAt,
  growEdge,
  leafHash,
  type ReadTree,
  rootAt,
  rootOfEdge,
  type TreeEdge,
  type TreeHash,
} from "./merkle.ts";
export {
  NOTE_ALGORITHMS,
  type NoteAlgorithm,
  type NoteKey,
  type NoteSignature,
  type NoteSigner,
  parseNote,
  parseVerifierKey,
  printNote,
  type SignedNote,
  type VerifySignature,
  verifiedBy,
  verifierKeyText,
} from "./note.ts";
export {
  type ConsistencyClaim,
  consistencyProof,
  type InclusionClaim,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from "./proof.ts";
export { type ConsistencyText, type InclusionText, parseProof, printProof } from "./proof-text.ts";
export {
  digestFacts,
  type FactsDigests,
  type Receipt,
  type ReceiptCheck,
  type ReceiptFault,
  type ReceiptInclusion,
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
