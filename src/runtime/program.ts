import { assert } from "../base/assert.ts";
import type { Bundle, BundleClause, BundleRule, ClausePart } from "../model/bundle.ts";
import type { Digest } from "../model/ids.ts";
import { compileRules, type RuleTable } from "./evaluator.ts";
import type { ClauseFacts } from "./facts/context.ts";
import { askedParts, compileFacts, ruleName } from "./facts.ts";

/** A bundle that passed the guard, compiled once for every decision to come. */
export interface LoadedBundle {
  readonly bundle: Bundle;
  /** Of the bytes it was loaded from. */
  readonly digest: Digest;
  readonly clauses: readonly CompiledClause[];
  /** Indexed by condition: what a test kind or an order asks for. */
  readonly byCondition: ReadonlyMap<string, readonly CompiledClause[]>;
  readonly kindOf: ReadonlyMap<string, string | null>;
  /** The bundle's rules, row by row as the bundle lists them. */
  readonly rules: RuleTable;
}

export interface CompiledClause {
  readonly clause: BundleClause;
  readonly facts: ClauseFacts;
  readonly parts: ReadonlyMap<ClausePart, CompiledPart>;
}

/** A part of a clause with its rule, and that rule's row in the table. */
export interface CompiledPart {
  readonly rule: BundleRule;
  readonly row: number;
}

/** @throws AssertionFailed where clauses and rules do not belong together, which the guard must have refused */
export function compileBundle(bundle: Bundle, digest: Digest): LoadedBundle {
  const rules = compileRules(bundle.rules);
  const ruleOf = new Map(bundle.rules.map((rule, row) => [rule.name, { rule, row }]));
  const clauses = bundle.clauses.map((clause): CompiledClause => {
    const parts = new Map<ClausePart, CompiledPart>();
    for (const part of askedParts(clause)) {
      const found = ruleOf.get(ruleName(clause, part));
      assert(found !== undefined, `the bundle has no rule ${ruleName(clause, part)}`);
      parts.set(part, found);
    }
    return { clause, facts: compileFacts(clause, bundle), parts };
  });
  const byCondition = new Map<string, CompiledClause[]>();
  for (const compiled of clauses) {
    const group = byCondition.get(compiled.clause.condition);
    if (group === undefined) byCondition.set(compiled.clause.condition, [compiled]);
    else group.push(compiled);
  }
  const kindOf = new Map(bundle.conditions.map(({ name, testKind }) => [name, testKind]));
  return { bundle, digest, clauses, byCondition, kindOf, rules };
}
