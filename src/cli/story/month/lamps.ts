/** A UV-A lamp as it ages: what a meter in front of it would show, uW/cm2. */
export interface Lamp {
  readonly id: string;
  readonly lot: string;
  /** Whole days of use. */
  readonly ageDays: number;
}

export const GOOD_LOT = "UVL-2608";
/** Its phosphor fades ten times as fast: what the month is about. */
export const BAD_LOT = "UVL-2609";

const NEW_LAMP = 1_500;
const FADE_A_DAY: { readonly [lot: string]: number } = { [GOOD_LOT]: 6, [BAD_LOT]: 62 };
const NOISE = 15;

export const intensityOf = ({ lot, ageDays }: Lamp, noise: number): number =>
  Math.round(NEW_LAMP - (FADE_A_DAY[lot] ?? 0) * ageDays + (noise * 2 - 1) * NOISE);

/** Numbers between 0 and 1 that are the same for the same seed. Source: mulberry32, public domain. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
