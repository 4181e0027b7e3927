import { describe, expect, test } from "vitest";
import { DAY_MS, exposureView } from "../../src/hub/patterns/exposure.ts";
import { figuresOf } from "../../src/hub/patterns/figures.ts";
import { type Finding, findingOf, PATTERN_LIMITS } from "../../src/hub/patterns/find-patterns.ts";
import { DEFAULT_WINDOWS, readWindows } from "../../src/hub/patterns/windows.ts";
import { shareBounds } from "../../src/hub/statistics/binomial.ts";
import { type Decided, decidedArchive } from "./decided-archive.ts";
import { alertOf } from "./loop-fixture.ts";

const NOW_MS = Date.UTC(2026, 10, 24, 15);
const HOUR_MS = 3_600_000;

/** `LP-1 5h T-1`: a test blocked so long ago. */
const blocked = (...short: readonly string[]): readonly Finding[] =>
  short.map((text, index) => {
    const [node = "", ago = "", testId = `T-${index}`] = text.split(" ");
    const ms = Number.parseInt(ago, 10) * (ago.endsWith("d") ? DAY_MS : HOUR_MS);
    return findingOf({ id: `alert-${index + 1}`, alert: alertOf({ node, testId, atMs: NOW_MS - ms, seq: index + 1 }) });
  });

/** Each node decides so often a day, on every day of two months. */
const decided = (perDay: number, nodes: readonly string[], days = 61): Decided[] =>
  nodes.flatMap((node) =>
    Array.from({ length: days * perDay }, (_, index) => ({
      node,
      atMs: NOW_MS - Math.floor(index / perDay) * DAY_MS - (index % perDay) * 60_000,
    })),
  );

const figures = (findings: readonly Finding[], decisions: readonly Decided[] | null) =>
  figuresOf({
    findings,
    windows: DEFAULT_WINDOWS,
    nowMs: NOW_MS,
    limits: PATTERN_LIMITS,
    exposure: decisions === null ? null : exposureView(decidedArchive(decisions), "UV-DAILY", NOW_MS),
    keptFromMs: NOW_MS - 90 * DAY_MS,
  });

const three = ["LP-1 5h", "LP-2 30h", "LP-1 10d"];
const fleet = ["LP-1", "LP-2", "LP-3", "LP-4"];

describe("windows", () => {
  test("count decisions that end in them, each at its last alert", () => {
    const { windows } = figures(blocked(...three, "LP-1 40d"), null);
    expect(windows.map(({ window, decisions, nodes, isPattern }) => [window, decisions, nodes, isPattern])).toEqual([
      ["1d", 1, 1, false],
      ["7d", 2, 2, false],
      ["30d", 3, 2, true],
    ]);
    expect(windows.every(({ rate, before, change }) => rate === null && before === null && change === null)).toBe(true);
    expect(figures(blocked("LP-1 5d T-1", "LP-1 2h T-1"), null).windows[0]).toMatchObject({ decisions: 1 });
  });

  test("rates are of all decisions by the contract, with exact bounds", () => {
    const [, , month] = figures(blocked(...three, "LP-1 40d"), decided(5, fleet)).windows;
    // Four nodes of five tests a day; today began less than thirty days after the window did.
    expect(month?.rate).toMatchObject({ decisions: 3, exposure: 600, per1000: 5 });
    expect(month?.rate?.low).toBeCloseTo(shareBounds(3, 600).low * 1_000, 9);
    expect(month?.rate?.high).toBeCloseTo(shareBounds(3, 600).high * 1_000, 9);
    expect(month?.atItsNodes).toMatchObject({ decisions: 3, exposure: 300, per1000: 10 });
    expect(month?.restOfFleet).toMatchObject({ decisions: 0, exposure: 300, low: 0 });
    expect(month?.before).toMatchObject({ decisions: 1, exposure: 600 });
    expect(month?.change).toMatchObject({ ratio: 3 });
  });

  test("a window whose forerunner is not kept is compared with nothing", () => {
    const windows = [{ name: "60d", ms: 60 * DAY_MS }];
    const exposure = exposureView(decidedArchive(decided(5, fleet)), "UV-DAILY", NOW_MS);
    const input = { findings: blocked(...three), nowMs: NOW_MS, limits: PATTERN_LIMITS, exposure };
    expect(figuresOf({ ...input, windows, keptFromMs: NOW_MS - 90 * DAY_MS }).windows[0]).toMatchObject({
      before: null,
      change: null,
    });
  });

  test("blocked decisions that are not archived yet count as decided", () => {
    const [day] = figures(blocked("LP-1 1h", "LP-1 2h", "LP-2 1h"), decided(1, ["LP-1"])).windows;
    expect(day?.rate).toMatchObject({ decisions: 3, exposure: 3 });
  });

  test.each([
    [
      ["7d", "12h"],
      ["12h", "7d"],
    ],
    [["24h", "1d"], ["1d"]],
    [["90d"], ["90d"]],
  ])("%j", (names, expected) => {
    const read = readWindows(names);
    expect(read.ok ? read.value.map(({ name }) => name) : read.error).toEqual(expected);
  });
  test.each([[[]], [["0d"]], [["7"]], [["7 d"]], [["91d"]], [["-1d"]], [Array(11).fill("1d")]])(
    "%j is refused",
    (names) => expect(readWindows(names).ok).toBe(false),
  );
});

describe("when it rose", () => {
  const daily = (from: number, to: number): string[] =>
    Array.from({ length: from - to }, (_, index) => fleet.map((node) => `${node} ${from - index}d`)).flat();

  test("from a day on, by nodes that get it, each counted once while it has it", () => {
    const { rise, series } = figures(blocked("LP-1 50d", ...daily(6, 0)), decided(5, fleet));
    expect(rise).toMatchObject({
      atMs: Date.UTC(2026, 10, 18),
      before: { count: 1 },
      after: { count: 4, exposure: 20 },
    });
    expect(rise?.p).toBeLessThan(0.001);
    expect(series.decisions.slice(-7)).toEqual([4, 4, 4, 4, 4, 4, 0]);
    expect(series.newTroubles.slice(-7)).toEqual([4, 0, 0, 0, 0, 0, 0]);
    expect(series.decisionsAtRisk?.slice(-8)).toEqual([20, 20, 0, 0, 0, 0, 0, 0]);
  });

  test("a node that was well for a week has new trouble", () => {
    const { series } = figures(blocked("LP-1 20d", "LP-1 14d", "LP-1 6d"), decided(5, fleet));
    expect(series.newTroubles.slice(-21)).toEqual([1, ...Array(13).fill(0), 1, ...Array(6).fill(0)]);
  });

  test("one lamp that blocks twenty tests in a day is one trouble, no rise", () => {
    const burst = Array.from({ length: 20 }, () => "LP-1 2h");
    const { rise, series } = figures(blocked("LP-2 20d", ...burst), decided(5, fleet));
    expect(series.newTroubles.slice(-1)).toEqual([1]);
    expect(rise).toBeNull();
  });

  test("nothing is said without the archive", () => {
    const { rise, series, outstanding } = figures(blocked(...daily(6, 0)), null);
    expect([rise, series.decisionsAtRisk, outstanding]).toEqual([null, null, []]);
    expect(figures(blocked(...daily(6, 0)), []).rise).toBeNull();
  });
});

describe("which nodes stand out", () => {
  test("one that is blocked on many days where others are not", () => {
    const days = Array.from({ length: 12 }, (_, index) => `LP-3 ${index + 1}d`);
    const { outstanding } = figures(blocked(...days, "LP-1 3d", "LP-2 9d"), decided(5, fleet));
    expect(outstanding).toMatchObject([{ node: "LP-3", decisions: 12, blockedDays: 12 }]);
    expect(outstanding[0]?.p).toBeLessThan(0.001);
  });

  test("as far back as days of decisions are counted, however wide the window is", () => {
    const days = Array.from({ length: 20 }, (_, index) => `LP-3 ${index + 65}d`);
    const exposure = exposureView(decidedArchive(decided(5, fleet, 91)), "UV-DAILY", NOW_MS);
    const input = { nowMs: NOW_MS, limits: PATTERN_LIMITS, exposure, keptFromMs: NOW_MS - 90 * DAY_MS };
    const windows = [{ name: "90d", ms: 90 * DAY_MS }];
    expect(figuresOf({ ...input, windows, findings: blocked(...days) }).outstanding).toEqual([]);
    const recent = Array.from({ length: 20 }, (_, index) => `LP-3 ${index + 20}d`);
    expect(figuresOf({ ...input, windows, findings: blocked(...recent) }).outstanding).toMatchObject([
      { node: "LP-3", blockedDays: 20, days: 60 },
    ]);
  });

  test("none where all have their share", () => {
    const days = fleet.flatMap((node) => [`${node} 3d`, `${node} 12d`, `${node} 20d`]);
    expect(figures(blocked(...days), decided(5, fleet)).outstanding).toEqual([]);
  });
});
