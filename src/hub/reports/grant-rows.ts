import { DAY_MS, parseDate, printUtc } from "../../base/civil-time.ts";
import type { NodeRecord } from "../archive/evidence-in.ts";
import type { AuditWindow, CorrectionRow, DecisionRow, GrantRow } from "./audit-report.ts";
import { compareText, distinct } from "./decision-rows.ts";

/**
 * Overrides and extensions that were recorded in the window, held in it or were used, with the signatures under them and what
 * was tested under each. Source: 21 CFR 11.50.
 */
export function grantRows(
  records: readonly NodeRecord[],
  rows: readonly DecisionRow[],
  { fromMs }: Pick<AuditWindow, "fromMs">,
): readonly GrantRow[] {
  return records
    .flatMap((one): readonly GrantRow[] => {
      const { node, record } = one;
      const { id, subject, by, recordedAtMs, body } = record;
      const signed = { node, id, by, from: printUtc(recordedAtMs), approvals: approvalsOf(one, records) };
      if (body.kind === "override") {
        const { rule, about, reason, expiresAt: until } = body;
        const tests = testsOf(rows, node, (row) => row.warnings.includes(`override.applied:${id}`));
        return [{ kind: "override", ...signed, rule, subject: about, reason, until, tests }];
      }
      if (body.kind !== "extension") return [];
      const carried = `calibration.extended:${subject}`;
      const isUnder = (row: DecisionRow) => row.warnings.includes(carried) && row.seq > record.ledgerSeq;
      const tests = testsOf(rows, node, isUnder);
      const { reason, until } = body;
      return [{ kind: "extension", ...signed, rule: "calibration.overdue", subject, reason, until, tests }];
    })
    .filter(({ tests, from, until }) => tests.length > 0 || Date.parse(from) >= fromMs || endOf(until) >= fromMs)
    .sort((a, b) => compareText(a.from, b.from) || compareText(a.id, b.id));
}

/** Of an instant itself; a day ends in no zone later than this. What cannot be read ends never. */
function endOf(until: string): number {
  const day = parseDate(until);
  const ms = day === undefined ? Date.parse(until) : (day + 2) * DAY_MS;
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

const approvalsOf = ({ node, record }: NodeRecord, records: readonly NodeRecord[]): GrantRow["approvals"] =>
  records.flatMap((other) =>
    other.node === node && other.record.body.kind === "approval" && other.record.body.of === record.id
      ? [{ by: other.record.by, roles: other.record.roles, at: printUtc(other.record.recordedAtMs) }]
      : [],
  );

const testsOf = (
  rows: readonly DecisionRow[],
  node: string,
  isUnder: (row: DecisionRow) => boolean,
): readonly string[] =>
  distinct(
    rows.flatMap((row) => (row.node === node && row.allow && isUnder(row) ? [row.test ?? `entry ${row.seq}`] : [])),
  );

/** A correction is a new record; what it corrects stays where it was. */
export const correctionRows = (records: readonly NodeRecord[]): readonly CorrectionRow[] =>
  records.flatMap(({ node, record }) => {
    const { id, supersedes: corrects, kind, subject, by, recordedAtMs } = record;
    if (corrects === null) return [];
    return [{ node, id, corrects, what: `${kind} of ${subject}`, by, at: printUtc(recordedAtMs) }];
  });
