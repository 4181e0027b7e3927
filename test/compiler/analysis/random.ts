/** A small generator of its own, so that a failure names a seed that gives it again. Source: Steele, "mulberry32". */
export interface Random {
  /** A whole number from 0 up to, and without, `below`. */
  readonly upTo: (below: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
  readonly chance: (probability: number) => boolean;
}

export function random(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const upTo = (below: number): number => Math.floor(next() * below);
  return { upTo, pick: (list) => list[upTo(list.length)] as (typeof list)[number], chance: (p) => next() < p };
}
