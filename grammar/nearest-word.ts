/** Letters to add, drop or change; two that changed places count once. Callers bound the lengths: time is their product. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost, swapped));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

const LONGEST = 24;

/** The phrase spelled most like `word`, in any case; undefined where more than a quarter of its letters, rounded up, are off. */
export function nearestPhrase(word: string, phrases: readonly string[]): string | undefined {
  if (word.length > LONGEST || word.length < 3) return undefined;
  let best: string | undefined;
  let limit = Math.ceil(word.length / 4) + 1;
  for (const phrase of phrases) {
    if (Math.abs(phrase.length - word.length) >= limit) continue;
    const off = distance(word.toLowerCase(), phrase.toLowerCase());
    if (off < limit) [best, limit] = [phrase, off];
  }
  return best;
}
