import { assert } from "../../base/assert.ts";
import {
  add,
  compare,
  divide,
  multiply,
  negate,
  parseDecimal,
  type Rational,
  rational,
  showRational,
  subtract,
  ZERO,
} from "../../base/rational.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { confidenceOf, quantileRank, readingsNeeded } from "../statistics/quantile-bound.ts";

/**
 * How the early warning N is found, in the contract's unit, exactly:
 * - `passing-quantile`, with at least 59 recorded readings that passed: the one of them of which it is 95 % sure that it lies
 *   within the worst 5 % of all good readings, whatever their distribution (Wilks), rounded towards the limit to a tenth of the
 *   step. So it is 95 % sure that at most one in twenty good readings warns.
 * - `failing-spread`, otherwise: the limit and the readings that failed say how far readings fall between two checks. Their
 *   middle shortfall (of an even number the larger), rounded up to whole steps, is the margin; at least one step, at most a
 *   fifth of the limit, because what falls further at once was no slow decline that a warning could catch.
 * A limit that is no decimal (a guard band in another unit) is one with the margin rounded on to a tenth of the step.
 * The step is the largest of 1, 2, 5 times a power of ten that is at most a twentieth of the limit.
 */
export interface EarlyWarning {
  readonly basis: "passing-quantile" | "failing-spread";
  /** A decimal in `unit`; of a limit that is none what is shown is rounded. */
  readonly value: string;
  readonly limit: string;
  readonly unit: string;
  readonly side: "low" | "high";
  readonly margin: string;
  readonly step: string;
  readonly passingReadings: number;
  readonly failingReadings: number;
  readonly worst: string | null;
  readonly median: string | null;
  /** Of a `passing-quantile`, else null. */
  readonly quantile: QuantileFacts | null;
}

export interface QuantileFacts {
  /** The worst share of good readings that N lies within. */
  readonly share: number;
  /** How sure that is. */
  readonly confidence: number;
  /** Which of the passing readings, the worst first, from 1. */
  readonly rank: number;
}

export interface WarningInput {
  /** What a reading must reach to pass: the `must` limit, moved inwards by the guard band. */
  readonly limit: Rational;
  readonly side: "low" | "high";
  readonly unit: string;
  /** In `unit`. */
  readonly readings: readonly Rational[];
  /** The plausible range's end on the good side: a warning beyond it would never be satisfied. */
  readonly bound: Rational | null;
}

const SHARE = 0.05;
const CONFIDENCE = 0.95;
const STEP_SHARE = rational(1n, 20n);
const CAP_SHARE = rational(1n, 5n);
/** Enough for a step of any limit a person writes. */
const PLACES = 30;

/** N on the good side of the limit, or why there is none, in words. */
export function earlyWarning(input: WarningInput): Result<EarlyWarning, string> {
  const { limit, side, unit, bound } = input;
  if (input.readings.length === 0) return fail("no reading was recorded with these alerts");
  // A high limit is a low one seen from the other side of zero, so one arithmetic serves both.
  const flip = (value: Rational): Rational => (side === "low" ? value : negate(value));
  const base = flip(limit);
  const readings = input.readings.map(flip).sort(compare);
  const failing = readings.filter((reading) => compare(reading, base) < 0);
  const passing = readings.filter((reading) => compare(reading, base) >= 0);
  const step = stepOf(limit, failing.map((reading) => subtract(base, reading)).at(0));
  if (step === undefined) return fail("the readings stand exactly at the limit; they do not say how far they fall");
  const grain = divide(step, rational(10n));
  const quantile = quantileAbove(passing, base, grain);
  const spread = (): Rational => onGrain(add(base, marginOf(base, failing, step)), grain);
  const value = quantile?.value ?? (failing.length > 0 ? spread() : undefined);
  if (value === undefined) return fail(tooFew(passing.length));
  assert(compare(value, base) > 0, "an early warning lies on the good side of the limit");
  if (bound !== null && compare(value, flip(bound)) > 0) {
    return fail(`an early warning at ${decimalOf(flip(value))} ${unit} lies outside the plausible range`);
  }
  return ok({
    basis: quantile === undefined ? "failing-spread" : "passing-quantile",
    value: decimalOf(flip(value)),
    limit: showRational(limit),
    unit,
    side,
    margin: showRational(subtract(value, base)),
    step: decimalOf(step),
    passingReadings: passing.length,
    failingReadings: failing.length,
    worst: failing[0] === undefined ? null : showRational(flip(failing[0])),
    median: failing.length === 0 ? null : showRational(flip(lowerMiddle(failing))),
    quantile: quantile?.facts ?? null,
  });
}

/** Of an ascending list; of an even number the smaller, that is the one that fell further. */
const lowerMiddle = (ascending: readonly Rational[]): Rational => {
  const middle = ascending[Math.floor((ascending.length - 1) / 2)];
  assert(middle !== undefined, "a median needs a reading");
  return middle;
};

function marginOf(base: Rational, failing: readonly Rational[], step: Rational): Rational {
  const shortfall = subtract(base, lowerMiddle(failing));
  const margin = multiply(step, ceiling(divide(shortfall, step)));
  const cap = multiply(step, floor(divide(multiply(magnitude(base), CAP_SHARE), step)));
  const capped = compare(base, ZERO) !== 0 && compare(margin, cap) > 0 ? cap : margin;
  return compare(capped, step) < 0 ? step : capped;
}

const tooFew = (passed: number): string =>
  `${passed} readings passed and none failed; ${readingsNeeded(SHARE, CONFIDENCE)} are needed to be ` +
  `${CONFIDENCE * 100} % sure of the worst ${SHARE * 100} %`;

/** `passing` ascends. Undefined where there are too few, or where the quantile lies at the limit and would never warn before. */
function quantileAbove(
  passing: readonly Rational[],
  base: Rational,
  grain: Rational,
): { readonly value: Rational; readonly facts: QuantileFacts } | undefined {
  const rank = quantileRank(passing.length, SHARE, CONFIDENCE);
  if (rank === undefined) return undefined;
  const quantile = passing[rank - 1];
  assert(quantile !== undefined, "the rank of a quantile lies in its list");
  // Towards the limit: a lower one is a little surer still.
  const value = multiply(grain, floor(divide(quantile, grain)));
  if (compare(value, base) <= 0) return undefined;
  return { value, facts: { share: SHARE, confidence: confidenceOf(rank, passing.length, SHARE), rank } };
}

/** Undefined where neither a limit other than zero nor a shortfall gives a scale. */
function stepOf(limit: Rational, largestShortfall: Rational | undefined): Rational | undefined {
  const scale = compare(limit, ZERO) === 0 ? largestShortfall : multiply(magnitude(limit), STEP_SHARE);
  if (scale === undefined || compare(scale, ZERO) === 0) return undefined;
  let power = rational(1n);
  while (compare(power, scale) > 0) power = divide(power, rational(10n));
  while (compare(multiply(power, rational(10n)), scale) <= 0) power = multiply(power, rational(10n));
  const fits = [5n, 2n, 1n].map((digit) => multiply(power, rational(digit))).find((step) => compare(step, scale) <= 0);
  assert(fits !== undefined, "a power of ten at most the scale was found");
  return fits;
}

const magnitude = (value: Rational): Rational => (compare(value, ZERO) < 0 ? negate(value) : value);
const floor = ({ n, d }: Rational): Rational => rational(n >= 0n ? n / d : -((-n + d - 1n) / d));
const ceiling = (value: Rational): Rational => negate(floor(negate(value)));

/** A decimal as it is; another up to the next grain, away from the limit. */
const onGrain = (value: Rational, grain: Rational): Rational =>
  isDecimal(value) ? value : multiply(grain, ceiling(divide(value, grain)));

function isDecimal(value: Rational): boolean {
  const back = parseDecimal(showRational(value, PLACES));
  return back !== undefined && compare(back, value) === 0;
}

/** Exactly, never rounded: what is printed goes into a contract. */
function decimalOf(value: Rational): string {
  const text = showRational(value, PLACES);
  assert(isDecimal(value), `${value.n}/${value.d} has an exact decimal`);
  return text;
}
