import { TargetFile } from "@tufjs/models";
import { fail, ok, type Result } from "../../base/result.ts";
import { type PublicKey, type SigningKey, tufKeyObject } from "../../disk/key-file.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import { expiryOf, type MetadataOf, makeMetadata, readMetadata, sha256Hex, signedText } from "./metadata-text.ts";
import { targetPath } from "./target-path.ts";

/** What people sign with keys that the hub never sees. Pure but for the key handle: no file, no network. */

export interface RootKeys {
  readonly root: SigningKey;
  /** Release signers: the author's key. */
  readonly targets: PublicKey;
  /** The hub's online key, for snapshot and timestamp. */
  readonly online: PublicKey;
}

/** `1.root.json`: one key a role, threshold 1, good for a year. */
export function initialRoot({ root, targets, online }: RootKeys, nowMs: number): string {
  const keys = Object.fromEntries(
    [root, targets, online].map((key) => [key.keyId, { ...tufKeyObject(key.publicHex) }]),
  );
  const role = (key: PublicKey) => ({ keyids: [key.keyId], threshold: 1 });
  const roles = { root: role(root), targets: role(targets), snapshot: role(online), timestamp: role(online) };
  return signedText(makeMetadata("root", 1, expiryOf("root", nowMs), { keys, roles, consistent_snapshot: true }), root);
}

/** `1.targets.json`: no release yet. */
export const initialTargets = (authorKey: SigningKey, nowMs: number): string =>
  signedText(makeMetadata("targets", 1, expiryOf("targets", nowMs), { targets: {} }), authorKey);

export interface TargetEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The next targets metadata: everything that was there, and `entries`, signed. The caller decides that its base is current.
 * The error is a sentence for the author.
 */
export function addRelease(
  targetsText: string,
  entries: readonly TargetEntry[],
  authorKey: SigningKey,
  nowMs: number,
): Result<string, string> {
  const current = readMetadata("targets", targetsText);
  if (!current.ok) return fail(`the current targets metadata ${current.error}`);
  const taken = entries.find(({ path }) => Object.hasOwn(current.value.signed.targets, path));
  if (taken !== undefined) return fail(`${taken.path} is released already; a stored version never changes`);
  return ok(
    successor(current.value, authorKey, nowMs, (next) => {
      for (const { path, bytes } of entries)
        next.signed.addTarget(new TargetFile({ path, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } }));
    }),
  );
}

/**
 * Marks both files of a release as deprecated: `custom: {status: "deprecated", reason}`. Only with this mark may a hub take an
 * enforced contract away from a node. There is no way back.
 */
export function markDeprecated(
  targetsText: string,
  release: {
    readonly domain: string;
    readonly contract: ContractId;
    readonly version: Version;
    readonly reason: string;
  },
  authorKey: SigningKey,
  nowMs: number,
): Result<string, string> {
  const current = readMetadata("targets", targetsText);
  if (!current.ok) return fail(`the current targets metadata ${current.error}`);
  const paths = (["source", "bundle"] as const).map((kind) => targetPath({ ...release, kind }));
  const unknown = paths.find((path) => !Object.hasOwn(current.value.signed.targets, path));
  if (unknown !== undefined) return fail(`${unknown} is not released`);
  return ok(
    successor(current.value, authorKey, nowMs, (next) => {
      for (const path of paths) {
        const file = next.signed.targets[path];
        if (file !== undefined) file.unrecognizedFields["custom"] = { status: "deprecated", reason: release.reason };
      }
    }),
  );
}

/** The same targets, good for another half year. */
export function renewTargets(targetsText: string, authorKey: SigningKey, nowMs: number): Result<string, string> {
  const current = readMetadata("targets", targetsText);
  if (!current.ok) return fail(`the current targets metadata ${current.error}`);
  return ok(successor(current.value, authorKey, nowMs, () => undefined));
}

function successor(
  current: MetadataOf<"targets">,
  authorKey: SigningKey,
  nowMs: number,
  change: (next: MetadataOf<"targets">) => void,
): string {
  const { _type, spec_version, version, expires, ...rest } = current.signed.toJSON();
  const next = makeMetadata("targets", current.signed.version + 1, expiryOf("targets", nowMs), rest);
  change(next);
  return signedText(next, authorKey);
}

/** What an author hands to the hub. Texts are the exact files, UTF-8. */
export interface ReleaseSubmission {
  readonly domain: string;
  readonly contract: ContractId;
  readonly version: Version;
  readonly text: string;
  readonly bundle: string;
  /** The signed targets metadata that lists both. */
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
  /** The targets metadata the hub has now. */
  readonly currentTargets: string;
  readonly authorKey: SigningKey;
  readonly nowMs: number;
}

/** The author's whole step: from a validated text and its bundle to what the hub is asked to store. */
export function prepareRelease(release: ReleaseToSign): Result<ReleaseSubmission, string> {
  const { domain, contract, version, text, bundle, currentTargets, authorKey, nowMs } = release;
  const name = { domain, contract, version };
  const entries = [
    { path: targetPath({ ...name, kind: "source" }), bytes: Buffer.from(text) },
    { path: targetPath({ ...name, kind: "bundle" }), bytes: Buffer.from(bundle) },
  ];
  const targets = addRelease(currentTargets, entries, authorKey, nowMs);
  return targets.ok ? ok({ ...name, text, bundle, targets: targets.value }) : targets;
}
