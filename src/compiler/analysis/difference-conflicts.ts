import { MAX_ANALYSIS_CELLS } from "../../model/limits.ts";
import { type AskedReading, askedTogether, type When } from "./asked-readings.ts";
import { type Budget, type Constraint, conflict, tightest } from "./difference-constraints.ts";
import type { Conflict, Undecided } from "./pair-conflicts.ts";
import { constraintsOf, readingsOf, variableOf } from "./reading-constraints.ts";

/**
 * Conflicts of three and more clauses, which only differences make: limits on A, on B and on A minus B. Clauses are judged
 * together cell by cell; a cell is a test as the clauses tell tests apart: station type, order, test kind, attributes.
 */
export function differenceConflicts(
  readings: readonly AskedReading[],
  skip: ReadonlySet<AskedReading>,
  budget: Budget,
): { readonly conflicts: readonly Conflict[]; readonly undecided: readonly Undecided[] } {
  const conflicts = new Map<AskedReading, Conflict>();
  const undecided: Undecided[] = [];
  for (const component of components(readings)) {
    const at = component.at(-1) as AskedReading;
    const cells = cellsOf(component);
    if (cells === undefined) {
      undecided.push({ at, why: "too many combinations of orders, test kinds and attributes" });
      continue;
    }
    for (const isAsked of cells) {
      const decided = judgeCell(
        component.filter((one) => isAsked(one.when)),
        skip,
        conflicts,
        budget,
      );
      if (decided) continue;
      undecided.push({ at, why: "too many clauses about quantities that differences join" });
      break;
    }
  }
  return { conflicts: [...conflicts.values()], undecided };
}

/** Clause after clause, those that exclude none before them kept. */
function judgeCell(
  cell: readonly AskedReading[],
  skip: ReadonlySet<AskedReading>,
  conflicts: Map<AskedReading, Conflict>,
  budget: Budget,
): boolean {
  let kept: readonly Constraint<AskedReading>[] = [];
  for (const asked of cell) {
    if (skip.has(asked)) continue;
    const next = tightest([...kept, ...constraintsOf(asked.clause.compiled, asked.quantityOf, asked, asked)]);
    const cycle = conflict(next, budget);
    if (cycle === undefined) return false;
    if (cycle === null) {
      kept = next;
      continue;
    }
    const together = [...new Set(cycle.map(({ origin }) => origin))];
    // Two roles may be played by one item: then a cell holds clauses that no test is asked together.
    if (!together.every((a) => together.every((b) => askedTogether(a.when, b.when)))) return false;
    const earlier = together.filter((origin) => origin !== asked);
    if (!conflicts.has(asked)) conflicts.set(asked, { later: asked, earlier: inOrder(earlier, cell), why: "limits" });
  }
  return true;
}

const inOrder = (some: readonly AskedReading[], all: readonly AskedReading[]): AskedReading[] =>
  all.filter((one) => some.includes(one));

/** Clauses whose readings a difference joins, each component in source order. */
function components(readings: readonly AskedReading[]): AskedReading[][] {
  const root = new Map<string, string>();
  const find = (name: string): string => {
    let at = name;
    for (let up = root.get(at); up !== undefined && up !== at; up = root.get(at)) at = up;
    return at;
  };
  const sides = readings.map((asked) => readingsOf(asked.clause.compiled, asked.quantityOf).map(variableOf));
  const joined = new Set<string>();
  for (const [left, right] of sides) {
    if (left === undefined || right === undefined) continue;
    root.set(find(left), find(right));
    joined.add(left);
  }
  const roots = new Set([...joined].map(find));
  const groups = Map.groupBy(
    readings.flatMap((asked, index) => (sides[index]?.[0] === undefined ? [] : [{ asked, at: find(sides[index][0]) }])),
    ({ at }) => at,
  );
  return [...roots].map((at) => (groups.get(at) ?? []).map(({ asked }) => asked));
}

/** Every way in which as many clauses as possible are asked; undefined where there are too many. */
function cellsOf(component: readonly AskedReading[]): ((when: When) => boolean)[] | undefined {
  const whens = [...new Map(component.map(({ when }) => [when.key, when])).values()];
  const roles = new Set(whens.flatMap(({ attribute }) => attribute?.role ?? []));
  const choices: ((when: When) => boolean)[][] = [
    choice(whens.map(({ stationType }) => stationType ?? [])).map(
      (one) =>
        ({ stationType }) =>
          fits(stationType, one),
    ),
    choice(whens.map(({ testKind }) => testKind ?? [])).map(
      (one) =>
        ({ testKind }) =>
          fits(testKind, one),
    ),
    choice(whens.map(({ orders }) => orders)).map(
      (one) =>
        ({ orders }) =>
          orders.every((order) => order === one),
    ),
    ...[...roles].map((role) =>
      choice(whens.map(({ attribute }) => (attribute?.role === role ? attribute.attribute : []))).map(
        (one) =>
          ({ attribute }: When) =>
            attribute?.role !== role || attribute.attribute === one,
      ),
    ),
  ];
  let cells: ((when: When) => boolean)[] = [() => true];
  for (const options of choices) {
    if (cells.length * options.length > MAX_ANALYSIS_CELLS) return undefined;
    cells = cells.flatMap((cell) => options.map((option) => (when: When) => cell(when) && option(when)));
  }
  return cells;
}

const choice = (values: readonly (string | readonly string[])[]): readonly (string | null)[] => {
  const distinct = [...new Set(values.flat())];
  return distinct.length === 0 ? [null] : distinct;
};

const fits = (asked: string | null, one: string | null): boolean => asked === null || asked === one;
