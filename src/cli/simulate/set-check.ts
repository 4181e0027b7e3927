import { createHash } from "node:crypto";
import { parseBlobFrame } from "../../agent/frames.ts";
import {
  type VerifiedMetadata,
  verifyDesiredSignature,
  verifyMetadata,
  verifyTarget,
} from "../../agent/verification.ts";
import type { Digest } from "../../model/ids.ts";
import type { RejectionReason, SignedDesired } from "../../model/message.ts";

/** What all simulated nodes keep together: every blob once, and what was proven of it. */
export interface SetCheck {
  /** Hashes the frame's bytes, for every node anew; undefined where they are not what the frame says. */
  readonly keep: (frame: Uint8Array) => Digest | undefined;
  /** Each set's own signature; TUF metadata and targets once for each state of the repository. */
  readonly refusal: (signed: SignedDesired, nowMs: number) => RejectionReason | undefined;
}

const DIGEST_BYTES = 32;
const MAX_KEPT = 4_096;

/** With `lean` nothing is verified: for benches of a hub, which share their machine with the nodes. */
export function createSetCheck(root: string, lean: boolean): SetCheck {
  const kept = new Map<Digest, Uint8Array>();
  const proven = new Map<string, VerifiedMetadata>();
  const targets = new Set<string>();
  const enrolledRoot = Buffer.from(root);
  const metadataOf = (signed: SignedDesired, nowMs: number): VerifiedMetadata | RejectionReason => {
    const digests = signed.desired.metadata;
    const key = JSON.stringify(digests);
    const known = proven.get(key);
    if (known !== undefined) return known;
    const bytesOf = (digest: Digest) => kept.get(digest);
    const metadata = verifyMetadata({ enrolledRoot, digests, bytesOf, atMs: nowMs, mark: null });
    if (!metadata.ok) return metadata.error.reason;
    forgetOldest(proven, 16);
    proven.set(key, metadata.value);
    return metadata.value;
  };
  return {
    keep(frame) {
      if (lean) return `sha256:${Buffer.from(frame.subarray(0, DIGEST_BYTES)).toString("hex")}`;
      const blob = parseBlobFrame(frame);
      if (!blob.ok) return undefined;
      const { digest, bytes } = blob.value;
      if (`sha256:${createHash("sha256").update(bytes).digest("hex")}` !== digest) return undefined;
      forgetOldest(kept, MAX_KEPT);
      if (!kept.has(digest)) kept.set(digest, bytes);
      return digest;
    },
    refusal(signed, nowMs) {
      if (lean) return undefined;
      const metadata = metadataOf(signed, nowMs);
      if (typeof metadata === "string") return metadata;
      const forged = verifyDesiredSignature(signed, metadata.onlineKeys);
      if (forged !== undefined) return forged.reason;
      for (const { target, digest } of Object.values(signed.desired.contracts)) {
        const key = `${signed.desired.metadata.snapshot} ${target} ${digest}`;
        if (targets.has(key)) continue;
        const bytes = kept.get(digest);
        const listed = bytes === undefined ? undefined : verifyTarget(metadata, target, bytes);
        if (listed?.ok !== true) return listed?.error.reason ?? "digest-mismatch";
        targets.add(key);
      }
      return undefined;
    },
  };
}

function forgetOldest(map: Map<unknown, unknown>, max: number): void {
  if (map.size < max) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}
