import { conditionsOf } from "../body.ts";
import type { BodyCheck } from "../check-context.ts";

/** A condition that holds no clause is always satisfied, and an order that names it would ask for nothing. */
export const emptyCondition: BodyCheck = ({ body, at }) =>
  conditionsOf(body.members)
    .filter(({ clauses }) => clauses.length === 0)
    .map(({ name }) => ({
      place: at(name.span),
      message: `condition \`${name.text}\` has no clause`,
      help: "write one or more clauses behind its colon, or remove it",
    }));
