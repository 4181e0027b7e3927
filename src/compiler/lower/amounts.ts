import type { Amount, Freshness as FreshnessSyntax, NodeOf } from "../../../grammar/ast.ts";
import { assert } from "../../base/assert.ts";
import type { Freshness, Limit, Span } from "../../model/bundle.ts";
import { convert, findUnit, type Unit } from "../../model/units.ts";
import { decimalText, exactDecimal, measured, numberOf, spanOf } from "../amounts.ts";
import { type Body, unitOfQuantity } from "../body.ts";

/* Amounts of sound clauses as a bundle has them. */

const isCycles = (amount: Amount): boolean => measured(amount).kind === "use";
export const time = (amounts: readonly Amount[]): Span | null => {
  const found = amounts.find((amount) => !isCycles(amount));
  return found === undefined ? null : spanOf(found);
};
export const cycles = (amounts: readonly Amount[]): number | null => {
  const found = amounts.find(isCycles);
  return found === undefined ? null : Number(numberOf(found).n);
};
export const optional = <T>(amount: Amount | null, lower: (amount: Amount) => T): T | null =>
  amount === null ? null : lower(amount);
export const decimalOf = (amount: Amount): string => {
  assert(amount.kind === "quantity", "parameters are put in before clauses are lowered");
  return decimalText(amount.number);
};

export function freshness(syntax: FreshnessSyntax | null): Freshness {
  assert(syntax !== null, "the checks let no clause without freshness through");
  if (syntax.kind === "period") return { kind: "period", period: syntax.period };
  return syntax.kind === "latest" ? { kind: "latest" } : { kind: "every", span: spanOf(syntax.interval) };
}

/** The unit that an amount is in: its own, else that of the other end, else the quantity's. */
export function unitOf(amount: Amount, other: Amount | null, quantity: string, body: Body): Unit {
  const word = (amount.kind === "quantity" ? amount.unit : null) ?? (other?.kind === "quantity" ? other.unit : null);
  const unit = word === null ? unitOfQuantity(body, quantity) : findUnit(word.text);
  assert(unit !== undefined, "the checks let no unknown unit through");
  return unit;
}

export function limit({ limit: syntax, subject }: NodeOf<"reading">, body: Body): Limit {
  if (syntax.kind === "between") {
    const high = unitOf(syntax.high, syntax.low, subject.text, body);
    const low = unitOf(syntax.low, syntax.high, subject.text, body);
    const difference = body.declared.get(subject.text)?.kind === "difference";
    const converted = convert(numberOf(syntax.low), low, high, { difference });
    const value = low === high ? decimalOf(syntax.low) : converted && exactDecimal(converted);
    assert(value !== undefined, "the checks let no end without an exact decimal through");
    return {
      unit: high.symbol,
      low: { value, inclusive: true },
      high: { value: decimalOf(syntax.high), inclusive: true },
    };
  }
  const inclusive = syntax.word === "at least" || syntax.word === "at most";
  const end = { value: decimalOf(syntax.value), inclusive };
  const isLow = syntax.word === "at least" || syntax.word === "more than";
  const unit = unitOf(syntax.value, null, subject.text, body).symbol;
  return { unit, low: isLow ? end : null, high: isLow ? null : end };
}

export const whoOf = (who: NodeOf<"operator"> | NodeOf<"people">) =>
  who.kind === "people" ? ({ kind: "people", count: who.count } as const) : ({ kind: "operator" } as const);
