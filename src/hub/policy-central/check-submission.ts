import { isDeepStrictEqual } from "node:util";
import type { TargetFile } from "@tufjs/models";
import { fail, ok, type Result } from "../../base/result.ts";
import { compareVersions, isContractId, isVersion, nextVersion, type Version } from "../../model/ids.ts";
import { type MetadataOf, readMetadata, sha256Hex, signatureFault } from "../release/metadata-text.ts";
import type { ReleaseSubmission } from "../release/sign-release.ts";
import { isDomain, parseTargetPath, targetPath } from "../release/target-path.ts";
import type { CurrentMetadata } from "./current-metadata.ts";

/** Why PolicyCentral refuses. A closed list: the HTTP side and the tests go by it. */
export type RefusalCode =
  | "bad-name"
  | "metadata-unreadable"
  | "signature-missing"
  | "signature-invalid"
  | "metadata-version"
  | "expired"
  | "delegation"
  | "entry-changed"
  | "entry-removed"
  | "entry-unexpected"
  | "entry-missing"
  | "digest-mismatch"
  | "version-exists"
  | "version-not-next"
  | "domain-changed"
  | "unknown-release"
  | "damaged";

export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence for the person who sent it. */
  readonly message: string;
}

export const refuse = (code: RefusalCode, message: string): Result<never, Refusal> => fail({ code, message });

type Targets = MetadataOf<"targets">;

/** Checks a release against what is stored, and answers its targets metadata. Writes nothing. */
export function checkSubmission(
  submission: ReleaseSubmission,
  current: CurrentMetadata,
  nowMs: number,
): Result<Targets, Refusal> {
  const { domain, contract, version } = submission;
  if (!isDomain(domain)) return refuse("bad-name", `"${domain}" is no domain: kebab-case, such as penetrant`);
  if (!isContractId(contract)) return refuse("bad-name", `"${contract}" is no contract id`);
  if (!isVersion(version)) return refuse("bad-name", `"${version}" is no version: v1.0`);
  const order = checkOrder(submission, current.targets.metadata);
  if (!order.ok) return order;
  const targets = checkTargets(submission.targets, current, nowMs);
  if (!targets.ok) return targets;
  const expected = new Map([
    [targetPath({ domain, contract, version, kind: "source" }), submission.text],
    [targetPath({ domain, contract, version, kind: "bundle" }), submission.bundle],
  ]);
  const entries = checkEntries(targets.value, current.targets.metadata, (path, before, after) => {
    if (before !== undefined) return refuse("entry-changed", `the stored entry ${path} was changed`);
    if (!expected.has(path)) return refuse("entry-unexpected", `the metadata also adds ${path}`);
    return checkContent(path, after, expected.get(path) ?? "");
  });
  if (!entries.ok) return entries;
  for (const path of expected.keys())
    if (!Object.hasOwn(targets.value.signed.targets, path))
      return refuse("entry-missing", `the metadata lacks ${path}`);
  return targets;
}

/** Checks targets metadata that adds no file: a deprecation, or a later expiry. */
export function checkAmendment(text: string, current: CurrentMetadata, nowMs: number): Result<Targets, Refusal> {
  const targets = checkTargets(text, current, nowMs);
  if (!targets.ok) return targets;
  const entries = checkEntries(targets.value, current.targets.metadata, (path, before, after) => {
    if (before === undefined) return refuse("entry-unexpected", `the metadata adds ${path}`);
    return isDeprecationOf(before, after) ? ok(null) : refuse("entry-changed", `the stored entry ${path} was changed`);
  });
  return entries.ok ? targets : entries;
}

/** The first version is v1.0, then the next minor number, or the next major one with minor 0. */
function checkOrder({ domain, contract, version }: ReleaseSubmission, targets: Targets): Result<null, Refusal> {
  const stored = storedVersions(targets, contract);
  const latest = stored.at(-1);
  if (stored.some((one) => one.version === version))
    return refuse("version-exists", `${contract}@${version} is stored already; a stored version never changes`);
  const nextMajor = latest === undefined ? "v1.0" : `v${Number(latest.version.slice(1).split(".")[0]) + 1}.0`;
  const next = nextVersion(latest?.version);
  if (version !== next && version !== nextMajor) {
    const choice = nextMajor === next ? next : `${next} or ${nextMajor}`;
    return refuse("version-not-next", `${version} does not follow ${latest?.version ?? "nothing"}: ${choice} does`);
  }
  if (latest !== undefined && latest.domain !== domain)
    return refuse("domain-changed", `${contract} belongs to ${latest.domain}, not to ${domain}`);
  return ok(null);
}

function storedVersions(targets: Targets, contract: string): readonly { version: Version; domain: string }[] {
  return Object.keys(targets.signed.targets)
    .flatMap((path) => parseTargetPath(path) ?? [])
    .filter((name) => name.contract === contract && name.kind === "bundle")
    .sort((a, b) => compareVersions(a.version, b.version));
}

/** What holds for every new targets metadata: readable, signed by the release signers, the next one, in date, no delegation. */
function checkTargets(text: string, current: CurrentMetadata, nowMs: number): Result<Targets, Refusal> {
  const targets = readMetadata("targets", text);
  if (!targets.ok) return refuse("metadata-unreadable", `the targets metadata ${targets.error}`);
  const fault = signatureFault(current.root.metadata, "targets", targets.value);
  if (fault !== null) return refuse(fault.code, `the targets metadata: ${fault.message}`);
  const { version, expires, delegations } = targets.value.signed;
  const next = current.targets.file.version + 1;
  if (version !== next)
    return refuse(
      "metadata-version",
      `the targets metadata has version ${version}, ${next} is the next; sign on the current one`,
    );
  if (Date.parse(expires) <= nowMs) return refuse("expired", `the targets metadata expired on ${expires}`);
  if (delegations !== undefined)
    return refuse("delegation", "the targets metadata delegates, which root does not provide for");
  return targets;
}

type Compare = (path: string, before: TargetFile | undefined, after: TargetFile) => Result<null, Refusal>;

/** Every earlier entry is still there, and every entry that differs or is new passes `compare`. */
function checkEntries(targets: Targets, stored: Targets, compare: Compare): Result<null, Refusal> {
  for (const path of Object.keys(stored.signed.targets))
    if (!Object.hasOwn(targets.signed.targets, path))
      return refuse("entry-removed", `the stored entry ${path} is gone`);
  for (const [path, after] of Object.entries(targets.signed.targets)) {
    const before = Object.hasOwn(stored.signed.targets, path) ? stored.signed.targets[path] : undefined;
    if (before !== undefined && isDeepStrictEqual(before.toJSON(), after.toJSON())) continue;
    const verdict = compare(path, before, after);
    if (!verdict.ok) return verdict;
  }
  return ok(null);
}

function checkContent(path: string, entry: TargetFile, content: string): Result<null, Refusal> {
  if (!content.isWellFormed()) return refuse("digest-mismatch", `${path} holds what no UTF-8 text holds`);
  const fits = isDeepStrictEqual(entry.toJSON(), {
    length: Buffer.byteLength(content),
    hashes: { sha256: sha256Hex(content) },
  });
  return fits ? ok(null) : refuse("digest-mismatch", `${path} is not the file that was signed`);
}

/** Same file, and the mark that it is deprecated where there was none. */
export function isDeprecationOf(before: TargetFile, after: TargetFile): boolean {
  const { custom: wasMarked, ...file } = before.toJSON();
  const { custom: mark, ...same } = after.toJSON();
  return wasMarked === undefined && isDeepStrictEqual(file, same) && statusOf(mark) === "deprecated";
}

const statusOf = (custom: unknown): unknown =>
  typeof custom === "object" && custom !== null ? (custom as { readonly status?: unknown }).status : undefined;
