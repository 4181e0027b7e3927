import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import zen from "@gorules/zen-engine";
import { Environment } from "@marcbachmann/cel-js";
import { LogicEngine } from "json-logic-engine";
import { Engine } from "json-rules-engine";
import type { BundleRule, BundleRuleCondition } from "../../src/model/bundle.ts";
import { compileRules, factCode } from "../../src/runtime/evaluator.ts";
import type { PartFacts } from "../../src/runtime/facts/part.ts";
import type { RuleFacts } from "./workload.ts";

/** Takes facts prepared once in the engine's own form, and answers the rules that do not permit. */
export interface BenchEngine {
  readonly name: string;
  readonly ours?: boolean;
  readonly load: (rules: readonly BundleRule[]) => Promise<LoadedEngine> | LoadedEngine;
}

export interface LoadedEngine {
  /** Facts in memory, as this engine wants them. */
  readonly prepare: (facts: readonly RuleFacts[]) => unknown;
  readonly refused: (prepared: never) => Promise<readonly string[]> | readonly string[];
}

const NONE: readonly string[] = [];

/** `{c0: {state, vsLimit, …}}`: one plain object for all engines that read facts by name. */
const byName = (rules: readonly BundleRule[], facts: readonly RuleFacts[]): { readonly [rule: string]: RuleFacts } =>
  Object.fromEntries(rules.map((rule, index) => [nameIn(rule), facts[index] as RuleFacts]));

/** Dots are paths in most engines. */
const nameIn = ({ name }: BundleRule): string => name.replaceAll(".", "_");
const factIn = (rule: BundleRule, { fact }: BundleRuleCondition): string => fact.slice(rule.name.length + 1);

const SIGNS = { equal: "==", greaterThan: ">", greaterThanInclusive: ">=", lessThan: "<", lessThanInclusive: "<=" };

const expression = (rule: BundleRule, root: string, and: string, quoted: (value: string) => string): string =>
  rule.conditions.all
    .map((condition) => {
      const value = typeof condition.value === "string" ? quoted(condition.value) : String(condition.value);
      return `${root}${nameIn(rule)}.${factIn(rule, condition)} ${SIGNS[condition.operator]} ${value}`;
    })
    .join(and);

/** What it is without: an engine that leaves out what did not fire must say what did. */
const without = (rules: readonly BundleRule[], permitted: ReadonlySet<string>): readonly string[] =>
  permitted.size === rules.length ? NONE : rules.flatMap((rule) => (permitted.has(nameIn(rule)) ? [] : [nameIn(rule)]));

const table: BenchEngine = {
  name: "maint (bits of facts, one loop)",
  ours: true,
  load: (rules) => {
    const compiled = compileRules(rules);
    const names = rules.map(nameIn);
    return {
      prepare: (facts) => Uint8Array.from(facts, (one) => factCode(one as PartFacts)),
      refused: (codes: Uint8Array) => {
        const rows = compiled.refused(codes);
        return rows.length === 0 ? NONE : rows.map((row) => names[row] as string);
      },
    };
  },
};

type Test = (facts: RuleFacts) => boolean;
const isNumber = (value: unknown): value is number => typeof value === "number" && !Number.isNaN(value);
const tests: { readonly [operator in keyof typeof SIGNS]: (fact: unknown, value: string | number) => boolean } = {
  equal: (fact, value) => fact === value,
  greaterThan: (fact, value) => isNumber(fact) && isNumber(value) && fact > value,
  greaterThanInclusive: (fact, value) => isNumber(fact) && isNumber(value) && fact >= value,
  lessThan: (fact, value) => isNumber(fact) && isNumber(value) && fact < value,
  lessThanInclusive: (fact, value) => isNumber(fact) && isNumber(value) && fact <= value,
};

/** What the runtime had before: a closure for each condition. Kept here, so that the choice can be measured again. */
const closures: BenchEngine = {
  name: "maint's former closures",
  ours: true,
  load: (rules) => {
    const names = rules.map(nameIn);
    const compiled = rules.map((rule): Test => {
      const all = rule.conditions.all.map((condition): Test => {
        const name = factIn(rule, condition) as keyof RuleFacts;
        return (facts) => tests[condition.operator](facts[name], condition.value);
      });
      return (facts) => all.every((test) => test(facts));
    });
    return {
      prepare: (facts) => facts,
      refused: (facts: readonly RuleFacts[]) => {
        const refused: string[] = [];
        for (let row = 0; row < compiled.length; row++)
          if (!(compiled[row] as Test)(facts[row] as RuleFacts)) refused.push(names[row] as string);
        return refused;
      },
    };
  },
};

const documented: BenchEngine = {
  name: "json-rules-engine, as documented",
  load: (rules) => {
    const engine = new Engine();
    for (const rule of rules) {
      const all = rule.conditions.all.map((condition) => ({
        ...{ fact: nameIn(rule), path: `$.${factIn(rule, condition)}` },
        ...{ operator: condition.operator, value: condition.value },
      }));
      engine.addRule({
        name: nameIn(rule),
        conditions: { all },
        event: { type: "permit", params: { rule: nameIn(rule) } },
      });
    }
    return {
      prepare: (facts) => byName(rules, facts),
      refused: async (facts: object) => {
        const { results } = await engine.run(facts as Record<string, unknown>);
        return without(rules, new Set(results.map(({ name }) => name)));
      },
    };
  },
};

const flat: BenchEngine = {
  name: "json-rules-engine, flat facts",
  load: (rules) => {
    const engine = new Engine();
    for (const rule of rules)
      engine.addRule({ name: nameIn(rule), conditions: { all: [...rule.conditions.all] }, event: rule.event });
    return {
      prepare: (facts) =>
        Object.fromEntries(
          rules.flatMap((rule, index) =>
            Object.entries(facts[index] as RuleFacts).map(([name, value]) => [`${rule.name}.${name}`, value]),
          ),
        ),
      refused: async (facts: object) => {
        const { results } = await engine.run(facts as Record<string, unknown>);
        return without(rules, new Set(results.map(({ name }) => name)));
      },
    };
  },
};

const jsonLogic: BenchEngine = {
  name: "json-logic-engine, compiled",
  load: (rules) => {
    const engine = new LogicEngine();
    const words = { ...SIGNS, equal: "===" };
    const list = rules.map((rule) => ({
      name: nameIn(rule),
      run: engine.build({
        and: rule.conditions.all.map((condition) => ({
          [words[condition.operator]]: [{ var: `${nameIn(rule)}.${factIn(rule, condition)}` }, condition.value],
        })),
      }) as (facts: object) => unknown,
    }));
    return {
      prepare: (facts) => byName(rules, facts),
      refused: (facts: object) => {
        const refused: string[] = [];
        for (const { name, run } of list) if (run(facts) !== true) refused.push(name);
        return refused;
      },
    };
  },
};

const cel: BenchEngine = {
  name: "cel-js, parsed",
  load: (rules) => {
    const environment = new Environment({ unlistedVariablesAreDyn: true });
    // CEL has no order between null and a number: the state is asked first, and CEL stops there.
    const list = rules.map((rule) => ({
      name: nameIn(rule),
      run: environment.parse(expression(rule, "", " && ", (value) => JSON.stringify(value))),
    }));
    return {
      prepare: (facts) => byName(rules, facts),
      refused: (facts: object) => {
        const refused: string[] = [];
        for (const { name, run } of list) if (run(facts as Record<string, unknown>) !== true) refused.push(name);
        return refused;
      },
    };
  },
};

const zenTable: BenchEngine = {
  name: "zen-engine, decision table",
  load: (rules) => {
    const position = { x: 0, y: 0 };
    const rows = rules.map((rule) => ({
      ...{ _id: nameIn(rule), o: JSON.stringify(nameIn(rule)) },
      c: expression(rule, "", " and ", (value) => JSON.stringify(value)),
    }));
    const content = {
      nodes: [
        { id: "i", type: "inputNode", name: "in", position },
        {
          ...{ id: "t", type: "decisionTableNode", name: "gate", position },
          content: {
            hitPolicy: "collect",
            inputs: [{ id: "c", name: "when" }],
            outputs: [{ id: "o", name: "rule", field: "id" }],
            rules: rows,
          },
        },
        { id: "o", type: "outputNode", name: "out", position },
      ],
      edges: [
        { id: "e1", sourceId: "i", targetId: "t", type: "edge" },
        { id: "e2", sourceId: "t", targetId: "o", type: "edge" },
      ],
    };
    const engine = new zen.ZenEngine();
    const decision = engine.createDecision(new zen.ZenDecisionContent(content));
    return {
      prepare: (facts) => byName(rules, facts),
      refused: async (facts: object) => {
        const { result } = await decision.evaluate(facts);
        const found = (Array.isArray(result) ? result : []) as readonly { readonly id: string }[];
        return without(rules, new Set(found.map(({ id }) => id)));
      },
    };
  },
};

/** Cedar has no null: a sign that is not there is left out, and the state is asked first. */
const cedarPolicies: BenchEngine = {
  name: "cedar-wasm, preparsed",
  load: (rules) => {
    const staticPolicies = Object.fromEntries([
      ["allow", "permit(principal, action, resource);"],
      ...rules.map((rule) => {
        const when = expression(rule, "context.", " && ", (value) => JSON.stringify(value));
        return [nameIn(rule), `forbid(principal, action, resource) unless { ${when} };`];
      }),
    ]);
    const parsed = cedar.preparsePolicySet("bench", { staticPolicies });
    if (parsed.type !== "success") throw new Error(JSON.stringify(parsed).slice(0, 300));
    const who = { principal: { type: "Node", id: "n" }, action: { type: "Action", id: "start" } };
    return {
      prepare: (facts) =>
        Object.fromEntries(
          rules.map((rule, index) => [
            nameIn(rule),
            Object.fromEntries(Object.entries(facts[index] as RuleFacts).filter(([, value]) => value !== null)),
          ]),
        ),
      refused: (context: object) => {
        const answer = cedar.statefulIsAuthorized({
          ...who,
          ...{ resource: { type: "Test", id: "t" }, preparsedPolicySetId: "bench", entities: [] },
          context: context as never,
        });
        if (answer.type !== "success") throw new Error(JSON.stringify(answer).slice(0, 300));
        const { decision, diagnostics } = answer.response;
        return decision === "allow" ? NONE : diagnostics.reason;
      },
    };
  },
};

export const peers: readonly BenchEngine[] = [documented, flat, jsonLogic, cel, zenTable, cedarPolicies];
export const own: readonly BenchEngine[] = [table, closures];
