import { expect, test } from "vitest";
import { AssertionFailed } from "../../src/base/assert.ts";
import { parseDate, parseInstant, printUtc } from "../../src/base/civil-time.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import {
  addCalendarSpan,
  openPlantCalendar,
  type PlantCalendar,
  readLocalTime,
  startOfPeriod,
} from "../../src/model/plant-calendar.ts";

function calendarOf(zone: string): PlantCalendar {
  const data = zoneFromIntl(zone);
  if (data === undefined) throw new Error(`this Node knows no ${zone}`);
  return openPlantCalendar(data);
}

const wallTimes: readonly (readonly [string, string, string, string])[] = [
  ["an ordinary time", "America/Chicago", "2026-11-23T09:00", "2026-11-23T15:00:00.000Z"],
  ["one that never occurs is the jump", "America/Chicago", "2026-03-08T02:30", "2026-03-08T08:00:00.000Z"],
  ["one that occurs twice is the first", "America/Chicago", "2026-11-01T01:30", "2026-11-01T06:30:00.000Z"],
  ["a skipped midnight is the jump", "America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00:00.000Z"],
  ["half an hour of summer", "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00.000Z"],
  ["a zone without summer", "Asia/Kolkata", "2026-07-01T00:00", "2026-06-30T18:30:00.000Z"],
];
test.each(wallTimes)("%s: %s %s", (_, zone, local, utc) => {
  expect(printUtc(readLocalTime(calendarOf(zone), local) ?? 0)).toBe(utc);
});

test.each(["America/Chicago", "America/Santiago", "Africa/Casablanca", "Pacific/Apia", "Europe/Dublin"])(
  "%s: every hour of 30 years lies in its own day, with the offset Intl says",
  (zone) => {
    const calendar = calendarOf(zone);
    const format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" });
    const from = parseInstant("2010-01-01T00:00:00Z") ?? 0;
    for (let hour = 0; hour < 30 * 365 * 24; hour += 7) {
      const instant = from + hour * 3_600_000;
      const day = calendar.dayOf(instant);
      if (calendar.startOfDay(day) > instant || calendar.startOfDay(day + 1) <= instant) expect.fail(printUtc(instant));
      if (hour % 35 === 0 && parseDate(format.format(instant)) !== day) expect.fail(printUtc(instant));
    }
  },
);

test("a zone nobody knows is undefined", () => {
  expect(zoneFromIntl("Mars/Olympus")).toBeUndefined();
  expect(zoneFromIntl("+05:30")).toBeUndefined();
});

test("a calendar covers its first instant and not its last", () => {
  const spanned = { zone: "Made/Up", fromMs: 1_000, untilMs: 5_000, transitions: [[1_000, 3_600]] } as const;
  const calendar = openPlantCalendar({ format: "maint-zone/1", tzdata: "made", ...spanned });
  expect([999, 1_000, 4_999, 5_000].map(calendar.covers)).toEqual([false, true, true, false]);
  expect(calendar.offsetAt(2_000)).toBe(3_600);
});

const made = (transitions: readonly (readonly [number, number])[]): PlantCalendar =>
  openPlantCalendar({
    ...{ format: "maint-zone/1", tzdata: "made", zone: "Made/Up" },
    ...{ fromMs: -1e12, untilMs: 1e12, transitions },
  } as Parameters<typeof openPlantCalendar>[0]);

test("transitions that do not ascend are no zone", () => {
  for (const second of [4, 5])
    expect(() =>
      made([
        [5, 0],
        [second, 60],
      ]),
    ).toThrow(AssertionFailed);
  expect(() => made([])).toThrow(AssertionFailed);
});

const HOUR = 3_600_000;
const twoJumps = made([
  [0, 0],
  [100 * HOUR, 3_600],
  [110 * HOUR, 0],
]);
test.each<readonly [string, number, number]>([
  ["before the first transition its offset holds", -1, -1],
  ["at the first transition", 0, 0],
  ["before a jump forward", 100 * HOUR - 1, 100 * HOUR - 1],
  ["the first wall time that never occurs", 100 * HOUR, 100 * HOUR],
  ["the last one", 101 * HOUR - 1, 100 * HOUR],
  ["after a jump forward", 101 * HOUR, 100 * HOUR],
  ["the first wall time that occurs twice", 110 * HOUR, 109 * HOUR],
  ["the last one", 111 * HOUR - 1, 110 * HOUR - 1],
  ["after the last transition, near it", 111 * HOUR, 111 * HOUR],
  ["long after it", 900 * HOUR, 900 * HOUR],
])("a wall time in a made-up zone: %s", (_, local, instant) => {
  expect(twoJumps.instantOf(local)).toBe(instant);
});

test("a wall time that cannot be read is none", () => {
  expect(readLocalTime(twoJumps, "1970-01-01T00:00")).toBe(0);
  for (const text of ["1970-01-01", "1970-01-01T24:00", "now"]) expect(readLocalTime(twoJumps, text)).toBeUndefined();
});

test("a shift began at its latest start, the one before where none was today", () => {
  const starts = [6 * 60, 14 * 60];
  const at = (hours: number): number | undefined => startOfPeriod(twoJumps, "shift", hours * HOUR, starts);
  expect([6, 13.99, 14, 29.99, 30].map(at)).toEqual([6, 6, 14, 14, 30].map((hours) => hours * HOUR));
  expect(startOfPeriod(twoJumps, "shift", 9 * HOUR, [])).toBeUndefined();
});

test("calendar spans go forward and back, in days, months and years", () => {
  const day = (text: string): number => parseDate(text) ?? Number.NaN;
  const from = day("2024-02-29");
  const moved = (unit: "day" | "month" | "year", count: number, sign: 1 | -1 = 1): number =>
    addCalendarSpan(from, { kind: "calendar", unit, count }, sign);
  expect(moved("day", 10)).toBe(day("2024-03-10"));
  expect(moved("day", 29, -1)).toBe(day("2024-01-31"));
  expect(moved("month", 1)).toBe(day("2024-03-29"));
  expect(moved("month", 1, -1)).toBe(day("2024-01-29"));
  expect(moved("year", 2)).toBe(day("2026-02-28"));
  expect(moved("year", 4, -1)).toBe(day("2020-02-29"));
});
