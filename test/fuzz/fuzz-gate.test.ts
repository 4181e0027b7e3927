import { expect, test } from "vitest";
import { gateCase, type MadeCase } from "./gate-case.ts";
import { missingCodes, sumOf } from "./gate-codes.ts";
import { judged, judgedByEngine, ourJudges, printCase } from "./gate-judge.ts";
import { fuzzGate } from "./gate-loop.ts";
import { plantedMistakes } from "./gate-planted.ts";
import { fuzzGateInWorkers } from "./gate-workers.ts";

const COUNT = 20_000;

test("three interpreters decide 20,000 contracts, snapshots and instants alike", { timeout: 120_000 }, async () => {
  const order = { seed: 20_261_124, end: COUNT, engineEvery: 1, mostFindings: 1, workers: 2, limitMs: 60_000 };
  const { runs, engineRuns, allowed, codes, findings } = sumOf(await fuzzGateInWorkers(order));
  expect(findings.map(({ index, what }) => `case ${index}:\n${what}`)).toEqual([]);
  expect([runs, engineRuns]).toEqual([COUNT, COUNT]);
  expect(allowed).toBeGreaterThan(0.15 * COUNT);
  expect(missingCodes(codes)).toEqual([]);
});

const plan = { seed: 1, share: 0, shares: 1, end: 12_000, engineEvery: 0, mostFindings: 1 };

const made: MadeCase[] = [];
const caseAt = (index: number): MadeCase => {
  made[index] ??= gateCase(plan.seed, index);
  return made[index];
};

test.each(Object.entries(plantedMistakes))("control: %s is found", { timeout: 60_000 }, (_, judges) => {
  let index = 0;
  while (index < plan.end && judged(caseAt(index), judges).differs === undefined) index += 1;
  expect(index).toBeLessThan(plan.end);
});

test("control: a finding is told by one clause, what it needs of the snapshot, and the instant", async () => {
  const judges = plantedMistakes["at least without its limit"] ?? ourJudges;
  const { findings } = await fuzzGate(plan, judges);
  const [{ what = "" } = {}] = findings;
  expect(what.match(/must be/g)).toHaveLength(1);
  expect(what).toMatch(/^at \d{4}-\d\d-\d\dT[\d:.]+Z in \S+/m);
  expect(what.split("\n").length).toBeLessThan(40);
});

test("control: json-rules-engine finds it too", async () => {
  const judges = plantedMistakes["a due date a day late"] ?? ourJudges;
  let index = 0;
  while (index < plan.end && (await judgedByEngine(caseAt(index), judges)) === undefined) index += 1;
  expect(index).toBeLessThan(plan.end);
});

test("control: a case that never ends is stopped and named", async () => {
  const order = { ...plan, end: 200, workers: 1, limitMs: 1_000, hangsAt: 60 };
  const [report] = await fuzzGateInWorkers(order);
  expect(report?.findings).toEqual([{ index: 60, what: "hangs: not back after 1000 ms" }]);
});

test("a seed and an index give the same case again", () => {
  expect(printCase(gateCase(7, 4_321))).toBe(printCase(gateCase(7, 4_321)));
  expect(printCase(gateCase(7, 4_321))).not.toBe(printCase(gateCase(8, 4_321)));
});
