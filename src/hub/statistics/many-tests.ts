/** One of several questions put to the same data. */
export interface Asked {
  /** The chance of what was seen, or more, were there nothing. */
  readonly p: number;
  /** The smallest chance that this question could have given. */
  readonly least: number;
}

/**
 * Chances corrected for having asked several questions: rejecting where the answer is at most `alpha` is wrong anywhere with a
 * chance of at most `alpha`. Questions that could never have been answered with yes cost nothing.
 * Source: R. E. Tarone, Biometrics 46 (1990) 515, over Bonferroni.
 */
export function corrected(asked: readonly Asked[], alpha: number): readonly number[] {
  const factor = costOf(asked, alpha);
  return asked.map(({ p, least }) => (least > alpha / factor ? 1 : Math.min(1, p * factor)));
}

/** The smallest k for which at most k questions could be answered with yes at alpha / k. */
function costOf(asked: readonly Asked[], alpha: number): number {
  const least = asked.map((one) => one.least).sort((a, b) => a - b);
  let answerable = least.length;
  for (let factor = 1; factor < asked.length; factor += 1) {
    while (answerable > 0 && (least[answerable - 1] ?? 0) > alpha / factor) answerable -= 1;
    if (answerable <= factor) return factor;
  }
  return Math.max(1, asked.length);
}

/**
 * For each chance the share of wrong ones among all that are named, were it and all smaller ones named: naming those of at most
 * q names, on average, at most the share q of them wrongly. Source: Benjamini and Hochberg, J. R. Statist. Soc. B 57 (1995) 289.
 */
export function falseShares(chances: readonly number[]): readonly number[] {
  const order = chances.map((_, index) => index).sort((a, b) => (chances[b] ?? 0) - (chances[a] ?? 0));
  const shares = chances.map(() => 1);
  let least = 1;
  for (const [nth, index] of order.entries()) {
    least = Math.min(least, ((chances[index] ?? 0) * chances.length) / (chances.length - nth));
    shares[index] = least;
  }
  return shares;
}
