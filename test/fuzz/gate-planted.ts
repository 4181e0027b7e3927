/** Mistakes as an evaluator may have them, planted around the real one: the fuzzer must find each. */
import { isJsonArray, isJsonNumber, isJsonObject, type Json } from "../../src/base/strict-json.ts";
import type { PlantCalendar } from "../../src/model/plant-calendar.ts";
import { type DecideInput, decideFast } from "../../src/runtime/index.ts";
import { DAY } from "../reference/interpreter-time.ts";
import { type MadeCase, understand } from "./gate-case.ts";
import { inputOf, type Judges, ourJudges } from "./gate-judge.ts";

const reworded = new Map<string, MadeCase["understood"][number]>();

/** The fast evaluator judges another contract than it was given. Words that then do not compile stay as they were. */
function withWords(made: MadeCase, change: (text: string) => string): MadeCase {
  const understood = made.understood.map((one) => {
    const text = change(one.text);
    if (text === one.text) return one;
    const known = reworded.get(text) ?? understand(text) ?? one;
    reworded.set(text, known);
    return { ...known, text: one.text };
  });
  return { ...made, understood };
}

const deciding = (change: (made: MadeCase) => MadeCase): Judges => ({
  ...ourJudges,
  fast: (made) => decideFast(inputOf(change(made))),
});
const words = (from: string | RegExp, to: string): Judges =>
  deciding((made) => withWords(made, (text) => text.replaceAll(from, to)));
const input = (change: (input: DecideInput) => DecideInput): Judges => ({
  ...ourJudges,
  fast: (made) => decideFast(change(inputOf(made))),
});
const calendar = (change: (calendar: PlantCalendar) => Partial<PlantCalendar>): Judges =>
  input((asked) => ({ ...asked, calendar: { ...asked.calendar, ...change(asked.calendar) } }));

/** Every number through a double, as JSON.parse would read it. */
function doubled(json: Json): Json {
  if (isJsonNumber(json)) return { kind: "number", text: String(Number(json.text)) };
  if (isJsonArray(json)) return json.map(doubled);
  return isJsonObject(json) ? new Map([...json].map(([key, value]) => [key, doubled(value)])) : json;
}

/** Who signs is not looked at: every approval counts as another person's. */
function everybodyElse(json: Json): Json {
  if (!isJsonObject(json)) return json;
  const renamed = (list: Json): Json =>
    isJsonArray(list)
      ? list.map((one, place) => (isJsonObject(one) ? new Map([...one, ["by", `P-${place + 10}`]]) : one))
      : list;
  const overrides = json.get("overrides") ?? [];
  if (!isJsonArray(overrides)) return json;
  const all = overrides.map((one) =>
    isJsonObject(one) ? new Map([...one, ["approvals", renamed(one.get("approvals") ?? [])]]) : one,
  );
  return new Map([...json, ["overrides", all]]);
}

export const plantedMistakes: { readonly [mistake: string]: Judges } = {
  "at least without its limit": words(/must be at least/g, "must be more than"),
  "less than with its limit": words("must be less than", "must be at most"),
  "between without its lower end": words(/between (\d+) /g, "between $1.000000000000000000001 "),
  "a due date a day late": words("every 180 days", "every 181 days"),
  "12 months as 365 days": words(/every 12 months|every 1 year/g, "every 365 days"),
  "8 hours with the last millisecond": words("every 8 hours,", "every 28800.001 seconds,"),
  "a warning a day late": words("warn 30 days before", "warn 29 days before"),
  "an extension cut a day late": words("at most 14 days", "at most 15 days"),
  "two people may be one": words("two people", "QA"),
  "an override that may last a little longer": words("for at most 30 minutes", "for at most 1800.001 seconds"),
  "a guard band that is not looked at": words(/, guarded by \S+ \S+/g, ""),
  "a clock a millisecond late": input((asked) => ({ ...asked, now: asked.now - 1 })),
  "numbers through doubles": deciding((made) => ({ ...made, snapshot: doubled(made.snapshot) })),
  "overrides signed by anybody": deciding((made) => ({ ...made, snapshot: everybodyElse(made.snapshot) })),
  "days of 24 hours": calendar(({ startOfDay }) => ({
    startOfDay: (day) => startOfDay(day - 1) + DAY,
  })),
  "a plant that is in Greenwich": calendar(() => ({
    dayOf: (instant) => Math.floor(instant / DAY),
    startOfDay: (day) => day * DAY,
    instantOf: (local) => local,
  })),
};
