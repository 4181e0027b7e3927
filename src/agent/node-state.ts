import { existsSync, readFileSync } from "node:fs";
import { canonicalJson } from "../base/canonical-json.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { writeAtomically } from "../disk/atomic-write.ts";
import { type SigningKey, signHex, verifyHex } from "../disk/key-file.ts";
import { KEPT_RELEASES_MIN } from "../model/limits.ts";
import type { SignedDesired } from "../model/message.ts";
import { type Rejection, rejection } from "./rejection.ts";
import type { MetadataMark } from "./verification.ts";

/** One desired set that this node verified and activated. Its bytes are in `kept/`. */
export interface AcceptedSet {
  readonly signed: SignedDesired;
  /** Epoch milliseconds that its expiry was judged at, and is judged at again at every start. */
  readonly acceptedAtMs: number;
  readonly timeSource: "wall" | "attested";
  readonly mark: MetadataMark;
  /**
   * Since when its contracts are in force, epoch milliseconds. Absent: since it was accepted. Null: they are not, they wait for
   * their hour or were taken back; its documents hold all the same.
   */
  readonly inForceMs?: number | null;
  /** Why this node took its contracts back by itself. */
  readonly rolledBack?: { readonly atMs: number; readonly detail: string };
}

/** Since when a set's contracts are in force; null where they are not. */
export const inForceSince = ({ inForceMs, acceptedAtMs }: AcceptedSet): number | null =>
  inForceMs === undefined ? acceptedAtMs : inForceMs;

/** The pointer: what this node decides by. Replaced as a whole, in one rename. */
export interface NodeState {
  readonly format: "maint-node-state/1";
  readonly accepted: AcceptedSet | null;
  /** Newest first; their bytes stay, so that a rollback needs no download. */
  readonly earlier: readonly AcceptedSet[];
}

export const EMPTY_STATE: NodeState = { format: "maint-node-state/1", accepted: null, earlier: [] };

/** As many as must stay, and some more for sets that only changed a document. */
const EARLIER_SETS = KEPT_RELEASES_MIN + 5;

/**
 * The state as the disk has it; the empty one where there is none yet. It carries the node's own signature, so that a byte
 * that changed on the disk is seen whatever it stood for.
 */
export function readNodeState(path: string, key: SigningKey): Result<NodeState, Rejection> {
  if (!existsSync(path)) return ok(EMPTY_STATE);
  try {
    const file = JSON.parse(readFileSync(path, "utf8")) as { readonly state?: NodeState; readonly signature?: unknown };
    const { state, signature } = file;
    const holds =
      state?.format === "maint-node-state/1" &&
      typeof signature === "string" &&
      verifyHex(key.publicHex, canonicalJson(state), signature);
    return holds ? ok(state) : fail(rejection("content-mismatch", "state.json is not as this node wrote it"));
  } catch {
    return fail(rejection("content-mismatch", "state.json cannot be read"));
  }
}

/** Durable when it returns. @throws the operating system's error; the old state is then untouched */
export function writeNodeState(path: string, key: SigningKey, state: NodeState): void {
  writeAtomically(path, `${canonicalJson({ state, signature: signHex(key, canonicalJson(state)) })}\n`, {
    mode: 0o600,
  });
}

/** A set that never had a say leaves no trace: it must not push the one in force out of what is kept. */
export function withAccepted(state: NodeState, accepted: AcceptedSet): NodeState {
  const before = state.accepted;
  const earlier = before === null || inForceSince(before) === null ? state.earlier : [before, ...state.earlier];
  return { format: "maint-node-state/1", accepted, earlier: earlier.slice(0, EARLIER_SETS) };
}
