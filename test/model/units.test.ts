import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compare, parseDecimal, type Rational, rational, showRational } from "../../src/base/rational.ts";
import {
  allUnits,
  allUnitWords,
  convert,
  findUnit,
  nearestUnits,
  physicalZero,
  type Unit,
} from "../../src/model/units.ts";

const unit = (word: string): Unit => findUnit(word) ?? expect.fail(`no unit ${word}`);
const decimal = (text: string): Rational => parseDecimal(text) ?? expect.fail(`no decimal ${text}`);

function check(value: string, from: string, to: string, wanted: Rational | undefined, difference = false) {
  const found = convert(decimal(value), unit(from), unit(to), { difference });
  expect(found, `${value} ${from} in ${to}`).toEqual(wanted);
}

test("conversions are exact", () => {
  check("1", "fc", "lx", rational(100000000n, 9290304n));
  check("1", "psi", "Pa", rational(44482216152605n, 64516n * 100000n));
  check("1000", "uW/cm2", "W/m2", rational(10n));
  check("1000", "uW/cm2", "mW/cm2", rational(1n));
  check("300.8", "K", "degC", rational(2765n, 100n));
  check("212", "degF", "degC", rational(100n));
  check("-40", "degC", "degF", rational(-40n));
  check("0", "degF", "K", rational(45967n, 180n));
  check("9", "degF", "K", rational(5n), true);
  check("8.6", "K", "degC", rational(86n, 10n), true);
  check("0.4", "mL/100mL", "mL/L", rational(4n));
  check("12", "in", "ft", rational(1n));
  check("1", "lbf.ft", "lbf.in", rational(12n));
  check("760", "Torr", "atm", rational(1n));
  check("1", "inHg", "mmHg", rational(254n, 10n));
  check("1", "ozf", "lbf", rational(1n, 16n));
  check("16", "oz", "lb", rational(1n));
  check("1", "lbf.ft", "N.m", decimal("1.3558179483314004"));
  check("1", "gal/min", "L/min", decimal("3.785411784"));
});

test("kinds never mix", () => {
  check("1", "uW/cm2", "lx", undefined);
  check("1", "%", "mL/100mL", undefined);
  check("1", "%", "%RH", undefined);
  check("1", "N.m", "J", undefined);
  check("1", "Hz", "rpm", undefined);
});

test("other spellings mean the same unit", () => {
  const spellings = {
    "uW/cm2": ["µW/cm²", "μW/cm²", "uW/cm²"],
    fc: ["ftc", "foot-candles", "footcandles"],
    degF: ["°F", "℉"],
    degC: ["°C", "℃"],
    ohm: ["Ω", "Ω"],
    kohm: ["kΩ"],
    "N.m": ["N·m", "Nm"],
  };
  for (const [symbol, words] of Object.entries(spellings)) {
    for (const word of words) expect(findUnit(word)?.symbol, word).toBe(symbol);
  }
  for (const word of ["uW/cm3", "MILE", "", "toString", "__proto__"]) expect(findUnit(word), word).toBeUndefined();
});

test("nothing shines, presses or is colder than nothing", () => {
  const zeros = { "uW/cm2": "0", fc: "0", psi: "0", "mL/100mL": "0", K: "0", degC: "-273.15", degF: "-459.67" };
  for (const [symbol, zero] of Object.entries(zeros)) expect(physicalZero(unit(symbol)), symbol).toEqual(decimal(zero));
  for (const symbol of ["mm", "V", "N", "dB"]) expect(physicalZero(unit(symbol)), symbol).toBeUndefined();
});

test("the nearest unit is named", () => {
  expect(nearestUnits("uW/cm3")).toContain("uW/cm2");
  expect(nearestUnits("psj")[0]).toBe("psi");
  expect(nearestUnits("PSi")[0]).toBe("psi");
  expect(nearestUnits("quite-something-else-altogether")).toEqual([]);
});

test("the table is closed under its own words", () => {
  expect(allUnits.length).toBeGreaterThanOrEqual(120);
  for (const word of allUnitWords) expect(allUnits).toContain(findUnit(word));
  for (const { symbol, factor } of allUnits) {
    expect(/^[\x21-\x7e]+$/.test(symbol), symbol).toBe(true);
    expect(compare(factor, rational(0n)), symbol).toBe(1);
  }
});

test("there and back again loses nothing", () => {
  const pair = fc
    .constantFrom(...allUnits)
    .chain((from) =>
      fc.tuple(fc.constant(from), fc.constantFrom(...allUnits.filter(({ kind }) => kind === from.kind))),
    );
  const same = (value: Rational, from: Unit, to: Unit): boolean => {
    const there = convert(value, from, to);
    const back = there === undefined ? undefined : convert(there, to, from);
    return back !== undefined && compare(back, value) === 0;
  };
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), pair, (n, [from, to]) =>
      same(rational(n, 1000n), from, to),
    ),
  );
  expect(showRational(convert(decimal("2"), unit("fc"), unit("lx")) ?? rational(0n))).toBe("21.527821");
});

test("docs/units.md names every word of the table and no other", () => {
  const listed = [...readFileSync("docs/units.md", "utf8").matchAll(/^- (.*)$/gm)].flatMap(([, line = ""]) =>
    [...line.matchAll(/`([^`]+)`/g)].map((match) => match[1]),
  );
  expect(listed).toEqual([...allUnitWords]);
});
