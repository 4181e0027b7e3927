import type { Bundle, CheckListClause } from "../../model/bundle.ts";
import type { CheckRecord, EquipmentState } from "../../model/snapshot.ts";
import { assetOf, type ClauseFacts, equipmentOf, isAhead, isFresh, type Moment, settleInstant } from "./context.ts";
import { type Finding, finding, known, notKnown } from "./part.ts";

/** The latest check that names one of the list's items counts, and it must name and pass them all. Source: decisions.md B6, B7. */
export function checkListFacts(clause: CheckListClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    if (item === undefined) return [notKnown("check", [finding("equipment.unknown", id)])];
    const fault = faultOf(clause, id, item, moment);
    return [fault === null ? known("check", {}) : notKnown("check", [fault])];
  };
}

function faultOf(clause: CheckListClause, asset: string, item: EquipmentState, moment: Moment): Finding | null {
  const latest = latestOf(clause, item.checks, moment);
  if (latest === undefined) return finding("check.missing", asset);
  const failed = failedItems(clause, latest);
  const at = atOf(latest);
  if (isAhead(moment, at)) return finding("check.failed", asset, failed.join(", ") || null);
  if (!isFresh(moment, clause.freshness, at)) return finding("check.stale", asset);
  if (failed.length > 0 || hasFailed(latest)) return finding("check.failed", asset, failed.join(", ") || null);
  const unnamed = clause.items.filter((name) => !latest.items.has(name));
  if (unnamed.length > 0) return finding("check.missing", asset, unnamed.join(", "));
  return latest.result === "pass" ? null : finding("check.missing", asset, "it has no result");
}

const hasFailed = ({ result }: CheckRecord): boolean => result === "fail" || result === "failed";

const failedItems = ({ items }: CheckListClause, check: CheckRecord): readonly string[] =>
  items.filter((name) => check.items.get(name) === false);

/** Nobody can say that anything came after what has no readable date. */
const atOf = ({ at }: CheckRecord): number => at ?? Number.POSITIVE_INFINITY;

/** One that failed and names no item at all may be of any list, so it is of this one too. */
const isOfList = ({ items }: CheckListClause, check: CheckRecord): boolean =>
  items.some((name) => check.items.has(name)) || (hasFailed(check) && check.items.size === 0);

/** A failed check counts whatever its date, without a readable one too; any other that is ahead of now is none. */
function latestOf(clause: CheckListClause, checks: readonly CheckRecord[], moment: Moment): CheckRecord | undefined {
  let latest: CheckRecord | undefined;
  let latestAt = Number.NEGATIVE_INFINITY;
  for (const check of checks) {
    if (!isOfList(clause, check)) continue;
    const isAgainst = hasFailed(check) || failedItems(clause, check).length > 0;
    if (!isAgainst && isAhead(moment, atOf(check))) continue;
    const at = settleInstant(moment, atOf(check));
    if (at > latestAt || (at === latestAt && isAgainst)) {
      latest = check;
      latestAt = at;
    }
  }
  return latest;
}
