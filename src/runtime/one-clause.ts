import { assert } from "../base/assert.ts";
import { factCode } from "./evaluator.ts";
import type { Moment } from "./facts/context.ts";
import { appliesTo } from "./facts/instrument.ts";
import type { Finding } from "./facts/part.ts";
import { reasonsOf } from "./judge.ts";
import type { CompiledClause, LoadedBundle } from "./program.ts";

/** What one clause says by itself, before overrides: its reasons (warnings, where it is a `should`) and its own warnings. */
export interface ClauseSaid {
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
}

const NOTHING: ClauseSaid = { reasons: [], warnings: [] };

/**
 * Judges one clause as a whole decision would. Null where it is for another order or for equipment with another attribute.
 * @throws AssertionFailed where a decision would be blocked by `runtime.error`
 */
export function judgeClause(
  { bundle, rules }: LoadedBundle,
  compiled: CompiledClause,
  moment: Moment,
): ClauseSaid | null {
  const { clause } = compiled;
  if (!appliesTo(clause, bundle, moment)) return null;
  const parts = compiled.facts(moment);
  assert(parts.length > 0, `line ${clause.line} is judged by nothing`);
  let said = NOTHING;
  for (const facts of parts) {
    const row = compiled.parts.get(facts.part)?.row;
    assert(row !== undefined, `line ${clause.line} has no rule for its part ${facts.part}`);
    const found = reasonsOf(facts, rules.permits(row, factCode(facts)), clause.line);
    if (found.length > 0) said = { ...said, reasons: [...said.reasons, ...found] };
    else if (facts.warnings.length > 0) said = { ...said, warnings: [...said.warnings, ...facts.warnings] };
  }
  return said;
}
