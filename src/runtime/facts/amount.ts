import { compare, type Rational } from "../../base/rational.ts";
import { convert, type Unit } from "../../model/units.ts";
import type { Sign } from "./part.ts";

/**
 * An exact number in some unit that is first looked at as a double. `slack` bounds how far the double may be from it; whoever
 * compares asks for the exact number only where the bound leaves a doubt, so a double never decides what it cannot.
 */
export interface Amount {
  readonly approx: number;
  readonly slack: number;
  readonly exact: () => Rational;
}

/** A bound a reading is compared with: its exact number, and that number as a double. */
export interface Bound {
  readonly exact: Rational;
  readonly approx: number;
}

/** A double's own steps are 1.1e-16 of it; a conversion makes fewer than ten of them. */
const RELATIVE_ERROR = 1e-14;
/** Nearer to nothing than this, doubles lose digits. */
const SMALLEST = 1e-290;

/** NaN, which leaves every doubt, where numerator or denominator is more than a double can hold. */
function toDouble({ n, d }: Rational): number {
  const under = Number(d);
  return under === Number.POSITIVE_INFINITY ? Number.NaN : Number(n) / under;
}

export const boundOf = (exact: Rational): Bound => ({ exact, approx: toDouble(exact) });

/** Units convert by `value · scale + shift`. */
interface Linear {
  readonly scale: number;
  readonly shift: number;
  /** Of the numbers that are added up to the shift: what their rounding may amount to. */
  readonly shiftSlack: number;
}

const SAME: Linear = { scale: 1, shift: 0, shiftSlack: 0 };
/** At most one for each pair of units of a kind. */
const known = new Map<Unit, Map<Unit, Linear>>();

function linearOf(from: Unit, to: Unit): Linear {
  if (from === to) return SAME;
  const row = known.get(from) ?? new Map<Unit, Linear>();
  known.set(from, row);
  const before = row.get(to);
  if (before !== undefined) return before;
  const factor = toDouble(to.factor);
  const [begin, end] = [toDouble(from.offset) / factor, toDouble(to.offset) / factor];
  const linear = {
    scale: toDouble(from.factor) / factor,
    shift: begin - end,
    shiftSlack: (Math.abs(begin) + Math.abs(end)) * RELATIVE_ERROR,
  };
  row.set(to, linear);
  return linear;
}

/** A value converted between units of one kind. @throws TypeError where the kinds differ and the exact value is asked for */
export function amountIn(value: Rational, from: Unit, to: Unit): Amount {
  const { scale, shift, shiftSlack } = linearOf(from, to);
  const scaled = toDouble(value) * scale;
  return {
    approx: scaled + shift,
    slack: Math.abs(scaled) * RELATIVE_ERROR + shiftSlack,
    exact: from === to ? () => value : () => convert(value, from, to) as Rational,
  };
}

/** A number that is known exactly already, a difference for instance. */
export const amountOf = (value: Rational): Amount => {
  const approx = toDouble(value);
  return { approx, slack: Math.abs(approx) * RELATIVE_ERROR, exact: () => value };
};

/** The exact sign of `amount − bound`. Infinity and NaN, which doubles make of large numbers, leave every doubt. */
export function signAgainst({ approx, slack, exact }: Amount, bound: Bound): Sign {
  const difference = approx - bound.approx;
  const doubt = slack + Math.abs(bound.approx) * RELATIVE_ERROR + SMALLEST;
  if (difference > doubt && difference < Number.POSITIVE_INFINITY) return 1;
  if (difference < -doubt && difference > Number.NEGATIVE_INFINITY) return -1;
  return compare(exact(), bound.exact);
}
