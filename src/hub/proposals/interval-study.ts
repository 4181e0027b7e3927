import { printDate } from "../../base/civil-time.ts";
import type { CalibrationClause, Span } from "../../model/bundle.ts";
import type { AssetHistory, KnownCalibration } from "./calibration-history.ts";
import {
  type AsFound,
  type ChartPoint,
  controlChart,
  type IntervalOpinion,
  type InUseFinding,
  intervalTest,
  inUse,
  staircase,
} from "./interval-methods.ts";
import { daysOf, shortenedSpan, spanWords } from "./spans.ts";

/** What all instruments in one role of a contract say about their interval together. */
export interface IntervalStudy {
  /** Place of the clause in its bundle, and its line. */
  readonly index: number;
  readonly line: number;
  readonly clause: string;
  readonly equipment: string;
  /** Day on which this interval came into force; null where it never was another. What was found before counts for drift alone. */
  readonly since: string | null;
  readonly assets: number;
  /** Those of which a certificate says how they were found. */
  readonly withFindings: number;
  readonly findings: number;
  readonly outOfTolerance: number;
  readonly opinions: readonly PooledOpinion[];
  /** What the interval could become: shorter than it is. Null where nothing asks for it. */
  readonly shorter: ShorterInterval | null;
  /** What could be made longer, in words; only people do that, and two of them sign. Null where nothing speaks for it. */
  readonly advice: string | null;
}

export interface PooledOpinion extends IntervalOpinion {
  /** Instruments that it rests on. */
  readonly assets: number;
}

/** One or both; what is null stays as it is. */
export interface ShorterInterval {
  readonly interval: Span | null;
  readonly cycles: number | null;
}

/** Of the instruments that have findings, so many must ask for it before a contract for all of them shrinks. */
const SHARE_THAT_SHORTENS = 0.1;
/** A finding after less than this part of the interval says nothing good about its end. */
const TELLING_PART = 0.5;

/** @param sinceDay on which the clause's interval came into force; null: ever */
export function intervalStudy(
  clause: CalibrationClause,
  histories: readonly AssetHistory[],
  sinceDay: number | null = null,
): IntervalStudy {
  const fromDay = sinceDay ?? Number.NEGATIVE_INFINITY;
  const known = histories.filter(({ calibrations }) => calibrations.some(isKnown));
  const told = known.map(({ asset, calibrations }) => ({
    asset,
    findings: calibrations.filter((one) => isKnown(one) && one.day >= fromDay),
  }));
  const findings = told.flatMap((one) => one.findings);
  const days = clause.interval === null ? undefined : daysOf(clause.interval);
  const byTime = days === undefined ? [] : [staircases(told), charts(known, days), tested(known, { days, fromDay })];
  const byUse = clause.cycles === null ? [] : [usesOf(known, { cycles: clause.cycles, fromDay })];
  const opinions = [...byTime, ...byUse].filter((opinion) => opinion !== undefined);
  return {
    ...{ index: clause.index, line: clause.line, clause: clause.text, equipment: clause.equipment },
    since: sinceDay === null ? null : printDate(sinceDay),
    ...{ assets: histories.length, withFindings: told.filter((one) => one.findings.length > 0).length },
    findings: findings.length,
    outOfTolerance: findings.filter(({ isInTolerance }) => isInTolerance === false).length,
    ...{ opinions, shorter: shorterOf(clause, opinions), advice: adviceOf(clause, opinions) },
  };
}

/** A certificate says how the instrument was found. */
const isKnown = ({ isInTolerance }: KnownCalibration): boolean => isInTolerance !== null;

const isByUse = ({ method }: IntervalOpinion): boolean => method === "in-use";

function shorterOf(clause: CalibrationClause, opinions: readonly PooledOpinion[]): ShorterInterval | null {
  const least = (own: readonly PooledOpinion[]): number => Math.min(1, ...own.map(({ factor }) => factor));
  const [time, use] = [least(opinions.filter((one) => !isByUse(one))), least(opinions.filter(isByUse))];
  const interval = clause.interval === null || time >= 1 ? null : (shortenedSpan(clause.interval, time) ?? null);
  const fewer = clause.cycles === null || use >= 1 ? null : Math.floor(clause.cycles * use);
  const cycles = fewer === null || fewer < 1 ? null : fewer;
  return interval === null && cycles === null ? null : { interval, cycles };
}

/** Only where nothing asks for less, and by no more than the most careful of those that allow it. */
function adviceOf(clause: CalibrationClause, opinions: readonly PooledOpinion[]): string | null {
  if (clause.interval === null || opinions.some(({ factor }) => factor < 1)) return null;
  const longer = opinions.filter((one) => !isByUse(one) && one.factor > 1);
  const [careful] = longer.toSorted((a, b) => a.factor - b.factor);
  if (careful === undefined) return null;
  return (
    `${spanWords(clause.interval)} could become up to ${careful.factor.toFixed(2)} times as long: ${careful.because}. ` +
    "A longer interval loosens the contract: a person writes it, and two sign it"
  );
}

const asFound = ({ isInTolerance, foundShare }: KnownCalibration): AsFound => ({
  isInTolerance: isInTolerance === true,
  share: foundShare,
});

interface Told {
  readonly asset: string;
  readonly findings: readonly KnownCalibration[];
}

function staircases(all: readonly Told[]): PooledOpinion | undefined {
  const told = all.filter(({ findings }) => findings.length > 0);
  if (told.length === 0) return undefined;
  const opinions = told.map(({ asset, findings }) => ({ asset, ...staircase(findings.map(asFound)) }));
  return pooledSteps("staircase", opinions);
}

/** A tenth of the instruments shorten it for all; to lengthen it every one must allow it. */
function pooledSteps(
  method: IntervalOpinion["method"],
  opinions: readonly (IntervalOpinion & { readonly asset: string })[],
): PooledOpinion {
  const shorten = opinions.filter(({ factor }) => factor < 1);
  const assets = opinions.length;
  const [worst] = shorten.toSorted((a, b) => a.factor - b.factor);
  if (worst !== undefined && shorten.length >= SHARE_THAT_SHORTENS * assets) {
    const others = shorten.length === 1 ? "" : ` and ${shorten.length - 1} more of ${assets}`;
    return { method, assets, factor: worst.factor, because: `${worst.asset}${others}: ${worst.because}` };
  }
  const [careful] = opinions.toSorted((a, b) => a.factor - b.factor);
  if (careful !== undefined && careful.factor > 1)
    return { method, assets, factor: careful.factor, because: `all ${assets}: ${careful.because}` };
  const words = shorten.length === 0 ? "no instrument asks for less" : `${shorten.length} of ${assets} ask for less`;
  return { method, assets, factor: 1, because: words };
}

/** The interval that all but a tenth of the instruments with a chart keep. Drift does not depend on when it was looked for. */
function charts(known: readonly AssetHistory[], days: number): PooledOpinion | undefined {
  const opinions = known.flatMap(({ asset, calibrations }) => {
    const opinion = controlChart(chartPoints(calibrations), days);
    return opinion === undefined ? [] : [{ asset, ...opinion }];
  });
  const sorted = opinions.toSorted((a, b) => a.factor - b.factor);
  const own = sorted[Math.max(0, Math.ceil(sorted.length * SHARE_THAT_SHORTENS) - 1)];
  if (own === undefined) return undefined;
  return { ...opinionOf(own), assets: opinions.length, because: `${own.asset}: ${own.because}` };
}

/**
 * A chart begins anew behind a certificate that does not say how far off the instrument was found, or that corrected it and does
 * not say how far off it was left: what lies before tells nothing about the drift from there.
 */
function chartPoints(calibrations: readonly KnownCalibration[]): readonly ChartPoint[] {
  const breaks = ({ foundShare, leftShare, result }: KnownCalibration, index: number): boolean =>
    foundShare === null || (result === "pass-with-correction" && leftShare === null && index < calibrations.length - 1);
  return calibrations
    .slice(calibrations.findLastIndex(breaks) + 1)
    .flatMap(({ day, foundShare, leftShare }) =>
      foundShare === null ? [] : [{ day, found: foundShare, left: leftShare }],
    );
}

const opinionOf = ({ method, factor, because }: IntervalOpinion): IntervalOpinion => ({ method, factor, because });

interface FoundAfter {
  readonly found: KnownCalibration;
  readonly before: KnownCalibration;
}

/** Findings with the calibration before each, whether or not that one says how it was found; both under the interval in force. */
const foundAfter = (calibrations: readonly KnownCalibration[], fromDay: number): readonly FoundAfter[] =>
  calibrations.slice(1).flatMap((found, index) => {
    const before = calibrations[index];
    return before === undefined || before.day < fromDay || !isKnown(found) ? [] : [{ found, before }];
  });

function tested(
  known: readonly AssetHistory[],
  { days, fromDay }: { readonly days: number; readonly fromDay: number },
): PooledOpinion | undefined {
  const results = known.flatMap(({ calibrations }) =>
    foundAfter(calibrations, fromDay).flatMap(({ found, before }) =>
      found.isInTolerance === false ? [false] : found.day - before.day >= TELLING_PART * days ? [true] : [],
    ),
  );
  if (results.length === 0) return undefined;
  return { ...intervalTest(results.filter(Boolean).length, results.length), assets: known.length };
}

function usesOf(
  known: readonly AssetHistory[],
  { cycles, fromDay }: { readonly cycles: number; readonly fromDay: number },
): PooledOpinion | undefined {
  const opinions = known.flatMap(({ asset, calibrations, counters }) => {
    const findings = foundAfter(calibrations, fromDay).flatMap(({ found, before }): readonly InUseFinding[] => {
      const [to, from] = [countAt(counters, found.day), countAt(counters, before.day)];
      return to === undefined || from === undefined || to < from ? [] : [{ ...asFound(found), use: to - from }];
    });
    return findings.length === 0 ? [] : [{ asset, ...inUse(findings, cycles) }];
  });
  return opinions.length === 0 ? undefined : pooledSteps("in-use", opinions);
}

const DAY_MS = 24 * 3_600_000;

/** What its counter showed last on a day; a counter of cycles, for that is what such a clause counts. */
const countAt = (counters: AssetHistory["counters"], day: number): number | undefined =>
  counters.findLast(({ counter, atMs }) => counter === "cycles" && atMs < (day + 1) * DAY_MS)?.value;
