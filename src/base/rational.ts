import { assert } from "./assert.ts";

/** An exact number: numerator over denominator, lowest terms, denominator positive. Doubles never decide anything. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
const JSON_NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;
/** An exponent beyond this is no reading of any instrument, and 10**exponent would cost time and memory. */
const MAX_EXPONENT = 400;

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Whole numbers below 2^53 are exact as doubles too, and dividing those makes no garbage. */
const gcd = (a: bigint, b: bigint): bigint => {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y > SAFE) [x, y] = [y, x % y];
  if (y === 0n) return x;
  let large = Number(y);
  let small = Number(x % y);
  while (small !== 0) [large, small] = [small, large % small];
  return BigInt(large);
};

/** n / d in lowest terms. @throws AssertionFailed when d is 0 */
export function rational(n: bigint, d = 1n): Rational {
  if (d === 1n) return { n, d };
  assert(d !== 0n, "a rational has no zero denominator");
  const g = gcd(n, d) || 1n;
  return d < 0n ? { n: -n / g, d: -d / g } : { n: n / g, d: d / g };
}

export const ZERO: Rational = { n: 0n, d: 1n };

/** A decimal such as `1000`, `0.1`, `-5` (no exponent, no grouping), or undefined. */
export function parseDecimal(text: string): Rational | undefined {
  const match = DECIMAL.exec(text);
  return match === null ? undefined : fromParts(match[1] === "-", match[2] as string, match[3] ?? "", 0);
}

/** A number as JSON spells it, exponent included, without a detour through a double; undefined beyond 10^±400. */
export function parseJsonNumber(text: string): Rational | undefined {
  const match = JSON_NUMBER.exec(text);
  if (match === null) return undefined;
  const exponent = Number(match[4] ?? "0");
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  return fromParts(match[1] === "-", match[2] as string, match[3] ?? "", exponent);
}

function fromParts(negative: boolean, whole: string, fraction: string, exponent: number): Rational {
  const digits = BigInt(whole + fraction) * (negative ? -1n : 1n);
  const shift = exponent - fraction.length;
  return shift >= 0 ? rational(digits * 10n ** BigInt(shift)) : rational(digits, 10n ** BigInt(-shift));
}

export const add = (a: Rational, b: Rational): Rational =>
  b.n === 0n ? a : rational(a.n * b.d + b.n * a.d, a.d * b.d);
export const subtract = (a: Rational, b: Rational): Rational => rational(a.n * b.d - b.n * a.d, a.d * b.d);
export const multiply = (a: Rational, b: Rational): Rational => rational(a.n * b.n, a.d * b.d);
export const divide = (a: Rational, b: Rational): Rational => rational(a.n * b.d, a.d * b.n);
export const negate = (a: Rational): Rational => ({ n: -a.n, d: a.d });

/** The exact sign of a − b. */
export function compare(a: Rational, b: Rational): -1 | 0 | 1 {
  const left = a.n * b.d;
  const right = b.n * a.d;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A decimal of more digits than this behind its point is no help to a person. */
const MAX_SHOWN_PLACES = 20;

/**
 * For people: the exact decimal where it ends within 20 places, so that 999.9999999 is never shown as 1000; else rounded
 * half away from zero to `places` digits. Never feed it back into a comparison.
 */
export function showRational(value: Rational, places = 6): string {
  const shown = placesOf(value) ?? places;
  const scale = 10n ** BigInt(shown);
  const scaled = value.n * scale * 2n;
  const magnitude = scaled < 0n ? -scaled : scaled;
  const rounded = (magnitude / value.d + 1n) / 2n;
  const whole = rounded / scale;
  const fraction = shown === 0 ? "" : (rounded % scale).toString().padStart(shown, "0").replace(/0+$/, "");
  const sign = value.n < 0n && rounded !== 0n ? "-" : "";
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** How many digits stand behind the point of a decimal that ends; undefined for one that does not, or is too long. */
function placesOf({ d }: Rational): number | undefined {
  let power = 1n;
  for (let places = 0; places <= MAX_SHOWN_PLACES; places += 1) {
    if (power % d === 0n) return places;
    power *= 10n;
  }
  return undefined;
}
