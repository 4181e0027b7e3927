import { expect, test } from "vitest";
import {
  dayNumber,
  daysInMonth,
  parseDate,
  parseInstant,
  parseLocalTime,
  parseMonthEnd,
  parseTimeOfDay,
} from "../../src/base/civil-time.ts";

// The first and last value that each field takes, and the first that it does not: found by mutants nothing killed.

test.each([
  ["00:00", 0],
  ["23:59", 1439],
  ["06:30", 390],
  ["24:00", undefined],
  ["23:60", undefined],
  ["00:59", 59],
])("time of day %s", (text, minutes) => expect(parseTimeOfDay(text)).toBe(minutes));

test.each([
  ["2026-12-31", dayNumber(2026, 12, 31)],
  ["2026-01-01", dayNumber(2026, 1, 1)],
  ["2026-13-01", undefined],
  ["2026-00-10", undefined],
  ["2026-01-00", undefined],
  ["2026-01-32", undefined],
  ["2026-04-31", undefined],
  ["2024-02-29", dayNumber(2024, 2, 29)],
  ["2023-02-29", undefined],
  ["1900-02-29", undefined],
  ["2000-02-29", dayNumber(2000, 2, 29)],
])("date %s", (text, day) => expect(parseDate(text)).toBe(day));

test.each([
  ["2026-12", dayNumber(2026, 12, 31)],
  ["2026-01", dayNumber(2026, 1, 31)],
  ["2026-13", undefined],
  ["2026-00", undefined],
])("month %s", (text, day) => expect(parseMonthEnd(text)).toBe(day));

test.each([
  ["2026-11-24T00:00:00Z", "2026-11-24T00:00:00.000Z"],
  ["2026-11-24T23:59:59Z", "2026-11-24T23:59:59.000Z"],
  // A leap second counts as the last one of its minute.
  ["2026-11-24T23:59:60Z", "2026-11-24T23:59:59.000Z"],
  ["2026-11-24T10:00:00.1239Z", "2026-11-24T10:00:00.123Z"],
  ["2026-11-24T10:00:00.1Z", "2026-11-24T10:00:00.100Z"],
  ["2026-11-24T10:00:00+23:59", "2026-11-23T10:01:00.000Z"],
  ["2026-11-24T10:00:00-23:59", "2026-11-25T09:59:00.000Z"],
])("instant %s", (text, utc) => expect(parseInstant(text)).toBe(Date.parse(utc)));

test.each([
  "2026-11-24T24:00:00Z",
  "2026-11-24T10:60:00Z",
  "2026-11-24T10:00:61Z",
  "2026-11-24T10:00:00+24:00",
  "2026-11-24T10:00:00+10:60",
])("%s is no instant", (text) => expect(parseInstant(text)).toBeUndefined());

test("a wall time keeps its seconds and milliseconds", () => {
  const at = (text: string): number => Date.parse(`${text}Z`);
  for (const text of ["2026-11-24T09:05", "2026-11-24T09:05:07", "2026-11-24T09:05:07.089", "2026-11-24T23:59:59.999"])
    expect(parseLocalTime(text)).toBe(at(text));
  expect(parseLocalTime("2026-11-24T24:00")).toBeUndefined();
});

test("each month of four centuries has as many days as it has", () => {
  for (let year = 1600; year <= 2400; year++)
    for (let month = 1; month <= 12; month++)
      expect(daysInMonth(year, month), `${year}-${month}`).toBe(new Date(Date.UTC(year, month, 0)).getUTCDate());
});
