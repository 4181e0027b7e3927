import { TargetFile } from "@tufjs/models";
import { fail, ok, type Result } from "../../base/result.ts";
import { type PublicKey, type SigningKey, tufKeyObject } from "../../disk/key-file.ts";
import type { ContractId, Digest, Version } from "../../model/ids.ts";
import { type AssignmentDocument, assignmentText } from "./assignment.ts";
import {
  expiryOf,
  type MetadataOf,
  makeMetadata,
  readMetadata,
  sha256Hex,
  signedBy,
  signedText,
  type TufJson,
} from "./metadata-text.ts";
import { MAX_TARGETS_A_ROLE, pathsOf, roleName, SIGNERS } from "./role-name.ts";
import { assignmentPath, targetPath } from "./target-path.ts";

/** What people sign with keys that the hub never sees. Pure but for the key handle: no file, no network. */

export interface FirstKeys {
  /** Offline; as many as the threshold asks sign the first root, so that none of its signatures is one too many. */
  readonly roots: readonly SigningKey[];
  readonly rootThreshold: number;
  /** Of the top-level targets, which only delegate. */
  readonly signers: readonly PublicKey[];
  readonly signersThreshold: number;
  /** The hub's online key, for snapshot and timestamp. */
  readonly online: PublicKey;
}

const keysOf = (keys: readonly PublicKey[]) =>
  Object.fromEntries(keys.map(({ keyId, publicHex }) => [keyId, { ...tufKeyObject(publicHex) }]));
const idsOf = (keys: readonly PublicKey[]): string[] => keys.map(({ keyId }) => keyId);

/** `1.root.json`, good for a year. */
export function initialRoot(
  { roots, rootThreshold, signers, signersThreshold, online }: FirstKeys,
  nowMs: number,
): string {
  const roles = {
    root: { keyids: idsOf(roots), threshold: rootThreshold },
    targets: { keyids: idsOf(signers), threshold: signersThreshold },
    snapshot: { keyids: [online.keyId], threshold: 1 },
    timestamp: { keyids: [online.keyId], threshold: 1 },
  };
  const more = { keys: keysOf([...roots, ...signers, online]), roles, consistent_snapshot: true };
  return signedBy(makeMetadata("root", 1, expiryOf("root", nowMs), more), roots.slice(0, rootThreshold));
}

/** `1.targets.json`: no file of its own, and two roles a domain. */
export function initialTargets(signers: readonly SigningKey[], nowMs: number, domains: readonly string[] = []): string {
  const delegations = domains.length === 0 ? {} : { delegations: delegationsTo(domains, signers) };
  return signedBy(makeMetadata("targets", 1, expiryOf("targets", nowMs), { targets: {}, ...delegations }), signers);
}

/** The two roles of each domain, for the same signers. */
export const delegationsTo = (domains: readonly string[], signers: readonly PublicKey[]) => ({
  keys: keysOf(signers),
  roles: domains.flatMap((domain) => [
    delegatedRole(domain, false, 1, signers),
    delegatedRole(domain, true, 1, signers),
  ]),
});

export const delegatedRole = (domain: string, loosening: boolean, part: number, signers: readonly PublicKey[]) => ({
  name: roleName({ domain, loosening, part }),
  keyids: idsOf(signers),
  threshold: loosening ? SIGNERS.loosening : SIGNERS.plain,
  terminating: false,
  paths: [...pathsOf(domain)],
});

/** `1.penetrant.json`: a delegated role that lists nothing yet. */
export const initialRole = (signers: readonly SigningKey[], nowMs: number): string =>
  signedBy(makeMetadata("targets", 1, expiryOf("targets", nowMs), { targets: {} }), signers);

export interface TargetEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Signed with it; what it means is TUF's to carry and ours to say. */
  readonly custom?: TufJson;
}

/**
 * The next metadata of a targets role: everything that was there, and `entries`, signed by `keys`. The caller decides that its
 * base is current. The error is a sentence for the signer.
 */
export function addTargets(
  roleText: string,
  entries: readonly TargetEntry[],
  keys: readonly SigningKey[],
  nowMs: number,
  floor = 0,
): Result<string, string> {
  const current = readMetadata("targets", roleText);
  if (!current.ok) return fail(`the current targets metadata ${current.error}`);
  const listed = current.value.signed.targets;
  const taken = entries.find(({ path }) => Object.hasOwn(listed, path));
  if (taken !== undefined) return fail(`${taken.path} is released already; a stored version never changes`);
  if (Object.keys(listed).length + entries.length > MAX_TARGETS_A_ROLE)
    return fail(
      `the role is full: ${MAX_TARGETS_A_ROLE} files; its signers open the next one with maint keys delegate`,
    );
  return ok(
    successor(current.value, keys, { nowMs, floor }, (next) => {
      for (const { path, bytes, custom } of entries) {
        const unrecognizedFields = custom === undefined ? {} : { custom };
        const hashes = { sha256: sha256Hex(bytes) };
        next.signed.addTarget(new TargetFile({ path, length: bytes.length, hashes, unrecognizedFields }));
      }
    }),
  );
}

/** The same targets, good for another half year. */
export function renewTargets(
  roleText: string,
  keys: readonly SigningKey[],
  nowMs: number,
  floor = 0,
): Result<string, string> {
  const current = readMetadata("targets", roleText);
  if (!current.ok) return fail(`the current targets metadata ${current.error}`);
  return ok(successor(current.value, keys, { nowMs, floor }, () => undefined));
}

/** `floor`: the highest version that nodes have seen, where the hub lost some; signed, so that the gap explains itself. */
function successor(
  current: MetadataOf<"targets">,
  keys: readonly SigningKey[],
  { nowMs, floor }: { readonly nowMs: number; readonly floor: number },
  change: (next: MetadataOf<"targets">) => void,
): string {
  const { _type, spec_version, version, expires, [AFTER]: _, ...rest } = current.signed.toJSON();
  const last = current.signed.version;
  const skipped = floor > last ? { [AFTER]: last } : {};
  const next = makeMetadata("targets", Math.max(last, floor) + 1, expiryOf("targets", nowMs), { ...rest, ...skipped });
  change(next);
  return signedBy(next, keys);
}

/** In metadata that follows a lost one: the version before it that is kept. */
export const AFTER = "x-maint-after";

/** One more signature on a role's metadata: the second person of a release that loosens. */
export const countersign = (roleText: string, key: SigningKey): Result<string, string> => {
  const read = readMetadata("targets", roleText);
  return read.ok ? ok(signedText(read.value, key)) : fail(`the metadata to sign ${read.error}`);
};

/** How a version stands to the one before: what it allows more, or less. */
export const DIRECTIONS = ["first", "same", "tightens", "loosens", "both"] as const;
export type ReleaseDirection = (typeof DIRECTIONS)[number];

/** Whether two people must sign. */
export const needsTwo = (direction: ReleaseDirection): boolean => direction === "loosens" || direction === "both";

/** Signed with a bundle, as its target's `custom`. */
export interface ReleaseMark {
  readonly direction: ReleaseDirection;
  /** Digest of the bundle of the version before; null for a first one. */
  readonly comparedWith: Digest | null;
  /** What a node does that has no attested time. Source: distribution.md "Time". */
  readonly offline: "accept" | "strict";
}

/** What an author hands to the hub. Texts are the exact files, UTF-8. */
export interface ReleaseSubmission {
  readonly domain: string;
  readonly contract: ContractId;
  readonly version: Version;
  readonly text: string;
  readonly bundle: string;
  /** What nodes may be taken back to from this version; null for a first one. */
  readonly assignment: string | null;
  /** The delegated role that lists all of them. */
  readonly role: string;
  /** Its signed metadata. */
  readonly targets: string;
}

/** An assignment alone: what lets a hub take a contract away. */
export interface AssignmentSubmission {
  readonly domain: string;
  readonly contract: ContractId;
  readonly assignment: string;
  readonly role: string;
  readonly targets: string;
}

export interface ReleaseToSign {
  readonly domain: string;
  readonly contract: ContractId;
  readonly version: Version;
  /** The validated `.maint` text. */
  readonly text: string;
  /** What the compiler makes of it, RFC 8785 JSON. */
  readonly bundle: string;
  readonly mark: ReleaseMark;
  readonly assignment: AssignmentDocument | null;
  readonly role: string;
  /** The role's metadata that the hub has now. */
  readonly currentTargets: string;
  /** The highest version of it that nodes have seen, where the hub lost some. */
  readonly floor?: number;
  readonly keys: readonly SigningKey[];
  readonly nowMs: number;
}

/** The author's whole step: from a validated text and its bundle to what the hub is asked to store. */
export function prepareRelease(release: ReleaseToSign): Result<ReleaseSubmission, string> {
  const { domain, contract, version, text, bundle, role, currentTargets, keys, nowMs } = release;
  const name = { domain, contract, version };
  const assignment = release.assignment === null ? null : assignmentText(release.assignment);
  const entries: TargetEntry[] = [
    { path: targetPath({ ...name, kind: "source" }), bytes: Buffer.from(text) },
    { path: targetPath({ ...name, kind: "bundle" }), bytes: Buffer.from(bundle), custom: { ...release.mark } },
    ...(release.assignment === null ? [] : [assignmentEntry(domain, release.assignment)]),
  ];
  const targets = addTargets(currentTargets, entries, keys, nowMs, release.floor);
  return targets.ok ? ok({ ...name, text, bundle, assignment, role, targets: targets.value }) : targets;
}

/** An assignment alone, signed. */
export function prepareAssignment(
  assignment: AssignmentDocument,
  {
    domain,
    role,
    currentTargets,
    keys,
    nowMs,
    floor,
  }: Pick<ReleaseToSign, "domain" | "role" | "currentTargets" | "keys" | "nowMs" | "floor">,
): Result<AssignmentSubmission, string> {
  const targets = addTargets(currentTargets, [assignmentEntry(domain, assignment)], keys, nowMs, floor);
  const { contract } = assignment;
  return targets.ok
    ? ok({ domain, contract, role, assignment: assignmentText(assignment), targets: targets.value })
    : targets;
}

const assignmentEntry = (domain: string, assignment: AssignmentDocument): TargetEntry => ({
  path: assignmentPath({ domain, contract: assignment.contract, number: assignment.number }),
  bytes: Buffer.from(assignmentText(assignment)),
});
