import { describe, expect, test } from "vitest";
import { DAY_MS } from "../../src/base/civil-time.ts";
import { openArchiveReader } from "../../src/hub/archive/archive-reader.ts";
import type { DecisionFilter } from "../../src/hub/archive/archived.ts";
import { patternFactors } from "../../src/hub/patterns/pattern-factors.ts";
import { archivedReadings } from "../../src/hub/proposals/archived-readings.ts";
import { emptyFloor, START_MS } from "./loop-fixture.ts";
import { type RecordedDecision, recordedFloor } from "./recorded-floor.ts";

// Where there is more than is read, what is read is fair: to nodes, to times, to tests that were tried again.

const NODES = Array.from({ length: 20 }, (_, nth) => `LP-${String(nth + 1).padStart(2, "0")}`);
const TESTS = 60;
/** Every node tests twice a day; each third test is tried twice. The last two nodes block half of theirs. */
const floor = (): readonly RecordedDecision[] =>
  NODES.flatMap((node, place) =>
    Array.from({ length: TESTS }, (_, nth): readonly RecordedDecision[] => {
      const atMs = START_MS - (nth + 1) * (DAY_MS / 2);
      const isBlocked = place >= 18 && nth % 2 === 0;
      const takenAt = new Date(atMs - 60_000).toISOString();
      const snapshot = {
        station: { type: place >= 18 ? "magnetic" : "penetrant", roles: {} },
        readings: { "uv-intensity": { value: { $number: String(1_000 + place) }, unit: "uW/cm2", takenAt } },
      };
      const made = { node, test: `T-${nth}`, snapshot, reasons: isBlocked ? ["reading.out-of-limits"] : [] };
      return [{ ...made, atMs }, ...(nth % 3 === 0 ? [{ ...made, atMs: atMs + 1_000 }] : [])];
    }).flat(),
  );
const TRIES = NODES.length * (TESTS + TESTS / 3);

describe("a share of the archive's tests", () => {
  const archive = () => recordedFloor(floor());
  const taken = (source: ReturnType<typeof archive>, filter: DecisionFilter) =>
    [...source.decisions(filter)].map(({ node, recorded, entry }) => ({
      ...{ node, test: `${node} ${recorded.decision.testId}`, seq: entry.seq },
    }));

  test("is of about that size, of every node, and of all times", () => {
    const own = taken(archive(), { share: 0.25 });
    expect(own.length).toBeGreaterThan(TRIES * 0.18);
    expect(own.length).toBeLessThan(TRIES * 0.32);
    const byNode = Map.groupBy(own, ({ node }) => node);
    expect(byNode.size).toBe(NODES.length);
    for (const [node, some] of byNode) expect(some.length, node).toBeLessThan(TRIES / NODES.length / 2);
    const early = own.filter(({ seq }) => seq < TRIES / NODES.length / 2).length;
    expect(Math.abs(early / own.length - 0.5)).toBeLessThan(0.1);
  });

  test("takes every try of a test, or none", () => {
    const source = archive();
    const own = new Set(taken(source, { share: 0.25 }).map(({ test: name }) => name));
    const all = taken(source, {}).filter(({ test: name }) => own.has(name));
    expect(taken(source, { share: 0.25 })).toEqual(all);
  });

  test("is the same after a restart and by whoever asks, and a larger one holds it", () => {
    const source = archive();
    const own = taken(source, { share: 0.25 });
    const reader = openArchiveReader(source.path);
    expect(taken(reader as typeof source, { share: 0.25 })).toEqual(own);
    reader.close();
    const more = new Set(taken(source, { share: 0.5 }).map(({ test: name }) => name));
    expect(own.filter(({ test: name }) => !more.has(name))).toEqual([]);
    expect(taken(source, { share: 1 })).toEqual(taken(source, {}));
    expect(taken(source, { share: 0 })).toEqual([]);
  });
});

describe("what rests on it", () => {
  const pattern = { contract: "UV-DAILY", condition: "uv-intensity-each-day", reason: "reading.out-of-limits" };
  const bounds = { fromMs: START_MS - 31 * DAY_MS, toMs: START_MS };
  const isOf = ({ kind, value }: { readonly kind: string; readonly value: string }) => `${kind} ${value}`;

  test("factors are found at the last nodes in their order, too, and say what they rest on", async () => {
    const archive = recordedFloor(floor());
    const whole = await patternFactors(pattern, archive, emptyFloor, bounds);
    expect(whole).toMatchObject({ isWhole: true, share: 1, cases: NODES.length * TESTS });
    const some = await patternFactors(pattern, archive, emptyFloor, bounds, TRIES / 2);
    expect(some.isWhole).toBe(false);
    expect(some.share).toBeCloseTo(0.5, 9);
    expect(some.cases).toBeLessThan(NODES.length * TESTS * 0.6);
    // The nodes before them have no such trouble at all.
    for (const { factors } of [whole, some])
      expect(factors.map(isOf)).toEqual(expect.arrayContaining(["station LP-19", "station LP-20"]));
    expect(await patternFactors(pattern, archive, emptyFloor, bounds, TRIES / 2)).toEqual(some);
  });

  test("readings come from every node", async () => {
    const archive = recordedFloor(floor());
    const quantity = { name: "uv-intensity", unit: "uW/cm2", plausible: null, difference: null, line: 1 };
    const asked = { contract: "UV-DAILY", quantity, fromMs: bounds.fromMs, toMs: bounds.toMs + 1 };
    const all = await archivedReadings(archive, asked);
    expect([all.isWhole, all.decisions]).toEqual([true, TRIES]);
    const some = await archivedReadings(archive, asked, TRIES / 4);
    expect(some.isWhole).toBe(false);
    expect(some.decisions).toBeLessThan(TRIES * 0.32);
    expect(new Set(some.values.map(({ n, d }) => `${n}/${d}`)).size).toBe(NODES.length);
  });
});
