import type { AcrossCheck } from "../analysis/asked-readings.ts";
import type { Undecided } from "../analysis/pair-conflicts.ts";
import { conflictsAcross, conflictsWithin } from "../analysis/reading-conflicts.ts";
import type { BodyCheck } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";
import { impliedClauses } from "../implied.ts";
import { placeOfReading } from "./contradiction.ts";

/** What the analysis did not get to within its limits: silence would look like an answer. */
export const undecided: BodyCheck = (context) => {
  const { undecided: unimplied } = impliedClauses(context);
  return [
    ...conflictsWithin(context).undecided.map(findingOf),
    ...(unimplied === null
      ? []
      : [
          {
            place: context.firstLine(unimplied.placed.clause.span),
            message:
              "whether this clause or a later one adds anything is undecided: too many clauses about one subject",
            help: HELP,
          },
        ]),
  ];
};

/** The same for contracts together, where it was decided for each by itself. */
export const undecidedAcross: AcrossCheck = (contracts) =>
  conflictsAcross(contracts)
    .undecided.filter(({ at }) => conflictsWithin(at.contract).undecided.length === 0)
    .map((one) => ({ body: one.at.contract.body, finding: findingOf(one) }));

const HELP = "nothing is wrong for all that is known; fewer clauses in one contract can be compared in full";

const findingOf = ({ at, why }: Undecided): Finding => ({
  place: placeOfReading(at),
  message: `whether the clauses up to this one contradict each other is undecided: ${why}`,
  help: HELP,
});
