import { assert } from "../../base/assert.ts";
import { negate } from "../../base/rational.ts";
import type { BundleQuantity, ReadingClause } from "../../model/bundle.ts";
import { findUnit, type Unit } from "../../model/units.ts";
import { acceptance, type Interval, plausible } from "../intervals.ts";
import type { Constraint } from "./difference-constraints.ts";

export type QuantityOf = (name: string) => BundleQuantity | undefined;

/** A reading of the snapshot as a variable: contracts share readings by name, but a pressure is never a temperature. */
export function variableOf({ name, unit }: BundleQuantity): string {
  return `${name} ${kindOf(unit)}`;
}

export function unitNamed(symbol: string): Unit {
  const unit = findUnit(symbol);
  assert(unit !== undefined, "a compiled contract names units of the table");
  return unit;
}

const kindOf = (symbol: string): string => unitNamed(symbol).kind;

/** The readings that a clause looks at: the quantity itself, or the two sides of a difference. Empty where one is undeclared. */
export function readingsOf(clause: ReadingClause, quantityOf: QuantityOf): readonly BundleQuantity[] {
  const quantity = quantityOf(clause.quantity);
  if (quantity === undefined) return [];
  const { difference } = quantity;
  const names = difference === null ? [clause.quantity] : [difference.left, difference.right];
  const found = names.flatMap((name) => quantityOf(name) ?? []);
  return found.length === names.length ? found : [];
}

/** What passes a clause, as constraints on readings: its acceptance limits, and the plausible range of each reading. */
export function constraintsOf<O>(
  clause: ReadingClause,
  quantityOf: QuantityOf,
  origin: O,
  background: O,
): readonly Constraint<O>[] {
  const [left, right] = readingsOf(clause, quantityOf);
  if (left === undefined) return [];
  const passes = acceptance(clause, right !== undefined);
  const other = right === undefined ? null : variableOf(right);
  return [
    ...between(variableOf(left), other, passes, origin),
    ...between(variableOf(left), null, plausible(left), background),
    ...(right === undefined ? [] : between(variableOf(right), null, plausible(right), background)),
  ];
}

export function between<O>(
  left: string,
  right: string | null,
  { low, high }: Interval,
  origin: O,
): readonly Constraint<O>[] {
  return [
    ...(high === null ? [] : [{ left, right, value: high.value, strict: !high.inclusive, origin }]),
    ...(low === null ? [] : [{ left: right, right: left, value: negate(low.value), strict: !low.inclusive, origin }]),
  ];
}
