import { DAY_MS, dayOf, type ExposureView } from "../patterns/exposure.ts";
import { type Blocked, troublesOf } from "../patterns/new-troubles.ts";
import { type Observed, type RateRatio, rateRatio } from "../statistics/rate-ratio.ts";

/** One side of a deployment. */
export interface EffectSide {
  /** Left out itself; epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Blocked decisions of what the proposal was about, of all decisions by the contract. */
  readonly blocked: Observed;
  /** New troubles, of the decisions in which there could be one. */
  readonly troubles: Observed;
}

/** What a version did to what it was proposed for: as much time after it came into force as before. */
export interface Effect {
  readonly before: EffectSide;
  readonly after: EffectSide;
  /** After over before. Its bounds take decisions for independent, which those of one trouble are not. */
  readonly decisions: RateRatio | null;
  /** After over before, by new troubles: what `verdict` goes by. Null where nothing was decided or nothing happened. */
  readonly troubles: RateRatio | null;
  /** `fell` and `rose` where one rate alone does not explain it, at 95 %; `unclear` otherwise, as always with few cases. */
  readonly verdict: "fell" | "rose" | "unclear";
}

export interface EffectInput {
  /** When the version came into force. */
  readonly atMs: number;
  readonly nowMs: number;
  /** The longest that is looked at on each side. */
  readonly windowMs: number;
  /** Blocked decisions from a week before the first day looked at. */
  readonly blocked: readonly Blocked[];
  readonly exposure: ExposureView;
}

/** Pure. Sides are equally long, and no longer than the time since. */
export function effectOf({ atMs, nowMs, windowMs, blocked, exposure }: EffectInput): Effect {
  const lengthMs = Math.max(0, Math.min(windowMs, nowMs - atMs));
  const troubles = troublesOf(blocked, dayOf(nowMs));
  const daily = exposure.daily();
  const side = (fromMs: number, toMs: number): EffectSide => {
    const own = blocked.filter((one) => one.atMs > fromMs && one.atMs <= toMs);
    let decided = 0;
    for (const count of exposure.within(fromMs, toMs).values()) decided += count;
    // Whole days: the one of the deployment belongs to neither side.
    const [first, last] = [dayOf(fromMs) + 1, dayOf(toMs) - (toMs === nowMs ? 0 : 1)];
    const within = (day: number): boolean => day >= first && day <= last;
    let atRisk = 0;
    for (const [node, days] of daily)
      for (const [day, count] of days) if (within(day) && !troubles.hasIt(node, day)) atRisk += count;
    const started = troubles.newOn.filter(within).length;
    return {
      ...{ fromMs, toMs, blocked: { count: own.length, exposure: Math.max(own.length, decided) } },
      troubles: { count: started, exposure: Math.max(started, atRisk) },
    };
  };
  const [before, after] = [side(atMs - lengthMs, atMs), side(atMs, atMs + lengthMs)];
  const ratio = rateRatio(after.troubles, before.troubles);
  return {
    before,
    after,
    decisions: rateRatio(after.blocked, before.blocked),
    troubles: ratio,
    verdict: verdictOf(ratio),
  };
}

function verdictOf(ratio: RateRatio | null): Effect["verdict"] {
  if (ratio === null) return "unclear";
  if (ratio.high !== null && ratio.high < 1) return "fell";
  return ratio.low > 1 ? "rose" : "unclear";
}

export const DAYS_OF_EFFECT = 28;
export const EFFECT_WINDOW_MS = DAYS_OF_EFFECT * DAY_MS;
