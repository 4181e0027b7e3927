import { binomialAtMost } from "./binomial.ts";
import type { Observed } from "./rate-ratio.ts";
import { lnGamma } from "./special-functions.ts";

/** Where a rate rose once: from this place of the series on it was higher than before. */
export interface ChangePoint {
  /** Index of the first day of the higher rate. */
  readonly at: number;
  readonly before: Observed;
  readonly after: Observed;
  /** The chance that a steady rate shows a rise as plain as this one somewhere in the series. */
  readonly p: number;
}

/** Above so many counts the chance is bounded instead of computed; it is then larger than it need be, never smaller. */
const MAX_EXACT_COUNTS = 5_000;

/**
 * The plainest rise in a series of daily counts with their exposure, by the largest likelihood ratio of "one rate up to a day,
 * a higher one from it on" to "one rate"; null where there is none at all. Its chance is that of the largest ratio over all
 * days, given the sum of the counts, under a steady Poisson rate: whoever takes a rise for true where `p` is at most 0.01 is
 * wrong for at most one steady series in a hundred, however its exposure varies.
 * Source: K. J. Worsley, Biometrika 73 (1986) 91; the chance is computed exactly, day by day, instead of by his recursion.
 */
export function rateRise(days: readonly Observed[]): ChangePoint | null {
  // What was counted was also exposed, though its record may not have arrived.
  const series = days.map(({ count, exposure }) => ({ count, exposure: Math.max(count, exposure) }));
  const total = summed(series);
  if (total.count === 0) return null;
  let best: { readonly at: number; readonly before: Observed; readonly ratio: number } | undefined;
  let before: Observed = { count: 0, exposure: 0 };
  for (const [index, day] of series.entries()) {
    const ratio = likelihoodRatio(before.count, before.exposure, total);
    if (ratio > (best?.ratio ?? 0)) best = { at: index, before, ratio };
    before = { count: before.count + day.count, exposure: before.exposure + day.exposure };
  }
  if (best === undefined) return null;
  const after = {
    count: total.count - best.before.count,
    exposure: total.exposure - best.before.exposure,
  };
  return { at: best.at, before: best.before, after, p: chanceOf(series, total, best.ratio) };
}

const summed = (series: readonly Observed[]): Observed => ({
  count: series.reduce((sum, { count }) => sum + count, 0),
  exposure: series.reduce((sum, { exposure }) => sum + exposure, 0),
});

/** Log likelihood ratio of a rise behind a part of the series; 0 where the rate did not rise there. */
function likelihoodRatio(count: number, exposure: number, total: Observed): number {
  const rest = { count: total.count - count, exposure: total.exposure - exposure };
  if (exposure <= 0 || rest.exposure <= 0 || count * rest.exposure >= rest.count * exposure) return 0;
  const part = (n: number, of: number): number =>
    n === 0 ? 0 : n * Math.log((n * total.exposure) / (of * total.count));
  return part(count, exposure) + part(rest.count, rest.exposure);
}

function chanceOf(series: readonly Observed[], total: Observed, threshold: number): number {
  const limits = limitsOf(series, total, threshold);
  return total.count > MAX_EXACT_COUNTS ? boundOf(limits, total) : exactChance(limits, total);
}

interface DayLimit {
  /** Counts that a steady rate expects on this day. */
  readonly expected: number;
  /** Exposure up to and with this day. */
  readonly exposure: number;
  /** The most counts up to and with this day with which the rise behind it is as plain as the threshold; −1 for none. */
  readonly atMost: number;
}

/** The ratio falls as more counts stand before, so that each day has one limit. */
function limitsOf(series: readonly Observed[], total: Observed, threshold: number): readonly DayLimit[] {
  // The rise itself must count as one as plain, whatever the last digit says.
  const plain = threshold * (1 - 1e-12);
  let exposure = 0;
  return series.map((day) => {
    exposure += day.exposure;
    let [low, high] = [-1, total.count];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (likelihoodRatio(middle, exposure, total) >= plain) low = middle;
      else high = middle;
    }
    return { expected: (total.count * day.exposure) / total.exposure, exposure, atMost: low };
  });
}

/** Of all ways in which the counts may fall on the days, those that stay above every day's limit; the rest crosses one. */
function exactChance(limits: readonly DayLimit[], total: Observed): number {
  let stays = new Float64Array(total.count + 1);
  stays[0] = 1;
  for (const { expected, atMost } of limits) {
    const terms = poissonTerms(expected, total.count);
    const next = new Float64Array(total.count + 1);
    for (const [sum, chance] of stays.entries()) {
      if (chance === 0) continue;
      const end = Math.min(terms.length, total.count - sum + 1);
      for (let more = 0; more < end; more += 1) {
        const reached = sum + more;
        if (reached > atMost) next[reached] = (next[reached] ?? 0) + chance * (terms[more] ?? 0);
      }
    }
    stays = next;
  }
  const all = Math.exp(total.count * Math.log(total.count) - total.count - lnGamma(total.count + 1));
  return Math.min(1, Math.max(0, 1 - (stays[total.count] ?? 0) / all));
}

/** A Poisson's chances of 0, 1, 2 …, as far as they matter. */
function poissonTerms(expected: number, most: number): readonly number[] {
  if (expected === 0) return [1];
  const terms: number[] = [];
  for (let k = 0; k <= most; k += 1) {
    const term = Math.exp(k * Math.log(expected) - expected - lnGamma(k + 1));
    if (k > expected && term < 1e-18) break;
    terms.push(term);
  }
  return terms;
}

/** The sum of each day's own chance is at least that of any of them. */
function boundOf(limits: readonly DayLimit[], total: Observed): number {
  const chances = limits.map(({ exposure, atMost }) =>
    binomialAtMost(atMost, total.count, Math.min(1, exposure / total.exposure)),
  );
  return Math.min(
    1,
    chances.reduce((sum, chance) => sum + chance, 0),
  );
}
