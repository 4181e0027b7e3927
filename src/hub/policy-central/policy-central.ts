import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MaintError } from "../../base/maint-error.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { sweepTemporary } from "../../disk/atomic-write.ts";
import type { SigningKey } from "../../disk/key-file.ts";
import { type ContractId, compareVersions, type Digest, type Version } from "../../model/ids.ts";
import { type AssignmentDocument, parseAssignment } from "../release/assignment.ts";
import { digestOf, LIFE_DAYS } from "../release/metadata-text.ts";
import { signSnapshot, signTimestamp, snapshotAndTimestamp } from "../release/sign-online.ts";
import type { AssignmentSubmission, ReleaseMark, ReleaseSubmission } from "../release/sign-release.ts";
import {
  assignmentPath,
  hashedPath,
  hexOf,
  parseAssignmentPath,
  parseTargetPath,
  targetPath,
} from "../release/target-path.ts";
import { checkAssigned, checkRenewal, checkSubmission, markOf, type Refusal, refuse } from "./check-submission.ts";
import {
  type CurrentMetadata,
  type Finding,
  METADATA_FOLDER,
  type MetadataFile,
  metadataName,
  readCurrent,
  readDelegated,
  readDocument,
  readRoots,
  rolesOf,
} from "./current-metadata.ts";
import { highest, NOTHING_SEEN, nextOf, readSeen, type SeenByNodes } from "./seen-by-nodes.ts";
import { commitFiles, commitTimestamp, type NewFile, undoUnfinished } from "./store-files.ts";
import { verifyPolicyFolder } from "./verify-folder.ts";

/** One stored release. Digests are over the stored bytes. */
export interface StoredRelease {
  readonly contract: ContractId;
  readonly version: Version;
  readonly domain: string;
  /** Of the bundle: what nodes are told. */
  readonly digest: Digest;
  /** Of the bundle, in bytes. */
  readonly size: number;
  /** TUF path of the bundle. */
  readonly target: string;
  readonly sourceDigest: Digest;
  /** The delegated role that lists it. */
  readonly role: string;
  /** Signed with it: how it stands to the version before, and what a node does without attested time. */
  readonly mark: ReleaseMark;
}

/** The assignment of a contract that holds: what its signers let a hub take away. */
export interface StoredAssignment {
  readonly contract: ContractId;
  readonly target: string;
  readonly digest: Digest;
  readonly size: number;
  readonly document: AssignmentDocument;
}

/** What a node needs to verify any release, files as they lie on the disk. */
export interface PolicyMetadata {
  readonly roots: readonly MetadataFile[];
  readonly targets: MetadataFile;
  /** By role name. */
  readonly delegated: ReadonlyMap<string, MetadataFile>;
  readonly snapshot: MetadataFile;
  readonly timestamp: MetadataFile;
}

export interface PolicyCentral {
  readonly metadata: () => PolicyMetadata;
  /** Takes a signed release in, durably, or says why not. Synchronous: one store at a time. @throws MaintError on disk trouble */
  readonly store: (submission: ReleaseSubmission) => Result<StoredRelease, Refusal>;
  /** Whether it would be taken in now; writes nothing. `threshold` where a signature is still to come. */
  readonly check: (submission: ReleaseSubmission | AssignmentSubmission) => Result<null, Refusal>;
  /** Takes an assignment in, durably, or says why not. */
  readonly assign: (submission: AssignmentSubmission) => Result<StoredAssignment, Refusal>;
  /** Takes a role's metadata that adds no file: a later expiry. */
  readonly renew: (role: string, text: string) => Result<PolicyMetadata, Refusal>;
  readonly assignment: (contract: ContractId) => StoredAssignment | undefined;
  readonly release: (contract: ContractId, version: Version) => StoredRelease | undefined;
  /** By contract, then version; of one contract where it is named. The last one of a contract is its latest. */
  readonly releases: (contract?: ContractId) => readonly StoredRelease[];
  /** The `.maint` text, refused where it is not what was signed. */
  readonly text: (contract: ContractId, version: Version) => Result<string, Refusal>;
  /** The bundle's bytes, refused where they are not what was signed. */
  readonly bundle: (contract: ContractId, version: Version) => Result<Uint8Array, Refusal>;
  /** Bytes by digest, for nodes that ask: current metadata, timestamps of this run, any stored bundle or text. */
  readonly blob: (digest: Digest) => Uint8Array | undefined;
  /** Renews the timestamp, and the snapshot, once half their life is gone; true where something is new. */
  readonly refreshTimestamp: (nowMs: number) => boolean;
  /**
   * Learns from a metadata file that a node kept what a hub that was restored has forgotten: true where it is news. From then on
   * no number that was used is used again. The error is a sentence.
   */
  readonly learn: (name: string, text: string, nowMs: number) => Result<boolean, string>;
  readonly seen: () => SeenByNodes;
  /** Everything that is wrong in the folder now; empty where it is whole. */
  readonly verifyAll: () => readonly Finding[];
}

export interface PolicyOptions {
  /** `<data>/policy` */
  readonly folder: string;
  readonly onlineKey: SigningKey;
  readonly clock: { readonly nowMs: () => number };
}

const DAY_MS = 86_400_000;

/**
 * Opens PolicyCentral: undoes a store that a crash cut off, checks the whole metadata chain, makes the first snapshot, and
 * renews what ran out while the hub was away. Files that are damaged are not served; `verifyAll` names them.
 * @throws MaintError MAINT_ERR_POLICY_MISSING, MAINT_ERR_POLICY_KEY, or MAINT_ERR_POLICY_DAMAGED when the metadata does not hold
 */
export function openPolicyCentral({ folder, onlineKey, clock }: PolicyOptions): PolicyCentral {
  if (!existsSync(join(folder, METADATA_FOLDER, "1.root.json")))
    throw new MaintError("MAINT_ERR_POLICY_MISSING", `${folder}: PolicyCentral has no root of trust yet`, {
      help: "make it once with: maint keys init --keys DIR --data DIR",
    });
  sweepTemporary(folder);
  undoUnfinished(folder);
  refuseForeignKey(folder, onlineKey);
  if (!existsSync(join(folder, METADATA_FOLDER, "timestamp.json"))) firstSnapshot(folder, onlineKey, clock.nowMs());
  const state = openState(folder, onlineKey);
  state.refresh(clock.nowMs());
  return {
    metadata: () => metadataOf(state.current()),
    store: (submission) => {
      const targets = checkSubmission(submission, state.current(), state.seen(), clock.nowMs());
      if (!targets.ok) return targets;
      state.commit(releaseFiles(submission), submission, clock.nowMs());
      const { contract, version } = submission;
      return ok(mustFind(state.release(contract, version), `${contract}@${version}`));
    },
    check: (submission) => {
      const checked =
        "bundle" in submission
          ? checkSubmission(submission, state.current(), state.seen(), clock.nowMs())
          : checkAssigned(submission, state.current(), state.seen(), clock.nowMs());
      return checked.ok ? ok(null) : checked;
    },
    assign: (submission) => {
      const targets = checkAssigned(submission, state.current(), state.seen(), clock.nowMs());
      if (!targets.ok) return targets;
      state.commit(assignmentFiles(submission, submission.assignment), submission, clock.nowMs());
      return ok(mustFind(state.assignment(submission.contract), `assignment of ${submission.contract}`));
    },
    renew: (role, text) => {
      const targets = checkRenewal(role, text, state.current(), state.seen(), clock.nowMs());
      if (!targets.ok) return targets;
      state.commit([], { role, targets: text }, clock.nowMs());
      return ok(metadataOf(state.current()));
    },
    assignment: state.assignment,
    release: state.release,
    releases: (contract) => state.releases().filter((one) => contract === undefined || one.contract === contract),
    text: (contract, version) => {
      const bytes = contentOf(folder, state, [contract, version, "source"]);
      return bytes.ok ? ok(Buffer.from(bytes.value).toString("utf8")) : bytes;
    },
    bundle: (contract, version) => contentOf(folder, state, [contract, version, "bundle"]),
    blob: (digest) => blobOf(folder, state, digest),
    refreshTimestamp: state.refresh,
    learn: state.learn,
    seen: state.seen,
    verifyAll: () => verifyPolicyFolder(folder, clock.nowMs()),
  };
}

const damaged = ({ path, message }: Finding): MaintError =>
  new MaintError("MAINT_ERR_POLICY_DAMAGED", `PolicyCentral does not hold: ${path} ${message}`, {
    exitCode: 69,
    help: "restore the policy folder from a backup; no node takes what is not signed",
  });

function must<T>(result: Result<T, Finding>): T {
  if (!result.ok) throw damaged(result.error);
  return result.value;
}

function mustFind<T>(found: T | undefined, path: string): T {
  if (found === undefined) throw damaged({ path, code: "missing", message: "is not there after it was stored" });
  return found;
}

function refuseForeignKey(folder: string, onlineKey: SigningKey): void {
  const { roles } = mustFind(must(readRoots(folder)).at(-1), "metadata/1.root.json").metadata.signed;
  const named = (["snapshot", "timestamp"] as const).every((role) => roles[role]?.keyIDs.includes(onlineKey.keyId));
  if (!named)
    throw new MaintError("MAINT_ERR_POLICY_KEY", "the hub's key is not the online key that root names", {
      help: "put back the hub/key file that `maint keys init` made with this PolicyCentral",
    });
}

function firstSnapshot(folder: string, onlineKey: SigningKey, nowMs: number): void {
  const root = mustFind(must(readRoots(folder)).at(-1), "metadata/1.root.json");
  const targets = must(readDocument(folder, "targets", 1, root.metadata));
  if (existsSync(join(folder, metadataPath("targets", 2))))
    throw damaged({
      path: `${METADATA_FOLDER}/timestamp.json`,
      code: "missing",
      message: "is gone, and releases are there",
    });
  const delegated = new Map(
    Object.keys(targets.metadata.signed.delegations?.roles ?? {}).map((role) => [
      role,
      must(readDelegated(folder, role, 1, targets.metadata)),
    ]),
  );
  const roles = rolesOf({ targets, delegated });
  const { snapshot, timestamp } = snapshotAndTimestamp(roles, { snapshot: 1, timestamp: 1 }, onlineKey, nowMs);
  commitFiles(folder, [{ path: metadataPath("snapshot", 1), content: snapshot }], timestamp);
}

const metadataOf = (current: CurrentMetadata): PolicyMetadata => ({
  roots: current.roots.map(({ file }) => file),
  targets: current.targets.file,
  delegated: new Map([...current.delegated].map(([role, { file }]) => [role, file])),
  snapshot: current.snapshot.file,
  timestamp: current.timestamp.file,
});

/** The plain name that people read, and the hashed one that a consistent-snapshot client fetches. */
const bothNames = (path: string, content: string): readonly NewFile[] => [
  { path, content },
  { path: hashedPath(path, hexOf(digestOf(content))), content },
];

const releaseFiles = (submission: ReleaseSubmission): readonly NewFile[] => {
  const { domain, contract, version, text, bundle, assignment } = submission;
  const path = (kind: "source" | "bundle") => targetPath({ domain, contract, version, kind });
  return [
    ...bothNames(path("source"), text),
    ...bothNames(path("bundle"), bundle),
    ...(assignment === null ? [] : assignmentFiles(submission, assignment)),
  ];
};

function assignmentFiles(
  { domain, contract }: Pick<AssignmentSubmission, "domain" | "contract">,
  text: string,
): readonly NewFile[] {
  const { number } = must(mapError(parseAssignment(text), contract));
  return bothNames(assignmentPath({ domain, contract, number }), text);
}

const mapError = <T>(result: Result<T, string>, path: string): Result<T, Finding> =>
  result.ok ? result : fail({ path, code: "unreadable", message: result.error });

/** What is current. It changes only by `change`, which has put everything on the disk before this sees it. */
function openState(folder: string, onlineKey: SigningKey) {
  let current = must(readCurrent(folder));
  let index = releasesOf(current);
  let assignments = assignmentsOf(folder, current);
  // A node may still ask for the timestamp it was told of a moment ago.
  const timestamps = new Map<Digest, Uint8Array>();
  let seen = NOTHING_SEEN;
  const note = ({ digest, text }: MetadataFile) => timestamps.set(digest, Buffer.from(text));
  note(current.timestamp.file);
  const change = (write: (before: CurrentMetadata, key: SigningKey) => void): void => {
    try {
      write(current, onlineKey);
    } finally {
      current = must(readCurrent(folder));
      index = releasesOf(current);
      assignments = assignmentsOf(folder, current);
      note(current.timestamp.file);
    }
  };
  return {
    current: () => current,
    seen: () => seen,
    learn: (name: string, text: string, nowMs: number): Result<boolean, string> => {
      const found = readSeen(name, text, current);
      if (!found.ok) return found;
      const before = seen;
      seen = highest(seen, found.value);
      const isBehind = (["snapshot", "timestamp"] as const).some(
        (role) => (seen.roles.get(role) ?? 0) >= current[role].file.version && name === role,
      );
      // Signed anew under higher numbers: until then every node refuses what this hub says.
      if (isBehind) change((now, key) => renew(folder, now, key, "snapshot", nowMs, seen));
      return ok(!isDeepStrictEqual(before, seen));
    },
    releases: () => index,
    superseded: (digest: Digest) => timestamps.get(digest),
    release: (contract: ContractId, version: Version): StoredRelease | undefined =>
      index.find((one) => one.contract === contract && one.version === version),
    assignment: (contract: ContractId): StoredAssignment | undefined => assignments.get(contract),
    assignmentWith: (digest: Digest): string | undefined =>
      [...assignments.values()].find((one) => one.digest === digest)?.target,
    commit: (files: readonly NewFile[], signed: SignedRole, nowMs: number): void =>
      change((before, key) => commitRole(folder, before, key, files, signed, nowMs, seen)),
    refresh: (nowMs: number): boolean => {
      const role = wornOut(current, nowMs);
      if (role !== undefined) change((before, key) => renew(folder, before, key, role, nowMs, seen));
      return role !== undefined;
    },
  };
}

type State = ReturnType<typeof openState>;

const metadataPath = (role: string, version: number): string => `${METADATA_FOLDER}/${metadataName(role, version)}`;

/** The new metadata of one targets role. */
type SignedRole = Pick<ReleaseSubmission, "role" | "targets">;

function commitRole(
  folder: string,
  current: CurrentMetadata,
  onlineKey: SigningKey,
  files: readonly NewFile[],
  { role, targets: text }: SignedRole,
  nowMs: number,
  seen: SeenByNodes,
): void {
  const { snapshot, timestamp } = current;
  const roles = new Map(rolesOf(current));
  const next = { version: nextOf(role, roles.get(role)?.version ?? 0, seen), text };
  roles.set(role, next);
  const versions = {
    snapshot: nextOf("snapshot", snapshot.file.version, seen),
    timestamp: nextOf("timestamp", timestamp.file.version, seen),
  };
  const online = snapshotAndTimestamp(roles, versions, onlineKey, nowMs);
  const metadata = [
    { path: metadataPath(role, next.version), content: text },
    { path: metadataPath("snapshot", versions.snapshot), content: online.snapshot },
  ];
  commitFiles(folder, [...files, ...metadata], online.timestamp);
}

/** The topmost of what the online key signs that has less than half its life left; the timestamp follows the snapshot. */
const wornOut = (current: CurrentMetadata, nowMs: number): "snapshot" | "timestamp" | undefined =>
  (["snapshot", "timestamp"] as const).find(
    (role) => Date.parse(current[role].metadata.signed.expires) - nowMs < (LIFE_DAYS[role] * DAY_MS) / 2,
  );

function renew(
  folder: string,
  current: CurrentMetadata,
  onlineKey: SigningKey,
  role: "snapshot" | "timestamp",
  nowMs: number,
  seen: SeenByNodes,
): void {
  const { snapshot, timestamp } = current;
  const version = nextOf("timestamp", timestamp.file.version, seen);
  if (role === "timestamp") {
    commitTimestamp(folder, signTimestamp(snapshot.file, version, onlineKey, nowMs));
    return;
  }
  const next = nextOf("snapshot", snapshot.file.version, seen);
  const text = signSnapshot(rolesOf(current), next, onlineKey, nowMs);
  const file = { path: metadataPath("snapshot", next), content: text };
  commitFiles(folder, [file], signTimestamp({ version: next, text }, version, onlineKey, nowMs));
}

function contentOf(
  folder: string,
  state: State,
  [contract, version, kind]: readonly [ContractId, Version, "source" | "bundle"],
): Result<Uint8Array, Refusal> {
  const found = state.release(contract, version);
  if (found === undefined) return refuse("unknown-release", `${contract}@${version} is not stored`);
  const path = targetPath({ ...found, kind });
  const bytes = readChecked(folder, path, kind === "source" ? found.sourceDigest : found.digest);
  return bytes === undefined ? refuse("damaged", `${path} is not the file that was signed`) : ok(bytes);
}

function blobOf(folder: string, state: State, digest: Digest): Uint8Array | undefined {
  const { roots, targets, delegated, snapshot } = state.current();
  const metadata = [...roots, targets, ...delegated.values(), snapshot].find(({ file }) => file.digest === digest);
  if (metadata !== undefined) return Buffer.from(metadata.file.text);
  const found = state.releases().find((one) => one.digest === digest || one.sourceDigest === digest);
  if (found === undefined) return assignmentBytes(folder, state, digest) ?? state.superseded(digest);
  const kind = found.digest === digest ? "bundle" : "source";
  return readChecked(folder, targetPath({ ...found, kind }), digest);
}

/** The bytes, or undefined where the file is gone or is not the one with this digest. */
function readChecked(folder: string, path: string, digest: Digest): Uint8Array | undefined {
  const full = join(folder, path);
  if (!existsSync(full)) return undefined;
  const bytes = readFileSync(full);
  return digestOf(bytes) === digest ? bytes : undefined;
}

function assignmentBytes(folder: string, state: State, digest: Digest): Uint8Array | undefined {
  const target = state.assignmentWith(digest);
  return target === undefined ? undefined : readChecked(folder, target, digest);
}

function releasesOf(current: CurrentMetadata): readonly StoredRelease[] {
  return [...current.delegated]
    .flatMap(([role, { metadata }]) => {
      const { targets } = metadata.signed;
      return Object.values(targets).flatMap((file): readonly StoredRelease[] => {
        const name = parseTargetPath(file.path);
        const mark = markOf(file);
        if (name?.kind !== "bundle" || mark === undefined) return [];
        const source = targets[targetPath({ ...name, kind: "source" })];
        const { domain, contract, version } = name;
        return [
          {
            ...{ contract, version, domain, role, mark },
            digest: `sha256:${file.hashes["sha256"]}`,
            size: file.length,
            target: file.path,
            sourceDigest: `sha256:${source?.hashes["sha256"]}`,
          },
        ];
      });
    })
    .sort((a, b) =>
      a.contract < b.contract ? -1 : a.contract > b.contract ? 1 : compareVersions(a.version, b.version),
    );
}

/** The latest of each contract whose file is the one that was signed: a damaged one allows nothing. */
function assignmentsOf(folder: string, current: CurrentMetadata): ReadonlyMap<ContractId, StoredAssignment> {
  const latest = new Map<ContractId, StoredAssignment>();
  for (const { metadata } of current.delegated.values())
    for (const file of Object.values(metadata.signed.targets)) {
      const name = parseAssignmentPath(file.path);
      if (name === undefined || (latest.get(name.contract)?.document.number ?? 0) >= name.number) continue;
      const digest: Digest = `sha256:${file.hashes["sha256"]}`;
      const bytes = readChecked(folder, file.path, digest);
      const document = bytes === undefined ? undefined : parseAssignment(Buffer.from(bytes).toString("utf8"));
      if (document?.ok !== true) continue;
      const { contract } = name;
      latest.set(contract, { contract, digest, size: file.length, target: file.path, document: document.value });
    }
  return latest;
}
