import type { AcrossCheck } from "../analysis/asked-readings.ts";
import { type Disagreement, disagreementsAcross, disagreementsWithin } from "../analysis/disagreements.ts";
import type { BodyCheck } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";
import { placeOfReading, relatedTo } from "./contradiction.ts";

/** Limits that meet in a single value: no instrument shows it twice. */
export const conflictingLimits: BodyCheck = (context) => disagreementsWithin(context).map(findingOf);

/** The same between contracts, and documents that set different limits for the same tests. */
export const conflictingLimitsAcross: AcrossCheck = (contracts) =>
  disagreementsAcross(contracts).map((one) => ({ body: one.later.contract.body, finding: findingOf(one) }));

function findingOf(disagreement: Disagreement): Finding {
  const { later, earlier, why } = disagreement;
  const { quantity } = later.clause.compiled;
  const { node } = earlier.contract.body;
  const where = later.contract === earlier.contract ? "an earlier clause" : `${node.kind} ${nameOf(node)}`;
  const side = why === "low" ? "lower" : "upper";
  return {
    place: placeOfReading(later),
    message:
      why === "one-value"
        ? `this limit and that of ${where} leave a single value of \`${quantity}\``
        : `${where} sets another ${side} limit for \`${quantity}\`, for the same tests`,
    help:
      why === "one-value"
        ? "no reading will ever be exactly that; find out which of the two limits is meant"
        : "both hold, so the stricter counts; find out which of the two documents is right",
    related: [relatedTo(earlier, "the earlier one")],
  };
}

const nameOf = (node: Disagreement["earlier"]["contract"]["body"]["node"]): string =>
  node.kind === "contract" ? node.id.text : node.name.text;
