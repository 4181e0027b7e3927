import { canonicalJson } from "../base/canonical-json.ts";
import { compare } from "../base/rational.ts";
import type { BundleClause, ClauseKind, Freshness, PlantPeriod, Span } from "../model/bundle.ts";
import type { Body } from "./body.ts";
import type { SoundClause } from "./check-context.ts";
import { guardOf, isWithin, limitOf } from "./intervals.ts";

type ClauseOf<K extends ClauseKind> = Extract<BundleClause, { kind: K }>;
type Implication = { readonly [K in ClauseKind]: (a: ClauseOf<K>, b: ClauseOf<K>, body: Body) => boolean };

/** Periods that contain another: what happened today happened this week. A shift may reach over midnight. */
const wider: { readonly [P in PlantPeriod]: readonly PlantPeriod[] } = {
  day: ["day", "week", "month", "quarter"],
  shift: ["shift"],
  week: ["week"],
  month: ["month", "quarter"],
  quarter: ["quarter"],
};

/** Whether evidence that is fresh enough for `a` always is for `b`. */
function fresher(a: Freshness, b: Freshness): boolean {
  if (b.kind === "latest") return true;
  if (a.kind === "period" && b.kind === "period") return wider[a.period].includes(b.period);
  return a.kind === "every" && b.kind === "every" && notLonger(a.span, b.span);
}

/** Days, months and hours have no fixed ratio: across them nothing is known. */
function notLonger(a: Span, b: Span): boolean {
  if (a.kind === "elapsed" || b.kind === "elapsed") return a.kind === "elapsed" && b.kind === "elapsed" && a.ms <= b.ms;
  const months = (span: typeof a): number | undefined =>
    span.unit === "day" ? undefined : span.unit === "year" ? span.count * 12 : span.count;
  const [left, right] = [months(a), months(b)];
  if (left === undefined || right === undefined) return left === right && a.count <= b.count;
  return left <= right;
}

/** Null asks for nothing. */
const atLeast = <T>(a: T | null, b: T | null, stricter: (a: T, b: T) => boolean): boolean =>
  b === null || (a !== null && stricter(a, b));
const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** A clause's own demand, as strict as another's in every part. */
const implication: Implication = {
  calibration: (a, b) =>
    a.equipment === b.equipment &&
    atLeast(a.interval, b.interval, notLonger) &&
    atLeast(a.cycles, b.cycles, (x, y) => x <= y) &&
    atLeast(a.warnBefore, b.warnBefore, same) &&
    atLeast(a.warnCyclesBefore, b.warnCyclesBefore, (x, y) => x >= y) &&
    atLeast(a.referencesWithin, b.referencesWithin, notLonger) &&
    (a.extension === null || same(a.extension, b.extension)),
  "warm-up": (a, b) => a.equipment === b.equipment && a.ms >= b.ms,
  reading: (a, b, body) => {
    const difference = body.declared.get(a.quantity)?.kind === "difference";
    return (
      a.quantity === b.quantity &&
      isWithin(limitOf(a, difference), limitOf(b, difference)) &&
      fresher(a.freshness, b.freshness) &&
      atLeast(a.readWith, b.readWith, (x, y) => x === y) &&
      compare(guardOf(a), guardOf(b)) >= 0 &&
      atLeast(a.settledMs, b.settledMs, (x, y) => x >= y)
    );
  },
  use: (a, b) => same(ownOf(a), ownOf(b)),
  events: (a, b) => a.equipment === b.equipment && b.events.every((event) => a.events.includes(event)),
  acknowledgement: (a, b) => a.step === b.step && same(a.who, b.who) && fresher(a.freshness, b.freshness),
  "service-state": (a, b) => a.equipment === b.equipment,
  "before-and-after-use": (a, b) => a.equipment === b.equipment,
  "shelf-life": (a, b) => a.material === b.material && atLeast(a.openedWithin, b.openedWithin, notLonger),
  "check-list": (a, b) =>
    a.equipment === b.equipment && fresher(a.freshness, b.freshness) && b.items.every((item) => a.items.includes(item)),
};

const ownOf = ({ equipment, counter, every, warnBefore, enoughLeft }: ClauseOf<"use">) => ({
  equipment,
  counter,
  every,
  warnBefore,
  enoughLeft,
});

/** Whether whatever satisfies `a` satisfies `b`, whenever `b` is asked. */
export function implies(a: SoundClause, b: SoundClause, body: Body): boolean {
  const [x, y] = [a.compiled, b.compiled];
  return (
    x.kind === y.kind &&
    bindsWherever(a, b) &&
    (x.strictness === "must" || y.strictness === "should") &&
    (x.neverOverridable || !y.neverOverridable) &&
    (implication[x.kind] as (a: BundleClause, b: BundleClause, body: Body) => boolean)(x, y, body)
  );
}

/** Whether `a` is asked of every test of which `b` is asked. */
function bindsWherever(a: SoundClause, b: SoundClause): boolean {
  const within = (wide: unknown, narrow: unknown): boolean => wide === null || same(wide, narrow);
  return (
    within(a.placed.testKind, b.placed.testKind) &&
    within(a.compiled.order, b.compiled.order) &&
    within(a.compiled.attribute, b.compiled.attribute)
  );
}

/** What a clause is about: only clauses about the same thing can imply each other. */
export function subjectOf(clause: BundleClause): string {
  if ("equipment" in clause) return `${clause.kind} ${clause.equipment}`;
  if (clause.kind === "reading") return `${clause.kind} ${clause.quantity}`;
  return clause.kind === "shelf-life" ? `${clause.kind} ${clause.material}` : `${clause.kind} ${clause.step}`;
}
