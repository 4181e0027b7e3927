import type { Amount, Clause, NodeOf } from "../../grammar/ast.ts";
import { assert } from "../base/assert.ts";
import type { BundleClause, ClauseKind } from "../model/bundle.ts";
import { measured as measuredAmount, msOf, spanOf } from "./amounts.ts";
import type { Body } from "./body.ts";
import { limitText, whoText } from "./format-limit.ts";
import { amountText, everyText, listText, textOf } from "./format-words.ts";
import { cycles, decimalOf, freshness, limit, optional, time, unitOf, whoOf } from "./lower/amounts.ts";
import {
  amount,
  duration,
  durationOrCycles,
  elapsed,
  ends,
  equipment,
  measured,
  none,
  quantity,
  type Uses,
} from "./name-and-amount.ts";

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
export type OwnOf<K extends ClauseKind> = Omit<Extract<BundleClause, { kind: K }>, Base>;

/** What the compiler must know of a kind of clause. */
interface CompilerKind<K extends ClauseKind> {
  /** The clause from its subject on, in pieces between which a comma stands. */
  readonly pieces: (clause: NodeOf<K>) => readonly string[];
  /** Its names and amounts, for the checks. */
  readonly uses: (clause: NodeOf<K>, body: Body) => Partial<Uses>;
  /** Its own members in the bundle; asked only of a clause that no check objects to. */
  readonly lower: (clause: NodeOf<K>, body: Body) => OwnOf<K>;
}

/**
 * All that a new kind needs here. Everything else that depends on the kind (what implies it, how it is compared, told and
 * satisfied) has an answer for kinds that it does not know, and may learn a better one.
 */
export const clauseKinds: { readonly [K in Clause["kind"]]: CompilerKind<K> } = {
  calibration: {
    pieces: ({ subject, strictness, every, warnBefore, referencesWithin, extension }) => [
      `the ${subject.text} ${strictness} be calibrated every ${every.map((one) => everyText(one, "predicate")).join(" or ")}`,
      ...(every.length > 1 ? ["whichever comes first"] : []),
      ...warnBefore.map((amount) => `warn ${amountText(amount)} before`),
      ...(referencesWithin === null
        ? []
        : [`with each reference standard calibrated within ${amountText(referencesWithin)} of its use`]),
      ...(extension === null ? [] : [`may be extended by at most ${amountText(extension.atMost)}`]),
      ...(extension === null || extension.approvedBy.length === 0
        ? []
        : [`approved by ${extension.approvedBy.map(({ text }) => text).join(" or ")}`]),
    ],
    uses: ({ subject, every, warnBefore, referencesWithin, extension }) => ({
      names: [equipment(subject, "calibrated")],
      amounts: [
        ...every.flatMap((one) => amount(one, durationOrCycles)),
        ...warnBefore.flatMap((one) => amount(one, durationOrCycles)),
        ...amount(referencesWithin, duration),
        ...amount(extension?.atMost ?? null, duration),
      ],
    }),
    lower: ({ subject, every, warnBefore, referencesWithin, extension }) => ({
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
  },
  "warm-up": {
    pieces: ({ subject, strictness, atLeast }) => [
      `the ${subject.text} ${strictness} have been on for at least ${amountText(atLeast)}`,
    ],
    uses: ({ subject, atLeast }) => ({
      names: [equipment(subject, "switched on")],
      amounts: amount(atLeast, elapsed),
    }),
    lower: ({ subject, atLeast }) => ({ equipment: subject.text, ms: msOf(atLeast) }),
  },
  reading: {
    pieces: ({ subject, strictness, readWith, limit, guardBand, settledFor }) => [
      `${subject.text}${readWith === null ? "" : ` read with the ${readWith.text}`} ${strictness} be ${limitText(limit)}`,
      ...(guardBand === null ? [] : [`guarded by ${amountText(guardBand)}`]),
      ...(settledFor === null ? [] : [`settled for at least ${amountText(settledFor)}`]),
    ],
    uses: ({ subject, readWith, limit, guardBand, settledFor }, body) => {
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
    lower: (clause, body) => ({
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
  },
  use: {
    pieces: ({ subject, strictness, every, warnBefore, enoughLeft }) => [
      `the ${subject.text} ${strictness} be serviced every ${everyText(every, "predicate")}`,
      ...(warnBefore === null ? [] : [`warn ${amountText(warnBefore)} before`]),
      ...(enoughLeft ? ["with enough left for the whole test"] : []),
    ],
    uses: ({ subject, every, warnBefore }) => ({
      names: [equipment(subject, "serviced")],
      amounts: [
        ...amount(every, { kind: "use", counter: null }),
        ...amount(warnBefore, { kind: "use", counter: counterOf(every) }),
      ],
    }),
    lower: ({ subject, every, warnBefore, enoughLeft }) => {
      const measure = measuredAmount(every);
      assert(measure.kind === "use", "the checks let counts of use through only");
      return {
        equipment: subject.text,
        counter: measure.counter,
        every: decimalOf(every),
        warnBefore: optional(warnBefore, decimalOf),
        enoughLeft,
      };
    },
  },
  events: {
    pieces: ({ subject, strictness, events }) => {
      const names = listText(
        events.map(({ text }) => text),
        "or",
      );
      return [`the ${subject.text} ${strictness} not have been ${names} since its calibration`];
    },
    uses: ({ subject }) => ({ names: [equipment(subject, "dropped or overloaded")] }),
    lower: ({ subject, events }) => ({ equipment: subject.text, events: events.map(({ text }) => text) }),
  },
  acknowledgement: {
    pieces: ({ who, strictness, step }) => [`${whoText(who)} ${strictness} acknowledge ${textOf(step)}`],
    uses: () => none,
    lower: ({ who, step, freshness: syntax }) => ({
      who: who.kind === "role" ? { kind: "role", role: who.role.text } : whoOf(who),
      step: step.value,
      freshness: freshness(syntax),
    }),
  },
  "service-state": {
    pieces: ({ subject, strictness }) => [`the ${subject.text} ${strictness} be in service`],
    uses: ({ subject }) => ({ names: [equipment(subject, "in service")] }),
    lower: ({ subject }) => ({ equipment: subject.text }),
  },
  "before-and-after-use": {
    pieces: ({ subject, strictness }) => [`the ${subject.text} ${strictness} be checked before and after each use`],
    uses: ({ subject }) => ({ names: [equipment(subject, "checked before and after use")] }),
    lower: ({ subject }) => ({ equipment: subject.text }),
  },
  "shelf-life": {
    pieces: ({ subject, strictness, openedWithin }) => [
      `the ${subject.text} ${strictness} be within its shelf life`,
      ...(openedWithin === null ? [] : [`used within ${amountText(openedWithin)} of opening`]),
    ],
    uses: ({ subject, openedWithin }) => ({
      names: [{ name: subject, wants: ["material"], role: "kept on a shelf" }],
      amounts: amount(openedWithin, duration),
    }),
    lower: ({ subject, openedWithin }) => ({
      material: subject.text,
      openedWithin: optional(openedWithin, spanOf),
    }),
  },
  "check-list": {
    pieces: ({ subject, strictness, items }) => {
      const [first = "", ...others] = items.map(textOf);
      return [`the ${subject.text} ${strictness} be checked: ${first}`, ...others];
    },
    uses: ({ subject }) => ({ names: [equipment(subject, "checked")] }),
    lower: ({ subject, items, freshness: syntax }) => ({
      equipment: subject.text,
      items: items.map(({ value }) => value),
      freshness: freshness(syntax),
    }),
  },
};

function counterOf(every: Amount): "hours" | "cycles" | null {
  const word = every.kind === "quantity" ? every.unit?.text : undefined;
  return word === undefined ? null : word.startsWith("cycle") ? "cycles" : word.startsWith("use-hour") ? "hours" : null;
}
