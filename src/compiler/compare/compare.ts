import { canonicalJson } from "../../base/canonical-json.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { PlantCalendar } from "../../model/plant-calendar.ts";
import { type Change, clauseChanges } from "./changes.ts";
import { type Candidate, candidatesFor } from "./counterexamples.ts";
import { frameChanges } from "./frame-changes.ts";
import { type Unproven, unprovenOf } from "./never-looser.ts";

/**
 * What a newer version of a contract changes. `equal` changes nothing that is compared; `never-looser` is proved: whatever the
 * newer allows the older allows too; `unproven` is neither proved nor refuted, until a runtime decides the candidates.
 */
export interface Comparison {
  readonly contract: string;
  readonly verdict: "equal" | "never-looser" | "unproven";
  readonly changes: readonly Change[];
  /** What stands in the way of a proof; empty where there is one. */
  readonly unproven: readonly Unproven[];
}

/** Compares two versions of one contract; null is a contract that is not there. Pure, and decides nothing. */
export function compareContracts(older: Bundle | null, newer: Bundle | null): Comparison {
  const contract = (newer ?? older)?.contract ?? "";
  if (older === null) return { contract, verdict: "never-looser", changes: whole("added", newer), unproven: [] };
  if (newer === null) {
    return { contract, verdict: "unproven", changes: whole("removed", older), unproven: [{ kind: "scope" }] };
  }
  const changes = [...frameChanges(older, newer), ...clauseChanges(older, newer)];
  const unproven = isSame(older, newer) ? [] : unprovenOf(older, newer);
  const proved = changes.length === 0 ? "equal" : "never-looser";
  return { contract, verdict: unproven.length === 0 ? proved : "unproven", changes, unproven };
}

/** Facts to decide by both, in the hope that the newer allows what the older blocks. */
export const counterexamplesOf = (
  older: Bundle,
  newer: Bundle | null,
  { unproven }: Comparison,
  calendar: PlantCalendar,
): Iterable<Candidate> => candidatesFor(older, newer, unproven, calendar);

/** The same but for the text it came from. */
function isSame(older: Bundle, newer: Bundle): boolean {
  const bare = ({ source: _source, ...rest }: Bundle): string => canonicalJson(rest);
  return bare(older) === bare(newer);
}

function whole(direction: "added" | "removed", bundle: Bundle | null): readonly Change[] {
  if (bundle === null) return [];
  const [was, now] = direction === "added" ? [null, bundle.title] : [bundle.title, null];
  return [
    {
      ...{ direction, condition: null, kind: "contract", subject: bundle.contract, was, now },
      line: { old: null, new: null },
      words: direction === "added" ? "a new contract" : "the contract is gone",
    },
  ];
}
