import { AssertionFailed } from "../base/assert.ts";
import type { BundleRule, BundleRuleCondition, RuleOperator } from "../model/bundle.ts";
import type { PartFacts } from "./facts/part.ts";

/** A rule as a closure over the facts of its own part. */
export type Permits = (facts: PartFacts) => boolean;

type FactName = "state" | "vsLimit" | "vsHigh" | "vsPlanned";
const FACT_NAMES: ReadonlySet<string> = new Set<FactName>(["state", "vsLimit", "vsHigh", "vsPlanned"]);

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

/**
 * Compiles one rule of a bundle that the guard has let in.
 * @throws AssertionFailed for a rule without conditions or with a fact that is not its own
 */
export function compileRule(rule: BundleRule): Permits {
  const tests = rule.conditions.all.map((condition) => compileCondition(rule.name, condition));
  const [first, second, third, ...rest] = tests;
  if (first === undefined) throw new AssertionFailed(`rule ${rule.name} would permit everything`);
  if (second === undefined) return first;
  if (third === undefined) return (facts) => first(facts) && second(facts);
  return (facts) => first(facts) && second(facts) && third(facts) && rest.every((test) => test(facts));
}

function compileCondition(rule: string, { fact, operator, value }: BundleRuleCondition): Permits {
  const name = factNameIn(rule, fact);
  if (name === undefined) throw new AssertionFailed(`rule ${rule} asks for the fact ${fact}`);
  const test = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (test === undefined) throw new AssertionFailed(`rule ${rule} uses the operator ${operator}`);
  return (facts) => test(facts[name], value);
}
