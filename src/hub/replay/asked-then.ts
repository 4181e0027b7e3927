import type { Bundle, BundleClause } from "../../model/bundle.ts";
import type { Snapshot } from "../../model/snapshot.ts";

/**
 * A node keeps evidence by the names of the contracts it has. What only a candidate asks for was recorded by nobody, and that it
 * is missing from a snapshot says nothing about the days when the candidate is in force.
 */

/** Reasons that say no more than that there is no evidence. */
const ABSENCE: ReadonlySet<string> = new Set([
  ...["reading.missing", "ack.missing", "lot.unknown", "equipment.unknown", "calibration.missing"],
  ...["usage.unknown", "event.unknown", "check.missing", "check.after-use-missing"],
]);

/** Whether a reason stands for evidence that is not there at all. */
export function isAbsence(code: string, subject: string, snapshot: Pick<Snapshot, "equipment">): boolean {
  if (code === "warmup.too-short") return snapshot.equipment.get(subject)?.onSeconds === undefined;
  return ABSENCE.has(code);
}

/** Names the evidence behind a reason that a clause gives about `subject`. */
export function evidenceOf(clause: BundleClause, subject: string): string {
  if (clause.kind === "use") return JSON.stringify([clause.kind, subject, clause.counter]);
  if (clause.kind === "check-list") return JSON.stringify([clause.kind, subject, ...clause.items]);
  return JSON.stringify([clause.kind, subject]);
}

/** Everything that contracts ask for at a station with these roles, as `evidenceOf` names it. */
export const evidenceAskedBy = (bundles: readonly Bundle[], roles: ReadonlyMap<string, string>): ReadonlySet<string> =>
  new Set(
    bundles.flatMap((bundle) =>
      bundle.clauses.flatMap((clause) =>
        subjectsOf(clause, bundle, roles).map((subject) => evidenceOf(clause, subject)),
      ),
    ),
  );

function subjectsOf(clause: BundleClause, bundle: Bundle, roles: ReadonlyMap<string, string>): readonly string[] {
  const assetOf = (role: string): string =>
    roles.get(role) ?? bundle.equipment.find(({ name }) => name === role)?.asset ?? role;
  // With `when X is …` an X that no register knows is itself the reason.
  const guard = clause.attribute === null ? [] : [assetOf(clause.attribute.equipment)];
  switch (clause.kind) {
    case "reading": {
      const { difference = null } = bundle.quantities.find(({ name }) => name === clause.quantity) ?? {};
      return [...guard, ...(difference === null ? [clause.quantity] : [difference.left, difference.right])];
    }
    case "acknowledgement":
      return [...guard, clause.step];
    case "shelf-life": {
      const lot = bundle.materials.find(({ name }) => name === clause.material)?.lot;
      return [...guard, roles.get(clause.material) ?? lot ?? clause.material];
    }
    default:
      return [...guard, assetOf(clause.equipment)];
  }
}
