import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/base/canonical-json.ts";
import { DAY_MS } from "../../../src/base/civil-time.ts";
import { makeSigningKey } from "../../../src/disk/key-file.ts";
import type { ArchivedEntry } from "../../../src/hub/archive/archived.ts";
import type { AuditReport, AuditScope } from "../../../src/hub/reports/audit-report.ts";
import { rowsOfEntries } from "../../../src/hub/reports/audit-rows.ts";
import { selectEntries } from "../../../src/hub/reports/audit-selection.ts";
import { findingsOf } from "../../../src/hub/reports/findings.ts";
import { proofsOf } from "../../../src/hub/reports/node-proof.ts";
import { openReport, type SealedData, sealReport } from "../../../src/hub/reports/seal.ts";
import { type ReportFault, verifyReport } from "../../../src/hub/reports/verify-report.ts";
import { archiveOf, FIRST_MS, type SignedUpTo, STARTED, tenDays, today, wholeArchiveOf } from "./ledger-days.ts";

const window = { fromMs: FIRST_MS - 3_600_000, toMs: FIRST_MS + 10 * DAY_MS };
const key = makeSigningKey();
const trust = { publicHex: key.publicHex, madeWith: "0.1.0" };
const entries = tenDays().entries();

async function rowsIn(scope: AuditScope, from: readonly ArchivedEntry[] = entries) {
  const ports = { archive: archiveOf(from), contracts: { at: async () => undefined } };
  const chosen = await selectEntries(ports, scope, window);
  return { chosen, rows: rowsOfEntries(chosen, { scope, ...window, asOfDay: today }) };
}

async function dataOf(
  scope: AuditScope,
  from: readonly ArchivedEntry[] = entries,
  signed: SignedUpTo = new Map(),
): Promise<SealedData> {
  const { chosen, rows } = await rowsIn(scope, from);
  const ports = { archive: wholeArchiveOf(from, signed), nodes: { keyOf: async () => undefined } };
  const { proofs, facts } = await proofsOf(ports, ["LP-01", "LP-02"], chosen);
  const made = {
    format: "maint-audit/1",
    scope,
    ...window,
    madeAt: "2026-11-12T12:00:00.000Z",
    madeBy: "AUD-1",
  } as const;
  const other = {
    hub: "hub-1",
    asOfDay: today,
    firstDay: "2026-11-02",
    lastDay: today,
    alerts: [],
    incidents: [],
    contracts: [],
    impacts: [],
    leftOut: [],
    ledgers: facts,
  };
  const report: AuditReport = { ...made, ...other, ...rows };
  return { report, proofs, madeWith: "0.1.0" };
}

describe("what a report says", async () => {
  const { rows } = await rowsIn({ kind: "period" });

  test("every decision is there once, in the order of time, with its words", () => {
    expect(rows.totals).toMatchObject({ decisions: 20, tests: 20, orders: ["PO-7"], nodes: ["LP-01", "LP-02"] });
    expect(rows.decisions.map(({ atUtc }) => atUtc)).toEqual(rows.decisions.map(({ atUtc }) => atUtc).sort());
    expect(rows.decisions.filter(({ node, allow }) => node === "LP-02" && !allow).map(({ test }) => test)).toEqual([
      "T-LP-02-4",
      "T-LP-02-5",
    ]);
    expect(rows.decisions.find(({ test }) => test === "T-LP-02-4")?.words[0]).toMatch(/LM-01 is overdue/);
  });

  test("a late calibration is late, its interval is counted, what was found stands there", () => {
    const late = rows.calibrations.find(({ performedOn }) => performedOn === "2026-11-08");
    expect(late).toMatchObject({ intervalDays: 368, onTime: false, asFound: "out-of-tolerance", inWindow: true });
    expect(rows.calibrations.find(({ asset }) => asset === "STD-1")).toMatchObject({ onTime: null, inWindow: false });
  });

  test("the due date is the contract's where the certificate names none", () => {
    expect(rows.instruments.find(({ asset }) => asset === "LM-01")).toMatchObject({
      ...{ last: "2026-11-08", due: "2027-11-08", certificate: "C-2026-11-08", state: "in-calibration" },
      serial: "S-4711",
    });
    expect(rows.instruments.find(({ asset }) => asset === "STD-1")).toMatchObject({
      due: "2026-12-01",
      state: "due-soon",
    });
  });

  test("a standard is judged on the day it was used", () => {
    const [first, second] = rows.traces.filter(({ asset }) => asset === "LM-01");
    expect(first?.references).toEqual([{ id: "STD-1", certificate: null, dueOn: null, state: "unknown" }]);
    expect(second?.references).toMatchObject([{ id: "STD-1", certificate: "C-STD", state: "national" }]);
  });

  test("a stop reaches from the first blocked test to the last, and nothing started in between", () => {
    expect(
      rows.stops.find(({ node, reason }) => node === "LP-02" && reason === "calibration.overdue:LM-01"),
    ).toMatchObject({
      ...{ blocked: 2, startedMeanwhile: 0, condition: "must-calibrate-before-test" },
      from: expect.stringMatching(/^2026-11-06/),
      to: expect.stringMatching(/^2026-11-07/),
    });
  });

  test("readings carry the limit that decisions judged them by", () => {
    const [lamp] = rows.readings.filter(({ node }) => node === "LP-01");
    expect(lamp).toMatchObject({ quantity: "uv-intensity", unit: "uW/cm2", low: "1000", high: null });
    expect(lamp?.points.map(({ value }) => value)).toEqual(
      [1250, 1210, 1170, 1130, 1090, 1050, 1010, 970, 930, 890].map(String),
    );
  });

  test("an order has its own decisions alone, an instrument those that relied on it", async () => {
    expect((await rowsIn({ kind: "order", id: "PO-7" })).rows.totals).toMatchObject({
      decisions: 10,
      orders: ["PO-7"],
    });
    expect((await rowsIn({ kind: "equipment", id: "LM-01" })).rows.totals.decisions).toBe(20);
    expect((await rowsIn({ kind: "equipment", id: "LM-99" })).rows.totals.decisions).toBe(0);
    expect((await rowsIn({ kind: "station", id: "ST-LP-02" })).rows.totals.nodes).toEqual(["LP-02"]);
  });
});

test("a start of a test while a reason stood is counted and is a finding", async () => {
  const days = tenDays();
  const at = FIRST_MS + 10 * DAY_MS - 7_200_000;
  days.decide("LP-01", at - 1, { test: "T-A", uv: "800", calibratedOn: "2026-11-08" });
  days.record("LP-01", at, "STF-1", "T-X", STARTED);
  days.decide("LP-01", at + 1, { test: "T-B", uv: "800", calibratedOn: "2026-11-08" });
  const { report } = await dataOf({ kind: "period" }, days.entries());
  expect(report.stops.find(({ reason }) => reason === "reading.out-of-limits:uv-intensity")?.startedMeanwhile).toBe(1);
  expect(findingsOf(report).map(({ what }) => what)).toContain(
    "1 tests started while reading.out-of-limits:uv-intensity stood",
  );
});

test("an override is there with who signed it and what was tested under it", async () => {
  const days = tenDays();
  const at = FIRST_MS + 9 * DAY_MS + 3_600_000;
  const grantedAt = new Date(at).toISOString();
  const expiresAt = new Date(at + 3_600_000).toISOString();
  const body = {
    kind: "override",
    rule: "reading.out-of-limits",
    about: "uv-intensity",
    reason: "last part of the lot",
    expiresAt,
  } as const;
  const id = days.record("LP-01", at, "QA-1", "reading.out-of-limits", body);
  days.record("LP-01", at + 1, "QA-2", id, { kind: "approval", of: id }, { roles: ["QA"] });
  const granted = {
    id,
    rule: "reading.out-of-limits",
    subject: "uv-intensity",
    reason: "last part of the lot",
    grantedAt,
    expiresAt,
  };
  const overrides = [{ ...granted, approvals: [{ by: "QA-2", role: "QA" }] }];
  expect(
    days.decide("LP-01", at + 60_000, { test: "T-O", uv: "990", calibratedOn: "2026-11-08", overrides }).allow,
  ).toBe(true);
  const { report } = await dataOf({ kind: "station", id: "LP-01" }, days.entries());
  expect(report.grants).toMatchObject([
    { kind: "override", id, by: "QA-1", approvals: [{ by: "QA-2" }], tests: ["T-O"] },
  ]);
});

describe("verification without a hub", () => {
  test.each<AuditScope>([{ kind: "period" }, { kind: "order", id: "PO-7" }, { kind: "equipment", id: "LM-01" }])(
    "what was sealed holds: $kind",
    async (scope) => {
      const file = sealReport(await dataOf(scope), key);
      const { findings, holds } = verifyReport(file, trust);
      expect(findings).toEqual([]);
      expect(holds).toHaveLength(5);
    },
  );

  test("any byte that is changed breaks the seal", async () => {
    const file = sealReport(await dataOf({ kind: "order", id: "PO-7" }), key);
    for (let at = 0; at < file.length; at += 997) {
      const other = file[at] === "x" ? "y" : "x";
      const changed = `${file.slice(0, at)}${other}${file.slice(at + 1)}`;
      expect(verifyReport(changed, trust).findings, `byte ${at}`).not.toEqual([]);
    }
  });

  test("another hub's seal is not this one's", async () => {
    const file = sealReport(await dataOf({ kind: "period" }), makeSigningKey());
    expect(verifyReport(file, trust).findings.map(({ fault }) => fault)).toEqual(["key-not-trusted"]);
  });

  // A hub that lies seals what it likes: the entries of the nodes do not follow it.
  const lies: readonly {
    readonly lie: string;
    readonly fault: ReportFault;
    readonly tell: (data: SealedData) => SealedData;
  }[] = [
    {
      lie: "a blocked test is shown as allowed",
      fault: "rows-differ",
      tell: (data) => ({
        ...data,
        report: {
          ...data.report,
          decisions: data.report.decisions.map((row) => ({ ...row, allow: true, reasons: [] })),
        },
      }),
    },
    {
      lie: "a blocked test is left out of page and entries",
      fault: "entry-damaged",
      tell: (data) => ({ ...data, proofs: data.proofs.slice(1) }),
    },
    {
      lie: "the root of a ledger is another",
      fault: "not-in-ledger",
      tell: (data) => {
        const root = Buffer.alloc(32, 7).toString("base64");
        const ledgers = data.report.ledgers.map((fact) => ({ ...fact, root }));
        return { ...data, report: { ...data.report, ledgers } };
      },
    },
  ];
  test.each(lies)("$lie: $fault", async ({ tell, fault }) => {
    const told = tell(await dataOf({ kind: "period" }));
    const { findings } = verifyReport(sealReport(told, key), trust);
    expect(findings.map((one) => one.fault)).toContain(fault);
  });

  test("an entry that a hub made up is in no node's ledger", async () => {
    const honest = await dataOf({ kind: "period" });
    const forged = entries.map((one) =>
      one.entry.target === "T-LP-01-7" ? { ...one, entry: { ...one.entry, target: "T-FORGED" } } : one,
    );
    const made = await dataOf({ kind: "period" }, forged);
    const told = { ...made, report: { ...made.report, ledgers: honest.report.ledgers } };
    expect(verifyReport(sealReport(told, key), trust).findings.map(({ fault }) => fault)).toContain("not-in-ledger");
  });

  describe("by what the nodes signed", () => {
    const [one, two] = [makeSigningKey(), makeSigningKey()];
    const sizeOf = (node: string): number => entries.filter((entry) => entry.node === node).length;
    const signed: SignedUpTo = new Map([
      ["LP-01", { key: one, size: sizeOf("LP-01") }],
      ["LP-02", { key: two, size: sizeOf("LP-02") - 3 }],
    ]);
    const nodeKeys = new Map([
      ["LP-01", one.publicHex],
      ["LP-02", two.publicHex],
    ]);
    const faultsOf = (data: SealedData, keys: ReadonlyMap<string, string> = nodeKeys) =>
      verifyReport(sealReport(data, key), { ...trust, nodeKeys: keys }).findings.map(({ fault }) => fault);

    test("each entry leads to the node's own root, where it signed one that has it", async () => {
      const data = await dataOf({ kind: "period" }, entries, signed);
      const { findings, holds } = verifyReport(sealReport(data, key), { ...trust, nodeKeys });
      expect(findings).toEqual([]);
      const cited = data.report.ledgers.reduce((sum, fact) => sum + fact.cited, 0);
      expect(holds).toContain(
        `each leads to the root of its node's ledger, ${cited - 3} of them to one that the node itself signed`,
      );
      expect(faultsOf(await dataOf({ kind: "order", id: "PO-7" }, entries, signed))).toEqual([]);
    });

    test("a hub that made a ledger up, with root and proofs, cannot make its node sign it", async () => {
      const honest = await dataOf({ kind: "period" }, entries, signed);
      const days = tenDays();
      days.decide("LP-01", FIRST_MS + 9 * DAY_MS + 1, { test: "T-MADE-UP", uv: "1400", calibratedOn: "2026-11-08" });
      const made = await dataOf({ kind: "period" }, days.entries());
      const told = made.report.ledgers.map((fact, index) => {
        const { checkpoint = null, publicHex = null } = honest.report.ledgers[index] ?? {};
        return { ...fact, checkpoint, publicHex };
      });
      const withOld = { ...made, report: { ...made.report, ledgers: told } };
      expect(faultsOf(withOld)).toContain("not-in-ledger");
      // Under a key of its own it may sign what it likes: whoever knows the node's is not taken in, and whoever does not, is.
      const forger = makeSigningKey();
      const size = days.entries().filter(({ node }) => node === "LP-01").length;
      const own = await dataOf({ kind: "period" }, days.entries(), new Map([["LP-01", { key: forger, size }]]));
      expect(faultsOf(own, new Map([["LP-01", one.publicHex]]))).toContain("node-signature-invalid");
      expect(faultsOf(own, new Map())).toEqual([]);
      // Without any signature of the node it is the hub's word, and whoever knows the node's key hears that.
      expect(faultsOf(made)).toContain("node-signature-invalid");
    });

    test("a root beside the node's own is found out", async () => {
      const data = await dataOf({ kind: "period" }, entries, signed);
      const root = Buffer.alloc(32, 7).toString("base64");
      const ledgers = data.report.ledgers.map((fact) => ({ ...fact, root }));
      expect(faultsOf({ ...data, report: { ...data.report, ledgers } })).toContain("node-signature-invalid");
    });
  });

  test("what is no report is said to be none", () => {
    for (const text of ["", "<html></html>", "<!--maint-seal {}-->\n", `<!--maint-seal ${"[".repeat(100)}-->\n`])
      expect(verifyReport(text, trust).findings[0]?.fault).toBe("not-a-report");
  });

  test("text of a station cannot leave its place in the page", async () => {
    const days = tenDays();
    const hostile = '</script><script>alert(1)</script><img src=x onerror="alert(1)">';
    days.decide("LP-01", FIRST_MS + 9 * DAY_MS + 1, { test: hostile, uv: "1400", calibratedOn: "2026-11-08" });
    const file = sealReport(await dataOf({ kind: "period" }, days.entries()), key);
    expect(file.match(/<script/g)).toHaveLength(1);
    expect(file).not.toContain("<img");
    expect(verifyReport(file, trust).findings).toEqual([]);
    const opened = openReport(file);
    expect(opened.ok && canonicalJson(opened.value.data)).toContain("onerror");
  });
});
