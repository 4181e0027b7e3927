import { brokenOf, clausesOf, conditionsOf } from "../body.ts";
import type { BodyCheck } from "../check-context.ts";

/** A contract that asks for nothing allows everything. */
export const emptyContract: BodyCheck = ({ body, firstLine }) => {
  const { node, members } = body;
  if (node.kind !== "contract" || clausesOf(members).length > 0 || brokenOf(members).length > 0) return [];
  if (conditionsOf(members).length > 0) return [];
  return [
    {
      place: firstLine(node.span),
      message: `contract ${node.id.text} has no clause`,
      help: "say in `before every test { … }` what must hold",
    },
  ];
};
