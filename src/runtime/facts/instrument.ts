import type { Bundle, BundleClause, CalibrationClause } from "../../model/bundle.ts";
import { calibrationFacts } from "./calibration.ts";
import { calibrationAt, faultOf, lapseOfCalibration } from "./certificate.ts";
import { type ClauseFacts, type Moment, momentAt } from "./context.ts";

export type InstrumentCheck = (moment: Moment, asset: string, takenAt: number) => boolean;

/**
 * Whether the instrument behind a reading was calibrated when it was read: by its calibration clauses in this contract (those
 * that only warn are asked where there is no other), else by its certificate's due date. Source: decisions.md B15.
 */
export function instrumentCheck(bundle: Bundle, role: string): InstrumentCheck {
  const all = bundle.clauses.filter(
    (clause): clause is CalibrationClause => clause.kind === "calibration" && clause.equipment === role,
  );
  const compiled = all.map((clause) => ({ clause, facts: calibrationFacts(clause, bundle) }));
  const kindOf = new Map(bundle.conditions.map(({ name, testKind }) => [name, testKind]));
  return (moment, asset, takenAt) => {
    const { test } = moment.snapshot;
    const then = momentAt(moment, takenAt);
    const applying = compiled.filter(({ clause }) => {
      const kind = kindOf.get(clause.condition) ?? null;
      const isAsked = kind === null || test.kind === undefined || kind === test.kind;
      return isAsked && appliesTo(clause, bundle, moment);
    });
    const binding = applying.filter(({ clause }) => clause.strictness === "must");
    const judged = binding.length > 0 ? binding : applying;
    if (judged.length > 0) return judged.every(({ facts }) => isSound(facts, then));
    return holdsByCertificate(asset, then);
  };
}

const isSound = (facts: ClauseFacts, then: Moment): boolean =>
  facts(then).every((part) => part.state === "known" && part.breach === null);

function holdsByCertificate(asset: string, then: Moment): boolean {
  const item = then.snapshot.equipment.get(asset);
  const calibration = item === undefined ? undefined : calibrationAt(item, then);
  if (item === undefined || calibration?.dueOn === undefined) return false;
  if (faultOf(asset, item, calibration, then) !== null) return false;
  const lapse = lapseOfCalibration(calibration, null, then);
  return lapse !== undefined && then.now < lapse.lapseMs;
}

/**
 * `for order …` and `when X is …`. Where the item is not in the register nobody knows its attributes, so the clause is kept and
 * says `equipment.unknown` itself.
 */
export function appliesTo(clause: BundleClause, bundle: Bundle, { snapshot }: Moment): boolean {
  if (clause.order !== null && clause.order !== snapshot.test.clientPO) return false;
  if (clause.attribute === null) return true;
  const { equipment, attribute } = clause.attribute;
  const role = bundle.equipment.find(({ name }) => name === equipment);
  const item = snapshot.equipment.get(snapshot.station.roles.get(equipment) ?? role?.asset ?? equipment);
  return item === undefined || item.attributes.includes(attribute);
}
