import { describe, expect, test } from "vitest";
import { DAY_MS } from "../../../src/base/civil-time.ts";
import type { AuditReport, AuditScope } from "../../../src/hub/reports/audit-report.ts";
import { rowsOfEntries } from "../../../src/hub/reports/audit-rows.ts";
import { selectEntries } from "../../../src/hub/reports/audit-selection.ts";
import { archiveOf, FIRST_MS, tenDays, today } from "./ledger-days.ts";

/** A certificate's number is its laboratory's own: it names no instrument by itself. */

const window = { fromMs: FIRST_MS - 3_600_000, toMs: FIRST_MS + 10 * DAY_MS };
const LATE_MS = window.toMs - 3_600_000;
/** What LM-01 at LP-02 was calibrated with, by a contract of twelve months. */
const SHARED = { kind: "calibration", performedOn: "2026-11-08", result: "pass", certificate: "C-2026-11-08" } as const;

type Days = ReturnType<typeof tenDays>;
type Rows = Pick<AuditReport, "instruments" | "calibrations" | "totals">;

async function rowsOf(days: Days, scope: AuditScope = { kind: "period" }): Promise<Rows> {
  const ports = { archive: archiveOf(days.entries()), contracts: { at: async () => undefined } };
  const chosen = await selectEntries(ports, scope, window);
  return rowsOfEntries(chosen, { scope, ...window, asOfDay: today });
}

const dueOf = ({ instruments }: Rows, asset: string): string | null | undefined =>
  instruments.find((one) => one.asset === asset)?.due;

const decided = { test: "T-LAST", uv: "1400", calibratedOn: "2026-11-08" } as const;
const others = ["LM-77"] as const;

describe("two instruments with one certificate number", () => {
  const rows: readonly {
    readonly what: string;
    readonly node: string;
    readonly performedOn: string;
    readonly more?: Partial<Parameters<Days["decide"]>[2]>;
    readonly due: readonly [own: string | null, other: string | null];
  }[] = [
    { what: "at another node", node: "LP-01", performedOn: "2026-11-08", due: ["2027-11-08", null] },
    { what: "by another laboratory", node: "LP-02", performedOn: "2026-03-01", due: ["2027-11-08", null] },
    { what: "of a day that nobody asked for it", node: "LP-02", performedOn: "2026-11-08", due: ["2027-11-08", null] },
    {
      what: "of which one is in the role that was asked for",
      ...{ node: "LP-02", performedOn: "2026-11-08", due: ["2027-11-08", null] },
      more: { others, roles: { "light-meter": "LM-01" } },
    },
    {
      what: "of which the other is in the role that was asked for",
      ...{ node: "LP-02", performedOn: "2026-11-08", due: ["2027-11-08", "2027-11-08"] },
      more: { others, roles: { "light-meter": "LM-77" } },
    },
  ];
  test.each(rows)("$what: each has its own due date", async ({ node, performedOn, more = {}, due }) => {
    const days = tenDays();
    days.record(node, LATE_MS, "QA-1", "LM-77", { ...SHARED, performedOn });
    days.decide("LP-02", LATE_MS + 1_000, { ...decided, ...more });
    const found = await rowsOf(days);
    expect([dueOf(found, "LM-01"), dueOf(found, "LM-77")]).toEqual(due);
  });

  test("where nobody can tell which of them a clause was about, neither is given its date by it", async () => {
    const days = tenDays();
    const item = { ...SHARED, performedOn: "2026-11-09", certificate: "C-2026-11-09" };
    for (const asset of ["LM-01", "LM-77"]) days.record("LP-02", LATE_MS, "QA-1", asset, item);
    days.decide("LP-02", LATE_MS + 1_000, { ...decided, calibratedOn: "2026-11-09", others });
    const found = await rowsOf(days);
    expect([dueOf(found, "LM-01"), dueOf(found, "LM-77")]).toEqual([null, null]);
  });

  test("the other is not called late by the first one's contract", async () => {
    const days = tenDays();
    days.record("LP-02", LATE_MS, "QA-1", "LM-77", {
      ...{ ...SHARED, performedOn: "2024-11-05", certificate: "C-2025-11-05" },
    });
    days.record("LP-02", LATE_MS + 1, "QA-1", "LM-77", { ...SHARED, performedOn: "2026-11-10", certificate: "N-1" });
    const { calibrations } = await rowsOf(days);
    expect(calibrations.filter(({ asset }) => asset === "LM-77").map(({ onTime }) => onTime)).toEqual([null, null]);
  });

  test("a report about the other has none of the first one's decisions", async () => {
    const days = tenDays();
    days.record("LP-09", LATE_MS, "QA-1", "LM-77", SHARED);
    const { totals } = await rowsOf(days, { kind: "equipment", id: "LM-77" });
    expect(totals.decisions).toBe(0);
  });
});
