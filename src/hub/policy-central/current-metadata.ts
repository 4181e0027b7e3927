import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { MetaFile } from "@tufjs/models";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Digest } from "../../model/ids.ts";
import {
  type Delegator,
  digestOf,
  type MetadataOf,
  readMetadata,
  sha256Hex,
  signatureFault,
  type TufRole,
} from "../release/metadata-text.ts";
import type { TargetsRoles } from "../release/sign-online.ts";

/** One metadata file as it lies in `policy/metadata/`. */
export interface MetadataFile {
  /** `3.targets.json`, `timestamp.json` */
  readonly name: string;
  readonly version: number;
  readonly text: string;
  readonly digest: Digest;
}

export interface Document<R extends TufRole> {
  readonly file: MetadataFile;
  readonly metadata: MetadataOf<R>;
}

/** The chain from root to targets, each link checked. */
export interface CurrentMetadata {
  /** Version 1 first; the last one is in force. */
  readonly roots: readonly Document<"root">[];
  readonly root: Document<"root">;
  /** Top level: delegates, and lists no file. */
  readonly targets: Document<"targets">;
  /** By role name, in the order in which the targets delegate to them. */
  readonly delegated: ReadonlyMap<string, Document<"targets">>;
  readonly snapshot: Document<"snapshot">;
  readonly timestamp: Document<"timestamp">;
}

export type FindingCode =
  | "missing"
  | "unreadable"
  | "signature-missing"
  | "signature-invalid"
  | "threshold"
  | "digest-mismatch"
  | "expired"
  | "history"
  | "unexpected-file"
  | "writable";

/** One thing that is wrong in PolicyCentral. `path` is below `policy/`. */
export interface Finding {
  readonly path: string;
  readonly code: FindingCode;
  readonly message: string;
}

const finding = (path: string, code: FindingCode, message: string): Finding => ({ path, code, message });

export const METADATA_FOLDER = "metadata";
/** `role`: a top-level or a delegated one. */
export const metadataName = (role: string, version: number): string =>
  role === "timestamp" ? "timestamp.json" : `${version}.${role}.json`;
const MAX_FILE_BYTES = 4 << 20;
const MAX_ROOTS = 1_000;

/** A text below `policy/`, or why not. */
export function readText(folder: string, path: string): Result<string, Finding> {
  const full = join(folder, path);
  if (!existsSync(full)) return fail(finding(path, "missing", "is not there"));
  if (statSync(full).size > MAX_FILE_BYTES) return fail(finding(path, "unreadable", "is larger than any file of ours"));
  try {
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(full)));
  } catch {
    return fail(finding(path, "unreadable", "is no UTF-8 text"));
  }
}

/** Reads one metadata file and checks its version and, where `root` is given, its signature. */
export function readDocument<R extends TufRole>(
  folder: string,
  role: R,
  version: number | null,
  root: MetadataOf<"root"> | null,
): Result<Document<R>, Finding> {
  return readNamed(folder, { role, name: role, version, delegator: root });
}

/** Metadata of a delegated role, held against the keys that `targets` names for it. */
export const readDelegated = (
  folder: string,
  name: string,
  version: number,
  targets: MetadataOf<"targets"> | null,
): Result<Document<"targets">, Finding> => readNamed(folder, { role: "targets", name, version, delegator: targets });

interface ToRead<R extends TufRole> {
  readonly role: R;
  readonly name: string;
  readonly version: number | null;
  /** Whose keys must have signed; null asks nobody. */
  readonly delegator: Delegator | null;
}

function readNamed<R extends TufRole>(
  folder: string,
  { role, version, delegator, ...named }: ToRead<R>,
): Result<Document<R>, Finding> {
  const name = metadataName(named.name, version ?? 0);
  const path = `${METADATA_FOLDER}/${name}`;
  const text = readText(folder, path);
  if (!text.ok) return text;
  const metadata = readMetadata(role, text.value);
  if (!metadata.ok) return fail(finding(path, "unreadable", metadata.error));
  const found = metadata.value.signed.version;
  if (version !== null && found !== version) return fail(finding(path, "history", `carries version ${found}`));
  const fault = delegator === null ? null : signatureFault(delegator, named.name, metadata.value);
  if (fault !== null) return fail(finding(path, fault.code, fault.message));
  return ok({
    file: { name, version: found, text: text.value, digest: digestOf(text.value) },
    metadata: metadata.value,
  });
}

/** All roots, each signed by the one before and by itself. */
export function readRoots(folder: string): Result<readonly Document<"root">[], Finding> {
  const roots: Document<"root">[] = [];
  for (let version = 1; version <= MAX_ROOTS; version += 1) {
    const name = metadataName("root", version);
    if (version > 1 && !existsSync(join(folder, METADATA_FOLDER, name))) break;
    const root = readDocument(folder, "root", version, roots.at(-1)?.metadata ?? null);
    if (!root.ok) return root;
    const own = signatureFault(root.value.metadata, "root", root.value.metadata);
    if (own !== null) return fail(finding(`${METADATA_FOLDER}/${name}`, own.code, own.message));
    roots.push(root.value);
  }
  return ok(roots);
}

/** The whole chain as `timestamp.json` says it stands. Judges no expiry: an old word is still a word, and is renewed. */
export function readCurrent(folder: string): Result<CurrentMetadata, Finding> {
  const roots = readRoots(folder);
  if (!roots.ok) return roots;
  const root = roots.value.at(-1);
  if (root === undefined) return fail(finding(`${METADATA_FOLDER}/1.root.json`, "missing", "is not there"));
  const timestamp = readDocument(folder, "timestamp", null, root.metadata);
  if (!timestamp.ok) return timestamp;
  const snapshotMeta = timestamp.value.metadata.signed.snapshotMeta;
  const snapshot = readDocument(folder, "snapshot", snapshotMeta.version, root.metadata);
  if (!snapshot.ok) return snapshot;
  const wrongSnapshot = mismatch(snapshot.value.file, snapshotMeta, "timestamp.json");
  if (wrongSnapshot !== undefined) return fail(wrongSnapshot);
  const targetsMeta = snapshot.value.metadata.signed.meta["targets.json"];
  if (targetsMeta === undefined)
    return fail(finding(`${METADATA_FOLDER}/${snapshot.value.file.name}`, "history", "names no targets"));
  const targets = readDocument(folder, "targets", targetsMeta.version, root.metadata);
  if (!targets.ok) return targets;
  const wrongTargets = mismatch(targets.value.file, targetsMeta, snapshot.value.file.name);
  if (wrongTargets !== undefined) return fail(wrongTargets);
  const delegated = readAllDelegated(folder, snapshot.value, targets.value);
  if (!delegated.ok) return delegated;
  return ok({
    roots: roots.value,
    root,
    targets: targets.value,
    delegated: delegated.value,
    snapshot: snapshot.value,
    timestamp: timestamp.value,
  });
}

function readAllDelegated(
  folder: string,
  snapshot: Document<"snapshot">,
  targets: Document<"targets">,
): Result<ReadonlyMap<string, Document<"targets">>, Finding> {
  const delegated = new Map<string, Document<"targets">>();
  for (const role of Object.keys(targets.metadata.signed.delegations?.roles ?? {})) {
    const meta = snapshot.metadata.signed.meta[`${role}.json`];
    if (meta === undefined)
      return fail(finding(`${METADATA_FOLDER}/${snapshot.file.name}`, "history", `names no ${role}`));
    const document = readDelegated(folder, role, meta.version, targets.metadata);
    if (!document.ok) return document;
    const wrong = mismatch(document.value.file, meta, snapshot.file.name);
    if (wrong !== undefined) return fail(wrong);
    delegated.set(role, document.value);
  }
  return ok(delegated);
}

/** Every targets role as the snapshot lists it. */
export const rolesOf = ({ targets, delegated }: Pick<CurrentMetadata, "targets" | "delegated">): TargetsRoles =>
  new Map([["targets", targets.file], ...[...delegated].map(([role, { file }]) => [role, file] as const)]);

/** A file whose hash is not the one that the file above it was signed with. */
function mismatch(file: MetadataFile, meta: MetaFile, above: string): Finding | undefined {
  if (meta.hashes?.["sha256"] === sha256Hex(file.text) && meta.length === Buffer.byteLength(file.text))
    return undefined;
  return finding(`${METADATA_FOLDER}/${file.name}`, "digest-mismatch", `is not the file that ${above} was signed with`);
}
