import type { Clause, Freshness } from "../../grammar/ast.ts";
import { clauseKinds } from "./clause-kinds.ts";
import { everyText, textOf } from "./format-words.ts";

/**
 * A clause in pieces that belong together; a comma stands between two, and a long clause is broken behind one.
 * `because` is not among them: it stands on a line of its own. Source: language.md "Formatting".
 */
export function clausePieces(clause: Clause): readonly string[] {
  const pieces: string[] = [];
  if (clause.order !== null) pieces.push(`for order ${textOf(clause.order)}`);
  if (clause.attribute !== null) {
    pieces.push(`when the ${clause.attribute.equipment.text} is ${clause.attribute.attribute.text}`);
  }
  if (clause.freshness !== null) pieces.push(freshnessText(clause.freshness));
  pieces.push(...predicatePieces(clause));
  if (clause.neverOverridable) pieces.push("never overridable");
  return pieces;
}

/** The clause on one line, `because` left out. */
export const printClause = (clause: Clause): string => clausePieces(clause).join(", ");

function freshnessText(freshness: Freshness): string {
  switch (freshness.kind) {
    case "period":
      return `each ${freshness.period}`;
    case "every":
      return `every ${everyText(freshness.interval, "freshness")}`;
    case "latest":
      return "from the latest readings";
  }
}

function predicatePieces(clause: Clause): readonly string[] {
  const pieces = clauseKinds[clause.kind].pieces as (clause: Clause) => readonly string[];
  return pieces(clause);
}
