import { fail, ok, type Result } from "../base/result.ts";
import { MAX_NOTE_BYTES } from "../model/limits.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { TREE_HASH_BYTES, type TreeHash } from "./merkle.ts";
import { MAX_PROOF_HASHES, parseTreeNumber } from "./proof.ts";

/** That an entry stands in a ledger. Source: C2SP tlog-proof. */
export interface InclusionText {
  readonly kind: "inclusion";
  readonly index: number;
  readonly proof: readonly TreeHash[];
  /** Not covered by any signature: here the entry itself, so that the file can be verified alone. Null where it is left out. */
  readonly extra: Uint8Array | null;
  /** The signed checkpoint it leads to. */
  readonly note: string;
}

/** That a ledger only grew. The form is that of a request to a witness. Source: C2SP tlog-witness, `add-checkpoint`. */
export interface ConsistencyText {
  readonly kind: "consistency";
  readonly fromSize: number;
  readonly proof: readonly TreeHash[];
  /** The signed checkpoint of the larger tree. */
  readonly note: string;
}

export const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const EXTRA = "extra ";
const INDEX = "index ";
const OLD = "old ";
/** Base64 of the largest entry, the hashes and the note. */
const MAX_PROOF_HEAD_LINES = 3 + MAX_PROOF_HASHES;

export function printProof(proof: InclusionText | ConsistencyText): string {
  const hashes = proof.proof.map((hash) => `${toBase64(hash)}\n`).join("");
  if (proof.kind === "consistency") return `${OLD}${proof.fromSize}\n${hashes}\n${proof.note}`;
  const extra = proof.extra === null ? "" : `${EXTRA}${toBase64(proof.extra)}\n`;
  return `${PROOF_HEADER}\n${extra}${INDEX}${proof.index}\n${hashes}\n${proof.note}`;
}

/** Reads either form; nothing in it is verified. Never throws, whatever the text. */
export function parseProof(text: string): Result<InclusionText | ConsistencyText, string> {
  const end = text.indexOf("\n\n");
  if (end < 0) return fail("a proof is its lines, an empty line and a checkpoint");
  const note = text.slice(end + 2);
  if (Buffer.byteLength(note) > MAX_NOTE_BYTES) return fail(`a checkpoint has at most ${MAX_NOTE_BYTES} bytes`);
  const lines = text.slice(0, end).split("\n", MAX_PROOF_HEAD_LINES + 1);
  const [first = "", ...rest] = lines;
  if (lines.length > MAX_PROOF_HEAD_LINES) return fail(`a proof has at most ${MAX_PROOF_HASHES} hashes`);
  return first === PROOF_HEADER ? parseInclusion(rest, note) : parseConsistency(first, rest, note);
}

function parseInclusion(lines: readonly string[], note: string): Result<InclusionText, string> {
  const [first = ""] = lines;
  const hasExtra = first.startsWith(EXTRA);
  const extra = hasExtra ? fromBase64(first.slice(EXTRA.length)) : null;
  if (extra === undefined) return fail("its extra line is no base64");
  const [place = "", ...hashLines] = hasExtra ? lines.slice(1) : lines;
  const index = place.startsWith(INDEX) ? parseTreeNumber(place.slice(INDEX.length)) : undefined;
  if (index === undefined) return fail("its index is no plain decimal number up to 2^53 - 1");
  const proof = parseHashes(hashLines);
  return proof === undefined
    ? fail("a hash is no base64 of 32 bytes")
    : ok({ kind: "inclusion", index, proof, extra, note });
}

function parseConsistency(first: string, lines: readonly string[], note: string): Result<ConsistencyText, string> {
  if (!first.startsWith(OLD)) return fail(`a proof begins with ${PROOF_HEADER}, or with the old size`);
  const fromSize = parseTreeNumber(first.slice(OLD.length));
  if (fromSize === undefined) return fail("its old size is no plain decimal number up to 2^53 - 1");
  const proof = parseHashes(lines);
  return proof === undefined
    ? fail("a hash is no base64 of 32 bytes")
    : ok({ kind: "consistency", fromSize, proof, note });
}

/** Hashes in base64, one each; undefined where one is none. */
export function parseHashes(texts: readonly string[]): readonly TreeHash[] | undefined {
  const hashes = texts.map(fromBase64);
  return texts.length <= MAX_PROOF_HASHES && hashes.every((hash) => hash?.length === TREE_HASH_BYTES)
    ? (hashes as readonly TreeHash[])
    : undefined;
}
