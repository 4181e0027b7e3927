import { MAX_ANALYSIS_STEPS } from "../model/limits.ts";
import { remembered } from "./analysis/remembered.ts";
import type { BodyContext, SoundClause } from "./check-context.ts";
import type { Related } from "./diagnostic.ts";
import { type IsDifference, implies, subjectOf } from "./implies.ts";
import { firstLineOf } from "./source-text.ts";

/** A clause, and an earlier or stricter one that implies it. */
export interface Implied {
  readonly clause: SoundClause;
  readonly by: SoundClause;
  readonly related: readonly Related[];
}

export interface ImpliedClauses {
  readonly implied: readonly Implied[];
  /** The first clause that could no longer be compared with all others about its subject. */
  readonly undecided: SoundClause | null;
}

/** Each clause that another implies, once, in source order. Of two equal clauses the later is implied. */
export const impliedClauses = remembered(({ body, sound }: BodyContext): ImpliedClauses => {
  const groups = Map.groupBy(sound, ({ compiled }) => subjectOf(compiled));
  const isDifference: IsDifference = (name) => body.declared.get(name)?.kind === "difference";
  const implied: Implied[] = [];
  let steps = MAX_ANALYSIS_STEPS;
  for (const clause of sound) {
    const group = groups.get(subjectOf(clause.compiled)) ?? [];
    const isImplying = (other: SoundClause): boolean => {
      steps -= 1;
      return (
        other !== clause &&
        implies(other, clause, isDifference) &&
        (other.compiled.index < clause.compiled.index || !implies(clause, other, isDifference))
      );
    };
    // The shop's clause is what an order's clause is measured against.
    const shops = clause.compiled.order === null ? undefined : group.find((one) => isShops(one) && isImplying(one));
    const by = shops ?? group.find(isImplying);
    if (steps < 0) return { implied, undecided: clause };
    if (by === undefined) continue;
    const place = firstLineOf(body.source, by.placed.clause.span);
    implied.push({ clause, by, related: [{ file: body.source.name, place, message: "this one" }] });
  }
  return { implied, undecided: null };
});

const isShops = ({ compiled }: SoundClause): boolean => compiled.order === null;
