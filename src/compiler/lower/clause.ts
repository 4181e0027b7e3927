import type { Clause } from "../../../grammar/ast.ts";
import type { BundleClause, ClauseKind } from "../../model/bundle.ts";
import type { Body, PlacedClause } from "../body.ts";
import { clauseKinds, type OwnOf } from "../clause-kinds.ts";
import { printClause } from "../format-clause.ts";
import { placeOf } from "../source-text.ts";

/** A sound clause in compiled form. `index` is its place among the contract's clauses. */
export function lowerClause({ clause, condition }: PlacedClause, index: number, body: Body): BundleClause {
  const { line, column } = placeOf(body.source, clause.span);
  const own = (clauseKinds[clause.kind].lower as (clause: Clause, body: Body) => OwnOf<ClauseKind>)(clause, body);
  return {
    kind: clause.kind,
    index,
    condition: condition.name.text,
    strictness: clause.strictness,
    line,
    column,
    text: printClause(clause),
    because: clause.because?.value ?? null,
    order: clause.order?.value ?? null,
    attribute:
      clause.attribute === null
        ? null
        : { equipment: clause.attribute.equipment.text, attribute: clause.attribute.attribute.text },
    neverOverridable: clause.neverOverridable,
    ...own,
  } as BundleClause;
}
