import type { ArchivedDecision, ArchivedEntry } from "../archive/archived.ts";
import type { AuditReport, AuditScope, AuditWindow, DecisionRow } from "./audit-report.ts";
import { calibrationsOf } from "./calibrated.ts";
import { checkRows } from "./check-rows.ts";
import { contractDue } from "./contract-due.ts";
import { compareText, dayRows, decisionRow, totalsOf, zonesOf } from "./decision-rows.ts";
import { correctionRows, grantRows } from "./grant-rows.ts";
import { calibrationRows, extensionsOf, instrumentRows, revokedIn, traceRows } from "./instrument-rows.ts";
import { readEntries } from "./read-entries.ts";
import { readingSeries } from "./reading-series.ts";
import { startedRuns, stopRows } from "./stop-rows.ts";

/** The part of a report that follows from ledger entries of nodes alone. */
export type EntryRows = Pick<
  AuditReport,
  | "totals"
  | "decisions"
  | "days"
  | "instruments"
  | "traces"
  | "calibrations"
  | "grants"
  | "stops"
  | "readings"
  | "checks"
  | "unreadable"
  | "corrections"
  | "zones"
>;

export interface RowsRequest extends AuditWindow {
  readonly scope: AuditScope;
  readonly asOfDay: string;
}

/** Pure: whoever has the entries makes the same rows, which is how a report is verified without the hub. */
export function rowsOfEntries(entries: readonly ArchivedEntry[], request: RowsRequest): EntryRows {
  const { decided, records, unreadable } = readEntries(entries);
  const decisions = decided
    .map(decisionRow)
    .sort((a, b) => compareText(a.atUtc, b.atUtc) || compareText(a.node, b.node) || a.seq - b.seq);
  const isInWindow = (atMs: number) => atMs >= request.fromMs && atMs < request.toMs;
  const recent = records.filter(({ record }) => isInWindow(record.recordedAtMs));
  const calibrated = calibrationsOf(records);
  const due = contractDue(decided, calibrated);
  return {
    totals: totalsOf(decisions),
    decisions,
    days: dayRows(decisions),
    instruments: instrumentRows(calibrated, {
      ...{ contractDue: due, serials: serialsIn(decided), asOfDay: request.asOfDay },
      ...{ revoked: revokedIn(records), extended: extensionsOf(records) },
      missing: request.scope.kind === "equipment" ? only(missingIn(decisions), request.scope.id) : missingIn(decisions),
    }),
    traces: traceRows(calibrated),
    calibrations: calibrationRows(calibrated, due, isInWindow),
    grants: grantRows(records, decisions, request),
    stops: stopRows(decisions, startedRuns(recent)),
    readings: readingSeries(recent, decisions),
    checks: checkRows(recent),
    unreadable,
    corrections: correctionRows(recent),
    zones: zonesOf(decided),
  };
}

const only = (found: ReadonlyMap<string, string>, asset: string): ReadonlyMap<string, string> =>
  new Map([...found].filter(([one]) => one === asset));

/** The latest serial number that a snapshot names for each asset. */
function serialsIn(decided: readonly ArchivedDecision[]): ReadonlyMap<string, string> {
  const serials = new Map<string, string>();
  for (const { recorded } of decided) {
    const equipment = recorded.snapshot?.["equipment"];
    if (typeof equipment !== "object" || equipment === null) continue;
    for (const [asset, state] of Object.entries(
      equipment as { readonly [asset: string]: { readonly serial?: unknown } },
    ))
      if (typeof state?.serial === "string") serials.set(asset, state.serial);
  }
  return serials;
}

/** Assets that a decision found without any calibration, and where. */
function missingIn(decisions: readonly DecisionRow[]): ReadonlyMap<string, string> {
  const missing = new Map<string, string>();
  for (const { node, reasons } of decisions)
    for (const reason of reasons)
      if (reason.startsWith("calibration.missing:")) missing.set(reason.slice("calibration.missing:".length), node);
  return missing;
}
