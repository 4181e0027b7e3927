import { compare } from "../../base/rational.ts";
import { acceptance, type End, type Interval, intersection, isEmpty, plausible } from "../intervals.ts";
import { type AskedReading, askedTogether } from "./asked-readings.ts";
import type { Budget } from "./difference-constraints.ts";
import { readingsOf, variableOf } from "./reading-constraints.ts";

/** A clause, and earlier ones that nothing satisfies together with it. */
export interface Conflict {
  readonly later: AskedReading;
  readonly earlier: readonly AskedReading[];
  readonly why: "limits" | "kinds";
}

/** Where the search ended before it had an answer; nothing is said of the clauses from this one on. */
export interface Undecided {
  readonly at: AskedReading;
  readonly why: string;
}

/** A clause as a set of values of one variable: a reading, or the difference of two. */
interface Bounded {
  readonly asked: AskedReading;
  readonly passes: Interval;
}

/** Of the clauses asked of the same tests in one contract: those with a tighter limit than all before, in source order. */
interface Class {
  readonly first: AskedReading;
  readonly lows: Bounded[];
  readonly highs: Bounded[];
}

/** The classes so far. By the type of station, so that shops with many kinds of it cost no more than one kind. */
interface Classes {
  readonly ofContract: Map<object, Map<string, Class>>;
  readonly ofStations: Map<string | null, Class[]>;
}

export type Counts = (a: AskedReading, b: AskedReading) => boolean;

/**
 * Clauses about one variable that exclude each other. Sets without gaps have a common value as soon as each two of them
 * have one, so pairs are all there is to look at.
 */
export function pairConflicts(
  readings: readonly AskedReading[],
  counts: Counts,
  budget: Budget,
): { readonly conflicts: readonly Conflict[]; readonly undecided: readonly Undecided[] } {
  const conflicts: Conflict[] = [];
  const undecided: Undecided[] = [];
  for (const group of Map.groupBy(readings.flatMap(bounded), ({ variable }) => variable).values()) {
    const classes: Classes = { ofContract: new Map(), ofStations: new Map() };
    for (const one of group) {
      const earlier = earliestExcluded(one, classes, counts, budget);
      if (budget.steps < 0) {
        undecided.push({ at: one.asked, why: "too many clauses about one quantity" });
        return { conflicts, undecided };
      }
      if (earlier !== undefined) conflicts.push({ later: one.asked, earlier: [earlier], why: "limits" });
      remember(one, classes);
    }
  }
  return { conflicts, undecided };
}

function bounded(asked: AskedReading): (Bounded & { readonly variable: string })[] {
  const { clause, quantityOf } = asked;
  const [left, right] = readingsOf(clause.compiled, quantityOf);
  if (left === undefined) return [];
  const accepted = acceptance(clause.compiled, right !== undefined);
  const variable = right === undefined ? variableOf(left) : `${variableOf(left)} minus ${variableOf(right)}`;
  return [{ asked, variable, passes: right === undefined ? intersection(accepted, plausible(left)) : accepted }];
}

function earliestExcluded(
  { asked, passes }: Bounded,
  { ofStations }: Classes,
  counts: Counts,
  budget: Budget,
): AskedReading | undefined {
  const { stationType } = asked.when;
  const ofAny = ofStations.get(null) ?? [];
  const near = stationType === null ? [...ofStations.values()] : [ofAny, ofStations.get(stationType) ?? []];
  for (const list of near) {
    for (const { first, lows, highs } of list) {
      budget.steps -= 1;
      if (budget.steps < 0) return undefined;
      if (!counts(first, asked) || !askedTogether(first.when, asked.when)) continue;
      const found =
        firstOf(lows, (other) => isEmpty({ low: other.passes.low, high: passes.high })) ??
        firstOf(highs, (other) => isEmpty({ low: passes.low, high: other.passes.high }));
      if (found !== undefined) return found.asked;
    }
  }
  return undefined;
}

/** The first of a list that has the property, where all behind it have it too. */
function firstOf<T>(list: readonly T[], has: (item: T) => boolean): T | undefined {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (has(list[middle] as T)) to = middle;
    else from = middle + 1;
  }
  return list[from];
}

/** Whoever is looser than an earlier one excludes nothing that this does not. */
function remember(one: Bounded, { ofContract, ofStations }: Classes): void {
  const { contract, when } = one.asked;
  const byKey = ofContract.get(contract) ?? new Map<string, Class>();
  ofContract.set(contract, byKey);
  const own = byKey.get(when.key) ?? { first: one.asked, lows: [], highs: [] };
  if (!byKey.has(when.key)) {
    byKey.set(when.key, own);
    const list = ofStations.get(when.stationType);
    if (list === undefined) ofStations.set(when.stationType, [own]);
    else list.push(own);
  }
  const { low, high } = one.passes;
  if (low !== null && isTighter(low, own.lows.at(-1)?.passes.low ?? null, 1)) own.lows.push(one);
  if (high !== null && isTighter(high, own.highs.at(-1)?.passes.high ?? null, -1)) own.highs.push(one);
}

function isTighter(end: End, than: End | null, inwards: 1 | -1): boolean {
  if (than === null) return true;
  const order = compare(end.value, than.value);
  return order === inwards || (order === 0 && !end.inclusive && than.inclusive);
}

/** Readings that two contracts take for different kinds: no reading has the unit of both. */
export function kindConflicts(readings: readonly AskedReading[], counts: Counts, budget: Budget): readonly Conflict[] {
  const seen = new Map<string, Map<string, AskedReading[]>>();
  const conflicts: Conflict[] = [];
  for (const asked of readings) {
    for (const quantity of readingsOf(asked.clause.compiled, asked.quantityOf)) {
      const variable = variableOf(quantity);
      const kinds = seen.get(quantity.name) ?? new Map<string, AskedReading[]>();
      seen.set(quantity.name, kinds);
      const others = [...kinds].flatMap(([kind, list]) => (kind === variable ? [] : list));
      budget.steps -= others.length;
      if (budget.steps < 0) return conflicts;
      const earlier = others.find((other) => counts(other, asked) && askedTogether(other.when, asked.when));
      if (earlier !== undefined) conflicts.push({ later: asked, earlier: [earlier], why: "kinds" });
      const own = kinds.get(variable) ?? [];
      if (!own.some(({ contract, when }) => contract === asked.contract && when.key === asked.when.key))
        own.push(asked);
      kinds.set(variable, own);
    }
  }
  return conflicts;
}
