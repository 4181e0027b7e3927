import { negate, parseDecimal, type Rational } from "../../base/rational.ts";
import type { BundleQuantity, ReadingClause } from "../../model/bundle.ts";
import { allUnits, toBase, type Unit } from "../../model/units.ts";
import { type Budget, type Constraint, conflict, rangeOf } from "./difference-constraints.ts";
import { constraintsOf, type QuantityOf, readingsOf, unitNamed, variableOf } from "./reading-constraints.ts";
import { type RoundValue, roundValueIn } from "./round-value.ts";

/** Values that pass every clause, or the clauses that exclude each other. */
export type Solved =
  | { readonly kind: "values"; readonly values: ReadonlyMap<string, RoundValue> }
  | { readonly kind: "conflict"; readonly clauses: readonly ReadingClause[] }
  | { readonly kind: "undecided" };

export interface ReadingProblem {
  readonly clauses: readonly ReadingClause[];
  readonly quantityOf: QuantityOf;
  /** Asked besides what the clauses ask, in base units. */
  readonly more: readonly Constraint<ReadingClause | null>[];
  /** Readings that stand already, whatever the clauses say; the others are chosen around them. */
  readonly fixed: ReadonlyMap<string, RoundValue>;
}

/** A value for each reading that the clauses look at, by quantity, such that all of them pass. */
export function solveReadings(problem: ReadingProblem, budget: Budget): Solved {
  const { clauses, quantityOf, fixed } = problem;
  const quantities = new Map(
    clauses.flatMap((clause) => readingsOf(clause, quantityOf)).map((quantity) => [quantity.name, quantity]),
  );
  let constraints = [...constraintsFor(problem), ...[...fixed].flatMap(([name, at]) => pinned(quantityOf(name), at))];
  const cycle = conflict(constraints, budget);
  if (cycle === undefined) return { kind: "undecided" };
  if (cycle !== null) return { kind: "conflict", clauses: [...new Set(cycle.flatMap(({ origin }) => origin ?? []))] };
  const values = new Map(fixed);
  for (const [name, quantity] of quantities) {
    if (values.has(name)) continue;
    const variable = variableOf(quantity);
    budget.steps -= constraints.length * 2;
    if (budget.steps < 0) return { kind: "undecided" };
    const value = roundValueIn(rangeOf(constraints, variable, null), unitsFor(quantity, clauses));
    if (value === undefined) return { kind: "undecided" };
    values.set(name, value);
    constraints = [...constraints, ...pinned(quantity, value)];
  }
  return { kind: "values", values };
}

/** A reading that stands is not asked what the clauses say of it; a difference with it still binds the other side. */
function constraintsFor({ clauses, quantityOf, more, fixed }: ReadingProblem): Constraint<ReadingClause | null>[] {
  const standing = new Set(
    [...fixed.keys()].flatMap((name) => {
      const quantity = quantityOf(name);
      return quantity === undefined ? [] : [variableOf(quantity)];
    }),
  );
  const isFixed = (side: string | null): boolean => side === null || standing.has(side);
  return [...clauses.flatMap((clause) => constraintsOf(clause, quantityOf, clause, null)), ...more].filter(
    ({ left, right }) => !(isFixed(left) && isFixed(right)),
  );
}

function pinned(quantity: BundleQuantity | undefined, { value, unit }: RoundValue): Constraint<null>[] {
  const number = parseDecimal(value);
  if (quantity === undefined || number === undefined) return [];
  const at: Rational = toBase(number, unitNamed(unit));
  const variable = variableOf(quantity);
  return [
    { left: variable, right: null, value: at, strict: false, origin: null },
    { left: null, right: variable, value: negate(at), strict: false, origin: null },
  ];
}

/** The quantity's own unit, then those of its limits, then any of its kind. */
function unitsFor({ name, unit }: BundleQuantity, clauses: readonly ReadingClause[]): readonly Unit[] {
  const own = unitNamed(unit);
  const limits = clauses.filter(({ quantity }) => quantity === name).map(({ limit }) => unitNamed(limit.unit));
  return [...new Set([own, ...limits, ...allUnits])].filter(({ kind }) => kind === own.kind);
}
