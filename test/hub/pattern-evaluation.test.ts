import { expect, test } from "vitest";
import { evaluatePatterns, evaluationLines, f1, precision, recall } from "./pattern-evaluation.ts";

// What docs/patterns.md says of simulated fleets; `node test/hub/pattern-evaluation.ts` prints more of them.

test("reviews and rises name what was planted, and beat a count of alerts by far", async () => {
  const found = await evaluatePatterns([1, 2, 3], [45, 60, 75, 90]);
  const { machines, fleet, models } = found;
  const figures = evaluationLines(found).join("\n");
  expect(precision(machines.ours), figures).toBeGreaterThan(0.9);
  expect(recall(machines.ours), figures).toBeGreaterThan(0.5);
  expect(f1(machines.ours), figures).toBeGreaterThan(f1(machines.naive) + 0.3);
  // Even the threshold that nobody could have known before.
  expect(f1(machines.ours), figures).toBeGreaterThan(f1(machines.best));
  expect(f1(fleet.ours), figures).toBeGreaterThan(f1(fleet.naive) + 0.4);
  expect(precision(models), figures).toBeGreaterThan(0.7);
  expect(recall(models), figures).toBeGreaterThan(0.7);
});
