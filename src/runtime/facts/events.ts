import type { Bundle, EventsClause } from "../../model/bundle.ts";
import type { EquipmentState } from "../../model/snapshot.ts";
import { latestUpTo } from "./certificate.ts";
import { assetOf, type ClauseFacts, equipmentOf, type Moment } from "./context.ts";
import { finding, known, notKnown } from "./part.ts";

/** Source: decisions.md B20. An event counts whatever its date, one without a readable instant too. */
export function eventsFacts(clause: EventsClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    if (item === undefined) return [notKnown("events", [finding("equipment.unknown", id)])];
    const { events } = item;
    if (events === undefined) return [notKnown("events", [finding("event.unknown", id)])];
    const since = sinceOf(item, moment);
    const happened = new Set(events.filter(({ at }) => at === undefined || at >= since).map(({ kind }) => kind));
    const named = clause.events.find((kind) => happened.has(kind));
    if (named !== undefined) return [notKnown("events", [finding(`event.${named}`, id)])];
    // What nobody can read may have been a drop.
    if (happened.has(undefined))
      return [notKnown("events", [finding("event.unknown", id, "one on record does not say what it was")])];
    return [known("events", {})];
  };
}

/** A calibration of tomorrow wipes nothing out; without any, every event there ever was counts. */
function sinceOf(item: EquipmentState, { today, calendar }: Moment): number {
  const performedOn = latestUpTo(item, today)?.performedOn;
  return performedOn === undefined ? Number.NEGATIVE_INFINITY : calendar.startOfDay(performedOn);
}
