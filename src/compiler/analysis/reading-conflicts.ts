import { MAX_ANALYSIS_STEPS } from "../../model/limits.ts";
import { type AskedReading, askedReadings, type CheckedContract } from "./asked-readings.ts";
import { differenceConflicts } from "./difference-conflicts.ts";
import type { Budget } from "./difference-constraints.ts";
import { type Conflict, type Counts, kindConflicts, pairConflicts, type Undecided } from "./pair-conflicts.ts";
import { remembered } from "./remembered.ts";

/** What exact interval sets say about clauses together. `undecided` is what the budget did not reach: it is said, never dropped. */
export interface ReadingConflicts {
  readonly conflicts: readonly Conflict[];
  readonly undecided: readonly Undecided[];
}

/** Within one contract or template. */
export const conflictsWithin = remembered(
  (contract: CheckedContract): ReadingConflicts => conflictsAmong(askedReadings(contract), () => true),
);

/** Between contracts that bind one station: what lies within one contract is left to `conflictsWithin`. */
export const conflictsAcross = remembered((contracts: readonly CheckedContract[]): ReadingConflicts => {
  if (contracts.length < 2) return { conflicts: [], undecided: [] };
  const between: Counts = (a, b) => a.contract !== b.contract;
  const { conflicts, undecided } = conflictsAmong(contracts.flatMap(askedReadings), between);
  const isAcross = ({ later, earlier }: Conflict): boolean => earlier.some((one) => between(one, later));
  return { conflicts: conflicts.filter(isAcross), undecided };
});

function conflictsAmong(readings: readonly AskedReading[], counts: Counts): ReadingConflicts {
  const budget: Budget = { steps: MAX_ANALYSIS_STEPS };
  const kinds = kindConflicts(readings, counts, budget);
  const pairs = pairConflicts(readings, counts, budget);
  const found = new Set([...kinds, ...pairs.conflicts].map(({ later }) => later));
  const differences = differenceConflicts(readings, found, budget);
  const first = new Map<AskedReading, Conflict>();
  for (const one of [...kinds, ...pairs.conflicts, ...differences.conflicts]) {
    if (!first.has(one.later)) first.set(one.later, one);
  }
  return {
    conflicts: readings.flatMap((reading) => first.get(reading) ?? []),
    undecided: [...pairs.undecided, ...differences.undecided],
  };
}
