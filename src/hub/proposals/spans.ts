import type { Span } from "../../model/bundle.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS_OF = { day: 1, month: 365.25 / 12, year: 365.25 } as const;

/** About how many days; only for comparing statistics, never for a date. */
export const daysOf = (span: Span): number =>
  span.kind === "elapsed" ? span.ms / DAY_MS : span.count * DAYS_OF[span.unit];

/** As a contract says it: `12 months`, and `month` for one. */
export function spanWords(span: Span): string {
  if (span.kind === "calendar") return counted(span.count, span.unit);
  if (span.ms % HOUR_MS === 0) return counted(span.ms / HOUR_MS, "hour");
  if (span.ms % MINUTE_MS === 0) return counted(span.ms / MINUTE_MS, "minute");
  return counted(span.ms / 1_000, "second");
}

export const counted = (count: number, unit: string): string => (count === 1 ? unit : `${count} ${unit}s`);

/**
 * That part of a span, rounded down to whole months, else days, else hours: a year becomes months, half a month days.
 * Undefined where nothing whole is left, or it is no shorter.
 */
export function shortenedSpan(span: Span, factor: number): Span | undefined {
  if (span.kind === "elapsed") {
    const ms = Math.floor((span.ms * factor) / HOUR_MS) * HOUR_MS;
    return ms > 0 && ms < span.ms ? { kind: "elapsed", ms } : undefined;
  }
  // What is left of a division must not take a whole one away.
  const whole = (value: number): number => Math.floor(value + 1e-9);
  const months = span.unit === "day" ? 0 : whole((span.unit === "year" ? 12 : 1) * span.count * factor);
  if (months > 0) {
    const isShorter = months < (span.unit === "year" ? 12 : 1) * span.count;
    return isShorter ? { kind: "calendar", count: months, unit: "month" } : undefined;
  }
  const days = whole((span.unit === "day" ? 1 : 30) * span.count * factor);
  const isShorter = span.unit !== "day" || days < span.count;
  return days > 0 && isShorter ? { kind: "calendar", count: days, unit: "day" } : undefined;
}
