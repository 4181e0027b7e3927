import { type Kysely, type Selectable, sql } from "kysely";
import type { AlertGroupRow, AlertTables } from "../store/alerts-tables.ts";
import { type AlertFilter, type AlertGroup, type AlertRecord, severityOf, severityRank } from "./alert-record.ts";

/** What its group was before an alert came. */
export interface GroupBefore {
  readonly open: number;
  readonly openRank: number;
}

export async function groupBefore(tables: Kysely<AlertTables>, fingerprint: string): Promise<GroupBefore> {
  const row = await tables
    .selectFrom("alert_group")
    .select(["open", "open_rank"])
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return { open: row?.open ?? 0, openRank: row?.open_rank ?? -1 };
}

/** Counts a stored alert in. One that raises its group is looked at for notices at once. */
export async function countIn(
  tables: Kysely<AlertTables>,
  { alert, fingerprint, receivedAtMs }: AlertRecord,
  raises: boolean,
): Promise<void> {
  const { node, contract, condition, reason, subject, atMs } = alert;
  const rank = severityRank[alert.severity];
  await tables
    .insertInto("alert_group")
    .values({
      ...{ fingerprint, node, contract, condition, reason, subject, rank, open_rank: rank, count: 1, open: 1 },
      ...{ first_at_ms: atMs, last_at_ms: atMs, next_due_ms: receivedAtMs },
    })
    .onConflict((known) =>
      known.column("fingerprint").doUpdateSet(({ fn, ref, val, eb }) => ({
        rank: fn<number>("max", [ref("alert_group.rank"), val(rank)]),
        open_rank: fn<number>("max", [ref("alert_group.open_rank"), val(rank)]),
        count: eb("alert_group.count", "+", 1),
        open: eb("alert_group.open", "+", 1),
        first_at_ms: fn<number>("min", [ref("alert_group.first_at_ms"), val(atMs)]),
        last_at_ms: fn<number>("max", [ref("alert_group.last_at_ms"), val(atMs)]),
        ...(raises ? { next_due_ms: receivedAtMs } : {}),
      })),
    )
    .execute();
}

/** Nothing of the group stands open any more. */
export const closeGroup = async (tables: Kysely<AlertTables>, fingerprint: string): Promise<void> =>
  void (await tables
    .updateTable("alert_group")
    .set({ open: 0, open_rank: -1, next_due_ms: null })
    .where("fingerprint", "=", fingerprint)
    .execute());

/** In the order in which their last alert came, newest first. The filter chooses groups; each counts all of its alerts. */
export async function listGroups(tables: Kysely<AlertTables>, filter: AlertFilter): Promise<readonly AlertGroup[]> {
  let query = tables.selectFrom("alert_group").selectAll();
  if (filter.contract !== undefined) query = query.where("contract", "=", filter.contract);
  if (filter.node !== undefined) query = query.where("node", "=", filter.node);
  if (filter.state === "open") query = query.where("open", ">", sql.lit(0));
  if (filter.state === "acknowledged") query = query.whereRef("count", ">", "open");
  if (filter.sinceMs !== undefined) query = query.where("last_at_ms", ">=", filter.sinceMs);
  query = query.orderBy("last_at_ms", "desc").orderBy("fingerprint", "desc");
  return (await (filter.limit === undefined ? query : query.limit(filter.limit)).execute()).map(groupOf);
}

/** How many alerts each of these groups has. */
export async function groupCounts(
  tables: Kysely<AlertTables>,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (fingerprints.length === 0) return new Map();
  const rows = await tables
    .selectFrom("alert_group")
    .select(["fingerprint", "count"])
    .where("fingerprint", "in", [...new Set(fingerprints)])
    .execute();
  return new Map(rows.map(({ fingerprint, count }) => [fingerprint, count]));
}

const groupOf = (row: Selectable<AlertGroupRow>): AlertGroup => ({
  ...{ fingerprint: row.fingerprint, contract: row.contract, condition: row.condition, reason: row.reason },
  ...{ subject: row.subject, node: row.node, severity: severityOf(row.rank), count: row.count, open: row.open },
  ...{ firstAtMs: row.first_at_ms, lastAtMs: row.last_at_ms },
});

/** Groups whose notices are to be looked at now, the longest due first. */
export const dueGroups = (
  tables: Kysely<AlertTables>,
  nowMs: number,
  limit: number,
): Promise<readonly { readonly fingerprint: string; readonly open: number }[]> =>
  tables
    .selectFrom("alert_group")
    .select(["fingerprint", "open"])
    .where("next_due_ms", "<=", nowMs)
    .orderBy("next_due_ms")
    .limit(limit)
    .execute();

export const lookAgainAt = async (
  tables: Kysely<AlertTables>,
  fingerprint: string,
  atMs: number | null,
): Promise<void> =>
  void (await tables
    .updateTable("alert_group")
    .set({ next_due_ms: atMs })
    .where("fingerprint", "=", fingerprint)
    .execute());
