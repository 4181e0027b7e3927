import type { TimeSources } from "../../../agent/agent-clock.ts";

/** One clock for a whole plant, set by the story: a month goes by in minutes. Every instant is epoch milliseconds. */
export interface SimTime {
  readonly nowMs: () => number;
  /** Only ever forward. */
  readonly advanceTo: (atMs: number) => void;
  /** What an agent asks: its wall, its monotonic and its boot clock run together, as on a machine that never stops. */
  readonly sources: TimeSources;
}

export function openSimTime(startMs: number): SimTime {
  let nowMs = startMs;
  const sinceStart = (): number => nowMs - startMs;
  return {
    nowMs: () => nowMs,
    advanceTo: (atMs) => {
      nowMs = Math.max(nowMs, atMs);
    },
    sources: { wallMs: () => nowMs, monotonicMs: sinceStart, bootMs: sinceStart, bootId: "the month" },
  };
}
