import type { Random } from "./random.ts";

/**
 * Small random contracts about two lengths and their difference, and what is so about them by trying every value. Nothing
 * here knows of intervals, constraints or cycles. Limits are whole millimetres; where differences of two values and strict
 * limits are satisfiable at all they are so in thirds, so thirds are counted: 1 mm is 3.
 */
export interface Clause {
  readonly quantity: "a" | "b" | "d";
  readonly low: End | null;
  readonly high: End | null;
  readonly guard: number;
  readonly should: boolean;
  readonly weekly: boolean;
  readonly order: "A" | "B" | null;
  readonly kind: "k" | "m" | null;
  readonly attribute: "old" | "new" | null;
}

interface End {
  readonly mm: number;
  readonly inclusive: boolean;
}

export interface Small {
  readonly a: readonly [number, number] | null;
  readonly b: readonly [number, number] | null;
  readonly clauses: readonly Clause[];
}

const MAX_MM = 8;

function limits(next: Random): Pick<Clause, "low" | "high"> {
  const end = (): End => ({ mm: next.upTo(MAX_MM + 1), inclusive: next.chance(0.5) });
  const roll = next.upTo(3);
  if (roll === 0) return { low: end(), high: null };
  if (roll === 1) return { low: null, high: end() };
  const [x, y] = [next.upTo(MAX_MM + 1), next.upTo(MAX_MM + 1)];
  const [low, high] = next.chance(0.9) ? [Math.min(x, y), Math.max(x, y)] : [x, y];
  return { low: { mm: low, inclusive: true }, high: { mm: high, inclusive: true } };
}

export function small(next: Random): Small {
  const range = (): readonly [number, number] | null => {
    const low = next.upTo(4);
    return next.chance(0.4) ? [low, low + next.upTo(6)] : null;
  };
  const clauses = Array.from(
    { length: 1 + next.upTo(5) },
    (): Clause => ({
      quantity: next.pick(["a", "a", "b", "d"]),
      ...limits(next),
      guard: next.chance(0.15) ? 1 : 0,
      should: next.chance(0.1),
      weekly: next.chance(0.2),
      order: next.pick([null, null, null, "A", "B"]),
      kind: next.pick([null, null, null, "k", "m"]),
      attribute: next.pick([null, null, null, "old", "new"]),
    }),
  );
  return { a: range(), b: range(), clauses };
}

/** In two units, so that conversion takes part. */
const amount = (mm: number, inCm: boolean): string => (inCm ? `${mm / 10} cm` : `${mm} mm`);

function limitText({ low, high }: Clause, inCm: boolean): string {
  if (low !== null && high !== null) return `between ${low.mm} and ${high.mm} mm`;
  if (low !== null) return `${low.inclusive ? "at least" : "more than"} ${amount(low.mm, inCm)}`;
  return `${high?.inclusive === true ? "at most" : "less than"} ${amount(high?.mm ?? 0, inCm)}`;
}

const names = { a: "long", b: "short", d: "gap" } as const;

function clauseText(clause: Clause, index: number): string {
  const { quantity, order, attribute, weekly, should, guard } = clause;
  return [
    order === null ? "" : `for order "${order}", `,
    attribute === null ? "" : `when the lamp is ${attribute}, `,
    `each ${weekly ? "week" : "day"}, ${names[quantity]} ${should ? "should" : "must"} be ${limitText(clause, index % 2 === 1)}`,
    guard === 0 ? "" : `, guarded by ${guard} mm`,
  ].join("");
}

/** The text, and the line of each clause. */
export function textOf({ a, b, clauses }: Small): { readonly text: string; readonly lines: readonly number[] } {
  const range = (one: Small["a"]): string => (one === null ? "" : `, plausible from ${one[0]} to ${one[1]} mm`);
  const head = [
    'contract X "X" {',
    "  for every station",
    "  lamp is a uv-a-lamp",
    `  long is measured in mm${range(a)}`,
    `  short is measured in mm${range(b)}`,
    "  gap is long minus short",
  ];
  const body: string[] = [];
  const lines = clauses.map((clause, index) => {
    body.push(`  before every ${clause.kind === null ? "" : `${clause.kind} `}test {`, `    c-${index}:`);
    body.push(`      ${clauseText(clause, index)}`, "  }");
    return head.length + body.length - 1;
  });
  return { text: [...head, ...body, "}", ""].join("\n"), lines };
}

/* What is so, by trying. */

const FROM = -3 * (MAX_MM + 3);
const TO = 3 * (2 * MAX_MM + 3);
const values = Array.from({ length: TO - FROM + 1 }, (_, index) => FROM + index);

interface Point {
  readonly a: number;
  readonly b: number;
}

const points: readonly Point[] = values.flatMap((a) => values.map((b) => ({ a, b })));
const valueAt = ({ quantity }: Clause, { a, b }: Point): number =>
  quantity === "a" ? a : quantity === "b" ? b : a - b;

const isPlausible = ({ a, b }: Small, { quantity }: Clause, point: Point): boolean => {
  const lies = (range: Small["a"], value: number): boolean =>
    range === null || (value >= 3 * range[0] && value <= 3 * range[1]);
  return (quantity === "b" || lies(a, point.a)) && (quantity === "a" || lies(b, point.b));
};

function isAccepted({ low, high, guard }: Clause, value: number): boolean {
  const above =
    low === null ||
    (guard > 0 ? value >= 3 * (low.mm + guard) : low.inclusive ? value >= 3 * low.mm : value > 3 * low.mm);
  const below =
    high === null ||
    (guard > 0 ? value <= 3 * (high.mm - guard) : high.inclusive ? value <= 3 * high.mm : value < 3 * high.mm);
  return above && below;
}

const passes = (contract: Small, clause: Clause, point: Point): boolean =>
  isPlausible(contract, clause, point) && isAccepted(clause, valueAt(clause, point));

export const isSatisfiable = (contract: Small, clauses: readonly Clause[]): boolean =>
  points.some((point) => clauses.every((clause) => passes(contract, clause, point)));

export const neverBlocks = (contract: Small, clause: Clause): boolean =>
  points.every((point) => !isPlausible(contract, clause, point) || isAccepted(clause, valueAt(clause, point)));

/** Whether one test can be asked all of them: one order, one kind, one attribute of the lamp. */
export function askedTogether(clauses: readonly Clause[]): boolean {
  return (["order", "kind", "attribute"] as const).every(
    (respect) => new Set(clauses.flatMap((clause) => clause[respect] ?? [])).size <= 1,
  );
}

/** Every set of clauses that one test is asked at once. */
export function cells(clauses: readonly Clause[]): readonly (readonly Clause[])[] {
  const fits = (asked: string | null, one: string): boolean => asked === null || asked === one;
  return ["A", "B"].flatMap((order) =>
    ["k", "m"].flatMap((kind) =>
      ["old", "new"].map((attribute) =>
        clauses.filter(
          (clause) => fits(clause.order, order) && fits(clause.kind, kind) && fits(clause.attribute, attribute),
        ),
      ),
    ),
  );
}

/** Whether `x` asks as much as `y` in every respect that language.md names. */
export function implies(x: Clause, y: Clause): boolean {
  const within = (wide: string | null, narrow: string | null): boolean => wide === null || wide === narrow;
  const unguarded = (clause: Clause, value: number): boolean => isAccepted({ ...clause, guard: 0 }, value);
  return (
    x.quantity === y.quantity &&
    within(x.order, y.order) &&
    within(x.kind, y.kind) &&
    within(x.attribute, y.attribute) &&
    (!x.should || y.should) &&
    (!x.weekly || y.weekly) &&
    x.guard >= y.guard &&
    values.every((value) => !unguarded(x, value) || unguarded(y, value))
  );
}
