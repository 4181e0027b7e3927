import type { Bundle, BundleClause, ClausePart } from "../model/bundle.ts";
import { partsOfClause } from "../model/bundle.ts";
import { clauseKinds } from "./clause-kinds.ts";
import { assetOf, type ClauseFacts } from "./facts/context.ts";
import { finding, notKnown } from "./facts/part.ts";

/** Compiles one clause. With `when X is …` an X that no register knows is itself the reason. */
export function compileFacts(clause: BundleClause, bundle: Bundle): ClauseFacts {
  const compile = clauseKinds[clause.kind].facts as (clause: BundleClause, bundle: Bundle) => ClauseFacts;
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
