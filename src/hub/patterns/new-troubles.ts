import { PATTERN_SAME_TROUBLE_DAYS } from "../../model/limits.ts";
import { dayOf } from "./exposure.ts";

/** A blocked decision, where its last alert stands. */
export interface Blocked {
  readonly node: string;
  readonly atMs: number;
}

/**
 * Blocked decisions as troubles: one weak lamp blocks ten tests in an hour, and more until it is changed; those are many decisions
 * and one trouble, and a rate that is tested must be of things that do not bring each other about. A node has new trouble on a
 * day on which it was blocked and was not in the `PATTERN_SAME_TROUBLE_DAYS` before.
 */
export interface Troubles {
  /** Days since 1970 on which some node got it; a day once for each node. */
  readonly newOn: readonly number[];
  /** Whether the node was blocked shortly before that day: then it has it already, and cannot get it. */
  readonly hasIt: (node: string, day: number) => boolean;
}

/** `today`: what a node whose clock is ahead says of tomorrow is today's. */
export function troublesOf(blocked: readonly Blocked[], today: number): Troubles {
  const days = new Map<string, Set<number>>();
  for (const { node, atMs } of blocked) {
    const own = days.get(node) ?? new Set<number>();
    days.set(node, own.add(Math.min(dayOf(atMs), today)));
  }
  const hasIt = (node: string, day: number): boolean => {
    const own = days.get(node);
    for (let back = 1; own !== undefined && back <= PATTERN_SAME_TROUBLE_DAYS; back += 1)
      if (own.has(day - back)) return true;
    return false;
  };
  const newOn = [...days].flatMap(([node, own]) => [...own].filter((day) => !hasIt(node, day)));
  return { newOn, hasIt };
}
