import { existsSync } from "node:fs";
import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { compareContracts, compile, directionOf } from "../compiler/index.ts";
import { loadKeyFile, type SigningKey } from "../disk/key-file.ts";
import type { HistoryEntry } from "../hub/contracts/contract-records.ts";
import type { ImpactTerms } from "../hub/contracts/impact-gate.ts";
import type { Published } from "../hub/contracts/staging-service.ts";
import type { RolloutPolicy } from "../hub/core/rollout-policy.ts";
import type { AssignmentDocument } from "../hub/release/assignment.ts";
import { digestOf } from "../hub/release/metadata-text.ts";
import { MAX_TARGETS_A_ROLE, parseRoleName } from "../hub/release/role-name.ts";
import {
  type AssignmentSubmission,
  countersign,
  needsTwo,
  prepareAssignment,
  prepareRelease,
  type ReleaseMark,
  type ReleaseSubmission,
  renewTargets,
} from "../hub/release/sign-release.ts";
import { parseAssignmentPath, parseTargetPath } from "../hub/release/target-path.ts";
import { compareVersions, type Digest, nextVersion, type Version } from "../model/ids.ts";
import type { HubClient } from "./hub-client.ts";

/**
 * The author's part of storing and retiring: it happens here, in the author's own process, with a key that the hub never
 * sees. What is signed is what this process compiled and compared, never a bundle or a verdict that somebody sent.
 */
export interface StoreRelease {
  readonly hub: HubClient;
  readonly contract: string;
  /** Folder that holds `author.key`, or the key file itself. */
  readonly keys: string;
  /** Narrows the push that storing starts; every node the contract binds where it is left out. */
  readonly nodes?: readonly string[];
  readonly reason?: string;
  readonly offline?: ReleaseMark["offline"];
  /** Signed now, published later with `maint release publish`. */
  readonly hold?: boolean;
  /** What it may do to recorded decisions. */
  readonly impact?: ImpactTerms;
  /** Signed so that a second person has to, whatever the comparison says. */
  readonly two?: boolean;
  /** Where its rollout differs from the domain's default. */
  readonly rollout?: Partial<RolloutPolicy>;
}

/** Compiles the validated text, signs it as the next version and hands it in. Answers what the hub says. */
export async function storeRelease(request: StoreRelease): Promise<Published> {
  try {
    return await signAndStore(request);
  } catch (error) {
    // Recorded decisions would be newly allowed: the hub wants it signed by two, so it is signed again for that.
    const asksTwo = error instanceof MaintError && error.code === "MAINT_ERR_TWO_SIGNATURES" && request.two !== true;
    if (!asksTwo) throw error;
    return signAndStore({ ...request, two: true });
  }
}

async function signAndStore(request: StoreRelease): Promise<Published> {
  const { hub, contract, keys, nodes, reason = "", offline = "accept", hold = false, rollout = {} } = request;
  const { impact, two = false } = request;
  const draft = await draftOf(hub, contract);
  const bundle = compiledBytes(contract, draft.text);
  await renewLost(hub, keys);
  const { roles, floors } = await signedAt(hub);
  const latest = latestStored(roles, contract);
  const used = floors.contracts[contract];
  const isLost = used !== undefined && (latest === undefined || compareVersions(used, latest.version) > 0);
  const found = await markAgainst(hub, latest, contract, bundle);
  // Nodes have a version that the hub lost: nobody can say that this one does not loosen it, so that two people sign.
  const direction = isLost && latest !== undefined ? "both" : found.direction;
  const mark: ReleaseMark = { ...found, direction, offline };
  const { role, text } = roleWithRoom(roles, draft.domain, two || isLost || needsTwo(mark.direction));
  const version = nextVersion(isLost ? used : latest?.version);
  const prepared = prepareRelease({
    ...{ domain: draft.domain, contract, version, text: draft.text, bundle, mark, role },
    floor: floors.roles[role] ?? 0,
    assignment: latest === undefined ? null : await backToThoseInForce(hub, roles, contract, latest),
    currentTargets: text,
    keys: [authorKey(keys)],
    nowMs: Date.now(),
  });
  if (!prepared.ok) throw new MaintError("MAINT_ERR_SIGN", prepared.error);
  const narrowed = nodes === undefined ? {} : { nodes };
  return (await hub.post("/v1/releases", {
    ...prepared.value,
    ...narrowed,
    reason,
    hold,
    rollout,
    impact,
  })) as Published;
}

export interface RetireContract {
  readonly hub: HubClient;
  readonly contract: string;
  readonly version: Version;
  readonly reason: string;
  readonly keys: string;
}

/** Signs that nodes may lose the contract, where this is its last version in force, and takes the version out of use. */
export async function retireContract({ hub, contract, version, reason, keys }: RetireContract): Promise<Published> {
  const path = `/v1/contracts/${encodeURIComponent(contract)}`;
  const known = (await hub.get(`${path}?version=${version}`)) as { readonly domain: string };
  const inForce = (await historyOf(hub, contract)).filter(({ status }) => IN_FORCE.includes(status));
  if (inForce.some((one) => one.version !== version))
    return (await hub.post(`${path}/retire`, { version, reason })) as Published;
  const { roles, floors } = await signedAt(hub);
  const { role, text } = roleWithRoom(roles, known.domain, true);
  const document: AssignmentDocument = {
    ...assignmentFor(roles, contract),
    ...{ drop: true, reason, by: "author" },
  };
  const prepared = prepareAssignment(document, {
    floor: floors.roles[role] ?? 0,
    ...{ domain: known.domain, role, currentTargets: text, keys: [authorKey(keys)], nowMs: Date.now() },
  });
  if (!prepared.ok) throw new MaintError("MAINT_ERR_SIGN", prepared.error);
  return (await hub.post(`${path}/retire`, { version, reason, assignment: prepared.value })) as Published;
}

/** A folder of keys holds the author's under its name. */
export const authorKey = (keys: string): SigningKey => loadKeyFile(keyFile(keys, "author"));
export const approverKey = (keys: string): SigningKey => loadKeyFile(keyFile(keys, "approver"));

/** Its metadata with one more signature, once its bundle is what its text compiles to here. @throws MaintError MAINT_ERR_SIGN */
export function countersigned(submission: ReleaseSubmission | AssignmentSubmission, key: SigningKey): string {
  if ("bundle" in submission && compiledBytes(submission.contract, submission.text) !== submission.bundle)
    throw new MaintError("MAINT_ERR_SIGN", `${submission.contract}: the bundle is not what its text compiles to here`, {
      help: "do author and approver run the same version?",
    });
  const signed = countersign(submission.targets, key);
  if (!signed.ok) throw new MaintError("MAINT_ERR_SIGN", signed.error);
  return signed.value;
}

const keyFile = (keys: string, name: string): string =>
  keys.endsWith(".key") && existsSync(keys) ? keys : join(keys, `${name}.key`);

function compiledBytes(contract: string, text: string): string {
  const { contracts, diagnostics } = compile([{ name: `${contract}.maint`, text }]);
  const compiled = contracts.find(({ id }) => id === contract);
  if (compiled !== undefined) return compiled.bytes;
  const why = diagnostics[0]?.message ?? `the text holds no contract ${contract}`;
  throw new MaintError("MAINT_ERR_COMPILE", `${contract} does not compile here: ${why}`, {
    help: `ask for all of it with: maint contract validate ${contract}`,
  });
}

async function draftOf(hub: HubClient, contract: string): Promise<{ readonly text: string; readonly domain: string }> {
  const known = (await hub.get(`/v1/contracts/${encodeURIComponent(contract)}?version=draft`)) as {
    readonly status?: unknown;
    readonly text?: unknown;
    readonly domain?: unknown;
  };
  if (typeof known.text !== "string" || typeof known.domain !== "string")
    throw new MaintError("MAINT_ERR_HUB_ANSWER", `the hub's answer holds no text of ${contract}`, { exitCode: 69 });
  if (known.status !== "validated") {
    throw new MaintError("MAINT_ERR_NOT_VALIDATED", `${contract} is ${String(known.status)}, not validated`, {
      help: `maint contract validate ${contract}`,
    });
  }
  return { text: known.text, domain: known.domain };
}

/** Signed metadata of every delegated role, by its name. */
type Roles = { readonly [role: string]: string };

interface SignedAtHub {
  readonly roles: Roles;
  /** Numbers that nodes have and the hub lost. */
  readonly floors: {
    readonly roles: { readonly [role: string]: number };
    readonly contracts: { readonly [contract: string]: Version };
  };
}

async function signedAt(hub: HubClient): Promise<SignedAtHub> {
  const { roles, floors } = (await hub.get("/v1/releases/metadata")) as Partial<SignedAtHub>;
  if (typeof roles === "object" && typeof floors === "object") return { roles, floors };
  throw new MaintError("MAINT_ERR_HUB_ANSWER", "the hub's answer holds no targets metadata", { exitCode: 69 });
}

/**
 * A hub that was restored has older metadata of a role than its nodes, who take nothing while that is so. What one person signs
 * is signed anew, above the lost numbers; a role of two gets its number with the release that two sign.
 */
async function renewLost(hub: HubClient, keys: string): Promise<void> {
  const { roles, floors } = await signedAt(hub);
  for (const [role, text] of Object.entries(roles)) {
    const { signed } = JSON.parse(text) as { readonly signed: { readonly version: number } };
    const floor = floors.roles[role] ?? 0;
    if (floor <= signed.version || parseRoleName(role)?.loosening !== false) continue;
    const renewed = renewTargets(text, [authorKey(keys)], Date.now(), floor);
    if (!renewed.ok) throw new MaintError("MAINT_ERR_SIGN", renewed.error);
    await hub.post("/v1/releases/renew", { role, targets: renewed.value });
  }
}

interface ListedTarget {
  readonly path: string;
  readonly digest: Digest;
}

const listedIn = (text: string): readonly ListedTarget[] => {
  const { signed } = JSON.parse(text) as {
    readonly signed: {
      readonly targets: { readonly [path: string]: { readonly hashes: { readonly sha256: string } } };
    };
  };
  return Object.entries(signed.targets).map(([path, { hashes }]) => ({ path, digest: `sha256:${hashes.sha256}` }));
};

interface LatestStored {
  readonly version: Version;
  readonly digest: Digest;
}

/** The highest version that the signed targets list; undefined before the first. */
function latestStored(roles: Roles, contract: string): LatestStored | undefined {
  return Object.values(roles)
    .flatMap(listedIn)
    .flatMap(({ path, digest }): readonly LatestStored[] => {
      const name = parseTargetPath(path);
      return name?.kind === "bundle" && name.contract === contract ? [{ version: name.version, digest }] : [];
    })
    .sort((a, b) => compareVersions(a.version, b.version))
    .at(-1);
}

/** Held against the stored version before it, whose text is compiled here too and must give the bytes that were signed. */
async function markAgainst(
  hub: HubClient,
  latest: LatestStored | undefined,
  contract: string,
  bundle: string,
): Promise<Pick<ReleaseMark, "direction" | "comparedWith">> {
  if (latest === undefined) return { direction: "first", comparedWith: null };
  const path = `/v1/contracts/${encodeURIComponent(contract)}?version=${latest.version}`;
  const { text } = (await hub.get(path)) as { readonly text: string };
  const older = compiledBytes(contract, text);
  if (digestOf(older) !== latest.digest)
    throw new MaintError("MAINT_ERR_SIGN", `${contract}@${latest.version} does not compile here to what was signed`, {
      help: "author and hub must run the same version; maint release verify --all looks for damage",
    });
  const comparison = compareContracts(JSON.parse(older), JSON.parse(bundle));
  return { direction: directionOf(comparison, false), comparedWith: latest.digest };
}

/** An assignment that lets nodes lose nothing, with the next number of its contract. */
function assignmentFor(roles: Roles, contract: string): AssignmentDocument {
  const numbers = Object.values(roles)
    .flatMap(listedIn)
    .flatMap(({ path }) => parseAssignmentPath(path) ?? [])
    .filter((name) => name.contract === contract)
    .map(({ number }) => number);
  return {
    ...{ format: "maint-assignment/1", contract, number: Math.max(0, ...numbers) + 1 },
    ...{ minimum: null, revertTo: [], drop: false, shadow: false, nodes: null, reason: "", by: "author" },
  };
}

/**
 * From the new version nodes may be taken back to those that are in force beside it: a revert in trouble needs no person. After
 * a revert the one stored before is not what nodes run.
 */
async function backToThoseInForce(
  hub: HubClient,
  roles: Roles,
  contract: string,
  latest: LatestStored,
): Promise<AssignmentDocument> {
  const history = await historyOf(hub, contract);
  const inForce = history.flatMap(({ version, digest, status }) =>
    version !== null && digest !== null && IN_FORCE.includes(status) ? [{ version, digest }] : [],
  );
  const back = inForce.some(({ digest }) => digest === latest.digest) ? inForce : [...inForce, latest];
  const reason = `a way back to ${back.map(({ version }) => version).join(", ")}`;
  return { ...assignmentFor(roles, contract), revertTo: back.map(({ digest }) => digest), reason };
}

const IN_FORCE: readonly string[] = ["deployed", "active", "monitoring"];

async function historyOf(hub: HubClient, contract: string): Promise<readonly HistoryEntry[]> {
  const path = `/v1/contracts/${encodeURIComponent(contract)}/history`;
  return ((await hub.get(path)) as { readonly history: readonly HistoryEntry[] }).history;
}

/** Files that one release adds to its role. */
const RELEASE_TARGETS = 3;

/** The last role of the domain that has room. */
function roleWithRoom(
  roles: Roles,
  domain: string,
  loosening: boolean,
): { readonly role: string; readonly text: string } {
  const parts = Object.entries(roles)
    .flatMap(([role, text]) => {
      const name = parseRoleName(role);
      return name?.domain === domain && name.loosening === loosening ? [{ role, text, part: name.part }] : [];
    })
    .sort((a, b) => a.part - b.part);
  const last = parts.at(-1);
  if (last === undefined)
    throw new MaintError("MAINT_ERR_SIGN", `the targets delegate nothing to ${domain}`, {
      help: `its signers open it with: maint keys delegate ${domain}`,
    });
  if (listedIn(last.text).length + RELEASE_TARGETS > MAX_TARGETS_A_ROLE)
    throw new MaintError("MAINT_ERR_SIGN", `the role ${last.role} is full`, {
      help: `its signers open the next one with: maint keys delegate ${domain}`,
    });
  return last;
}
