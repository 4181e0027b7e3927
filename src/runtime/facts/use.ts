import type { Bundle, UseClause } from "../../model/bundle.ts";
import { assetOf, type ClauseFacts, decimalOf, equipmentOf } from "./context.ts";
import { finding, notKnown } from "./part.ts";
import { usePart } from "./use-part.ts";

export function useFacts(clause: UseClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  const limit = decimalOf(clause.every);
  const warnBefore = clause.warnBefore === null ? null : decimalOf(clause.warnBefore);
  const unit = clause.counter;
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    if (item === undefined) return [notKnown("use", [finding("equipment.unknown", id)])];
    const planned = clause.enoughLeft ? moment.snapshot.test.planned[unit] : "not-asked";
    return [usePart({ part: "use", asset: id, counter: item[unit], unit, limit, warnBefore, planned })];
  };
}
