import { AssertionFailed, assert } from "../base/assert.ts";
import type { BundleRule, BundleRuleCondition, RuleOperator } from "../model/bundle.ts";
import type { PartFacts, Sign } from "./facts/part.ts";

/**
 * The facts of one part as a number from 0 to 127: bit 6 says that the state is "known", bits 4–5, 2–3 and 0–1 hold vsLimit,
 * vsHigh and vsPlanned (0 below, 1 at, 2 above, 3 none). There are no other facts, so a rule is the set of codes it permits.
 */
export type FactCode = number;

/** A clause that this test is not asked for: no rule is looked at. */
export const NOT_ASKED: FactCode = 0x80;

const NONE: readonly number[] = [];
const KNOWN = 0x40;
const CODES = 128;
const WORDS = 4;

type FactName = "state" | "vsLimit" | "vsHigh" | "vsPlanned";
const FACT_NAMES: ReadonlySet<string> = new Set<FactName>(["state", "vsLimit", "vsHigh", "vsPlanned"]);

const bitsOf = (sign: Sign | null): number => (sign === null ? 3 : sign + 1);
const signIn = (bits: number): Sign | null => (bits === 3 ? null : ((bits - 1) as Sign));

export const factCode = ({ state, vsLimit, vsHigh, vsPlanned }: PartFacts): FactCode =>
  (state === "known" ? KNOWN : 0) | (bitsOf(vsLimit) << 4) | (bitsOf(vsHigh) << 2) | bitsOf(vsPlanned);

/** The facts behind a code; a state other than "known" has lost its name. */
export const factsOfCode = (code: FactCode): { readonly [fact in FactName]: string | Sign | null } => ({
  state: (code & KNOWN) === 0 ? "" : "known",
  vsLimit: signIn((code >> 4) & 3),
  vsHigh: signIn((code >> 2) & 3),
  vsPlanned: signIn(code & 3),
});

const isNumber = (value: unknown): value is number => typeof value === "number" && !Number.isNaN(value);

/** What each operator means. Unlike json-rules-engine's own, none of them is true for anything but a number. */
const operators: { readonly [O in RuleOperator]: (fact: unknown, value: string | number) => boolean } = {
  equal: (fact, value) => fact === value,
  greaterThan: (fact, value) => isNumber(fact) && isNumber(value) && fact > value,
  greaterThanInclusive: (fact, value) => isNumber(fact) && isNumber(value) && fact >= value,
  lessThan: (fact, value) => isNumber(fact) && isNumber(value) && fact < value,
  lessThanInclusive: (fact, value) => isNumber(fact) && isNumber(value) && fact <= value,
};

/** `vsLimit` of `c3.vsLimit`; undefined for a fact of another rule or of no name there is. */
export function factNameIn(rule: string, fact: string): FactName | undefined {
  if (!fact.startsWith(`${rule}.`)) return undefined;
  const name = fact.slice(rule.length + 1);
  return FACT_NAMES.has(name) ? (name as FactName) : undefined;
}

/** The rules of a bundle, each a set of 128 bits, in one array. */
export interface RuleTable {
  readonly size: number;
  /** Rows that do not permit their code, found in one loop; `codes` has one code a row. @throws AssertionFailed for another number */
  readonly refused: (codes: Uint8Array) => readonly number[];
  /** One row alone. */
  readonly permits: (row: number, code: FactCode) => boolean;
}

/**
 * Compiles the rules of a bundle that the guard has let in; row i is rule i.
 * @throws AssertionFailed for a rule without conditions or with a fact that is not its own
 */
export function compileRules(rules: readonly BundleRule[]): RuleTable {
  const size = rules.length;
  const sets = new Int32Array(size * WORDS);
  rules.forEach((rule, row) => {
    for (const code of permittedCodes(rule)) {
      const word = row * WORDS + (code >>> 5);
      sets[word] = (sets[word] as number) | (1 << (code & 31));
    }
  });
  return {
    size,
    permits: (row, code) =>
      code !== NOT_ASKED && (((sets[row * WORDS + (code >>> 5)] as number) >>> (code & 31)) & 1) === 1,
    refused: (codes) => {
      assert(codes.length === size, "a rule is asked about facts there are");
      let rows: number[] | undefined;
      for (let row = 0; row < size; row += 1) {
        const code = codes[row] as number;
        const set = sets[(row << 2) + ((code >>> 5) & 3)] as number;
        if ((((set >>> (code & 31)) | (code >>> 7)) & 1) === 1) continue;
        if (rows === undefined) rows = [row];
        else rows.push(row);
      }
      return rows ?? NONE;
    },
  };
}

function permittedCodes(rule: BundleRule): readonly FactCode[] {
  const tests = rule.conditions.all.map((condition) => compileCondition(rule.name, condition));
  if (tests.length === 0) throw new AssertionFailed(`rule ${rule.name} would permit everything`);
  const codes = Array.from({ length: CODES }, (_, code) => code);
  return codes.filter((code) => {
    const facts = factsOfCode(code);
    return tests.every((test) => test(facts));
  });
}

function compileCondition(
  rule: string,
  { fact, operator, value }: BundleRuleCondition,
): (facts: ReturnType<typeof factsOfCode>) => boolean {
  const name = factNameIn(rule, fact);
  if (name === undefined) throw new AssertionFailed(`rule ${rule} asks for the fact ${fact}`);
  const test = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (test === undefined) throw new AssertionFailed(`rule ${rule} uses the operator ${operator}`);
  // A state other than "known" is no fact that a rule may ask for: its name is not in the code.
  if (name === "state" && (operator !== "equal" || value !== "known"))
    throw new AssertionFailed(`rule ${rule} permits a state that is not known`);
  return (facts) => test(facts[name], value);
}
