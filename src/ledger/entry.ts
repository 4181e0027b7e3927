import { hash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Digest } from "../model/ids.ts";
import type { LedgerEntry } from "../model/ledger-entry.ts";

/** Where a ledger stands: how many entries, and the hash of the last one. */
export interface LedgerHead {
  readonly size: number;
  readonly hash: Digest;
}

/**
 * The bytes that are stored, hashed and the leaves of the Merkle tree: RFC 8785 JSON in UTF-8. The members are known, so they
 * are written in their order and not sorted each time.
 * @throws TypeError when the entry holds what JSON cannot
 */
export const entryBytes = (entry: LedgerEntry): Uint8Array => Buffer.from(entryText(entry));

/** The same as text. */
export function entryText(entry: LedgerEntry): string {
  const { action, action_type, details, metadata, previous_hash, seq, smart_id, target, time, timeSource, user_id } =
    entry;
  const said = `"action":${canonicalJson(action)},"action_type":${canonicalJson(action_type)},"details":${canonicalJson(details)}`;
  const chained = `"metadata":${canonicalJson(metadata)},"previous_hash":${canonicalJson(previous_hash)},"seq":${canonicalJson(seq)}`;
  const what = `"smart_id":${canonicalJson(smart_id)},"target":${canonicalJson(target)},"time":${canonicalJson(time)}`;
  const who = `"timeSource":${canonicalJson(timeSource)},"user_id":${canonicalJson(user_id)}`;
  return `{${said},${chained},${what},${who}}`;
}

/** `sha256:` and hex, always over the stored bytes, never over a value that was parsed and printed again. */
export const entryHash = (bytes: Uint8Array): Digest => `sha256:${hash("sha256", bytes, "hex")}`;

/** Before the first entry: the hash of nothing, which is also the root of an empty RFC 6962 tree. */
export const EMPTY_HEAD: LedgerHead = { size: 0, hash: entryHash(new Uint8Array(0)) };
