import type { ArchivedDecision } from "../archive/archived.ts";
import type { AuditTotals, DayRow, DecisionRow } from "./audit-report.ts";

/** One decision as the report shows it; everything in it stands in the entry. */
export function decisionRow({ node, entry, recorded }: ArchivedDecision): DecisionRow {
  const { decision, part, snapshot } = recorded;
  const { at, atUtc, allow, testId: test, testKind, order, operator, contracts, reasons, warnings } = decision;
  return {
    ...{ node, seq: entry.seq, station: stationOf(snapshot), at, atUtc, allow, test, testKind, order, part, operator },
    ...{ contracts, reasons, warnings, conditions: decision.conditions },
    words: wordsOf("reason", decision),
    cautions: wordsOf("warning", decision),
  };
}

const wordsOf = (
  which: "reason" | "warning",
  { details }: ArchivedDecision["recorded"]["decision"],
): readonly string[] => details.flatMap(({ severity, text }) => (severity === which ? [text] : []));

/** A snapshot is a node's own writing: what is not of the form it should have says nothing. */
function stationOf(snapshot: ArchivedDecision["recorded"]["snapshot"]): string | null {
  const station = snapshot?.["station"];
  const id = typeof station === "object" && station !== null && "id" in station ? station.id : null;
  return typeof id === "string" ? id : null;
}

export function zonesOf(decisions: readonly ArchivedDecision[]): readonly string[] {
  const zones = decisions.map(({ recorded }) => recorded.snapshot?.["plantZone"]);
  return distinct(zones.filter((zone) => typeof zone === "string"));
}

export function totalsOf(rows: readonly DecisionRow[]): AuditTotals {
  const allowed = rows.filter(({ allow }) => allow).length;
  const named = (pick: (row: DecisionRow) => string | null) => distinct(rows.flatMap((row) => pick(row) ?? []));
  const saysClock = ({ reasons, warnings }: DecisionRow) =>
    [...reasons, ...warnings].some((code) => code.startsWith("clock."));
  return {
    ...{ decisions: rows.length, allowed, blocked: rows.length - allowed },
    tests: new Set(rows.flatMap(({ node, test }) => (test === null ? [] : [`${node} ${test}`]))).size,
    orders: named(({ order }) => order),
    parts: named(({ part }) => part),
    nodes: named(({ node }) => node),
    clockAnomalies: rows.filter(saysClock).length,
  };
}

/** By node and plant day; a day without a decision has no row and is shown as idle. */
export function dayRows(rows: readonly DecisionRow[]): readonly DayRow[] {
  const days = new Map<string, { node: string; day: string; allowed: number; blocked: number }>();
  for (const { node, at, allow } of rows) {
    const day = at.slice(0, "2026-11-24".length);
    const known = days.get(`${node} ${day}`) ?? { node, day, allowed: 0, blocked: 0 };
    if (allow) known.allowed += 1;
    else known.blocked += 1;
    days.set(`${node} ${day}`, known);
  }
  return [...days.values()].sort((a, b) => compareText(a.day, b.day) || compareText(a.node, b.node));
}

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort(compareText);
