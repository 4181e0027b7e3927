import type { Bundle, BundleClause, ClauseKind, ClausePart } from "../model/bundle.ts";
import { partsOfClause } from "../model/bundle.ts";
import { acknowledgementFacts } from "./facts/acknowledgement.ts";
import { beforeAndAfterUseFacts } from "./facts/before-and-after-use.ts";
import { calibrationFacts } from "./facts/calibration.ts";
import { checkListFacts } from "./facts/check-list.ts";
import { assetOf, type ClauseFacts, type ClauseOf } from "./facts/context.ts";
import { eventsFacts } from "./facts/events.ts";
import { finding, notKnown } from "./facts/part.ts";
import { readingFacts } from "./facts/reading.ts";
import { serviceStateFacts } from "./facts/service-state.ts";
import { shelfLifeFacts } from "./facts/shelf-life.ts";
import { useFacts } from "./facts/use.ts";
import { warmUpFacts } from "./facts/warm-up.ts";

type FactsTable = { readonly [K in ClauseKind]: (clause: ClauseOf<K>, bundle: Bundle) => ClauseFacts };

/** How each kind of clause becomes facts: a new kind is refused by tsc until it stands here. */
const factsOf: FactsTable = {
  calibration: calibrationFacts,
  "warm-up": warmUpFacts,
  reading: readingFacts,
  use: useFacts,
  events: eventsFacts,
  acknowledgement: acknowledgementFacts,
  "service-state": serviceStateFacts,
  "before-and-after-use": beforeAndAfterUseFacts,
  "shelf-life": shelfLifeFacts,
  "check-list": checkListFacts,
};

/** Compiles one clause. With `when X is …` an X that no register knows is itself the reason. */
export function compileFacts(clause: BundleClause, bundle: Bundle): ClauseFacts {
  const compile = factsOf[clause.kind] as (clause: BundleClause, bundle: Bundle) => ClauseFacts;
  const facts = compile(clause, bundle);
  if (clause.attribute === null) return facts;
  const guard = assetOf(bundle, clause.attribute.equipment);
  const parts = askedParts(clause);
  return (moment) => {
    const asset = guard(moment);
    if (moment.snapshot.equipment.has(asset)) return facts(moment);
    return parts.map((part) => notKnown(part, [finding("equipment.unknown", asset)]));
  };
}

/** The parts this clause asks for, each of which must have its rule. Source: decisions.md B19. */
export function askedParts(clause: BundleClause): readonly ClausePart[] {
  if (clause.kind !== "calibration") return partsOfClause[clause.kind];
  const parts: ClausePart[] = [];
  if (clause.interval !== null) parts.push("interval");
  if (clause.cycles !== null) parts.push("cycles");
  if (clause.referencesWithin !== null) parts.push("references");
  return parts;
}

/** `c3` for a clause's first part, `c3.cycles` for the others. Source: model/bundle `BundleRule`. */
export function ruleName(clause: BundleClause, part: ClausePart): string {
  return part === partsOfClause[clause.kind][0] ? `c${clause.index}` : `c${clause.index}.${part}`;
}
