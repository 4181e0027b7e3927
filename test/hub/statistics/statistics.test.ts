import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binomialAtLeast,
  binomialAtMost,
  shareAtLeast,
  shareAtMost,
  shareBounds,
} from "../../../src/hub/statistics/binomial.ts";
import { leastChance, moreThanChance } from "../../../src/hub/statistics/fisher.ts";
import { corrected, falseShares } from "../../../src/hub/statistics/many-tests.ts";
import { confidenceOf, quantileRank, readingsNeeded } from "../../../src/hub/statistics/quantile-bound.ts";
import { rateRatio } from "../../../src/hub/statistics/rate-ratio.ts";
import { incompleteBeta, lnGamma } from "../../../src/hub/statistics/special-functions.ts";

// Values that others published, or that a hand can check, and exhaustive counts beside them.

const factorial = (n: number): bigint => (n < 2 ? 1n : BigInt(n) * factorial(n - 1));
const choose = (n: number, k: number): number => Number(factorial(n) / (factorial(k) * factorial(n - k)));

describe("special functions", () => {
  test.each([
    [0.5, 0.5 * Math.log(Math.PI)],
    [1, 0],
    [2, 0],
    [5, Math.log(24)],
    [10, Math.log(362_880)],
    [100, 359.1342053695754],
  ])("ln gamma of %d", (x, expected) => expect(lnGamma(x)).toBeCloseTo(expected, 12));

  test.each([
    [0.5, 1, 1, 0.5],
    [0.25, 2, 1, 0.0625],
    [0.3, 1, 5, 1 - 0.7 ** 5],
    [0.5, 3, 3, 0.5],
    // The arcsine distribution.
    [0.25, 0.5, 0.5, (2 / Math.PI) * Math.asin(0.5)],
  ])("I_%d(%d, %d)", (x, a, b, expected) => expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 13));

  test("a binomial's tails are the sums of its terms", () => {
    const cases = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 99 }));
    fc.assert(
      fc.property(cases, fc.nat(60), ([n, percent], at) => {
        const k = at % (n + 1);
        const p = percent / 100;
        const term = (i: number): number => choose(n, i) * p ** i * (1 - p) ** (n - i);
        const upTo = Array.from({ length: k + 1 }, (_, i) => term(i)).reduce((a, b) => a + b, 0);
        expect(binomialAtMost(k, n, p)).toBeCloseTo(upTo, 10);
        expect(binomialAtLeast(k, n, p)).toBeCloseTo(1 - upTo + term(k), 10);
      }),
    );
  });
});

describe("bounds of a share, after Clopper and Pearson", () => {
  // 0 of 10 is by hand: 1 − 0.025^(1/10). The others stand in many tables.
  test.each([
    [0, 10, 0, 1 - 0.025 ** 0.1],
    [10, 10, 0.025 ** 0.1, 1],
    [1, 10, 0.0025, 0.445],
    [5, 10, 0.1871, 0.8129],
    [4, 20, 0.0573, 0.4366],
    [0, 0, 0, 1],
  ])("%d of %d", (k, n, low, high) => {
    const bounds = shareBounds(k, n);
    expect(bounds.low).toBeCloseTo(low, 4);
    expect(bounds.high).toBeCloseTo(high, 4);
  });

  test("one-sided: none of 59 says at most 5 %, and all of 59 at least 95 %", () => {
    expect(shareAtMost(0, 59)).toBeCloseTo(1 - 0.05 ** (1 / 59), 12);
    expect(shareAtMost(0, 59)).toBeLessThan(0.05);
    expect(shareAtMost(0, 58)).toBeGreaterThan(0.05);
    expect(shareAtLeast(59, 59)).toBeGreaterThan(0.95);
  });

  test("they hold what they promise, whatever the share: the chance of missing it is at most 5 %", () => {
    for (const n of [5, 17, 40]) {
      const bounds = Array.from({ length: n + 1 }, (_, k) => shareBounds(k, n));
      for (let p = 0.01; p < 1; p += 0.03) {
        const missed = bounds.flatMap(({ low, high }, k) =>
          low <= p && p <= high ? [] : [choose(n, k) * p ** k * (1 - p) ** (n - k)],
        );
        expect(missed.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(0.05 + 1e-9);
      }
    }
  });
});

describe("two rates", () => {
  test("the example in the documentation of R's poisson.test", () => {
    const found = rateRatio({ count: 11, exposure: 800 }, { count: 6 + 8 + 7, exposure: 1083 + 1050 + 878 });
    expect(found?.ratio).toBeCloseTo(1.971488, 6);
    expect(found?.low).toBeCloseTo(0.8584264, 6);
    expect(found?.high).toBeCloseTo(4.277266, 5);
  });

  test("by hand: 3 and none at equal exposure", () => {
    const found = rateRatio({ count: 3, exposure: 100 }, { count: 0, exposure: 100 });
    expect(found).toMatchObject({ ratio: null, high: null });
    expect(found?.pHigher).toBeCloseTo(1 / 8, 12);
    const share = 0.025 ** (1 / 3);
    expect(found?.low).toBeCloseTo(share / (1 - share), 10);
  });

  test.each([
    [0, 100, 0, 100],
    [3, 0, 1, 100],
    [3, 100, 1, 0],
  ])("nothing is said of %d in %d and %d in %d", (a, m, b, n) =>
    expect(rateRatio({ count: a, exposure: m }, { count: b, exposure: n })).toBeNull(),
  );

  test("turned round it says the same", () => {
    const count = fc.integer({ min: 1, max: 200 });
    const exposure = fc.integer({ min: 1, max: 5_000 });
    fc.assert(
      fc.property(count, exposure, count, exposure, (a, m, b, n) => {
        const one = rateRatio({ count: a, exposure: m }, { count: b, exposure: n });
        const other = rateRatio({ count: b, exposure: n }, { count: a, exposure: m });
        expect(one?.pHigher).toBeCloseTo(other?.pLower ?? Number.NaN, 9);
        expect((one?.low ?? 0) * (other?.high ?? 0)).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe("Fisher's exact test", () => {
  test.each([
    // The lady tasting tea: four of eight cups, named right.
    [4, 1 / 70],
    [3, 17 / 70],
    [0, 1],
  ])("%d cups right", (hits, p) =>
    expect(moreThanChance({ population: 8, marked: 4, drawn: 4, hits })).toBeCloseTo(p, 12),
  );

  test("agrees with counting every draw", () => {
    const tables = fc.record({ a: fc.nat(9), b: fc.nat(9), c: fc.nat(9), d: fc.nat(9) });
    fc.assert(
      fc.property(tables, ({ a, b, c, d }) => {
        const [population, marked, drawn] = [a + b + c + d, a + c, a + b];
        let ways = 0;
        for (let k = a; k <= Math.min(marked, drawn); k += 1)
          if (drawn - k <= population - marked) ways += choose(marked, k) * choose(population - marked, drawn - k);
        const expected = ways / choose(population, drawn);
        expect(moreThanChance({ population, marked, drawn, hits: a })).toBeCloseTo(expected, 10);
      }),
    );
  });

  test("the least chance is that of the most hits", () =>
    expect(leastChance({ population: 10, marked: 2, drawn: 3 })).toBeCloseTo(3 / 45, 12));
});

describe("several questions at once", () => {
  test("each costs, but for those that could never say yes", () => {
    const real = { p: 0.01, least: 0.001 };
    const idle = { p: 0.5, least: 0.5 };
    expect(corrected([real], 0.05)).toEqual([0.01]);
    expect(corrected([real, idle, idle, idle], 0.05)).toEqual([0.01, 1, 1, 1]);
    expect(corrected([real, real, real], 0.05)).toEqual([0.03, 0.03, 0.03]);
    expect(corrected([], 0.05)).toEqual([]);
  });

  test("the share of wrong ones, as R's p.adjust has it", () => {
    const near = (found: readonly number[]) => found.map((share) => Number(share.toFixed(6)));
    expect(near(falseShares([0.01, 0.02, 0.03, 0.04, 0.05]))).toEqual([0.05, 0.05, 0.05, 0.05, 0.05]);
    expect(near(falseShares([0.2, 0.005, 0.05, 0.009]))).toEqual([0.2, 0.018, 0.066667, 0.018]);
    expect(falseShares([])).toEqual([]);
  });

  test("where there is nothing, a yes anywhere is as rare as promised", () => {
    // Ten independent marks of chance 1/2 on 20 cases of which 6 are drawn, all by a fixed sequence.
    let state = 12_345;
    const random = (): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state / 2 ** 31;
    };
    let wrong = 0;
    const rounds = 2_000;
    for (let round = 0; round < rounds; round += 1) {
      const asked = Array.from({ length: 10 }, () => {
        const marks = Array.from({ length: 20 }, () => random() < 0.5);
        const draw = { population: 20, marked: marks.filter(Boolean).length, drawn: 6 };
        return {
          p: moreThanChance({ ...draw, hits: marks.slice(0, 6).filter(Boolean).length }),
          least: leastChance(draw),
        };
      });
      if (corrected(asked, 0.05).some((p) => p <= 0.05)) wrong += 1;
    }
    expect(wrong / rounds).toBeLessThanOrEqual(0.05);
    expect(wrong).toBeGreaterThan(0);
  });
});

describe("bounds of a quantile without a distribution, after Wilks", () => {
  // The first, second and third of 95/95: 59, 93, 124.
  test.each([
    [58, undefined],
    [59, 1],
    [92, 1],
    [93, 2],
    [123, 2],
    [124, 3],
  ])("of %d readings", (n, rank) => expect(quantileRank(n, 0.05, 0.95)).toBe(rank));

  test("how many it takes", () => {
    expect(readingsNeeded(0.05, 0.95)).toBe(59);
    expect(readingsNeeded(0.1, 0.9)).toBe(22);
    expect(confidenceOf(1, 20, 0.05)).toBeCloseTo(1 - 0.95 ** 20, 12);
  });

  test("the rank is the largest that is sure enough", () => {
    fc.assert(
      fc.property(fc.integer({ min: 59, max: 5_000 }), (n) => {
        const rank = quantileRank(n, 0.05, 0.95) ?? 0;
        expect(confidenceOf(rank, n, 0.05)).toBeGreaterThanOrEqual(0.95);
        expect(confidenceOf(rank + 1, n, 0.05)).toBeLessThan(0.95);
      }),
    );
  });
});
