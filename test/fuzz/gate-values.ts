/** Values around a limit: numbers as texts, instants and days near an edge, and their JSON. */
import type { Json, JsonNumber } from "../../src/base/strict-json.ts";
import { type Fraction, fraction, minus, plus, readNumber, unitOf } from "../reference/interpreter-numbers.ts";
import { DAY, MINUTE, type PlantTime } from "../reference/interpreter-time.ts";
import { below, chance, choose, type Random } from "./gate-random.ts";

/** A snapshot while it is made: plain values, with numbers as texts. */
export type Value = null | boolean | string | JsonNumber | readonly Value[] | { [key: string]: Value };
export type Draft = { [key: string]: Value };

export const digits = (text: string): JsonNumber => ({ kind: "number", text });
const isDigits = (value: object): value is JsonNumber => "kind" in value && "text" in value && value.kind === "number";

export function toJson(value: Value): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (isDigits(value)) return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, toJson(member)]));
}

/** As text that the strict reader reads back. */
export function printJson(value: Json, indent = ""): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (!(value instanceof Map) && !Array.isArray(value)) return (value as JsonNumber).text;
  const deeper = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item: Json) => `${deeper}${printJson(item, deeper)}`)
    : [...(value as ReadonlyMap<string, Json>)].map(
        ([key, item]) => `${deeper}${JSON.stringify(key)}: ${printJson(item, deeper)}`,
      );
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

/** The fraction cut to so many places behind the point, as a decimal. */
export function decimalText({ over, under }: Fraction, places: number): string {
  const scaled = (over * 10n ** BigInt(places)) / under;
  const size = (scaled < 0n ? -scaled : scaled).toString().padStart(places + 1, "0");
  const whole = size.slice(0, size.length - places);
  const rest = size.slice(size.length - places).replace(/0+$/, "");
  return `${scaled < 0n ? "-" : ""}${whole}${rest === "" ? "" : `.${rest}`}`;
}

const power = (exponent: number): Fraction => fraction(1n, 10n ** BigInt(exponent));

/** A number at the edge, or the least bit above or below it. */
export function near(next: Random, edge: Fraction): string {
  const places = choose(next, [0, 1, 3, 6, 15, 16, 17, 22, 45, 60]);
  const side = choose(next, [0, 0, 1, -1]);
  const moved = side === 0 ? edge : side > 0 ? plus(edge, power(places)) : minus(edge, power(places));
  return decimalText(moved, Math.max(places, choose(next, [20, 40, 62])));
}

/** JSON spells one number in many ways. */
export function spelled(next: Random, text: string): Value {
  if (chance(next, 0.1)) return { $number: text };
  if (chance(next, 0.05) && !text.includes(".")) return digits(`${text}.000`);
  if (chance(next, 0.05)) return digits(`${text}e0`);
  return digits(text);
}

/** A value in the base unit as a number in another unit, cut to 40 places where it does not end. */
export function inUnit(base: Fraction, word: string): Fraction {
  const unit = unitOf(word);
  if (unit === undefined) throw new Error(`no unit ${word}`);
  const bare = minus(base, unit.offset);
  return fraction(bare.over * unit.factor.under, bare.under * unit.factor.over);
}

export const numeral = (text: string): Fraction => readNumber(text) as Fraction;

/** RFC 3339 in one of its spellings. */
export function instantText(next: Random, instant: number): string {
  const utc = new Date(instant).toISOString();
  if (chance(next, 0.6)) return utc;
  const east = choose(next, [-360, 60, 345, 630, -660, 0]);
  const local = new Date(instant + east * MINUTE).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.floor(Math.abs(east) / 60), Math.abs(east) % 60];
  const pad = (number: number): string => String(number).padStart(2, "0");
  return `${local}${east < 0 ? "-" : "+"}${pad(hours)}:${pad(minutes)}`;
}

export const dayText = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);

export const PLACEHOLDERS = ["0001-01-01", "1900-01-01", "1970-01-01", "9999-12-31"];

/** The edge itself and its neighbours, a tenth of them. */
export const around = (next: Random, edge: number): number =>
  edge + choose(next, [0, 0, -1, 1, -1000, 1000, below(next, 7) - 3]);

/** Nights and days on which calendars are hard, per zone. */
const HARD_DAYS: { readonly [zone: string]: readonly string[] } = {
  "America/Chicago": ["2026-03-08", "2026-11-01", "2026-10-31"],
  "Europe/Berlin": ["2026-03-29", "2026-10-25"],
  "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
  "Asia/Kathmandu": ["2026-04-14"],
  "America/Santiago": ["2026-09-06", "2026-04-04", "2026-04-05", "2022-09-11"],
  "Pacific/Apia": ["2011-12-29", "2011-12-31", "2011-09-24", "2012-04-01"],
  "Africa/Cairo": ["2026-04-24", "2026-10-29"],
  "America/Havana": ["2026-03-08", "2026-11-01"],
  "America/St_Johns": ["2010-03-14", "2010-11-06", "2010-11-07"],
  UTC: ["2026-06-30"],
};
export const ZONES = Object.keys(HARD_DAYS);
const OTHER_DAYS = [
  ...["2026-11-23", "2026-11-24", "2026-02-28", "2028-02-29", "2027-03-01", "2026-01-31", "2026-05-31"],
  ...["2026-04-01", "2026-01-01", "2026-12-31", "2026-06-01", "2026-08-03"],
];

export const dayOfText = (text: string): number => Date.parse(`${text}T00:00:00Z`) / DAY;

/** When the test is about to start: often at an edge of the plant's day. */
export function hardInstant(next: Random, zone: string, plant: PlantTime): number {
  const day =
    dayOfText(choose(next, chance(next, 0.5) ? (HARD_DAYS[zone] ?? OTHER_DAYS) : OTHER_DAYS)) +
    choose(next, [0, 0, 0, 1, -1]);
  const minutes = choose(next, [0, 0, 0, 60, 120, 150, 180, 360, 840, 1320, 1439, below(next, 1440)]);
  const at = plant.instantOf(day, minutes);
  return chance(next, 0.5) ? around(next, at) : at + below(next, 60) * MINUTE;
}
