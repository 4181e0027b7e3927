import { createHash } from "node:crypto";
import { digestOf } from "../../src/agent/verification.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { makeSigningKey, type SigningKey, signHex } from "../../src/disk/key-file.ts";
import { makeMetadata, signedText, tufInstant } from "../../src/hub/release/metadata-text.ts";
import { snapshotAndTimestamp } from "../../src/hub/release/sign-online.ts";
import { addTargets, initialRoot, initialTargets } from "../../src/hub/release/sign-release.ts";
import { targetPath } from "../../src/hub/release/target-path.ts";
import type { Digest } from "../../src/model/ids.ts";
import type { Desired, DesiredContract, SignedDesired } from "../../src/model/message.ts";

/** A repository with everybody's keys, so that a test can play the author, the hub, and whoever stole a key. */
export interface Repository {
  readonly keys: { readonly root: SigningKey; readonly author: SigningKey; readonly online: SigningKey };
  readonly root: string;
  readonly targets: readonly string[];
  readonly blobs: Map<Digest, Uint8Array>;
  readonly put: (content: string | Uint8Array) => Digest;
  readonly release: (contract: string, version: string, bundle: string) => DesiredContract;
  /** Metadata of the present state, timestamp and snapshot one higher at each call. */
  readonly publish: (nowMs?: number) => Desired["metadata"];
  readonly sign: (desired: Desired, key?: SigningKey) => SignedDesired;
}

export const NOW_MS = Date.parse("2026-11-24T15:00:00Z");
const DOMAIN = "general";

export function makeRepository(): Repository {
  const keys = { root: makeSigningKey(), author: makeSigningKey(), online: makeSigningKey() };
  const holders = { roots: [keys.root], signers: [keys.author], online: keys.online };
  const root = initialRoot({ ...holders, rootThreshold: 1, signersThreshold: 1 }, NOW_MS);
  const targets = [initialTargets([keys.author], NOW_MS)];
  const blobs = new Map<Digest, Uint8Array>();
  let published = 0;
  const put = (content: string | Uint8Array): Digest => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return digest;
  };
  const current = (): string => targets.at(-1) as string;
  const next = (result: { ok: true; value: string } | { ok: false; error: string }): void => {
    if (!result.ok) throw new Error(result.error);
    targets.push(result.value);
  };
  return {
    keys,
    root,
    targets,
    blobs,
    put,
    release: (contract, version, bundle) => {
      const path = targetPath({ domain: DOMAIN, contract, version, kind: "bundle" });
      const source = targetPath({ domain: DOMAIN, contract, version, kind: "source" });
      const bytes = Buffer.from(bundle);
      const entries = [
        { path, bytes },
        { path: source, bytes: Buffer.from(`// ${contract}`) },
      ];
      next(addTargets(current(), entries, [keys.author], NOW_MS));
      return { version, digest: put(bytes), size: bytes.length, target: path, mode: "enforce", from: null };
    },
    publish: (nowMs = NOW_MS) => {
      published += 1;
      const versions = { snapshot: published, timestamp: published };
      const { snapshot, timestamp } = snapshotAndTimestamp(
        new Map([["targets", { version: targets.length, text: current() }]]),
        versions,
        keys.online,
        nowMs,
      );
      return { root: [put(root)], targets: put(current()), snapshot: put(snapshot), timestamp: put(timestamp) };
    },
    sign: (desired, key = keys.online) => ({
      desired,
      keyId: key.keyId,
      signature: signHex(key, canonicalJson(desired)),
    }),
  };
}

export const emptyDocuments: Desired["documents"] = { register: null, people: null, orders: null, zone: null };

export function desiredOf(
  metadata: Desired["metadata"],
  contracts: Desired["contracts"],
  generation = 1,
  documents = emptyDocuments,
): Desired {
  return { node: "Pen-1", generation, contracts, documents, metadata };
}

/** Any metadata, signed by any key: what a thief of one key can make. */
export function forged(
  role: "timestamp" | "snapshot" | "targets",
  version: number,
  more: Parameters<typeof makeMetadata>[3],
  key: SigningKey,
  expiresMs = NOW_MS + 86_400_000,
): string {
  return signedText(makeMetadata(role, version, tufInstant(expiresMs), more), key);
}

export const metaOf = (version: number, content: string) => ({
  version,
  length: Buffer.byteLength(content),
  hashes: { sha256: createHash("sha256").update(content).digest("hex") },
});
