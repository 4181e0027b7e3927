import { DAY_MS } from "../../base/civil-time.ts";
import type { Span } from "../../model/bundle.ts";
import { MAX_REFERENCE_CHAIN } from "../../model/limits.ts";
import type { Calibration } from "../../model/snapshot.ts";
import { faultOf, lapseOfCalibration, latestUpTo } from "./certificate.ts";
import { type Moment, momentAt } from "./context.ts";
import { type Finding, finding } from "./part.ts";

interface Link {
  readonly asset: string;
  readonly calibration: Calibration;
}

/**
 * The first fault in the standards behind a certificate, up the chain to a national one. Each is judged at noon, plant time,
 * of the day it was used. Source: decisions.md B13.
 */
export function referenceFault(
  asset: string,
  calibration: Calibration | undefined,
  within: Span,
  moment: Moment,
): Finding | null {
  if (calibration === undefined) return finding("reference.missing", asset);
  return faultAbove([{ asset, calibration }], within, moment);
}

function faultAbove(path: readonly Link[], within: Span, moment: Moment): Finding | null {
  const { asset, calibration } = path.at(-1) as Link;
  if (calibration.national) return null;
  if (calibration.references.length === 0) return finding("reference.missing", asset);
  for (const standard of calibration.references) {
    const fault = faultOfStandard(standard, path, within, moment);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfStandard(standard: string, path: readonly Link[], within: Span, moment: Moment): Finding | null {
  const { asset, calibration } = path.at(-1) as Link;
  const item = moment.snapshot.equipment.get(standard);
  if (item === undefined) return finding("reference.missing", asset, `${standard} is not known here`);
  const usedOn = calibration.performedOn;
  const used = usedOn === undefined ? undefined : latestUpTo(item, usedOn);
  const before = path.filter((link) => link.asset === standard);
  // An item met again by an earlier certificate of its own is history, not a circle.
  if (before.length > 0 && (used === undefined || before.some((link) => link.calibration === used))) {
    return finding("reference.cycle", asset, `${standard} stands below it`);
  }
  const invalid = finding("reference.invalid-at-use", standard, `used for ${asset}`);
  if (used === undefined || usedOn === undefined || path.length > MAX_REFERENCE_CHAIN) return invalid;
  const noon = momentAt(moment, moment.calendar.instantOf(usedOn * DAY_MS + DAY_MS / 2));
  if (faultOf(standard, item, used, noon) !== null) return invalid;
  const lapse = lapseOfCalibration(used, within, noon);
  if (lapse === undefined || noon.now >= lapse.lapseMs) return invalid;
  return faultAbove([...path, { asset: standard, calibration: used }], within, moment);
}
