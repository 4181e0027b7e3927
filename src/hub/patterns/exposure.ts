import { PATTERN_SERIES_DAYS } from "../../model/limits.ts";
import type { NodeArchive } from "../archive/archived.ts";

export const DAY_MS = 24 * 3_600_000;

/** Days since 1970, UTC: a fleet spans zones, and what is compared must be the same day everywhere. */
export const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS);

/** How much was decided by one contract: what a number of blocked decisions is a number of. */
export interface ExposureView {
  /** Decisions of each node after `fromMs`, up to and with `toMs`. */
  readonly within: (fromMs: number, toMs: number) => ReadonlyMap<string, number>;
  /** Node → day → decisions, over the days that were asked for, the last of them today's. */
  readonly daily: () => ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Reads the archive when it is asked, and each thing once. A contract of null is every decision there is. */
export function exposureView(
  archive: Pick<NodeArchive, "exposure">,
  contract: string | null,
  nowMs: number,
  daysBack = PATTERN_SERIES_DAYS,
): ExposureView {
  const spans = new Map<string, ReadonlyMap<string, number>>();
  let days: ReadonlyMap<string, ReadonlyMap<number, number>> | undefined;
  const asked = contract === null ? {} : { contract };
  return {
    within: (fromMs, toMs) => {
      const key = `${fromMs} ${toMs}`;
      // The archive's bounds leave out the end, a window's the begin.
      const bounds = { fromMs: fromMs + 1, toMs: toMs + 1, bucketMs: Math.max(1, toMs - fromMs) };
      const known = spans.get(key) ?? summed(archive.exposure({ ...asked, ...bounds }));
      spans.set(key, known);
      return known;
    },
    daily: () => {
      const fromMs = (dayOf(nowMs) - daysBack + 1) * DAY_MS;
      days ??= byDay(archive.exposure({ ...asked, fromMs, toMs: nowMs + 1, bucketMs: DAY_MS }));
      return days;
    },
  };
}

type Exposures = ReturnType<NodeArchive["exposure"]>;

function summed(exposures: Exposures): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { node, decisions } of exposures) sums.set(node, (sums.get(node) ?? 0) + decisions);
  return sums;
}

function byDay(exposures: Exposures): ReadonlyMap<string, ReadonlyMap<number, number>> {
  const nodes = new Map<string, Map<number, number>>();
  for (const { node, bucketStartMs, decisions } of exposures) {
    if (decisions === 0) continue;
    const days = nodes.get(node) ?? new Map<number, number>();
    nodes.set(node, days);
    const day = dayOf(bucketStartMs);
    days.set(day, (days.get(day) ?? 0) + decisions);
  }
  return nodes;
}
