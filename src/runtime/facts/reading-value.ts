import { compare, type Rational } from "../../base/rational.ts";
import type { Bundle, BundleQuantity, ReadingClause } from "../../model/bundle.ts";
import type { Reading } from "../../model/snapshot.ts";
import { convert, findUnit, physicalZero, type Unit } from "../../model/units.ts";
import { amountIn, type Bound, boundOf, signAgainst } from "./amount.ts";
import { decimalOf, isAhead, isFresh, type Moment, settleInstant } from "./context.ts";
import type { InstrumentCheck } from "./instrument.ts";
import { type Finding, finding } from "./part.ts";

/** A quantity that is read, with what every reading of it must pass before a limit is looked at. */
export interface ReadQuantity {
  readonly name: string;
  readonly unit: Unit;
  readonly plausible: { readonly from: Bound; readonly to: Bound } | null;
}

export interface Instrument {
  readonly asset: (moment: Moment) => string;
  readonly check: InstrumentCheck;
}

export type Judged =
  | { readonly kind: "sound"; readonly reading: Reading; readonly value: Rational; readonly unit: Unit }
  | { readonly kind: "faulty"; readonly reading: Reading | undefined; readonly finding: Finding };

export function readQuantity(bundle: Bundle, name: string): ReadQuantity {
  const quantity = bundle.quantities.find((candidate) => candidate.name === name) as BundleQuantity;
  const unit = findUnit(quantity.unit) as Unit;
  const { plausible } = quantity;
  return {
    name,
    unit,
    plausible:
      plausible === null ? null : { from: boundOf(decimalOf(plausible.from)), to: boundOf(decimalOf(plausible.to)) },
  };
}

/** From missing to out-of-range, in the order of decisions.md B19; the first that applies. */
export function judgeReading(
  quantity: ReadQuantity,
  clause: ReadingClause,
  instrument: Instrument | null,
  moment: Moment,
): Judged {
  const reading = moment.snapshot.readings.get(quantity.name);
  const faulty = (code: string, more: string | null = null): Judged => ({
    kind: "faulty",
    reading,
    finding: finding(code, quantity.name, more),
  });
  if (reading?.takenAt === undefined || reading.value.kind === "missing") return faulty("reading.missing");
  if (reading.value.kind === "not-a-number") return faulty("reading.not-a-number");
  if (reading.unit === undefined) return faulty("reading.no-unit");
  const value = reading.value.number;
  const unit = findUnit(reading.unit);
  if (unit === undefined || unit.kind !== quantity.unit.kind) return faulty("reading.wrong-unit", reading.unit);
  if (!isPlausible(quantity, value, unit)) return faulty("reading.implausible");
  if (isAhead(moment, reading.takenAt)) return faulty("reading.future-dated");
  if (!isFresh(moment, clause.freshness, reading.takenAt)) return faulty("reading.stale");
  if (clause.settledMs !== null && !isSettled(reading, clause.settledMs)) return faulty("settle.too-short");
  const misread = instrument === null ? null : instrumentFault(instrument, reading, value, unit, moment);
  if (misread !== null) return faulty(misread, reading.takenWith ?? null);
  return { kind: "sound", reading, value, unit };
}

function isPlausible({ plausible, unit: own }: ReadQuantity, value: Rational, unit: Unit): boolean {
  const zero = zeroOf(unit);
  if (zero !== null && signAgainst(amountIn(value, unit, unit), zero) < 0) return false;
  if (plausible === null) return true;
  const amount = amountIn(value, unit, own);
  return signAgainst(amount, plausible.from) >= 0 && signAgainst(amount, plausible.to) <= 0;
}

const zeros = new Map<Unit, Bound | null>();

function zeroOf(unit: Unit): Bound | null {
  const known = zeros.get(unit);
  if (known !== undefined) return known;
  const zero = physicalZero(unit);
  const bound = zero === undefined ? null : boundOf(zero);
  zeros.set(unit, bound);
  return bound;
}

function isSettled({ settledMinutes }: Reading, settledMs: number): boolean {
  return settledMinutes !== undefined && compare(settledMinutes, { n: BigInt(settledMs), d: 60_000n }) >= 0;
}

function instrumentFault(
  instrument: Instrument,
  reading: Reading,
  value: Rational,
  unit: Unit,
  moment: Moment,
): string | null {
  const asset = instrument.asset(moment);
  const takenAt = settleInstant(moment, reading.takenAt as number);
  if (reading.takenWith !== asset || !instrument.check(moment, asset, takenAt)) return "reading.instrument-not-valid";
  const ranges = moment.snapshot.equipment.get(asset)?.ranges ?? [];
  if (ranges.length === 0) return null;
  const lies = ranges.some((range) => {
    const rangeUnit = findUnit(range.unit);
    const inRange = rangeUnit === undefined ? undefined : convert(value, unit, rangeUnit);
    return inRange !== undefined && compare(inRange, range.low) >= 0 && compare(inRange, range.high) <= 0;
  });
  return lies ? null : "reading.out-of-range";
}
