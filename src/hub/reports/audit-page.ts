import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/canonical-json.ts";
import { parseDate, printDate, printUtc } from "../../base/civil-time.ts";
import type { Block, Page, TableBlock, Text } from "../../compiler/doc/page.ts";
import { alertsTable, incidentsTable } from "./alert-section.ts";
import type { AuditReport, AuditScope, ReadingSeries } from "./audit-report.ts";
import { decisionsChart } from "./charts/decisions-chart.ts";
import { dueChart } from "./charts/due-chart.ts";
import { isDrawn, readingsChart } from "./charts/readings-chart.ts";
import { decisionsTable, detailBlocks } from "./decision-section.ts";
import {
  calibrationsTable,
  checksTable,
  grantsTable,
  instrumentsTable,
  stopsTable,
  tracesTable,
} from "./equipment-section.ts";
import { findingsOf } from "./findings.ts";
import { contractsTable, correctionsTable, impactsTable, ledgersTable, signaturesTable } from "./record-section.ts";

/** The report as a page: made from the report alone, so that the same report gives the same page. */
export function auditPage(report: AuditReport): Page {
  const sections = sectionsOf(report).filter(({ blocks }) => blocks.length > 0);
  return {
    title: titleOf(report.scope),
    id: `AUDIT-${printUtc(Date.parse(report.madeAt)).slice(0, 19).replace(/\D/g, "")}`,
    digest: digestOf(report),
    isWide: true,
    blocks: [
      ...summary(report),
      { kind: "contents", items: sections.map(({ id, text }) => ({ id, text })) },
      ...sections.flatMap(({ id, text, blocks }): readonly Block[] => [
        { kind: "heading", level: 2, id, text },
        ...blocks,
      ]),
    ],
  };
}

/** On every sheet of paper, so that sheets of two reports are not mixed. */
const digestOf = (report: AuditReport): string =>
  `sha256:${createHash("sha256").update(canonicalJson(report)).digest("hex")}`;

export function titleOf(scope: AuditScope): string {
  switch (scope.kind) {
    case "equipment":
      return `Audit of ${scope.id}`;
    case "order":
      return `Audit of order ${scope.id}`;
    case "station":
      return `Audit of station ${scope.id}`;
    case "period":
      return "Audit of the floor";
  }
}

function summary(report: AuditReport): readonly Block[] {
  const { fromMs, toMs, firstDay, lastDay, madeAt, madeBy, hub, totals, zones, ledgers } = report;
  const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
  return [
    {
      kind: "facts",
      rows: [
        {
          term: "Period",
          text: [`${firstDay} to ${lastDay} at the plant, ${printUtc(fromMs)} up to ${printUtc(toMs)}`],
        },
        { term: "Stations", text: [someOf(totals.nodes, "none")] },
        {
          term: "Decisions",
          text: [
            `${totals.decisions}: ${totals.allowed} allowed, ${totals.blocked} blocked, ${plural(totals.tests, "test")}`,
          ],
        },
        { term: "Orders", text: [someOf(totals.orders, "none named")] },
        { term: "Parts", text: [someOf(totals.parts, "none named")] },
        { term: "Plant time", text: [zones.join(", ") || "not known"] },
        {
          term: "Ledgers",
          text: [ledgers.every(({ fault }) => fault === null) ? "hold" : "do not all hold, see below"],
        },
        { term: "Made", text: [`${madeAt} by ${madeBy} at ${hub}`] },
      ],
    },
  ];
}

const MAX_NAMED = 12;

/** A page's head names a few; all of them stand in the table. */
function someOf(names: readonly string[], none: string): string {
  if (names.length === 0) return none;
  const shown = names.slice(0, MAX_NAMED).join(", ");
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown;
}

interface Section {
  readonly id: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

function sectionsOf(report: AuditReport): readonly Section[] {
  const { decisions, days, instruments, readings, asOfDay, leftOut } = report;
  const paragraphs = (lines: readonly string[]): readonly Block[] =>
    lines.length === 0 ? [] : [{ kind: "list", items: lines.map((text): Text => [text]) }];
  return [
    { id: "findings", text: "Findings", blocks: findingBlocks(report) },
    {
      ...{ id: "over-time", text: "Decisions over time" },
      blocks: [...chart("Tests that asked to start, by plant day", overTime(report)), ...idleBlocks(report)],
    },
    { id: "decisions", text: "Decisions", blocks: tableOf(decisionsTable(decisions)) },
    { id: "details", text: "Each decision", blocks: detailBlocks(report) },
    {
      ...{ id: "instruments", text: "Instruments" },
      blocks: [
        ...chart("From the last calibration to the due date", dueChart(instruments, asOfDay)),
        ...tableOf(instrumentsTable(instruments)),
      ],
    },
    { id: "traceability", text: "Traceability", blocks: tableOf(tracesTable(report.traces)) },
    {
      id: "calibrations",
      text: "Calibrations, as found and as left",
      blocks: tableOf(calibrationsTable(report.calibrations)),
    },
    {
      ...{ id: "readings", text: "Readings against their limits" },
      blocks: readings.flatMap((series) => chart(readingsCaption(series), readingsChart(series))),
    },
    { id: "checks", text: "Checks", blocks: tableOf(checksTable(report.checks)) },
    {
      id: "stops",
      text: "What kept tests from starting",
      blocks: days.length === 0 ? [] : tableOf(stopsTable(report.stops)),
    },
    { id: "overrides", text: "Overrides and extensions", blocks: tableOf(grantsTable(report.grants)) },
    {
      ...{ id: "alerts", text: "Alerts" },
      blocks: [...tableOf(alertsTable(report.alerts, report.incidents)), ...tableOf(incidentsTable(report.incidents))],
    },
    { id: "impacts", text: "Out of tolerance: what it reached", blocks: tableOf(impactsTable(report.impacts)) },
    {
      ...{ id: "contracts", text: "Contracts in force" },
      blocks: [...tableOf(contractsTable(report.contracts)), ...tableOf(signaturesTable(report.contracts))],
    },
    { id: "corrections", text: "Corrections", blocks: tableOf(correctionsTable(report.corrections)) },
    { id: "ledgers", text: "Ledger proof", blocks: tableOf(ledgersTable(report.ledgers)) },
    { id: "left-out", text: "Left out", blocks: paragraphs(leftOut) },
  ];
}

const tableOf = (table: TableBlock): readonly Block[] => (table.rows.length === 0 ? [] : [table]);

function readingsCaption({ quantity, node, points }: ReadingSeries): string {
  const left = points.filter((point) => !isDrawn(point)).length;
  const are = left === 1 ? "that is no number is" : "that are no numbers are";
  return `${quantity} at ${node}${left === 0 ? "" : `; ${left} ${are} not drawn`}`;
}

const chart = (caption: string, drawn: string | undefined): readonly Block[] =>
  drawn === undefined ? [] : [{ kind: "figure", caption, svg: drawn }];

function findingBlocks(report: AuditReport): readonly Block[] {
  const found = findingsOf(report);
  if (found.length === 0) return [{ kind: "paragraph", text: ["None: nothing here asks for an answer."] }];
  return [
    {
      kind: "table",
      caption: "What asks for an answer; existence, adequacy or compliance as AC7114/1 asks of every No",
      head: ["Kind", "What", "Where"],
      rows: found.map(({ kind, what, where }) => [[kind], [what], [where]]),
    },
  ];
}

const overTime = ({ days, firstDay, lastDay }: AuditReport): string | undefined => {
  const known = days.map(({ day }) => day);
  // Stations in other zones have other days; the chart holds all that there is.
  const from = [firstDay, ...known].reduce((a, b) => (a < b ? a : b));
  const to = [lastDay, ...known].reduce((a, b) => (a > b ? a : b));
  return decisionsChart(days, from, to);
};

/** Stretches of days, not days. */
const MAX_IDLE_NAMED = 31;

/** A report about an order or an instrument has no other decisions, and says of no day that nothing at all was asked. */
const ASKED_NOTHING: { readonly [kind in AuditScope["kind"]]: string } = {
  ...{ period: "was asked nothing", station: "was asked nothing" },
  ...{ order: "was asked nothing for this order", equipment: "was asked nothing that rests on it" },
};

function idleBlocks({ days, totals, firstDay, lastDay, scope }: AuditReport): readonly Block[] {
  const span = daysFrom(firstDay, lastDay);
  const items = totals.nodes.flatMap((node): readonly Text[] => {
    const busy = new Set(days.flatMap((row) => (row.node === node ? [row.day] : [])));
    const idle = span.filter((day) => !busy.has(day));
    if (idle.length === 0) return [];
    const stretches = stretchesOf(idle);
    const named = stretches.length <= MAX_IDLE_NAMED ? `: ${stretches.join(", ")}` : "";
    return [[`${node} ${ASKED_NOTHING[scope.kind]} on ${idle.length} of ${span.length} days${named}`]];
  });
  return items.length === 0 ? [] : [{ kind: "list", items }];
}

function daysFrom(first: string, last: string): readonly string[] {
  const [from = 0, to = 0] = [parseDate(first), parseDate(last)];
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => printDate(from + index));
}

/** Days in their order, those that follow each other as one stretch. */
function stretchesOf(days: readonly string[]): readonly string[] {
  const stretches: { first: string; last: string }[] = [];
  for (const day of days) {
    const open = stretches.at(-1);
    if (open !== undefined && parseDate(day) === (parseDate(open.last) ?? 0) + 1) open.last = day;
    else stretches.push({ first: day, last: day });
  }
  return stretches.map(({ first, last }) => (first === last ? first : `${first} to ${last}`));
}
