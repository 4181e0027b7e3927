import { nearestWord } from "../../base/edit-distance.ts";
import type { ThingCheck } from "../check-context.ts";
import { unknown } from "./unknown-name.ts";

/** A test that expects a condition the contract has not. */
export const testUnknownCondition: ThingCheck = (thing, { body, at }) =>
  thing.kind !== "expect-blocked"
    ? []
    : thing.by
        .filter(({ text }) => !body.conditions.has(text))
        .map(({ text, span }) => {
          const known = [...body.conditions.keys()];
          return unknown(`the contract has no condition \`${text}\``, at(span), nearestWord(text, known), known);
        });
