import { createHash } from "node:crypto";
import * as tufErrors from "tuf-js/dist/error.js";
import { TrustedMetadataStore } from "tuf-js/dist/store.js";
import { assert } from "../base/assert.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { verifyHex } from "../disk/key-file.ts";
import type { Digest } from "../model/ids.ts";
import { MAX_DELEGATED_ROLES, MAX_ROOT_ROTATIONS } from "../model/limits.ts";
import type { Desired, SignedDesired } from "../model/message.ts";
import { type BytesOf, digestOf, distinctSigners, Refused, readDocument } from "./metadata-document.ts";
import { type Rejection, rejection } from "./rejection.ts";

export { type BytesOf, digestOf } from "./metadata-document.ts";

/**
 * The one file that knows TUF: it drives tuf-js's synchronous store over the received bytes at a reference time that the
 * caller names, in the order of tuf-js's own updater. There is no way to leave a check out. Where it is stricter than that
 * updater, `test/tuf/stricter.ts` lists it. Source: distribution.md "Trust", TUF 1.0.34 section 5.
 */

/** Versions and digests of the metadata a set rests on: the mark below which nothing is accepted again. */
export interface MetadataMark {
  readonly root: MarkedVersion;
  readonly timestamp: MarkedVersion;
  readonly snapshot: MarkedVersion;
  readonly targets: MarkedVersion;
  /** Every delegated role of the snapshot; absent in what was kept before there were any. */
  readonly delegated?: { readonly [role: string]: MarkedDelegation } | undefined;
}

export interface MarkedVersion {
  readonly version: number;
  readonly digest: Digest;
}

export interface MarkedDelegation {
  readonly version: number;
  /** Null where nothing was looked up in the role, so that its bytes were never verified. */
  readonly digest: Digest | null;
}

/** What targets metadata says of one file, and who says it. */
export interface ProvenTarget {
  readonly length: number;
  /** Hex by the names of hash functions; sha256 is among them. */
  readonly hashes: { readonly [algorithm: string]: string };
  /** `targets`, or the delegated role that lists it. */
  readonly role: string;
  /** How many different keys signed that role at the least, or any role between it and the top: the fewest of them. */
  readonly threshold: number;
  /** What the role's signers wrote beside it. */
  readonly custom: { readonly [field: string]: unknown };
}

export interface VerifiedMetadata {
  /** As far as it was looked into: bytes of a delegated role are marked once a file was looked up in it. */
  readonly mark: () => MetadataMark;
  /** Undefined where no role that may list the path does; a role that does not prove itself refuses. */
  readonly target: (path: string) => Result<ProvenTarget | undefined, Rejection>;
  /** When the timestamp expires, epoch milliseconds: until then the hub vouches for this state. */
  readonly freshUntilMs: number;
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

/**
 * Root chain from the enrolled root, timestamp, snapshot, targets: signatures, thresholds, versions, expiry and hashes.
 * Delegated roles follow when a file is looked up. Nothing is kept and nothing is changed, whatever the answer.
 */
export function verifyMetadata(request: MetadataToVerify): Result<VerifiedMetadata, Rejection> {
  return orRefusal("metadata", () => walkMetadata(request));
}

function orRefusal<T>(name: string, work: () => T): Result<T, Rejection> {
  try {
    return ok(during(name, work));
  } catch (error) {
    if (error instanceof Refused) return fail(error.rejection);
    throw error;
  }
}

/** A verification under way. */
interface Walk {
  readonly request: MetadataToVerify;
  readonly store: TrustedMetadataStore;
  /** What the last accepted snapshot says of targets roles; null before the first, and once its keys were rotated away. */
  bound: MetadataMark | null;
  /** Delegated roles whose bytes were verified. */
  readonly loaded: Map<string, MarkedVersion>;
}

function walkMetadata(request: MetadataToVerify): VerifiedMetadata {
  const store = during("enrolled root", () => openStore(request.enrolledRoot, request.atMs));
  const walk: Walk = { request, store, bound: request.mark, loaded: new Map() };
  const root = walkRoots(walk);
  const timestamp = updateTimestamp(walk);
  const snapshot = updateSnapshot(walk);
  const targets = loadRole(walk, "targets", "root");
  assert(store.timestamp !== undefined, "a timestamp was taken");
  const reached = { root, timestamp, snapshot, targets: loadedVersion(walk, "targets", targets) };
  return {
    mark: () => ({ ...reached, delegated: delegatedMarks(walk) }),
    freshUntilMs: Date.parse(store.timestamp.signed.expires),
    onlineKeys: onlineKeysOf(store),
    target: (path) => orRefusal(path, () => searchTarget(walk, path)),
  };
}

function openStore(root: Uint8Array, atMs: number): TrustedMetadataStore {
  const store = new TrustedMetadataStore(Buffer.from(root));
  demandDistinct("root", store.root, store.root);
  // The store has no argument for it, and takes the wall clock; the exact pin of tuf-js makes this safe.
  assert(Reflect.get(store, "referenceTime") instanceof Date, "tuf-js keeps its reference time where we set it");
  Reflect.set(store, "referenceTime", new Date(atMs));
  return store;
}

/** Goes up root by root; one that is already passed must be the one we know. Answers where it ended. */
function walkRoots({ store, request }: Walk): MarkedVersion {
  const { digests, mark } = request;
  let reached: MarkedVersion = { version: store.root.signed.version, digest: digestOf(request.enrolledRoot) };
  if (digests.root.length > MAX_ROOT_ROTATIONS + reached.version)
    throw new Refused("format-unsupported", "too many root versions");
  let listed: number | undefined;
  for (const digest of digests.root) {
    const { bytes, version } = readDocument(request.bytesOf, digest, "root");
    if (listed !== undefined && version <= listed)
      throw new Refused("version-regression", `root version ${version} follows ${listed}`);
    listed = version;
    if (version < reached.version) continue;
    const known = [reached, mark?.root].find((one) => one?.version === version);
    if (known !== undefined && digest !== known.digest)
      throw new Refused("content-mismatch", `root version ${version} is not the one this node knows`);
    if (version === reached.version) continue;
    const before = store.root;
    during("root", () => store.updateRoot(bytes));
    demandDistinct("root", before, store.root);
    demandDistinct("root", store.root, store.root);
    reached = { version, digest };
  }
  if (mark !== null && reached.version < mark.root.version)
    throw new Refused("version-regression", `root version ${reached.version} is older than ${mark.root.version}`);
  return reached;
}

/**
 * The timestamp that was accepted last comes first, as in tuf-js's updater: where the root no longer trusts its keys it binds
 * no more, which is how a repository recovers from versions that a thief ran up. Where its bytes are gone, the mark binds.
 */
function updateTimestamp({ store, request }: Walk): MarkedVersion {
  const { digests, bytesOf, mark } = request;
  const before = mark === null ? undefined : bytesOf(mark.timestamp.digest);
  if (before !== undefined) recall(() => store.updateTimestamp(Buffer.from(before)));
  const { bytes, version } = readDocument(bytesOf, digests.timestamp, "timestamp");
  const again = store.timestamp !== undefined && digests.timestamp === mark?.timestamp.digest;
  if (!again) during("timestamp", () => store.updateTimestamp(bytes));
  assert(store.timestamp !== undefined, "a timestamp was taken");
  demandDistinct("timestamp", store.root, store.timestamp);
  if (mark !== null && before === undefined) {
    refuseOlder("timestamp", { version, digest: digests.timestamp }, mark.timestamp);
    refuseOlder("snapshot", { version: store.timestamp.signed.snapshotMeta.version }, mark.snapshot);
  }
  return { version, digest: digests.timestamp };
}

/** The same for the snapshot, which binds the versions of all targets roles. */
function updateSnapshot(walk: Walk): MarkedVersion {
  const { store, request } = walk;
  const { digests, bytesOf, mark } = request;
  const before = mark === null ? undefined : bytesOf(mark.snapshot.digest);
  if (before !== undefined) recall(() => store.updateSnapshot(Buffer.from(before), true));
  if (before !== undefined && store.snapshot === undefined) walk.bound = null;
  const { bytes, version } = readDocument(bytesOf, digests.snapshot, "snapshot");
  during("snapshot", () => store.updateSnapshot(bytes));
  assert(store.snapshot !== undefined, "a snapshot was taken");
  demandDistinct("snapshot", store.root, store.snapshot);
  const reached = { version, digest: digests.snapshot };
  const { bound } = walk;
  if (bound === null) return reached;
  if (version === bound.snapshot.version) refuseOlder("snapshot", reached, bound.snapshot);
  const { meta } = store.snapshot.signed;
  for (const [role, marked] of Object.entries({ ...bound.delegated, targets: bound.targets })) {
    const listed = Object.hasOwn(meta, `${role}.json`) ? meta[`${role}.json`] : undefined;
    if (listed === undefined) throw new Refused("version-regression", `${role} is in the snapshot no more`);
    refuseOlder(role, listed, { version: marked.version });
  }
  return reached;
}

/** What was accepted before, for the store to compare with; it may have expired, and its keys may be trusted no more. */
function recall(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function refuseOlder(
  name: string,
  now: { readonly version: number; readonly digest?: Digest },
  before: { readonly version: number; readonly digest?: Digest | null },
): void {
  if (now.version < before.version)
    throw new Refused(
      "version-regression",
      `${name} version ${now.version} is older than ${before.version}, which this node accepted`,
    );
  if (now.version === before.version && (now.digest ?? before.digest) !== (before.digest ?? now.digest))
    throw new Refused("content-mismatch", `${name} version ${now.version} was accepted with other content`);
}

type TargetsDocument = NonNullable<TrustedMetadataStore["targets"]>;

/** Preorder, in the order of the delegations, as TUF 5.6.7 says: path patterns, terminating roles, and none twice. */
function searchTarget(walk: Walk, path: string): ProvenTarget | undefined {
  const toVisit: { role: string; parent: string; fewest: number }[] = [
    { role: "targets", parent: "root", fewest: Number.POSITIVE_INFINITY },
  ];
  const visited = new Set<string>();
  while (visited.size <= MAX_DELEGATED_ROLES) {
    const next = toVisit.pop();
    if (next === undefined) return undefined;
    const { role, parent, fewest } = next;
    if (visited.has(role)) continue;
    const { signed } = loadRole(walk, role, parent);
    const file = Object.hasOwn(signed.targets, path) ? signed.targets[path] : undefined;
    if (file?.hashes["sha256"] !== undefined) {
      const { length, hashes, custom } = file;
      return { length, hashes, custom, role, threshold: Math.min(fewest, delegationOf(walk, role, parent).threshold) };
    }
    visited.add(role);
    // A role of one signer that delegates to two keys of his own is still the word of one.
    const through = role === "targets" ? fewest : Math.min(fewest, delegationOf(walk, role, parent).threshold);
    const children: (typeof toVisit)[number][] = [];
    for (const { role: child, terminating } of signed.delegations?.rolesForTarget(path) ?? []) {
      children.push({ role: child, parent: role, fewest: through });
      if (!terminating) continue;
      toVisit.length = 0;
      break;
    }
    toVisit.push(...children.reverse());
  }
  return undefined;
}

/** One targets role, proven by its parent; one that is already there must be proven by this parent too. */
function loadRole(walk: Walk, role: string, parent: string): TargetsDocument {
  const { store, request, loaded } = walk;
  // tuf-js keeps roles in a plain object, where these names are taken.
  if (role in Object.prototype) throw new Refused("format-unsupported", `${role} can be no role's name`);
  const before = store.getRole(role);
  if (before !== undefined) {
    during(role, () => delegatorOf(walk, parent).verifyDelegate(role, before));
  } else {
    const { targets, delegated = {} } = request.digests;
    const digest = role === "targets" ? targets : Object.hasOwn(delegated, role) ? delegated[role] : undefined;
    if (digest === undefined) throw new Refused("metadata-mismatch", `${role}: the set does not name its metadata`);
    const { bytes, version } = readDocument(request.bytesOf, digest, "targets", role);
    during(role, () => store.updateDelegatedTargets(bytes, role, parent));
    const marked = role === "targets" ? walk.bound?.targets : ownMark(walk.bound, role);
    if (marked !== undefined) refuseOlder(role, { version, digest }, marked);
    loaded.set(role, { version, digest });
  }
  const document = store.getRole(role);
  assert(document !== undefined, "the role was taken");
  refuseFewer(role, delegationOf(walk, role, parent), document);
  return document;
}

const ownMark = (mark: MetadataMark | null, role: string): MarkedDelegation | undefined =>
  mark?.delegated !== undefined && Object.hasOwn(mark.delegated, role) ? mark.delegated[role] : undefined;

function delegatorOf({ store }: Walk, parent: string): TargetsDocument | TrustedMetadataStore["root"] {
  const delegator = parent === "root" ? store.root : store.getRole(parent);
  assert(delegator !== undefined, "a parent is loaded before its children");
  return delegator;
}

/** Who may sign a role, as its parent says. */
function delegationOf(walk: Walk, role: string, parent: string): Delegation {
  const { signed } = delegatorOf(walk, parent);
  if ("roles" in signed) return { ...ownRole(signed.roles, role), keys: signed.keys };
  const { delegations } = signed;
  assert(delegations !== undefined, "a parent delegates");
  const { succinctRoles, keys } = delegations;
  if (delegations.roles !== undefined || succinctRoles === undefined)
    return { ...ownRole(delegations.roles ?? {}, role), keys };
  return { keyIDs: succinctRoles.keyIDs, threshold: succinctRoles.threshold, keys };
}

interface RoleKeys {
  readonly keyIDs: readonly string[];
  readonly threshold: number;
}

interface Delegation extends RoleKeys {
  readonly keys: TrustedMetadataStore["root"]["signed"]["keys"];
}

type SignedDocument = Parameters<TrustedMetadataStore["root"]["verifyDelegate"]>[1];

function ownRole(roles: { readonly [name: string]: RoleKeys }, role: string): RoleKeys {
  const found = Object.hasOwn(roles, role) ? roles[role] : undefined;
  assert(found !== undefined, "tuf-js verified the role by this delegation");
  return { keyIDs: found.keyIDs, threshold: found.threshold };
}

/** For the roles that the root names. */
function demandDistinct(
  role: "root" | "timestamp" | "snapshot",
  root: TrustedMetadataStore["root"],
  document: SignedDocument,
): void {
  refuseFewer(role, { ...ownRole(root.signed.roles, role), keys: root.signed.keys }, document);
}

/** tuf-js counted ids; where one signature is enough there is nothing to count again. */
function refuseFewer(name: string, { keyIDs, threshold, keys }: Delegation, document: SignedDocument): void {
  if (threshold === 1) return;
  const signers = distinctSigners(keyIDs, keys, document);
  if (signers < threshold)
    throw new Refused("threshold", `${name}: signed by ${signers} different keys, ${threshold} are needed`);
}

function loadedVersion({ loaded }: Walk, role: string, document: TargetsDocument): MarkedVersion {
  const marked = loaded.get(role);
  assert(marked !== undefined && marked.version === document.signed.version, "what was loaded is marked");
  return marked;
}

/** All roles of the snapshot by version; bytes of those that were verified now, or before in the same version. */
function delegatedMarks({ store, loaded, bound }: Walk): NonNullable<MetadataMark["delegated"]> {
  const marks: [string, MarkedDelegation][] = [];
  for (const [file, { version }] of Object.entries(store.snapshot?.signed.meta ?? {})) {
    const role = file.replace(/\.json$/, "");
    if (role === "targets") continue;
    const before = ownMark(bound, role);
    const kept = before?.version === version ? before.digest : null;
    marks.push([role, { version, digest: loaded.get(role)?.digest ?? kept }]);
  }
  return Object.fromEntries(marks);
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
    if (error instanceof Refused) throw error;
    const { reason, detail } = rejectionOf(error, name);
    throw new Refused(reason, detail);
  }
}

/** What tuf-js throws, as a word of the closed list. Its classes tell most; the rest stands in its text only. */
function rejectionOf(error: unknown, name: string): Rejection {
  const text = error instanceof Error ? error.message : String(error);
  const detail = `${name}: ${text}`;
  if (error instanceof tufErrors.ExpiredMetadataError) return rejection("expired", detail);
  if (error instanceof tufErrors.EqualVersionError) return rejection("content-mismatch", detail);
  // Against what was accepted before; the other versions that can be bad are those that documents say of each other.
  if (/ is less than current version |^Missing file .* in new snapshot$/.test(text))
    return rejection("version-regression", detail);
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

/** Undefined for a function that this machine does not know: what it says cannot be checked. */
function hashOf(algorithm: string, bytes: Uint8Array): string | undefined {
  try {
    return createHash(algorithm).update(bytes).digest("hex");
  } catch {
    return undefined;
  }
}

/** A file against what targets metadata says of it. */
export function verifyTarget(
  metadata: VerifiedMetadata,
  path: string,
  bytes: Uint8Array,
): Result<ProvenTarget, Rejection> {
  const found = metadata.target(path);
  if (!found.ok) return found;
  const proven = found.value;
  if (proven === undefined) return fail(rejection("metadata-mismatch", `${path} is not listed in the signed targets`));
  const same = ([algorithm, hex]: readonly [string, string]): boolean => hashOf(algorithm, bytes) === hex;
  if (bytes.length !== proven.length || !Object.entries(proven.hashes).every(same))
    return fail(rejection("digest-mismatch", `${path}: the bytes are not those the author signed`));
  return ok(proven);
}
