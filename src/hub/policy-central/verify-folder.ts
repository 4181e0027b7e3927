import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { TargetFile } from "@tufjs/models";
import { type Delegator, type MetadataOf, sha256Hex, signatureFault } from "../release/metadata-text.ts";
import { AFTER } from "../release/sign-release.ts";
import { hashedPath, parseAssignmentPath, parseTargetPath } from "../release/target-path.ts";
import {
  type CurrentMetadata,
  type Document,
  type Finding,
  METADATA_FOLDER,
  metadataName,
  readCurrent,
  readDelegated,
} from "./current-metadata.ts";

/**
 * Everything that can be said of a PolicyCentral folder without trusting it: each signature, each digest, each version that was
 * ever signed, each expiry, and each file that nobody signed for. Reads only. Root 1 is the anchor: a folder that was made
 * anew under another root is for the nodes to refuse, who keep the root they were enrolled with.
 */
export function verifyPolicyFolder(folder: string, nowMs: number): readonly Finding[] {
  const current = readCurrent(folder);
  if (!current.ok) return [current.error];
  return [
    ...expiries(current.value, nowMs),
    ...history(folder, current.value),
    ...listed(current.value).flatMap((file) => target(folder, file)),
    ...strangers(folder, current.value),
  ];
}

/** Every file that any targets role lists. */
const listed = ({ targets, delegated }: CurrentMetadata): readonly TargetFile[] =>
  [targets, ...delegated.values()].flatMap(({ metadata }) => Object.values(metadata.signed.targets));

function expiries(current: CurrentMetadata, nowMs: number): readonly Finding[] {
  const { root, targets, delegated, snapshot, timestamp } = current;
  return [root, targets, ...delegated.values(), snapshot, timestamp].flatMap((document): readonly Finding[] => {
    const { file, metadata } = document;
    if (Date.parse(metadata.signed.expires) > nowMs) return [];
    const path = `${METADATA_FOLDER}/${file.name}`;
    const renewed = document === snapshot || document === timestamp ? "; the hub renews it when it runs" : "";
    return [{ path, code: "expired", message: `expired on ${metadata.signed.expires}${renewed}` }];
  });
}

/** Every version of every targets role that was ever signed is there, holds, and lost nothing on the way to the next. */
function history(folder: string, current: CurrentMetadata): readonly Finding[] {
  const roots = current.roots.map(({ metadata }) => metadata);
  const top = versionsOf(folder, "targets", current.targets.file.version, roots);
  const delegators = top.documents.map(({ metadata }) => metadata);
  const below = [...current.delegated].map(([role, { file }]) => versionsOf(folder, role, file.version, delegators));
  return [top, ...below].flatMap(({ findings }) => findings);
}

/** Old metadata was signed under the keys of its time: one of the delegators that ever were must have named its signers. */
function versionsOf(folder: string, role: string, latest: number, delegators: readonly Delegator[]) {
  const findings: Finding[] = [];
  const documents: Document<"targets">[] = [];
  for (const version of keptVersions(folder, role, latest)) {
    const document = readDelegated(folder, role, version, null);
    if (!document.ok) {
      findings.push(document.error);
      continue;
    }
    const { metadata } = document.value;
    const path = `${METADATA_FOLDER}/${metadataName(role, version)}`;
    if (!delegators.some((delegator) => signatureFault(delegator, role, metadata) === null))
      findings.push({ path, code: "signature-invalid", message: "no release signers of any time signed it" });
    findings.push(...lost(documents.at(-1)?.metadata, metadata, path));
    documents.push(document.value);
  }
  return { findings, documents };
}

/** All there ever were, without those that a later one says were lost with a hub and never used again. */
function keptVersions(folder: string, role: string, latest: number): readonly number[] {
  const versions: number[] = [];
  for (let version = latest; version >= 1; version -= 1) {
    versions.unshift(version);
    const document = readDelegated(folder, role, version, null);
    const after = document.ok ? document.value.metadata.signed.unrecognizedFields[AFTER] : undefined;
    if (typeof after === "number" && after < version) version = after + 1;
  }
  return versions;
}

function lost(
  earlier: MetadataOf<"targets"> | undefined,
  later: MetadataOf<"targets">,
  path: string,
): readonly Finding[] {
  return Object.entries(earlier?.signed.targets ?? {}).flatMap(([name, before]): readonly Finding[] => {
    const after = later.signed.targets[name];
    if (after === undefined) return [{ path, code: "history", message: `lost ${name}` }];
    return isDeepStrictEqual(before.toJSON(), after.toJSON())
      ? []
      : [{ path, code: "history", message: `changed ${name}` }];
  });
}

function target(folder: string, file: TargetFile): readonly Finding[] {
  const { path } = file;
  if (parseTargetPath(path) === undefined && parseAssignmentPath(path) === undefined)
    return [{ path, code: "history", message: "is a path that no release of ours has" }];
  const sha256 = file.hashes["sha256"] ?? "";
  return [path, hashedPath(path, sha256)].flatMap((one) => content(folder, one, file.length, sha256));
}

function content(folder: string, path: string, length: number, sha256: string): readonly Finding[] {
  const full = join(folder, path);
  if (!existsSync(full)) return [{ path, code: "missing", message: "is signed for and not there" }];
  const { size, mode } = statSync(full);
  const findings: Finding[] = [];
  if (size !== length || sha256Hex(readFileSync(full)) !== sha256)
    findings.push({ path, code: "digest-mismatch", message: "is not the file that was signed" });
  // Windows shows one bit for all; there the read-only mark is the same bit.
  if ((mode & 0o222) !== 0)
    findings.push({ path, code: "writable", message: "can be written; a stored file is read-only" });
  return findings;
}

/** What lies there and is neither metadata nor signed for. */
function strangers(folder: string, current: CurrentMetadata): readonly Finding[] {
  const known = new Set<string>([`${METADATA_FOLDER}/timestamp.json`]);
  for (const { file } of current.roots) known.add(`${METADATA_FOLDER}/${file.name}`);
  const counted = [
    ["targets", current.targets] as const,
    ["snapshot", current.snapshot] as const,
    ...current.delegated,
  ];
  for (const [role, { file }] of counted)
    for (let version = 1; version <= file.version; version += 1)
      known.add(`${METADATA_FOLDER}/${metadataName(role, version)}`);
  for (const { path, hashes } of listed(current)) {
    known.add(path);
    known.add(hashedPath(path, hashes["sha256"] ?? ""));
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .filter((path) => !known.has(path))
    .sort()
    .map((path) => ({ path, code: "unexpected-file", message: "nobody signed for it" }));
}
