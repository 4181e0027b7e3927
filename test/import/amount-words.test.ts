import { expect, test } from "vitest";
import { readFrequency, readInterval, readLimit } from "../../src/import/amount-words.ts";

/** As the language writes it; `?` behind it: a person is asked whether the limit itself passes. */
function limitOf(text: string): string {
  const read = readLimit(text);
  if (!read.ok) return `no: ${read.error}`;
  const { limit, unit, unclear } = read.value;
  const words = limit.kind === "between" ? `between ${limit.low} and ${limit.high}` : `${limit.word} ${limit.value}`;
  return `${words}${unit === null ? "" : ` ${unit.symbol}`}${unclear === null ? "" : " ?"}`;
}

test.each([
  ["Must greater than 1000 µW/cm²", "more than 1000 uW/cm2 ?"],
  ["must be less than 2 foot-candles", "less than 2 fc ?"],
  ["above 3", "more than 3 ?"],
  ["≥ 1000", "at least 1000"],
  [">=1000", "at least 1000"],
  ["< 2", "less than 2"],
  ["> 2 psi", "more than 2 psi"],
  ["max 40", "at most 40"],
  ["max. 40 psi", "at most 40 psi"],
  ["40 psi max", "at most 40 psi"],
  ["minimum of 0.10", "at least 0.10"],
  ["not less than 7 kPa", "at least 7 kPa"],
  ["must not exceed 8", "at most 8"],
  ["greater than or equal to 5", "at least 5"],
  ["1000 or more", "at least 1000"],
  ["10-30", "between 10 and 30"],
  ["10 – 30 min", "between 10 and 30 min"],
  ["10 psi - 30 psi", "between 10 and 30 psi"],
  ["between 10 and 30 °F", "between 10 and 30 degF"],
  ["from -5 to 10", "between -5 and 10"],
  ["-10--5", "between -10 and -5"],
  ["−5 to .5", "between -5 and 0.5"],
  ["25 ± 0.1 degC", "between 24.9 and 25.1 degC"],
  ["999.99999999999999999 +/- 0.00000000000000001", "between 999.99999999999999998 and 1000"],
])("%s is read as %s", (text, expected) => expect(limitOf(text)).toBe(expected));

test.each([
  ["40", /which way it limits/],
  ["10 min", /which way it limits/],
  ["1,000-2,000", /a comma may part thousands or decimals/],
  ["max 1,5", /a comma/],
  ["max 40 blorps", /`blorps` is no unit/],
  ["max 40 pssi", /did you mean `psi`/],
  ["30-10", /the first end lies above the second/],
  ["10 psi - 30 kPa", /different units/],
  ["about right", /could not be read/],
  ["max", /could not be read/],
  ["max 1e3", /`e3` is no unit/],
  ["", /could not be read/],
  [`max ${"9".repeat(50)}`, /could not be read/],
])("%s is not guessed", (text, says) => expect(limitOf(text)).toMatch(says));

test.each([
  ["daily", "each day"],
  ["Once per day", "each day"],
  ["each shift", "each shift"],
  ["per shift", "each shift"],
  ["weekly", "each week"],
  ["every 8 hours", "every 8 hours"],
  ["8 hrs", "every 8 hours"],
  ["hourly", "every 1 hour"],
  ["every 90 minutes", "every 90 minutes"],
  ["annually", "every 1 year"],
  ["latest", "from the latest readings"],
  ["as needed", undefined],
  ["before each use", undefined],
  ["every 500 cycles", undefined],
  ["every 0 hours", undefined],
  ["toString", undefined],
])("%s as a frequency is %s", (text, expected) => expect(readFrequency(text)).toBe(expected));

test.each([
  ["12 months", "12 months"],
  ["annual", "12 months"],
  ["semi-annually", "6 months"],
  ["every year", "1 year"],
  ["5000 cycles", "5000 cycles"],
  ["180-days", "180 days"],
  ["1.5 months", undefined],
  ["1.5 hours", "1.5 hours"],
  ["0 days", undefined],
  ["soon", undefined],
  ["constructor", undefined],
])("%s as an interval is %s", (text, expected) => expect(readInterval(text)).toBe(expected));
