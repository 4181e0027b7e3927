import { canonicalJson } from "../base/canonical-json.ts";
import { compare, parseDecimal, ZERO } from "../base/rational.ts";
import type { BundleClause, ClauseKind } from "../model/bundle.ts";
import { fresher, notLonger } from "./analysis/longer-spans.ts";
import type { SoundClause } from "./check-context.ts";
import { guardOf, isWithin, limitOf } from "./intervals.ts";

type ClauseOf<K extends ClauseKind> = Extract<BundleClause, { kind: K }>;
/** Whether a quantity of the contract is a difference of two others. */
export type IsDifference = (quantity: string) => boolean;
type Implication = {
  readonly [K in ClauseKind]?: (a: ClauseOf<K>, b: ClauseOf<K>, isDifference: IsDifference) => boolean;
};

/** Null asks for nothing. */
const atLeast = <T>(a: T | null, b: T | null, stricter: (a: T, b: T) => boolean): boolean =>
  b === null || (a !== null && stricter(a, b));
const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** A clause's own demand, as strict as another's in every part. A kind that is not here is implied by its equal alone. */
const implication: Implication = {
  calibration: (a, b) =>
    a.equipment === b.equipment &&
    atLeast(a.interval, b.interval, notLonger) &&
    atLeast(a.cycles, b.cycles, (x, y) => x <= y) &&
    atLeast(a.warnBefore, b.warnBefore, same) &&
    atLeast(a.warnCyclesBefore, b.warnCyclesBefore, (x, y) => x >= y) &&
    atLeast(a.referencesWithin, b.referencesWithin, notLonger) &&
    extendsLess(a.extension, b.extension),
  "warm-up": (a, b) => a.equipment === b.equipment && a.ms >= b.ms,
  reading: (a, b, isDifference) => {
    const difference = isDifference(a.quantity);
    return (
      a.quantity === b.quantity &&
      isWithin(limitOf(a, difference), limitOf(b, difference)) &&
      fresher(a.freshness, b.freshness) &&
      atLeast(a.readWith, b.readWith, (x, y) => x === y) &&
      compare(guardOf(a), guardOf(b)) >= 0 &&
      atLeast(a.settledMs, b.settledMs, (x, y) => x >= y)
    );
  },
  use: (a, b) =>
    a.equipment === b.equipment &&
    a.counter === b.counter &&
    compare(decimal(a.every), decimal(b.every)) <= 0 &&
    (b.warnBefore === null || (same(a.every, b.every) && same(a.warnBefore, b.warnBefore))) &&
    (a.enoughLeft || !b.enoughLeft),
  events: (a, b) => a.equipment === b.equipment && b.events.every((event) => a.events.includes(event)),
  acknowledgement: (a, b) => a.step === b.step && asksWhom(a.who, b.who) && fresher(a.freshness, b.freshness),
  "service-state": (a, b) => a.equipment === b.equipment,
  "before-and-after-use": (a, b) => a.equipment === b.equipment,
  "shelf-life": (a, b) => a.material === b.material && atLeast(a.openedWithin, b.openedWithin, notLonger),
  "check-list": (a, b) =>
    a.equipment === b.equipment && fresher(a.freshness, b.freshness) && b.items.every((item) => a.items.includes(item)),
};

/** The text is printed from everything that a clause asks. */
const areEqual = (a: BundleClause, b: BundleClause): boolean => a.text === b.text;

const decimal = (text: string) => parseDecimal(text) ?? ZERO;

/** Whoever has no extension, or a shorter one by fewer roles, is never carried further. */
function extendsLess(a: ClauseOf<"calibration">["extension"], b: ClauseOf<"calibration">["extension"]): boolean {
  if (a === null) return true;
  if (b === null || a.cap.kind !== b.cap.kind || !notLonger(a.cap, b.cap)) return false;
  const allowed = b.roles.map((role) => role.toLowerCase());
  return a.roles.every((role) => allowed.includes(role.toLowerCase()));
}

function asksWhom(a: ClauseOf<"acknowledgement">["who"], b: ClauseOf<"acknowledgement">["who"]): boolean {
  if (a.kind === "people" && b.kind === "people") return a.count >= b.count;
  if (a.kind === "role" && b.kind === "role") return a.role.toLowerCase() === b.role.toLowerCase();
  return a.kind === "operator" && b.kind === "operator";
}

/** Whether what a clause asks is as strict as what another asks in every part, whenever and of whomever they are asked. */
export const demandsAsMuch = (a: BundleClause, b: BundleClause, isDifference: IsDifference): boolean =>
  a.kind === b.kind &&
  (a.strictness === "must" || b.strictness === "should") &&
  (a.neverOverridable || !b.neverOverridable) &&
  ((implication[a.kind] ?? areEqual) as (a: BundleClause, b: BundleClause, isDifference: IsDifference) => boolean)(
    a,
    b,
    isDifference,
  );

/** Whether whatever satisfies `a` satisfies `b`, whenever `b` is asked. */
export const implies = (a: SoundClause, b: SoundClause, isDifference: IsDifference): boolean =>
  bindsWherever(a, b) && demandsAsMuch(a.compiled, b.compiled, isDifference);

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
