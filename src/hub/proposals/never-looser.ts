import { canonicalJson } from "../../base/canonical-json.ts";
import { compareContracts } from "../../compiler/index.ts";
import type { Bundle, BundleClause, CalibrationClause } from "../../model/bundle.ts";

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
  return [...findings, ...frameChanged(before, after)];
}

/**
 * What else changes besides that one calibration falls due sooner, as sentences; empty is the proof that a machine's change only
 * shortens it. `place` is the clause's among those of `before`.
 */
export function besidesShortening(before: Bundle, after: Bundle, place: number): readonly string[] {
  if (before.clauses.length !== after.clauses.length) return ["it has more clauses, or fewer"];
  const findings: string[] = [];
  for (const [index, was] of before.clauses.entries()) {
    const now = after.clauses[index];
    if (now === undefined || meaning(was) === meaning(now)) continue;
    const isWanted = index === place && was.kind === "calibration" && now.kind === "calibration";
    if (!isWanted) findings.push(`line ${was.line}: "${was.text}" is changed`);
    else if (!isSooner(was, now)) findings.push(`line ${was.line}: "${now.text}" does not only fall due sooner`);
  }
  if (compareContracts(before, after).verdict !== "never-looser") findings.push("it is not proved to be no looser");
  return [...findings, ...frameChanged(before, after)];
}

/** Equal in everything but the interval and the cycles; that these got no longer is for the comparison to prove. */
const isSooner = (was: CalibrationClause, now: CalibrationClause): boolean =>
  meaning({ ...was, text: "", interval: null, cycles: null }) ===
  meaning({ ...now, text: "", interval: null, cycles: null });

const frameChanged = (before: Bundle, after: Bundle): readonly string[] =>
  Object.entries(frame).flatMap(([name, read]) =>
    canonicalJson(read(before)) === canonicalJson(read(after)) ? [] : [`${name} changed`],
  );

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
