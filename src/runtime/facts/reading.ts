import { add, type Rational, showRational, subtract } from "../../base/rational.ts";
import type { Bundle, Limit, ReadingClause } from "../../model/bundle.ts";
import type { Reading } from "../../model/snapshot.ts";
import { convert, findUnit, toBase, type Unit } from "../../model/units.ts";
import { type Amount, amountIn, amountOf, type Bound, boundOf, signAgainst } from "./amount.ts";
import { assetOf, type ClauseFacts, decimalOf } from "./context.ts";
import { instrumentCheck } from "./instrument.ts";
import { type Finding, finding, known, NOTHING_SHOWN, notKnown, type PartFacts, type Shown } from "./part.ts";
import { type Instrument, type Judged, judgeReading, type ReadQuantity, readQuantity } from "./reading-value.ts";

interface Edge {
  /** As the author set it. */
  readonly limit: Bound;
  /** The limit moved inwards by the guard band: what a reading is accepted by. */
  readonly acceptance: Bound;
  /** Whether the author's own limit passes. */
  readonly inclusive: boolean;
}

/** The limit in its own unit, computed once. */
interface Bounds {
  readonly unit: Unit;
  readonly low: Edge | null;
  readonly high: Edge | null;
  readonly isGuarded: boolean;
  readonly words: string;
}

/** Source: decisions.md B2, B3, B3b, B4, B15. */
export function readingFacts(clause: ReadingClause, bundle: Bundle): ClauseFacts {
  const bounds = boundsOf(clause);
  const instrument: Instrument | null =
    clause.readWith === null
      ? null
      : { asset: assetOf(bundle, clause.readWith), check: instrumentCheck(bundle, clause.readWith) };
  const { difference = null } = bundle.quantities.find(({ name }) => name === clause.quantity) ?? {};
  if (difference === null) {
    const quantity = readQuantity(bundle, clause.quantity);
    return (moment) => [single(clause, bounds, judgeReading(quantity, clause, instrument, moment), quantity)];
  }
  const left = readQuantity(bundle, difference.left);
  const right = readQuantity(bundle, difference.right);
  return (moment) => {
    const judge = (quantity: ReadQuantity): Judged => judgeReading(quantity, clause, instrument, moment);
    return [differing(clause, bounds, judge(left), judge(right))];
  };
}

function single(clause: ReadingClause, bounds: Bounds, judged: Judged, quantity: ReadQuantity): PartFacts {
  if (judged.kind === "faulty") {
    const written = (): Shown => ({ ...shownOf(bounds, [judged.reading]), reading: asWritten(judged.reading) });
    return notKnown("limit", [judged.finding], written);
  }
  const { value, unit, reading } = judged;
  const words = (): string => `${showRational(amountIn(value, unit, quantity.unit).exact())} ${quantity.unit.symbol}`;
  const shown = (): Shown => ({ ...shownOf(bounds, [reading]), reading: words() });
  return judgeLimit(clause.quantity, bounds, amountIn(value, unit, bounds.unit), words, shown);
}

/** Neither physical zero nor a temperature's offset touches a difference. Source: decisions.md B3. */
function differing(clause: ReadingClause, bounds: Bounds, left: Judged, right: Judged): PartFacts {
  const bare = (): Shown => shownOf(bounds, [left.reading, right.reading]);
  if (left.kind === "faulty" || right.kind === "faulty") {
    const findings: Finding[] = [];
    for (const judged of [left, right]) if (judged.kind === "faulty") findings.push(judged.finding);
    return notKnown("limit", findings, bare);
  }
  const inBase = subtract(toBase(left.value, left.unit), toBase(right.value, right.unit));
  const base: Unit = { ...bounds.unit, factor: { n: 1n, d: 1n } };
  const value = convert(inBase, base, bounds.unit, { difference: true }) as Rational;
  const words = (): string => `${showRational(value)} ${bounds.unit.symbol}`;
  return judgeLimit(clause.quantity, bounds, amountOf(value), words, () => ({ ...bare(), reading: words() }));
}

function judgeLimit(
  quantity: string,
  bounds: Bounds,
  amount: Amount,
  words: () => string,
  shown: () => Shown,
): PartFacts {
  const { low, high, isGuarded } = bounds;
  const vsLow = low === null ? null : signAgainst(amount, low.acceptance);
  const vsHigh = high === null ? null : signAgainst(amount, high.acceptance);
  const fallsShort = low !== null && vsLow !== null && (isGuarded || low.inclusive ? vsLow < 0 : vsLow <= 0);
  const goesBeyond = high !== null && vsHigh !== null && (isGuarded || high.inclusive ? vsHigh > 0 : vsHigh >= 0);
  const signs = { ...(vsLow === null ? {} : { vsLimit: vsLow }), ...(vsHigh === null ? {} : { vsHigh }) };
  if (!fallsShort && !goesBeyond) return known("limit", signs, shown);
  const breaksLow = fallsShort && isOutside(signAgainst(amount, low.limit), low.inclusive, -1);
  const breaksHigh = goesBeyond && isOutside(signAgainst(amount, high.limit), high.inclusive, 1);
  const code = breaksLow || breaksHigh || !isGuarded ? "reading.out-of-limits" : "reading.in-guard-band";
  const where = fallsShort ? "below the limit" : "above the limit";
  const more = `${words()} is ${code === "reading.in-guard-band" ? "inside the guard band" : where}: ${bounds.words}`;
  return known("limit", { ...signs, breach: finding(code, quantity, more) }, shown);
}

const isOutside = (sign: number, inclusive: boolean, outwards: -1 | 1): boolean =>
  sign === outwards || (sign === 0 && !inclusive);

function shownOf(bounds: Bounds, readings: readonly (Reading | undefined)[]): Shown {
  const instruments = readings.flatMap((reading) => reading?.takenWith ?? []);
  return { ...NOTHING_SHOWN, limit: bounds.words, instrument: [...new Set(instruments)].join(", ") || null };
}

/** A reading that could not be judged, for people to see what stood there. */
function asWritten(reading: Reading | undefined): string | null {
  if (reading === undefined || reading.value.kind === "missing") return null;
  if (reading.value.kind === "not-a-number") return "not a number";
  return `${showRational(reading.value.number)} ${reading.unit ?? ""}`.trimEnd();
}

function boundsOf({ limit, guardBand }: ReadingClause): Bounds {
  const unit = findUnit(limit.unit) as Unit;
  const guard = isGuardedBy(guardBand) ? guardIn(unit, guardBand) : null;
  const edge = (end: Limit["low"], inwards: typeof add | typeof subtract): Edge | null => {
    if (end === null) return null;
    const value = decimalOf(end.value);
    return {
      limit: boundOf(value),
      acceptance: boundOf(guard === null ? value : inwards(value, guard)),
      inclusive: end.inclusive,
    };
  };
  const guarded = guardBand === null ? "" : `, guarded by ${guardBand.value} ${findUnit(guardBand.unit)?.symbol}`;
  return {
    unit,
    low: edge(limit.low, add),
    high: edge(limit.high, subtract),
    isGuarded: guard !== null,
    words: `${limitWords(limit, unit.symbol)}${guarded}`,
  };
}

/** A band of nothing is none. */
export const isGuardedBy = (band: ReadingClause["guardBand"]): band is NonNullable<ReadingClause["guardBand"]> =>
  band !== null && band.value !== "0";

const guardIn = (unit: Unit, guardBand: { readonly value: string; readonly unit: string }): Rational =>
  convert(decimalOf(guardBand.value), findUnit(guardBand.unit) as Unit, unit, { difference: true }) as Rational;

function limitWords({ low, high }: Limit, unit: string): string {
  if (low !== null && high !== null) return `between ${low.value} and ${high.value} ${unit}`;
  if (low !== null) return `${low.inclusive ? "at least" : "more than"} ${low.value} ${unit}`;
  return `${high?.inclusive ? "at most" : "less than"} ${high?.value} ${unit}`;
}
