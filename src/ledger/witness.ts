import { openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { sameHash } from "./merkle.ts";
import type { NoteKey, VerifySignature } from "./note.ts";
import { verifyConsistency } from "./proof.ts";
import { parseHashes } from "./proof-text.ts";

/** A checkpoint as its log shows it to a witness, with the proof that it goes on from `fromSize` entries. */
export interface ShownCheckpoint {
  /** Signed note. */
  readonly note: string;
  readonly fromSize: number;
  /** Base64, from `consistencyProof`; empty from no entries, and between equal sizes. */
  readonly proof: readonly string[];
}

/** What a witness makes of it. Source: C2SP tlog-witness, `add-checkpoint`, whose answers 403, 409 and 422 these are. */
export type WitnessVerdict =
  /** Keep it, durably, then cosign it. */
  | { readonly kind: "goes-on"; readonly checkpoint: SignedCheckpoint }
  /** The one that is kept. */
  | { readonly kind: "same"; readonly checkpoint: SignedCheckpoint }
  /** It goes on from another size than the kept one: to be shown again from that. */
  | { readonly kind: "other-size" }
  /** No known key of this log signed it: it may be anybody's. */
  | { readonly kind: "unsigned"; readonly why: string }
  /** The log signed two histories. */
  | { readonly kind: "conflict"; readonly checkpoint: SignedCheckpoint; readonly why: string };

/**
 * Judges a checkpoint by the last one that is kept. The first one is taken on trust: there is nothing to compare it with.
 * @param keys of the log; more than one while a key is exchanged
 */
export function judgeCheckpoint(
  kept: SignedCheckpoint | null,
  shown: ShownCheckpoint,
  {
    origin,
    keys,
    verify,
  }: { readonly origin: string; readonly keys: readonly NoteKey[]; readonly verify: VerifySignature },
): WitnessVerdict {
  const opened = openCheckpoint(shown.note, origin, keys, verify);
  if (!opened.ok) return { kind: "unsigned", why: opened.error };
  const checkpoint = opened.value;
  if (kept === null) return { kind: "goes-on", checkpoint };
  const conflict = (why: string): WitnessVerdict => ({ kind: "conflict", checkpoint, why });
  if (checkpoint.size < kept.size)
    return conflict(`it signed ${kept.size} entries before, and now signs ${checkpoint.size}: its ledger went back`);
  if (checkpoint.size === kept.size)
    return sameHash(checkpoint.root, kept.root)
      ? { kind: "same", checkpoint }
      : conflict(`it signed two roots of ${kept.size} entries`);
  if (shown.fromSize !== kept.size) return { kind: "other-size" };
  const proof = parseHashes(shown.proof);
  if (proof === undefined) return conflict("its proof is none");
  const { size: toSize, root: toRoot } = checkpoint;
  const held = verifyConsistency({ fromSize: kept.size, toSize, fromRoot: kept.root, toRoot, proof });
  return held.ok
    ? { kind: "goes-on", checkpoint }
    : conflict(`its ${toSize} entries do not go on from the ${kept.size} it signed before: ${held.error}`);
}
