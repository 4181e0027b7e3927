import type { Bundle, ShelfLifeClause } from "../../model/bundle.ts";
import type { Lot } from "../../model/snapshot.ts";
import { isPlaceholder } from "./certificate.ts";
import { assetOf, type ClauseFacts, lapseAfterDay, lapseOf, type Moment, showDay, spanWords } from "./context.ts";
import { finding, known, NOTHING_SHOWN, notKnown, type PartFacts, type Shown, sideOf } from "./part.ts";

/** Source: decisions.md B4, B14. */
export function shelfLifeFacts(clause: ShelfLifeClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.material);
  return (moment) => {
    const id = asset(moment);
    return [lifePart(clause, id, moment.snapshot.lots.get(id), moment)];
  };
}

function lifePart({ openedWithin }: ShelfLifeClause, id: string, lot: Lot | undefined, moment: Moment): PartFacts {
  const { calendar, now, today } = moment;
  if (lot === undefined) return notKnown("life", [finding("lot.unknown", id)]);
  const { expires, openedOn } = lot;
  const shown = (): Shown => ({ ...NOTHING_SHOWN, reading: lot.lot ?? null, dueOn: showDay(expires) });
  if (expires === undefined || isPlaceholder(expires)) {
    return notKnown("life", [finding("lot.unknown", id, "no readable expiry date")], shown);
  }
  const expiry = lapseAfterDay(calendar, expires);
  if (now >= expiry.lapseMs) {
    const breach = finding("lot.expired", id, `good to ${showDay(expires)}`);
    return known("life", { vsHigh: 1, breach }, shown);
  }
  if (openedOn !== undefined && (isPlaceholder(openedOn) || openedOn > today)) {
    return notKnown("life", [finding("lot.unknown", id, `opened on ${showDay(openedOn)}`)], shown);
  }
  if (openedOn === undefined || openedWithin === null) return known("life", { vsHigh: -1 }, shown);
  const opened = lapseOf(calendar, openedOn, calendar.startOfDay(openedOn), openedWithin);
  const vsHigh = sideOf(now, Math.min(expiry.lapseMs, opened.lapseMs));
  const words = (): string => `opened on ${showDay(openedOn)}, to be used within ${spanWords(openedWithin)}`;
  const breach = vsHigh < 0 ? null : finding("lot.opened-too-long", id, words());
  const dueDay = Math.min(expires, opened.dueDay);
  return known("life", { vsHigh, breach }, () => ({ ...shown(), dueOn: showDay(dueDay) }));
}
