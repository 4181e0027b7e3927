import { DAY_MS, printUtc } from "../base/civil-time.ts";
import type { AlertDetails } from "../hub/alerts/alert-details.ts";
import type { ShownAlertRetention } from "../hub/alerts/alert-retention.ts";
import type { MetricsRequest, ResponseTimes, Times } from "../hub/alerts/metrics.ts";
import type { OutboxEntry } from "../hub/notices/notice-service.ts";
import type { Severity } from "../model/alert.ts";
import { ALERTS_HELD_MS } from "../model/limits.ts";
import { paintFor } from "./paint.ts";

export interface ListedAlert {
  readonly id: string;
  readonly node: string;
  readonly atMs: number;
  readonly severity: Severity;
  readonly contract: string | null;
  readonly reason: string;
  readonly subject: string;
  readonly text: string;
  readonly state: string;
  readonly incident: string;
  readonly acknowledgement: { readonly by: string; readonly note: string; readonly atMs: number } | null;
}

export interface AlertDetailsAnswer extends Omit<AlertDetails, "record"> {
  readonly alert: ListedAlert;
  readonly notices: readonly Omit<OutboxEntry, "recipient">[];
}

export interface OutboxAnswer {
  readonly notices: readonly OutboxEntry[];
}

export interface MetricsAnswer extends MetricsRequest {
  readonly parts: readonly ResponseTimes[];
  /** Incidents of that time that retention may have removed, at the most. */
  readonly removed: number;
}

const URGENT: ReadonlySet<Severity> = new Set(["critical", "emergency"]);
/** What nodes and people wrote must not steer a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ");

export function alertLines(alert: ListedAlert): readonly string[] {
  const paint = paintFor(process.stdout) ?? ((_style: string, text: string): string => text);
  const style = URGENT.has(alert.severity) ? "error" : "warning";
  const severity = alert.state === "open" ? paint(style, alert.severity) : alert.severity;
  const { acknowledgement } = alert;
  const state = acknowledgement === null ? "open" : `acknowledged by ${acknowledgement.by}: ${acknowledgement.note}`;
  const head = [alert.id, printUtc(alert.atMs), alert.node, severity, plain(`${alert.reason}:${alert.subject}`)].join(
    "  ",
  );
  return [head, paint("faint", plain(`    ${alert.contract ?? "no contract"} · ${alert.text} · ${state}`))];
}

export function detailLines({ alert, incident, steps, told, notices }: AlertDetailsAnswer): readonly string[] {
  const { acknowledgement } = alert;
  return [
    ...alertLines(alert),
    `${alert.incident}: ${incident.count} alerts, ${incident.firstAlert} to ${incident.lastAlert}, began ${printUtc(incident.openedAtMs)}`,
    ...told.map(({ role, alerts }) => `  ${role} was told of ${alerts}`),
    ...steps.map(
      ({ role, severity, dueAtMs, state }) => `  ${printUtc(dueAtMs)}  ${role}, ${severity}: ${STEP[state]}`,
    ),
    ...notices.map((notice) => `  ${noticeLine(notice)}`),
    acknowledgement === null
      ? "nobody has acknowledged it"
      : plain(`acknowledged ${printUtc(acknowledgement.atMs)} by ${acknowledgement.by}: ${acknowledgement.note}`),
  ];
}

const STEP = { sent: "told", waiting: "is told then, if nobody acknowledges", dropped: "was not needed" } as const;

export function noticeLine(notice: Omit<OutboxEntry, "recipient"> & { readonly recipient?: string }): string {
  const { id, kind, role, channel, recipient, state, partOf, attempts, nextAtMs, error, alerts } = notice;
  const place =
    recipient === undefined || recipient === channel || recipient === "" ? channel : `${channel} ${recipient}`;
  const tried = attempts > 1 || state === "dead" ? `, ${attempts} attempts` : "";
  const next = nextAtMs === null ? "" : `, next ${printUtc(nextAtMs)}`;
  const why = error === null ? "" : `: ${error}`;
  const part = partOf === null ? "" : ` in ${partOf}`;
  return plain(
    `${id}  ${kind} to ${role} over ${place || "nothing"}, ${alerts} alerts: ${state}${part}${tried}${next}${why}`,
  );
}

export function metricsLines({ by, fromMs, toMs, parts, removed }: MetricsAnswer): readonly string[] {
  const gone = removed === 0 ? [] : [`up to ${removed} incidents of that time were removed by retention`];
  if (parts.length === 0) return [`no incident from ${printUtc(fromMs)} to ${printUtc(toMs)}`, ...gone];
  const rows = [
    [by, "incidents", "open", "told p50/p90/p99/max", "acknowledged p50/p90/p99/max", "in time"],
    ...parts.map(({ key, incidents, open, notice, acknowledgement, inTime }) => [
      ...[key ?? "none", String(incidents), String(open), timesText(notice), timesText(acknowledgement)],
      inTime.share === null ? "-" : `${inTime.count} of ${inTime.of} (${(inTime.share * 100).toFixed(0)} %)`,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, ...gone];
}

const HELD: { readonly [why in keyof ShownAlertRetention["held"]]: string } = {
  person: "nobody has acknowledged all of their incidents (maint alert list --state open)",
  notice: "a notice that waits tells of them (maint alert outbox list --state waiting)",
  proposal: "a proposal on which nobody decided names them (maint proposal list)",
};

export function retentionLines(answer: ShownAlertRetention): readonly string[] {
  const { days, records, set, kept, removed, going, held } = answer;
  const limits = [...(days === null ? [] : [`${days} days`]), ...(records === null ? [] : [`${records} records`])];
  const who = set === null ? "" : ` (${set.by}, ${printUtc(set.atMs)}: ${set.reason})`;
  const since = kept.sinceMs === null ? "" : `, ${kept.first} and later, since ${printUtc(kept.sinceMs)}`;
  const stays = Object.entries(HELD).flatMap(([why, words]) => {
    const { batches, records: count } = held[why as keyof typeof held];
    return batches === 0 ? [] : [`beyond that and kept: ${count}, ${words}`];
  });
  return [
    plain(`kept of alerts: ${limits.length === 0 ? "everything" : limits.join(", ")}${who}`),
    `records: ${kept.records}${since}`,
    ...(removed.batches === 0 ? [] : [`removed by retention: ${removed.records}`]),
    ...(going.batches === 0 ? [] : [`beyond that, and going now: ${going.records}`]),
    ...stays,
    ...(limits.length === 0
      ? []
      : [`what came in the last ${HELD_DAYS} days stays in any case: patterns and proposals count it`]),
  ];
}

const HELD_DAYS = ALERTS_HELD_MS / DAY_MS;

const timesText = ({ count, p50Ms, p90Ms, p99Ms, maxMs }: Times): string =>
  count === 0 ? "-" : [p50Ms, p90Ms, p99Ms, maxMs].map((ms) => timeText(ms ?? 0)).join("/");

function timeText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(0)}s`;
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(0)}min` : `${(ms / 3_600_000).toFixed(1)}h`;
}
