import { add, compare, type Rational, showRational, subtract, ZERO } from "../../base/rational.ts";
import type { ClausePart } from "../../model/bundle.ts";
import type { Counter } from "../../model/snapshot.ts";
import { finding, known, NOTHING_SHOWN, notKnown, type PartFacts, type Shown } from "./part.ts";

export interface UseQuestion {
  readonly part: ClausePart;
  readonly asset: string;
  readonly counter: Counter;
  readonly unit: "hours" | "cycles";
  readonly limit: Rational;
  readonly warnBefore: Rational | null;
  /** Use the test will add, where the clause asks whether enough is left. */
  readonly planned: Rational | undefined | "not-asked";
}

/** Use since the last service against its limit. Source: decisions.md B2, B9. */
export function usePart({ part, asset, counter, unit, limit, warnBefore, planned }: UseQuestion): PartFacts {
  const { now, atService = ZERO, highWater } = counter;
  const shown = (): Shown => ({ ...NOTHING_SHOWN, limit: `every ${showRational(limit)} ${unit}` });
  if (now === undefined || compare(now, ZERO) < 0) return notKnown(part, [finding("usage.unknown", asset)], shown);
  if (compare(now, atService) < 0 || (highWater !== undefined && compare(now, highWater) < 0)) {
    return notKnown(part, [finding("usage.counter-went-back", asset, `it stands at ${showRational(now)}`)], shown);
  }
  const used = subtract(now, atService);
  const words = (): string => `${showRational(used)} of ${showRational(limit)} ${unit} used`;
  const seen = (): Shown => ({ ...shown(), reading: `${showRational(used)} ${unit}` });
  const vsHigh = compare(used, limit);
  if (vsHigh >= 0) {
    return known(part, { vsHigh, vsPlanned: 1, breach: finding("usage.exhausted", asset, words()) }, seen);
  }
  const isNear = warnBefore !== null && compare(used, subtract(limit, warnBefore)) >= 0;
  const warnings = isNear ? [finding("usage.due-soon", asset, words())] : [];
  if (planned === "not-asked") return known(part, { vsHigh, warnings }, seen);
  if (planned === undefined || compare(planned, ZERO) < 0) {
    return notKnown(part, [finding("usage.unknown", asset, "the test says no planned use")], seen);
  }
  const vsPlanned = compare(add(used, planned), limit);
  if (vsPlanned <= 0) return known(part, { vsHigh, vsPlanned, warnings }, seen);
  const breach = finding("usage.would-run-out", asset, `${words()}, the test needs ${showRational(planned)} more`);
  return known(part, { vsHigh, vsPlanned, breach }, seen);
}
