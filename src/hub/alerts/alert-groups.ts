import { type Kysely, sql } from "kysely";
import type { AlertTables } from "../store/alerts-tables.ts";
import { type AlertFilter, type AlertGroup, severityOf, severityRank } from "./alert-record.ts";

/** In the order in which their last alert was, newest first. The filter chooses groups; each counts all of its alerts. */
export async function listGroups(tables: Kysely<AlertTables>, filter: AlertFilter): Promise<readonly AlertGroup[]> {
  const { contract, node, reason, severity, state, sinceMs, untilMs, limit } = filter;
  let query = tables
    .selectFrom("alert_group as g")
    .leftJoin("alert_incident as i", "i.id", "g.incident")
    .select(["g.fingerprint", "g.contract", "g.condition", "g.reason", "g.subject", "g.node", "g.rank", "g.count"])
    .select(["g.first_at_ms", "g.last_at_ms", "g.removed", "i.count as open"]);
  if (contract !== undefined) query = query.where("g.contract", "=", contract);
  if (node !== undefined) query = query.where("g.node", "=", node);
  if (reason !== undefined) query = query.where("g.reason", "=", reason);
  if (severity !== undefined) query = query.where("g.rank", ">=", severityRank[severity]);
  if (state === "open") query = query.where("g.incident", "is not", null);
  if (state === "acknowledged") query = query.where(sql<boolean>`g.count > coalesce(i.count, 0)`);
  if (sinceMs !== undefined) query = query.where("g.last_at_ms", ">=", sinceMs);
  if (untilMs !== undefined) query = query.where("g.first_at_ms", "<", untilMs);
  query = query.orderBy("g.last_at_ms", "desc").orderBy("g.id", "desc");
  return (await (limit === undefined ? query : query.limit(limit)).execute()).map((row) => ({
    ...{ fingerprint: row.fingerprint, contract: row.contract, condition: row.condition, reason: row.reason },
    ...{ subject: row.subject, node: row.node, severity: severityOf(row.rank), count: row.count, open: row.open ?? 0 },
    ...{ firstAtMs: row.first_at_ms, lastAtMs: row.last_at_ms, removed: row.removed },
  }));
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
