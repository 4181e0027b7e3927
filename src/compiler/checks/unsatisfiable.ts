import type { BundleQuantity } from "../../model/bundle.ts";
import type { SoundClause } from "../check-context.ts";
import type { Finding, Place } from "../diagnostic.ts";
import { acceptance, disjoint, isEmpty, plausible } from "../intervals.ts";

/** One clause that nothing satisfies: its ends are crossed, or nothing plausible lies inside. */
export function unsatisfiable({ compiled }: SoundClause, quantity: BundleQuantity, place: Place): Finding[] {
  if (compiled.kind !== "reading") return [];
  const passes = acceptance(compiled, quantity.difference !== null);
  if (isEmpty(passes)) {
    const why = compiled.guardBand === null ? "its lower end is above its upper end" : "the guard band leaves nothing";
    return [{ place, message: `no reading satisfies this clause: ${why}` }];
  }
  if (!disjoint(passes, plausible(quantity))) return [];
  const range =
    quantity.plausible === null
      ? "nothing measured lies below physical zero"
      : `\`${quantity.name}\` is plausible from ${quantity.plausible.from} to ${quantity.plausible.to} ${quantity.unit}`;
  return [{ place, message: `no plausible reading satisfies this clause: ${range}` }];
}
