import { shareAtLeast, shareBounds } from "../statistics/binomial.ts";

/**
 * How intervals between calibrations are reviewed, each method for itself. All answer with a factor on the interval that is in
 * force: below 1 shortens, above 1 would lengthen. Nobody but people lengthens anything; who calls makes an advice of it.
 * Source of methods 1 to 3: ILAC-G24:2022 / OIML D 10:2022, 6.2 to 6.4; of the interval test: NCSL RP-1, method A3.
 */

/** One calibration as it was found. */
export interface AsFound {
  readonly isInTolerance: boolean;
  /** The largest error found as a share of the tolerance, signed: 0.4, -1.2. Null where the certificate did not say. */
  readonly share: number | null;
}

export interface IntervalOpinion {
  readonly method: "staircase" | "control-chart" | "in-use" | "interval-test";
  /** 1 leaves the interval as it is. */
  readonly factor: number;
  /** Why, with figures, for a person. */
  readonly because: string;
}

export interface StaircaseRule {
  /** Findings out of tolerance in a row after which the interval shrinks by `shorten`. */
  readonly outInARow: number;
  readonly shorten: number;
  /** Findings well in tolerance in a row after which it could grow by `lengthen`. */
  readonly inInARow: number;
  readonly lengthen: number;
  /** An error up to this share of the tolerance is well in it. */
  readonly wellWithin: number;
}

/** The 80 % are the standard's example; the steps are this house's. */
export const STAIRCASE: StaircaseRule = { outInARow: 2, shorten: 1 / 2, inInARow: 3, lengthen: 5 / 4, wellWithin: 0.8 };

/**
 * Method 1, automatic adjustment or "staircase": the last findings of one instrument, the newest last. Its step down is taken
 * once; what comes after it is a new interval's history, so that only findings in a row count.
 */
export function staircase(findings: readonly AsFound[], rule: StaircaseRule = STAIRCASE): IntervalOpinion {
  const opinion = (factor: number, because: string): IntervalOpinion => ({ method: "staircase", factor, because });
  const out = inARow(findings, ({ isInTolerance }) => !isInTolerance);
  if (out >= rule.outInARow) return opinion(rule.shorten, `found out of tolerance ${out} times in a row`);
  if (out > 0) return opinion(1, `found out of tolerance once; ${rule.outInARow} in a row shorten it`);
  const well = inARow(findings, (found) => isWell(found, rule));
  if (well >= rule.inInARow)
    return opinion(rule.lengthen, `found within ${rule.wellWithin * 100} % of its tolerance ${well} times in a row`);
  return opinion(1, findings.length === 0 ? "no finding yet" : "found in tolerance");
}

/** An error that nobody wrote down is not known to be small. */
const isWell = ({ isInTolerance, share }: AsFound, { wellWithin }: StaircaseRule): boolean =>
  isInTolerance && share !== null && Math.abs(share) <= wellWithin;

function inARow(findings: readonly AsFound[], is: (found: AsFound) => boolean): number {
  const first = findings.toReversed().findIndex((found) => !is(found));
  return first === -1 ? findings.length : first;
}

/** Use since the calibration before, in hours or cycles, and how it was found then. */
export interface InUseFinding extends AsFound {
  readonly use: number;
}

/**
 * Method 3, in-use time: the staircase over use instead of calendar time. The limit it judges is the one in force; a finding
 * after less than half of it says nothing about that much use when it is good, and all the more when it is bad.
 */
export function inUse(
  findings: readonly InUseFinding[],
  limit: number,
  rule: StaircaseRule = STAIRCASE,
): IntervalOpinion {
  const telling = findings.filter(({ isInTolerance, use }) => !isInTolerance || use >= limit / 2);
  const { factor, because } = staircase(telling, rule);
  if (factor >= 1) return { method: "in-use", factor, because };
  // It went out within this use already.
  const bad = telling.filter(({ isInTolerance }) => !isInTolerance).map(({ use }) => use);
  const least = Math.min(...bad, limit);
  return {
    method: "in-use",
    factor: Math.min(factor, (rule.shorten * least) / limit),
    because: `${because}, the earliest after ${Math.round(least)} of ${limit}`,
  };
}

/** A calibration on a day, with the error found and the error left, as shares of the tolerance. */
export interface ChartPoint {
  readonly day: number;
  readonly found: number;
  /** Where it was adjusted; null where it was left as found. */
  readonly left: number | null;
}

export interface ChartRule {
  readonly minPoints: number;
  /** Standard deviations of scatter that the error may go beyond the drift. */
  readonly scatter: number;
  /** One review at most halves an interval; the next one has new findings. */
  readonly minFactor: number;
  readonly maxFactor: number;
}

export const CHART: ChartRule = { minPoints: 4, scatter: 2, minFactor: 1 / 2, maxFactor: 2 };

/**
 * Method 2, control chart: the drift of one instrument from calibration to calibration (found now less left before, over the
 * days between, by least squares through zero) and the scatter about it; the interval is the time in which drift and scatter
 * together use up the tolerance, from zero error. Undefined with too few points, or none that drifted over any time.
 */
export function controlChart(
  points: readonly ChartPoint[],
  intervalDays: number,
  rule: ChartRule = CHART,
): IntervalOpinion | undefined {
  if (points.length < rule.minPoints) return undefined;
  const steps = points.slice(1).map((point, index) => {
    const before = points[index];
    return { days: point.day - (before?.day ?? 0), drift: point.found - (before?.left ?? before?.found ?? 0) };
  });
  if (steps.some(({ days }) => days <= 0)) return undefined;
  const sum = (read: (step: (typeof steps)[number]) => number): number =>
    steps.reduce((total, one) => total + read(one), 0);
  const perDay = sum(({ days, drift }) => days * drift) / sum(({ days }) => days * days);
  const squares = sum(({ days, drift }) => (drift - perDay * days) ** 2);
  const scatter = Math.sqrt(squares / Math.max(1, steps.length - 1));
  const room = 1 - rule.scatter * scatter;
  const days = room <= 0 ? 0 : room / Math.abs(perDay);
  const factor = Math.min(rule.maxFactor, Math.max(rule.minFactor, days / intervalDays));
  const figures = `it drifts ${percent(perDay * 365)} of its tolerance a year, scattering by ${percent(scatter)}`;
  return { method: "control-chart", factor, because: `${figures}: ${daysWords(days)} until it may leave it` };
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const daysWords = (days: number): string => (Number.isFinite(days) ? `${Math.floor(days)} days` : "no end");

export interface TestRule {
  /** The share of instruments that are to be in tolerance when their interval ends. */
  readonly target: number;
  readonly confidence: number;
  readonly minFactor: number;
  readonly maxFactor: number;
}

export const INTERVAL_TEST: TestRule = { target: 0.95, confidence: 0.95, minFactor: 1 / 2, maxFactor: 2 };

/**
 * The interval test: of all instruments of one kind, how many were in tolerance when the interval ended, with exact bounds. An
 * interval fails where the target lies above them: what then fits, were the chance of going out the same at any time, is
 * ln(target) / ln(observed) of it. It is too short where the target lies below them, and then no longer than the lower bound
 * alone allows.
 */
export function intervalTest(inTolerance: number, of: number, rule: TestRule = INTERVAL_TEST): IntervalOpinion {
  const { low, high } = shareBounds(inTolerance, of, rule.confidence);
  const sure = shareAtLeast(inTolerance, of, rule.confidence);
  const opinion = (factor: number): IntervalOpinion => ({
    method: "interval-test",
    factor: Math.min(rule.maxFactor, Math.max(rule.minFactor, factor)),
    because:
      `${inTolerance} of ${of} were in tolerance at the end of their interval ` +
      `(${percent(rule.confidence)}: ${percent(low)} to ${percent(high)}), ${percent(rule.target)} are wanted`,
  });
  if (of === 0) return { method: "interval-test", factor: 1, because: "no finding at the end of an interval yet" };
  if (high < rule.target) return opinion(inTolerance === 0 ? 0 : Math.log(rule.target) / Math.log(inTolerance / of));
  if (low > rule.target) return opinion(Math.max(1, Math.log(rule.target) / Math.log(sure)));
  return opinion(1);
}
