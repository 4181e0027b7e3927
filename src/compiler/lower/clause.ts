import type { Amount, Clause, Freshness as FreshnessSyntax, NodeOf } from "../../../grammar/ast.ts";
import { assert } from "../../base/assert.ts";
import type { BundleClause, ClauseKind, Freshness, Limit, Span } from "../../model/bundle.ts";
import { convert, findUnit, type Unit } from "../../model/units.ts";
import { decimalText, exactDecimal, measured, msOf, numberOf, spanOf } from "../amounts.ts";
import { type Body, type PlacedClause, unitOfQuantity } from "../body.ts";
import { printClause } from "../format-clause.ts";
import { placeOf } from "../source-text.ts";

type Base =
  | "kind"
  | "index"
  | "condition"
  | "strictness"
  | "line"
  | "column"
  | "text"
  | "because"
  | "order"
  | "attribute"
  | "neverOverridable";
type OwnOf<K extends ClauseKind> = Omit<Extract<BundleClause, { kind: K }>, Base>;
type LowerOwn = { readonly [K in ClauseKind]: (clause: NodeOf<K>, body: Body) => OwnOf<K> };

const isCycles = (amount: Amount): boolean => measured(amount).kind === "use";
const time = (amounts: readonly Amount[]): Span | null => {
  const found = amounts.find((amount) => !isCycles(amount));
  return found === undefined ? null : spanOf(found);
};
const cycles = (amounts: readonly Amount[]): number | null => {
  const found = amounts.find(isCycles);
  return found === undefined ? null : Number(numberOf(found).n);
};
const optional = <T>(amount: Amount | null, lower: (amount: Amount) => T): T | null =>
  amount === null ? null : lower(amount);
const decimalOf = (amount: Amount): string => {
  assert(amount.kind === "quantity", "parameters are put in before clauses are lowered");
  return decimalText(amount.number);
};

function freshness(syntax: FreshnessSyntax | null): Freshness {
  assert(syntax !== null, "the checks let no clause without freshness through");
  if (syntax.kind === "period") return { kind: "period", period: syntax.period };
  return syntax.kind === "latest" ? { kind: "latest" } : { kind: "every", span: spanOf(syntax.interval) };
}

/** The unit that an amount is in: its own, else that of the other end, else the quantity's. */
function unitOf(amount: Amount, other: Amount | null, quantity: string, body: Body): Unit {
  const word = (amount.kind === "quantity" ? amount.unit : null) ?? (other?.kind === "quantity" ? other.unit : null);
  const unit = word === null ? unitOfQuantity(body, quantity) : findUnit(word.text);
  assert(unit !== undefined, "the checks let no unknown unit through");
  return unit;
}

function limit({ limit: syntax, subject }: NodeOf<"reading">, body: Body): Limit {
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

const lowerOwn: LowerOwn = {
  calibration: ({ subject, every, warnBefore, referencesWithin, extension }) => ({
    equipment: subject.text,
    interval: time(every),
    cycles: cycles(every),
    warnBefore: time(warnBefore),
    warnCyclesBefore: cycles(warnBefore),
    referencesWithin: optional(referencesWithin, spanOf),
    extension:
      extension === null
        ? null
        : { cap: spanOf(extension.atMost), roles: extension.approvedBy.map(({ text }) => text) },
  }),
  "warm-up": ({ subject, atLeast }) => ({ equipment: subject.text, ms: msOf(atLeast) }),
  reading: (clause, body) => ({
    quantity: clause.subject.text,
    readWith: clause.readWith?.text ?? null,
    freshness: freshness(clause.freshness),
    limit: limit(clause, body),
    guardBand: optional(clause.guardBand, (amount) => ({
      value: decimalOf(amount),
      unit: unitOf(amount, null, clause.subject.text, body).symbol,
    })),
    settledMs: optional(clause.settledFor, msOf),
  }),
  use: ({ subject, every, warnBefore, enoughLeft }) => {
    const measure = measured(every);
    assert(measure.kind === "use", "the checks let counts of use through only");
    return {
      equipment: subject.text,
      counter: measure.counter,
      every: decimalOf(every),
      warnBefore: optional(warnBefore, decimalOf),
      enoughLeft,
    };
  },
  events: ({ subject, events }) => ({ equipment: subject.text, events: events.map(({ text }) => text) }),
  acknowledgement: ({ who, step, freshness: syntax }) => ({
    who: who.kind === "role" ? { kind: "role", role: who.role.text } : whoOf(who),
    step: step.value,
    freshness: freshness(syntax),
  }),
  "service-state": ({ subject }) => ({ equipment: subject.text }),
  "before-and-after-use": ({ subject }) => ({ equipment: subject.text }),
  "shelf-life": ({ subject, openedWithin }) => ({
    material: subject.text,
    openedWithin: optional(openedWithin, spanOf),
  }),
  "check-list": ({ subject, items, freshness: syntax }) => ({
    equipment: subject.text,
    items: items.map(({ value }) => value),
    freshness: freshness(syntax),
  }),
};

const whoOf = (who: NodeOf<"operator"> | NodeOf<"people">) =>
  who.kind === "people" ? ({ kind: "people", count: who.count } as const) : ({ kind: "operator" } as const);

/** A sound clause in compiled form. `index` is its place among the contract's clauses. */
export function lowerClause({ clause, condition }: PlacedClause, index: number, body: Body): BundleClause {
  const { line, column } = placeOf(body.source, clause.span);
  const own = (lowerOwn[clause.kind] as (clause: Clause, body: Body) => OwnOf<ClauseKind>)(clause, body);
  return {
    kind: clause.kind,
    index,
    condition: condition.name.text,
    strictness: clause.strictness,
    line,
    column,
    text: printClause(clause),
    because: clause.because?.value ?? null,
    order: clause.order?.value ?? null,
    attribute:
      clause.attribute === null
        ? null
        : { equipment: clause.attribute.equipment.text, attribute: clause.attribute.attribute.text },
    neverOverridable: clause.neverOverridable,
    ...own,
  } as BundleClause;
}
