import type { Amount, Quantity, Unit as UnitWord } from "../../grammar/ast.ts";
import { assert } from "../base/assert.ts";
import { parseDecimal, type Rational, rational } from "../base/rational.ts";
import type { Span } from "../model/bundle.ts";
import { findUnit, type Unit } from "../model/units.ts";

/** What a unit word stands for: a length of time, a count of use, or a unit of measure. */
export type Measure =
  | { readonly kind: "elapsed"; readonly ms: number }
  | { readonly kind: "calendar"; readonly unit: "day" | "month" | "year"; readonly times: number }
  | { readonly kind: "use"; readonly counter: "hours" | "cycles" }
  | { readonly kind: "unit"; readonly unit: Unit };

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const elapsed = (ms: number): Measure => ({ kind: "elapsed", ms });
const calendar = (unit: "day" | "month" | "year", times = 1): Measure => ({ kind: "calendar", unit, times });

const words: ReadonlyMap<string, Measure> = new Map([
  ...["second", "seconds"].map((word) => [word, elapsed(second)] as const),
  ...["minute", "minutes"].map((word) => [word, elapsed(minute)] as const),
  ...["hour", "hours"].map((word) => [word, elapsed(hour)] as const),
  ...["day", "days"].map((word) => [word, calendar("day")] as const),
  ...["week", "weeks"].map((word) => [word, calendar("day", 7)] as const),
  ...["month", "months"].map((word) => [word, calendar("month")] as const),
  ...["quarter", "quarters"].map((word) => [word, calendar("month", 3)] as const),
  ...["year", "years"].map((word) => [word, calendar("year")] as const),
  ...["use-hour", "use-hours"].map((word) => [word, { kind: "use", counter: "hours" }] as const),
  ...["cycle", "cycles"].map((word) => [word, { kind: "use", counter: "cycles" }] as const),
]);

/** For the nearest word in a message. */
export const durationWords: readonly string[] = ["seconds", "minutes", "hours", "days", "weeks", "months", "years"];
export const useWords: readonly string[] = ["use-hours", "cycles"];

/** Time and use words first: `minutes` behind `every` is no unit of measure. */
export function measureOf(word: string): Measure | undefined {
  const known = words.get(word);
  if (known !== undefined) return known;
  const unit = findUnit(word);
  return unit === undefined ? undefined : { kind: "unit", unit };
}

/** What the place of an amount asks for. */
export type Want =
  | { readonly kind: "duration" }
  /** Minutes or hours: no plant calendar is involved. */
  | { readonly kind: "elapsed" }
  | { readonly kind: "duration-or-cycles" }
  | { readonly kind: "use"; readonly counter: "hours" | "cycles" | null }
  /** `unit` is undefined where the quantity's own declaration is broken: then any unit will do. */
  | { readonly kind: "measured"; readonly unit: Unit | undefined; readonly of: string; readonly notNegative: boolean };

/** One amount of a clause, declaration or statement, and what it must be. */
export interface AmountUse {
  readonly amount: Amount;
  readonly want: Want;
  /** The unit where the amount has none: that of the other end, or of the quantity. */
  readonly borrowed: UnitWord | null;
}

export const wordsOfWant: { readonly [K in Want["kind"]]: string } = {
  duration: "a duration such as `8 hours` or `12 months`",
  elapsed: "an elapsed time such as `10 minutes` or `8 hours`",
  "duration-or-cycles": "a duration such as `12 months`, or a count of `cycles`",
  use: "a count of `use-hours` or `cycles`",
  measured: "a reading",
};

export const unitWordOf = ({ amount, borrowed }: AmountUse): UnitWord | null =>
  amount.kind === "quantity" ? (amount.unit ?? borrowed) : borrowed;

/** Whether a measure is of the sort that is asked for; units of measure are compared by kind. */
export function fits(measure: Measure, want: Want): boolean {
  switch (want.kind) {
    case "duration":
      return measure.kind === "elapsed" || measure.kind === "calendar";
    case "elapsed":
      return measure.kind === "elapsed";
    case "duration-or-cycles":
      return measure.kind === "elapsed" || measure.kind === "calendar" || isCycles(measure);
    case "use":
      return measure.kind === "use" && (want.counter === null || want.counter === measure.counter);
    case "measured":
      return measure.kind === "unit" && (want.unit === undefined || want.unit.kind === measure.unit.kind);
  }
}

const isCycles = (measure: Measure): boolean => measure.kind === "use" && measure.counter === "cycles";

/** The measure of an amount in its place: where a reading is asked for, `minutes` is a unit of measure. */
export function measureIn(word: string, want: Want): Measure | undefined {
  if (want.kind !== "measured") return measureOf(word);
  const unit = findUnit(word);
  return unit === undefined ? measureOf(word) : { kind: "unit", unit };
}

/** A longer number than this is no limit of any instrument. */
export const MAX_DIGITS = 40;
/** Ten thousand years: beyond it calendar sums leave the range of instants. */
export const MAX_CALENDAR_DAYS = 3_650_000;

export function numberOf(amount: Amount): Rational {
  assert(amount.kind === "quantity", "parameters are put in before amounts are read");
  const value = parseDecimal(amount.number);
  assert(value !== undefined, "the grammar reads decimals only");
  return value;
}

/** Why a duration or count cannot be meant, as a sentence; undefined where it can. */
export function impossible(amount: Quantity, measure: Measure, want: Want): string | undefined {
  const value = parseDecimal(amount.number);
  if (value === undefined) return `\`${amount.number}\` is no decimal number`;
  if (want.kind === "measured") {
    return want.notNegative && value.n < 0n ? "it cannot be negative" : undefined;
  }
  if (value.n <= 0n) return "it must be more than zero";
  if (measure.kind === "calendar" || isCycles(measure)) {
    return value.d === 1n ? undefined : "days, months, years and cycles are whole";
  }
  const ms = measure.kind === "elapsed" ? rational(value.n * BigInt(measure.ms), value.d) : undefined;
  return ms === undefined || ms.d === 1n ? undefined : "it is no whole number of milliseconds";
}

/** Whether a duration is one the calendar holds. */
export function tooLong(amount: Quantity, measure: Measure): boolean {
  const value = parseDecimal(amount.number);
  if (value === undefined) return false;
  const days = { day: 1, month: 30, year: 365 };
  if (measure.kind === "calendar") {
    return value.n * BigInt(measure.times * days[measure.unit]) > BigInt(MAX_CALENDAR_DAYS) * value.d;
  }
  if (measure.kind === "elapsed") {
    return value.n * BigInt(measure.ms) > BigInt(MAX_CALENDAR_DAYS) * BigInt(24 * hour) * value.d;
  }
  return measure.kind === "use" && value.n > BigInt(Number.MAX_SAFE_INTEGER) * value.d;
}

/** After the checks: the duration of an amount. */
export function spanOf(amount: Amount): Span {
  const measure = measured(amount);
  const value = numberOf(amount);
  if (measure.kind === "elapsed") return { kind: "elapsed", ms: Number((value.n * BigInt(measure.ms)) / value.d) };
  assert(measure.kind === "calendar", "the checks let durations through only");
  return { kind: "calendar", count: Number(value.n) * measure.times, unit: measure.unit };
}

export function msOf(amount: Amount): number {
  const span = spanOf(amount);
  assert(span.kind === "elapsed", "the checks let elapsed times through only");
  return span.ms;
}

/** After the checks: what the unit word of an amount stands for. */
export function measured(amount: Amount): Measure {
  assert(amount.kind === "quantity" && amount.unit !== null, "the checks let no amount without a unit through");
  const measure = measureOf(amount.unit.text);
  assert(measure !== undefined, "the checks let no unknown unit through");
  return measure;
}

/** `007.50` is `7.5`: one spelling for one number. */
export function decimalText(number: string): string {
  const match = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(number);
  assert(match !== null, "the grammar reads decimals only");
  const [, sign = "", whole = "0", fraction = ""] = match;
  const digits = fraction === "" ? whole : `${whole}.${fraction}`;
  return digits === "0" ? "0" : `${sign}${digits}`;
}

/** The decimal that is exactly this value; undefined where it never ends. */
export function exactDecimal(value: Rational): string | undefined {
  let rest = value.d;
  let places = 0;
  for (const prime of [2n, 5n]) {
    let count = 0;
    for (; rest % prime === 0n; rest /= prime) count++;
    places = Math.max(places, count);
  }
  if (rest !== 1n || places > MAX_DIGITS) return undefined;
  const scaled = (value.n * 10n ** BigInt(places)) / value.d;
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(places + 1, "0");
  const cut = digits.length - places;
  const text = places === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`;
  return decimalText(`${scaled < 0n ? "-" : ""}${text}`);
}
