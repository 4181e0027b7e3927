import { assert } from "../../base/assert.ts";
import { incompleteBeta, whereIncreasing } from "./special-functions.ts";

/** An interval that holds the true value with at least its confidence. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export const DEFAULT_CONFIDENCE = 0.95;

/** P(X ≥ k) of a binomial of n tries with chance p each. */
export function binomialAtLeast(k: number, n: number, p: number): number {
  assert(Number.isInteger(k) && Number.isInteger(n) && n >= 0, "a binomial counts");
  if (k <= 0) return 1;
  if (k > n) return 0;
  return incompleteBeta(p, k, n - k + 1);
}

/** P(X ≤ k). */
export function binomialAtMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return incompleteBeta(1 - p, n - k, k + 1);
}

/**
 * Exact two-sided bounds of a share: k of n. They never claim more than they hold, however few the cases; with k = 0 the lower
 * one is 0, with n = 0 nothing is known. Source: Clopper and Pearson, Biometrika 26 (1934) 404.
 */
export function shareBounds(k: number, n: number, confidence = DEFAULT_CONFIDENCE): Bounds {
  const tail = (1 - confidence) / 2;
  return { low: shareAtLeast(k, n, 1 - tail), high: shareAtMost(k, n, 1 - tail) };
}

/** The one-sided lower bound alone: the share is at least this, so sure. */
export function shareAtLeast(k: number, n: number, confidence = DEFAULT_CONFIDENCE): number {
  assert(k >= 0 && k <= n, "of n cases at most n were counted");
  return k === 0 ? 0 : whereIncreasing((p) => binomialAtLeast(k, n, p), 1 - confidence);
}

/** The one-sided upper bound alone. */
export function shareAtMost(k: number, n: number, confidence = DEFAULT_CONFIDENCE): number {
  assert(k >= 0 && k <= n, "of n cases at most n were counted");
  return k === n ? 1 : whereIncreasing((p) => 1 - binomialAtMost(k, n, p), confidence);
}
