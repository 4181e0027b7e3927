/**
 * A third answer to every decision: a small interpreter of the syntax tree and the raw snapshot, written from decisions.md
 * alone. It knows nothing of bundles, rules, facts, the units table or the calendar of the project, and judges both evaluators.
 */
import { clauseSays } from "./interpreter-clauses.ts";
import { type Fields, fieldsIn, instantIn, situation } from "./interpreter-evidence.ts";
import { type GivenReason, overridden } from "./interpreter-overrides.ts";
import { applies } from "./interpreter-scope.ts";
import { type Question, selectedConditions } from "./interpreter-selection.ts";
import { plantTime } from "./interpreter-time.ts";

export interface Answer {
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

const sorted = (codes: Iterable<string>): readonly string[] => [...new Set(codes)].sort();

export function interpret(question: Question): Answer {
  const snapshot: Fields = question.snapshot instanceof Map ? (question.snapshot as Fields) : new Map();
  const asked = situation(snapshot, question.now, plantTime(question.zone));
  const clock = fieldsIn(snapshot, "clock");
  const highWater = instantIn(clock, "highWater");
  // B5: a clock that went back blocks, and nothing else is judged.
  if (highWater !== undefined && highWater - asked.now > 5000)
    return { allow: false, reasons: ["clock.went-back:node"], warnings: [] };
  const monotonic = instantIn(clock, "monotonicNow");
  const warnings =
    monotonic !== undefined && Math.abs(monotonic - asked.now) > 120_000 ? ["clock.jumped-forward:node"] : [];
  const { chosen, reasons } = selectedConditions(question, asked);
  const given: GivenReason[] = [];
  for (const { contract, conditions } of chosen) {
    const clauses = contract.conditions
      .filter(({ name }) => conditions.has(name))
      .flatMap((condition) => condition.clauses);
    for (const clause of clauses) {
      if (!applies(contract, clause, asked)) continue;
      const said = clauseSays(contract, clause, asked);
      warnings.push(...said.warnings);
      // `should` clauses only warn.
      if (clause.strictness === "should") warnings.push(...said.reasons);
      else given.push(...said.reasons.map((code) => ({ code, contract, clause })));
    }
  }
  const after = overridden(given, reasons, asked);
  const all = sorted(after.reasons);
  return { allow: all.length === 0, reasons: all, warnings: sorted([...warnings, ...after.warnings]) };
}
