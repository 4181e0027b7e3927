import { isDeepStrictEqual } from "node:util";
import type { TargetFile } from "@tufjs/models";
import { fail, ok, type Result } from "../../base/result.ts";
import { compareVersions, isContractId, isDigest, isVersion, nextVersion } from "../../model/ids.ts";
import { loosens, parseAssignment } from "../release/assignment.ts";
import { type MetadataOf, readMetadata, sha256Hex, signatureFault } from "../release/metadata-text.ts";
import { isDomain, MAX_TARGETS_A_ROLE, parseRoleName } from "../release/role-name.ts";
import {
  type AssignmentSubmission,
  DIRECTIONS,
  needsTwo,
  type ReleaseMark,
  type ReleaseSubmission,
} from "../release/sign-release.ts";
import {
  assignmentPath,
  parseAssignmentPath,
  parseTargetPath,
  type TargetName,
  targetPath,
} from "../release/target-path.ts";
import type { CurrentMetadata } from "./current-metadata.ts";
import { later, nextOf, type SeenByNodes } from "./seen-by-nodes.ts";

/** Why PolicyCentral refuses. A closed list: the HTTP side and the tests go by it. */
export type RefusalCode =
  | "bad-name"
  | "metadata-unreadable"
  | "signature-missing"
  | "signature-invalid"
  | "threshold"
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
  | "mark-unreadable"
  | "assignment"
  | "loosening-role"
  | "role-full"
  | "unknown-release"
  | "damaged";

export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence for the person who sent it. */
  readonly message: string;
}

export const refuse = (code: RefusalCode, message: string): Result<never, Refusal> => fail({ code, message });

type Targets = MetadataOf<"targets">;

/** Checks a release against what is stored, and answers its role's metadata. Writes nothing. */
export function checkSubmission(
  submission: ReleaseSubmission,
  current: CurrentMetadata,
  seen: SeenByNodes,
  nowMs: number,
): Result<Targets, Refusal> {
  const { domain, contract, version } = submission;
  if (!isDomain(domain)) return refuse("bad-name", `"${domain}" is no domain: kebab-case, such as penetrant`);
  if (!isContractId(contract)) return refuse("bad-name", `"${contract}" is no contract id`);
  if (!isVersion(version)) return refuse("bad-name", `"${version}" is no version: v1.0`);
  const order = checkOrder(submission, current, seen);
  if (!order.ok) return order;
  const targets = checkRole(submission, current, seen, nowMs);
  if (!targets.ok) return targets;
  const bundlePath = targetPath({ domain, contract, version, kind: "bundle" });
  const expected = new Map<string, string>([
    [targetPath({ domain, contract, version, kind: "source" }), submission.text],
    [bundlePath, submission.bundle],
  ]);
  if (submission.assignment !== null) {
    const path = checkAssignment({ ...submission, assignment: submission.assignment }, current);
    if (!path.ok) return path;
    expected.set(path.value, submission.assignment);
  }
  const entries = checkAdded(targets.value, submission.role, current, expected);
  if (!entries.ok) return entries;
  const mark = checkMark(targets.value.signed.targets[bundlePath], submission, current);
  return mark.ok ? targets : mark;
}

/** Checks an assignment that comes alone, and answers its role's metadata. */
export function checkAssigned(
  submission: AssignmentSubmission,
  current: CurrentMetadata,
  seen: SeenByNodes,
  nowMs: number,
): Result<Targets, Refusal> {
  if (!isDomain(submission.domain)) return refuse("bad-name", `"${submission.domain}" is no domain`);
  const targets = checkRole(submission, current, seen, nowMs);
  if (!targets.ok) return targets;
  const path = checkAssignment(submission, current);
  if (!path.ok) return path;
  const entries = checkAdded(targets.value, submission.role, current, new Map([[path.value, submission.assignment]]));
  return entries.ok ? targets : entries;
}

/** Checks a role's metadata that adds no file: the same, good for longer. */
export function checkRenewal(
  role: string,
  text: string,
  current: CurrentMetadata,
  seen: SeenByNodes,
  nowMs: number,
): Result<Targets, Refusal> {
  const targets = checkNext(role, text, { current, seen, nowMs });
  if (!targets.ok) return targets;
  const entries = checkAdded(targets.value, role, current, new Map());
  return entries.ok ? targets : entries;
}

const documentOf = (role: string, { targets, delegated }: CurrentMetadata) =>
  role === "targets" ? targets : delegated.get(role);

interface Stored {
  readonly name: TargetName;
  readonly file: TargetFile;
}

/** Every bundle that any role lists, of one contract where it is named, the oldest first. */
export function storedBundles(current: CurrentMetadata, contract?: string): readonly Stored[] {
  return [current.targets, ...current.delegated.values()]
    .flatMap(({ metadata }) => Object.values(metadata.signed.targets))
    .flatMap((file): readonly Stored[] => {
      const name = parseTargetPath(file.path);
      const isMeant = name?.kind === "bundle" && (contract === undefined || name.contract === contract);
      return isMeant ? [{ name, file }] : [];
    })
    .sort((a, b) => compareVersions(a.name.version, b.name.version));
}

/** The number of the assignment that holds; 0 before the first. */
export function latestAssignment(current: CurrentMetadata, contract: string): number {
  const numbers = [...current.delegated.values()]
    .flatMap(({ metadata }) => Object.keys(metadata.signed.targets))
    .flatMap((path) => parseAssignmentPath(path) ?? [])
    .filter((name) => name.contract === contract)
    .map(({ number }) => number);
  return Math.max(0, ...numbers);
}

/** The first version is v1.0, then the next minor number, or the next major one with minor 0. */
function checkOrder(
  { domain, contract, version }: ReleaseSubmission,
  current: CurrentMetadata,
  seen: SeenByNodes,
): Result<null, Refusal> {
  const stored = storedBundles(current, contract);
  const latest = stored.at(-1)?.name;
  if (stored.some(({ name }) => name.version === version))
    return refuse("version-exists", `${contract}@${version} is stored already; a stored version never changes`);
  const used = seen.contracts.get(contract);
  const last = used === undefined ? latest?.version : later(latest?.version, used);
  const nextMajor = last === undefined ? "v1.0" : `v${Number(last.slice(1).split(".")[0]) + 1}.0`;
  const next = nextVersion(last);
  if (version !== next && version !== nextMajor) {
    const choice = nextMajor === next ? next : `${next} or ${nextMajor}`;
    const lost = last === latest?.version ? "" : ` (nodes have ${last}, which was lost here)`;
    return refuse("version-not-next", `${version} does not follow ${last ?? "nothing"}${lost}: ${choice} does`);
  }
  if (latest !== undefined && latest.domain !== domain)
    return refuse("domain-changed", `${contract} belongs to ${latest.domain}, not to ${domain}`);
  return ok(null);
}

/** The role is one of the domain's own, delegated to, and its metadata the next that its signers signed. */
function checkRole(
  { domain, role, targets }: Pick<ReleaseSubmission, "domain" | "role" | "targets">,
  current: CurrentMetadata,
  seen: SeenByNodes,
  nowMs: number,
): Result<Targets, Refusal> {
  const known = parseRoleName(role);
  if (known?.domain !== domain || !current.delegated.has(role))
    return refuse(
      "delegation",
      `${role} is no role that the targets delegate to for ${domain}; its signers open one with maint keys delegate ${domain}`,
    );
  return checkNext(role, targets, { current, seen, nowMs });
}

interface Known {
  readonly current: CurrentMetadata;
  readonly seen: SeenByNodes;
  readonly nowMs: number;
}

function checkNext(role: string, text: string, { current, seen, nowMs }: Known): Result<Targets, Refusal> {
  const before = documentOf(role, current);
  if (before === undefined) return refuse("delegation", `there is no role ${role}`);
  const metadata = readMetadata("targets", text);
  if (!metadata.ok) return refuse("metadata-unreadable", `the targets metadata ${metadata.error}`);
  const delegator = role === "targets" ? current.root.metadata : current.targets.metadata;
  const fault = signatureFault(delegator, role, metadata.value);
  if (fault !== null) return refuse(fault.code, `the targets metadata ${fault.message}`);
  const { version, expires, delegations } = metadata.value.signed;
  const next = nextOf(role, before.file.version, seen);
  if (version !== next)
    return refuse(
      "metadata-version",
      `the metadata of ${role} has version ${version}, ${next} is the next; sign on the current one`,
    );
  if (Date.parse(expires) <= nowMs) return refuse("expired", `the metadata of ${role} expired on ${expires}`);
  if (Object.keys(metadata.value.signed.targets).length > MAX_TARGETS_A_ROLE)
    return refuse("role-full", `${role} lists more than ${MAX_TARGETS_A_ROLE} files`);
  if (!isDeepStrictEqual(delegations?.toJSON(), before.metadata.signed.delegations?.toJSON()))
    return refuse("delegation", `the metadata of ${role} delegates otherwise; that is maint keys' to do`);
  return metadata;
}

/** Every earlier entry is there as it was, and what is new are exactly the `expected` files. */
function checkAdded(
  targets: Targets,
  role: string,
  current: CurrentMetadata,
  expected: ReadonlyMap<string, string>,
): Result<null, Refusal> {
  const before = documentOf(role, current)?.metadata.signed.targets ?? {};
  const after = targets.signed.targets;
  for (const path of Object.keys(before))
    if (!Object.hasOwn(after, path)) return refuse("entry-removed", `the stored entry ${path} is gone`);
  for (const [path, entry] of Object.entries(after)) {
    const known = Object.hasOwn(before, path) ? before[path] : undefined;
    if (known !== undefined) {
      if (isDeepStrictEqual(known.toJSON(), entry.toJSON())) continue;
      return refuse("entry-changed", `the stored entry ${path} was changed`);
    }
    const content = expected.get(path);
    if (content === undefined) return refuse("entry-unexpected", `the metadata also adds ${path}`);
    const fits = checkContent(path, entry, content);
    if (!fits.ok) return fits;
  }
  for (const path of expected.keys())
    if (!Object.hasOwn(after, path)) return refuse("entry-missing", `the metadata lacks ${path}`);
  return ok(null);
}

function checkContent(path: string, entry: TargetFile, content: string): Result<null, Refusal> {
  if (!content.isWellFormed()) return refuse("digest-mismatch", `${path} holds what no UTF-8 text holds`);
  const { custom: _, ...file } = entry.toJSON();
  const fits = isDeepStrictEqual(file, {
    length: Buffer.byteLength(content),
    hashes: { sha256: sha256Hex(content) },
  });
  return fits ? ok(null) : refuse("digest-mismatch", `${path} is not the file that was signed`);
}

/** What stands beside the bundle: against which version it was held, and that two sign what loosens. */
function checkMark(
  entry: TargetFile | undefined,
  { contract, role }: ReleaseSubmission,
  current: CurrentMetadata,
): Result<null, Refusal> {
  const mark = markOf(entry);
  if (mark === undefined) return refuse("mark-unreadable", "the bundle is signed without its direction");
  const latest = storedBundles(current, contract).at(-1);
  const before = latest === undefined ? null : `sha256:${latest.file.hashes["sha256"]}`;
  if (mark.comparedWith !== before || (mark.direction === "first") !== (before === null))
    return refuse(
      "mark-unreadable",
      `the release was held against ${mark.comparedWith ?? "nothing"}, not ${before ?? "nothing"}`,
    );
  if (needsTwo(mark.direction) && parseRoleName(role)?.loosening !== true)
    return refuse(
      "loosening-role",
      `a release that loosens is listed by ${parseRoleName(role)?.domain}-loosening, which two sign`,
    );
  return ok(null);
}

/** What a bundle's target says of its release; undefined where it is not in our form. */
export function markOf(entry: TargetFile | undefined): ReleaseMark | undefined {
  const { direction, comparedWith, offline, ...more } = (entry?.custom ?? {}) as { readonly [field: string]: unknown };
  const isMark =
    DIRECTIONS.some((one) => one === direction) &&
    (comparedWith === null || isDigest(comparedWith)) &&
    (offline === "accept" || offline === "strict") &&
    Object.keys(more).length === 0;
  return isMark ? ({ direction, comparedWith, offline } as ReleaseMark) : undefined;
}

/** The path of an assignment that is the next of its contract, names only what is stored, and is signed by two where it loosens. */
function checkAssignment(
  { domain, contract, role, assignment }: Pick<AssignmentSubmission, "domain" | "contract" | "role" | "assignment">,
  current: CurrentMetadata,
): Result<string, Refusal> {
  const parsed = parseAssignment(assignment);
  if (!parsed.ok) return refuse("assignment", `the assignment ${parsed.error}`);
  const { number, revertTo, contract: about } = parsed.value;
  const next = latestAssignment(current, contract) + 1;
  if (about !== contract || number !== next)
    return refuse("assignment", `assignment ${number} of ${about} is not ${next} of ${contract}, which is the next`);
  const stored = storedBundles(current, contract);
  if (stored.length > 0 && stored[0]?.name.domain !== domain)
    return refuse("domain-changed", `${contract} belongs to ${stored[0]?.name.domain}, not to ${domain}`);
  const known = new Set(stored.map(({ file }) => `sha256:${file.hashes["sha256"]}`));
  const strange = revertTo.find((digest) => !known.has(digest));
  if (strange !== undefined) return refuse("assignment", `${strange} is no stored bundle of ${contract}`);
  if (loosens(parsed.value) && parseRoleName(role)?.loosening !== true)
    return refuse("loosening-role", `what takes ${contract} away is listed by ${domain}-loosening, which two sign`);
  return ok(assignmentPath({ domain, contract, number }));
}
