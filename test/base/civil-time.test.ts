import { expect, test } from "vitest";
import * as civil from "../../src/base/civil-time.ts";

test("every day from 1600 to 2400 is the day that Date says", () => {
  for (let day = civil.dayNumber(1600, 1, 1); day < civil.dayNumber(2400, 1, 1); day += 1) {
    const date = new Date(day * civil.DAY_MS);
    const { year, month, day: ofMonth } = civil.civilDate(day);
    if (
      civil.dayNumber(year, month, ofMonth) !== day ||
      date.getUTCMonth() + 1 !== month ||
      date.getUTCDate() !== ofMonth
    ) {
      expect.fail(civil.printDate(day));
    }
    if ((date.getUTCDay() + 6) % 7 !== civil.weekday(day)) expect.fail(`weekday of ${civil.printDate(day)}`);
  }
});

const instants: readonly (readonly [string, number | undefined])[] = [
  ["2026-11-23T09:00:00-06:00", Date.UTC(2026, 10, 23, 15)],
  ["2026-11-23T09:00:00.123456Z", Date.UTC(2026, 10, 23, 9, 0, 0, 123)],
  ["2026-11-23t09:00:00z", Date.UTC(2026, 10, 23, 9)],
  ["2026-11-23T09:00:00", undefined],
  ["2026-11-23", undefined],
  ["2026-02-29T09:00:00Z", undefined],
  ["2026-11-23T24:00:00Z", undefined],
  ["2026-11-23T09:00:00+24:00", undefined],
  ["2026-11-23T09:00:00-0600", undefined],
  [" 2026-11-23T09:00:00Z", undefined],
];
test.each(instants)("instant %s", (text, ms) => expect(civil.parseInstant(text)).toBe(ms));

const months: readonly (readonly [string, number, string])[] = [
  ["2026-01-31", 1, "2026-02-28"],
  ["2028-02-29", 12, "2029-02-28"],
  ["2026-11-30", 3, "2027-02-28"],
  ["2026-03-31", -1, "2026-02-28"],
];
test.each(months)("%s and %i months is %s", (from, count, to) => {
  expect(civil.printDate(civil.addMonths(civil.parseDate(from) ?? 0, count))).toBe(to);
});

test("an instant prints in plant time", () => {
  const instant = civil.parseInstant("2026-11-23T09:00:00-06:00") ?? 0;
  expect(civil.printWithOffset(instant, -21_600)).toBe("2026-11-23T09:00:00.000-06:00");
  expect(civil.printUtc(instant)).toBe("2026-11-23T15:00:00.000Z");
});
