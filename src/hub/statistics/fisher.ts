import { assert } from "../../base/assert.ts";
import { lnChoose } from "./special-functions.ts";

/** Of `population` cases `marked` bear a mark; of the `drawn` ones `hits` do. */
export interface Draw {
  readonly population: number;
  readonly marked: number;
  readonly drawn: number;
  readonly hits: number;
}

/**
 * The chance of so many hits or more, were the drawn ones drawn blindly: Fisher's exact test, one-sided.
 * Source: R. A. Fisher, The Design of Experiments (1935), chapter 2.
 */
export function moreThanChance({ population, marked, drawn, hits }: Draw): number {
  const most = Math.min(marked, drawn);
  const least = Math.max(0, marked + drawn - population);
  assert(hits >= least && hits <= most, "the four counts of a table fit each other");
  if (hits === least) return 1;
  let sum = 0;
  // From the least likely on, so that the small terms are not lost.
  for (let k = most; k >= hits; k -= 1) sum += Math.exp(lnHits(population, marked, drawn, k));
  return Math.min(1, sum);
}

/** The smallest chance that any outcome with these margins could have: below it no test with them can ever get. */
export const leastChance = ({ population, marked, drawn }: Omit<Draw, "hits">): number =>
  moreThanChance({ population, marked, drawn, hits: Math.min(marked, drawn) });

const lnHits = (population: number, marked: number, drawn: number, k: number): number =>
  lnChoose(marked, k) + lnChoose(population - marked, drawn - k) - lnChoose(population, drawn);
