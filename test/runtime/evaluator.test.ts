import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { BundleRule, RuleOperator } from "../../src/model/bundle.ts";
import { loadBundle } from "../../src/runtime/bundle-guard.ts";
import { compileRules, factCode, factsOfCode, NOT_ASKED, type RuleTable } from "../../src/runtime/evaluator.ts";
import type { PartFacts } from "../../src/runtime/facts/part.ts";
import { loadReference } from "../../src/runtime/reference.ts";

const golden = loadBundle(readFileSync(new URL("../golden/every-clause.bundle.json", import.meta.url)));
if (!golden.ok) throw new Error(golden.error.message);
const { bundle } = golden.value;

const CODES = Array.from({ length: 128 }, (_, code) => code);
test("the bits of a code are what its description says", () => {
  expect(factsOfCode(0x7f)).toEqual({ state: "known", vsLimit: null, vsHigh: null, vsPlanned: null });
  expect(factsOfCode(0x40)).toEqual({ state: "known", vsLimit: -1, vsHigh: -1, vsPlanned: -1 });
  expect(factsOfCode(0x26)).toEqual({ state: "", vsLimit: 1, vsHigh: 0, vsPlanned: 1 });
  expect(NOT_ASKED).toBe(128);
});

/** Codes whose sign bits stand for facts there are; all of them do. */
const partOf = (code: number): PartFacts =>
  ({
    part: "limit",
    findings: [],
    breach: null,
    warnings: [],
    shown: {},
    ...factsOfCode(code),
  }) as unknown as PartFacts;

test("a code and its facts are the same thing", () => {
  for (const code of CODES) expect(factCode(partOf(code))).toBe(code);
});

type Conditions = BundleRule["conditions"]["all"];
const ruleOf = (all: Conditions): BundleRule => ({
  ...(bundle.rules[0] as BundleRule),
  name: "c0",
  conditions: { all },
});
const sign = (fact: string, operator: RuleOperator | null) =>
  operator === null ? [] : [{ fact: `c0.${fact}`, operator, value: 0 }];
const isKnown = { fact: "c0.state", operator: "equal", value: "known" } as const;

const LOW = [null, "greaterThan", "greaterThanInclusive"] as const;
const HIGH = [null, "lessThan", "lessThanInclusive"] as const;
/** Every form a clause can have, and more: source runtime/rule-form. */
const forms = LOW.flatMap((low) =>
  HIGH.flatMap((high) =>
    ([null, "lessThanInclusive", "equal"] as const).map((planned) =>
      ruleOf([isKnown, ...sign("vsLimit", low), ...sign("vsHigh", high), ...sign("vsPlanned", planned)]),
    ),
  ),
);

test("a rule that asks for less than the state permits nothing in the name of the next one", () => {
  const next = { ...ruleOf([{ fact: "c1.state", operator: "equal", value: "known" }]), name: "c1" };
  const table = compileRules([ruleOf(sign("vsLimit", "lessThan")), next]);
  for (const code of CODES) {
    expect(table.permits(0, code)).toBe(factsOfCode(code).vsLimit === -1);
    expect(table.permits(1, code)).toBe(factsOfCode(code).state === "known");
  }
});

test("the forms above are all that the golden bundle's clauses have", () => {
  const wordsOf = ({ name, conditions }: BundleRule) =>
    conditions.all.map(({ fact, operator, value }) => `${fact.slice(name.length)} ${operator} ${value}`).join("; ");
  expect(forms.map(wordsOf)).toEqual(expect.arrayContaining(bundle.rules.map(wordsOf)));
});

test("every rule form permits what json-rules-engine permits, for all 128 facts there are", async () => {
  const evaluate = await loadReference();
  for (const rule of forms) {
    const table = compileRules([rule]);
    for (const code of CODES) {
      const permitted = await evaluate([{ rule, facts: partOf(code) }]);
      expect({ all: rule.conditions.all, code, permits: table.refused(Uint8Array.of(code)).length === 0 }).toEqual({
        all: rule.conditions.all,
        code,
        permits: permitted.has(rule.name),
      });
    }
  }
});

test("the loop over all rules says what the rules say one by one", () => {
  const table = compileRules(bundle.rules);
  const codes = new Uint8Array(table.size);
  const single = bundle.rules.map((one) => compileRules([one]));
  const permits = (row: number, code: number): boolean =>
    (single[row] as RuleTable).refused(Uint8Array.of(code)).length === 0;
  let state = 7;
  const draw = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  };
  const seen = { permitted: 0, refused: 0 };
  for (let run = 0; run < 5_000; run++) {
    const asked = codes.map((_, row) => {
      const permitted = CODES.filter((code) => permits(row, code));
      const kind = draw() % 40;
      if (kind === 0) return draw() % 128;
      return kind < 5 ? NOT_ASKED : (permitted[draw() % permitted.length] as number);
    });
    const expected = [...asked.keys()].filter((row) => asked[row] !== NOT_ASKED && !permits(row, asked[row] as number));
    expect(table.refused(asked)).toEqual(expected);
    const alone = [...asked.keys()].filter(
      (row) => asked[row] !== NOT_ASKED && !table.permits(row, asked[row] as number),
    );
    expect(alone).toEqual(expected);
    seen[expected.length === 0 ? "permitted" : "refused"] += 1;
  }
  expect(Math.min(seen.permitted, seen.refused)).toBeGreaterThan(500);
});

test("what is no facts of these rules is refused loudly", () => {
  const table = compileRules(bundle.rules);
  expect(() => table.refused(new Uint8Array(0))).toThrow("facts there are");
  expect(() => table.refused(new Uint8Array(table.size + 1).fill(NOT_ASKED))).toThrow("facts there are");
});

test.each([
  ["no condition", [], "would permit everything"],
  ["a fact of another rule", [{ fact: "c1.state", operator: "equal", value: "known" }], "asks for the fact"],
  ["a fact of no name", [{ fact: "c0.toString", operator: "equal", value: "known" }], "asks for the fact"],
  ["an operator that is none", [{ fact: "c0.vsLimit", operator: "constructor", value: 0 }], "uses the operator"],
  ["another state", [{ fact: "c0.state", operator: "equal", value: "reading.stale" }], "not known"],
  ["any state", [{ fact: "c0.state", operator: "lessThan", value: 0 }], "not known"],
] as const)("%s is refused", (_, all, message) => {
  expect(() => compileRules([ruleOf(all as unknown as Conditions)])).toThrow(message);
});
