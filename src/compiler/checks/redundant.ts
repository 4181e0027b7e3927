import type { BodyCheck } from "../check-context.ts";
import { type Implied, impliedClauses } from "../implied.ts";

/** A clause that another makes idle: the reader wonders which of the two counts. */
export const redundant: BodyCheck = (context) =>
  impliedClauses(context)
    .implied.filter((found) => !isLoosening(found))
    .map(({ by, clause, related }) => ({
      place: context.firstLine(clause.placed.clause.span),
      message: "this clause adds nothing: another one asks for at least as much",
      help: `remove it; line ${by.compiled.line} already says it`,
      related,
    }));

/** An order's clause that the shop's own implies. */
export const isLoosening = ({ clause, by }: Implied): boolean =>
  clause.compiled.order !== null && by.compiled.order === null;
