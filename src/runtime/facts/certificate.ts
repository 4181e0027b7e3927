import { parseDate } from "../../base/civil-time.ts";
import type { Span } from "../../model/bundle.ts";
import type { Calibration, EquipmentState } from "../../model/snapshot.ts";
import { type Lapse, lapseAfterDay, lapseOf, type Moment, showDay } from "./context.ts";
import { type Finding, finding } from "./part.ts";

const PLACEHOLDERS: ReadonlySet<number | undefined> = new Set(
  ["0001-01-01", "1900-01-01", "1970-01-01", "9999-12-31"].map((date) => parseDate(date) as number),
);

/** A date that systems write when they know none. Source: decisions.md B4. */
export const isPlaceholder = (day: number | undefined): boolean => day !== undefined && PLACEHOLDERS.has(day);

/**
 * The calibration that counts: at the time of the decision the current one, at an earlier instant the latest not after that
 * day. Source: decisions.md B13.
 */
export function calibrationAt(item: EquipmentState, moment: Moment): Calibration | undefined {
  return moment.past ? (latestUpTo(item, moment.today) ?? item.calibration) : item.calibration;
}

/** The latest of the current and earlier calibrations performed on or before `day`. */
export function latestUpTo(item: EquipmentState, day: number): Calibration | undefined {
  const { calibration } = item;
  if (calibration === undefined) return undefined;
  let latest: Calibration | undefined;
  for (const candidate of [calibration, ...calibration.history]) {
    const on = candidate.performedOn;
    if (on !== undefined && on <= day && (latest?.performedOn === undefined || on > latest.performedOn)) {
      latest = candidate;
    }
  }
  return latest;
}

/** The first reason against a certificate, before anybody asks whether it is overdue. Source: decisions.md B4, B11, B18, B19. */
export function faultOf(
  asset: string,
  item: EquipmentState,
  calibration: Calibration | undefined,
  moment: Moment,
): Finding | null {
  if (calibration?.performedOn === undefined) return finding("calibration.missing", asset);
  const { performedOn, dueOn, result } = calibration;
  if (isPlaceholder(performedOn) || isPlaceholder(dueOn)) {
    return finding("calibration.placeholder-date", asset, showDay(isPlaceholder(performedOn) ? performedOn : dueOn));
  }
  if (calibration.assetSerial !== undefined && calibration.assetSerial !== item.serial) {
    return finding(
      "calibration.wrong-asset",
      asset,
      `the certificate says ${calibration.assetSerial}, the item ${item.serial ?? "nothing"}`,
    );
  }
  if (calibration.signature !== undefined && calibration.signature !== "valid") {
    return finding("calibration.signature-invalid", asset);
  }
  if (calibration.revokedAt !== undefined && calibration.revokedAt <= moment.now) {
    return finding("calibration.revoked", asset);
  }
  if (performedOn > moment.today) return finding("calibration.future-dated", asset, showDay(performedOn));
  if (result === "pass" || result === "pass-with-correction") return null;
  return finding(result === "fail" || result === "failed" ? "calibration.failed" : "calibration.result-unknown", asset);
}

/** The earlier of the certificate's due date and the interval; undefined where there is neither. Source: decisions.md B1. */
export function lapseOfCalibration(calibration: Calibration, interval: Span | null, moment: Moment): Lapse | undefined {
  const { calendar } = moment;
  const { performedOn, dueOn } = calibration;
  const byCertificate = dueOn === undefined ? undefined : lapseAfterDay(calendar, dueOn);
  if (interval === null || performedOn === undefined) return byCertificate;
  const byInterval = lapseOf(calendar, performedOn, calendar.startOfDay(performedOn), interval);
  return byCertificate !== undefined && byCertificate.lapseMs < byInterval.lapseMs ? byCertificate : byInterval;
}
