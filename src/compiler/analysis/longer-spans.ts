import { DAY_MS } from "../../base/civil-time.ts";
import type { Freshness, PlantPeriod, Span } from "../../model/bundle.ts";

/** Zones have skipped a whole day, and clocks are put forward and back: a day is this uncertain against hours. */
const SHIFT_MS = 25 * 3_600_000;

/** Fewest and most days that one to eleven months are long, from any day of any year. Source: decisions.md B8. */
const FEWEST_DAYS = [0, 28, 59, 89, 120, 150, 181, 212, 242, 273, 303, 334];
const MOST_DAYS = [0, 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337];

/** The most plant days behind that of the evidence on which it still counts, in the worst case. */
function mostDays(span: Span): number {
  if (span.kind === "elapsed") return Math.ceil((span.ms + SHIFT_MS) / DAY_MS);
  const months = monthsOf(span);
  return months === undefined ? span.count : 366 * Math.floor(months / 12) + (MOST_DAYS[months % 12] as number);
}

/** The fewest days on all of which it still counts. */
function fewestDays(span: Extract<Span, { kind: "calendar" }>): number {
  const months = monthsOf(span);
  return months === undefined ? span.count : 365 * Math.floor(months / 12) + (FEWEST_DAYS[months % 12] as number);
}

const monthsOf = (span: Span): number | undefined => {
  if (span.kind === "elapsed" || span.unit === "day") return undefined;
  return span.unit === "year" ? span.count * 12 : span.count;
};

/**
 * Whether what `a` still lets count `b` lets count too, whatever the day and the zone. Exact within one measure; between
 * days, months and hours only what holds in the worst case: 365 days are never longer than 12 months, 30 days may be.
 */
export function notLonger(a: Span, b: Span): boolean {
  if (a.kind === "elapsed" && b.kind === "elapsed") return a.ms <= b.ms;
  const [x, y] = [monthsOf(a), monthsOf(b)];
  if (x !== undefined && y !== undefined) return x <= y;
  return b.kind === "elapsed" ? (mostDays(a) + 1) * DAY_MS + SHIFT_MS <= b.ms : mostDays(a) <= fewestDays(b);
}

/** How many days before today a period may have begun. A shift is looked for among the starts of two days back. */
const daysBack: { readonly [P in PlantPeriod]: number } = { day: 0, shift: 2, week: 6, month: 30, quarter: 91 };

/** Periods that contain another: what happened today happened this week. A shift may reach over midnight. */
const wider: { readonly [P in PlantPeriod]: readonly PlantPeriod[] } = {
  day: ["day", "week", "month", "quarter"],
  shift: ["shift"],
  week: ["week"],
  month: ["month", "quarter"],
  quarter: ["quarter"],
};

/** Whether evidence that is fresh enough for `a` always is for `b`. */
export function fresher(a: Freshness, b: Freshness): boolean {
  if (b.kind === "latest") return true;
  if (a.kind === "period" && b.kind === "period") return wider[a.period].includes(b.period);
  if (a.kind === "every" && b.kind === "every") return notLonger(a.span, b.span);
  if (a.kind !== "period" || b.kind !== "every") return false;
  const months = monthsOf(b.span);
  // From within a month the same day of the next one lies beyond its end, be it clamped or not.
  if (a.period === "month" && months !== undefined) return months >= 1;
  if (a.period === "quarter" && months !== undefined) return months >= 3;
  return notLonger({ kind: "calendar", count: daysBack[a.period], unit: "day" }, b.span);
}
