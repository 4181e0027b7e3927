import { createHash } from "node:crypto";
import { compareContracts, directionOf, type VersionDirection } from "../../compiler/index.ts";
import type { Bundle } from "../../model/bundle.ts";
import { type ContractId, compareVersions, type Version } from "../../model/ids.ts";
import type { RolloutPolicy } from "../core/rollout-policy.ts";
import type { PolicyCentral, StoredRelease } from "../policy-central/policy-central.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import type { ReleaseSubmission } from "../release/sign-release.ts";
import { targetPath } from "../release/target-path.ts";
import type { RolloutService } from "../rollout/rollout-service.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal, Write } from "../store/journal.ts";
import type { RolloutTables } from "../store/rollout-tables.ts";
import { contractRecord, type HistoryEntry, historyEntry, type VersionRow } from "./contract-records.ts";
import { mustStep } from "./contract-service.ts";
import type { ContractTools } from "./validate-contract.ts";

/** For whom a stored version is, and how it reaches them. */
export interface HowToDeploy {
  /** Narrows it; undefined is every node it binds. */
  readonly nodes?: readonly string[] | undefined;
  /** Where it differs from the domain's default. */
  readonly rollout?: Partial<RolloutPolicy> | undefined;
  /** Why it is stored, where its author said so and no entry before says it. */
  readonly reason?: string | undefined;
}

const narrowed = ({ nodes }: HowToDeploy): string | null => (nodes === undefined ? null : JSON.stringify(nodes));

/** How a signed release stands to the version before it, as the compiler finds here. */
export interface FoundDirection {
  readonly direction: VersionDirection;
  /** What the comparison says, in sentences. */
  readonly changes: readonly string[];
}

export interface StorePorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly policy: PolicyCentral;
  readonly tools: ContractTools;
  readonly nodeIds: () => Promise<readonly string[]>;
  readonly targetsOf: (contract: ContractId, version: Version) => Promise<readonly string[]>;
  /** Makes the desired sets anew and pushes them. */
  readonly push: () => Promise<void>;
  readonly rollout: Pick<RolloutService, "begin" | "settle">;
  readonly stored: (contract: ContractId, version: Version, by: string) => Promise<unknown>;
}

/** From a validated draft and its author's signature to a version that nodes are given. */
export interface StoreService {
  /**
   * Stores a signed release, and its rollout begins.
   * @throws MaintError CONFLICT where the draft is not validated, is another text, or PolicyCentral refuses
   */
  readonly store: (submission: ReleaseSubmission, how: HowToDeploy, by: Principal) => Promise<HistoryEntry>;
  /**
   * Everything that `store` would refuse but a missing signature. Answers how the release stands to the version before.
   * @throws MaintError CONFLICT
   */
  readonly review: (submission: ReleaseSubmission, by: Principal) => Promise<FoundDirection>;
  /** Gives a stored version in force to other nodes, or to the same again. */
  readonly deploy: (
    release: { readonly contract: ContractId; readonly version: Version },
    nodes: readonly string[] | undefined,
    by: Principal,
  ) => Promise<readonly string[]>;
  /** What a crash left between PolicyCentral and hub.db. Call once at start. */
  readonly reconcile: () => Promise<void>;
}

const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

export function createStoreService(ports: StorePorts): StoreService {
  return {
    store: (submission, how, by) => store(ports, submission, how, by),
    review: async (submission, by) => (await review(ports, submission, by)).found,
    deploy: (release, nodes, by) => deploy(ports, release, nodes, by),
    reconcile: () => reconcile(ports),
  };
}

async function store(
  ports: StorePorts,
  submission: ReleaseSubmission,
  how: HowToDeploy,
  by: Principal,
): Promise<HistoryEntry> {
  const { row } = await review(ports, submission, by);
  await checkNodes(ports, how.nodes);
  // Asked before anything is stored, so that a policy that makes no sense stores nothing.
  await ports.rollout.begin({ ...row, version: submission.version, nodes: narrowed(how) }, how.rollout ?? {}, by.id);
  const stored = ports.policy.store(submission);
  if (!stored.ok) throw conflict(`PolicyCentral refuses: ${stored.error.message}`);
  const entry = await takeIn(ports, row, stored.value, how, by.id);
  await ports.stored(row.contract, stored.value.version, by.id);
  await ports.push();
  return entry;
}

async function review(
  ports: StorePorts,
  submission: ReleaseSubmission,
  by: Principal,
): Promise<{ readonly row: VersionRow; readonly found: FoundDirection }> {
  const row = await validatedDraft(ports, submission.contract);
  mustStep(row, "deployed", by.roles);
  if (row.text !== submission.text) throw conflict(`the signed text is not the validated draft of ${row.contract}`);
  const compiled = ports.tools.compile(row.text).contracts.find(({ id }) => id === row.contract);
  if (compiled?.bytes !== submission.bundle)
    throw conflict(
      `the signed bundle is not what ${row.contract} compiles to here`,
      "do author and hub run the same version?",
    );
  const checked = ports.policy.check(submission);
  if (!checked.ok && checked.error.code !== "threshold")
    throw conflict(`PolicyCentral refuses: ${checked.error.message}`);
  const found = await directionHere(ports, row.contract, compiled.bundle);
  const { direction } = markIn(submission);
  if (direction !== found.direction)
    throw conflict(
      `the release is signed as one that ${wordsOf(direction)}; held against the version before it is one that ${wordsOf(found.direction)}`,
      "maint diff shows what changes",
    );
  return { row, found };
}

const WORDS: { readonly [direction in VersionDirection]: string } = {
  first: "is the first",
  same: "changes nothing that decides",
  tightens: "only tightens",
  loosens: "loosens",
  both: "tightens and loosens",
};
const wordsOf = (direction: string): string => WORDS[direction as VersionDirection] ?? "is nothing we know";

/** What is signed beside the bundle; PolicyCentral has checked its form. */
function markIn({ role: _, targets, ...name }: ReleaseSubmission): { readonly direction: string } {
  const path = targetPath({ ...name, kind: "bundle" });
  const { signed } = JSON.parse(targets) as {
    readonly signed: {
      readonly targets: { readonly [path: string]: { readonly custom?: { readonly direction?: string } } };
    };
  };
  return { direction: signed.targets[path]?.custom?.direction ?? "" };
}

/** Against the latest version that is stored, retired or not: what nodes may still run. */
async function directionHere({ policy }: StorePorts, contract: ContractId, bundle: Bundle): Promise<FoundDirection> {
  const latest = policy.releases(contract).at(-1);
  if (latest === undefined) return { direction: "first", changes: [] };
  const bytes = policy.bundle(contract, latest.version);
  if (!bytes.ok) throw conflict(`PolicyCentral refuses: ${bytes.error.message}`);
  const older = JSON.parse(Buffer.from(bytes.value).toString("utf8")) as Bundle;
  const comparison = compareContracts(older, bundle);
  const changes = comparison.changes.map(({ words }) => words);
  const used = policy.seen().contracts.get(contract);
  if (used === undefined || compareVersions(used, latest.version) <= 0)
    return { direction: directionOf(comparison, false), changes };
  // What nodes enforce was lost with this hub: nobody here can say that it is not loosened.
  return { direction: "both", changes: [`nodes have ${used}, which was lost here and is not compared`, ...changes] };
}

async function validatedDraft({ db }: StorePorts, contract: ContractId): Promise<VersionRow> {
  const rows = await db
    .tables<ContractTables>()
    .selectFrom("contract_version")
    .selectAll()
    .where("contract", "=", contract)
    .execute();
  const open = rows.find(({ status }) => status === "draft" || status === "validated");
  if (open === undefined) throw conflict(`${contract} has no open draft`, "make one with maint contract create");
  if (open.status === "draft") throw conflict(`${contract} is not validated`, `maint contract validate ${contract}`);
  return open;
}

async function checkNodes({ nodeIds }: StorePorts, nodes: readonly string[] | undefined): Promise<void> {
  const known = await nodeIds();
  if (nodes?.length === 0) throw badRequest("an empty list of nodes deploys nothing", "leave it out for every node");
  for (const node of nodes ?? []) if (!known.includes(node)) throw unknownId("node", node, known);
}

/** Writes down what PolicyCentral holds now: from here on it is `deployed`, pushed and waiting for its nodes. */
async function takeIn(
  ports: StorePorts,
  row: VersionRow,
  release: StoredRelease,
  how: HowToDeploy,
  by: string,
): Promise<HistoryEntry> {
  const changed = {
    version: release.version,
    status: "deployed" as const,
    bundle_digest: release.digest,
    stored_at_ms: ports.clock.nowMs(),
    nodes: narrowed(how),
  };
  const next = { ...row, ...changed };
  const begin = await ports.rollout.begin(next, how.rollout ?? {}, by);
  const begun = await ports.journal.commit<ContractTables & RolloutTables, () => Promise<void>>(async (write) => {
    const { tables, record } = write;
    await tables.updateTable("contract_version").set(changed).where("id", "=", row.id).execute();
    const why = how.reason === undefined || how.reason.trim() === "" ? {} : { reason: how.reason.trim() };
    const known = { digest: release.digest, source: release.sourceDigest, target: release.target, parent: row.parent };
    const facts = { ...known, ...why };
    const details = `stored as ${release.target}`;
    record(
      contractRecord("contract_storage", "stored", next, by, details, { ...facts, changes: JSON.parse(row.changes) }),
    );
    return begin(write as unknown as Write<RolloutTables>);
  });
  await begun();
  await ports.rollout.settle();
  const targets = await ports.targetsOf(row.contract, release.version);
  await recordPush(ports, next, targets, by);
  return historyEntry(next);
}

/** Successes are counted where nodes report them: `contract_acknowledgement` and `contract_activation`. */
const recordPush = (ports: StorePorts, row: VersionRow, targets: readonly string[], by: string): Promise<void> =>
  ports.journal.commit<ContractTables, void>(async ({ record }) => {
    const details = `pushed to ${targets.length} nodes`;
    record(contractRecord("contract_deployment", "pushed", row, by, details, { node_list: targets, success_count: 0 }));
  });

async function deploy(
  ports: StorePorts,
  { contract, version }: { readonly contract: ContractId; readonly version: Version },
  nodes: readonly string[] | undefined,
  by: Principal,
): Promise<readonly string[]> {
  const tables = ports.db.tables<ContractTables>();
  const rows = await tables.selectFrom("contract_version").selectAll().where("contract", "=", contract).execute();
  const row = rows.find((one) => one.version === version);
  if (row === undefined) {
    const known = rows.flatMap((one) => (one.version === null ? [] : [`${contract}@${one.version}`]));
    throw unknownId("version", `${contract}@${version}`, known);
  }
  if (!["deployed", "active", "monitoring"].includes(row.status))
    throw conflict(`${contract}@${version} is ${row.status}; only a version in force is deployed`);
  await checkNodes(ports, nodes);
  const before = row.nodes === null ? null : (JSON.parse(row.nodes) as readonly string[]);
  // Nodes are added, never dropped: what a node enforces is taken away by its signers only.
  const after = nodes === undefined || before === null ? null : [...new Set([...before, ...nodes])].sort();
  await tables
    .updateTable("contract_version")
    .set({ nodes: after === null ? null : JSON.stringify(after) })
    .where("id", "=", row.id)
    .execute();
  const targets = await ports.targetsOf(contract, version);
  await recordPush(ports, row, targets, by.id);
  await ports.push();
  return targets;
}

async function reconcile(ports: StorePorts): Promise<void> {
  const rows = await ports.db.tables<ContractTables>().selectFrom("contract_version").selectAll().execute();
  for (const release of ports.policy.releases()) {
    if (rows.some(({ contract, version }) => contract === release.contract && version === release.version)) continue;
    const row = rows.find(
      (one) =>
        one.status === "validated" && one.contract === release.contract && sha256(one.text) === release.sourceDigest,
    );
    // For whom it was meant, and how fast, went with the crash: a person starts it.
    if (row !== undefined) await takeIn(ports, row, release, { rollout: { held: true } }, "hub");
  }
}
