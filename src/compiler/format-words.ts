import type { Amount, Name, ParameterReference, Quantity, Text, Unit } from "../../grammar/ast.ts";
import { findUnit } from "../model/units.ts";

const durations = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
/** These are also periods: `every day,` in front of a clause means `each day`, so `every 1 day,` keeps its number. */
const periods: ReadonlySet<string> = new Set(["day", "shift", "week", "month", "quarter"]);
const singulars = new Map(
  [...durations, "use-hour", "cycle"].flatMap((word) => [[word, word] as const, [`${word}s`, word] as const]),
);

export function textOf({ value }: Text): string {
  const escaped = value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

/** The one ASCII spelling of a known unit; an unknown word as it was written. */
export function unitText({ text }: Unit): string {
  if (singulars.has(text)) return text;
  return findUnit(text)?.symbol ?? text;
}

export function quantityText({ number, unit }: Quantity): string {
  if (unit === null) return number;
  const singular = singulars.get(unit.text);
  if (singular === undefined) return `${number} ${unitText(unit)}`;
  return `${number} ${number === "1" ? singular : `${singular}s`}`;
}

export const amountText = (amount: Amount): string =>
  amount.kind === "quantity" ? quantityText(amount) : amount.name.text;

/** Behind `every`: `month`, not `1 month`. */
export function everyText(amount: Amount, place: "predicate" | "freshness"): string {
  if (amount.kind !== "quantity" || amount.number !== "1" || amount.unit === null) return amountText(amount);
  const singular = singulars.get(amount.unit.text);
  if (singular === undefined || !durations.includes(singular)) return amountText(amount);
  return place === "freshness" && periods.has(singular) ? amountText(amount) : singular;
}

/** `supervisor` takes its article, `QA` reads better without. */
export function roleText({ text }: Name): string {
  if (!/^[a-z]/.test(text)) return text;
  return `${/^[aeiou]/.test(text) ? "an" : "a"} ${text}`;
}

export const valueText = (value: Quantity | Text): string =>
  value.kind === "text" ? textOf(value) : quantityText(value);

export const assetText = (asset: Text | ParameterReference): string =>
  asset.kind === "text" ? textOf(asset) : asset.name.text;

/** `A`, `A or B`, `A, B or C`. */
export function listText(names: readonly string[], last: "and" | "or"): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${last} ${names.at(-1)}`;
}
