import type { ReadContract } from "../reference/interpreter-contract.ts";
import { DAY, type Duration, daysLater, type PlantTime } from "../reference/interpreter-time.ts";
import { chance, choose, type Random } from "./gate-random.ts";
import { type Draft, instantText, type Value } from "./gate-values.ts";

/** Where evidence is made: for which instant, and how often it stands at an edge. */
export interface Setting {
  readonly next: Random;
  readonly contract: ReadContract;
  readonly now: number;
  readonly plant: PlantTime;
  /** 0 to 1. */
  readonly edges: number;
  readonly asset: (role: string) => string;
  readonly item: (asset: string) => Draft;
  readonly readings: Draft;
  readonly lots: Draft;
  readonly acks: Value[];
}

export const isEdge = ({ next, edges }: Setting): boolean => chance(next, edges);

export const today = ({ plant, now }: Setting): number => plant.dayOf(now);
export const textOf = ({ next }: Setting, instant: number): string => instantText(next, instant);

/** The day from which the duration ends today, more or less. */
export function dayBefore(setting: Setting, duration: Duration): number {
  const { next } = setting;
  const off = choose(next, [0, 0, 0, -1, -1, 1, 2, -2, -30, 30]);
  if (duration.kind === "elapsed") return today(setting) - Math.ceil(duration.ms / DAY) + off;
  return daysLater(today(setting), duration, -1) + off;
}
