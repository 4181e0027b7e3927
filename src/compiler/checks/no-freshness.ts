import type { ThingCheck } from "../check-context.ts";

/** How old the evidence may be is part of the clause: a reading from last year is no reading. */
export const noFreshness: ThingCheck = (thing, { at }) => {
  if (thing.kind !== "reading" && thing.kind !== "acknowledgement" && thing.kind !== "check-list") return [];
  if (thing.freshness !== null) return [];
  const what = { reading: "the reading", acknowledgement: "the acknowledgement", "check-list": "the check" };
  return [
    {
      place: at(thing.span),
      message: `the clause does not say how fresh ${what[thing.kind]} must be`,
      help: "begin it with `each day,`, `each shift,`, `every 8 hours,` or `from the latest readings,`",
    },
  ];
};
