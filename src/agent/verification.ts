import { createHash } from "node:crypto";
import * as tufErrors from "tuf-js/dist/error.js";
import { TrustedMetadataStore } from "tuf-js/dist/store.js";
import { assert } from "../base/assert.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { verifyHex } from "../disk/key-file.ts";
import type { Digest } from "../model/ids.ts";
import { MAX_BLOB_BYTES } from "../model/limits.ts";
import type { Desired, RejectionReason, SignedDesired } from "../model/message.ts";
import { type Rejection, rejection } from "./rejection.ts";

/**
 * The one file that knows TUF: it drives tuf-js's synchronous store over the received bytes at a reference time that the
 * caller names. There is no way to leave a check out. Source: distribution.md "Trust", TUF 1.0.34 section 5.
 */

/** The bytes with a digest, or undefined where they are not there. Callers need not have checked the digest. */
export type BytesOf = (digest: Digest) => Uint8Array | undefined;

/** Versions and digests of the metadata a set rests on: the mark below which nothing is accepted again. */
export interface MetadataMark {
  readonly root: MarkedVersion;
  readonly timestamp: MarkedVersion;
  readonly snapshot: MarkedVersion;
  readonly targets: MarkedVersion;
}

export interface MarkedVersion {
  readonly version: number;
  readonly digest: Digest;
}

/** What targets metadata says of one file. */
export interface ProvenTarget {
  readonly length: number;
  /** 64 hex digits. */
  readonly sha256: string;
  /** The author's word in the signed metadata, `deprecated` once a version is retired. */
  readonly status: string | null;
}

export interface VerifiedMetadata {
  readonly mark: MetadataMark;
  readonly target: (path: string) => ProvenTarget | undefined;
  /** Public keys, hex, that may sign desired sets and time: the timestamp role's in the verified root. */
  readonly onlineKeys: ReadonlyMap<string, string>;
}

export interface MetadataToVerify {
  /** What enrolment gave. */
  readonly enrolledRoot: Uint8Array;
  readonly digests: Desired["metadata"];
  readonly bytesOf: BytesOf;
  /** Epoch milliseconds that expiry is judged at. */
  readonly atMs: number;
  /** Of the last accepted set; null before the first. */
  readonly mark: MetadataMark | null;
}

const MAX_METADATA_VERSION = 2 ** 31 - 1;
const MAX_ROOT_ROTATIONS = 256;

export const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/**
 * Root chain from the enrolled root, timestamp, snapshot, targets: signatures, thresholds, versions, expiry and hashes.
 * Nothing is kept and nothing is changed, whatever the answer.
 */
export function verifyMetadata(request: MetadataToVerify): Result<VerifiedMetadata, Rejection> {
  try {
    return ok(walkMetadata(request));
  } catch (error) {
    if (error instanceof Refused) return fail(error.rejection);
    return fail(rejectionOf(error, "metadata"));
  }
}

/** Carries a refusal out of the walk; never leaves this file. */
class Refused extends Error {
  readonly rejection: Rejection;
  constructor(reason: RejectionReason, detail: string) {
    super(detail);
    this.rejection = rejection(reason, detail);
  }
}

function walkMetadata(request: MetadataToVerify): VerifiedMetadata {
  const { digests, bytesOf, atMs, mark } = request;
  const store = during("enrolled root", () => openStore(request.enrolledRoot, atMs));
  const root = walkRoots(store, request);
  const timestamp = fetchSigned(bytesOf, digests.timestamp, "timestamp");
  during("timestamp", () => store.updateTimestamp(timestamp));
  const snapshot = fetchSigned(bytesOf, digests.snapshot, "snapshot");
  during("snapshot", () => store.updateSnapshot(snapshot));
  const targets = fetchSigned(bytesOf, digests.targets, "targets");
  during("targets", () => store.updateDelegatedTargets(targets, "targets", "root"));
  const signed = store.targets?.signed;
  assert(signed !== undefined && store.timestamp !== undefined && store.snapshot !== undefined, "the walk is complete");
  const reached: MetadataMark = {
    root,
    timestamp: { version: store.timestamp.signed.version, digest: digests.timestamp },
    snapshot: { version: store.snapshot.signed.version, digest: digests.snapshot },
    targets: { version: signed.version, digest: digests.targets },
  };
  if (mark !== null) refuseRegression(reached, mark);
  return {
    mark: reached,
    onlineKeys: onlineKeysOf(store),
    target: (path) => {
      const file = Object.hasOwn(signed.targets, path) ? signed.targets[path] : undefined;
      const sha256 = file?.hashes["sha256"];
      if (file === undefined || sha256 === undefined) return undefined;
      const status = file.custom["status"];
      return { length: file.length, sha256, status: typeof status === "string" ? status : null };
    },
  };
}

function openStore(root: Uint8Array, atMs: number): TrustedMetadataStore {
  const store = new TrustedMetadataStore(Buffer.from(root));
  // The store has no argument for it, and takes the wall clock; the exact pin of tuf-js makes this safe.
  assert(Reflect.get(store, "referenceTime") instanceof Date, "tuf-js keeps its reference time where we set it");
  Reflect.set(store, "referenceTime", new Date(atMs));
  return store;
}

/** Goes up root by root; one that is already passed must be the one we know. Answers where it ended. */
function walkRoots(store: TrustedMetadataStore, request: MetadataToVerify): MarkedVersion {
  let reached: MarkedVersion = { version: store.root.signed.version, digest: digestOf(request.enrolledRoot) };
  if (request.digests.root.length > MAX_ROOT_ROTATIONS)
    throw new Refused("format-unsupported", "too many root versions");
  for (const digest of request.digests.root) {
    const bytes = fetchSigned(request.bytesOf, digest, "root");
    const version = versionOf(bytes);
    if (version < reached.version) continue;
    if (version === reached.version) {
      if (digest !== reached.digest)
        throw new Refused("content-mismatch", `root version ${version} is not the one this node knows`);
      continue;
    }
    during("root", () => store.updateRoot(bytes));
    reached = { version: store.root.signed.version, digest };
  }
  return reached;
}

/** The bytes of one document: those of its digest, signed by somebody, and of a plausible version. */
function fetchSigned(bytesOf: BytesOf, digest: Digest, name: string): Buffer {
  const bytes = bytesOf(digest);
  if (bytes === undefined) throw new Refused("metadata-mismatch", `${name}: the bytes of ${digest} are not there`);
  if (bytes.length > MAX_BLOB_BYTES)
    throw new Refused("format-unsupported", `${name}: ${bytes.length} bytes are too many`);
  if (digestOf(bytes) !== digest) throw new Refused("digest-mismatch", `${name}: the bytes are not those of ${digest}`);
  const document = parseJson(bytes, name);
  const { signatures } = document;
  const present = Array.isArray(signatures) ? signatures.filter(isSignature) : [];
  if (present.length === 0) throw new Refused("signature-missing", `${name}: carries no signature`);
  if (versionOf(bytes) > MAX_METADATA_VERSION) throw new Refused("format-unsupported", `${name}: version out of range`);
  return Buffer.from(bytes);
}

const isSignature = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { sig?: unknown }).sig === "string" &&
  (value as { sig: string }).sig !== "";

function versionOf(bytes: Uint8Array): number {
  const { signed } = parseJson(bytes, "metadata");
  const version = typeof signed === "object" && signed !== null ? (signed as { version?: unknown }).version : undefined;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
    throw new Refused("format-unsupported", "metadata without a version");
  return version;
}

function parseJson(bytes: Uint8Array, name: string): { readonly [key: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Refused("format-unsupported", `${name}: is no JSON`);
  }
  if (typeof value !== "object" || value === null)
    throw new Refused("format-unsupported", `${name}: is no JSON object`);
  return value as { readonly [key: string]: unknown };
}

function refuseRegression(reached: MetadataMark, mark: MetadataMark): void {
  for (const role of ["root", "timestamp", "snapshot", "targets"] as const) {
    const now = reached[role];
    const before = mark[role];
    if (now.version < before.version)
      throw new Refused(
        "version-regression",
        `${role} version ${now.version} is older than ${before.version}, which this node accepted`,
      );
    if (now.version === before.version && now.digest !== before.digest)
      throw new Refused("content-mismatch", `${role} version ${now.version} was accepted with other content`);
  }
}

function onlineKeysOf(store: TrustedMetadataStore): ReadonlyMap<string, string> {
  const { keys, roles } = store.root.signed;
  const online = new Map<string, string>();
  for (const keyId of roles["timestamp"]?.keyIDs ?? []) {
    const hex = keys[keyId]?.keyVal["public"];
    if (hex !== undefined) online.set(keyId, hex);
  }
  return online;
}

/** The online keys of a root that is trusted as it is: what a node has before its first set. */
export function onlineKeysOfRoot(root: Uint8Array): ReadonlyMap<string, string> {
  return onlineKeysOf(new TrustedMetadataStore(Buffer.from(root)));
}

function during<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { reason, detail } = rejectionOf(error, name);
    throw new Refused(reason, detail);
  }
}

/** What tuf-js throws, as a word of the closed list. Its classes tell most; signatures are counted in its text only. */
function rejectionOf(error: unknown, name: string): Rejection {
  const text = error instanceof Error ? error.message : String(error);
  const detail = `${name}: ${text}`;
  if (error instanceof tufErrors.ExpiredMetadataError) return rejection("expired", detail);
  if (error instanceof tufErrors.BadVersionError) return rejection("metadata-mismatch", detail);
  const className = error instanceof Error ? error.constructor.name : "";
  if (className === "LengthOrHashMismatchError") return rejection("metadata-mismatch", detail);
  if (className === "UnsignedMetadataError") {
    const counted = /signed by (\d+)\/(\d+) keys/.exec(text);
    return rejection(counted !== null && Number(counted[1]) > 0 ? "threshold" : "signature-invalid", detail);
  }
  if (error instanceof tufErrors.RepositoryError) return rejection("metadata-mismatch", detail);
  return rejection("format-unsupported", detail);
}

/** Whether the desired set was signed by one of the online keys; the same for every other thing the hub signs. */
export function verifyDesiredSignature(
  signed: SignedDesired,
  onlineKeys: ReadonlyMap<string, string>,
): Rejection | undefined {
  if (signed.signature === "") return rejection("signature-missing", "the desired set carries no signature");
  const publicHex = onlineKeys.get(signed.keyId);
  if (publicHex === undefined)
    return rejection(
      "signature-invalid",
      `the desired set is signed by ${signed.keyId}, which is no online key of the root`,
    );
  return verifyHex(publicHex, canonicalJson(signed.desired), signed.signature)
    ? undefined
    : rejection("signature-invalid", "the signature of the desired set does not hold");
}

/** A file against what targets metadata says of it. */
export function verifyTarget(metadata: VerifiedMetadata, path: string, bytes: Uint8Array): Rejection | undefined {
  const proven = metadata.target(path);
  if (proven === undefined) return rejection("metadata-mismatch", `${path} is not listed in the signed targets`);
  if (bytes.length !== proven.length || digestOf(bytes) !== `sha256:${proven.sha256}`)
    return rejection("digest-mismatch", `${path}: the bytes are not those the author signed`);
  return undefined;
}
