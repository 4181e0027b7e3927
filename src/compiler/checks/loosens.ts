import type { BodyCheck } from "../check-context.ts";
import { impliedClauses } from "../implied.ts";
import { isLoosening } from "./redundant.ts";

/** Clauses for an order are added, never replace: a weaker one has no effect. Source: decisions.md B16. */
export const loosens: BodyCheck = (context) =>
  impliedClauses(context)
    .implied.filter(isLoosening)
    .map(({ clause, related }) => ({
      place: context.firstLine(clause.placed.clause.span),
      message: `order ${JSON.stringify(clause.compiled.order)} asks for less than the shop does; the shop's clause stays in force`,
      help: "an order can only ask for more; remove the clause or tighten it",
      related,
    }));
