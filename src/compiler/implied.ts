import type { BodyContext, SoundClause } from "./check-context.ts";
import type { Related } from "./diagnostic.ts";
import { implies, subjectOf } from "./implies.ts";
import { firstLineOf } from "./source-text.ts";

/** A clause, and an earlier or stricter one that implies it. */
export interface Implied {
  readonly clause: SoundClause;
  readonly by: SoundClause;
  readonly related: readonly Related[];
}

/** Clauses about one thing are compared pairwise up to this many; nobody writes more, and time stays bounded. */
const MAX_COMPARED = 500;

/** Each clause that another implies, once, in source order. Of two equal clauses the later is implied. */
export function firstImplied({ body, sound }: BodyContext): readonly Implied[] {
  const groups = Map.groupBy(sound, ({ compiled }) => subjectOf(compiled));
  const found: Implied[] = [];
  for (const clause of sound) {
    const group = (groups.get(subjectOf(clause.compiled)) ?? []).slice(0, MAX_COMPARED);
    const implying = group.filter(
      (other) =>
        other !== clause &&
        implies(other, clause, body) &&
        (other.compiled.index < clause.compiled.index || !implies(clause, other, body)),
    );
    // The shop's clause is what an order's clause is measured against.
    const by = implying.find(({ compiled }) => compiled.order === null) ?? implying[0];
    if (by === undefined) continue;
    const place = firstLineOf(body.source, by.placed.clause.span);
    found.push({ clause, by, related: [{ file: body.source.name, place, message: "this one" }] });
  }
  return found;
}
