import { hash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import { parseInstant } from "../base/civil-time.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Decision } from "../model/decision.ts";
import type { Digest } from "../model/ids.ts";
import type { LedgerEntry } from "../model/ledger-entry.ts";
import { toBase64 } from "./base64.ts";
import { checkpointKey, openCheckpoint, originOf } from "./checkpoint.ts";
import { entryBytes, entryHash } from "./entry.ts";
import { leafHash } from "./merkle.ts";
import { MAX_PROOF_HASHES, verifyInclusion } from "./proof.ts";
import { parseHashes } from "./proof-text.ts";

export const RECEIPT_FORMAT = "maint-receipt/1";

/** A decision that travels with the part. It names the facts by their digests alone: they are the plant's, not the client's. */
export interface Receipt {
  readonly format: typeof RECEIPT_FORMAT;
  readonly node: string;
  readonly part: string | null;
  readonly decision: Decision;
  readonly facts: FactsDigests;
  readonly ledger: {
    readonly seq: number;
    /** RFC 3339, UTC. */
    readonly time: string;
    readonly timeSource: LedgerEntry["timeSource"];
    readonly entryHash: Digest;
    readonly previousHash: Digest;
  };
  /** The node's own key: `keyId` as TUF counts it, 32 bytes in hex. Whoever verifies must know it from elsewhere. */
  readonly key: { readonly keyId: string; readonly publicHex: string };
  /**
   * Where the entry stands in the node's Merkle tree. Absent in receipts that were written before there was one: the format is the
   * same, since who does not know the member still sees a signature over all of it, and who takes it out breaks that.
   */
  readonly inclusion?: ReceiptInclusion | undefined;
}

/** Hashes are base64, as C2SP writes them. */
export interface ReceiptInclusion {
  /** Of the entry's bytes, which stay at the plant. */
  readonly leafHash: string;
  /** From the leaf's sibling to the root's child. */
  readonly proof: readonly string[];
  /** The node's signed checkpoint, see `openCheckpoint`. */
  readonly checkpoint: string;
}

export interface SignedReceipt {
  readonly receipt: Receipt;
  /** Ed25519 over `receiptBytes`, 128 hex digits. */
  readonly signature: string;
}

/** SHA-256 of the canonical JSON of what was decided on: the whole snapshot, and each of its fields. Null where it was not kept. */
export interface FactsDigests {
  readonly snapshot: Digest | null;
  readonly fields: { readonly [field: string]: Digest };
}

const digestOfText = (text: string): Digest => `sha256:${hash("sha256", text, "hex")}`;

interface Spelled {
  readonly text: string;
  readonly digest: Digest;
}

/** What was spelled and hashed already, for fields that are the same objects in many snapshots. Nobody changes such an object. */
export type SpelledFacts = WeakMap<object, Spelled>;

/** `length` is that of the snapshot's canonical JSON. */
export function digestFacts(
  snapshot: { readonly [field: string]: unknown } | null,
  known: SpelledFacts = new WeakMap(),
): { readonly facts: FactsDigests; readonly length: number } {
  if (snapshot === null) return { facts: { snapshot: null, fields: {} }, length: 0 };
  const fields = Object.entries(snapshot)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, ...spelled(value, known) }));
  // Canonical JSON of the whole is made of that of its members: nothing is spelled twice.
  const whole = `{${fields.map(({ name, text }) => `${canonicalJson(name)}:${text}`).join(",")}}`;
  const digests = fields.map(({ name, digest }) => [name, digest] as const);
  return { facts: { snapshot: digestOfText(whole), fields: Object.fromEntries(digests) }, length: whole.length };
}

function spelled(value: unknown, known: SpelledFacts): Spelled {
  const before = typeof value === "object" && value !== null ? known.get(value) : undefined;
  if (before !== undefined) return before;
  const text = canonicalJson(value);
  const made: Spelled = { text, digest: digestOfText(text) };
  if (typeof value === "object" && value !== null) known.set(value, made);
  return made;
}

/** What is signed: the format's name keeps it from being taken for anything else this key signs. */
export const receiptBytes = (receipt: Receipt): string => `${RECEIPT_FORMAT}\n${canonicalJson(receipt)}`;

/** What a node writes into a `gate_decision` entry beside the sentence for a reader. */
export interface DecisionMetadata {
  readonly decision: Decision;
  readonly part: string | null;
  readonly facts: FactsDigests;
}

/** The receipt of one ledger entry, unsigned; a text where the entry is no decision. */
export function receiptOf(
  entry: LedgerEntry,
  key: Receipt["key"],
  node: string,
  inclusion?: ReceiptInclusion,
): Result<Receipt, string> {
  if (entry.action_type !== "gate_decision") return fail(`entry ${entry.seq} is no decision, but ${entry.action_type}`);
  const { decision, part, facts } = entry.metadata as Partial<DecisionMetadata>;
  if (decision === undefined || facts === undefined) return fail(`entry ${entry.seq} was written before receipts were`);
  const { seq, time, timeSource, previous_hash: previousHash } = entry;
  return ok({
    ...{ format: RECEIPT_FORMAT, node, part: part ?? null, decision, facts },
    ledger: { seq, time, timeSource, entryHash: entryHash(entryBytes(entry)), previousHash },
    key: { keyId: key.keyId, publicHex: key.publicHex },
    ...(inclusion === undefined ? {} : { inclusion }),
  });
}

export type ReceiptFault =
  | "not-a-receipt"
  | "key-not-trusted"
  | "signature-invalid"
  | "decision-inconsistent"
  | "inclusion-invalid"
  | "not-in-ledger"
  | "ledger-differs";

export interface ReceiptCheck {
  readonly receipt: Receipt;
  /** What was looked at and holds, in words. */
  readonly holds: readonly string[];
}

export interface ReceiptTrust {
  /** Ed25519; false for anything that is no good signature. */
  readonly verify: (publicHex: string, content: string, signatureHex: string) => boolean;
  readonly keyIdOf: (publicHex: string) => string;
  /** The node's public key as the one who verifies knows it, 64 hex digits. */
  readonly publicHex: string;
  /** The ledger it should stand in, where it is at hand. */
  readonly entryAt?: (seq: number) => LedgerEntry | undefined;
}

export interface ReceiptRefusal {
  readonly fault: ReceiptFault;
  readonly message: string;
}

/** Verifies a receipt without any server. Nothing in it is believed before the signature holds. Never throws on JSON values. */
export function verifyReceipt(value: unknown, trust: ReceiptTrust): Result<ReceiptCheck, ReceiptRefusal> {
  const refuse = (fault: ReceiptFault, message: string) => fail({ fault, message });
  const signed = asSigned(value);
  if (signed === undefined) return refuse("not-a-receipt", `no signed document of the format ${RECEIPT_FORMAT}`);
  const { receipt, signature } = signed;
  if (receipt.key.publicHex !== trust.publicHex || receipt.key.keyId !== trust.keyIdOf(trust.publicHex))
    return refuse("key-not-trusted", `it names the key ${receipt.key.keyId}, not that of the node you trust`);
  const bytes = bytesOf(receipt);
  if (bytes === undefined) return refuse("not-a-receipt", "it holds text that is no Unicode");
  if (!trust.verify(trust.publicHex, bytes, signature))
    return refuse(
      "signature-invalid",
      "the signature does not hold: the receipt was changed, or another key signed it",
    );
  const wrong = inconsistency(receipt);
  if (wrong !== undefined) return refuse("decision-inconsistent", wrong);
  const placed = placeOf(receipt, trust);
  if (!placed.ok) return refuse("inclusion-invalid", placed.error);
  const holds = [`signed by ${receipt.node}, key ${receipt.key.keyId.slice(0, 16)}`, ...placed.value];
  if (trust.entryAt === undefined) return ok({ receipt, holds });
  const entry = trust.entryAt(receipt.ledger.seq);
  if (entry === undefined) return refuse("not-in-ledger", `the ledger has no entry ${receipt.ledger.seq}`);
  if (!isReceiptOf(receipt, entry))
    return refuse("ledger-differs", `entry ${receipt.ledger.seq} of the ledger is not the one of the receipt`);
  return ok({ receipt, holds: [...holds, `entry ${receipt.ledger.seq} of the ledger is the same`] });
}

/** What the receipt's place in the tree says, where it brings one along; an error where it does not hold. */
function placeOf({ inclusion, ledger, node }: Receipt, trust: ReceiptTrust): Result<readonly string[], string> {
  if (inclusion === undefined) return ok([]);
  const opened = openCheckpoint(
    inclusion.checkpoint,
    originOf(node),
    [checkpointKey(node, trust.publicHex)],
    trust.verify,
  );
  if (!opened.ok) return fail(`its checkpoint: ${opened.error}`);
  const [leaf, ...proof] = parseHashes([inclusion.leafHash, ...inclusion.proof]) ?? [];
  if (leaf === undefined) return fail("a hash of its proof is no base64 of 32 bytes");
  const { size, root } = opened.value;
  const held = verifyInclusion({ index: ledger.seq, size, leaf, root, proof });
  return held.ok
    ? ok([`entry ${ledger.seq} is among the first ${size} of ${originOf(node)}, as its root was signed`])
    : held;
}

function isReceiptOf(receipt: Receipt, entry: LedgerEntry): boolean {
  const { inclusion } = receipt;
  const found = receiptOf(entry, receipt.key, receipt.node, inclusion);
  if (!found.ok || canonicalJson(found.value) !== canonicalJson(receipt)) return false;
  return inclusion === undefined || toBase64(leafHash(entryBytes(entry))) === inclusion.leafHash;
}

/** Undefined for what JSON can spell and canonical JSON cannot: half of a surrogate pair. */
function bytesOf(receipt: Receipt): string | undefined {
  try {
    return receiptBytes(receipt);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** A node that signs a verdict with reasons beside it, or without, made a mistake; nobody should rely on it. */
function inconsistency({ decision, node }: Receipt): string | undefined {
  if (decision.allow !== (decision.reasons.length === 0)) return "the verdict does not follow from its reasons";
  if (decision.node !== node) return "the decision is another node's";
  if (decision.allow && decision.contracts.length === 0) return "it was allowed by no contract";
  return parseInstant(decision.at) === parseInstant(decision.atUtc) ? undefined : "its two instants are not the same";
}

function asSigned(value: unknown): SignedReceipt | undefined {
  if (!isRecord(value) || !isRecord(value["receipt"]) || typeof value["signature"] !== "string") return undefined;
  // What stands beside the receipt is signed by nobody, and a reader could take it for a part of it.
  if (Object.keys(value).length !== 2) return undefined;
  const { format, key, ledger, decision, node, facts } = value["receipt"];
  if (format !== RECEIPT_FORMAT || typeof node !== "string" || !isRecord(facts)) return undefined;
  if (!isRecord(key) || typeof key["publicHex"] !== "string" || typeof key["keyId"] !== "string") return undefined;
  if (!isRecord(ledger) || !Number.isSafeInteger(ledger["seq"])) return undefined;
  if (!isRecord(decision) || typeof decision["allow"] !== "boolean") return undefined;
  const lists = [decision["reasons"], decision["contracts"], decision["warnings"]];
  if (!lists.every((list) => Array.isArray(list))) return undefined;
  if (!isInclusion(value["receipt"]["inclusion"])) return undefined;
  if (typeof decision["at"] !== "string" || typeof decision["atUtc"] !== "string") return undefined;
  return value as unknown as SignedReceipt;
}

const isRecord = (value: unknown): value is { readonly [field: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isInclusion(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isRecord(value) || typeof value["leafHash"] !== "string" || typeof value["checkpoint"] !== "string")
    return false;
  const { proof } = value;
  return Array.isArray(proof) && proof.length < MAX_PROOF_HASHES && proof.every((hash) => typeof hash === "string");
}
