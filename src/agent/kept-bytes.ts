import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";
import { makeFolder, removeFile, writeAtomically } from "../disk/atomic-write.ts";
import { type Digest, isDigest } from "../model/ids.ts";
import { type Rejection, rejection } from "./rejection.ts";
import { digestOf } from "./verification.ts";

/** Received bytes by digest, one file each, written so that a crash leaves none half. */
export interface KeptBytes {
  /** The bytes, only where they still are those of their digest. */
  readonly read: (digest: Digest) => Uint8Array | undefined;
  /** Durable when it answers; refuses bytes of another digest, and says `disk` where the disk does. */
  readonly write: (digest: Digest, bytes: Uint8Array) => Result<void, Rejection>;
  readonly list: () => readonly Digest[];
  /** Removes all but these. */
  readonly prune: (wanted: ReadonlySet<Digest>) => void;
}

const HEX = /^[0-9a-f]{64}$/;

export function openKeptBytes(folder: string): KeptBytes {
  makeFolder(folder);
  const pathOf = (digest: Digest): string => join(folder, digest.slice("sha256:".length));
  return {
    read: (digest) => {
      if (!isDigest(digest) || !existsSync(pathOf(digest))) return undefined;
      const bytes = readFileSync(pathOf(digest));
      return digestOf(bytes) === digest ? bytes : undefined;
    },
    write: (digest, bytes) => {
      if (!isDigest(digest) || digestOf(bytes) !== digest)
        return fail(rejection("digest-mismatch", `the bytes that came are not those of ${digest}`));
      try {
        // Not write-once: a file whose bytes went bad on the disk is to be replaced by the good ones.
        writeAtomically(pathOf(digest), bytes);
        return ok(undefined);
      } catch (error) {
        return fail(
          rejection("disk", `${digest} could not be kept: ${error instanceof Error ? error.message : error}`),
        );
      }
    },
    list: () =>
      readdirSync(folder)
        .filter((name) => HEX.test(name))
        .map((name) => `sha256:${name}`),
    prune: (wanted) => {
      for (const name of readdirSync(folder)) {
        if (!wanted.has(`sha256:${name}`)) removeFile(join(folder, name));
      }
    },
  };
}
