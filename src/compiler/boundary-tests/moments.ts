import { dayNumber, printDate, startOfMonth, startOfQuarter, startOfWeek } from "../../base/civil-time.ts";
import type { Freshness, PlantPeriod, Span } from "../../model/bundle.ts";
import { addCalendarSpan } from "../../model/plant-calendar.ts";

/** Every generated test starts at 09:00 of this Tuesday, in the shift that began at 06:00. */
export const TODAY = dayNumber(2026, 11, 24);
export const NOW_MINUTES = 9 * 60;
export const SHIFTS = ["06:00", "14:00", "22:00"] as const;
const DAY_MINUTES = 24 * 60;
/** Before that the clocks of many zones were changed: spans that reach further back are not counted in minutes. */
const MOST_MINUTES = 20 * DAY_MINUTES;

/** A wall time of the plant, in minutes of the day. */
export interface WallTime {
  readonly day: number;
  readonly minutes: number;
}
export const NOW: WallTime = { day: TODAY, minutes: NOW_MINUTES };

const two = (value: number): string => String(value).padStart(2, "0");
export const clock = (minutes: number): string => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
/** As a test statement has it: the day is left out where it is the test's. */
export const wallText = ({ day, minutes }: WallTime): string =>
  day === TODAY ? clock(minutes) : `${printDate(day)} ${clock(minutes)}`;
export const isBefore = (a: WallTime, b: WallTime): boolean =>
  a.day < b.day || (a.day === b.day && a.minutes < b.minutes);

type Calendar = Extract<Span, { kind: "calendar" }>;

/** The latest day of which a span is over before `day`. */
export function lastSpent(span: Calendar, day: number): number {
  let spent = addCalendarSpan(day, span, -1) + 4;
  while (addCalendarSpan(spent, span) >= day) spent -= 1;
  return spent;
}

/** The oldest evidence that still counts now, and the youngest that does not, to the minute. Source: decisions.md B2, B7. */
export interface Edges {
  readonly good: WallTime;
  readonly stale: WallTime;
}

/** Null where evidence of any age counts; undefined where minutes cannot say it. */
export function edgesOf(freshness: Freshness): Edges | null | undefined {
  if (freshness.kind === "latest") return null;
  if (freshness.kind === "period") return startingAt(startOf(freshness.period));
  const { span } = freshness;
  if (span.kind === "calendar") return startingAt({ day: lastSpent(span, TODAY) + 1, minutes: 0 });
  const minutes = span.ms / 60_000;
  if (!Number.isInteger(minutes) || minutes < 2 || minutes > MOST_MINUTES) return undefined;
  return { good: earlier(NOW, minutes - 1), stale: earlier(NOW, minutes) };
}

const startingAt = (good: WallTime): Edges => ({ good, stale: earlier(good, 1) });

export function earlier({ day, minutes }: WallTime, by: number): WallTime {
  const total = day * DAY_MINUTES + minutes - by;
  return { day: Math.floor(total / DAY_MINUTES), minutes: total - Math.floor(total / DAY_MINUTES) * DAY_MINUTES };
}

function startOf(period: PlantPeriod): WallTime {
  const days: { readonly [P in PlantPeriod]: number } = {
    day: TODAY,
    shift: TODAY,
    week: startOfWeek(TODAY),
    month: startOfMonth(TODAY),
    quarter: startOfQuarter(TODAY),
  };
  return { day: days[period], minutes: period === "shift" ? 6 * 60 : 0 };
}
