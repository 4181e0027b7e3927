import { STALE_AFTER_MS } from "../../model/limits.ts";

/**
 * Whether a hub that answers still vouches for what is in force. Each set rests on a timestamp that is good for a day; a hub signs
 * the next one long before that. One that answers and brings none is frozen, or somebody holds its answers back. Being offline is
 * no such thing: that a node has no hub is known, and its gate goes on by what it keeps.
 */
export interface Freshness {
  /** Since when, monotonic, a hub answers and the timestamp is too old all the same; null where that is not so. */
  readonly staleSinceMs: number | null;
  /** The expiry that was told about last: once is news. */
  readonly toldOfMs: number | null;
}

export interface FreshnessLook {
  readonly nowMs: number;
  readonly monotonicMs: number;
  /** A hub has welcomed this node, and signed the time of this machine's start. */
  readonly isAnswered: boolean;
  /** When the timestamp of the set that was accepted last expires; null where there is none. */
  readonly freshUntilMs: number | null;
}

export const FRESH: Freshness = { staleSinceMs: null, toldOfMs: null };

/** One look in, the next state and whether people are to be told. Pure. */
export function stepFreshness(
  state: Freshness,
  { nowMs, monotonicMs, isAnswered, freshUntilMs }: FreshnessLook,
): { readonly state: Freshness; readonly tell: boolean } {
  if (!isAnswered || freshUntilMs === null || nowMs <= freshUntilMs)
    return { state: { ...state, staleSinceMs: null }, tell: false };
  // A node that comes back after a month is told of its set in the same minute.
  const staleSinceMs = state.staleSinceMs ?? monotonicMs;
  const tell = monotonicMs - staleSinceMs >= STALE_AFTER_MS && state.toldOfMs !== freshUntilMs;
  return { state: { staleSinceMs, toldOfMs: tell ? freshUntilMs : state.toldOfMs }, tell };
}
