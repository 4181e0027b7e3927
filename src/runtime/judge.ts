import { assert } from "../base/assert.ts";
import type { ClauseOutcome, ClauseState, ConditionOutcome, EngineChoice } from "../model/decision.ts";
import { stateOfReason } from "../model/reason-codes.ts";
import { factCode, NOT_ASKED } from "./evaluator.ts";
import type { Moment } from "./facts/context.ts";
import { appliesTo } from "./facts/instrument.ts";
import type { Finding, PartFacts, Shown } from "./facts/part.ts";
import type { CompiledClause } from "./program.ts";
import type { Asked, ReferenceEvaluator } from "./reference.ts";
import type { Binding } from "./selection.ts";

/** One finding of one clause. */
export interface Given {
  readonly finding: Finding;
  readonly binding: Binding;
  readonly compiled: CompiledClause;
}

/** A clause that applies to this test, with its facts. */
interface Posed {
  readonly compiled: CompiledClause;
  readonly parts: readonly PartFacts[];
}

export interface PosedBinding {
  readonly binding: Binding;
  readonly clauses: readonly Posed[];
}

export interface Judgement {
  readonly reasons: readonly Given[];
  readonly warnings: readonly Given[];
  /** Empty where nobody asked for an explanation. */
  readonly conditions: readonly ConditionOutcome[];
}

/** Computes the facts of every clause that applies. */
export function poseBinding(binding: Binding, moment: Moment): PosedBinding {
  const { loaded } = binding.release;
  const clauses: Posed[] = [];
  for (const condition of binding.conditions) {
    for (const compiled of loaded.byCondition.get(condition) ?? []) {
      if (!appliesTo(compiled.clause, loaded.bundle, moment)) continue;
      clauses.push({ compiled, parts: compiled.facts(moment) });
    }
  }
  return { binding, clauses };
}

/** Whether a part is permitted. Two evaluators answer it; the one of `fastVerdicts` is the runtime's own. */
export type Verdicts = (posed: Posed, facts: PartFacts) => boolean;

/** All rules at once: each part's facts as a code in its rule's row, then one loop over the rows. */
export function fastVerdicts({ binding, clauses }: PosedBinding): Verdicts {
  const { rules } = binding.release.loaded;
  const codes = new Uint8Array(rules.size).fill(NOT_ASKED);
  for (const { compiled, parts } of clauses) for (const facts of parts) codes[rowOf(compiled, facts)] = factCode(facts);
  const refused = rules.refused(codes);
  return ({ compiled }, facts) => !refused.includes(rowOf(compiled, facts));
}

function rowOf({ parts, clause }: CompiledClause, { part }: PartFacts): number {
  const row = parts.get(part)?.row;
  assert(row !== undefined, `line ${clause.line} has no rule for its part ${part}`);
  return row;
}

/** json-rules-engine's answer, compared with the own one unless it is asked alone. */
export async function referenceVerdicts(
  posed: PosedBinding,
  engine: Exclude<EngineChoice, "fast">,
  evaluate: ReferenceEvaluator,
): Promise<Verdicts> {
  const asked: Asked[] = [];
  const nameOf = new Map<PartFacts, string>();
  for (const { compiled, parts } of posed.clauses) {
    for (const facts of parts) {
      const rule = compiled.parts.get(facts.part)?.rule;
      assert(rule !== undefined, `line ${compiled.clause.line} has no rule for its part ${facts.part}`);
      asked.push({ rule, facts });
      nameOf.set(facts, rule.name);
    }
  }
  const permitted = await evaluate(asked);
  const verdict: Verdicts = (_, facts) => permitted.has(nameOf.get(facts) ?? "");
  if (engine === "reference") return verdict;
  const fast = fastVerdicts(posed);
  return (clause, facts) => {
    const answer = fast(clause, facts);
    assert(answer === verdict(clause, facts), `the two evaluators differ about rule ${nameOf.get(facts)}`);
    return answer;
  };
}

/**
 * Turns verdicts into reasons, warnings and outcomes.
 * @throws AssertionFailed where a part is permitted with a reason or refused without one: the decision is then blocked
 */
export function judgeBinding({ binding, clauses }: PosedBinding, verdicts: Verdicts, explain: boolean): Judgement {
  const reasons: Given[] = [];
  const warnings: Given[] = [];
  const outcomes = new Map<string, ClauseOutcome[]>(explain ? binding.conditions.map((name) => [name, []]) : []);
  for (const posed of clauses) {
    const { compiled, parts } = posed;
    const { clause } = compiled;
    assert(parts.length > 0, `line ${clause.line} is judged by nothing`);
    const given: Finding[] = [];
    for (const facts of parts) {
      const found = reasonsOf(facts, verdicts(posed, facts), clause.line);
      given.push(...found);
      if (found.length === 0)
        for (const warning of facts.warnings) warnings.push({ finding: warning, binding, compiled });
    }
    const into = clause.strictness === "must" ? reasons : warnings;
    for (const found of given) into.push({ finding: found, binding, compiled });
    if (explain) outcomes.get(clause.condition)?.push(outcomeOf(compiled, parts, given));
  }
  const contract = binding.release.loaded.bundle.contract;
  const conditions = [...outcomes].map(([name, list]) => ({ contract, name, state: worst(list), clauses: list }));
  return { reasons, warnings, conditions };
}

export function reasonsOf(facts: PartFacts, isPermitted: boolean, line: number): readonly Finding[] {
  const found = facts.state !== "known" ? facts.findings : facts.breach === null ? [] : [facts.breach];
  assert(isPermitted === (found.length === 0), `line ${line}, ${facts.part}: rule and reason disagree`);
  return found;
}

function outcomeOf({ clause }: CompiledClause, parts: readonly PartFacts[], given: readonly Finding[]): ClauseOutcome {
  const first = given[0];
  const seen = parts.map((part) => part.shown());
  const shown = (field: keyof Shown): string | null =>
    seen.map((part) => part[field]).find((value) => value !== null) ?? null;
  const state: ClauseState =
    first === undefined
      ? "satisfied"
      : given.some(({ code }) => stateOfReason(code) === "unknown")
        ? "unknown"
        : "violated";
  return {
    line: clause.line,
    text: clause.text,
    strictness: clause.strictness,
    state,
    reading: shown("reading"),
    limit: shown("limit"),
    instrument: shown("instrument"),
    certificate: shown("certificate"),
    dueOn: shown("dueOn"),
    reason: first === undefined ? null : `${first.code}:${first.subject}`,
  };
}

/** A condition is what its `must` clauses are; one that only warns never makes it worse. */
function worst(clauses: readonly ClauseOutcome[]): ClauseState {
  const states = clauses.filter(({ strictness }) => strictness === "must").map(({ state }) => state);
  return states.includes("violated") ? "violated" : states.includes("unknown") ? "unknown" : "satisfied";
}
