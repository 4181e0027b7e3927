import type { Binding, ClauseSaid, CompiledClause } from "../../runtime/index.ts";

/** A clause that a decision looked at, and the release it stands in. */
export interface BoundClause {
  readonly binding: Binding;
  readonly compiled: CompiledClause;
}

/** Every clause of the conditions that bind, in the order in which outcomes are kept. */
export const boundClauses = (bindings: readonly Binding[]): readonly BoundClause[] =>
  bindings.flatMap((binding) =>
    binding.conditions.flatMap((condition) =>
      (binding.release.loaded.byCondition.get(condition) ?? []).map((compiled) => ({ binding, compiled })),
    ),
  );

/** What a clause said, without the words for people. Null where it was not asked. */
export type Outcome = {
  readonly reasons: readonly CodeAndSubject[];
  readonly warnings: readonly CodeAndSubject[];
} | null;

export interface CodeAndSubject {
  readonly code: string;
  readonly subject: string;
}

const NOT_ASKED = "-";
const NOTHING: Outcome = { reasons: [], warnings: [] };

/** As text, empty for the clause that has nothing to say. */
export function printOutcome(said: ClauseSaid | null): string {
  if (said === null) return NOT_ASKED;
  const { reasons, warnings } = said;
  if (reasons.length === 0 && warnings.length === 0) return "";
  const bare = ({ code, subject }: CodeAndSubject): readonly string[] => [code, subject];
  return JSON.stringify([reasons.map(bare), warnings.map(bare)]);
}

export function readOutcome(text: string): Outcome {
  if (text === "") return NOTHING;
  if (text === NOT_ASKED) return null;
  const [reasons, warnings] = JSON.parse(text) as [Pairs, Pairs];
  const whole = (pairs: Pairs) => pairs.map(([code, subject]) => ({ code, subject }));
  return { reasons: whole(reasons), warnings: whole(warnings) };
}

type Pairs = readonly (readonly [string, string])[];

/** As decisions list them: sorted, each once. */
export const codesOf = (found: readonly CodeAndSubject[]): readonly string[] =>
  found.length === 0 ? [] : [...new Set(found.map(({ code, subject }) => `${code}:${subject}`))].sort();
