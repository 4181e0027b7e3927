import { assert } from "../../base/assert.ts";
import { PATTERN_FACTOR_ALPHA } from "../../model/limits.ts";
import { leastChance, moreThanChance } from "../statistics/fisher.ts";
import { type Asked, corrected } from "../statistics/many-tests.ts";
import { leastLikelyRange, type Share } from "./least-likely-range.ts";
import { byDigits } from "./serial-order.ts";

/** One test that was decided, and what was so around it. */
export interface FactorCase {
  readonly isBlocked: boolean;
  readonly traits: readonly Trait[];
}

/** One thing that was so: `shift` was `06:00`. */
export interface Trait {
  /** `shift`, `lot of dye`, `type of lamp`: a case has one value of it at the most. */
  readonly kind: string;
  readonly value: string;
  /**
   * What is counted, so that one trouble counts once: the asset, the node, or the node's day. A unit is blocked with a value
   * where any of its cases with that value is.
   */
  readonly unit: string;
  readonly unitKind: UnitKind;
  /** Values in the order of their digits, of which a range may share a fault: serial numbers. */
  readonly isOrdered: boolean;
}

export type UnitKind = "asset" | "node" | "node-day";

/** A value that is found more often among what is blocked than among what was decided. */
export interface Factor {
  readonly kind: string;
  /** `4711`, or `4700 to 4722` for a range. */
  readonly value: string;
  readonly unitKind: UnitKind;
  readonly with: Share;
  readonly without: Share;
  /** The chance of it, were there nothing, corrected for everything that was looked at. */
  readonly p: number;
  /** Others that are so of exactly the same tests: no figure can say which of them it is. */
  readonly sameAs: readonly string[];
}

export interface FactorReport {
  /** Sure enough; the surest first. */
  readonly factors: readonly Factor[];
  /** Values and ranges that were looked at. */
  readonly asked: number;
  readonly cases: number;
}

interface Value {
  readonly kind: string;
  readonly value: string;
  readonly unitKind: UnitKind;
  readonly isOrdered: boolean;
  /** Unit → blocked. */
  readonly units: Map<string, boolean>;
  /** Of the cases that have it: two values of the same cases have the same. */
  mark: number;
}

interface Question extends Asked {
  readonly factor: Omit<Factor, "p" | "sameAs">;
  readonly mark: number;
}

/**
 * Which values are over-represented among the blocked: Fisher's exact test for each value of each kind, and for each range of
 * ordered values, corrected for all of them together (Tarone). A kind with one value alone says nothing.
 */
export function overRepresented(cases: Iterable<FactorCase>, alpha = PATTERN_FACTOR_ALPHA): FactorReport {
  const kinds = new Map<string, Map<string, Value>>();
  let count = 0;
  for (const one of cases) {
    count += 1;
    const mark = scattered(count);
    for (const trait of one.traits) note(kinds, trait, one.isBlocked, mark);
  }
  const questions = [...kinds.values()]
    .filter((values) => values.size > 1)
    .flatMap((values) => questionsOf([...values.values()]));
  const chances = corrected(questions, alpha);
  const found = questions
    .map(({ factor, mark }, index) => ({ factor, mark, p: chances[index] ?? 1 }))
    .filter(({ p }) => p <= alpha)
    .sort((a, b) => a.p - b.p || (nameOf(a.factor) < nameOf(b.factor) ? -1 : 1));
  const factors = found.map(({ factor, mark, p }) => {
    const same = found.filter((other) => other.mark === mark && other.factor !== factor);
    return { ...factor, p, sameAs: same.map((other) => nameOf(other.factor)) };
  });
  return { factors, asked: questions.length, cases: count };
}

const nameOf = ({ kind, value }: Pick<Factor, "kind" | "value">): string => `${kind} ${value}`;

function note(kinds: Map<string, Map<string, Value>>, trait: Trait, isBlocked: boolean, mark: number): void {
  const { kind, value, unit, unitKind, isOrdered } = trait;
  const values = kinds.get(kind) ?? new Map<string, Value>();
  kinds.set(kind, values);
  const known = values.get(value) ?? { kind, value, unitKind, isOrdered, units: new Map<string, boolean>(), mark: 0 };
  values.set(value, known);
  known.units.set(unit, isBlocked || known.units.get(unit) === true);
  known.mark = (known.mark + mark) % MARKS;
}

/** Sums of these tell sets of cases apart but for a chance of about one in 10^14. */
const MARKS = 2 ** 47;
function scattered(index: number): number {
  const half = (seed: number): number => {
    let mixed = Math.imul(index ^ seed, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77);
    return (mixed ^ (mixed >>> 13)) >>> 0;
  };
  return (half(0x5bd1e995) * 2 ** 15 + (half(0x27d4eb2f) >>> 17)) % MARKS;
}

const shareOf = ({ units }: Pick<Value, "units">): Share => ({
  blocked: [...units.values()].filter(Boolean).length,
  units: units.size,
});

const plus = (a: Share, b: Share): Share => ({ blocked: a.blocked + b.blocked, units: a.units + b.units });
const minus = (a: Share, b: Share): Share => ({ blocked: a.blocked - b.blocked, units: a.units - b.units });
const NOTHING: Share = { blocked: 0, units: 0 };

function questionsOf(values: readonly Value[]): readonly Question[] {
  const shares = values.map(shareOf);
  const total = shares.reduce(plus, NOTHING);
  const single = values.map(({ kind, value, unitKind, mark }, index) =>
    questionOf({ kind, value, unitKind }, shares[index] ?? NOTHING, total, 1, mark),
  );
  // Serial numbers are each an asset of its own: only a range of them can say anything.
  if (values[0]?.isOrdered !== true) return single;
  const range = bestRange(values, total);
  return range === undefined ? [] : [range];
}

function questionOf(
  what: Pick<Factor, "kind" | "value" | "unitKind">,
  own: Share,
  total: Share,
  tries: number,
  mark: number,
): Question {
  const draw = { population: total.units, marked: own.units, drawn: total.blocked };
  const times = (p: number): number => Math.min(1, p * tries);
  return {
    factor: { ...what, with: own, without: minus(total, own) },
    ...{ p: times(moreThanChance({ ...draw, hits: own.blocked })), least: times(leastChance(draw)), mark },
  };
}

/** Of all ranges that begin and end with a blocked one, the least likely; it pays for every range that there is. */
function bestRange(values: readonly Value[], total: Share): Question | undefined {
  const ordered = [...values].sort((a, b) => byDigits(a.value, b.value));
  const shares = ordered.map(shareOf);
  const ranges = (ordered.length * (ordered.length + 1)) / 2 - ordered.length;
  const found = leastLikelyRange(shares, ranges);
  if (found === undefined) return undefined;
  const { from, to } = found;
  const [first, last] = [ordered[from], ordered[to]];
  assert(first !== undefined && last !== undefined, "a range is of the values that were looked at");
  const own = shares.slice(from, to + 1).reduce(plus, NOTHING);
  const mark = ordered.slice(from, to + 1).reduce((sum, one) => (sum + one.mark) % MARKS, 0);
  const what = { kind: last.kind, value: `${first.value} to ${last.value}`, unitKind: last.unitKind };
  return questionOf(what, own, total, ranges, mark);
}
