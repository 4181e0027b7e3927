import { assert } from "../../base/assert.ts";
import { binomialAtLeast } from "./binomial.ts";

/**
 * Which of n readings, counted from the worst (1), lies with this confidence no further in than the worst `share` of all
 * readings that there could be, whatever their distribution; undefined where n is too small for any. With 95 % for the worst
 * 5 % that takes 59 readings, and the worst of them. Source: S. S. Wilks, Annals of Mathematical Statistics 12 (1941) 91.
 */
export function quantileRank(n: number, share: number, confidence: number): number | undefined {
  assert(share > 0 && share < 1 && confidence > 0 && confidence < 1, "a share and a confidence lie between 0 and 1");
  if (confidenceOf(1, n, share) < confidence) return undefined;
  let [low, high] = [1, n + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (confidenceOf(middle, n, share) >= confidence) low = middle;
    else high = middle;
  }
  return low;
}

/** How sure it is that the reading of this rank lies within the worst `share`. */
export const confidenceOf = (rank: number, n: number, share: number): number => binomialAtLeast(rank, n, share);

/** The fewest readings for which `quantileRank` answers. */
export const readingsNeeded = (share: number, confidence: number): number =>
  Math.ceil(Math.log(1 - confidence) / Math.log(1 - share));
