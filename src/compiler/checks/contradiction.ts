import type { AcrossCheck, AskedReading } from "../analysis/asked-readings.ts";
import type { Conflict } from "../analysis/pair-conflicts.ts";
import { conflictsAcross, conflictsWithin } from "../analysis/reading-conflicts.ts";
import type { BodyCheck } from "../check-context.ts";
import type { Finding, Related } from "../diagnostic.ts";
import { firstLineOf } from "../source-text.ts";

/** Clauses that no readings satisfy together: the gate would never open. */
export const contradiction: BodyCheck = (context) => conflictsWithin(context).conflicts.map(findingOf);

/** The same across contracts that bind one station; the finding belongs to the later contract. */
export const contradictionsAcross: AcrossCheck = (contracts) =>
  conflictsAcross(contracts).conflicts.map((conflict) => ({
    body: conflict.later.contract.body,
    finding: findingOf(conflict),
  }));

function findingOf(conflict: Conflict): Finding {
  const { later, earlier } = conflict;
  return {
    place: placeOfReading(later),
    message: messageOf(conflict),
    help: helpOf[conflict.why],
    related: earlier.map((one) => relatedTo(one, "the earlier one")),
  };
}

const helpOf: { readonly [W in Conflict["why"]]: string } = {
  limits: "no test could ever start; change one of the limits",
  kinds: "a reading has one unit; give one of the two quantities another name",
};

function messageOf({ later, earlier, why }: Conflict): string {
  const { quantity } = later.clause.compiled;
  if (why === "kinds") return `\`${quantity}\` and an earlier clause measure one reading in units of different kinds`;
  if (earlier.length === 1 && earlier[0]?.clause.compiled.quantity === quantity) {
    return `no reading of \`${quantity}\` satisfies both this clause and an earlier one`;
  }
  const others = [...new Set(earlier.map(({ clause }) => `\`${clause.compiled.quantity}\``))].join(", ");
  return `no readings satisfy this clause about \`${quantity}\` and the earlier ones about ${others} together`;
}

export const placeOfReading = ({ contract, clause }: AskedReading): Finding["place"] =>
  firstLineOf(contract.body.source, clause.placed.clause.span);

export const relatedTo = (asked: AskedReading, message: string): Related => ({
  file: asked.contract.body.source.name,
  place: placeOfReading(asked),
  message,
});
