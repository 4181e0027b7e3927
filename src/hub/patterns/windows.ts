import { fail, ok, type Result } from "../../base/result.ts";
import { MAX_PATTERN_WINDOWS, PATTERN_KEPT_MS, PATTERN_WINDOWS_MS } from "../../model/limits.ts";

/** How far back one look goes. */
export interface PatternWindow {
  /** `1d`, `12h`; `since` for one that a person gave the begin of. */
  readonly name: string;
  readonly ms: number;
}

const DAY_MS = 24 * 3_600_000;
const UNITS: { readonly [unit: string]: number } = { h: 3_600_000, d: DAY_MS };

const nameOf = (ms: number): string => (ms % DAY_MS === 0 ? `${ms / DAY_MS}d` : `${ms / 3_600_000}h`);

export const DEFAULT_WINDOWS: readonly PatternWindow[] = PATTERN_WINDOWS_MS.map((ms) => ({ name: nameOf(ms), ms }));

/** All that patterns remember. */
export const WIDEST_WINDOW: PatternWindow = { name: nameOf(PATTERN_KEPT_MS), ms: PATTERN_KEPT_MS };

/** `1d`, `36h` and so on, the narrowest first and none twice; or what is wrong, in words. */
export function readWindows(names: readonly string[]): Result<readonly PatternWindow[], string> {
  if (names.length === 0 || names.length > MAX_PATTERN_WINDOWS) return fail(`1 to ${MAX_PATTERN_WINDOWS} windows`);
  const windows = new Map<number, PatternWindow>();
  for (const name of names) {
    const match = /^([1-9]\d{0,4})([hd])$/.exec(name);
    const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? Number.NaN);
    if (Number.isNaN(ms)) return fail(`"${name}" is no window, write it as 12h or 7d`);
    if (ms > PATTERN_KEPT_MS) return fail(`${name} is more than the ${WIDEST_WINDOW.name} that are kept`);
    windows.set(ms, { name: nameOf(ms), ms });
  }
  return ok([...windows.values()].sort((a, b) => a.ms - b.ms));
}
