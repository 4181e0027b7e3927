import { assert } from "../base/assert.ts";
import { add, compare, parseDecimal, type Rational, subtract, ZERO } from "../base/rational.ts";
import type { BundleQuantity, ReadingClause } from "../model/bundle.ts";
import { findUnit, physicalZero, toBase, type Unit } from "../model/units.ts";
import { remembered } from "./analysis/remembered.ts";

/** A set of readings without gaps, in the base unit of its kind; null is no end. */
export interface Interval {
  readonly low: End | null;
  readonly high: End | null;
}

export interface End {
  readonly value: Rational;
  readonly inclusive: boolean;
}

const unitOf = (symbol: string): Unit => {
  const unit = findUnit(symbol);
  assert(unit !== undefined, "a compiled clause names units of the table");
  return unit;
};

const number = (text: string): Rational => {
  const value = parseDecimal(text);
  assert(value !== undefined, "a compiled clause holds decimals");
  return value;
};

/** The limit as it is written, without its guard band. A difference of temperatures has no zero to be counted from. */
export const limitOf = (clause: ReadingClause, difference: boolean): Interval =>
  difference ? limitOfDifference(clause) : limitOfReading(clause);

// Clauses about one quantity are compared pair by pair, and each limit is asked for as often as there are others.
const limitOfReading = remembered((clause: ReadingClause) => limitIn(clause, false));
const limitOfDifference = remembered((clause: ReadingClause) => limitIn(clause, true));

function limitIn({ limit }: ReadingClause, difference: boolean): Interval {
  const unit = unitOf(limit.unit);
  const end = (one: { value: string; inclusive: boolean } | null): End | null =>
    one === null ? null : { value: toBase(number(one.value), unit, { difference }), inclusive: one.inclusive };
  return { low: end(limit.low), high: end(limit.high) };
}

/** The guard band's width in base units. */
export function guardOf({ guardBand }: ReadingClause): Rational {
  return guardBand === null ? ZERO : toBase(number(guardBand.value), unitOf(guardBand.unit), { difference: true });
}

/** What passes: the limit moved inward by the guard band, whose own end passes. Source: decisions.md B3b. */
export function acceptance(clause: ReadingClause, difference: boolean): Interval {
  const { low, high } = limitOf(clause, difference);
  const guard = guardOf(clause);
  if (guard.n === 0n) return { low, high };
  return {
    low: low === null ? null : { value: add(low.value, guard), inclusive: true },
    high: high === null ? null : { value: subtract(high.value, guard), inclusive: true },
  };
}

/** What an instrument can read at all: the declared range, and nothing below physical zero. Source: decisions.md B4. */
export function plausible(quantity: BundleQuantity): Interval {
  if (quantity.difference !== null) return { low: null, high: null };
  const unit = unitOf(quantity.unit);
  const inBase = (value: Rational): Rational => toBase(value, unit);
  const zero = physicalZero(unit);
  const floor = zero === undefined ? null : { value: inBase(zero), inclusive: true };
  if (quantity.plausible === null) return { low: floor, high: null };
  const low = { value: inBase(number(quantity.plausible.from)), inclusive: true };
  const high = { value: inBase(number(quantity.plausible.to)), inclusive: true };
  return { low: floor !== null && compare(floor.value, low.value) > 0 ? floor : low, high };
}

/** The readings that lie in both. */
export const intersection = (a: Interval, b: Interval): Interval => ({
  low: tighterLow(a.low, b.low),
  high: tighterHigh(a.high, b.high),
});

/** Whether no reading lies in both. */
export const disjoint = (a: Interval, b: Interval): boolean => isEmpty(intersection(a, b));

/** The one reading that lies in it; undefined where there are more, or none. */
export function onlyPoint(interval: Interval): Rational | undefined {
  const { low, high } = interval;
  const isPoint = low !== null && high !== null && !isEmpty(interval) && compare(low.value, high.value) === 0;
  return isPoint ? low.value : undefined;
}

/** What can be computed for a difference: the plausible ranges of its sides, subtracted. */
export function plausibleDifference(left: BundleQuantity, right: BundleQuantity): Interval {
  if (left.name === right.name)
    return { low: { value: ZERO, inclusive: true }, high: { value: ZERO, inclusive: true } };
  const [a, b] = [plausible(left), plausible(right)];
  const minus = (from: End | null, what: End | null): End | null =>
    from === null || what === null ? null : { value: subtract(from.value, what.value), inclusive: true };
  return { low: minus(a.low, b.high), high: minus(a.high, b.low) };
}

export function isEmpty({ low, high }: Interval): boolean {
  if (low === null || high === null) return false;
  const order = compare(low.value, high.value);
  return order > 0 || (order === 0 && !(low.inclusive && high.inclusive));
}

/** Whether every reading of `inner` lies in `outer`. */
export function isWithin(inner: Interval, outer: Interval): boolean {
  return (
    isEmpty(inner) ||
    (sameEnd(tighterLow(inner.low, outer.low), inner.low) && sameEnd(tighterHigh(inner.high, outer.high), inner.high))
  );
}

const sameEnd = (a: End | null, b: End | null): boolean =>
  a === b || (a !== null && b !== null && a.inclusive === b.inclusive && compare(a.value, b.value) === 0);

const tighterLow = (a: End | null, b: End | null): End | null => tighter(a, b, 1);
const tighterHigh = (a: End | null, b: End | null): End | null => tighter(a, b, -1);

function tighter(a: End | null, b: End | null, direction: 1 | -1): End | null {
  if (a === null || b === null) return a ?? b;
  const order = compare(a.value, b.value);
  if (order === 0) return a.inclusive ? b : a;
  return order === direction ? a : b;
}
