import type { HubDatabase } from "../store/database.ts";
import { severityOf } from "./alert-record.ts";
import { ESCALATE_AFTER_MS } from "./escalation.ts";

export const METRIC_PARTS = ["severity", "contract", "station", "role"] as const;
export type MetricPart = (typeof METRIC_PARTS)[number];

export interface MetricsRequest {
  /** Incidents that began in this time, half-open, epoch milliseconds of the hub's clock. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly by: MetricPart;
}

/** How long it took, of those that it came to: the nearest-rank quantiles of stored times, nothing estimated. */
export interface Times {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

export interface ResponseTimes {
  /** A severity, a contract, a station or a role; null for incidents that have none. */
  readonly key: string | null;
  readonly incidents: number;
  readonly alerts: number;
  readonly open: number;
  /** From the incident's beginning until somebody was reached. */
  readonly notice: Times;
  readonly acknowledgement: Times;
  /**
   * Of the incidents that have an escalation time and have been acknowledged or outlived it: how many were acknowledged in it.
   * Emergencies escalate at once, and `info` never: neither is judged.
   */
  readonly inTime: { readonly count: number; readonly of: number; readonly share: number | null };
}

interface Row {
  readonly key: string | null;
  readonly rank: number;
  readonly count: number;
  readonly opened: number;
  readonly noticed: number | null;
  readonly acknowledged: number | null;
}

const OF_INCIDENTS = (key: string): string => `select ${key} as key, i.rank, i.count, i.opened_at_ms as opened,
    i.noticed_at_ms as noticed, i.acknowledged_at_ms as acknowledged
  from alert_incident i join alert_group g on g.id = i.group_id where i.opened_at_ms >= ? and i.opened_at_ms < ?`;

/** A role is reached by its own messages; an incident counts for every role that was told of it. */
const OF_ROLES = `select t.role as key, i.rank, t.alerts as count, i.opened_at_ms as opened,
    (select min(o.ended_at_ms) from notice_outbox o where o.incident = i.id and o.role = t.role collate nocase
      and o.state in ('delivered', 'summarised')) as noticed,
    i.acknowledged_at_ms as acknowledged
  from alert_incident i join alert_told t on t.incident = i.id where i.opened_at_ms >= ? and i.opened_at_ms < ?`;

const QUERIES: { readonly [part in MetricPart]: string } = {
  severity: OF_INCIDENTS("i.rank"),
  contract: OF_INCIDENTS("g.contract"),
  station: OF_INCIDENTS("i.station"),
  role: OF_ROLES,
};

/** Counted from what is stored, each time anew. */
export function responseTimes(
  { prepare }: Pick<HubDatabase, "prepare">,
  { fromMs, toMs, by }: MetricsRequest,
  nowMs: number,
): readonly ResponseTimes[] {
  const rows = prepare(QUERIES[by]).all(fromMs, toMs) as unknown as readonly Row[];
  const keyOf = (row: Row): string | null => (by === "severity" ? severityOf(row.rank) : row.key);
  const parts = [...Map.groupBy(rows, keyOf)].map(([key, own]) => partOf(key, own, nowMs));
  return parts.sort((a, b) => b.incidents - a.incidents || ((a.key ?? "") < (b.key ?? "") ? -1 : 1));
}

function partOf(key: string | null, rows: readonly Row[], nowMs: number): ResponseTimes {
  const judged = rows.flatMap(({ rank, opened, acknowledged }) => {
    const limitMs = ESCALATE_AFTER_MS[severityOf(rank)];
    if (limitMs === null || limitMs === 0) return [];
    const tookMs = (acknowledged ?? nowMs) - opened;
    return acknowledged === null && tookMs < limitMs ? [] : [acknowledged !== null && tookMs <= limitMs];
  });
  const inTime = judged.filter((isIn) => isIn).length;
  return {
    ...{ key, incidents: rows.length, alerts: rows.reduce((sum, { count }) => sum + count, 0) },
    open: rows.filter(({ acknowledged }) => acknowledged === null).length,
    notice: timesOf(rows.flatMap(({ noticed, opened }) => (noticed === null ? [] : [noticed - opened]))),
    acknowledgement: timesOf(
      rows.flatMap(({ acknowledged, opened }) => (acknowledged === null ? [] : [acknowledged - opened])),
    ),
    inTime: { count: inTime, of: judged.length, share: judged.length === 0 ? null : inTime / judged.length },
  };
}

function timesOf(unsorted: readonly number[]): Times {
  const times = Float64Array.from(unsorted).sort();
  const at = (share: number): number | null => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? null;
  return { count: times.length, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) };
}
