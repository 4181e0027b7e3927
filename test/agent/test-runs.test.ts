import { expect, test } from "vitest";
import { openEvidenceStore } from "../../src/agent/evidence-store.ts";
import type { TestRuns } from "../../src/agent/test-runs.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { EvidenceRecord } from "../../src/model/evidence.ts";
import { MAX_RUNNING_TEST_MS, MAX_RUNNING_TESTS } from "../../src/model/limits.ts";
import { gateWith, request } from "../runtime/gate-fixture.ts";
import { bench } from "./evidence-bench.ts";

const decision: Decision = gateWith({}).gate.check(request).decision;
const by = { id: "STF-1", roles: ["operator"] };
const NOW = Date.parse("2026-11-24T15:00:00Z");
const MINUTE = 60_000;
const LAMP = { assets: ["Lamp-1"], closingChecks: [] };
const NOTHING = { assets: [], closingChecks: [] };
const lastUse = (runs: TestRuns, except: string | null) => runs.lastUseOf("Lamp-1", except);

test("a running test keeps its start, also when it is started again and after a restart", () => {
  const b = bench();
  b.runs.start("T-1", decision, LAMP, by, NOW);
  expect(b.runs.start("T-1", decision, LAMP, by, NOW + MINUTE).startedAtMs).toBe(NOW);
  b.hands.wallMs += MINUTE;
  expect(b.snapshot("T-1").test).toMatchObject({ id: "T-1", startedAt: "2026-11-24T15:00:00.000Z" });
  expect(b.snapshot("T-2").test["startedAt"]).toBeUndefined();
  expect(b.reopenRuns().runOf("T-1", NOW + MINUTE)?.startedAtMs).toBe(NOW);
  expect(b.reopenRuns().running()).toEqual(b.runs.running());
});

test("an end is a use of what the test used; a run that never ended is one for every other test", () => {
  const b = bench();
  b.runs.start("T-1", decision, LAMP, by, NOW);
  expect(lastUse(b.runs, "T-1")).toBeUndefined();
  expect(lastUse(b.runs, "T-2")).toBe(NOW);
  expect(lastUse(b.reopenRuns(), "T-2")).toBe(NOW);
  const { record, endedAtMs } = b.runs.end("T-1", "passed", by, NOW + MINUTE);
  expect(record).toMatchObject({ kind: "test-run", subject: "T-1", body: { state: "ended", result: "passed" } });
  expect(endedAtMs).toBe(NOW + MINUTE);
  for (const runs of [b.runs, b.reopenRuns()]) {
    expect(runs.running()).toEqual([]);
    expect(lastUse(runs, "T-1")).toBe(NOW + MINUTE);
    expect(lastUse(runs, null)).toBe(NOW + MINUTE);
    expect(runs.lastUseOf("Meter-1", null)).toBeUndefined();
    expect(runs.lastUseOf("Lamp-1", null, NOW)).toBeUndefined();
  }
  expect(b.snapshot("T-2").equipment["Lamp-1"]?.["lastUseEndedAt"]).toBe("2026-11-24T15:01:00.000Z");
});

test("a second start of a running test adds what it uses, and keeps what it began with", () => {
  const b = bench();
  b.runs.start("T-1", decision, LAMP, by, NOW);
  const other = { ...decision, testKind: "other", contracts: [{ contract: "X", version: "v2.0", digest: "sha256:0" }] };
  const more = { assets: ["Meter-1"], closingChecks: ["Meter-1"] };
  const known = decision.contracts.map(({ contract, version }) => ({ contract, version }));
  const both = {
    ...{ startedAtMs: NOW, assets: ["Lamp-1", "Meter-1"], closingChecks: ["Meter-1"] },
    contracts: [...known, { contract: "X", version: "v2.0" }],
  };
  expect(b.runs.start("T-1", other as Decision, more, by, NOW + MINUTE)).toMatchObject(both);
  expect(b.reopenRuns().running()).toMatchObject([both]);
  expect(b.reopenRuns().running()).toEqual(b.runs.running());
});

test("a test that does not run cannot end, and one may run again", () => {
  const b = bench();
  expect(() => b.runs.end("T-1", null, by, NOW)).toThrow('no test "T-1" runs here');
  b.runs.start("T-1", decision, NOTHING, by, NOW);
  b.runs.end("T-1", null, by, NOW + MINUTE);
  expect(() => b.runs.end("T-1", null, by, NOW + MINUTE)).toThrow("no test");
  expect(b.runs.start("T-1", decision, NOTHING, by, NOW + 2 * MINUTE).startedAtMs).toBe(NOW + 2 * MINUTE);
  expect(b.reopenRuns().runOf("T-1", NOW + 2 * MINUTE)?.startedAtMs).toBe(NOW + 2 * MINUTE);
});

test("a run does not keep an old release for ever, and a start ahead counts for nothing", () => {
  const b = bench();
  b.runs.start("T-1", decision, NOTHING, by, NOW);
  expect(b.runs.runOf("T-1", NOW + MAX_RUNNING_TEST_MS)?.startedAtMs).toBe(NOW);
  expect(b.runs.runOf("T-1", NOW + MAX_RUNNING_TEST_MS + 1)).toBeUndefined();
  expect(b.runs.runOf("T-1", NOW - 1)).toBeUndefined();
  expect(b.runs.runOf(null, NOW)).toBeUndefined();
});

test("a clock that went back puts no end before its start", () => {
  const b = bench();
  b.runs.start("T-1", decision, LAMP, by, NOW);
  expect(b.runs.end("T-1", null, by, NOW - MINUTE).endedAtMs).toBe(NOW);
});

test("a test's start cannot be recorded by hand", () => {
  expect(bench().refuse('{"kind":"test-run","state":"ended"}')).toContain("unknown kind");
});

test("a test whose name looks like a start is none", () => {
  const b = bench();
  b.runs.start('"state":"started"', decision, NOTHING, by, NOW);
  b.runs.end('"state":"started"', null, by, NOW);
  expect(b.reopenRuns().running()).toEqual([]);
});

test("there is room for so many, and always for one that runs", () => {
  const b = bench();
  const started = {
    kind: "test-run",
    state: "started",
    testKind: null,
    order: null,
    contracts: [],
    ...NOTHING,
  } as const;
  const store = openEvidenceStore(b.db);
  const first = b.runs.start("T-0", decision, NOTHING, by, NOW);
  const one = store.find("E0") as EvidenceRecord;
  store.add(
    Array.from({ length: MAX_RUNNING_TESTS - 1 }, (_, n) => ({
      ...one,
      ...{ id: `E${n + 1}`, ledgerSeq: n + 1, subject: `T-${n + 1}`, body: started },
    })),
  );
  const runs = b.reopenRuns();
  expect(runs.running()).toHaveLength(MAX_RUNNING_TESTS);
  expect([runs.hasRoomFor(first.test), runs.hasRoomFor("T-new")]).toEqual([true, false]);
});
