import type { BeforeAndAfterUseClause, Bundle } from "../../model/bundle.ts";
import type { EquipmentState } from "../../model/snapshot.ts";
import { assetOf, type ClauseFacts, equipmentOf, isAhead, type Moment, settleInstant } from "./context.ts";
import { type Finding, finding, known, notKnown } from "./part.ts";

/** Source: decisions.md B6, B17. A failed check counts whatever its date, a passed one ahead of now is none. */
export function beforeAndAfterUseFacts(clause: BeforeAndAfterUseClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    if (item === undefined) return [notKnown("checks", [finding("equipment.unknown", id)])];
    const fault = closingFault(id, item, moment) ?? openingFault(id, item, moment);
    return [fault === null ? known("checks", {}) : notKnown("checks", [fault])];
  };
}

const hasFailed = (result: string | undefined): boolean => result === "fail" || result === "failed";

function closingFault(asset: string, { lastUseEndedAt, closingCheck }: EquipmentState, moment: Moment): Finding | null {
  if (lastUseEndedAt === undefined) return null;
  if (hasFailed(closingCheck?.result)) return finding("check.after-use-failed", asset);
  const missing = finding("check.after-use-missing", asset);
  if (closingCheck?.at === undefined || closingCheck.result !== "pass" || isAhead(moment, closingCheck.at)) {
    return missing;
  }
  const isAfter = settleInstant(moment, closingCheck.at) >= settleInstant(moment, lastUseEndedAt);
  return isAfter ? null : missing;
}

function openingFault(asset: string, { openingCheck }: EquipmentState, moment: Moment): Finding | null {
  if (openingCheck === undefined || openingCheck.result === "pass") return null;
  const isAheadOfNow = openingCheck.at !== undefined && isAhead(moment, openingCheck.at);
  if (isAheadOfNow && !hasFailed(openingCheck.result)) return null;
  return finding("check.before-use-failed", asset);
}
