import { describe, expect, test } from "vitest";
import type { EngineChoice } from "../../src/model/decision.ts";
import { decideVector, type Vector, vectors } from "./vectors.ts";

async function check(vector: Vector, engine: EngineChoice): Promise<void> {
  const { allow, reasons, warnings, details } = await decideVector(vector, engine);
  const faults = details.filter(({ code }) => code === "runtime.error").map((detail) => detail.text);
  expect({ allow, reasons, warnings, faults }).toEqual({
    allow: vector.reasons.length === 0,
    reasons: vector.reasons,
    warnings: vector.warnings,
    faults: [],
  });
}

test("there are several vectors for every boundary rule", () => {
  const rules = new Set(vectors.map(({ name }) => name.split(" ")[0]));
  for (let rule = 1; rule <= 21; rule++) expect(rules).toContain(`B${rule}`);
  expect(vectors.length).toBeGreaterThanOrEqual(80);
});

describe.each<EngineChoice>(["fast", "reference", "both"])("%s", (engine) => {
  test.each(vectors)("$name", (vector) => check(vector, engine));
});
