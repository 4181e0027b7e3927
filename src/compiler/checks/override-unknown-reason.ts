import { nearestWord } from "../../base/edit-distance.ts";
import type { ThingCheck } from "../check-context.ts";
import { isOverridable, LOCKED_OUT, OVERRIDABLE_WORDS } from "../reasons.ts";
import { unknown } from "./unknown-name.ts";

/** A policy for a reason that no clause can give would never do anything, and look as if it did. */
export const overrideUnknownReason: ThingCheck = (thing, { at }) => {
  if (thing.kind !== "override" || thing.reason.text === LOCKED_OUT || isOverridable(thing.reason.text)) return [];
  const { text, span } = thing.reason;
  return [unknown(`no clause gives the reason \`${text}\``, at(span), nearestWord(text, OVERRIDABLE_WORDS), [])];
};
