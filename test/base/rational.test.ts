import { expect, test } from "vitest";
import {
  compare,
  parseDecimal,
  parseJsonNumber,
  type Rational,
  rational,
  showRational,
  subtract,
} from "../../src/base/rational.ts";

const decimal = (text: string): Rational => parseDecimal(text) as Rational;

test.each([
  ["1000", "1000"],
  ["-5", "-5"],
  ["0.10", "0.1"],
  ["-0.0", "0"],
  ["999.99999999999999999", "999.99999999999999999"],
  ["007.50", "7.5"],
])("%s is shown as %s", (text, shown) => expect(showRational(decimal(text))).toBe(shown));

test.each([
  [rational(1n, 3n), "0.333333"],
  [rational(2n, 3n), "0.666667"],
  [rational(-2n, 3n), "-0.666667"],
])("a decimal that never ends is rounded", (value, shown) => expect(showRational(value)).toBe(shown));

test.each([
  ["1e3", "1000"],
  ["1.5E-2", "0.015"],
  ["-12.340", "-12.34"],
])("JSON's %s is %s, exactly", (text, same) => expect(parseJsonNumber(text)).toEqual(decimal(same)));

test.each(["", "1.", ".5", "1,000", "1e9", "0x10", "NaN", "--1"])("%j is no decimal of the language", (text) => {
  expect(parseDecimal(text)).toBeUndefined();
});

test("an exponent beyond any instrument is refused instead of computed", () => {
  expect(parseJsonNumber("1e999999")).toBeUndefined();
});

test("309.4 minus 300.8 is 8.6, which doubles get wrong", () => {
  expect(309.4 - 300.8).not.toBe(8.6);
  expect(compare(subtract(decimal("309.4"), decimal("300.8")), decimal("8.6"))).toBe(0);
});
