import { describe, expect, test } from "vitest";
import { overRepresented } from "../../src/hub/patterns/factors.ts";
import { leastLikelyRange, type Share } from "../../src/hub/patterns/least-likely-range.ts";
import { moreThanChance } from "../../src/hub/statistics/fisher.ts";

/** Each range for itself, as it is meant. */
function reference(shares: readonly Share[], tries: number): { from: number; to: number; p: number } | undefined {
  const total = sumOf(shares);
  let best: { from: number; to: number; p: number } | undefined;
  for (const [from, first] of shares.entries()) {
    if (first.blocked === 0) continue;
    for (let to = from + 1; to < shares.length; to += 1) {
      const own = sumOf(shares.slice(from, to + 1));
      if (shares[to]?.blocked === 0 || own.units === total.units) continue;
      const p = Math.min(1, tries * chanceOf(own, total));
      if (best === undefined || p < best.p) best = { from, to, p };
    }
  }
  return best;
}
const sumOf = (shares: readonly Share[]): Share => ({
  blocked: shares.reduce((sum, { blocked }) => sum + blocked, 0),
  units: shares.reduce((sum, { units }) => sum + units, 0),
});
const chanceOf = (own: Share, total: Share): number =>
  moreThanChance({ population: total.units, marked: own.units, drawn: total.blocked, hits: own.blocked });
const rangesOf = ({ length }: readonly Share[]): number => (length * (length + 1)) / 2 - length;

/** Numbers that are the same in every run. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
const one = (isBlocked: boolean): Share => ({ units: 1, blocked: isBlocked ? 1 : 0 });
const values = (length: number, shareOf: (index: number) => Share): readonly Share[] =>
  Array.from({ length }, (_, index) => shareOf(index));
const inside = (index: number, length: number, from: number, to: number): boolean =>
  index >= from * length && index < to * length;

const SHAPES: { readonly [shape: string]: (length: number, draw: () => number) => readonly Share[] } = {
  "one in ten": (length, draw) => values(length, () => one(draw() < 0.1)),
  "one in two": (length, draw) => values(length, () => one(draw() < 0.5)),
  "a bad lot": (length, draw) => values(length, (at) => one(draw() < (inside(at, length, 0.3, 0.5) ? 0.8 : 0.05))),
  "two bad lots": (length, draw) =>
    values(length, (at) => one(inside(at, length, 0.1, 0.2) || inside(at, length, 0.6, 0.7) || draw() < 0.1)),
  "a hint of one": (length, draw) => values(length, (at) => one(draw() < (inside(at, length, 0.3, 0.6) ? 0.2 : 0.1))),
  "every tenth ten": (length) => values(length, (at) => one(at % 100 < 10)),
  "every other": (length) => values(length, (at) => one(at % 2 === 1)),
  "the first half": (length) => values(length, (at) => one(at < length / 2)),
  all: (length) => values(length, () => one(true)),
  none: (length) => values(length, () => one(false)),
  "serials on several assets": (length, draw) =>
    values(length, () => {
      const units = 1 + Math.floor(draw() * 3);
      return { units, blocked: Math.min(units, Math.floor(draw() * draw() * 4)) };
    }),
};

describe("the least likely range", () => {
  test.each(Object.entries(SHAPES))("is the one that a look at each would find: %s", (_, shapeOf) => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const draw = chance(seed);
      const shares = shapeOf(1 + Math.floor(draw() * 60), draw);
      const found = leastLikelyRange(shares, rangesOf(shares));
      const expected = reference(shares, rangesOf(shares));
      expect(found && { from: found.from, to: found.to }, `seed ${seed}`).toEqual(
        expected && { from: expected.from, to: expected.to },
      );
    }
  });

  test("of those that no double can tell from 0 it is the first, as well", () => {
    const shares = values(16, (at) => ({ units: 100, blocked: at > 2 && at < 11 ? 100 : 0 }));
    const expected = reference(shares, rangesOf(shares));
    expect(expected?.p).toBe(0);
    expect(leastLikelyRange(shares, rangesOf(shares))).toMatchObject({ from: expected?.from, to: expected?.to });
  });

  // Nothing here takes a clock: a look at each range of 20,000 values would be hundreds of millions.
  test.each(Object.entries(SHAPES))("costs about as many looks as there are values: %s", (_, shapeOf) => {
    for (const length of [1_000, 20_000]) {
      const shares = shapeOf(length, chance(length));
      expect(leastLikelyRange(shares, rangesOf(shares))?.boxes ?? 0).toBeLessThan(3 * length);
    }
  });

  test("beyond the limit it is the best one found, with a chance that is true of it", () => {
    const shares = SHAPES["a bad lot"]?.(200, chance(7)) ?? [];
    const whole = leastLikelyRange(shares, rangesOf(shares));
    const cut = leastLikelyRange(shares, rangesOf(shares), 3);
    expect(cut?.boxes).toBe(3);
    const [least, found] = [whole, cut].map((range) =>
      chanceOf(sumOf(shares.slice(range?.from, (range?.to ?? 0) + 1)), sumOf(shares)),
    );
    expect(shares[cut?.from ?? 0]?.blocked).toBe(1);
    expect(shares[cut?.to ?? 0]?.blocked).toBe(1);
    expect(found).toBeGreaterThanOrEqual(least ?? 0);
  });
});

test("a plant's worth of serial numbers is asked for a bad lot", () => {
  const cases = Array.from({ length: 5_000 }, (_, index) => ({
    isBlocked: (index > 2_000 && index < 2_050) || index % 50 === 0,
    traits: [
      {
        kind: "serial of lamp",
        value: `SN-${index}`,
        unit: `lamp-${index}`,
        unitKind: "asset" as const,
        isOrdered: true,
      },
    ],
  }));
  expect(overRepresented(cases).factors).toMatchObject([
    { value: "SN-2000 to SN-2050", with: { blocked: 51, units: 51 }, without: { blocked: 98, units: 4_949 } },
  ]);
});
