import { canonicalJson } from "../base/canonical-json.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Bundle } from "../model/bundle.ts";
import type { OrdersDocument, PeopleDocument, StationRegister } from "../model/documents.ts";
import { type ContractId, compareVersions, type Digest, isContractId, type Version } from "../model/ids.ts";
import type { Desired, DesiredContract, SignedDesired } from "../model/message.ts";
import type { ZoneTransitions } from "../model/zone.ts";
import type { LoadedBundle } from "../runtime/index.ts";
import { type Assignments, isLoosening, readAssignments, refuseUnassigned } from "./assignment.ts";
import { parseOrders, parsePeople, parseRegister, parseZone } from "./node-documents.ts";
import type { AcceptedSet } from "./node-state.ts";
import { type Rejection, rejection } from "./rejection.ts";
import {
  type BytesOf,
  type MetadataMark,
  type ProvenTarget,
  type VerifiedMetadata,
  verifyDesiredSignature,
  verifyMetadata,
  verifyTarget,
} from "./verification.ts";

/** A desired set, every part of it verified: what a node may decide by. */
export interface ReleaseSet {
  readonly signed: SignedDesired;
  readonly mark: MetadataMark;
  /** Until then, epoch milliseconds, the hub vouches for it. What is in force stays so afterwards. */
  readonly freshUntilMs: number;
  readonly onlineKeys: ReadonlyMap<string, string>;
  readonly contracts: readonly VerifiedRelease[];
  /** Versions that are tried beside them, each as well proven. */
  readonly shadows: readonly VerifiedRelease[];
  /** Those that are not, and why: what has no say refuses nothing. */
  readonly shadowFaults: readonly ShadowFault[];
  /** What its signers let be taken from this node. */
  readonly assignments: Assignments;
  readonly register: StationRegister | null;
  readonly people: PeopleDocument | null;
  readonly orders: OrdersDocument | null;
  readonly zone: ZoneTransitions | null;
}

export interface ShadowFault extends Rejection {
  readonly contract: ContractId;
}

export interface VerifiedRelease {
  readonly contract: ContractId;
  readonly version: Version;
  readonly digest: Digest;
  readonly mode: DesiredContract["mode"];
  readonly from: string | null;
  /** Its signers' word on nodes without signed time. */
  readonly offline: "accept" | "strict";
  readonly bundle: Bundle;
  /** As the runtime's guard let it in. */
  readonly loaded: LoadedBundle;
}

/** What the runtime says of a bundle. Given, so that the order of the checks can be tested without one. */
export interface BundleCheck {
  /** The guard: refuses whatever is no bundle that permits only. Answers the sentence why. */
  readonly load: (bytes: Uint8Array) => Result<LoadedBundle, string>;
  /** The contract's own tests on this node's runtime; the failures, in sentences. */
  readonly selfTest: (bundle: LoadedBundle, zone: ZoneTransitions | null) => Promise<readonly string[]>;
}

export interface SetToVerify {
  readonly node: string;
  readonly signed: SignedDesired;
  readonly enrolledRoot: Uint8Array;
  readonly bytesOf: BytesOf;
  readonly atMs: number;
  /** What is active; null at the first set, and when the active set itself is verified again. */
  readonly active: AcceptedSet | null;
  /** The set whose contracts are in force, where that is not the active one: it waits for its hour. */
  readonly enforced?: Desired | null | undefined;
  readonly check: BundleCheck;
}

/**
 * Everything a desired set must satisfy, in this order: metadata, the hub's signature, audience, generation, assignment,
 * documents, the author's signature over each bundle, the runtime's guard. The first refusal ends it. Self-tests come after.
 */
export function verifySet(request: SetToVerify): Result<ReleaseSet, Rejection> {
  const { signed, active, bytesOf } = request;
  const metadata = verifyMetadata({
    enrolledRoot: request.enrolledRoot,
    digests: signed.desired.metadata,
    bytesOf,
    atMs: request.atMs,
    mark: active?.mark ?? null,
  });
  if (!metadata.ok) return metadata;
  const refused =
    verifyDesiredSignature(signed, metadata.value.onlineKeys) ??
    refuseAudience(signed.desired, request.node) ??
    refuseGeneration(signed, active);
  if (refused !== undefined) return fail(refused);
  const assignments = readAssignments(signed.desired, metadata.value, bytesOf);
  if (!assignments.ok) return assignments;
  const unassigned = refuseUnassigned(signed.desired, enforcedIn(request), assignments.value);
  if (unassigned !== undefined) return fail(unassigned);
  const documents = readDocuments(request);
  if (!documents.ok) return documents;
  const contracts: VerifiedRelease[] = [];
  for (const [contract, wanted] of Object.entries(signed.desired.contracts)) {
    const release = verifyRelease(contract, wanted, metadata.value, request);
    if (!release.ok) return release;
    contracts.push(release.value);
  }
  const shadows: VerifiedRelease[] = [];
  const shadowFaults: ShadowFault[] = [];
  for (const [contract, wanted] of Object.entries(signed.desired.shadows ?? {})) {
    const release =
      wanted.mode === "shadow"
        ? verifyRelease(contract, wanted, metadata.value, request)
        : fail(
            rejection("metadata-mismatch", `${contract}@${wanted.version}: among the tried ones, and to be enforced`),
          );
    if (release.ok) shadows.push(release.value);
    else shadowFaults.push({ ...release.error, contract });
  }
  const { mark, onlineKeys, freshUntilMs } = metadata.value;
  return ok({
    signed,
    mark: mark(),
    onlineKeys,
    freshUntilMs,
    contracts,
    shadows,
    shadowFaults,
    assignments: assignments.value,
    ...documents.value,
  });
}

const enforcedIn = ({ active, enforced }: SetToVerify): Desired | null =>
  enforced === undefined ? (active?.signed.desired ?? null) : enforced;

/** Each contract's own tests; the first contract that fails refuses the set. */
export async function selfTestSet(set: ReleaseSet, check: BundleCheck): Promise<Rejection | undefined> {
  for (const { contract, version, loaded } of set.contracts) {
    const failures = await check.selfTest(loaded, set.zone);
    if (failures.length > 0) return rejection("selftest-failed", `${contract}@${version}: ${failures.join("; ")}`);
  }
  return undefined;
}

/** The same of the tried ones; those that fail are left out. */
export async function selfTestShadows(set: ReleaseSet, check: BundleCheck): Promise<ReleaseSet> {
  const shadows: VerifiedRelease[] = [];
  const shadowFaults = [...set.shadowFaults];
  for (const release of set.shadows) {
    const failures = await check.selfTest(release.loaded, set.zone);
    if (failures.length === 0) shadows.push(release);
    else shadowFaults.push({ ...rejection("selftest-failed", failures.join("; ")), contract: release.contract });
  }
  return { ...set, shadows, shadowFaults };
}

function refuseAudience(desired: Desired, node: string): Rejection | undefined {
  return desired.node === node
    ? undefined
    : rejection("wrong-audience", `the desired set is for node ${desired.node}, this is ${node}`);
}

/** Higher is taken; the same again is fine only with the same content; lower never. */
function refuseGeneration({ desired }: SignedDesired, active: AcceptedSet | null): Rejection | undefined {
  if (active === null) return undefined;
  const before = active.signed.desired;
  if (desired.generation < before.generation)
    return rejection("version-regression", `generation ${desired.generation} is older than ${before.generation}`);
  if (desired.generation === before.generation && canonicalJson(desired) !== canonicalJson(before))
    return rejection("content-mismatch", `generation ${desired.generation} was accepted with other content`);
  return undefined;
}

const TARGET = /^[a-z][a-z0-9-]*\/maintenance-contracts\/(v\d+\.\d+)\/([A-Z0-9-]+)\.bundle\.json$/;

function verifyRelease(
  contract: ContractId,
  wanted: DesiredContract,
  metadata: VerifiedMetadata,
  request: SetToVerify,
): Result<VerifiedRelease, Rejection> {
  const { bytesOf, check } = request;
  const name = `${contract}@${wanted.version}`;
  const [, version, id] = TARGET.exec(wanted.target) ?? [];
  if (!isContractId(contract) || id !== contract || version !== wanted.version)
    return fail(rejection("metadata-mismatch", `${name}: ${wanted.target} is not where that version lies`));
  const bytes = bytesOf(wanted.digest);
  if (bytes === undefined)
    return fail(rejection("digest-mismatch", `${name}: the bytes of ${wanted.digest} are not there`));
  const proven = verifyTarget(metadata, wanted.target, bytes);
  if (!proven.ok) return proven;
  const enforced = enforcedIn(request)?.contracts[contract];
  const loosens = refuseLoosening(name, proven.value, enforced !== undefined && isLater(wanted, enforced));
  if (loosens !== undefined) return fail(loosens);
  const loaded = check.load(bytes);
  if (!loaded.ok) return fail(rejection("bundle-invalid", `${name}: ${loaded.error}`));
  const { bundle } = loaded.value;
  if (bundle.contract !== contract)
    return fail(rejection("bundle-invalid", `${name}: the bundle is of ${bundle.contract}`));
  const { digest, mode, from } = wanted;
  const offline = proven.value.custom["offline"] === "strict" ? "strict" : "accept";
  return ok({ contract, version: wanted.version, digest, mode, from, offline, bundle, loaded: loaded.value });
}

/** A version after one that is enforced here: its signers cannot say that there was none. */
const isLater = (wanted: DesiredContract, enforced: DesiredContract): boolean =>
  enforced.mode === "enforce" && compareVersions(wanted.version, enforced.version) > 0;

/** What its signers say a release does to the version before it. Whatever loosens is signed by two people, in a role for it. */
function refuseLoosening(name: string, proven: ProvenTarget, later: boolean): Rejection | undefined {
  const { role, custom } = proven;
  const { direction } = custom;
  if (isLoosening(proven)) return undefined;
  if (direction === "loosens" || direction === "both")
    return rejection("threshold", `${name}: it loosens, and ${role} is no role of two signers`);
  if (direction === "first" && later)
    return rejection("threshold", `${name}: ${role} says that it is the first version, and one is enforced here`);
  if (role !== "targets" && direction !== "first" && direction !== "same" && direction !== "tightens")
    return rejection("format-unsupported", `${name}: ${role} does not say what it does to the version before`);
  return undefined;
}

type Documents = Pick<ReleaseSet, "register" | "people" | "orders" | "zone">;

function readDocuments({ signed, bytesOf, node }: SetToVerify): Result<Documents, Rejection> {
  const { documents } = signed.desired;
  const read = <T>(name: string, digest: Digest | null, parse: (bytes: Uint8Array) => Result<T, string>) => {
    if (digest === null) return ok(null);
    const bytes = bytesOf(digest);
    if (bytes === undefined) return fail(rejection("digest-mismatch", `${name}: the bytes of ${digest} are not there`));
    const parsed = parse(bytes);
    return parsed.ok ? parsed : fail(rejection("format-unsupported", `${name}: ${parsed.error}`));
  };
  const register = read("station register", documents.register, parseRegister);
  if (!register.ok) return register;
  if (register.value !== null && register.value.node !== node)
    return fail(
      rejection("wrong-audience", `the station register is for node ${register.value.node}, this is ${node}`),
    );
  const people = read("people", documents.people, parsePeople);
  if (!people.ok) return people;
  const orders = read("orders", documents.orders, parseOrders);
  if (!orders.ok) return orders;
  const zone = read("zone", documents.zone, parseZone);
  if (!zone.ok) return zone;
  if (zone.value !== null && register.value !== null && zone.value.zone !== register.value.plantZone)
    return fail(
      rejection("metadata-mismatch", `the zone is ${zone.value.zone}, the station's is ${register.value.plantZone}`),
    );
  return ok({ register: register.value, people: people.value, orders: orders.value, zone: zone.value });
}
