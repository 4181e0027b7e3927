import { type Kysely, type Selectable, sql } from "kysely";
import { assert } from "../../base/assert.ts";
import {
  MAX_ALERTS_PER_DECISION,
  MAX_ALL_PATTERN_DECISIONS,
  MAX_PATTERN_DECISIONS,
  PATTERN_CLOCK_AHEAD_MS,
  PATTERN_KEPT_MS,
} from "../../model/limits.ts";
import type { NumberedAlert } from "../alerts/alert-record.ts";
import type { HubDatabase } from "../store/database.ts";
import type { PatternDecisionRow, PatternTables } from "../store/patterns-tables.ts";
import { type Finding, findingOf, patternIdOf } from "./find-patterns.ts";

/** One alert of a kept decision: what differs between the alerts of one. */
type KeptReport = Omit<Finding, "contract" | "condition" | "reason" | "node" | "decision">;

/** What is at most kept; a test makes it small. */
export interface StateLimits {
  readonly keptMs: number;
  readonly decisionsOfOne: number;
  readonly decisionsOfAll: number;
}

export const STATE_LIMITS: StateLimits = {
  keptMs: PATTERN_KEPT_MS,
  decisionsOfOne: MAX_PATTERN_DECISIONS,
  decisionsOfAll: MAX_ALL_PATTERN_DECISIONS,
};

/**
 * What patterns are found from: blocked decisions by contract, condition and reason, kept in hub.db and brought up to date by
 * each page of alerts in one transaction, together with the number of the last one. A restart at any point therefore finds it
 * as exact as if nothing had happened. Within its limits it says what a look at every alert of its time would say.
 */
export interface PatternState {
  /** Up to which alert it takes account. */
  readonly followed: () => Promise<number>;
  /** Takes account of alerts behind `followed`, in the order of their numbers. */
  readonly take: (alerts: readonly NumberedAlert[], nowMs: number) => Promise<void>;
  /** Ids of groups with at least so many decisions whose last alert came after `fromMs`. */
  readonly busy: (fromMs: number, minDecisions: number) => Promise<readonly string[]>;
  /** The alerts after `fromMs` of a group's decisions, and whether a limit dropped any of its time. */
  readonly group: (pattern: string, fromMs: number) => Promise<GroupFindings>;
  /** Alerts of all decisions whose last alert came after `fromMs`, at most `MAX_ALERTS_PER_DECISION` a decision. */
  readonly countAlerts: (fromMs: number) => Promise<number>;
}

export interface GroupFindings {
  readonly findings: readonly Finding[];
  readonly isComplete: boolean;
}

export function openPatternState(db: HubDatabase, limits: StateLimits = STATE_LIMITS): PatternState {
  const tables = db.tables<PatternTables>();
  return {
    followed: async () => (await followedBy(tables)).alert,
    take: (alerts, nowMs) => db.atomically<PatternTables, void>((write) => take(write, alerts, nowMs, limits)),
    busy: async (fromMs, minDecisions) => {
      const rows = await tables
        .selectFrom("pattern_decision")
        .select(["pattern", (build) => build.fn.countAll<number>().as("count")])
        .where("at_ms", ">", fromMs)
        .groupBy("pattern")
        .having((build) => build.fn.countAll(), ">=", minDecisions)
        .execute();
      return rows.map(({ pattern }) => pattern).sort();
    },
    group: (pattern, fromMs) => groupOf(tables, pattern, fromMs),
    countAlerts: async (fromMs) => {
      const row = await tables
        .selectFrom("pattern_decision")
        .select(sql<number | null>`sum(json_array_length(reports))`.as("count"))
        .where("at_ms", ">", fromMs)
        .executeTakeFirst();
      return Number(row?.count ?? 0);
    },
  };
}

const followedBy = (tables: Kysely<PatternTables>) =>
  tables.selectFrom("pattern_follow").select(["alert", "decisions"]).executeTakeFirstOrThrow();

async function take(
  tables: Kysely<PatternTables>,
  alerts: readonly NumberedAlert[],
  nowMs: number,
  limits: StateLimits,
): Promise<void> {
  const last = alerts.at(-1);
  if (last === undefined) return;
  const followed = await followedBy(tables);
  assert(followed.alert < (alerts[0]?.number ?? 0), "alerts are taken into account once, in their order");
  const groups = Map.groupBy(
    alerts.map((alert) => heardBy(findingOf(alert), nowMs)),
    patternIdOf,
  );
  let decisions = followed.decisions;
  for (const [pattern, findings] of groups) decisions += await merge(tables, pattern, findings);
  const stale = await tables
    .deleteFrom("pattern_decision")
    .where("at_ms", "<=", nowMs - limits.keptMs)
    .returning("pattern")
    .execute();
  decisions -= stale.length;
  for (const pattern of groups.keys()) {
    const { count } = await countedIn(tables, pattern);
    decisions -= await dropOldest(tables, Number(count) - limits.decisionsOfOne, pattern);
  }
  decisions -= await dropOldest(tables, decisions - limits.decisionsOfAll);
  await forgetEmpty(tables, new Set(stale.map(({ pattern }) => pattern)));
  await forgetDropped(tables, nowMs - limits.keptMs);
  await tables.updateTable("pattern_follow").set({ alert: last.number, decisions }).execute();
}

/** A node whose clock is far ahead must not stand in every window for years: then it counts as of when it was heard. */
const heardBy = (finding: Finding, nowMs: number): Finding =>
  finding.atMs <= nowMs + PATTERN_CLOCK_AHEAD_MS ? finding : { ...finding, atMs: nowMs };

const countedIn = (tables: Kysely<PatternTables>, pattern: string) =>
  tables
    .selectFrom("pattern_decision")
    .select((build) => build.fn.countAll<number>().as("count"))
    .where("pattern", "=", pattern)
    .executeTakeFirstOrThrow();

/** How many decisions are new. */
async function merge(tables: Kysely<PatternTables>, pattern: string, findings: readonly Finding[]): Promise<number> {
  const [first] = findings;
  assert(first !== undefined, "a group holds at least one alert");
  const { contract, condition, reason } = first;
  await tables
    .insertInto("pattern_group")
    .values({ pattern, contract, condition, reason, dropped_to_ms: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const byDecision = Map.groupBy(findings, ({ decision }) => decision);
  const kept = await tables
    .selectFrom("pattern_decision")
    .select(["decision", "reports"])
    .where("pattern", "=", pattern)
    .where("decision", "in", [...byDecision.keys()])
    .execute();
  const known = new Map(kept.map(({ decision, reports }) => [decision, JSON.parse(reports) as readonly KeptReport[]]));
  const rows = [...byDecision].map(([decision, own]) => {
    const all = [...(known.get(decision) ?? []), ...own.map(reportOf)];
    const reports = all.sort(newestFirst).slice(0, MAX_ALERTS_PER_DECISION);
    const [latest] = reports;
    assert(latest !== undefined, "a decision has an alert");
    return { pattern, decision, node: own[0]?.node ?? "", at_ms: latest.atMs, reports: JSON.stringify(reports) };
  });
  await tables.replaceInto("pattern_decision").values(rows).execute();
  return rows.length - kept.length;
}

function reportOf(finding: Finding): KeptReport {
  const { alert, atMs, subject, version, severity, assets, stationId, stationType } = finding;
  return { alert, atMs, subject, version, severity, assets, stationId, stationType };
}

const numberOf = (alert: string): number => Number(alert.slice(alert.lastIndexOf("-") + 1));
const newestFirst = (a: KeptReport, b: KeptReport): number => b.atMs - a.atMs || numberOf(b.alert) - numberOf(a.alert);

/** The oldest go, and their groups remember up to when they are no longer whole. How many went. */
async function dropOldest(tables: Kysely<PatternTables>, tooMany: number, pattern?: string): Promise<number> {
  if (tooMany <= 0) return 0;
  const all = tables.selectFrom("pattern_decision");
  const oldest = await (pattern === undefined ? all : all.where("pattern", "=", pattern))
    .select(["pattern", "decision", "at_ms"])
    .orderBy("at_ms")
    .orderBy("pattern")
    .orderBy("decision")
    .limit(tooMany)
    .execute();
  for (const { pattern: of, decision, at_ms } of oldest) {
    await tables.deleteFrom("pattern_decision").where("pattern", "=", of).where("decision", "=", decision).execute();
    await tables
      .updateTable("pattern_group")
      .set({ dropped_to_ms: at_ms })
      .where("pattern", "=", of)
      .where("dropped_to_ms", "<", at_ms)
      .execute();
  }
  return oldest.length;
}

/** A group whose last decision got too old is like one never seen. */
async function forgetEmpty(tables: Kysely<PatternTables>, patterns: ReadonlySet<string>): Promise<void> {
  for (const pattern of patterns) {
    const { count } = await countedIn(tables, pattern);
    const nothingLeft = tables.deleteFrom("pattern_group").where("pattern", "=", pattern);
    if (Number(count) === 0) await nothingLeft.execute();
  }
}

/** So is one whose decisions a limit dropped, once they would be too old. */
async function forgetDropped(tables: Kysely<PatternTables>, toMs: number): Promise<void> {
  const old = tables.selectFrom("pattern_group").select("pattern").where("dropped_to_ms", ">", 0);
  const rows = await old.where("dropped_to_ms", "<=", toMs).execute();
  await forgetEmpty(tables, new Set(rows.map(({ pattern }) => pattern)));
}

async function groupOf(tables: Kysely<PatternTables>, pattern: string, fromMs: number): Promise<GroupFindings> {
  const group = await tables.selectFrom("pattern_group").selectAll().where("pattern", "=", pattern).executeTakeFirst();
  if (group === undefined) return { findings: [], isComplete: true };
  const rows = await tables
    .selectFrom("pattern_decision")
    .selectAll()
    .where("pattern", "=", pattern)
    .where("at_ms", ">", fromMs)
    .execute();
  const { contract, condition, reason, dropped_to_ms } = group;
  return {
    findings: rows.flatMap((row) => findingsOf(row, { contract, condition, reason }, fromMs)),
    isComplete: dropped_to_ms <= fromMs,
  };
}

const findingsOf = (
  { node, decision, reports }: Selectable<PatternDecisionRow>,
  group: Pick<Finding, "contract" | "condition" | "reason">,
  fromMs: number,
): readonly Finding[] => after(reports, fromMs).map((report) => ({ ...group, node, decision, ...report }));

const after = (reports: string, fromMs: number): readonly KeptReport[] =>
  (JSON.parse(reports) as readonly KeptReport[]).filter(({ atMs }) => atMs > fromMs);
