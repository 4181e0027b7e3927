import type { BundleQuantity } from "../../model/bundle.ts";
import type { SoundClause } from "../check-context.ts";
import type { Finding, Place } from "../diagnostic.ts";
import { acceptance, isWithin, plausible } from "../intervals.ts";

/** A limit that every plausible reading satisfies looks like a check and is none. */
export function neverBlocks({ compiled }: SoundClause, quantity: BundleQuantity, place: Place): Finding[] {
  if (compiled.kind !== "reading") return [];
  if (!isWithin(plausible(quantity), acceptance(compiled, quantity.difference !== null))) return [];
  const message = `every plausible reading of \`${quantity.name}\` satisfies this limit`;
  return [{ place, message, help: "tighten the limit, or say with `plausible from … to …` what can be read" }];
}
