import type { Insertable, Selectable, Updateable } from "kysely";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { unknownId } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { ProposalRow, ProposalTables } from "../store/proposals-tables.ts";
import type { DraftStatistics } from "./draft-proposal.ts";
import type { Proposal, ProposalEdit, ProposalKind, ProposalState, RelatedContract } from "./proposal.ts";
import type { ProposalChecks } from "./proposal-checks.ts";

export interface StorePorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
}

export type NewRow = Insertable<ProposalRow>;
export type RowChange = Updateable<ProposalRow>;

export async function insertProposal(
  { journal }: StorePorts,
  row: NewRow,
  entry: (proposal: Proposal) => LedgerRecord,
): Promise<Proposal> {
  return journal.commit<ProposalTables, Proposal>(async ({ tables, record }) => {
    const proposal = proposalOf(
      await tables.insertInto("proposal").values(row).returningAll().executeTakeFirstOrThrow(),
    );
    record(entry(proposal));
    return proposal;
  });
}

export async function updateProposal(
  { journal }: StorePorts,
  id: string,
  change: RowChange,
  entry: LedgerRecord,
): Promise<Proposal> {
  return journal.commit<ProposalTables, Proposal>(async ({ tables, record }) => {
    const query = tables.updateTable("proposal").set(change).where("id", "=", rowId(id)).returningAll();
    record(entry);
    return proposalOf(await query.executeTakeFirstOrThrow());
  });
}

/** Of a text that may have been edited in the meantime: then they are another one's. What was tried is no decision, and no entry. */
export async function noteChecks(
  { db }: Pick<StorePorts, "db">,
  id: string,
  text: string,
  checks: ProposalChecks,
): Promise<void> {
  const query = db
    .tables<ProposalTables>()
    .updateTable("proposal")
    .set({ checks: JSON.stringify(checks) });
  await query.where("id", "=", rowId(id)).where("text", "=", text).execute();
}

/** Ids of alerts that proposals name on which nobody decided yet, or whose version is not stored yet. */
export async function citedAlerts({ db }: Pick<StorePorts, "db">): Promise<readonly string[]> {
  const alive = db.tables<ProposalTables>().selectFrom("proposal").select("alerts").where("state", "in", ALIVE);
  return (await alive.execute()).flatMap(({ alerts }) => JSON.parse(alerts) as readonly string[]);
}

const ALIVE: readonly ProposalState[] = ["open", "accepted"];

/** Newest first. */
export async function listProposals({ db }: Pick<StorePorts, "db">): Promise<readonly Proposal[]> {
  const query = db.tables<ProposalTables>().selectFrom("proposal").selectAll().orderBy("id", "desc");
  return (await query.execute()).map(proposalOf);
}

/** @throws MaintError NOT_FOUND */
export async function getProposal(ports: Pick<StorePorts, "db">, id: string): Promise<Proposal> {
  const query = ports.db.tables<ProposalTables>().selectFrom("proposal").selectAll().where("id", "=", rowId(id));
  const row = await query.executeTakeFirst();
  if (row !== undefined) return proposalOf(row);
  const known = await listProposals(ports);
  throw unknownId(
    "proposal",
    id,
    known.map((one) => one.id),
  );
}

/** An open or accepted one for the same cause and the same version in force. */
export async function aliveProposal(
  ports: Pick<StorePorts, "db">,
  cause: string,
  fromVersion: string,
): Promise<Proposal | undefined> {
  const rows = await ports.db
    .tables<ProposalTables>()
    .selectFrom("proposal")
    .selectAll()
    .where("pattern", "=", cause)
    .where("from_version", "=", fromVersion)
    .where("state", "in", ["open", "accepted"])
    .execute();
  return rows.map(proposalOf)[0];
}

const ID = /^proposal-([1-9]\d{0,14})$/;
const rowId = (id: string): number => Number(ID.exec(id)?.[1] ?? 0);

const isPattern = (cause: string): boolean => cause.startsWith("pattern-");

function proposalOf(row: Selectable<ProposalRow>): Proposal {
  const decision =
    row.decided_by === null
      ? null
      : { by: row.decided_by, atMs: row.decided_at_ms ?? 0, note: row.decision_note ?? "" };
  return {
    ...{ id: `proposal-${row.id}`, contract: row.contract, domain: row.domain, fromVersion: row.from_version },
    ...{
      kind: row.kind as ProposalKind,
      pattern: isPattern(row.pattern) ? row.pattern : null,
      after: row.after_proposal,
    },
    alerts: JSON.parse(row.alerts) as readonly string[],
    ...{ text: row.text, diff: row.diff, clause: row.clause },
    statistics: JSON.parse(row.statistics) as DraftStatistics,
    reason: row.reason,
    checks: row.checks === null ? null : (JSON.parse(row.checks) as ProposalChecks),
    related: JSON.parse(row.related) as readonly RelatedContract[],
    edits: JSON.parse(row.edits) as readonly ProposalEdit[],
    state: row.state as ProposalState,
    ...{ createdBy: row.created_by, createdAtMs: row.created_at_ms, decision, deployedVersion: row.deployed_version },
  };
}
