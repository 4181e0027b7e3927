import type { Bundle, ServiceStateClause } from "../../model/bundle.ts";
import type { EquipmentState } from "../../model/snapshot.ts";
import { assetOf, type ClauseFacts, equipmentOf, isAhead, type Moment, settleInstant } from "./context.ts";
import { type Finding, finding, known, NOTHING_SHOWN, notKnown } from "./part.ts";

/** Source: decisions.md B6, B19. */
export function serviceStateFacts(clause: ServiceStateClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    if (item === undefined) return [notKnown("service", [finding("equipment.unknown", id)])];
    const fault = faultOf(id, item, moment);
    const shown = { ...NOTHING_SHOWN, reading: item.status ?? null, limit: "in service" };
    return [fault === null ? known("service", {}, shown) : notKnown("service", [fault], shown)];
  };
}

function faultOf(asset: string, item: EquipmentState, moment: Moment): Finding | null {
  if (item.locks.length > 0) {
    const by = item.locks.map((lock) => lock.by ?? "somebody").join(", ");
    return finding("equipment.locked-out", asset, `locked by ${by}`);
  }
  if (item.status !== "in-service") return finding("equipment.not-in-service", asset, item.status ?? "no status");
  const { returnedAt, reverifiedAt } = item;
  if (returnedAt === undefined) return null;
  const isVerified =
    reverifiedAt !== undefined &&
    !isAhead(moment, reverifiedAt) &&
    settleInstant(moment, reverifiedAt) >= settleInstant(moment, returnedAt);
  return isVerified ? null : finding("equipment.needs-reverification", asset);
}
