import type { AcknowledgementClause } from "../../model/bundle.ts";
import type { Acknowledgement } from "../../model/snapshot.ts";
import { type ClauseFacts, isAhead, isFresh, type Moment, plural, sameRole } from "./context.ts";
import { type Finding, finding, known, NOTHING_SHOWN, notKnown, type Shown } from "./part.ts";

/** Source: decisions.md B7, B12. The subject is the acknowledgement's text. */
export function acknowledgementFacts(clause: AcknowledgementClause): ClauseFacts {
  return (moment) => {
    const given = moment.snapshot.acks.filter(
      (ack) => ack.step === clause.step && !isAhead(moment, ack.at) && isFresh(moment, clause.freshness, ack.at),
    );
    const fault = faultOf(clause, given, moment);
    const shown = (): Shown => ({
      ...NOTHING_SHOWN,
      reading: given.length === 0 ? null : given.map(({ by }) => by).join(", "),
    });
    return [fault === null ? known("acknowledgement", {}, shown) : notKnown("acknowledgement", [fault], shown)];
  };
}

function faultOf(
  { who, step }: AcknowledgementClause,
  given: readonly Acknowledgement[],
  { snapshot }: Moment,
): Finding | null {
  if (given.length === 0) return finding("ack.missing", step);
  switch (who.kind) {
    case "operator": {
      const { operator } = snapshot.test;
      if (operator !== undefined && given.some(({ by }) => by === operator)) return null;
      return finding(
        "ack.wrong-person",
        step,
        `by ${given.map(({ by }) => by).join(", ")}, asked of ${operator ?? "the operator"}`,
      );
    }
    case "role":
      return given.some(({ role }) => role !== undefined && sameRole(role, who.role))
        ? null
        : finding("ack.missing", step, `asked of a ${who.role}`);
    case "people": {
      const people = new Set(given.map(({ by }) => by)).size;
      return people >= who.count
        ? null
        : finding("ack.second-person-missing", step, `${plural(people, "person")} of ${who.count}`);
    }
  }
}
