/**
 * The raw snapshot, field by field: what is of the wrong type or cannot be read is not there. Source: decisions.md "The snapshot".
 */
import { isJsonArray, isJsonNumber, isJsonObject, type Json, type JsonObject } from "../../src/base/strict-json.ts";
import { type Fraction, readNumber } from "./interpreter-numbers.ts";
import { DAY, type Duration, daysLater, HOUR, type PlantTime, readDay, readInstant } from "./interpreter-time.ts";

export type Fields = JsonObject;
const NONE: Fields = new Map();

const asFields = (value: Json | undefined): Fields | undefined => (isJsonObject(value) ? value : undefined);
export const fieldsIn = (fields: Fields, name: string): Fields => asFields(fields.get(name)) ?? NONE;
export const recordIn = (fields: Fields, name: string): Fields | undefined => asFields(fields.get(name));
export const listIn = (fields: Fields, name: string): readonly Json[] => {
  const value = fields.get(name);
  return isJsonArray(value) ? value : [];
};
export const recordsIn = (fields: Fields, name: string): readonly Fields[] =>
  listIn(fields, name).flatMap((item) => asFields(item) ?? []);
export const textsIn = (fields: Fields, name: string): readonly string[] =>
  listIn(fields, name).filter((item) => typeof item === "string");

export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" ? value : undefined;
}
export const instantIn = (fields: Fields, name: string): number | undefined => readInstant(textIn(fields, name) ?? "");
export const dayIn = (fields: Fields, name: string): number | undefined => readDay(textIn(fields, name) ?? "");

/** The digits of a number, which may travel as `{"$number": "NaN"}`; undefined where there is no number at all. */
export function digitsOf(value: Json | undefined): string | undefined {
  if (isJsonNumber(value)) return value.text;
  return isJsonObject(value) ? textIn(value, "$number") : undefined;
}
export const numberIn = (fields: Fields, name: string): Fraction | undefined =>
  readNumber(digitsOf(fields.get(name)) ?? "");

/** What is asked of a clause: a snapshot, an instant, and the plant whose calendar it is. */
export interface Situation {
  readonly snapshot: Fields;
  readonly now: number;
  readonly plant: PlantTime;
  readonly today: number;
  /** An earlier instant is looked at: the calibration of then is the item's, not the latest. Source: B13, B15. */
  readonly isPast: boolean;
}

export const situation = (snapshot: Fields, now: number, plant: PlantTime, isPast = false): Situation => ({
  ...{ snapshot, now, plant, isPast },
  today: plant.dayOf(now),
});

export const testOf = ({ snapshot }: Situation): Fields => fieldsIn(snapshot, "test");
export const operatorOf = (asked: Situation): string | undefined => textIn(testOf(asked), "operator");
export const itemOf = ({ snapshot }: Situation, asset: string): Fields | undefined =>
  recordIn(fieldsIn(snapshot, "equipment"), asset);

/** More than 5 s after now is no evidence; up to that it counts as dated now. Source: B6. */
export const isAhead = ({ now }: Situation, at: number): boolean => at - now > 5000;
export const countedAt = (asked: Situation, at: number): number => (isAhead(asked, at) ? at : Math.min(at, asked.now));

/** The first instant after a due day: it is valid to the day's end. Source: B1. */
export const afterDay = ({ plant }: Situation, day: number): number => plant.midnight(day + 1);

/** When something of that instant is over, `duration` later. Elapsed time runs from the instant. Source: B1, B2, B8. */
export const overAt = (asked: Situation, at: number, duration: Duration): number =>
  duration.kind === "elapsed" ? at + duration.ms : afterDay(asked, daysLater(asked.plant.dayOf(at), duration));

export type Freshness =
  | { readonly kind: "latest" }
  | { readonly kind: "period"; readonly period: "day" | "shift" | "week" | "month" | "quarter" }
  | { readonly kind: "every"; readonly duration: Duration };

/** Whether evidence of that instant still counts. Source: B7. */
export function isFresh(asked: Situation, freshness: Freshness, at: number): boolean {
  const counted = countedAt(asked, at);
  if (freshness.kind === "latest") return true;
  if (freshness.kind === "every") return asked.now < overAt(asked, counted, freshness.duration);
  const start = periodStart(asked, freshness.period);
  return start !== undefined && counted >= start;
}

function periodStart(asked: Situation, period: "day" | "shift" | "week" | "month" | "quarter"): number | undefined {
  const { plant, today } = asked;
  const date = new Date(today * DAY);
  const firstOf = (monthsBack: number): number => {
    const first = today - date.getUTCDate() + 1;
    return plant.midnight(
      monthsBack === 0 ? first : daysLater(first, { kind: "calendar", days: 0, months: monthsBack }, -1),
    );
  };
  switch (period) {
    case "day":
      return plant.midnight(today);
    case "week":
      return plant.midnight(today - ((date.getUTCDay() + 6) % 7));
    case "month":
      return firstOf(0);
    case "quarter":
      return firstOf(date.getUTCMonth() % 3);
    case "shift":
      return shiftStart(asked);
  }
}

/** The latest start of a shift that is not after now; none where no shift times are known. */
function shiftStart({ snapshot, plant, now, today }: Situation): number | undefined {
  const starts = textsIn(snapshot, "shifts").flatMap((text) => {
    const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
    if (hour === undefined) return [];
    return [-2, -1, 0].map((back) => plant.instantOf(today + back, Number(hour) * 60 + Number(minute)));
  });
  const begun = starts.filter((start) => start <= now);
  return begun.length === 0 ? undefined : Math.max(...begun);
}

/** Dates that systems write when they know none. Source: B4. */
const PLACEHOLDERS = new Set(["0001-01-01", "1900-01-01", "1970-01-01", "9999-12-31"].map((text) => readDay(text)));
export const isPlaceholder = (day: number | undefined): boolean => day !== undefined && PLACEHOLDERS.has(day);

/** 12:00 at the plant. Source: B13. */
export const noonOf = ({ plant }: Situation, day: number): number => plant.instantOf(day, 12 * (HOUR / 60_000));
