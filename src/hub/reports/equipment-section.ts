import type { TableBlock, Text } from "../../compiler/doc/page.ts";
import type { CalibrationRow, CheckRow, GrantRow, InstrumentRow, StopRow, TraceRow } from "./audit-report.ts";
import { shortTime } from "./decision-section.ts";

const orNone = (text: string | number | null): string => (text === null ? "–" : String(text));

const STATES: { readonly [state in InstrumentRow["state"]]: string } = {
  "in-calibration": "in calibration",
  "due-soon": "due within 30 days",
  overdue: "OVERDUE",
  failed: "FAILED",
  revoked: "CERTIFICATE TAKEN BACK",
  "signature-invalid": "SIGNATURE DOES NOT VERIFY",
  never: "NEVER CALIBRATED",
};

export const instrumentsTable = (rows: readonly InstrumentRow[]): TableBlock => ({
  kind: "table",
  caption: "As on the sticker: what it is, when it was last calibrated, when it is due, by whom",
  head: ["Instrument", "Serial", "State", "Last", "Due", "Result", "Certificate", "Recorded by", "Calibrated range"],
  rows: rows.map((row): readonly Text[] => [
    [`${row.asset} (${row.node})`],
    [orNone(row.serial)],
    [
      STATES[row.state],
      row.state === "in-calibration" && row.due === null ? ", no due date is known" : "",
      row.extendedUntil === null ? "" : `, extension to ${row.extendedUntil} on record`,
    ],
    [orNone(row.last)],
    [orNone(row.due)],
    [orNone(row.result)],
    [orNone(row.certificate)],
    [orNone(row.by)],
    [row.limitations.join("; ") || "–"],
  ]),
});

export const tracesTable = (rows: readonly TraceRow[]): TableBlock => ({
  kind: "table",
  caption: "Instrument, certificate, the standards behind it as they stood on the day of use",
  head: ["Item", "Certificate", "Calibrated on", "Standards"],
  rows: rows.map(({ asset, certificate, performedOn, references, national }): readonly Text[] => [
    [asset],
    [orNone(certificate)],
    [performedOn],
    [
      national
        ? "national standard"
        : references
            .map(
              ({ id, certificate: by, dueOn, state }) =>
                `${id} (${by ?? "no certificate"}, due ${dueOn ?? "–"}, ${state})`,
            )
            .join("; ") || "none named",
    ],
  ]),
});

/** With the share that was done on time, which is what a laboratory is judged by. */
export function calibrationsTable(rows: readonly CalibrationRow[]): TableBlock {
  const judged = rows.filter(({ onTime, inWindow }) => inWindow && onTime !== null);
  const onTime = judged.filter((row) => row.onTime === true).length;
  const rate = judged.length === 0 ? "" : `; ${onTime} of ${judged.length} in the period were done by their due date`;
  return {
    kind: "table",
    caption: `As found and as left, with the days since the one before${rate}`,
    head: ["Instrument", "On", "As found", "As left", "Result", "Certificate", "Days since", "On time", "Record"],
    rows: rows.map((row): readonly Text[] => [
      [row.asset],
      [row.performedOn],
      [orNone(row.asFound)],
      [orNone(row.asLeft)],
      [row.result],
      [orNone(row.certificate)],
      [orNone(row.intervalDays)],
      [row.onTime === null ? "–" : row.onTime ? "yes" : "LATE"],
      [`${row.node} ${row.id}`],
    ]),
  };
}

export const stopsTable = (rows: readonly StopRow[]): TableBlock => ({
  kind: "table",
  caption:
    "Missed, late or failed: from the first blocked test to the last, and the tests that started before one was allowed again, by the station's own records",
  head: ["From", "To", "Node", "What", "Condition", "Blocked", "Started meanwhile"],
  rows: rows.map((row): readonly Text[] => [
    [shortTime(row.from)],
    [shortTime(row.to)],
    [row.node],
    [row.words],
    [orNone(row.condition)],
    [String(row.blocked)],
    [row.startedMeanwhile === 0 ? "none" : { kind: "strong", text: String(row.startedMeanwhile) }],
  ]),
});

export const checksTable = (rows: readonly CheckRow[]): TableBlock => ({
  kind: "table",
  caption: "Every check that was recorded, whether or not a test asked to start",
  head: ["At (UTC)", "Node", "What", "Check", "Result", "Did not pass", "By", "Record"],
  rows: rows.map((row): readonly Text[] => [
    [row.at],
    [row.node],
    [row.subject],
    [row.name === null ? row.when : `${row.when} ${row.name}`],
    [row.result === "pass" ? row.result : { kind: "strong", text: row.result }],
    [row.failed.join(", ") || "–"],
    [row.by],
    [row.id],
  ]),
});

/** How many there were each month is what a laboratory is asked. */
function byMonth(rows: readonly GrantRow[]): string {
  const months = Map.groupBy(rows, ({ from }) => from.slice(0, "2026-11".length));
  return [...months].map(([month, some]) => `${some.length} in ${month}`).join(", ");
}

export const grantsTable = (rows: readonly GrantRow[]): TableBlock => ({
  kind: "table",
  caption: `Each with who signed, when, why, until when, and what was tested under it; ${byMonth(rows)}`,
  head: ["Record", "What it lifts", "Why", "From", "Until", "Signed by", "Tests under it"],
  rows: rows.map((row): readonly Text[] => [
    [`${row.kind} ${row.node} ${row.id}`],
    [`${row.rule} of ${row.subject}`],
    [row.reason],
    [row.from],
    [row.until],
    [
      [
        `${row.by} (recorded it)`,
        ...row.approvals.map(({ by, roles, at }) => `${by} (${roles.join(", ")}) ${at}`),
      ].join("; "),
    ],
    [row.tests.join(", ") || "none"],
  ]),
});
