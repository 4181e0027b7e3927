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
