import { MAX_REFERENCE_CHAIN } from "../../model/limits.ts";
import type { Calibrated, Revoked } from "./calibration-history.ts";

/** A time in which something cannot be relied on; null is without an end on that side. Epoch milliseconds, half-open. */
export interface SuspectTime {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface Suspect extends SuspectTime {
  readonly asset: string;
  /** How it came to be one: the standards from the first one found bad to the one it was calibrated with; empty for that one. */
  readonly via: readonly ViaStandard[];
}

export interface ViaStandard {
  readonly standard: string;
  /** Of the calibration that was made with it. */
  readonly certificate: string | null;
  readonly performedOn: string;
}

/** Source: decisions.md B18; a certificate that was taken back or that nobody signed so says nothing good (B11, B19). */
const isGood = ({ result, isVoid }: Calibrated): boolean =>
  !isVoid && (result === "pass" || result === "pass-with-correction");

/** The latest calibration of the asset before an instant that left it good; undefined where there is none. */
export const lastGoodBefore = (
  calibrations: readonly Calibrated[],
  asset: string,
  beforeMs: number,
): Calibrated | undefined =>
  calibrations.findLast((one) => one.asset === asset && one.fromMs < beforeMs && isGood(one));

const nextGoodAfter = (calibrations: readonly Calibrated[], asset: string, afterMs: number): Calibrated | undefined =>
  calibrations.find((one) => one.asset === asset && one.fromMs > afterMs && isGood(one));

/**
 * From the last calibration that left it good to the one that found it bad; where that one did not mend it, to the next that did.
 * Days are whole: what was done on either of them may have been before or after.
 */
export function timeOfFinding(found: Calibrated, calibrations: readonly Calibrated[]): SuspectTime {
  const { asset, fromMs } = found;
  const mended = isGood(found) ? found : nextGoodAfter(calibrations, asset, fromMs);
  return { fromMs: lastGoodBefore(calibrations, asset, fromMs)?.fromMs ?? null, toMs: mended?.toMs ?? null };
}

/**
 * What rested on a certificate that was taken back: from its day to the end of the day of the next good calibration. Where one
 * found it out of tolerance by then, nobody knows since when, and the time begins with the last good calibration before. A
 * certificate that nobody recorded: since ever, to the next good calibration after the revocation.
 */
export function timeOfRevocation(
  { asset, certificate, atMs }: Revoked,
  calibrations: readonly Calibrated[],
): SuspectTime & { readonly performedOn: string | null } {
  const [made] = calibrations.filter((one) => one.asset === asset && one.certificate === certificate);
  const next = nextGoodAfter(calibrations, asset, made?.fromMs ?? atMs);
  const toMs = next?.toMs ?? null;
  if (made === undefined) return { fromMs: null, toMs, performedOn: null };
  const isFoundOut = calibrations.some(
    (one) =>
      one.asset === asset && one.isOutOfTolerance && one.fromMs > made.fromMs && (toMs === null || one.fromMs < toMs),
  );
  const fromMs = isFoundOut ? (lastGoodBefore(calibrations, asset, made.fromMs)?.fromMs ?? null) : made.fromMs;
  return { fromMs, toMs, performedOn: made.performedOn };
}

/**
 * The instrument itself, and everything that was calibrated with it meanwhile, until its own next good calibration, and so on
 * down the chain. One asset comes more than once where it was calibrated so more than once.
 */
export function suspectsOf(root: Suspect, calibrations: readonly Calibrated[]): readonly Suspect[] {
  const suspects: Suspect[] = [root];
  const seen = new Set<Calibrated>();
  for (const suspect of suspects) {
    if (suspect.via.length >= MAX_REFERENCE_CHAIN) continue;
    for (const made of calibrations) {
      if (seen.has(made) || made.asset === suspect.asset) continue;
      if (!made.references.includes(suspect.asset) || !meets(made, suspect)) continue;
      seen.add(made);
      suspects.push(calibratedWith(suspect, made, calibrations));
    }
  }
  return suspects;
}

const meets = ({ fromMs, toMs }: Calibrated, time: SuspectTime): boolean =>
  (time.toMs === null || fromMs < time.toMs) && (time.fromMs === null || toMs > time.fromMs);

function calibratedWith({ asset: standard, via }: Suspect, made: Calibrated, all: readonly Calibrated[]): Suspect {
  const { asset, fromMs, certificate, performedOn } = made;
  const toMs = nextGoodAfter(all, asset, fromMs)?.toMs ?? null;
  return { asset, fromMs, toMs, via: [...via, { standard, certificate, performedOn }] };
}

/** Whether an instant lies in a time that is suspect. */
export const covers = ({ fromMs, toMs }: SuspectTime, atMs: number): boolean =>
  (fromMs === null || atMs >= fromMs) && (toMs === null || atMs < toMs);
