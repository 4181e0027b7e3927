import type { EvidenceRecord } from "../../model/evidence.ts";
import type { ArchivedDecision, ArchivedEntry, RecordedMetadata } from "../archive/archived.ts";
import type { AuditReport, AuditScope, AuditWindow, DecisionRow } from "./audit-report.ts";
import { compareText, dayRows, decisionRow, totalsOf, zonesOf } from "./decision-rows.ts";
import { correctionRows, grantRows } from "./grant-rows.ts";
import { calibrationRows, calibrationsOf, dueByCertificate, instrumentRows, traceRows } from "./instrument-rows.ts";
import { readingSeries } from "./reading-series.ts";
import { type NodeRecord, startedRuns, stopRows } from "./stop-rows.ts";

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
  | "corrections"
  | "zones"
>;

export interface RowsRequest extends AuditWindow {
  readonly scope: AuditScope;
  readonly asOfDay: string;
}

/** Pure: whoever has the entries makes the same rows, which is how a report is verified without the hub. */
export function rowsOfEntries(entries: readonly ArchivedEntry[], request: RowsRequest): EntryRows {
  const decided = decidedIn(entries);
  const decisions = decided
    .map(decisionRow)
    .sort((a, b) => compareText(a.atUtc, b.atUtc) || compareText(a.node, b.node) || a.seq - b.seq);
  const records = recordsIn(entries);
  const isInWindow = (atMs: number) => atMs >= request.fromMs && atMs < request.toMs;
  const recent = records.filter(({ record }) => isInWindow(record.recordedAtMs));
  const calibrated = calibrationsOf(records);
  const contractDue = dueByCertificate(decisions);
  return {
    totals: totalsOf(decisions),
    decisions,
    days: dayRows(decisions),
    instruments: instrumentRows(calibrated, {
      ...{ contractDue, serials: serialsIn(decided), asOfDay: request.asOfDay },
      missing: request.scope.kind === "equipment" ? only(missingIn(decisions), request.scope.id) : missingIn(decisions),
    }),
    traces: traceRows(calibrated),
    calibrations: calibrationRows(calibrated, contractDue, isInWindow),
    grants: grantRows(records, decisions),
    stops: stopRows(decisions, startedRuns(recent)),
    readings: readingSeries(recent, decisions),
    corrections: correctionRows(recent),
    zones: zonesOf(decided),
  };
}

const only = (found: ReadonlyMap<string, string>, asset: string): ReadonlyMap<string, string> =>
  new Map([...found].filter(([one]) => one === asset));

/** Entries that a node wrote as decisions; the archive proved their chain, their form is looked at here. */
export function decidedIn(entries: readonly ArchivedEntry[]): readonly ArchivedDecision[] {
  return entries.flatMap(({ node, entry }) => {
    const recorded = entry.metadata as unknown as Partial<RecordedMetadata>;
    if (entry.action_type !== "gate_decision" || recorded.decision === undefined || recorded.facts === undefined)
      return [];
    const { decision, facts, part = null, snapshot = null } = recorded;
    return [{ node, entry, atMs: Date.parse(decision.atUtc), recorded: { decision, facts, part, snapshot } }];
  });
}

export const recordsIn = (entries: readonly ArchivedEntry[]): readonly NodeRecord[] =>
  entries.flatMap(({ node, entry }) => {
    const record = entry.metadata["record"] as EvidenceRecord | undefined;
    return entry.action_type === "evidence_record" && record !== undefined ? [{ node, record }] : [];
  });

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
