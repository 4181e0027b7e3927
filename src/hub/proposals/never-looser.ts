import { canonicalJson } from "../../base/canonical-json.ts";
import type { Bundle, BundleClause } from "../../model/bundle.ts";

/**
 * What `after` takes away from `before`, as sentences; empty is the proof that a machine's change only adds warnings.
 * It compares what was compiled, not text: every clause must be there again word for word, everything else that a decision
 * rests on must be equal, and what is new must be `should`. Nothing is weighed, so nothing can be weighed wrongly.
 */
export function takenAway(before: Bundle, after: Bundle): readonly string[] {
  const findings: string[] = [];
  const left = new Map<string, number>();
  for (const clause of after.clauses) left.set(meaning(clause), (left.get(meaning(clause)) ?? 0) + 1);
  for (const clause of before.clauses) {
    const count = left.get(meaning(clause)) ?? 0;
    if (count === 0) findings.push(`line ${clause.line}: "${clause.text}" is gone or changed`);
    else left.set(meaning(clause), count - 1);
  }
  for (const clause of after.clauses) {
    const count = left.get(meaning(clause)) ?? 0;
    if (count === 0) continue;
    left.set(meaning(clause), count - 1);
    if (clause.strictness !== "should") findings.push(`line ${clause.line}: "${clause.text}" is new and not a should`);
  }
  for (const [name, read] of Object.entries(frame)) {
    if (canonicalJson(read(before)) !== canonicalJson(read(after))) findings.push(`${name} changed`);
  }
  return findings;
}

/** A clause without its place in the file. Its rules are the compiler's function of it, so they need no second look. */
function meaning(clause: BundleClause): string {
  const { index: _index, line: _line, column: _column, ...rest } = clause;
  return canonicalJson(rest);
}

const withoutLine = <T extends { readonly line: number }>({ line: _line, ...rest }: T): Omit<T, "line"> => rest;

const frame: { readonly [name: string]: (bundle: Bundle) => unknown } = {
  "the contract's id": (bundle) => bundle.contract,
  "whom it binds": (bundle) => bundle.scope,
  "the equipment": (bundle) => bundle.equipment.map(withoutLine),
  "the materials": (bundle) => bundle.materials.map(withoutLine),
  "the quantities": (bundle) => bundle.quantities.map(withoutLine),
  "the conditions": (bundle) => bundle.conditions.map(withoutLine),
  "who may override": (bundle) => bundle.overrides.map(withoutLine),
  "who is told": (bundle) => bundle.whenBlocked.map(withoutLine),
};
