import fc from "fast-check";
import { expect, test } from "vitest";
import type { ReplayAnswer } from "../../../src/hub/replay/compare-verdicts.ts";
import { addNumber, addNumbers, numberSet, sizeOf } from "../../../src/hub/replay/number-set.ts";
import { count, merge, openTally, type Place, summaryOf, type Tally } from "../../../src/hub/replay/tally.ts";

const asked = { contract: "C", candidate: "sha256:0", against: null, inForceFromMs: null, filter: {} };

const about = () => ({ test: "T-7", order: null, part: null });
const reasons = fc.subarray(["a:x", "b:x", "c:y"], { minLength: 1 });
const judged = fc
  .tuple(fc.constantFrom("unchanged", "newly-blocked", "newly-allowed", "blocked-otherwise"), reasons, fc.boolean())
  .map(([change, list, flag]): ReplayAnswer => {
    const allowed = change === "unchanged" ? flag : change === "newly-blocked";
    const causes = list.map((reason) => ({ contract: "C", condition: reason === "c:y" ? null : "one", reason }));
    const isFlip = change === "newly-blocked" || change === "newly-allowed";
    return {
      ...{ kind: "judged", change: change as "unchanged", allowed, before: allowed ? [] : list },
      ...{ now: allowed ? [] : list, causes: isFlip ? causes : [], newlyWarned: allowed && flag },
    };
  });
const answers: fc.Arbitrary<ReplayAnswer> = fc.oneof(
  { arbitrary: judged, weight: 5 },
  fc.constant<ReplayAnswer>({ kind: "unconcerned" }),
  fc.constant<ReplayAnswer>({ kind: "not-judged", why: "bundle-gone", before: ["a:x"] }),
  fc.constant<ReplayAnswer>({ kind: "not-reproducible", before: [], now: ["a:x"] }),
);
const places: fc.Arbitrary<Place> = fc.record({
  node: fc.constantFrom("N-1", "N-2", "N-3"),
  seq: fc.nat(1000),
  atMs: fc.nat(50),
  test: fc.option(fc.nat(100_000), { nil: null }),
  about: fc.constant(() => ({ test: null, order: "PO-1", part: null })),
});
const cases = fc.uniqueArray(fc.tuple(places, answers), { selector: ([{ node, seq }]) => `${node} ${seq}` });

const tallied = (list: readonly (readonly [Place, ReplayAnswer])[]): Tally => {
  const tally = openTally(3);
  for (const [place, answer] of list) count(tally, place, answer);
  return tally;
};

test("everything is counted once: what it became adds up to the decisions", () => {
  fc.assert(
    fc.property(cases, (list) => {
      const { counts, newlyBlocked, newlyAllowed, stations } = summaryOf(asked, tallied(list));
      const { decisions, concerned, newlyWarned: _, ...parts } = counts;
      expect(decisions).toBe(list.length);
      expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBe(decisions);
      expect(newlyBlocked.of + newlyAllowed.of).toBe(concerned);
      expect(stations.reduce((sum, station) => sum + station.concerned, 0)).toBe(concerned);
      expect(newlyBlocked.count).toBeLessThanOrEqual(newlyBlocked.of);
    }),
  );
});

test("however the work is shared out, the answer is the same", () => {
  fc.assert(
    fc.property(cases, fc.nat(), (list, cut) => {
      const at = list.length === 0 ? 0 : cut % list.length;
      const whole = summaryOf(asked, tallied(list));
      const parts = [list.slice(at), list.slice(0, at)].map(tallied);
      const merged = openTally(3);
      for (const part of parts) merge(merged, structuredClone(part));
      expect(summaryOf(asked, merged)).toEqual(whole);
    }),
  );
});

test("a test that was decided many times is one test", () => {
  const flip: ReplayAnswer = {
    ...{ kind: "judged", change: "newly-blocked", allowed: true, before: [], now: ["a:x"], newlyWarned: false },
    causes: [{ contract: "C", condition: "one", reason: "a:x" }],
  };
  const again = [1, 2, 3].map((seq) => [{ node: "N-1", seq, atMs: seq, test: 7, about }, flip] as const);
  const { tests, counts, newlyBlocked, examples } = summaryOf(asked, tallied([...again, ...again]));
  expect([counts.newlyBlocked, tests.newlyBlocked, tests.concerned]).toEqual([6, 1, 1]);
  expect([newlyBlocked.share, newlyBlocked.high]).toEqual([1, 1]);
  expect(examples.newlyBlocked.map(({ seq }) => seq)).toEqual([3, 3, 2]);
});

test("a set of numbers holds what was put into it", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300_000)), fc.array(fc.nat(300_000)), (some, more) => {
      const [left, right] = [numberSet(), numberSet()];
      for (const value of some) addNumber(left, value);
      for (const value of more) addNumber(right, value);
      addNumbers(left, structuredClone(right));
      expect(sizeOf(left)).toBe(new Set([...some, ...more]).size);
    }),
  );
});
