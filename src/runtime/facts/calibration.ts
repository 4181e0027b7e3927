import { type Rational, rational } from "../../base/rational.ts";
import type { Bundle, CalibrationClause } from "../../model/bundle.ts";
import { addCalendarSpan } from "../../model/plant-calendar.ts";
import type { Calibration, EquipmentState } from "../../model/snapshot.ts";
import { calibrationAt, faultOf, lapseOfCalibration } from "./certificate.ts";
import {
  assetOf,
  type ClauseFacts,
  equipmentOf,
  type Lapse,
  lapseAfterDay,
  type Moment,
  plural,
  sameRole,
  showDay,
  spanWords,
} from "./context.ts";
import { type Finding, finding, known, NOTHING_SHOWN, notKnown, type PartFacts, type Shown, sideOf } from "./part.ts";
import { referenceFault } from "./references.ts";
import { usePart } from "./use-part.ts";

/** The two parts that need no instant of validity are skipped where the clause does not ask for them. Source: decisions.md B19. */
export function calibrationFacts(clause: CalibrationClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  const cycles = clause.cycles === null ? null : rational(BigInt(clause.cycles));
  const warnCycles = clause.warnCyclesBefore === null ? null : rational(BigInt(clause.warnCyclesBefore));
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    const calibration = item === undefined ? undefined : calibrationAt(item, moment);
    const parts: PartFacts[] = [];
    if (clause.interval !== null) parts.push(intervalPart(clause, id, item, calibration, moment));
    if (cycles !== null) parts.push(cyclesPart(id, item, cycles, warnCycles));
    if (clause.referencesWithin !== null) {
      parts.push(referencesPart(id, item, calibration, clause.referencesWithin, moment));
    }
    return parts;
  };
}

function cyclesPart(
  asset: string,
  item: EquipmentState | undefined,
  limit: Rational,
  warnBefore: Rational | null,
): PartFacts {
  if (item === undefined) return notKnown("cycles", [finding("equipment.unknown", asset)]);
  return usePart({
    part: "cycles",
    asset,
    counter: item.cycles,
    unit: "cycles",
    limit,
    warnBefore,
    planned: "not-asked",
  });
}

function referencesPart(
  asset: string,
  item: EquipmentState | undefined,
  calibration: Calibration | undefined,
  within: NonNullable<CalibrationClause["referencesWithin"]>,
  moment: Moment,
): PartFacts {
  if (item === undefined) return notKnown("references", [finding("equipment.unknown", asset)]);
  const fault = referenceFault(asset, calibration, within, moment);
  return fault === null ? known("references", {}) : notKnown("references", [fault]);
}

function intervalPart(
  clause: CalibrationClause,
  asset: string,
  item: EquipmentState | undefined,
  calibration: Calibration | undefined,
  moment: Moment,
): PartFacts {
  if (item === undefined) return notKnown("interval", [finding("equipment.unknown", asset)]);
  const lapse = calibration === undefined ? undefined : lapseOfCalibration(calibration, clause.interval, moment);
  const fault = faultOf(asset, item, calibration, moment);
  const shown = (): Shown =>
    shownOf(clause, calibration, fault?.code === "calibration.placeholder-date" ? undefined : lapse);
  if (fault !== null || calibration === undefined || lapse === undefined) {
    return notKnown("interval", [fault ?? finding("calibration.missing", asset)], shown);
  }
  const extended = extend(clause, asset, item, lapse, moment);
  if (extended.kind === "refused") return notKnown("interval", [extended.finding], shown);
  const vsHigh = sideOf(moment.now, extended.lapse.lapseMs);
  const breach = vsHigh < 0 ? null : finding("calibration.overdue", asset, lateness(extended.lapse, moment));
  const warnings = breach === null ? warningsOf(clause, asset, calibration, lapse, extended.carries, moment) : [];
  return known("interval", { vsHigh, breach, warnings }, shown);
}

const lateness = ({ dueDay }: Lapse, { today }: Moment): string =>
  `due on ${showDay(dueDay)}, overdue by ${plural(today - dueDay, "day")}`;

function shownOf(clause: CalibrationClause, calibration: Calibration | undefined, lapse: Lapse | undefined): Shown {
  return {
    ...NOTHING_SHOWN,
    reading: showDay(calibration?.performedOn),
    limit: clause.interval === null ? null : `every ${spanWords(clause.interval)}`,
    certificate: calibration?.certificate ?? null,
    dueOn: showDay(lapse?.dueDay),
  };
}

type Extended =
  | { readonly kind: "refused"; readonly finding: Finding }
  | { readonly kind: "stands"; readonly lapse: Lapse; readonly carries: boolean };

/** Only a lapsed calibration is extended. Source: decisions.md B10. */
function extend(
  clause: CalibrationClause,
  asset: string,
  item: EquipmentState,
  lapse: Lapse,
  { now, calendar }: Moment,
): Extended {
  const stands: Extended = { kind: "stands", lapse, carries: false };
  const refused = (code: string): Extended => ({ kind: "refused", finding: finding(code, asset) });
  const { extension } = item;
  if (now < lapse.lapseMs || extension === undefined) return stands;
  const provision = clause.extension;
  if (provision === null) return refused("extension.not-allowed");
  if (extension.grantedAt === undefined || extension.grantedAt >= lapse.lapseMs) {
    return refused("extension.granted-too-late");
  }
  const approved = extension.approvals.some(({ role }) => provision.roles.some((named) => sameRole(named, role)));
  if (!approved) return refused("extension.not-approved");
  if (extension.until === undefined) return stands;
  const { cap } = provision;
  const byGrant = lapseAfterDay(calendar, extension.until);
  const byCap =
    cap.kind === "calendar"
      ? lapseAfterDay(calendar, addCalendarSpan(lapse.dueDay, cap))
      : { lapseMs: lapse.lapseMs + cap.ms, dueDay: calendar.dayOf(lapse.lapseMs + cap.ms - 1) };
  const longest = byGrant.lapseMs < byCap.lapseMs ? byGrant : byCap;
  if (longest.lapseMs <= lapse.lapseMs) return stands;
  return { kind: "stands", lapse: longest, carries: now < longest.lapseMs };
}

function warningsOf(
  clause: CalibrationClause,
  asset: string,
  calibration: Calibration,
  due: Lapse,
  extended: boolean,
  moment: Moment,
): readonly Finding[] {
  const warnings: Finding[] = [];
  const { warnBefore } = clause;
  if (warnBefore !== null) {
    const opens =
      warnBefore.kind === "elapsed"
        ? due.lapseMs - warnBefore.ms
        : moment.calendar.startOfDay(addCalendarSpan(due.dueDay, warnBefore, -1));
    if (moment.now >= opens) warnings.push(finding("calibration.due-soon", asset, `due on ${showDay(due.dueDay)}`));
  }
  if (extended) warnings.push(finding("calibration.extended", asset, `was due on ${showDay(due.dueDay)}`));
  if (calibration.asFound === "out-of-tolerance" && !isImpactClosed(calibration, moment)) {
    warnings.push(finding("impact.open", asset));
  }
  return warnings;
}

const isImpactClosed = ({ impactClosed }: Calibration, { now }: Moment): boolean =>
  typeof impactClosed === "boolean" ? impactClosed : impactClosed.at <= now;
