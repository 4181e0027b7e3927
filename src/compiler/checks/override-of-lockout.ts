import type { ThingCheck } from "../check-context.ts";
import { LOCKED_OUT } from "../reasons.ts";

/** A lock protects a person at the machine; no signature replaces taking it off. Source: decisions.md B12. */
export const overrideOfLockout: ThingCheck = (thing, { at }) => {
  if (thing.kind !== "override" || thing.reason.text !== LOCKED_OUT) return [];
  return [
    {
      place: at(thing.span),
      message: "a lock-out can never be overridden",
      help: "remove this line; the lock is taken off by the person who put it on",
    },
  ];
};
