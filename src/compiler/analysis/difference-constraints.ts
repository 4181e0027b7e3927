import { add, compare, negate, type Rational, ZERO } from "../../base/rational.ts";
import type { Interval } from "../intervals.ts";

/**
 * `left − right` is at most `value`, or, where it is strict, less. Null stands for zero, so that a limit of one quantity is
 * a difference too. All values are in base units.
 */
export interface Constraint<O> {
  readonly left: string | null;
  readonly right: string | null;
  readonly value: Rational;
  readonly strict: boolean;
  /** What asks for it: a clause, or null for what is so by itself (a plausible range, physical zero). */
  readonly origin: O;
}

/** What a search may still cost; it counts down, and below zero nothing it answers is an answer. */
export interface Budget {
  steps: number;
}

/** The length of a path: of two equal sums the one with more strict edges is shorter. */
interface Length {
  readonly value: Rational;
  readonly stricts: number;
}

const START: Length = { value: ZERO, stricts: 0 };

const longer = (length: Length, { value, strict }: Constraint<unknown>): Length => ({
  value: add(length.value, value),
  stricts: length.stricts + (strict ? 1 : 0),
});

function isShorter(a: Length, b: Length): boolean {
  const order = compare(a.value, b.value);
  return order < 0 || (order === 0 && a.stricts > b.stricts);
}

/** Of constraints between the same two only the tightest counts; the earliest of equal ones. */
export function tightest<O>(constraints: readonly Constraint<O>[]): Constraint<O>[] {
  const kept = new Map<string | null, Map<string | null, Constraint<O>>>();
  for (const one of constraints) {
    let row = kept.get(one.left);
    if (row === undefined) {
      row = new Map();
      kept.set(one.left, row);
    }
    const other = row.get(one.right);
    if (other === undefined || isShorter(longer(START, one), longer(START, other))) row.set(one.right, one);
  }
  return [...kept.values()].flatMap((row) => [...row.values()]);
}

/**
 * Constraints that exclude each other: a cycle whose sum is below zero, or zero with a strict part. Null where values exist that
 * satisfy all; undefined where the budget ran out. Source: Bellman and Ford's shortest paths, exact.
 */
export function conflict<O>(constraints: readonly Constraint<O>[], budget: Budget): Constraint<O>[] | null | undefined {
  const edges = tightest(constraints);
  const nodes = new Set(edges.flatMap(({ left, right }) => [left, right]));
  const lengths = new Map([...nodes].map((node) => [node, START]));
  const cameBy = new Map<string | null, Constraint<O>>();
  let last: string | null | undefined;
  for (let round = 0; round <= nodes.size; round++) {
    last = undefined;
    budget.steps -= edges.length;
    if (budget.steps < 0) return undefined;
    for (const edge of edges) {
      const reached = longer(lengths.get(edge.right) ?? START, edge);
      if (!isShorter(reached, lengths.get(edge.left) ?? START)) continue;
      lengths.set(edge.left, reached);
      cameBy.set(edge.left, edge);
      last = edge.left;
    }
    if (last === undefined) return null;
  }
  return cycleThrough(last as string | null, cameBy, nodes.size);
}

/** Going back as many edges as there are nodes ends inside the cycle. */
function cycleThrough<O>(
  node: string | null,
  cameBy: ReadonlyMap<string | null, Constraint<O>>,
  nodes: number,
): Constraint<O>[] {
  let inside = node;
  for (let step = 0; step < nodes; step++) inside = (cameBy.get(inside) as Constraint<O>).right;
  const cycle: Constraint<O>[] = [];
  let at = inside;
  do {
    const edge = cameBy.get(at) as Constraint<O>;
    cycle.push(edge);
    at = edge.right;
  } while (at !== inside);
  return cycle;
}

/** What `left − right` can be at all while every constraint holds; null stands for zero. The constraints hold together. */
export function rangeOf(
  constraints: readonly Constraint<unknown>[],
  left: string | null,
  right: string | null,
): Interval {
  const high = shortest(constraints, right, left);
  const low = shortest(constraints, left, right);
  return {
    high: high === undefined ? null : { value: high.value, inclusive: high.stricts === 0 },
    low: low === undefined ? null : { value: negate(low.value), inclusive: low.stricts === 0 },
  };
}

function shortest(
  constraints: readonly Constraint<unknown>[],
  from: string | null,
  to: string | null,
): Length | undefined {
  const edges = tightest(constraints);
  const lengths = new Map<string | null, Length>([[from, START]]);
  for (let round = 0; round < edges.length; round++) {
    let changed = false;
    for (const edge of edges) {
      const before = lengths.get(edge.right);
      if (before === undefined) continue;
      const reached = longer(before, edge);
      const known = lengths.get(edge.left);
      if (known !== undefined && !isShorter(reached, known)) continue;
      lengths.set(edge.left, reached);
      changed = true;
    }
    if (!changed) break;
  }
  return lengths.get(to);
}
