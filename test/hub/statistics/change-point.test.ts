import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binomialAtMost } from "../../../src/hub/statistics/binomial.ts";
import { rateRise } from "../../../src/hub/statistics/change-point.ts";
import type { Observed } from "../../../src/hub/statistics/rate-ratio.ts";

const daily = (counts: string, exposure = 10): Observed[] =>
  counts.split(" ").map((count) => ({ count: Number(count), exposure }));

describe("where a rate rose", () => {
  test.each([
    ["0 0 0 0 0 5 6 4 5 6", 5],
    ["1 0 1 1 0 1 8 7 9", 6],
    ["0 0 0 9", 3],
    ["5 9 8 9 8 9 8", 1],
  ])("%s", (counts, at) => expect(rateRise(daily(counts))?.at).toBe(at));

  test.each(["0 0 0", "7", "9 8 7 6 5", "4 4 4 4"])("none in %s", (counts) =>
    expect(rateRise(daily(counts))).toBeNull(),
  );

  test("more tests a day are no higher rate", () => {
    const days = [5, 5, 5, 50, 50, 50].map((exposure) => ({ count: exposure / 5, exposure }));
    expect(rateRise(days)).toBeNull();
    const [first, ...rest] = days;
    expect(
      rateRise([...(first === undefined ? [] : [first]), ...rest.map((day) => ({ ...day, exposure: 5 }))]),
    ).not.toBeNull();
  });

  test("by hand: one count on the last of four equal days", () => {
    // Only the last day of four leaves nothing before it, so the plainest rise has a chance of a quarter.
    expect(rateRise(daily("0 0 0 1"))).toMatchObject({ at: 3, before: { count: 0, exposure: 30 } });
    expect(rateRise(daily("0 0 0 1"))?.p).toBeCloseTo(1 / 4, 12);
    expect(rateRise(daily("0 0 0 2"))?.p).toBeCloseTo(1 / 16, 12);
  });

  test("counts whose decisions have not arrived count as exposed", () => {
    expect(
      rateRise([
        { count: 0, exposure: 10 },
        { count: 3, exposure: 0 },
      ])?.after.exposure,
    ).toBe(3);
  });
});

/** Seeded, so that the figures are the same in every run. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function poisson(mean: number, random: () => number): number {
  let product = random();
  let count = 0;
  for (const limit = Math.exp(-mean); product > limit; count += 1) product *= random();
  return count;
}

/** A weekly rhythm, quiet week ends. */
const exposureOf = (day: number): number => (day % 7 < 5 ? 20 + (day % 5) : 2);
const simulated = (rate: (day: number) => number, days: number, random: () => number): Observed[] =>
  Array.from({ length: days }, (_, day) => {
    const exposure = exposureOf(day);
    return { exposure, count: Math.min(exposure, poisson(exposure * rate(day), random)) };
  });

const ROUNDS = 1_500;
const shareFound = (rate: (day: number) => number, alpha: number, seed: number): number => {
  const random = chance(seed);
  let found = 0;
  for (let round = 0; round < ROUNDS; round += 1)
    if ((rateRise(simulated(rate, 60, random))?.p ?? 1) <= alpha) found += 1;
  return found / ROUNDS;
};

describe("how often it errs, on simulated fleets", () => {
  // Three standard deviations of the simulation above what is promised.
  const atMost = (alpha: number): number => alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / ROUNDS);
  test.each([
    [0.01, 0.01],
    [0.01, 0.05],
    [0.05, 0.01],
    [0.05, 0.05],
  ])("a steady rate of %d raises a false alarm at most in %d of the cases", (rate, alpha) => {
    const wrong = shareFound(() => rate, alpha, 11);
    expect(wrong).toBeLessThanOrEqual(atMost(alpha));
  });

  test("a rate that rises eightfold for three weeks is found in more than nine of ten cases", () => {
    expect(shareFound((day) => (day < 39 ? 0.01 : 0.08), 0.01, 12)).toBeGreaterThan(0.9);
  });

  test("planted: without the correction for having looked at every day a steady fleet raises alarms", () => {
    const random = chance(13);
    let wrong = 0;
    for (let round = 0; round < 300; round += 1) {
      const days = simulated(() => 0.03, 60, random);
      const rise = rateRise(days);
      if (rise === null) continue;
      // The chance of this day's split alone, as if nobody had searched for it.
      const { before, after } = rise;
      const share = before.exposure / (before.exposure + after.exposure);
      const naive = binomialAtMost(before.count, before.count + after.count, share);
      if (naive <= 0.05) wrong += 1;
    }
    expect(wrong / 300).toBeGreaterThan(0.15);
  });
});

function likelihoodGain(before: Observed, after: Observed): number {
  const rate = (before.count + after.count) / (before.exposure + after.exposure);
  const part = ({ count, exposure }: Observed): number =>
    count === 0 ? 0 : count * Math.log(count / (exposure * rate));
  return part(before) + part(after);
}

test("the exact chance agrees with trying every way the counts can fall", () => {
  const series = fc.array(fc.record({ count: fc.nat(2), exposure: fc.integer({ min: 2, max: 6 }) }), {
    minLength: 2,
    maxLength: 4,
  });
  fc.assert(
    fc.property(series, (days) => {
      const rise = rateRise(days);
      if (rise === null) return;
      const total = days.reduce((sum, { count }) => sum + count, 0);
      const exposure = days.reduce((sum, day) => sum + day.exposure, 0);
      const gain = likelihoodGain(rise.before, rise.after);
      let sum = 0;
      const place = (left: number, falls: readonly number[]): void => {
        if (left > 0) {
          for (let day = 0; day < days.length; day += 1) place(left - 1, falls.with(day, (falls[day] ?? 0) + 1));
          return;
        }
        const weight = falls.reduce((product, n, day) => product * ((days[day]?.exposure ?? 0) / exposure) ** n, 1);
        // Exposures stay as they are here: the counts are what falls elsewhere.
        if (plainest(falls, days) >= gain * (1 - 1e-9)) sum += weight;
      };
      place(
        total,
        days.map(() => 0),
      );
      expect(rise.p).toBeCloseTo(sum, 9);
    }),
    { numRuns: 200 },
  );
});

function plainest(falls: readonly number[], days: readonly Observed[]): number {
  let best = 0;
  for (let at = 1; at < days.length; at += 1) {
    const part = (from: number, to: number): Observed => ({
      count: falls.slice(from, to).reduce((a, b) => a + b, 0),
      exposure: days.slice(from, to).reduce((sum, { exposure }) => sum + exposure, 0),
    });
    const [before, after] = [part(0, at), part(at, days.length)];
    if (before.count / before.exposure < after.count / after.exposure)
      best = Math.max(best, likelihoodGain(before, after));
  }
  return best;
}

test("above the limit of the exact count the chance is bounded, and no smaller", () => {
  const steady = Array.from({ length: 30 }, () => ({ count: 300, exposure: 1_000 }));
  const risen = steady.map((day, index) => (index < 20 ? day : { ...day, count: 360 }));
  expect(rateRise(risen)).toMatchObject({ at: 20 });
  expect(rateRise(risen)?.p).toBeLessThan(1e-6);
  expect(rateRise(steady.with(29, { count: 301, exposure: 1_000 }))?.p).toBe(1);
});
