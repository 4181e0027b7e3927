import { AssertionFailed } from "../base/assert.ts";
import type { BundleRule } from "../model/bundle.ts";
import type { PartFacts } from "./facts/part.ts";

/** One rule with the facts it is asked about. */
export interface Asked {
  readonly rule: BundleRule;
  readonly facts: PartFacts;
}

/** Answers the names of the rules that permit. */
export type ReferenceEvaluator = (asked: readonly Asked[]) => Promise<ReadonlySet<string>>;

let loading: Promise<ReferenceEvaluator> | undefined;

/** json-rules-engine is loaded when it is first needed: a gate on the own evaluator alone never pays for it. */
export function loadReference(): Promise<ReferenceEvaluator> {
  loading ??= import("json-rules-engine").then(({ Engine }) => (asked) => {
    // A path would be code (jsonpath-plus evaluates it); bundles have none, and nothing may resolve one.
    const engine = new Engine([], { pathResolver: refusePath });
    for (const { rule, facts } of asked) {
      engine.addRule({ name: rule.name, conditions: { all: [...rule.conditions.all] }, event: rule.event });
      engine.addFact(`${rule.name}.state`, facts.state);
      engine.addFact(`${rule.name}.vsLimit`, facts.vsLimit);
      engine.addFact(`${rule.name}.vsHigh`, facts.vsHigh);
      engine.addFact(`${rule.name}.vsPlanned`, facts.vsPlanned);
    }
    // A fresh engine each time: overlapping runs of one engine lose rules.
    return engine.run().then(({ results }) => new Set(results.map(({ name }) => name)));
  });
  return loading;
}

function refusePath(): never {
  throw new AssertionFailed("a rule with a path reached the rule engine");
}
