import { assert } from "../../base/assert.ts";

const HALF_LOG_TAU = 0.5 * Math.log(2 * Math.PI);
/** From here on the series is exact to a double's last digits. */
const STIRLING_FROM = 15;

/**
 * ln Γ(x) for x > 0, to about 14 digits: Stirling's series, and the recurrence below where it holds.
 * Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.1.41.
 */
export function lnGamma(x: number): number {
  assert(x > 0, "ln gamma is asked for positive numbers");
  let product = 1;
  let y = x;
  while (y < STIRLING_FROM) {
    product *= y;
    y += 1;
  }
  const z = 1 / (y * y);
  const series = (1 / 12 + z * (-1 / 360 + z * (1 / 1260 + z * (-1 / 1680 + z / 1188)))) / y;
  return (y - 0.5) * Math.log(y) - y + HALF_LOG_TAU + series - Math.log(product);
}

/** ln of n over k. */
export const lnChoose = (n: number, k: number): number =>
  k === 0 || k === n ? 0 : lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1);

const MAX_TERMS = 10_000;
const TINY = 1e-300;
const PRECISION = 1e-15;

/**
 * The regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 ≤ x ≤ 1, by its continued fraction.
 * Source: DLMF 8.17.22, evaluated by the modified Lentz method.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  assert(a > 0 && b > 0 && x >= 0 && x <= 1, "an incomplete beta has positive parameters and an x from 0 to 1");
  if (x === 0 || x === 1) return x;
  // The fraction converges fast on this side only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  return front * betaFraction(x, a, b);
}

function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MAX_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < PRECISION) return fraction;
  }
  assert(false, "the continued fraction converges");
}

const HALVINGS = 200;

/** Where an increasing function of [0, 1] reaches `target`, to the last digit of a double. */
export function whereIncreasing(at: (x: number) => number, target: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (at(middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
