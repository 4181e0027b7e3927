import type { BundleQuantity } from "../../model/bundle.ts";
import { type QuantityOf, readingsOf } from "../analysis/reading-constraints.ts";
import type { SoundClause } from "../check-context.ts";
import type { Finding, Place } from "../diagnostic.ts";
import { acceptance, disjoint, isEmpty, plausible, plausibleDifference } from "../intervals.ts";

/** One clause that nothing satisfies: its ends are crossed, or nothing plausible lies inside. */
export function unsatisfiable({ compiled }: SoundClause, quantityOf: QuantityOf, place: Place): Finding[] {
  if (compiled.kind !== "reading") return [];
  const [left, right] = readingsOf(compiled, quantityOf);
  if (left === undefined) return [];
  const passes = acceptance(compiled, right !== undefined);
  if (isEmpty(passes)) {
    const why = compiled.guardBand === null ? "its lower end is above its upper end" : "the guard band leaves nothing";
    return [{ place, message: `no reading satisfies this clause: ${why}` }];
  }
  const possible = right === undefined ? plausible(left) : plausibleDifference(left, right);
  if (!disjoint(passes, possible)) return [];
  const ranges = [left, right].flatMap((quantity) => (quantity === undefined ? [] : rangeWords(quantity)));
  return [{ place, message: `no plausible reading satisfies this clause: ${ranges.join(", ")}` }];
}

const rangeWords = ({ name, unit, plausible: range }: BundleQuantity): string =>
  range === null
    ? "nothing measured lies below physical zero"
    : `\`${name}\` is plausible from ${range.from} to ${range.to} ${unit}`;
