import { expect, test } from "vitest";
import type { Json } from "../../src/base/strict-json.ts";
import { parseSnapshot } from "../../src/model/snapshot-parse.ts";
import { factsOfCode, NOT_ASKED } from "../../src/runtime/evaluator.ts";
import { type DecideInput, decide, decideFast, type LoadedBundle, verdictFast } from "../../src/runtime/index.ts";
import { bundles, chicago, inputOf, vectors } from "../conformance/vectors.ts";
import { randomOf } from "../fuzz/gate-random.ts";

const ODD: readonly Json[] = [
  null,
  true,
  "",
  "UNAVAILABLE",
  "1200",
  { kind: "number", text: "-1" },
  { kind: "number", text: "0" },
  { kind: "number", text: "1e400" },
  { kind: "number", text: "999.99999999999999999" },
  new Map([["$number", "NaN"]]),
  [],
  new Map(),
  "2026-11-23",
  "9999-12-31",
  "2026-11-23T09:00:04-06:00",
  "2026-11-24T09:00:00-06:00",
];

/** Replaces or drops members at random: every fact a gate may meet, most of them wrong. */
function mutate(json: Json, next: () => number): Json {
  const roll = next();
  if (roll < 0.03) return ODD[Math.floor(next() * ODD.length)] ?? null;
  if (json instanceof Map) {
    const kept = [...(json as ReadonlyMap<string, Json>)].filter(() => next() > 0.02);
    return new Map(kept.map(([key, value]) => [key, key === "plantZone" ? value : mutate(value, next)]));
  }
  return Array.isArray(json) ? json.map((item: Json) => mutate(item, next)) : json;
}

function inputFor(seed: number, from: ReadonlyMap<string, LoadedBundle> = bundles): DecideInput {
  const next = randomOf(seed, 0);
  const vector = vectors[Math.floor(next() * vectors.length)];
  if (vector === undefined) throw new Error("no vector");
  const input = inputOf(vector, from.get(vector.contract));
  const snapshot = parseSnapshot(mutate(vector.facts, next));
  return { ...input, snapshot, now: input.now + Math.floor((next() - 0.5) * 3 * 86_400_000) };
}

const essence = ({
  allow,
  reasons,
  warnings,
}: {
  allow: boolean;
  reasons: readonly string[];
  warnings: readonly string[];
}) => JSON.stringify([allow, reasons, warnings]);

test("20,000 random snapshots are decided without a fault, and allowed only without a reason", () => {
  let allowed = 0;
  for (let seed = 1; seed <= 20_000; seed++) {
    const decision = decideFast(inputFor(seed));
    const faults = decision.details.filter(({ code }) => code === "runtime.error");
    if (faults.length > 0) expect.fail(`seed ${seed}: ${faults[0]?.text}`);
    if (decision.allow !== (decision.reasons.length === 0)) expect.fail(`seed ${seed}: allowed with a reason`);
    if (decision.allow) allowed += 1;
  }
  expect(allowed).toBeGreaterThan(1000);
  expect(allowed).toBeLessThan(19_000);
});

test("json-rules-engine answers the same, on a sample", async () => {
  for (let seed = 1; seed <= 4_000; seed++) {
    const input = inputFor(seed);
    const other = essence(await decide(input, "reference"));
    if (other !== essence(decideFast(input)))
      expect.fail(`seed ${seed}: ${other} is not ${essence(decideFast(input))}`);
  }
});

/** A bug as an evaluator might have it: every comparison with a limit comes out true. */
function planted(loaded: LoadedBundle): LoadedBundle {
  const isKnown = (code: number): boolean => factsOfCode(code).state === "known";
  const rules = {
    size: loaded.rules.size,
    permits: (_: number, code: number) => isKnown(code),
    refused: (codes: Uint8Array) =>
      [...codes.keys()].filter((row) => codes[row] !== NOT_ASKED && !isKnown(codes[row] as number)),
  };
  return { ...loaded, rules };
}

test("control: a planted wrong comparison is caught, by the other evaluator and by the reasons, and never allows", async () => {
  const wrong = new Map([...bundles].map(([name, loaded]) => [name, planted(loaded)]));
  let caught = 0;
  for (let seed = 1; seed <= 1_000; seed++) {
    const right = decideFast(inputFor(seed));
    const fast = decideFast(inputFor(seed, wrong));
    const both = await decide(inputFor(seed, wrong), "both");
    if (!right.allow && (fast.allow || both.allow)) expect.fail(`seed ${seed} was allowed by the planted bug`);
    if (both.details.some(({ text }) => text.includes("the two evaluators differ"))) caught += 1;
  }
  expect(caught).toBeGreaterThan(20);
});

test("a calendar that does not cover the instant blocks", () => {
  const input = inputFor(1);
  const { allow, reasons } = decideFast({ ...input, calendar: { ...chicago, covers: () => false } });
  expect({ allow, reasons }).toEqual({ allow: false, reasons: ["runtime.error:node"] });
});

test("a verdict without explanation is that of the decision", () => {
  for (let seed = 1; seed <= 5_000; seed++) {
    const { allow, reasons, warnings } = decideFast(inputFor(seed));
    expect(verdictFast(inputFor(seed)), `seed ${seed}`).toEqual({ allow, reasons, warnings });
  }
});
