import type { Selectable } from "kysely";
import { MaintError } from "../../base/maint-error.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import type { PolicyCentral } from "../policy-central/policy-central.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest, conflict, forbidden, notFound } from "../refusals.ts";
import { loosens, parseAssignment } from "../release/assignment.ts";
import { parseRoleName } from "../release/role-name.ts";
import {
  type AssignmentSubmission,
  needsTwo,
  type ReleaseDirection,
  type ReleaseSubmission,
} from "../release/sign-release.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { StagedRow, StagedTables } from "../store/staged-tables.ts";
import type { HistoryEntry } from "./contract-records.ts";
import type { ContractService } from "./contract-service.ts";
import { type ImpactGate, type ImpactTerms, impactWords } from "./impact-gate.ts";
import type { HowToDeploy, StoreService } from "./store-service.ts";

/** Something signed by one person that waits for another: a release that loosens, or the end of a contract. */
export interface Staged {
  readonly id: number;
  readonly kind: "release" | "retirement";
  readonly contract: ContractId;
  readonly version: Version;
  readonly direction: string;
  /** What it changes, in sentences. */
  readonly changes: readonly string[];
  readonly reason: string;
  readonly held: boolean;
  /** The second person that signed; null before. */
  readonly approvedBy: string | null;
  readonly state: StagedRow["state"];
  readonly stagedBy: string;
  readonly stagedAtMs: number;
  readonly endedBy: string | null;
  readonly endReason: string | null;
}

/** What a second person reads and signs. */
export interface StagedContent extends Staged {
  readonly submission: ReleaseSubmission | AssignmentSubmission;
}

export type Published =
  | { readonly published: true; readonly entry: HistoryEntry }
  | { readonly published: false; readonly staged: Staged };

/**
 * The way of a signed release into PolicyCentral. One person's signature is enough for what tightens; what loosens waits,
 * durably, until somebody else has signed it too with another key. Source: distribution.md "Trust", "Who may do what".
 */
export interface StagingService {
  /** Stores it where that is allowed, else keeps it for a second person. @throws MaintError CONFLICT */
  readonly submit: (submission: ReleaseSubmission, more: HowToPublish, by: Principal) => Promise<Published>;
  /** Takes a version out of use. `assignment`: the signed word that nodes may lose the contract, where this is its last version. */
  readonly retire: (
    end: { readonly contract: ContractId; readonly version: Version; readonly reason: string },
    assignment: AssignmentSubmission | null,
    by: Principal,
  ) => Promise<Published>;
  readonly list: () => Promise<readonly Staged[]>;
  /** What waits for a contract. @throws MaintError NOT_FOUND */
  readonly waiting: (contract: ContractId) => Promise<StagedContent>;
  /**
   * `targets`: the metadata with the second signature added. Publishes, unless it is held. @throws MaintError FORBIDDEN for the person who staged it,
   * CONFLICT
   */
  readonly approve: (
    contract: ContractId,
    approval: { readonly targets: string; readonly reason: string },
    by: Principal,
  ) => Promise<Published>;
  /** Publishes what was held and is signed by all that must. @throws MaintError CONFLICT */
  readonly publish: (contract: ContractId, reason: string, by: Principal) => Promise<HistoryEntry>;
  readonly withdraw: (contract: ContractId, reason: string, by: Principal) => Promise<Staged>;
  /** What a crash left waiting after it was published. Call once at start. */
  readonly reconcile: () => Promise<void>;
}

export interface HowToPublish extends HowToDeploy {
  readonly reason: string;
  /** Signed now, published later by hand. */
  readonly hold: boolean;
  readonly impact?: ImpactTerms | undefined;
}

export interface StagingPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly policy: PolicyCentral;
  readonly store: Pick<StoreService, "store" | "review">;
  readonly impact: ImpactGate;
  readonly contracts: Pick<ContractService, "retire" | "show">;
  /** Nodes that this version is desired at, and that are desired to run no other contract. */
  readonly leftWithout: (contract: ContractId, version: Version) => Promise<readonly string[]>;
}

type Row = Selectable<StagedRow>;

export function createStagingService(ports: StagingPorts): StagingService {
  return {
    submit: (submission, more, by) => submit(ports, submission, more, by),
    retire: (end, assignment, by) => retire(ports, end, assignment, by),
    list: async () =>
      (await ports.db.tables<StagedTables>().selectFrom("staged").selectAll().orderBy("id").execute()).map(stagedOf),
    waiting: async (contract) => contentOf(await waitingRow(ports, contract)),
    approve: (contract, approval, by) => approve(ports, contract, approval, by),
    publish: async (contract, reason, by) => {
      const row = await waitingRow(ports, contract);
      if (needsTwo(row.direction as ReleaseDirection) && row.approved_by === null)
        throw conflict(`${contract}@${row.version} loosens and has one signature`, `maint release approve ${contract}`);
      const entry = await publish(ports, row, by);
      await close(ports, row, { state: "published", by, reason });
      return entry;
    },
    withdraw: (contract, reason, by) => withdraw(ports, contract, reason, by),
    reconcile: () => reconcile(ports),
  };
}

async function submit(
  ports: StagingPorts,
  submission: ReleaseSubmission,
  { nodes, rollout, reason, hold, impact: terms = {} }: HowToPublish,
  by: Principal,
): Promise<Published> {
  const { direction, changes } = await ports.store.review(submission, by);
  const two = needsTwo(direction) || parseRoleName(submission.role)?.loosening === true;
  await weigh(ports, submission, { terms, two, by });
  if (!hold && !two) {
    return { published: true, entry: await ports.store.store(submission, { nodes, rollout, reason }, by) };
  }
  const { contract, version } = submission;
  const staged = await stage(ports, {
    ...{ kind: "release", contract, version, submission: JSON.stringify(submission), reason },
    // A first version in a role of two takes the place of one that was lost: the second person reads it as what it may be.
    direction: two && !needsTwo(direction) ? "both" : direction,
    ...{ changes: JSON.stringify(changes), nodes: nodes === undefined ? null : JSON.stringify(nodes) },
    rollout: rollout === undefined ? null : JSON.stringify(rollout),
    ...{ ...waitingBy(ports, by), held: hold ? 1 : 0 },
  });
  return { published: false, staged };
}

/** What it would do to recorded decisions; what is known of that goes into the ledger and the version's history. */
async function weigh(
  { impact: gate, db, journal }: StagingPorts,
  { bundle, contract, version }: ReleaseSubmission,
  { terms, two, by }: { readonly terms: ImpactTerms; readonly two: boolean; readonly by: Principal },
): Promise<void> {
  const open = db.tables<ContractTables>().selectFrom("contract_version").selectAll().where("contract", "=", contract);
  const row = await open.where("status", "=", "validated").executeTakeFirst();
  const impact = await gate.check(JSON.parse(bundle) as Bundle, terms, row?.domain ?? null);
  if (impact === null) return;
  if (impact.newlyAllowed.count > 0 && !two)
    throw new MaintError("MAINT_ERR_TWO_SIGNATURES", `${impactWords(impact)}: two people sign what allows more`, {
      help: "maint contract store signs it so by itself",
    });
  const words = impactWords(impact);
  if (row === undefined) return;
  const told = (JSON.parse(row.changes) as readonly string[]).filter((change) => !change.startsWith("impact: "));
  await journal.commit<ContractTables, void>(async ({ tables, record }) => {
    const changes = JSON.stringify([...told, words]);
    await tables.updateTable("contract_version").set({ changes }).where("id", "=", row.id).execute();
    const action = impact.accepted === null ? "impact-weighed" : "impact-accepted";
    const target = `${contract}@${version}`;
    const metadata = {
      decisions: impact.decisions,
      not_judged: impact.notJudged,
      newly_blocked: impact.newlyBlocked,
      newly_allowed: impact.newlyAllowed,
    };
    const rest = { target, details: words, user_id: by.id, smart_id: contract };
    record({ action_type: "contract_approval", action, ...rest, metadata: { ...metadata, budget: impact.budget } });
  });
}

const waitingBy = ({ clock }: StagingPorts, by: Principal) => ({
  ...{ held: 0, approved_by: null, state: "waiting" as const, staged_by: by.id, staged_at_ms: clock.nowMs() },
  ...{ ended_by: null, ended_at_ms: null, end_reason: null },
});

async function retire(
  ports: StagingPorts,
  end: { readonly contract: ContractId; readonly version: Version; readonly reason: string },
  assignment: AssignmentSubmission | null,
  by: Principal,
): Promise<Published> {
  const { contract, version, reason } = end;
  if (assignment === null) return { published: true, entry: await ports.contracts.retire(contract, end, by) };
  await ports.contracts.show(contract, version);
  if (assignment.contract !== contract) throw badRequest(`the assignment is about ${assignment.contract}`);
  const checked = ports.policy.check(assignment);
  if (!checked.ok && checked.error.code !== "threshold")
    throw conflict(`PolicyCentral refuses: ${checked.error.message}`);
  const document = parseAssignment(assignment.assignment);
  if (!document.ok || !loosens(document.value)) throw badRequest("the assignment lets no node lose the contract");
  const staged = await stage(ports, {
    ...{ kind: "retirement", contract, version, submission: JSON.stringify(assignment), direction: "loosens", reason },
    ...{ changes: JSON.stringify(await lossOf(ports, contract, version)), nodes: null, rollout: null },
    ...waitingBy(ports, by),
  });
  return { published: false, staged };
}

/** What those who sign should know: no station loses its last contract silently. */
async function lossOf(ports: StagingPorts, contract: ContractId, version: Version): Promise<readonly string[]> {
  const left = await ports.leftWithout(contract, version);
  const bare =
    left.length === 0
      ? []
      : [
          `${left.length} without any other contract, where every test will be blocked: ${left.slice(0, MAX_NAMED).join(", ")}${left.length > MAX_NAMED ? ", …" : ""}`,
        ];
  return [`nodes may lose ${contract}, now ${version}`, ...bare];
}

const MAX_NAMED = 20;

type NewRow = Omit<Row, "id">;

async function stage(ports: StagingPorts, row: NewRow): Promise<Staged> {
  const { contract } = row;
  const before = await findWaiting(ports, contract);
  if (before !== undefined)
    throw conflict(
      `${contract}@${before.version} waits already, staged by ${before.staged_by}`,
      `approve it, or withdraw it: maint release withdraw ${contract}`,
    );
  return ports.journal.commit<StagedTables, Staged>(async ({ tables, record }) => {
    const { id } = await tables.insertInto("staged").values(row).returning("id").executeTakeFirstOrThrow();
    record(stagedRecord(row, "staged", row.staged_by, row.reason));
    return stagedOf({ ...row, id });
  });
}

const findWaiting = ({ db }: StagingPorts, contract: ContractId): Promise<Row | undefined> =>
  db
    .tables<StagedTables>()
    .selectFrom("staged")
    .selectAll()
    .where("contract", "=", contract)
    .where("state", "=", "waiting")
    .executeTakeFirst();

async function waitingRow(ports: StagingPorts, contract: ContractId): Promise<Row> {
  const row = await findWaiting(ports, contract);
  if (row === undefined) throw notFound(`nothing of ${contract} waits for a second person`, "maint release list");
  return row;
}

async function approve(
  ports: StagingPorts,
  contract: ContractId,
  { targets, reason }: { readonly targets: string; readonly reason: string },
  by: Principal,
): Promise<Published> {
  const row = await waitingRow(ports, contract);
  if (row.staged_by === by.id)
    throw forbidden(`${by.id} signed it already`, "what loosens is signed by two different people");
  if (reason.trim() === "") throw badRequest("an approval has a reason", '--reason "…"');
  const submission = JSON.parse(row.submission) as ReleaseSubmission | AssignmentSubmission;
  if (!sameSigned(submission.targets, targets))
    throw conflict("what was signed is not what waits", "read it again: maint release show");
  const signed: Row = { ...row, submission: JSON.stringify({ ...submission, targets }), approved_by: by.id };
  const checked = ports.policy.check({ ...submission, targets });
  if (!checked.ok) throw conflict(`PolicyCentral refuses: ${checked.error.message}`);
  await ports.journal.commit<StagedTables, void>(async ({ tables, record }) => {
    const { submission: text, approved_by } = signed;
    await tables.updateTable("staged").set({ submission: text, approved_by }).where("id", "=", row.id).execute();
    record(stagedRecord(row, "approved", by.id, reason));
  });
  if (row.held === 1) return { published: false, staged: stagedOf(signed) };
  const entry = await publish(ports, signed, by);
  await close(ports, signed, { state: "published", by, reason });
  return { published: true, entry };
}

/** The same but for signatures. */
function sameSigned(waiting: string, given: string): boolean {
  const signedIn = (text: string): string => JSON.stringify((JSON.parse(text) as { readonly signed: unknown }).signed);
  try {
    return signedIn(waiting) === signedIn(given);
  } catch {
    return false;
  }
}

async function publish(ports: StagingPorts, row: Row, by: Principal): Promise<HistoryEntry> {
  if (row.kind === "release") {
    const submission = JSON.parse(row.submission) as ReleaseSubmission;
    const nodes = row.nodes === null ? undefined : (JSON.parse(row.nodes) as string[]);
    const rollout = row.rollout === null ? undefined : (JSON.parse(row.rollout) as HowToDeploy["rollout"]);
    return ports.store.store(submission, { nodes, rollout }, by);
  }
  const submission = JSON.parse(row.submission) as AssignmentSubmission;
  const assigned = ports.policy.assign(submission);
  if (!assigned.ok) throw conflict(`PolicyCentral refuses: ${assigned.error.message}`);
  return ports.contracts.retire(row.contract, { version: row.version, reason: row.reason }, by);
}

async function reconcile(ports: StagingPorts): Promise<void> {
  const rows = await ports.db
    .tables<StagedTables>()
    .selectFrom("staged")
    .selectAll()
    .where("state", "=", "waiting")
    .where("kind", "=", "release")
    .execute();
  for (const row of rows)
    if (ports.policy.release(row.contract, row.version) !== undefined)
      await close(ports, row, { state: "published", by: { id: "hub" }, reason: "stored before the hub stopped" });
}

async function withdraw(ports: StagingPorts, contract: ContractId, reason: string, by: Principal): Promise<Staged> {
  const row = await waitingRow(ports, contract);
  if (reason.trim() === "") throw badRequest("a withdrawal has a reason", '--reason "…"');
  return close(ports, row, { state: "withdrawn", by, reason });
}

function close(
  ports: StagingPorts,
  row: Row,
  {
    state,
    by,
    reason,
  }: { readonly state: "published" | "withdrawn"; readonly by: Pick<Principal, "id">; readonly reason: string },
): Promise<Staged> {
  const end = { state, ended_by: by.id, ended_at_ms: ports.clock.nowMs(), end_reason: reason };
  return ports.journal.commit<StagedTables, Staged>(async ({ tables, record }) => {
    await tables.updateTable("staged").set(end).where("id", "=", row.id).execute();
    record(stagedRecord(row, state, by.id, reason));
    return stagedOf({ ...row, ...end });
  });
}

const stagedRecord = (row: NewRow, action: string, by: string, reason: string): LedgerRecord => ({
  action_type: "contract_approval",
  action,
  target: `${row.contract}@${row.version}`,
  details: reason === "" ? `${row.kind} ${action}` : reason,
  user_id: by,
  smart_id: row.contract,
  metadata: { kind: row.kind, direction: row.direction, changes: JSON.parse(row.changes), staged_by: row.staged_by },
});

const stagedOf = (row: Row): Staged => ({
  id: row.id,
  kind: row.kind,
  contract: row.contract,
  version: row.version,
  direction: row.direction,
  changes: JSON.parse(row.changes) as string[],
  reason: row.reason,
  held: row.held === 1,
  approvedBy: row.approved_by,
  state: row.state,
  stagedBy: row.staged_by,
  stagedAtMs: row.staged_at_ms,
  endedBy: row.ended_by,
  endReason: row.end_reason,
});

const contentOf = (row: Row): StagedContent => ({
  ...stagedOf(row),
  submission: JSON.parse(row.submission) as ReleaseSubmission | AssignmentSubmission,
});
