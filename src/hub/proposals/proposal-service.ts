import type { Insertable, Selectable, Updateable } from "kysely";
import { oneAtATime } from "../../base/one-at-a-time.ts";
import { type ContractId, nextVersion, type Version } from "../../model/ids.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import type { AlertService } from "../alerts/alert-service.ts";
import type { AlertPattern } from "../patterns/find-patterns.ts";
import type { PatternService } from "../patterns/pattern-service.ts";
import type { Clock, ContractSource, KnownContract, Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { ProposalRow, ProposalTables } from "../store/proposals-tables.ts";
import { draftProposal, findingsOf, type TextTools } from "./draft-proposal.ts";
import type { EarlyWarning } from "./early-warning.ts";

/** A next version that the hub drafted. People decide about it; the machine never stores one. Times are epoch milliseconds. */
export interface Proposal {
  /** `proposal-3`, counted by the hub. */
  readonly id: string;
  readonly contract: ContractId;
  readonly domain: string;
  readonly fromVersion: Version;
  readonly pattern: string;
  readonly alerts: readonly string[];
  readonly text: string;
  /** Unified. */
  readonly diff: string;
  /** The clause it adds, on one line. */
  readonly clause: string;
  readonly statistics: EarlyWarning;
  readonly reason: string;
  readonly state: ProposalState;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly decision: { readonly by: string; readonly atMs: number; readonly note: string } | null;
  /** The release it became. */
  readonly deployedVersion: Version | null;
}

export type ProposalState = "open" | "accepted" | "rejected" | "deployed";

export interface ProposalPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly contracts: Pick<ContractSource, "current" | "createDraft">;
  readonly alerts: Pick<AlertService, "list">;
  readonly patterns: Pick<PatternService, "find">;
  readonly tools: TextTools;
}

export interface ProposalService {
  /**
   * Drafts the next version against a pattern; while one is open or accepted for the same version, answers that one.
   * @throws MaintError NOT_FOUND for an unknown pattern, CONFLICT saying why no clause can be proposed
   */
  readonly create: (pattern: string, by: Principal) => Promise<Proposal>;
  /** Newest first. */
  readonly list: () => Promise<readonly Proposal[]>;
  /** @throws MaintError NOT_FOUND */
  readonly get: (id: string) => Promise<Proposal>;
  /**
   * Makes the draft of the next version. Nothing is validated, signed or stored by this.
   * @throws MaintError NOT_FOUND; CONFLICT when it was decided, when another version is in force, or a draft is there
   */
  readonly accept: (id: string, by: Principal, note: string) => Promise<{ proposal: Proposal; draft: KnownContract }>;
  /** @throws MaintError NOT_FOUND, BAD_REQUEST without a reason, CONFLICT when it was decided */
  readonly reject: (id: string, by: Principal, reason: string) => Promise<Proposal>;
  /** For the part that stores releases: an accepted proposal whose contract got its next version is `deployed`. */
  readonly noteStored: (contract: ContractId, version: Version, by: string) => Promise<readonly Proposal[]>;
}

export function createProposalService(ports: ProposalPorts): ProposalService {
  const serially = oneAtATime();
  return {
    create: (pattern, by) => serially(() => create(ports, pattern, by)),
    list: () => listAll(ports),
    get: (id) => get(ports, id),
    accept: (id, by, note) => serially(() => accept(ports, { id, by, note })),
    reject: (id, by, reason) => serially(() => reject(ports, { id, by, note: reason })),
    noteStored: (contract, version, by) => serially(() => noteStored(ports, contract, version, by)),
  };
}

async function create(ports: ProposalPorts, patternId: string, by: Principal): Promise<Proposal> {
  const pattern = await ports.patterns.find(patternId);
  if (pattern.contract === null) throw conflict(`${patternId}: no contract gave these alerts, none can be improved`);
  const current = await ports.contracts.current(pattern.contract);
  if (current?.bundle == null || current.version === null) {
    throw conflict(`${pattern.contract} has no version in force`);
  }
  const { version, text, bundle } = current;
  const alive = (await listAll(ports)).find(
    (known) => known.pattern === patternId && known.fromVersion === version && isAlive(known),
  );
  if (alive !== undefined) return alive;
  const alerts = (await ports.alerts.list({ contract: pattern.contract })).map(({ alert }) => alert);
  const input = { pattern, alerts, current: { version, text, bundle }, nextVersion: nextVersion(version) };
  const draft = draftProposal(input, ports.tools);
  if (!draft.ok) throw conflict(`no clause can be proposed for ${patternId}: ${draft.error}`);
  return keep(ports, { pattern, current, version, by, ...draft.value });
}

const isAlive = ({ state }: Proposal): boolean => state === "open" || state === "accepted";

interface NewProposal {
  readonly pattern: AlertPattern;
  readonly current: KnownContract;
  readonly version: Version;
  readonly by: Principal;
  readonly text: string;
  readonly diff: string;
  readonly clause: string;
  readonly reason: string;
  readonly statistics: EarlyWarning;
}

async function keep(ports: ProposalPorts, made: NewProposal): Promise<Proposal> {
  const row = newRow(made, ports.clock.nowMs());
  return ports.journal.commit<ProposalTables, Proposal>(async ({ tables, record }) => {
    const inserted = await tables.insertInto("proposal").values(row).returningAll().executeTakeFirstOrThrow();
    const proposal = proposalOf(inserted);
    record(entryOf(proposal, "drafted", made.by.id, proposal.reason));
    return proposal;
  });
}

const newRow = (made: NewProposal, nowMs: number): Insertable<ProposalRow> => ({
  contract: made.current.contract,
  domain: made.current.domain,
  from_version: made.version,
  pattern: made.pattern.id,
  alerts: JSON.stringify(made.pattern.alerts),
  text: made.text,
  diff: made.diff,
  clause: made.clause,
  statistics: JSON.stringify(made.statistics),
  reason: made.reason,
  state: "open",
  created_by: made.by.id,
  created_at_ms: nowMs,
  decided_by: null,
  decided_at_ms: null,
  decision_note: null,
  deployed_version: null,
});

interface DecideRequest {
  readonly id: string;
  readonly by: Principal;
  readonly note: string;
}

async function accept(ports: ProposalPorts, request: DecideRequest) {
  const proposal = await openOne(ports, request.id);
  const current = await ports.contracts.current(proposal.contract);
  if (current?.version !== proposal.fromVersion || current.bundle === null) {
    const now = current?.version ?? "no version";
    throw conflict(`${request.id} improves ${proposal.fromVersion}; ${now} of ${proposal.contract} is in force`);
  }
  // Once more before a person's word makes it a draft: what was stored at the hub is not trusted either.
  const findings = findingsOf(proposal.text, current.bundle, ports.tools);
  if (findings[0] !== undefined) throw conflict(`${request.id} does not hold: ${findings[0]}`);
  const changes = [`${request.id}: ${proposal.clause}`, proposal.reason];
  const { text, domain, fromVersion: parent } = proposal;
  const draft = await ports.contracts.createDraft({ text, domain, parent, changes }, request.by);
  return { proposal: await decide(ports, proposal, "accepted", request), draft };
}

async function reject(ports: ProposalPorts, request: DecideRequest): Promise<Proposal> {
  if (request.note.trim() === "") throw badRequest("a rejection needs its reason");
  return decide(ports, await openOne(ports, request.id), "rejected", request);
}

async function openOne(ports: ProposalPorts, id: string): Promise<Proposal> {
  const proposal = await get(ports, id);
  if (proposal.state !== "open") {
    throw conflict(`${id} was ${proposal.state} already`, `by ${proposal.decision?.by ?? "nobody"}`);
  }
  return proposal;
}

async function decide(
  ports: ProposalPorts,
  proposal: Proposal,
  state: "accepted" | "rejected",
  { by, note }: DecideRequest,
): Promise<Proposal> {
  const entry = entryOf(proposal, state, by.id, note.trim() === "" ? proposal.reason : note.trim());
  const change = { state, decided_by: by.id, decided_at_ms: ports.clock.nowMs(), decision_note: note.trim() };
  return update(ports, proposal.id, change, entry);
}

async function noteStored(ports: ProposalPorts, contract: ContractId, version: Version, by: string) {
  const waiting = (await listAll(ports)).filter((known) => known.contract === contract && known.state === "accepted");
  const deployed: Proposal[] = [];
  for (const proposal of waiting) {
    if (nextVersion(proposal.fromVersion) !== version) continue;
    const entry = entryOf(proposal, "deployed", by, `it became ${contract}@${version}`);
    deployed.push(await update(ports, proposal.id, { state: "deployed", deployed_version: version }, entry));
  }
  return deployed;
}

function entryOf(proposal: Proposal, action: string, by: string, details: string): LedgerRecord {
  const { id, contract, fromVersion, pattern, alerts, clause, reason, statistics } = proposal;
  const metadata = { proposal: id, parent: fromVersion, pattern, alerts, changes: [clause], reason, statistics };
  const target = `${contract}@${fromVersion}`;
  return { action_type: "proposal", action, target, details, user_id: by, smart_id: contract, metadata };
}

const ID = /^proposal-([1-9]\d{0,14})$/;
const rowId = (id: string): number => Number(ID.exec(id)?.[1] ?? 0);

async function update(
  ports: ProposalPorts,
  id: string,
  change: Updateable<ProposalRow>,
  entry: LedgerRecord,
): Promise<Proposal> {
  return ports.journal.commit<ProposalTables, Proposal>(async ({ tables, record }) => {
    const query = tables.updateTable("proposal").set(change).where("id", "=", rowId(id)).returningAll();
    record(entry);
    return proposalOf(await query.executeTakeFirstOrThrow());
  });
}

async function listAll(ports: ProposalPorts): Promise<readonly Proposal[]> {
  const query = ports.db.tables<ProposalTables>().selectFrom("proposal").selectAll().orderBy("id", "desc");
  return (await query.execute()).map(proposalOf);
}

async function get(ports: ProposalPorts, id: string): Promise<Proposal> {
  const query = ports.db.tables<ProposalTables>().selectFrom("proposal").selectAll().where("id", "=", rowId(id));
  const row = await query.executeTakeFirst();
  if (row === undefined)
    throw unknownId(
      "proposal",
      id,
      (await listAll(ports)).map((known) => known.id),
    );
  return proposalOf(row);
}

const proposalOf = (row: Selectable<ProposalRow>): Proposal => ({
  id: `proposal-${row.id}`,
  contract: row.contract,
  domain: row.domain,
  fromVersion: row.from_version,
  pattern: row.pattern,
  alerts: JSON.parse(row.alerts) as readonly string[],
  text: row.text,
  diff: row.diff,
  clause: row.clause,
  statistics: JSON.parse(row.statistics) as EarlyWarning,
  reason: row.reason,
  state: row.state as ProposalState,
  createdBy: row.created_by,
  createdAtMs: row.created_at_ms,
  decision:
    row.decided_by === null
      ? null
      : { by: row.decided_by, atMs: row.decided_at_ms ?? 0, note: row.decision_note ?? "" },
  deployedVersion: row.deployed_version,
});
