import { describe, expect, test } from "vitest";
import type { EngineChoice } from "../../src/model/decision.ts";
import { decide } from "../../src/runtime/index.ts";
import { interpret } from "../reference/interpreter.ts";
import { readContract } from "../reference/interpreter-contract.ts";
import { inputOf, scenarios } from "./rules.ts";

// Drawn from the words of the rules. The first 533 were written before the code was read; where the words leave a choice (a circle of
// standards, a warning beside an extension, an unreadable `revokedAt`) a scenario says which one the code makes.
test("every boundary rule has its scenarios, those that allow and those that block", () => {
  const rules = (allow: boolean): Set<string> =>
    new Set(
      scenarios.filter(({ expected }) => expected.allow === allow).flatMap(({ name }) => name.match(/B\d+b?/g) ?? []),
    );
  const all = [...Array.from({ length: 21 }, (_, index) => `B${index + 1}`), "B3b"].sort();
  expect([...rules(true)].sort()).toEqual(all);
  expect([...rules(false)].sort()).toEqual(all);
  expect(scenarios.length).toBeGreaterThan(600);
});

describe.each<EngineChoice>(["fast", "reference", "both"])("%s", (engine) => {
  test.each(scenarios)("$name", async (scenario) => {
    const { allow, reasons, warnings } = await decide(inputOf(scenario), engine);
    expect({ allow, reasons, warnings }).toEqual(scenario.expected);
  });
});

describe("the interpreter that shares no code with them", () => {
  test.each(scenarios)("$name", (scenario) => {
    const { facts: snapshot, zone, expected } = scenario;
    const releases = scenario.releases.map(({ text, version, from }) => ({
      contract: readContract(text),
      version,
      from,
    }));
    expect(interpret({ releases, snapshot, now: inputOf(scenario).now, zone, assumeBinding: true })).toEqual(expected);
  });
});
