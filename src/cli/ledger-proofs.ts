import { fail, ok, type Result } from "../base/result.ts";
import { verifyHex } from "../disk/key-file.ts";
import type { ConsistencyAnswer, InclusionAnswer } from "../disk/ledger-questions.ts";
import { fromBase64 } from "../ledger/base64.ts";
import { openCheckpoint, type SignedCheckpoint } from "../ledger/checkpoint.ts";
import { leafHash } from "../ledger/merkle.ts";
import type { NoteKey } from "../ledger/note.ts";
import { verifyConsistency, verifyInclusion } from "../ledger/proof.ts";
import { type ConsistencyText, type InclusionText, parseHashes, parseProof, printProof } from "../ledger/proof-text.ts";
import { parseEntry } from "../ledger/verify.ts";
import type { LedgerEntry } from "../model/ledger-entry.ts";

/** What a verified proof says. */
export interface ProvedInclusion {
  readonly kind: "inclusion";
  readonly origin: string;
  readonly size: number;
  readonly entry: LedgerEntry;
}

export interface ProvedGrowth {
  readonly kind: "consistency";
  readonly origin: string;
  readonly fromSize: number;
  readonly size: number;
}

/** The proof as a file; undefined where no checkpoint was kept of its size, for such a file proves nothing. */
export function proofFile(answer: InclusionAnswer | ConsistencyAnswer): string | undefined {
  const { checkpoint } = answer;
  const proof = parseHashes(answer.proof);
  if (checkpoint === null || proof === undefined) return undefined;
  if ("from" in answer) return printProof({ kind: "consistency", fromSize: answer.from, proof, note: checkpoint });
  const extra = fromBase64(answer.entry) ?? null;
  return printProof({ kind: "inclusion", index: answer.seq, proof, extra, note: checkpoint });
}

/**
 * Verifies a proof file with the ledger's key and nothing else. Never throws, whatever the text.
 * @param old the note that was seen before, which a proof of growth goes on from
 */
export function verifyProofFile(
  text: string,
  key: NoteKey,
  old: string | undefined,
): Result<ProvedInclusion | ProvedGrowth, string> {
  const proof = parseProof(text);
  if (!proof.ok) return proof;
  const now = openCheckpoint(proof.value.note, key.name, [key], verifyHex);
  if (!now.ok) return fail(`its checkpoint: ${now.error}`);
  return proof.value.kind === "inclusion"
    ? inclusion(proof.value, now.value)
    : growth(proof.value, now.value, key, old);
}

function inclusion(
  { index, proof, extra }: InclusionText,
  { origin, size, root }: SignedCheckpoint,
): Result<ProvedInclusion, string> {
  if (extra === null) return fail("it does not bring the entry along, so that there is nothing to look for");
  const entry = parseEntry(extra);
  if (typeof entry === "string") return fail(`its entry: ${entry}`);
  const held = verifyInclusion({ index, size, leaf: leafHash(extra), root, proof });
  if (!held.ok) return held;
  return entry.seq === index
    ? ok({ kind: "inclusion", origin, size, entry })
    : fail(`its entry is ${entry.seq}, not ${index}`);
}

function growth(
  { fromSize, proof }: ConsistencyText,
  { origin, size, root }: SignedCheckpoint,
  key: NoteKey,
  old: string | undefined,
): Result<ProvedGrowth, string> {
  if (old === undefined) return fail("a proof of growth goes on from a checkpoint that you have: name it with --old");
  const before = openCheckpoint(old, key.name, [key], verifyHex);
  if (!before.ok) return fail(`the old checkpoint: ${before.error}`);
  if (before.value.size !== fromSize)
    return fail(`it goes on from ${fromSize} entries, the old checkpoint has ${before.value.size}`);
  const held = verifyConsistency({ fromSize, toSize: size, fromRoot: before.value.root, toRoot: root, proof });
  return held.ok ? ok({ kind: "consistency", origin, fromSize, size }) : held;
}
