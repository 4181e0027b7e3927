import { add, compare, divide, type Rational, rational, subtract, ZERO } from "../../base/rational.ts";
import { toBase, type Unit } from "../../model/units.ts";
import { exactDecimal } from "../amounts.ts";
import { type Interval, isEmpty } from "../intervals.ts";

/** A reading as a person would write it down. */
export interface RoundValue {
  readonly value: string;
  readonly unit: string;
}

const MAX_PLACES = 30;

/**
 * A decimal of few digits well inside the interval (base units), in the first of `units` in which there is one: a single
 * point such as 2 fc is no decimal in lx. Undefined where the interval is empty or no unit has a decimal for it.
 */
export function roundValueIn(interval: Interval, units: readonly Unit[]): RoundValue | undefined {
  if (isEmpty(interval)) return undefined;
  for (const unit of units) {
    const value = roundWithin(inUnit(interval, unit));
    if (value !== undefined) return { value, unit: unit.symbol };
  }
  return undefined;
}

export const inBase = ({ value, unit }: { readonly value: Rational; readonly unit: Unit }): Rational =>
  toBase(value, unit);

function inUnit({ low, high }: Interval, unit: Unit): Interval {
  const converted = (end: Interval["low"]): Interval["low"] =>
    end === null ? null : { ...end, value: divide(subtract(end.value, unit.offset), unit.factor) };
  return { low: converted(low), high: converted(high) };
}

function roundWithin(interval: Interval): string | undefined {
  const center = centerOf(interval);
  for (let places = 0; places <= MAX_PLACES; places++) {
    const value = rounded(center, places);
    if (holds(interval, value)) return exactDecimal(value);
  }
  // Only a single point is left to try; it may be a decimal of more digits, or none.
  return holds(interval, center) ? exactDecimal(center) : undefined;
}

const TWO = rational(2n);
const FIVE = rational(5n);
const ONE = rational(1n);

/** A fifth beyond a lone limit, at least one; the middle of two. */
function centerOf({ low, high }: Interval): Rational {
  if (low !== null && high !== null) {
    const middle = divide(add(low.value, high.value), TWO);
    const near = beyond(low.value, 1);
    return compare(near, middle) < 0 ? near : middle;
  }
  if (low !== null) return beyond(low.value, 1);
  return high === null ? ZERO : beyond(high.value, -1);
}

function beyond(limit: Rational, direction: 1 | -1): Rational {
  const size = divide(limit.n < 0n ? { n: -limit.n, d: limit.d } : limit, FIVE);
  const step = compare(size, ONE) < 0 ? ONE : size;
  return direction > 0 ? add(limit, step) : subtract(limit, step);
}

/** Half up. */
function rounded(value: Rational, places: number): Rational {
  const scale = 10n ** BigInt(places);
  const doubled = value.n * scale * 2n + value.d;
  const under = value.d * 2n;
  const floor = doubled >= 0n ? doubled / under : -((-doubled + under - 1n) / under);
  return rational(floor, scale);
}

/** Whether a value lies in an interval. */
export function holds({ low, high }: Interval, value: Rational): boolean {
  const above = low === null ? 1 : compare(value, low.value);
  const below = high === null ? 1 : compare(high.value, value);
  return (
    (above > 0 || (above === 0 && low?.inclusive === true)) && (below > 0 || (below === 0 && high?.inclusive === true))
  );
}
