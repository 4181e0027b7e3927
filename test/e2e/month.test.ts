import { expect, test } from "vitest";
import type { AsOfAnswer } from "../../src/cli/as-of.ts";
import type { MonthSoFar } from "../../src/cli/story/month/month-steps.ts";
import { playMonth } from "../../src/cli/story/month/play-month.ts";

/** Recorded decisions of a station whose lamp faded, the blocked ones among them, and what is said of their instants now. */
async function lookBack({ month, before }: MonthSoFar) {
  const node = before.find(({ blocked }) => blocked > 0)?.station ?? "";
  const all = [...month.plant.hub.services.archive.decisions({ nodes: [node] })];
  const chosen = all.filter(({ recorded }, index) => index % 12 === 0 || !recorded.decision.allow);
  const answers: { readonly recorded: string; readonly now: string }[] = [];
  for (const { recorded } of chosen.slice(0, 8)) {
    const { atUtc, reasons, warnings } = recorded.decision;
    const words = ["archive", "as-of", "--node", node, "--at", atUtc];
    const { json } = await month.plant.maint(words, [0, 10]);
    const { decision } = json as AsOfAnswer;
    answers.push({
      recorded: [...reasons, ...warnings].join(),
      now: [...decision.reasons, ...decision.warnings].join(),
    });
  }
  return answers;
}

test("eighteen days of eight stations: lamps fade, a pattern, a better contract in waves, fewer blocked tests", async () => {
  let seen: Pick<MonthSoFar, "before" | "after" | "pattern" | "proposal"> | undefined;
  let lookedBack: Awaited<ReturnType<typeof lookBack>> = [];
  const happened = await playMonth({ nodes: 8, days: 18, seed: 1, folder: undefined, json: true }, async (soFar) => {
    const { before, after, pattern, proposal } = soFar;
    seen = { before, after, pattern, proposal };
    lookedBack = await lookBack(soFar);
  });
  expect(happened).toBe(true);
  // The past is decided from archived evidence as it was decided then, by either version.
  expect(lookedBack.length).toBeGreaterThan(4);
  expect(lookedBack.map(({ now }) => now)).toEqual(lookedBack.map(({ recorded }) => recorded));
  expect(new Set(lookedBack.map(({ recorded }) => recorded)).size).toBeGreaterThan(1);
  expect(seen?.before).toHaveLength(8 * 9);
  expect(seen?.before.flatMap(({ reasons }) => reasons)).toEqual(
    expect.arrayContaining(["reading.out-of-limits:uv-intensity"]),
  );
  // Nothing else stood in the way of any test, in either half.
  const reasons = [...(seen?.before ?? []), ...(seen?.after ?? [])].flatMap((one) => one.reasons);
  expect([...new Set(reasons)]).toEqual(["reading.out-of-limits:uv-intensity"]);
  expect(seen?.after.some(({ warned, blocked }) => warned && blocked === 0)).toBe(true);
});
