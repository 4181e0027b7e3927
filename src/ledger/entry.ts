import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Digest } from "../model/ids.ts";
import type { LedgerEntry } from "../model/ledger-entry.ts";

/** Where a ledger stands: how many entries, and the hash of the last one. */
export interface LedgerHead {
  readonly size: number;
  readonly hash: Digest;
}

const encoder = new TextEncoder();

/** The bytes that are stored, hashed and later become the leaves of a Merkle tree: RFC 8785 JSON in UTF-8. */
export const entryBytes = (entry: LedgerEntry): Uint8Array => encoder.encode(canonicalJson(entry));

/** `sha256:` and hex, always over the stored bytes, never over a value that was parsed and printed again. */
export const entryHash = (bytes: Uint8Array): Digest => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Before the first entry: the hash of nothing, which is also the root of an empty RFC 6962 tree. */
export const EMPTY_HEAD: LedgerHead = { size: 0, hash: entryHash(new Uint8Array(0)) };
