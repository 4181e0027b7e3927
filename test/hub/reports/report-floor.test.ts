import { expect, test } from "vitest";
import { DAY_MS, printUtc } from "../../../src/base/civil-time.ts";
import { renderHtml } from "../../../src/compiler/doc/html.ts";
import type { ArchivedEntry } from "../../../src/hub/archive/archived.ts";
import { candidateOf } from "../../../src/hub/impact/impact-causes.ts";
import { impactRows } from "../../../src/hub/impact/impact-rows.ts";
import { auditPage } from "../../../src/hub/reports/audit-page.ts";
import type { AuditReport, AuditScope } from "../../../src/hub/reports/audit-report.ts";
import { rowsOfEntries } from "../../../src/hub/reports/audit-rows.ts";
import { selectEntries } from "../../../src/hub/reports/audit-selection.ts";
import { findingsOf } from "../../../src/hub/reports/findings.ts";
import type { EvidenceBody } from "../../../src/model/evidence.ts";
import { archiveOf, FIRST_MS, STARTED, tenDays, today, wholeArchiveOf } from "./ledger-days.ts";

/** What a floor really writes: grants from before the period, certificates that were taken back, entries that are none. */

const END_MS = FIRST_MS + 10 * DAY_MS;
const wholeWindow = { fromMs: FIRST_MS - 3_600_000, toMs: END_MS };
type Days = ReturnType<typeof tenDays>;

async function reportOf(
  days: Days,
  scope: AuditScope,
  { window = wholeWindow, change = (entries: readonly ArchivedEntry[]) => entries } = {},
): Promise<AuditReport> {
  const ports = { archive: archiveOf(change(days.entries())), contracts: { at: async () => undefined } };
  const chosen = await selectEntries(ports, scope, window);
  const ledgers = wholeArchiveOf(chosen)
    .nodes()
    .map(({ node, size, headHash }) => ({
      ...{
        node,
        strand: 0,
        publicHex: null,
        checkpoint: null,
        size,
        headHash,
        root: null,
        firstKept: 0,
        cited: size,
        fault: null,
      },
      ...{ firstCited: null, lastCited: null, firstHash: null, lastHash: null },
    }));
  return {
    ...{ format: "maint-audit/1", scope, ...window, madeAt: printUtc(window.toMs), madeBy: "AUD-1", hub: "hub-1" },
    ...{ asOfDay: today, firstDay: "2026-11-02", lastDay: "2026-11-11" },
    ...rowsOfEntries(chosen, { scope, ...window, asOfDay: today }),
    ...{ alerts: [], incidents: [], contracts: [], impacts: [], ledgers, leftOut: [] },
  };
}

const pageText = (report: AuditReport): string => renderHtml(auditPage(report)).replace(/<[^>]*>/g, " ");
const whatOf = (report: AuditReport): readonly string[] => findingsOf(report).map(({ what }) => what);

const override = (expiresAtMs: number): EvidenceBody => ({
  ...{ kind: "override", rule: "reading.out-of-limits", about: "uv-intensity", reason: "last parts of the lot" },
  expiresAt: printUtc(expiresAtMs),
});

test("an override from before the period that still held in it is in its register, with its signatures", async () => {
  const days = tenDays();
  const [granted, spent] = [FIRST_MS - 3 * DAY_MS, FIRST_MS - 5 * DAY_MS];
  const id = days.record("LP-01", granted, "QA-1", "reading.out-of-limits", override(FIRST_MS + DAY_MS));
  days.record("LP-01", granted + 1, "QA-2", id, { kind: "approval", of: id }, { roles: ["QA"] });
  days.record("LP-01", spent, "QA-1", "reading.out-of-limits", override(spent + 3_600_000));
  const { grants } = await reportOf(days, { kind: "station", id: "LP-01" });
  expect(grants).toMatchObject([{ kind: "override", id, approvals: [{ by: "QA-2" }] }]);
});

test("a report about an instrument brings the signatures under its own grants, and no other station's", async () => {
  const days = tenDays();
  const at = FIRST_MS + 3 * DAY_MS + 1;
  const extension = { kind: "extension", until: "2026-11-20", reason: "the laboratory is late" } as const;
  const own = days.record("LP-02", at, "QA-1", "LM-01", extension);
  days.record("LP-02", at + 1, "QA-2", own, { kind: "approval", of: own }, { roles: ["QA"] });
  const other = days.record("LP-09", at, "QA-1", "LM-77", extension);
  days.record("LP-09", at + 1, "QA-2", other, { kind: "approval", of: other });
  const report = await reportOf(days, { kind: "equipment", id: "LM-01" });
  expect(report.grants).toMatchObject([{ id: own, subject: "LM-01", approvals: [{ by: "QA-2" }] }]);
  expect(report.ledgers.map(({ node }) => node)).toEqual(["LP-01", "LP-02"]);
});

test("an instrument whose certificate was taken back is not in calibration", async () => {
  const days = tenDays();
  const body = {
    kind: "revocation",
    certificate: "C-2026-11-08",
    reason: "the laboratory's standard was wrong",
  } as const;
  days.record("LP-02", FIRST_MS + 8 * DAY_MS, "QA-1", "LM-01", body);
  const report = await reportOf(days, { kind: "period" });
  expect(report.instruments.find(({ asset }) => asset === "LM-01")?.state).toBe("revoked");
  expect(whatOf(report)).toContain("the certificate C-2026-11-08 of LM-01 was taken back");
  expect(pageText(report)).toContain("CERTIFICATE TAKEN BACK");
});

test("a certificate whose signature does not verify is said to be one", async () => {
  const days = tenDays();
  days.record("LP-02", FIRST_MS + 8 * DAY_MS, "QA-1", "LM-01", {
    ...{ kind: "calibration", performedOn: "2026-11-10", result: "pass", certificate: "C-F", signature: "invalid" },
  });
  const report = await reportOf(days, { kind: "period" });
  expect(report.instruments.find(({ asset }) => asset === "LM-01")?.state).toBe("signature-invalid");
  expect(whatOf(report)).toContain("the signature of the certificate C-F of LM-01 does not verify");
});

test("a test that started after the last blocked one, and before one was allowed, is counted", async () => {
  const days = tenDays();
  const at = END_MS - 7_200_000;
  days.decide("LP-01", at, { test: "T-A", uv: "800", calibratedOn: "2026-11-08" });
  days.record("LP-01", at + 1, "STF-1", "T-X", STARTED);
  const { stops } = await reportOf(days, { kind: "period" });
  expect(stops.find(({ reason }) => reason === "reading.out-of-limits:uv-intensity")?.startedMeanwhile).toBe(1);
});

test.each(["uv(", "uv[", "a+*", ")", "\\"])("a quantity of any name stops no report: %s", async (quantity) => {
  const days = tenDays();
  const body = { kind: "reading", value: "12", unit: "lx" } as const;
  days.record("LP-01", END_MS - 1_000, "STF-1", quantity, body);
  const { readings } = await reportOf(days, { kind: "period" });
  expect(readings.find((one) => one.quantity === quantity)).toMatchObject({ low: null, high: null });
});

test("a reading that is no number is no point of a chart, and is counted beside it", async () => {
  const days = tenDays();
  const body = { kind: "reading", value: "UNAVAILABLE", unit: "uW/cm2" } as const;
  days.record("LP-01", END_MS - 1_000, "STF-1", "uv-intensity", body);
  const page = pageText(await reportOf(days, { kind: "station", id: "LP-01" }));
  expect(page).not.toContain("NaN");
  expect(page).toContain("uv-intensity at LP-01; 1 that is no number is not drawn");
});

test("entries that only say they are decisions or evidence are named, and stop nothing", async () => {
  const days = tenDays();
  const spoil = (entries: readonly ArchivedEntry[]): readonly ArchivedEntry[] =>
    entries.map((one) => {
      const { decision, record } = one.entry.metadata as { decision?: object; record?: object };
      const is = (seq: number) => one.node === "LP-01" && one.entry.seq === seq;
      if (is(3)) return withMetadata(one, { decision: { ...decision, details: "none", conditions: 7 } });
      return is(4) ? withMetadata(one, { record: { ...record, body: { kind: "calibration", references: 7 } } }) : one;
    });
  const report = await reportOf(days, { kind: "period" }, { change: spoil });
  expect(report.unreadable).toEqual([
    { node: "LP-01", seq: 3, what: "decision" },
    { node: "LP-01", seq: 4, what: "evidence record" },
  ]);
  expect(report.totals.decisions).toBe(19);
  expect(whatOf(report)).toContain("entry 3 has not the form of a decision");
});

const withMetadata = (one: ArchivedEntry, change: object): ArchivedEntry => ({
  ...one,
  entry: { ...one.entry, metadata: { ...one.entry.metadata, ...change } as ArchivedEntry["entry"]["metadata"] },
});

test("idle days are the plant's, and what an order or an instrument had none of is not called idle", async () => {
  const days = tenDays();
  const scope = { kind: "station", id: "LP-01" } as const;
  const report = { ...(await reportOf(days, scope)), firstDay: "2026-10-31", lastDay: "2026-11-12" };
  expect(pageText(report)).toContain("LP-01 was asked nothing on 3 of 13 days: 2026-10-31 to 2026-11-01, 2026-11-12");
  const order = await reportOf(days, { kind: "order", id: "PO-7" });
  expect(pageText(order)).toContain("LP-01 was asked nothing for this order on 5 of 10 days");
  const instrument = { ...(await reportOf(days, { kind: "equipment", id: "LM-01" })), lastDay: "2026-11-12" };
  expect(pageText(instrument)).toContain("LP-01 was asked nothing that rests on it on 1 of 11 days: 2026-11-12");
});

test("warnings are told in words, and a standard that nobody has a record of is a finding", async () => {
  const report = await reportOf(tenDays(), { kind: "station", id: "LP-01" });
  expect(pageText(report)).toMatch(/warning: .*LM-01 is due/);
  expect(findingsOf(report)).toContainEqual({
    ...{ kind: "existence", what: "no calibration of the standard STD-1 is on record", where: "LM-01, 2025-11-05" },
  });
});

test("each decision on its sheet says in words why it blocked", async () => {
  const days = tenDays();
  const page = renderHtml(auditPage(await reportOf(days, { kind: "station", id: "LP-02" })));
  const sheet = page.slice(page.indexOf('id="d-LP-02-'), page.length);
  expect(sheet).toMatch(/<dt>In words<\/dt>\s*<dd>LM-01 is overdue/);
});

test("checks are listed with what failed in them, whether or not a test asked to start", async () => {
  const days = tenDays();
  const body = {
    kind: "check",
    when: "list",
    name: "weekly",
    result: "fail",
    items: { filter: false, hood: true },
  } as const;
  days.record("LP-02", FIRST_MS + DAY_MS, "STF-2", "BOOTH-1", body);
  const report = await reportOf(days, { kind: "station", id: "LP-02" });
  expect(report.checks).toMatchObject([
    { node: "LP-02", subject: "BOOTH-1", name: "weekly", result: "fail", failed: ["filter"], by: "STF-2" },
  ]);
  expect(pageText(report)).toContain("BOOTH-1");
});

test("what was found out of tolerance and nobody opened, or grew after it was closed, is a finding", async () => {
  const cause = { kind: "as-found", performedOn: "2026-11-08", certificate: "C-2026-11-08", record: "E9" } as const;
  const candidates = [
    candidateOf({ asset: "LM-01", cause: { ...cause, node: "LP-02" }, atMs: 0, fromMs: null, toMs: null }),
    candidateOf({ asset: "LM-77", cause: { ...cause, node: "LP-09" }, atMs: 0, fromMs: null, toMs: null }),
  ];
  const impacts = await impactRows({ list: async () => ({ impacts: [], candidates }) }, ["LP-01", "LP-02"]);
  const closed = { id: "impact-1", asset: "LM-02", state: "closed", words: "", suspect: 7, disposed: 7 } as const;
  const grown = { ...closed, id: "impact-2", asset: "LM-03", disposed: 5 };
  const report = await reportOf(tenDays(), { kind: "period" });
  const { length } = findingsOf(report);
  expect(whatOf({ ...report, impacts: [...impacts, closed, grown] })).toHaveLength(length + 2);
  expect(whatOf({ ...report, impacts: [...impacts, grown] })).toEqual(
    expect.arrayContaining([
      "LM-01 was found out of tolerance on 2026-11-08, certificate C-2026-11-08 (E9 at LP-02), and nobody has looked into what that means for earlier tests",
      "LM-03: 5 of 7 parts and tests have a disposition, found since it was closed",
    ]),
  );
});
