import { binomialAtLeast, binomialAtMost, DEFAULT_CONFIDENCE, shareBounds } from "./binomial.ts";

/** How often something happened in so much exposure: tests that were decided, days, hours. */
export interface Observed {
  readonly count: number;
  readonly exposure: number;
}

/** What two rates say of each other. `null` is "nothing can be said": no exposure, or no count on the side it divides by. */
export interface RateRatio {
  readonly ratio: number | null;
  /** `high` is null where nothing bounds it from above. */
  readonly low: number;
  readonly high: number | null;
  readonly confidence: number;
  /** The chance of so high a share of the counts, or a higher one, on the first side, were the rates equal. */
  readonly pHigher: number;
  readonly pLower: number;
}

/**
 * The first rate over the second with exact bounds: given how many counts there are in all, how they fall on the two sides is
 * binomial. Null where a side has no exposure or neither has a count. Source: Przyborowski and Wilenski, Biometrika 31 (1940)
 * 313; the bounds carry Clopper and Pearson's over, as R's `poisson.test` does.
 */
export function rateRatio(first: Observed, second: Observed, confidence = DEFAULT_CONFIDENCE): RateRatio | null {
  const total = first.count + second.count;
  if (first.exposure <= 0 || second.exposure <= 0 || total === 0) return null;
  const share = shareBounds(first.count, total, confidence);
  const perExposure = second.exposure / first.exposure;
  const odds = (p: number): number | null => (p >= 1 ? null : (p / (1 - p)) * perExposure);
  const equal = first.exposure / (first.exposure + second.exposure);
  return {
    ratio: second.count === 0 ? null : (first.count / second.count) * perExposure,
    low: odds(share.low) ?? 0,
    high: odds(share.high),
    confidence,
    pHigher: binomialAtLeast(first.count, total, equal),
    pLower: binomialAtMost(first.count, total, equal),
  };
}
