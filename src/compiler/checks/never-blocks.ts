import { type QuantityOf, readingsOf } from "../analysis/reading-constraints.ts";
import type { SoundClause } from "../check-context.ts";
import type { Finding, Place } from "../diagnostic.ts";
import { acceptance, isWithin, plausible, plausibleDifference } from "../intervals.ts";

/** A limit that every plausible reading satisfies looks like a check and is none. */
export function neverBlocks({ compiled }: SoundClause, quantityOf: QuantityOf, place: Place): Finding[] {
  if (compiled.kind !== "reading") return [];
  const [left, right] = readingsOf(compiled, quantityOf);
  if (left === undefined) return [];
  const possible = right === undefined ? plausible(left) : plausibleDifference(left, right);
  if (!isWithin(possible, acceptance(compiled, right !== undefined))) return [];
  const message = `every plausible reading of \`${compiled.quantity}\` satisfies this limit`;
  return [{ place, message, help: "tighten the limit, or say with `plausible from … to …` what can be read" }];
}
