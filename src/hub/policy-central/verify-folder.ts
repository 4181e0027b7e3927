import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { TargetFile } from "@tufjs/models";
import { type MetadataOf, sha256Hex, type TufRole } from "../release/metadata-text.ts";
import { hashedPath, parseTargetPath } from "../release/target-path.ts";
import { isDeprecationOf } from "./check-submission.ts";
import {
  type CurrentMetadata,
  type Finding,
  METADATA_FOLDER,
  metadataName,
  readCurrent,
  readDocument,
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
    ...Object.values(current.value.targets.metadata.signed.targets).flatMap((file) => target(folder, file)),
    ...strangers(folder, current.value),
  ];
}

function expiries(current: CurrentMetadata, nowMs: number): readonly Finding[] {
  const roles: readonly TufRole[] = ["root", "targets", "snapshot", "timestamp"];
  return roles.flatMap((role): readonly Finding[] => {
    const { file, metadata } = current[role];
    if (Date.parse(metadata.signed.expires) > nowMs) return [];
    const path = `${METADATA_FOLDER}/${file.name}`;
    const renewed = role === "snapshot" || role === "timestamp" ? "; the hub renews it when it runs" : "";
    return [{ path, code: "expired", message: `expired on ${metadata.signed.expires}${renewed}` }];
  });
}

/** Every targets version that was ever signed is there, holds, and lost nothing on the way to the next. */
function history(folder: string, current: CurrentMetadata): readonly Finding[] {
  const findings: Finding[] = [];
  let earlier: MetadataOf<"targets"> | undefined;
  for (let version = 1; version <= current.targets.file.version; version += 1) {
    const document = readDocument(folder, "targets", version, null);
    if (!document.ok) {
      findings.push(document.error);
      continue;
    }
    // An old version was signed under the root of its time.
    const { metadata } = document.value;
    const signed = current.roots.some(({ metadata: root }) => isSigned(root, metadata));
    const path = `${METADATA_FOLDER}/${metadataName("targets", version)}`;
    if (!signed) findings.push({ path, code: "signature-invalid", message: "no root's release signers signed it" });
    findings.push(...lost(earlier, metadata, path));
    earlier = metadata;
  }
  return findings;
}

function isSigned(root: MetadataOf<"root">, metadata: MetadataOf<"targets">): boolean {
  try {
    root.verifyDelegate("targets", metadata);
    return true;
  } catch {
    return false;
  }
}

function lost(
  earlier: MetadataOf<"targets"> | undefined,
  later: MetadataOf<"targets">,
  path: string,
): readonly Finding[] {
  return Object.entries(earlier?.signed.targets ?? {}).flatMap(([name, before]): readonly Finding[] => {
    const after = later.signed.targets[name];
    if (after === undefined) return [{ path, code: "history", message: `lost ${name}` }];
    if (isDeepStrictEqual(before.toJSON(), after.toJSON()) || isDeprecationOf(before, after)) return [];
    return [{ path, code: "history", message: `changed ${name}` }];
  });
}

function target(folder: string, file: TargetFile): readonly Finding[] {
  const { path } = file;
  if (parseTargetPath(path) === undefined)
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
  for (const role of ["targets", "snapshot"] as const)
    for (let version = 1; version <= current[role].file.version; version += 1)
      known.add(`${METADATA_FOLDER}/${metadataName(role, version)}`);
  for (const { path, hashes } of Object.values(current.targets.metadata.signed.targets)) {
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
