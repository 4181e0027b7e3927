import type {
  Amount,
  Clause,
  DateWord,
  Moment,
  Name,
  NodeOf,
  Quantity,
  TimeWord,
  Unit as UnitWord,
} from "../../grammar/ast.ts";
import type { AmountUse, Want } from "./amounts.ts";
import { type Body, type DeclaredKind, type Thing, unitOfQuantity } from "./body.ts";

/** A name that must be declared, as one of some kinds. `role` says what for: `to be calibrated`. */
export interface NameUse {
  readonly name: Name;
  readonly wants: readonly DeclaredKind[];
  readonly role: string;
}

/** Everything in a clause, declaration or statement that a check has to look up or to measure. */
export interface Uses {
  readonly names: readonly NameUse[];
  readonly amounts: readonly AmountUse[];
  readonly dates: readonly DateWord[];
  readonly times: readonly TimeWord[];
}

type UsesOfKind = { readonly [K in Thing["kind"]]: (thing: NodeOf<K>, body: Body) => Partial<Uses> };

const none: Uses = { names: [], amounts: [], dates: [], times: [] };
const duration: Want = { kind: "duration" };
const elapsed: Want = { kind: "elapsed" };
const durationOrCycles: Want = { kind: "duration-or-cycles" };
const equipment = (name: Name, role: string): NameUse => ({ name, wants: ["equipment"], role });
const quantity = (name: Name, role: string): NameUse => ({ name, wants: ["measured", "difference"], role });
const amount = (one: Amount | null, want: Want, borrowed: UnitWord | null = null): AmountUse[] =>
  one === null ? [] : [{ amount: one, want, borrowed }];
const moment = ({ date, time }: Moment): Partial<Uses> => ({ dates: date === null ? [] : [date], times: [time] });

const measured = (body: Body, name: string, notNegative = false): Want => ({
  kind: "measured",
  unit: unitOfQuantity(body, name),
  of: name,
  notNegative,
});

/** In `between A and B` a missing unit is the other end's. */
const ends = (low: Amount, high: Amount, want: Want, otherwise: UnitWord | null = null): AmountUse[] => {
  const unit = (one: Amount): UnitWord | null => (one.kind === "quantity" ? one.unit : null);
  return [...amount(low, want, unit(high) ?? otherwise), ...amount(high, want, unit(low) ?? otherwise)];
};

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
  calibration: ({ subject, every, warnBefore, referencesWithin, extension }) => ({
    names: [equipment(subject, "calibrated")],
    amounts: [
      ...every.flatMap((one) => amount(one, durationOrCycles)),
      ...warnBefore.flatMap((one) => amount(one, durationOrCycles)),
      ...amount(referencesWithin, duration),
      ...amount(extension?.atMost ?? null, duration),
    ],
  }),
  "warm-up": ({ subject, atLeast }) => ({
    names: [equipment(subject, "switched on")],
    amounts: amount(atLeast, elapsed),
  }),
  reading: ({ subject, readWith, limit, guardBand, settledFor }, body) => {
    const want = measured(body, subject.text);
    return {
      names: [quantity(subject, "given a limit"), ...(readWith === null ? [] : [equipment(readWith, "read with")])],
      amounts: [
        ...(limit.kind === "between" ? ends(limit.low, limit.high, want) : amount(limit.value, want)),
        ...amount(guardBand, measured(body, subject.text, true)),
        ...amount(settledFor, elapsed),
      ],
    };
  },
  use: ({ subject, every, warnBefore }) => ({
    names: [equipment(subject, "serviced")],
    amounts: [
      ...amount(every, { kind: "use", counter: null }),
      ...amount(warnBefore, { kind: "use", counter: counterOf(every) }),
    ],
  }),
  events: ({ subject }) => ({ names: [equipment(subject, "dropped or overloaded")] }),
  acknowledgement: () => none,
  "service-state": ({ subject }) => ({ names: [equipment(subject, "in service")] }),
  "before-and-after-use": ({ subject }) => ({ names: [equipment(subject, "checked before and after use")] }),
  "shelf-life": ({ subject, openedWithin }) => ({
    names: [{ name: subject, wants: ["material"], role: "kept on a shelf" }],
    amounts: amount(openedWithin, duration),
  }),
  "check-list": ({ subject }) => ({ names: [equipment(subject, "checked")] }),
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

function counterOf(every: Amount): "hours" | "cycles" | null {
  const word = every.kind === "quantity" ? every.unit?.text : undefined;
  return word === undefined ? null : word.startsWith("cycle") ? "cycles" : word.startsWith("use-hour") ? "hours" : null;
}

/** What every clause may carry besides its own: whom it binds and how fresh the evidence must be. */
function usesOfClauseHead({ attribute, freshness }: Clause): { names: NameUse[]; amounts: AmountUse[] } {
  return {
    names: attribute === null ? [] : [equipment(attribute.equipment, "asked for an attribute")],
    amounts: freshness?.kind === "every" ? amount(freshness.interval, duration) : [],
  };
}

export const isClause = (thing: Thing): thing is Clause => "strictness" in thing;

export function usesOf(thing: Thing, body: Body): Uses {
  const find = usesOfKind[thing.kind] as (thing: Thing, body: Body) => Partial<Uses>;
  const own = { ...none, ...find(thing, body) };
  if (!isClause(thing)) return own;
  const head = usesOfClauseHead(thing);
  return { ...own, names: [...head.names, ...own.names], amounts: [...head.amounts, ...own.amounts] };
}

export const isQuantity = (one: Amount): one is Quantity => one.kind === "quantity";
