import { assert } from "../../base/assert.ts";
import { printDate } from "../../base/civil-time.ts";
import { parseDecimal, type Rational } from "../../base/rational.ts";
import type { Bundle, BundleClause, Freshness, Span } from "../../model/bundle.ts";
import { FUTURE_TOLERANCE_MS } from "../../model/limits.ts";
import { addCalendarSpan, type PlantCalendar, startOfPeriod } from "../../model/plant-calendar.ts";
import type { EquipmentState, Snapshot } from "../../model/snapshot.ts";
import type { PartFacts } from "./part.ts";

/** What facts are computed from: one snapshot at one instant in one plant. */
export interface Moment {
  readonly snapshot: Snapshot;
  readonly calendar: PlantCalendar;
  readonly now: number;
  /** Plant day of `now`. */
  readonly today: number;
  /** Judging a past instant (a reading's): an item's earlier calibrations are looked at as well. */
  readonly past: boolean;
}

/** Facts of one clause, compiled once a bundle. */
export type ClauseFacts = (moment: Moment) => readonly PartFacts[];

export const momentAt = (moment: Moment, instant: number): Moment => ({
  ...moment,
  now: instant,
  today: moment.calendar.dayOf(instant),
  past: true,
});

/** The asset a role stands for at the station, else the contract's default, else the role's own name (which no register knows). */
export function assetOf(bundle: Bundle, role: string): (moment: Moment) => string {
  const byDefault =
    bundle.equipment.find(({ name }) => name === role)?.asset ??
    bundle.materials.find(({ name }) => name === role)?.lot ??
    role;
  return ({ snapshot }) => snapshot.station.roles.get(role) ?? byDefault;
}

export const equipmentOf = (moment: Moment, asset: string): EquipmentState | undefined =>
  moment.snapshot.equipment.get(asset);

/** More than 5 s ahead: no evidence. Source: decisions.md B6. */
export const isAhead = (moment: Moment, instant: number): boolean => instant > moment.now + FUTURE_TOLERANCE_MS;

/** Up to 5 s ahead counts as now. Later instants stay as they are. Source: decisions.md B6. */
export const settleInstant = (moment: Moment, instant: number): number =>
  isAhead(moment, instant) ? instant : Math.min(instant, moment.now);

/** Whether evidence of `instant`, which is not ahead, still counts. Source: decisions.md B2, B7. */
export function isFresh(moment: Moment, freshness: Freshness, instant: number): boolean {
  const { calendar, now } = moment;
  const at = settleInstant(moment, instant);
  switch (freshness.kind) {
    case "latest":
      return true;
    case "period": {
      const start = startOfPeriod(calendar, freshness.period, now, moment.snapshot.shifts);
      return start !== undefined && at >= start;
    }
    case "every":
      return now < lapseOf(calendar, calendar.dayOf(at), at, freshness.span).lapseMs;
  }
}

export interface Lapse {
  /** First instant at which it is over. */
  readonly lapseMs: number;
  /** The last plant day with a valid instant. */
  readonly dueDay: number;
}

/** When something of `day` (and, for elapsed spans, of `instant`) is over. Source: decisions.md B1, B8. */
export function lapseOf(calendar: PlantCalendar, day: number, instant: number, span: Span): Lapse {
  if (span.kind === "calendar") return lapseAfterDay(calendar, addCalendarSpan(day, span));
  const lapseMs = instant + span.ms;
  return { lapseMs, dueDay: calendar.dayOf(lapseMs - 1) };
}

export const lapseAfterDay = (calendar: PlantCalendar, dueDay: number): Lapse => ({
  lapseMs: calendar.startOfDay(dueDay + 1),
  dueDay,
});

export const showDay = (day: number | undefined): string | null =>
  day === undefined || Number.isNaN(day) ? null : printDate(day);

/** `every 180 days`: for people. */
export function spanWords(span: Span): string {
  if (span.kind === "calendar") return plural(span.count, span.unit);
  const [count, unit] =
    span.ms % 3_600_000 === 0
      ? [span.ms / 3_600_000, "hour"]
      : span.ms % 60_000 === 0
        ? [span.ms / 60_000, "minute"]
        : [span.ms / 1000, "second"];
  return plural(count as number, unit as string);
}

export const plural = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? "" : "s"}`;

/** A decimal of a bundle that was checked when it was loaded. */
export function decimalOf(text: string): Rational {
  const value = parseDecimal(text);
  assert(value !== undefined, `a bundle's numbers are decimals, not ${JSON.stringify(text)}`);
  return value;
}

/** Names compare without case for roles of people. Source: language.md "Lexical". */
export const sameRole = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export type ClauseOf<K extends BundleClause["kind"]> = Extract<BundleClause, { readonly kind: K }>;
