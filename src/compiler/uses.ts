import type { Amount, Clause, NodeOf, Quantity } from "../../grammar/ast.ts";
import type { AmountUse, Want } from "./amounts.ts";
import type { Body, Thing } from "./body.ts";
import { clauseKinds } from "./clause-kinds.ts";
import {
  amount,
  duration,
  elapsed,
  ends,
  equipment,
  measured,
  moment,
  type NameUse,
  none,
  type Uses,
} from "./name-and-amount.ts";

export type { NameUse, Uses } from "./name-and-amount.ts";

type OtherThing = Exclude<Thing["kind"], Clause["kind"]>;
type UsesOfKind = { readonly [K in OtherThing]: (thing: NodeOf<K>, body: Body) => Partial<Uses> };

const usesOfKind: UsesOfKind = {
  equipment: () => none,
  material: () => none,
  measured: ({ plausible, unit, name }, body) => ({
    amounts: plausible === null ? [] : ends(plausible.low, plausible.high, measured(body, name.text), unit),
  }),
  difference: ({ left, right }) => ({
    names: [left, right].map((name) => ({ name, wants: ["measured"], role: "one side of a difference" })),
  }),
  override: ({ atMost }) => ({ amounts: amount(atMost, elapsed) }),
  "when-blocked": ({ notices }) => ({ amounts: notices.flatMap(({ after }) => amount(after, elapsed)) }),
  "test-at": ({ date, time }) => ({ dates: [date], times: [time] }),
  "test-shifts": ({ times }) => ({ times }),
  "test-operator": () => none,
  "test-order": () => none,
  "test-calibrated": ({ subject, on }) => ({ names: [equipment(subject, "calibrated")], dates: [on] }),
  "test-on": ({ subject, duration: on }) => ({
    names: [equipment(subject, "switched on")],
    amounts: amount(on, elapsed),
  }),
  "test-reads": ({ subject, value, at, readWith, settledFor }, body) => ({
    names: [
      { name: subject, wants: ["measured"], role: "read" },
      ...(readWith === null ? [] : [equipment(readWith, "read with")]),
    ],
    amounts: [...amount(value, anyUnit(body, subject.text)), ...amount(settledFor, elapsed)],
    ...moment(at),
  }),
  "test-acknowledged": ({ at }) => moment(at),
  "test-service": ({ subject }) => ({ names: [equipment(subject, "in service")] }),
  "test-attribute": ({ subject }) => ({ names: [equipment(subject, "given an attribute")] }),
  "test-event": ({ subject, on }) => ({ names: [equipment(subject, "dropped or overloaded")], dates: [on] }),
  "test-use": ({ subject, amount: use }) => ({
    names: [equipment(subject, "used")],
    amounts: amount(use, { kind: "use", counter: null }),
  }),
  "test-planned": ({ amount: use }) => ({ amounts: amount(use, { kind: "use", counter: null }) }),
  "test-lot": ({ subject, expires, opened }) => ({
    names: [{ name: subject, wants: ["material"], role: "kept on a shelf" }],
    dates: opened === null ? [expires] : [expires, opened],
  }),
  "test-checked": ({ subject, at }) => ({ names: [equipment(subject, "checked")], ...moment(at) }),
  "test-used": ({ subject, until }) => ({ names: [equipment(subject, "used")], ...moment(until) }),
  "test-given": () => none,
  "expect-allowed": () => none,
  "expect-blocked": () => none,
  "expect-reason": ({ subject }) => ({
    names:
      subject.kind === "text"
        ? []
        : [{ name: subject, wants: ["equipment", "material", "measured", "difference"], role: "a subject" }],
  }),
};

/** A test may read a quantity in a wrong dimension, to see it refused. */
const anyUnit = (_: Body, of: string): Want => ({ kind: "measured", unit: undefined, of, notNegative: false });

/** What every clause may carry besides its own: whom it binds and how fresh the evidence must be. */
function usesOfClauseHead({ attribute, freshness }: Clause): { names: NameUse[]; amounts: AmountUse[] } {
  return {
    names: attribute === null ? [] : [equipment(attribute.equipment, "asked for an attribute")],
    amounts: freshness?.kind === "every" ? amount(freshness.interval, duration) : [],
  };
}

export const isClause = (thing: Thing): thing is Clause => "strictness" in thing;

export function usesOf(thing: Thing, body: Body): Uses {
  if (!isClause(thing)) {
    const find = usesOfKind[thing.kind as OtherThing] as (thing: Thing, body: Body) => Partial<Uses>;
    return { ...none, ...find(thing, body) };
  }
  const uses = clauseKinds[thing.kind].uses as (thing: Clause, body: Body) => Partial<Uses>;
  const own = { ...none, ...uses(thing, body) };
  const head = usesOfClauseHead(thing);
  return { ...own, names: [...head.names, ...own.names], amounts: [...head.amounts, ...own.amounts] };
}

export const isQuantity = (one: Amount): one is Quantity => one.kind === "quantity";
