import { acceptance, type End, type Interval, intersection, limitOf, onlyPoint, plausible } from "../intervals.ts";
import { type AskedReading, askedReadings, type CheckedContract } from "./asked-readings.ts";
import { readingsOf, variableOf } from "./reading-constraints.ts";

/** Two clauses of the same tests that hardly were meant to stand together. */
export interface Disagreement {
  readonly later: AskedReading;
  readonly earlier: AskedReading;
  /** They leave one value, or two documents set different limits on the same side. */
  readonly why: "one-value" | "low" | "high";
}

interface Limits {
  readonly asked: AskedReading;
  /** What tests and which variable: clauses of one key are about the same. */
  readonly key: string;
  readonly limit: Interval;
  readonly passes: Interval;
}

/** Within one contract: limits that meet in a single value. */
export const disagreementsWithin = (contract: CheckedContract): readonly Disagreement[] =>
  disagreements(askedReadings(contract)).filter(({ why }) => why === "one-value");

/**
 * Between contracts. That one of them is stricter is nothing to report where it is for fewer stations or tests, for an order
 * or a house rule: only where both follow documents and are asked of the very same tests do the documents disagree.
 */
export const disagreementsAcross = (contracts: readonly CheckedContract[]): readonly Disagreement[] =>
  disagreements(contracts.flatMap(askedReadings)).filter(({ later, earlier }) => later.contract !== earlier.contract);

function disagreements(readings: readonly AskedReading[]): readonly Disagreement[] {
  const groups = Map.groupBy(readings.flatMap(limitsOf), ({ key }) => key);
  const found = [...groups.values()].flatMap((group) => [...oneValue(group), ...differing(group)]);
  const byClause = new Map<AskedReading, Disagreement>();
  for (const one of found) if (!byClause.has(one.later)) byClause.set(one.later, one);
  return readings.flatMap((asked) => byClause.get(asked) ?? []);
}

function limitsOf(asked: AskedReading): Limits[] {
  const { clause, quantityOf, when } = asked;
  const [left, right] = readingsOf(clause.compiled, quantityOf);
  if (left === undefined) return [];
  const isDifference = right !== undefined;
  const accepted = acceptance(clause.compiled, isDifference);
  const variables = [left, right].map((side) => (side === undefined ? "" : variableOf(side)));
  return [
    {
      asked,
      key: JSON.stringify([when.key, variables]),
      limit: limitOf(clause.compiled, isDifference),
      passes: isDifference ? accepted : intersection(accepted, plausible(left)),
    },
  ];
}

const keyOf = ({ value, inclusive }: End): string => `${value.n}/${value.d}${inclusive ? "" : "!"}`;

/** A clause whose own limit is one value means it. */
function oneValue(group: readonly Limits[]): readonly Disagreement[] {
  const [lows, highs] = [new Map<string, AskedReading>(), new Map<string, AskedReading>()];
  return group.flatMap(({ asked, passes: { low, high } }) => {
    if (onlyPoint({ low, high }) !== undefined) return [];
    const earlier =
      (low?.inclusive === true ? highs.get(keyOf(low)) : undefined) ??
      (high?.inclusive === true ? lows.get(keyOf(high)) : undefined);
    if (low?.inclusive === true && !lows.has(keyOf(low))) lows.set(keyOf(low), asked);
    if (high?.inclusive === true && !highs.has(keyOf(high))) highs.set(keyOf(high), asked);
    return earlier === undefined ? [] : [{ later: asked, earlier, why: "one-value" as const }];
  });
}

/** Limits on the same side that are not the same, from two contracts that both follow documents. */
function differing(group: readonly Limits[]): readonly Disagreement[] {
  const seen = { low: new Map<string, Limits[]>(), high: new Map<string, Limits[]>() };
  return group.flatMap((one) => {
    if (!followsDocuments(one.asked.contract)) return [];
    return (["low", "high"] as const).flatMap((side) => {
      const end = one.limit[side];
      if (end === null) return [];
      const own = seen[side].get(keyOf(end)) ?? [];
      const others = [...seen[side]].filter(([key]) => key !== keyOf(end)).flatMap(([, list]) => list);
      const earlier = others.find(({ asked }) => asked.contract !== one.asked.contract);
      // One contract may say one limit often; two contracts a limit are enough to find another one beside each.
      if (own.length < 2 && own.every(({ asked }) => asked.contract !== one.asked.contract)) {
        seen[side].set(keyOf(end), [...own, one]);
      }
      return earlier === undefined ? [] : [{ later: one.asked, earlier: earlier.asked, why: side }];
    });
  });
}

const followsDocuments = ({ body }: CheckedContract): boolean => body.members.some(({ kind }) => kind === "following");
