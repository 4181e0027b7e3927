/** Limits, units, guard bands and what is no number. Source: decisions.md B2, B3, B3b, B4. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { DAY, HOUR } from "../reference/interpreter-time.ts";
import {
  aMillisecondLate,
  atAnotherTime,
  contractWith,
  day,
  type Facts,
  instant,
  number,
  reading,
  rule,
  seeing,
  throughDoubles,
} from "./ask.ts";

const NOW = 20_781 * DAY + 15 * HOUR;
const here = { now: NOW, zone: "America/Chicago" };
const latest = (unit: string, limit: string, more = ""): string =>
  contractWith([`uv is measured in ${unit}`], [`from the latest readings, uv must be ${limit}${more}`]);
const reads = (value: unknown, unit: unknown = "uW/cm2"): Facts => ({
  readings: { uv: { value, unit, takenAt: instant(NOW) } },
});

/** A whole number moved by 10^-places up or down, exactly. */
function moved(whole: number, places: number, side: number): string {
  const scaled = BigInt(whole) * 10n ** BigInt(places) + BigInt(side);
  const digits = scaled.toString().padStart(places + 1, "0");
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
const limits = fc.integer({ min: 1, max: 1_000_000 });
const places = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constantFrom(15, 16, 17, 18));
const sides = fc.constantFrom(-1, 0, 1);

describe("B2", () => {
  const passing: { readonly [word: string]: readonly number[] } = {
    "at least": [0, 1],
    "at most": [-1, 0],
    "more than": [1],
    "less than": [-1],
  };
  rule(
    "at least and at most include the limit, more than and less than do not, to the last of 60 places",
    (decide) =>
      fc.property(fc.constantFrom(...Object.keys(passing)), limits, places, sides, (word, limit, k, side) => {
        const contract = latest("uW/cm2", `${word} ${limit} uW/cm2`);
        const { reasons } = decide({ contract, facts: reads(number(moved(limit, k, side))), ...here });
        expect(reasons).toEqual(passing[word]?.includes(side) ? [] : ["reading.out-of-limits:uv"]);
      }),
    throughDoubles,
  );
  rule(
    "between includes both ends",
    (decide) =>
      fc.property(
        limits,
        fc.integer({ min: 1, max: 100 }),
        places,
        sides,
        fc.boolean(),
        (low, wide, k, side, isHigh) => {
          const contract = latest("uW/cm2", `between ${low} and ${low + wide} uW/cm2`);
          const edge = isHigh ? low + wide : low;
          const { allow } = decide({ contract, facts: reads(number(moved(edge, k, side))), ...here });
          const isInside = side === 0 || (isHigh ? side < 0 : side > 0);
          expect(allow).toBe(isInside);
        },
      ),
    throughDoubles,
  );
  const everyEight = contractWith(["uv is measured in uW/cm2"], ["every 8 hours, uv must be at least 1 uW/cm2"]);
  rule(
    "elapsed limits fail at exactly their length",
    (decide) =>
      fc.property(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 4000 * DAY }), (ms, since) => {
        const at = 15_000 * DAY + since;
        const facts = { readings: { uv: { value: 1, unit: "uW/cm2", takenAt: instant(at) } } };
        const { reasons } = decide({ contract: everyEight, facts, zone: "Europe/Berlin", now: at + 8 * HOUR + ms });
        expect(reasons).toEqual(ms < 0 ? [] : ["reading.stale:uv"]);
      }),
    aMillisecondLate,
  );
  const planned = contractWith(
    ['meter is a radiometer, by default "M-1"'],
    ["the meter must be serviced every 500 use-hours, with enough left for the whole test"],
  );
  rule(
    "use is exhausted at its limit; what is planned may reach it and not pass it",
    (decide) =>
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 40 }),
        places,
        sides,
        (used, atService, k, side) => {
          const hours = number(String(used + atService));
          const facts = {
            equipment: { "M-1": { hours, hoursAtService: atService } },
            test: { planned: { hours: number(moved(500 - used, k, side)) } },
          };
          const { reasons } = decide({ contract: planned, facts, ...here });
          if (used === 500) expect(reasons).toEqual(["usage.exhausted:M-1"]);
          else expect(reasons).toEqual(side > 0 ? ["usage.would-run-out:M-1"] : []);
        },
      ),
    throughDoubles,
  );
});

/** Units of one kind, by a factor and an offset to the first: `value · over / under + shift`, all decimals that end. */
const families: readonly (readonly { readonly unit: string; readonly of: (base: bigint) => string }[])[] = [
  [
    { unit: "uW/cm2", of: (base) => shifted(base, 9) },
    { unit: "mW/cm2", of: (base) => shifted(base, 12) },
    { unit: "W/m2", of: (base) => shifted(base, 11) },
    { unit: "uW/m2", of: (base) => shifted(base, 5) },
  ],
  [
    { unit: "kPa", of: (base) => shifted(base, 9) },
    { unit: "Pa", of: (base) => shifted(base, 6) },
    { unit: "bar", of: (base) => shifted(base, 11) },
    { unit: "hPa", of: (base) => shifted(base, 8) },
  ],
  [
    { unit: "lx", of: (base) => shifted(base, 9) },
    { unit: "fc", of: (base) => shifted(base * 9290304n, 17) },
    { unit: "klx", of: (base) => shifted(base, 12) },
  ],
  [
    { unit: "K", of: (base) => shifted(base, 9) },
    { unit: "degC", of: (base) => shifted(base - 273_150_000_000n, 9) },
    { unit: "degF", of: (base) => shifted(base * 18n - 4_596_700_000_000n, 10) },
  ],
];

/** A whole number divided by a power of ten, as a decimal. */
function shifted(whole: bigint, by: number): string {
  const size = (whole < 0n ? -whole : whole).toString().padStart(by + 1, "0");
  return `${whole < 0n ? "-" : ""}${size.slice(0, -by)}.${size.slice(-by)}`;
}

describe("B3", () => {
  rule(
    "every unit of a kind gives the same decision, at the limit and a billionth beside it",
    (decide) =>
      fc.property(
        fc.constantFrom(...families),
        fc.bigInt({ min: 280_000_000_000n, max: 380_000_000_000n }),
        sides,
        (family, limit, side) => {
          const [first] = family;
          const contract = latest(first?.unit ?? "", `at least ${shifted(limit, 9)} ${first?.unit}`);
          const answers = family.map(
            ({ unit, of }) => decide({ contract, facts: reads(number(of(limit + BigInt(side))), unit), ...here }).allow,
          );
          expect(answers).toEqual(family.map(() => side >= 0));
        },
      ),
    throughDoubles,
  );
  const heat = (unit: string, limit: string): string =>
    contractWith(
      ["oven is measured in degC", "air is measured in degC", "heat is oven minus air"],
      [`from the latest readings, heat must be at most ${limit} ${unit}`],
    );
  const tenths = (value: number): string =>
    `${value < 0 ? "-" : ""}${Math.floor(Math.abs(value) / 10)}.${Math.abs(value) % 10}`;
  rule(
    "a difference of temperatures has no offset, in whatever unit each was read",
    (decide) =>
      fc.property(
        fc.integer({ min: -500, max: 3000 }),
        fc.integer({ min: -50, max: 500 }),
        sides,
        fc.boolean(),
        (air, size, side, inKelvin) => {
          const taken = (value: string, unit: string) => ({ value: number(value), unit, takenAt: instant(NOW) });
          const oven = air + size + side;
          const other = inKelvin ? taken(shifted(BigInt(oven * 10 + 27_315), 2), "K") : taken(tenths(oven), "degC");
          const facts = { readings: { air: taken(tenths(air), "degC"), oven: other } };
          const asked = { facts, ...here };
          const limit = size <= 0 ? "0" : tenths(size);
          expect(decide({ contract: heat("degC", limit), ...asked }).allow).toBe(
            size <= 0 ? size + side <= 0 : side <= 0,
          );
          expect(decide({ contract: heat("K", limit), ...asked }).allow).toBe(size <= 0 ? size + side <= 0 : side <= 0);
        },
      ),
    reading("at most", "less than"),
  );
});

describe("B3b", () => {
  rule(
    "the acceptance limit passes, inside the band is in-guard-band, beyond the limit is out-of-limits",
    (decide) =>
      fc.property(
        limits,
        fc.integer({ min: 1, max: 50 }),
        places,
        sides,
        fc.boolean(),
        (limit, guard, k, side, isLow) => {
          const word = isLow ? "at least" : "at most";
          const contract = latest("uW/cm2", `${word} ${limit + 100} uW/cm2`, `, guarded by ${guard} uW/cm2`);
          const at = (edge: number) =>
            decide({ contract, facts: reads(number(moved(edge, k + 2, side))), ...here }).reasons;
          const isInwards = isLow ? side > 0 : side < 0;
          const acceptance = limit + 100 + (isLow ? guard : -guard);
          expect(at(acceptance)).toEqual(side === 0 || isInwards ? [] : ["reading.in-guard-band:uv"]);
          expect(at(limit + 100)).toEqual([
            side === 0 || isInwards ? "reading.in-guard-band:uv" : "reading.out-of-limits:uv",
          ]);
        },
      ),
    throughDoubles,
  );
});

describe("B4", () => {
  const value = fc.oneof(
    fc.constantFrom<readonly [unknown, unknown, string]>(
      ...([
        ["UNAVAILABLE", "uW/cm2", "missing"],
        [null, "uW/cm2", "missing"],
        [undefined, "uW/cm2", "missing"],
        ["", "uW/cm2", "not-a-number"],
        [true, "uW/cm2", "not-a-number"],
        [Number.NaN, "uW/cm2", "not-a-number"],
        [Number.POSITIVE_INFINITY, "uW/cm2", "not-a-number"],
        [number("-Infinity"), "uW/cm2", "not-a-number"],
        [1500, null, "no-unit"],
        [1500, "", "no-unit"],
        [1500, "lx", "wrong-unit"],
        [1500, "no-unit-at-all", "wrong-unit"],
        [number("-0.0000000000000000001"), "uW/cm2", "implausible"],
        [number("100000.0000000000000001"), "uW/cm2", "implausible"],
      ] as const),
    ),
    fc
      .string()
      .filter((text) => text !== "UNAVAILABLE")
      .map((text): readonly [unknown, unknown, string] => [text, "uW/cm2", "not-a-number"]),
    fc
      .double({ max: -0.0001, noNaN: true, noDefaultInfinity: true })
      .map((low): readonly [unknown, unknown, string] => [low, "uW/cm2", "implausible"]),
  );
  const contract = contractWith(
    ["uv is measured in uW/cm2, plausible from 0 to 100000"],
    ["from the latest readings, uv must be at least 1 uW/cm2"],
  );
  rule(
    "what is no reading says why, and never passes",
    (decide) =>
      fc.property(value, ([what, unit, code]) => {
        expect(decide({ contract, facts: reads(what, unit), ...here }).reasons).toEqual([`reading.${code}:uv`]);
        // The ends of what is plausible are plausible.
        const atEnds = [number("0"), number("100000")].map(
          (end) => decide({ contract, facts: reads(end), ...here }).reasons,
        );
        expect(atEnds).toEqual([["reading.out-of-limits:uv"], []]);
      }),
    seeing((facts) => ({
      ...facts,
      readings: Object.fromEntries(
        Object.entries(facts["readings"] as Facts).map(([name, one]) => [name, { ...(one as Facts), unit: "uW/cm2" }]),
      ),
    })),
  );
  const lot = contractWith(['dye is a material, by default "D-1"'], ["the dye must be within its shelf life"]);
  const today = 20_781;
  const dates = fc.constantFrom("0001-01-01", "1900-01-01", "1970-01-01", "9999-12-31", "2026-02-30", "soon");
  rule(
    "placeholder and unreadable dates are known for what they are",
    (decide) =>
      fc.property(dates, fc.integer({ min: -3, max: 3 }), (odd, late) => {
        const asked = (more: Facts) => decide({ contract: lot, facts: { lots: { "D-1": more } }, ...here }).reasons;
        expect(asked({ expires: odd })).toEqual(["lot.unknown:D-1"]);
        const isPlaceholder = /-01-01$|-12-31$/.test(odd);
        const expired = late > 0 ? ["lot.expired:D-1"] : isPlaceholder ? ["lot.unknown:D-1"] : [];
        expect(asked({ expires: day(today - late), openedOn: odd })).toEqual(expired);
      }),
    atAnotherTime(3 * DAY),
  );
});
