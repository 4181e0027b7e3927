import { createHash } from "node:crypto";
import {
  Metadata,
  MetadataKind,
  type Root,
  Signature,
  type Snapshot,
  type Targets,
  type Timestamp,
} from "@tufjs/models";
import { printUtc } from "../../base/civil-time.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { parsePlainJson } from "../../base/strict-json.ts";
import { isPublicHex, keyIdOf, type SigningKey, signHex } from "../../disk/key-file.ts";
import type { Digest } from "../../model/ids.ts";

/** TUF metadata as text. Source: TUF 1.0.34; `@tufjs/models` reads, prints and signs it. */

export interface SignedOf {
  readonly root: Root;
  readonly targets: Targets;
  readonly snapshot: Snapshot;
  readonly timestamp: Timestamp;
}
export type TufRole = keyof SignedOf;
export type MetadataOf<R extends TufRole> = Metadata<SignedOf[R]>;
export type TufJson = Parameters<typeof Metadata.fromJSON>[1];

/** How long each role's word holds from its signing, in days. The hub renews what its online key signs. */
export const LIFE_DAYS: { readonly [R in TufRole]: number } = { root: 365, targets: 180, snapshot: 30, timestamp: 1 };
const DAY_MS = 86_400_000;
const SPEC_VERSION = "1.0.31";
const MAX_METADATA_LENGTH = 3 << 20;
const MAX_METADATA_DEPTH = 16;

const read: { readonly [R in TufRole]: (json: TufJson) => MetadataOf<R> } = {
  root: (json) => Metadata.fromJSON(MetadataKind.Root, json),
  targets: (json) => Metadata.fromJSON(MetadataKind.Targets, json),
  snapshot: (json) => Metadata.fromJSON(MetadataKind.Snapshot, json),
  timestamp: (json) => Metadata.fromJSON(MetadataKind.Timestamp, json),
};

/** When metadata signed now expires, as TUF writes it: UTC, whole seconds. */
export const expiryOf = (role: TufRole, nowMs: number): string => tufInstant(nowMs + LIFE_DAYS[role] * DAY_MS);
export const tufInstant = (epochMs: number): string => `${printUtc(Math.floor(epochMs)).slice(0, 19)}Z`;

export const sha256Hex = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");
export const digestOf = (content: string | Uint8Array): Digest => `sha256:${sha256Hex(content)}`;

/** New metadata of a role, not yet signed. */
export const makeMetadata = <R extends TufRole>(
  role: R,
  version: number,
  expires: string,
  more: TufJson,
): MetadataOf<R> =>
  read[role]({ signed: { _type: role, spec_version: SPEC_VERSION, version, expires, ...more }, signatures: [] });

/** Puts one more signature on it and prints it. */
export function signedText<R extends TufRole>(metadata: MetadataOf<R>, key: SigningKey): string {
  metadata.sign((bytes) => new Signature({ keyID: key.keyId, sig: signHex(key, bytes) }));
  return JSON.stringify(metadata.toJSON());
}

/** Signed by each of them. */
export function signedBy<R extends TufRole>(metadata: MetadataOf<R>, keys: readonly SigningKey[]): string {
  for (const key of keys) signedText(metadata, key);
  return JSON.stringify(metadata.toJSON());
}

const SIGNATURE = /^[0-9a-f]{128}$/;
const EXPIRES = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const MAX_VERSION = 2 ** 31 - 1;

/**
 * Reads metadata in the one spelling that we write: a text that parses to the same thing but is spelt otherwise (white space,
 * doubled keys, upper-case signatures) is refused, so that no two readers see two things in it. Checks no signature.
 * The error is a sentence without its subject: "is no JSON".
 */
export function readMetadata<R extends TufRole>(role: R, text: string): Result<MetadataOf<R>, string> {
  const json = parsePlainJson(text, { maxLength: MAX_METADATA_LENGTH, maxDepth: MAX_METADATA_DEPTH });
  if (!json.ok) return fail(`is no JSON we take: ${json.error.message} in line ${json.error.line}`);
  if (typeof json.value !== "object" || json.value === null || Array.isArray(json.value))
    return fail("is no JSON object");
  let metadata: MetadataOf<R>;
  try {
    metadata = read[role](json.value as TufJson);
  } catch (error) {
    return fail(`is no ${role} metadata: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { version, expires } = metadata.signed;
  if (!Number.isInteger(version) || version < 1 || version > MAX_VERSION) return fail("has no usable version");
  if (!EXPIRES.test(expires)) return fail("has no expiry date in UTC and whole seconds");
  for (const { sig } of Object.values(metadata.signatures))
    if (!SIGNATURE.test(sig)) return fail("has a malformed signature");
  if (JSON.stringify(metadata.toJSON()) !== text) return fail("is not spelt as metadata is written");
  const key = wrongKey(keysListed(metadata));
  return key === undefined ? ok(metadata) : fail(`lists a key under an id that is not its own: ${key}`);
}

/** The keys that a root or a delegation names. */
function keysListed(metadata: MetadataOf<TufRole>): Root["keys"] {
  const { signed } = metadata;
  if (signed.type === MetadataKind.Root) return (signed as Root).keys;
  return signed.type === MetadataKind.Targets ? ((signed as Targets).delegations?.keys ?? {}) : {};
}

/** One key under two ids would count twice towards a threshold. */
const wrongKey = (keys: Root["keys"]): string | undefined =>
  Object.entries(keys).find(([id, key]) => {
    const publicHex = key.keyVal["public"];
    return key.keyType !== "ed25519" || !isPublicHex(publicHex) || keyIdOf(publicHex) !== id;
  })?.[0];

export type SignatureFault = "signature-missing" | "signature-invalid" | "threshold";

/** Whoever says who signs: a root for the top-level roles, targets for those they delegate to. */
export type Delegator = MetadataOf<"root"> | MetadataOf<"targets">;

const askedFor = (delegator: Delegator, role: string): { keyIDs: string[]; threshold: number } | undefined => {
  const { signed } = delegator;
  return signed.type === MetadataKind.Root
    ? (signed as Root).roles[role]
    : (signed as Targets).delegations?.roles?.[role];
};

/** Whether the keys that `delegator` names for `role`, as many as its threshold asks, signed `metadata`; null where they did. */
export function signatureFault(
  delegator: Delegator,
  role: string,
  metadata: MetadataOf<TufRole>,
): { readonly code: SignatureFault; readonly message: string } | null {
  const asked = askedFor(delegator, role);
  const present = asked?.keyIDs.filter((id) => metadata.signatures[id] !== undefined).length ?? 0;
  if (asked === undefined || present === 0)
    return { code: "signature-missing", message: `carries no signature of a key that is named for ${role}` };
  if (present < asked.threshold)
    return { code: "threshold", message: `is signed by ${present} of ${asked.threshold} signers of ${role}` };
  try {
    delegator.verifyDelegate(role, metadata as Metadata<Root | Targets | Snapshot | Timestamp>);
    return null;
  } catch {
    return { code: "signature-invalid", message: `its signature for ${role} does not hold` };
  }
}
