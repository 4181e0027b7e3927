/** Chance with a seed, so that a failure names what gives it again. Source: Steele, "mulberry32". */
export type Random = () => number;

export function randomOf(seed: number, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const chance = (next: Random, share: number): boolean => next() < share;
export const below = (next: Random, count: number): number => Math.floor(next() * count);

/** One of a list that is not empty. */
export function choose<T>(next: Random, list: readonly T[]): T {
  const found = list[below(next, list.length)];
  if (found === undefined && list.length === 0) throw new Error("nothing to choose from");
  return found as T;
}

/** What `make` gives with that chance, else nothing. */
export const maybe = (next: Random, share: number, make: () => string): string => (chance(next, share) ? make() : "");

export function shuffled<T>(next: Random, list: readonly T[]): T[] {
  const left = [...list];
  const mixed: T[] = [];
  while (left.length > 0) mixed.push(...left.splice(below(next, left.length), 1));
  return mixed;
}
