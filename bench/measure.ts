import { median } from "./p5/median.ts";

/** What one call takes, in nanoseconds: the median of rounds, each long enough for the clock. */
export interface Speed {
  readonly medianNs: number;
  readonly bestNs: number;
}

const ROUND_MS = 60;
const MAX_ROUNDS = 15;

/** Calls `work(i)` with i counting up. Rounds of at least 60 ms, after as much warming up; at least one call a round. */
export async function speedOf(work: (turn: number) => unknown, rounds = MAX_ROUNDS): Promise<Speed> {
  const one = async (calls: number): Promise<number> => {
    const begun = process.hrtime.bigint();
    for (let turn = 0; turn < calls; turn++) {
      const answer = work(turn);
      if (answer instanceof Promise) await answer;
    }
    return Number(process.hrtime.bigint() - begun);
  };
  let calls = 1;
  for (;;) {
    const ns = await one(calls);
    if (ns > ROUND_MS * 1e6) break;
    calls = Math.max(calls * 2, Math.ceil((calls * ROUND_MS * 1e6) / Math.max(ns, 1)));
  }
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push((await one(calls)) / calls);
  return { medianNs: median(times), bestNs: Math.min(...times) };
}

/** The value below which this share of the values lies. */
export function quantile(values: Float64Array | readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `0.031 us`, `12.4 us`, `3.10 ms`: three figures. */
export function showNs(ns: number): string {
  const [value, unit] = ns < 1e6 ? [ns / 1e3, "us"] : ns < 1e9 ? [ns / 1e6, "ms"] : [ns / 1e9, "s"];
  return `${value.toPrecision(3)} ${unit}`;
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
