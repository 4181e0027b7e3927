import { assert } from "../base/assert.ts";
import { addMonths, DAY_MS, parseLocalTime, startOfMonth, startOfQuarter, startOfWeek } from "../base/civil-time.ts";
import type { PlantPeriod, Span } from "./bundle.ts";
import type { ZoneTransitions } from "./zone.ts";

/** The calendar of one plant: its zone's transitions as functions. Instants are epoch ms, days are day numbers. */
export interface PlantCalendar {
  readonly zone: string;
  /** False outside the transitions' span, where no local time is known. */
  readonly covers: (instantMs: number) => boolean;
  /** Seconds east of UTC at an instant. */
  readonly offsetAt: (instantMs: number) => number;
  /** A wall time that occurs twice means the first; one that never occurs means the instant of the jump. Source: decisions.md B7. */
  readonly instantOf: (localMs: number) => number;
  /** The plant day an instant lies in. */
  readonly dayOf: (instantMs: number) => number;
  /** First instant of a plant day, also where its midnight is skipped. */
  readonly startOfDay: (day: number) => number;
}

/**
 * Beyond the last transition the last offset is kept, before the first the first: a due date in 2190 still lies ahead.
 * Whether *now* is covered is for the caller to ask.
 * @throws AssertionFailed when the transitions are empty or not ascending
 */
export function openPlantCalendar(data: ZoneTransitions): PlantCalendar {
  const starts = Float64Array.from(data.transitions, ([instant]) => instant);
  const offsets = Float64Array.from(data.transitions, ([, offset]) => offset * 1000);
  assert(starts.length > 0, "a zone has at least one offset");
  for (let i = 1; i < starts.length; i++) {
    assert((starts[i] as number) > (starts[i - 1] as number), "a zone's transitions ascend");
  }
  const indexAt = (instant: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= instant) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const offsetMs = (instant: number): number => offsets[indexAt(instant)] as number;
  const instantOf = (localMs: number): number => {
    // No offset reaches 26 hours, so the candidates are the offsets in force around that local time.
    const first = indexAt(localMs - 26 * 3_600_000);
    for (let i = first; i < starts.length; i++) {
      const candidate = localMs - (offsets[i] as number);
      const from = i === 0 ? Number.NEGATIVE_INFINITY : (starts[i] as number);
      const until = i + 1 < starts.length ? (starts[i + 1] as number) : Number.POSITIVE_INFINITY;
      if (candidate < from) return from;
      if (candidate < until) return candidate;
    }
    return localMs - (offsets[starts.length - 1] as number);
  };
  const startOfDay = (day: number): number => instantOf(day * DAY_MS);
  return {
    zone: data.zone,
    covers: (instant) => instant >= data.fromMs && instant < data.untilMs,
    offsetAt: (instant) => offsetMs(instant) / 1000,
    instantOf,
    dayOf: (instant) => Math.floor((instant + offsetMs(instant)) / DAY_MS),
    startOfDay,
  };
}

/** A wall time without offset, `2026-11-24T09:00`, in this plant; undefined where it cannot be read. */
export function readLocalTime(calendar: PlantCalendar, text: string): number | undefined {
  const local = parseLocalTime(text);
  return local === undefined ? undefined : calendar.instantOf(local);
}

/** The day that many whole units after (or, negative, before). Only for calendar spans. */
export function addCalendarSpan(day: number, span: Extract<Span, { kind: "calendar" }>, sign: 1 | -1 = 1): number {
  const count = span.count * sign;
  if (span.unit === "day") return day + count;
  return addMonths(day, span.unit === "month" ? count : count * 12);
}

/** First instant of the period `now` lies in; undefined for a shift where no shift times are known. Source: decisions.md B7. */
export function startOfPeriod(
  calendar: PlantCalendar,
  period: PlantPeriod,
  now: number,
  shifts: readonly number[],
): number | undefined {
  const today = calendar.dayOf(now);
  switch (period) {
    case "day":
      return calendar.startOfDay(today);
    case "week":
      return calendar.startOfDay(startOfWeek(today));
    case "month":
      return calendar.startOfDay(startOfMonth(today));
    case "quarter":
      return calendar.startOfDay(startOfQuarter(today));
    case "shift":
      return startOfShift(calendar, now, today, shifts);
  }
}

function startOfShift(
  calendar: PlantCalendar,
  now: number,
  today: number,
  shifts: readonly number[],
): number | undefined {
  let latest: number | undefined;
  for (let day = today - 2; day <= today; day++) {
    for (const minutes of shifts) {
      const start = calendar.instantOf(day * DAY_MS + minutes * 60_000);
      if (start <= now && (latest === undefined || start > latest)) latest = start;
    }
  }
  return latest;
}
