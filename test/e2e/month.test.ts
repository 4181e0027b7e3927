import { expect, test } from "vitest";
import type { MonthSoFar } from "../../src/cli/story/month/month-steps.ts";
import { playMonth } from "../../src/cli/story/month/play-month.ts";

test("eighteen days of eight stations: lamps fade, a pattern, a better contract in waves, fewer blocked tests", async () => {
  let seen: Pick<MonthSoFar, "before" | "after" | "pattern" | "proposal"> | undefined;
  const happened = await playMonth({ nodes: 8, days: 18, seed: 1, folder: undefined, json: true }, async (soFar) => {
    const { before, after, pattern, proposal } = soFar;
    seen = { before, after, pattern, proposal };
  });
  expect(happened).toBe(true);
  expect(seen?.before).toHaveLength(8 * 9);
  expect(seen?.before.flatMap(({ reasons }) => reasons)).toEqual(
    expect.arrayContaining(["reading.out-of-limits:uv-intensity"]),
  );
  // Nothing else stood in the way of any test, in either half.
  const reasons = [...(seen?.before ?? []), ...(seen?.after ?? [])].flatMap((one) => one.reasons);
  expect([...new Set(reasons)]).toEqual(["reading.out-of-limits:uv-intensity"]);
  expect(seen?.after.some(({ warned, blocked }) => warned && blocked === 0)).toBe(true);
});
