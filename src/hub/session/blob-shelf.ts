import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { assert } from "../../base/assert.ts";
import type { Digest } from "../../model/ids.ts";
import { MAX_BLOB_BYTES } from "../../model/limits.ts";
import { binaryFrame } from "./server-frame.ts";

/**
 * Everything a desired set may name, by content. A blob is hashed and compressed once for all nodes. Nothing here is the
 * only copy: the shelf is filled again from PolicyCentral and hub.db at every start.
 */
export interface BlobShelf {
  readonly put: (bytes: Uint8Array) => Digest;
  /**
   * The binary message as it goes over the wire: its header, 32-byte digest, then gzip; undefined for a digest that was never put.
   */
  readonly frame: (digest: Digest) => Uint8Array | undefined;
  /** As they are. */
  readonly bytes: (digest: Digest) => Uint8Array | undefined;
}

/** `stored` answers what PolicyCentral holds: releases and metadata lie there and are not put here. */
export function createBlobShelf(stored: (digest: Digest) => Uint8Array | undefined): BlobShelf {
  const plain = new Map<Digest, Uint8Array>();
  const frames = new Map<Digest, Uint8Array>();
  return {
    put(bytes) {
      assert(bytes.length <= MAX_BLOB_BYTES, "a blob fits into a frame");
      const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      plain.set(digest, bytes);
      return digest;
    },
    bytes: (digest) => plain.get(digest) ?? stored(digest),
    frame(digest) {
      const kept = frames.get(digest);
      if (kept !== undefined) return kept;
      const bytes = plain.get(digest) ?? stored(digest);
      if (bytes === undefined) return undefined;
      const made = binaryFrame([Buffer.from(digest.slice(7), "hex"), gzipSync(bytes)]);
      frames.set(digest, made);
      return made;
    },
  };
}
