import { expect, test } from "vitest";
import { dayNumber } from "../../../src/base/civil-time.ts";
import { fresher } from "../../../src/compiler/analysis/longer-spans.ts";
import { zoneFromIntl } from "../../../src/disk/zone-from-intl.ts";
import type { Freshness, PlantPeriod } from "../../../src/model/bundle.ts";
import { openPlantCalendar, type PlantCalendar } from "../../../src/model/plant-calendar.ts";
import { snapshotFromValues } from "../../../src/model/snapshot-parse.ts";
import { isFresh, type Moment } from "../../../src/runtime/facts/context.ts";
import { type Random, random } from "./random.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const calendar = (count: number, unit: "day" | "month" | "year"): Freshness => ({
  kind: "every",
  span: { kind: "calendar", count, unit },
});
const hours = (count: number): Freshness => ({ kind: "every", span: { kind: "elapsed", ms: count * HOUR_MS } });

const all: readonly Freshness[] = [
  ...(["day", "shift", "week", "month", "quarter"] as const).map((period: PlantPeriod) => ({
    kind: "period" as const,
    period,
  })),
  ...[1, 2, 6, 7, 28, 29, 30, 31, 59, 62, 89, 91, 92, 364, 365, 366].map((count) => calendar(count, "day")),
  ...[1, 2, 3, 4, 11, 12, 13].map((count) => calendar(count, "month")),
  calendar(1, "year"),
  ...[1, 8, 24, 48, 73, 96, 24 * 9, 24 * 33, 24 * 400].map(hours),
  { kind: "latest" },
];

/** Apia skipped 30 December 2011, and its clocks move too. */
const zones = ["America/Chicago", "Pacific/Apia", "UTC"].map((zone) => {
  const transitions = zoneFromIntl(zone);
  if (transitions === undefined) throw new Error(`this Node knows no ${zone}`);
  return openPlantCalendar(transitions);
});

const shiftSets = [["06:00", "14:00", "22:00"], ["06:00"], []];

interface Instant {
  readonly moment: Moment;
  readonly at: number;
}

/** Instants around turns of days, months, leap years and offsets, and evidence that is mostly near an edge. */
function instants(next: Random, count: number): readonly Instant[] {
  const days = [dayNumber(2011, 12, 31), dayNumber(2028, 3, 1), dayNumber(2026, 3, 9), dayNumber(2026, 11, 2)];
  return Array.from({ length: count }, () => {
    const plant = next.pick(zones) as PlantCalendar;
    const day = next.pick(days) + next.upTo(400) - 20;
    const now = plant.startOfDay(day) + next.pick([0, 1, 6 * HOUR_MS, 22 * HOUR_MS, next.upTo(DAY_MS)]);
    const back = next.pick([0, 1, 2, 6, 7, 27, 28, 29, 30, 31, 59, 60, 61, 62, 89, 90, 91, 92, 364, 365, 366, 396]);
    const at = Math.min(now, plant.startOfDay(plant.dayOf(now) - back) + next.pick([-1, 0, 1, next.upTo(DAY_MS)]));
    const snapshot = snapshotFromValues({ shifts: next.pick(shiftSets) });
    return { at, moment: { snapshot, calendar: plant, now, today: plant.dayOf(now), past: false } };
  });
}

/** Pairs that are said to be implied and are refuted by some instant. */
function refuted(says: (a: Freshness, b: Freshness) => boolean, given: readonly Instant[]): readonly string[] {
  return all.flatMap((a) =>
    all
      .filter((b) => says(a, b))
      .flatMap((b) => {
        const wrong = given.find(({ moment, at }) => isFresh(moment, a, at) && !isFresh(moment, b, at));
        if (wrong === undefined) return [];
        const when = `${wrong.moment.calendar.zone} now ${wrong.moment.now} at ${wrong.at}`;
        return [`${JSON.stringify(a)} → ${JSON.stringify(b)}: ${when}`];
      }),
  );
}

const given = instants(random(1), 6_000);

test("what is said to be fresher is, at every one of 6,000 instants", () => {
  expect(refuted(fresher, given)).toEqual([]);
  expect(all.flatMap((a) => all.filter((b) => fresher(a, b))).length).toBeGreaterThan(all.length * 8);
});

test("control: a month taken for 30 days is caught", () => {
  const days = (one: Freshness): number =>
    one.kind !== "every" || one.span.kind === "elapsed"
      ? Number.NaN
      : one.span.count * (one.span.unit === "month" ? 30 : one.span.unit === "year" ? 365 : 1);
  expect(refuted((a, b) => days(a) <= days(b), given).length).toBeGreaterThan(2);
});

test.each([
  [calendar(365, "day"), calendar(12, "month"), true],
  [calendar(12, "month"), calendar(365, "day"), false],
  [calendar(12, "month"), calendar(366, "day"), true],
  [calendar(30, "day"), calendar(1, "month"), false],
  [calendar(28, "day"), calendar(1, "month"), true],
  [{ kind: "period", period: "week" }, calendar(6, "day"), true],
  [{ kind: "period", period: "week" }, { kind: "period", period: "month" }, false],
  [hours(8), calendar(2, "day"), true],
  [hours(8), calendar(1, "day"), false],
] as const)("%j → %j is %j", (a, b, is) => {
  expect(fresher(a, b)).toBe(is);
});
