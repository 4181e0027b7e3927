import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS } from "../../src/base/civil-time.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { findAlertPatterns, type NamedAlert } from "../../src/hub/patterns/find-patterns.ts";
import { createPatternService } from "../../src/hub/patterns/pattern-service.ts";
import type { Alert } from "../../src/model/alert.ts";
import { PATTERN_ANALYSES_KEPT } from "../../src/model/limits.ts";
import {
  alertOf,
  bundleOf,
  contractShelf,
  ENGINEER,
  EPOCH,
  emptyFloor,
  openLoopBench,
  START_MS,
} from "./loop-fixture.ts";
import { type RecordedDecision, recordedFloor } from "./recorded-floor.ts";

/** `LP-1 T-1`, `LP-1 -` without a test id. */
const named = (short: readonly string[], change: Partial<Alert> = {}): NamedAlert[] =>
  short.map((text, index) => {
    const [node = "", testId = "-"] = text.split(" ");
    const alert = alertOf({
      node,
      testId: testId === "-" ? null : testId,
      seq: index + 1,
      ledgerSeq: index,
      ...change,
    });
    return { id: `alert-${index + 1}`, alert };
  });

describe("what makes a pattern", () => {
  const rows: readonly {
    name: string;
    alerts: NamedAlert[];
    patterns: readonly string[];
    reviews?: readonly string[];
  }[] = [
    { name: "nothing", alerts: [], patterns: [] },
    { name: "three tests at two nodes", alerts: named(["A T-1", "A T-2", "B T-3"]), patterns: ["3 of A,B"] },
    { name: "two tests at two nodes are too few", alerts: named(["A T-1", "B T-2"]), patterns: [] },
    { name: "three tests at one node", alerts: named(["A T-1", "A T-2", "A T-3"]), patterns: [], reviews: ["3 of A"] },
    { name: "one test tried three times is one", alerts: named(["A T-1", "A T-1", "A T-1", "B T-2"]), patterns: [] },
    {
      name: "the same test id at two nodes is two",
      alerts: named(["A T-1", "B T-1", "B T-2"]),
      patterns: ["3 of A,B"],
    },
    { name: "without a test id each decision counts", alerts: named(["A -", "A -", "B -"]), patterns: ["3 of A,B"] },
    {
      name: "without a test id one decision reported twice is one",
      alerts: named(["A -", "A -", "B -"], { ledgerSeq: 4 }),
      patterns: [],
    },
    {
      name: "without anything to tell them apart each alert counts",
      alerts: named(["A -", "A -", "B -"], { ledgerSeq: null }),
      patterns: ["3 of A,B"],
    },
    {
      name: "other reasons, conditions and contracts do not mix",
      alerts: [
        ...named(["A T-1", "B T-2"]),
        ...named(["C T-3"], { reason: "reading.stale" }),
        ...named(["C T-4"], { condition: "ambient-light-each-day" }),
        ...named(["C T-5"], { contract: "AMBIENT" }),
      ],
      patterns: [],
    },
  ];
  test.each(rows)("$name", ({ alerts, patterns, reviews = [] }) => {
    const found = findAlertPatterns(alerts);
    expect(found.patterns.map(({ decisions, nodes }) => `${decisions} of ${nodes.join(",")}`)).toEqual(patterns);
    expect(found.equipmentReviews.map(({ decisions, node }) => `${decisions} of ${node}`)).toEqual(reviews);
  });

  test("limits are arguments", () => {
    const alerts = named(["A T-1", "B T-2"]);
    expect(findAlertPatterns(alerts, { minAlerts: 2, minNodes: 2 }).patterns).toHaveLength(1);
    expect(findAlertPatterns(alerts, { minAlerts: 2, minNodes: 3 }).patterns).toHaveLength(0);
  });
});

describe("what a pattern says", () => {
  const three = ["A T-1", "A T-2", "B T-3"];
  const only = (alerts: readonly NamedAlert[]) => {
    const [pattern] = findAlertPatterns(alerts).patterns;
    if (pattern === undefined) throw new Error("no pattern");
    return pattern;
  };

  const critical: readonly [string, readonly NamedAlert[], boolean][] = [
    ["three decisions", named(three), false],
    ["five decisions", named([...three, "A T-4", "A T-5"]), false],
    ["twice the minimum", named([...three, "A T-4", "A T-5", "A T-6"]), true],
    ["a critical alert", named(three, { severity: "critical" }), true],
    ["an emergency", named(three, { severity: "emergency" }), true],
  ];
  test.each(critical)("critical: %s", (_name, alerts, expected) => expect(only(alerts).critical).toBe(expected));

  test.each([
    ["reading.out-of-limits", "early-warning"],
    ["reading.in-guard-band", "early-warning"],
    ["reading.missing", "review"],
    ["reading.stale", "review"],
    ["calibration.overdue", "review"],
  ])("%s asks for %s", (reason, expected) => expect(only(named(three, { reason })).recommendation).toBe(expected));

  test("common factors are what all share", () => {
    const alerts = [
      ...named(["A T-1"], { assets: ["LAMP-7", "METER-1"], stationId: "ST-1" }),
      ...named(["A T-2"], { assets: ["METER-1", "LAMP-8"], stationId: "ST-1" }),
      ...named(["B T-3"], { assets: ["METER-1"], stationId: "ST-2", stationType: "penetrant" }),
    ];
    expect(only(alerts).common).toEqual({ assets: ["METER-1"], stationType: "penetrant", station: null });
  });

  test("first and last seen, worst severity, versions and every alert", () => {
    const alerts = [
      ...named(["A T-1"], { atMs: 300, severity: "medium", version: "v1.1" }),
      { id: "alert-8", alert: alertOf({ node: "B", testId: "T-2", atMs: 100, severity: "high" }) },
      { id: "alert-9", alert: alertOf({ node: "B", testId: "T-3", atMs: 200, severity: "info" }) },
    ];
    expect(only(alerts)).toMatchObject({
      firstSeenMs: 100,
      lastSeenMs: 300,
      severity: "high",
      versions: ["v1.0", "v1.1"],
      alerts: ["alert-1", "alert-8", "alert-9"],
    });
  });
});

describe("whatever the alerts", () => {
  const short = fc
    .record({
      node: fc.constantFrom("A", "B", "C"),
      testId: fc.constantFrom(null, "T-1", "T-2", "T-3"),
      reason: fc.constantFrom("reading.out-of-limits", "calibration.overdue"),
      condition: fc.constantFrom(null, "x", "y"),
      assets: fc.subarray(["L1", "L2", "M1"]),
      atMs: fc.integer({ min: 0, max: 5 }),
    })
    .map((change) => alertOf(change));
  const alerts = fc
    .array(short, { maxLength: 25 })
    .map((all) =>
      all.map((alert, index) => ({ id: `alert-${index}`, alert: { ...alert, seq: index, ledgerSeq: index } })),
    );
  const shuffled = alerts.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
  );

  test("the order of arrival does not matter", () => {
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(findAlertPatterns(other)).toEqual(findAlertPatterns(all));
      }),
    );
  });

  test("repeats of a test do not count", () => {
    const figures = (all: readonly NamedAlert[]) =>
      findAlertPatterns(all).patterns.map(({ id, decisions, nodes }) => ({ id, decisions, nodes }));
    fc.assert(
      fc.property(alerts, fc.nat(), (all, at) => {
        const repeated = all[at % Math.max(1, all.length)];
        if (repeated === undefined) return;
        expect(figures([...all, { ...repeated, id: "alert-again" }])).toEqual(figures(all));
      }),
    );
  });

  test("every pattern meets the minimum, and no group is both pattern and review", () => {
    fc.assert(
      fc.property(alerts, (all) => {
        const { patterns, equipmentReviews } = findAlertPatterns(all);
        for (const { decisions, nodes } of patterns) expect(decisions >= 3 && nodes.length >= 2).toBe(true);
        for (const { decisions } of equipmentReviews) expect(decisions >= 3).toBe(true);
        const keys = [...patterns, ...equipmentReviews].map(
          (found) => `${found.contract} ${found.condition} ${found.reason}`,
        );
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

test("an analysis is answered, kept and in the ledger", async () => {
  const bench = await openLoopBench();
  const alerts = createAlertService({ ...bench, contracts: contractShelf([]), hubId: "hub", post: () => {} });
  const patterns = createPatternService({
    ...bench,
    alerts,
    nodes: { ids: async () => ["LP-1", "LP-2", "LP-3"] },
    archive: null,
    floor: emptyFloor,
  });
  expect(await patterns.latest()).toBeUndefined();
  const sent = (node: string, ...tests: string[]) =>
    tests.map((testId, index) => alertOf({ node, testId, seq: index + 1, ledgerSeq: index }));
  await alerts.receive("LP-1", { epoch: EPOCH, alerts: sent("LP-1", "T-1", "T-1", "T-2") });
  await alerts.receive("LP-2", { epoch: EPOCH, alerts: sent("LP-2", "T-3") });
  const analysis = await patterns.analyse(ENGINEER);
  expect(analysis).toMatchObject({
    total_alerts: 4,
    unique_patterns: 1,
    critical_patterns: 0,
    recommended_updates: 1,
    equipment_reviews: [],
    patterns: [{ decisions: 3, nodes: ["LP-1", "LP-2"], fleet: { nodes: 2, enrolled: 3 } }],
  });
  expect(await patterns.latest()).toEqual(analysis);
  const [entry] = bench.ledger.list({ actionType: "pattern_analysis" });
  expect(entry).toMatchObject({ user_id: "ENG-1", metadata: { pattern_count: 1, total_alerts: 4 } });
  bench.tick(1);
  expect((await patterns.analyse(ENGINEER, { sinceMs: START_MS + 1 })).total_alerts).toBe(0);
});

const openPatterns = async () => {
  const bench = await openLoopBench();
  const alerts = createAlertService({ ...bench, contracts: contractShelf([]), hubId: "hub", post: () => {} });
  const nodes = { ids: async () => ["LP-1", "LP-2"] };
  const patterns = createPatternService({ ...bench, alerts, nodes, archive: null, floor: emptyFloor });
  const send = async (atMs: number, epoch: string = EPOCH) => {
    for (const node of ["LP-1", "LP-2"]) {
      const own = [1, 2].map((seq) => alertOf({ node, seq, epoch, testId: `T-${epoch}-${node}-${seq}`, atMs }));
      await alerts.receive(node, { epoch, alerts: own });
    }
  };
  return { ...bench, patterns, send };
};

test("what a node with a clock of another century says is of the day on which the hub heard it", async () => {
  const { patterns, send, tick, db } = await openPatterns();
  await send(Date.UTC(2099, 0, 1));
  expect((await patterns.analyse(ENGINEER)).patterns).toMatchObject([{ decisions: 4, lastSeenMs: START_MS }]);
  tick(91 * DAY_MS);
  await send(START_MS + 91 * DAY_MS - 1, "00112233445566bb");
  expect((await patterns.analyse(ENGINEER)).patterns).toMatchObject([{ decisions: 4 }]);
  expect(db.prepare("select count(*) as count from pattern_decision").get()).toEqual({ count: 4 });
});

test("a begin that has not come is refused", async () => {
  const { patterns } = await openPatterns();
  await expect(patterns.analyse(ENGINEER, { sinceMs: START_MS + DAY_MS })).rejects.toThrow("has not come");
});

test("of many analyses the newest are kept; the ledger has what each of them said", async () => {
  const { patterns, send, tick, db, ledger } = await openPatterns();
  await send(START_MS - 1);
  for (let nth = 0; nth < PATTERN_ANALYSES_KEPT + 3; nth += 1) {
    await patterns.analyse(ENGINEER);
    tick(1_000);
  }
  const rows = db.prepare("select id, body from pattern_analysis order by id").all() as { id: number; body: string }[];
  expect([rows.length, rows[0]?.id, rows.at(-1)?.id]).toEqual([PATTERN_ANALYSES_KEPT, 4, PATTERN_ANALYSES_KEPT + 3]);
  expect((await patterns.latest())?.at_ms).toBe(JSON.parse(rows.at(-1)?.body ?? "").at_ms);
  const said = ledger.list({ actionType: "pattern_analysis", limit: 1_000 });
  expect(said).toHaveLength(PATTERN_ANALYSES_KEPT + 3);
  const [pattern] = (await patterns.latest())?.patterns ?? [];
  const last = said.find(({ metadata }) => metadata["analysis"] === PATTERN_ANALYSES_KEPT + 3);
  expect(last?.metadata).toMatchObject({
    sha256: createHash("sha256")
      .update(rows.at(-1)?.body ?? "")
      .digest("hex"),
    figures: [
      {
        ...{ pattern: pattern?.id, contract: "UV-DAILY", decisions: 4, nodes: 2, alerts: 4 },
        ...{ condition: pattern?.condition, reason: pattern?.reason },
      },
    ],
  });
});

test("with the nodes' archived ledgers a pattern has rates, and what its blocked tests have in common", async () => {
  const bench = await openLoopBench();
  const alerts = createAlertService({ ...bench, contracts: contractShelf([]), hubId: "hub", post: () => {} });
  const nodes = ["LP-1", "LP-2", "LP-3", "LP-4"];
  const dayMs = 24 * 3_600_000;
  // Each node tests in two shifts on each of twenty days; in the night shift two of them are blocked, on most days.
  const decisions = nodes.flatMap((node, nth) =>
    Array.from({ length: 40 }, (_, index): RecordedDecision => {
      const isNight = index % 2 === 1;
      const atMs = START_MS - Math.floor(index / 2) * dayMs - (isNight ? 13 : 1) * 3_600_000;
      const reasons = isNight && nth < 2 && index < 30 ? ["reading.out-of-limits"] : [];
      const roles = { lamp: `UV-${nth}` };
      const snapshot = { shifts: ["06:00", "18:00"], station: { type: "penetrant", roles }, equipment: {} };
      return { node, atMs, test: `T-${node}-${index}`, reasons, snapshot };
    }),
  );
  const archive = recordedFloor(decisions);
  for (const node of nodes) {
    const own = decisions
      .filter((one) => one.node === node && one.reasons?.length === 1)
      .sort((a, b) => a.atMs - b.atMs);
    const sent = own.map(({ test: testId, atMs }, index) => alertOf({ node, testId, atMs, seq: index + 1 }));
    if (sent.length > 0) await alerts.receive(node, { epoch: EPOCH, alerts: sent });
  }
  const floor = {
    ...emptyFloor,
    bundle: async () => bundleOf({ equipment: [{ name: "lamp", type: "uv-a-lamp", asset: null, line: 1 }] }),
  };
  const patterns = createPatternService({ ...bench, alerts, nodes: { ids: async () => nodes }, archive, floor });
  const {
    patterns: [pattern],
  } = await patterns.analyse(ENGINEER);
  expect(pattern?.windows.at(-1)).toMatchObject({
    rate: { decisions: 30, exposure: 160, per1000: 187.5 },
    atItsNodes: { decisions: 30, exposure: 80 },
    restOfFleet: { decisions: 0, exposure: 80 },
  });
  expect(pattern?.series.decisionsAtRisk?.slice(-1)).toEqual([4]);
  const { factors } = await patterns.show(pattern?.id ?? "");
  expect(factors).toMatchObject({ cases: 160, isWhole: true });
  expect(factors?.factors.map(({ kind, value }) => `${kind} ${value}`)).toContain("shift 18:00");
  await expect(patterns.show("pattern-000000000000")).rejects.toMatchObject({ code: "MAINT_ERR_NOT_FOUND" });
});
