import type { AlertService } from "../alerts/alert-service.ts";
import type { Clock, NodeSource, Principal } from "../ports.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { PatternTables } from "../store/patterns-tables.ts";
import { type AlertPattern, type EquipmentReview, findAlertPatterns } from "./find-patterns.ts";

/** What `maint pattern list --json` prints. The names of the four figures are given from outside. */
export interface PatternAnalysis {
  readonly total_alerts: number;
  readonly unique_patterns: number;
  /** How many of them are critical. */
  readonly critical_patterns: number;
  /** How many of them a next version of their contract could meet. */
  readonly recommended_updates: number;
  readonly patterns: readonly FleetPattern[];
  readonly equipment_reviews: readonly EquipmentReview[];
  readonly at_ms: number;
}

export interface FleetPattern extends AlertPattern {
  /** Nodes concerned of all enrolled ones. */
  readonly fleet: { readonly nodes: number; readonly enrolled: number };
}

export interface PatternPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly alerts: Pick<AlertService, "list">;
  readonly nodes: Pick<NodeSource, "ids">;
}

export interface PatternService {
  /** Looks at every alert the hub has, or those since an instant; the analysis is kept and is a ledger entry. */
  readonly analyse: (by: Principal, sinceMs?: number) => Promise<PatternAnalysis>;
  /** The last analysis as it was answered, undefined before the first. */
  readonly latest: () => Promise<PatternAnalysis | undefined>;
}

export function createPatternService(ports: PatternPorts): PatternService {
  const tables = ports.db.tables<PatternTables>();
  return {
    analyse: async (by, sinceMs) => {
      const records = await ports.alerts.list(sinceMs === undefined ? {} : { sinceMs });
      const analysis = analysisOf(findAlertPatterns(records), {
        total: records.length,
        enrolled: (await ports.nodes.ids()).length,
        atMs: ports.clock.nowMs(),
      });
      await ports.journal.commit<PatternTables, void>(async ({ tables: writable, record }) => {
        const row = { at_ms: analysis.at_ms, analysed_by: by.id, body: JSON.stringify(analysis) };
        await writable.insertInto("pattern_analysis").values(row).execute();
        record(entryOf(analysis, by));
      });
      return analysis;
    },
    latest: async () => {
      const query = tables.selectFrom("pattern_analysis").select("body").orderBy("id", "desc").limit(1);
      const row = await query.executeTakeFirst();
      return row === undefined ? undefined : (JSON.parse(row.body) as PatternAnalysis);
    },
  };
}

function analysisOf(
  { patterns, equipmentReviews }: ReturnType<typeof findAlertPatterns>,
  { total, enrolled, atMs }: { readonly total: number; readonly enrolled: number; readonly atMs: number },
): PatternAnalysis {
  return {
    total_alerts: total,
    unique_patterns: patterns.length,
    critical_patterns: patterns.filter(({ critical }) => critical).length,
    recommended_updates: patterns.filter(({ recommendation }) => recommendation === "early-warning").length,
    patterns: patterns.map((pattern) => ({ ...pattern, fleet: { nodes: pattern.nodes.length, enrolled } })),
    equipment_reviews: equipmentReviews,
    at_ms: atMs,
  };
}

const entryOf = (analysis: PatternAnalysis, by: Principal) => ({
  action_type: "pattern_analysis" as const,
  action: "analysed",
  target: "alerts",
  details: `${analysis.unique_patterns} patterns in ${analysis.total_alerts} alerts`,
  user_id: by.id,
  smart_id: null,
  metadata: {
    pattern_count: analysis.unique_patterns,
    total_alerts: analysis.total_alerts,
    critical_patterns: analysis.critical_patterns,
    recommended_updates: analysis.recommended_updates,
    patterns: analysis.patterns.map(({ id }) => id),
    equipment_reviews: analysis.equipment_reviews.map(({ id }) => id),
  },
});
