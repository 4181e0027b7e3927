import { add, compare, parseDecimal, type Rational, showRational, subtract } from "../base/rational.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { findUnit, nearestUnits, type Unit } from "../model/units.ts";

export type LimitWord = "at least" | "at most" | "more than" | "less than";

/** A `reference_value` that could be read. Numbers are exact decimals. */
export interface ReadLimit {
  readonly limit:
    | { readonly kind: "one-sided"; readonly word: LimitWord; readonly value: string }
    | { readonly kind: "between"; readonly low: string; readonly high: string };
  /** The unit inside the reference value; null where it has none. */
  readonly unit: Unit | null;
  /** What a person should look at, though it was read. */
  readonly unclear: string | null;
}

const NUMBER = String.raw`[-+]?(?:\d+(?:\.\d+)?|\.\d+)`;
const FILLER = /^(?:(?:must|shall|should|to|be|is|the|value|reading|it)\s+)+/i;

const WHETHER = "does the limit itself pass? `{}` says no, `{or}` says yes";
interface Comparator {
  readonly pattern: RegExp;
  readonly word: LimitWord;
  /** Everyday words leave open whether the limit itself passes; signs and `minimum` do not. */
  readonly open: boolean;
}
const comparators: readonly Comparator[] = [
  { pattern: /^(?:≥|>=|=>)/, word: "at least", open: false },
  { pattern: /^(?:≤|<=|=<)/, word: "at most", open: false },
  { pattern: /^>/, word: "more than", open: false },
  { pattern: /^</, word: "less than", open: false },
  { pattern: /^(?:greater|more|higher) than or equal(?: to)?\b/i, word: "at least", open: false },
  { pattern: /^(?:less|lower|smaller) than or equal(?: to)?\b/i, word: "at most", open: false },
  {
    pattern: /^(?:at least|min(?:imum)?(?: of)?|(?:not|no) (?:less|lower|fewer) than|not (?:be )?below)\b/i,
    word: "at least",
    open: false,
  },
  {
    pattern:
      /^(?:at most|max(?:imum)?(?: of)?|(?:not|no) (?:more|greater|higher) than|not (?:to )?exceed|not (?:be )?(?:above|over)|up to)\b/i,
    word: "at most",
    open: false,
  },
  { pattern: /^(?:(?:greater|more|higher|larger) than|above|over|exceed(?:s|ing)?)\b/i, word: "more than", open: true },
  { pattern: /^(?:(?:less|lower|smaller|fewer) than|below|under)\b/i, word: "less than", open: true },
];
const inclusive = { "more than": "at least", "less than": "at most" } as const;

const trailing: readonly (readonly [RegExp, LimitWord])[] = [
  [/\s*\(?(?:minimum|or more|or higher|or above)\)?$/i, "at least"],
  [/\s*\(?(?:max(?:imum)?|or less|or lower|or below)\)?\.?$/i, "at most"],
];

/** `Must greater than 1000 µW/cm²`, `10-30`, `max 40`, `25 ± 2`; the error says why it cannot be read. */
export function readLimit(given: string): Result<ReadLimit, string> {
  const text = given.replace(/[−‒]/g, "-").replace(/\s+/g, " ").trim();
  if (/\d,\d/.test(text))
    return fail(`\`${given}\`: a comma may part thousands or decimals, write the number without it`);
  const rest = text.replace(FILLER, "");
  const range = readRange(rest) ?? readTolerance(rest);
  if (range !== undefined) return range;
  for (const { pattern, word, open } of comparators) {
    const match = pattern.exec(rest);
    if (match === null) continue;
    return oneSided(given, rest.slice(match[0].length).replace(/^[.:]?\s*/, ""), word, open);
  }
  for (const [pattern, word] of trailing) {
    if (pattern.test(rest)) return oneSided(given, rest.replace(pattern, ""), word, false);
  }
  if (new RegExp(`^${NUMBER}`).test(rest)) {
    return fail(`\`${given}\` does not say which way it limits: at least, at most, or between two values`);
  }
  return fail(`\`${given}\` could not be read as a limit`);
}

function oneSided(given: string, text: string, word: LimitWord, open: boolean): Result<ReadLimit, string> {
  const match = new RegExp(`^(${NUMBER})\\s*(.*)$`).exec(text);
  const value = decimal(match?.[1]);
  if (match === null || value === undefined) return fail(`\`${given}\` could not be read as a limit`);
  const unit = unitIn(match[2] ?? "");
  if (!unit.ok) return unit;
  const unclear =
    open && (word === "more than" || word === "less than")
      ? `\`${given}\`: ${WHETHER.replace("{}", word).replace("{or}", inclusive[word])}`
      : null;
  return ok({ limit: { kind: "one-sided", word, value }, unit: unit.value, unclear });
}

const RANGE = new RegExp(
  `^(?:between |from )?(${NUMBER})\\s*([^\\d\\s.+-][^\\d]*?)?\\s*(?:-|–|—|\\.{2,3}|\\bto\\b|\\band\\b)\\s*(${NUMBER})\\s*(.*)$`,
  "i",
);

function readRange(text: string): Result<ReadLimit, string> | undefined {
  const match = RANGE.exec(text);
  if (match === null) return undefined;
  const [, lowText, firstUnit, highText, lastUnit = ""] = match;
  const low = decimal(lowText);
  const high = decimal(highText);
  if (low === undefined || high === undefined) return fail(`\`${text}\` could not be read as a limit`);
  const unit = unitIn(lastUnit);
  if (!unit.ok) return unit;
  const first = unitIn(firstUnit ?? "");
  if (!first.ok) return first;
  if (first.value !== null && first.value !== unit.value) return fail(`\`${text}\`: its two ends have different units`);
  if (compare(exact(low), exact(high)) > 0) return fail(`\`${text}\`: the first end lies above the second`);
  return ok({ limit: { kind: "between", low, high }, unit: unit.value, unclear: null });
}

function readTolerance(text: string): Result<ReadLimit, string> | undefined {
  const match = new RegExp(`^(${NUMBER})\\s*(?:±|\\+/-|\\+-)\\s*(${NUMBER})\\s*(.*)$`).exec(text);
  if (match === null) return undefined;
  const middle = decimal(match[1]);
  const width = decimal(match[2]);
  if (middle === undefined || width === undefined || exact(width).n < 0n) return fail(`\`${text}\` is no tolerance`);
  const unit = unitIn(match[3] ?? "");
  if (!unit.ok) return unit;
  const low = showRational(subtract(exact(middle), exact(width)), 40);
  const high = showRational(add(exact(middle), exact(width)), 40);
  return ok({ limit: { kind: "between", low, high }, unit: unit.value, unclear: null });
}

const exact = (text: string): Rational => parseDecimal(text) ?? { n: 0n, d: 1n };

/** `+.50` as `0.50`; undefined for what is no decimal or longer than any limit. */
function decimal(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const plain = text.replace(/^\+/, "").replace(/^(-?)\./, "$10.");
  return parseDecimal(plain) === undefined || plain.length > 40 ? undefined : plain;
}

/** A unit's own words, blanks and a full stop at the end left out; null for an empty text. */
export function unitIn(text: string): Result<Unit | null, string> {
  const word = text.trim().replace(/[.]$/, "");
  if (word === "") return ok(null);
  const unit = findUnit(word) ?? findUnit(word.replace(/\s+/g, "-")) ?? findUnit(word.replace(/\s+/g, ""));
  if (unit !== undefined) return ok(unit);
  const near = nearestUnits(word, 1)[0];
  return fail(`\`${word}\` is no unit that is known${near === undefined ? "" : `, did you mean \`${near}\`?`}`);
}

const periodsByWord: readonly (readonly [RegExp, string])[] = [
  [/^(?:daily|(?:each|every|per|once (?:a|per|each)) day|day)$/, "each day"],
  [/^(?:shift|(?:each|every|per|once (?:a|per|each)) shift|shiftly)$/, "each shift"],
  [/^(?:weekly|(?:each|every|per|once (?:a|per|each)) week|week)$/, "each week"],
  [/^(?:monthly|(?:each|every|per|once (?:a|per|each)) month|month)$/, "each month"],
  [/^(?:quarterly|(?:each|every|per|once (?:a|per|each)) quarter|quarter)$/, "each quarter"],
  [/^(?:hourly|(?:each|every|per|once (?:a|per|an|each)) hour)$/, "every 1 hour"],
  [/^(?:annual|annually|yearly|(?:each|every|per|once (?:a|per|each)) year)$/, "every 1 year"],
  [/^(?:latest|any age|from the latest readings)$/, "from the latest readings"],
];
const SPAN =
  /^(\d{1,6}(?:\.\d{1,6})?)\s*-?(seconds?|minutes?|min|hours?|hrs?|h|days?|weeks?|months?|quarters?|years?|cycles?|use-hours?)$/;
const spanWords: { readonly [word: string]: string } = { min: "minutes", h: "hours", hr: "hours", hrs: "hours" };
const intervalWords: { readonly [word: string]: string } = {
  daily: "1 day",
  weekly: "1 week",
  monthly: "1 month",
  quarterly: "3 months",
  "semi-annual": "6 months",
  "semi-annually": "6 months",
  "half-yearly": "6 months",
  annual: "12 months",
  annually: "12 months",
  yearly: "12 months",
};

const said = (text: string): string => text.replace(/\s+/g, " ").trim().toLowerCase();

/** `12 months`, `annually`, `every 5000 cycles` as a duration or count of the language. */
export function readInterval(text: string): string | undefined {
  const word = said(text).replace(/^(?:every|each|once (?:a|an|every|per))\s+/, "");
  const named = Object.hasOwn(intervalWords, word) ? intervalWords[word] : undefined;
  if (named !== undefined) return named;
  const match = SPAN.exec(/^[a-z]+$/.test(word) ? `1 ${word}` : word);
  if (match === null) return undefined;
  const [, number = "", unit = ""] = match;
  const isWhole = !/^(?:day|week|month|quarter|year|cycle)/.test(unit);
  if (Number(number) === 0 || (number.includes(".") && !isWhole)) return undefined;
  return `${number} ${spanWords[unit] ?? unit}`;
}

/** `daily`, `each shift`, `every 8 hours` as the language opens a clause with; undefined for what is none of these. */
export function readFrequency(text: string): string | undefined {
  const word = said(text);
  const period = periodsByWord.find(([pattern]) => pattern.test(word))?.[1];
  if (period !== undefined) return period;
  const interval = /^(?:every )?\d/.test(word) ? readInterval(word) : undefined;
  return interval === undefined || /cycle|use-hour/.test(interval) ? undefined : `every ${interval}`;
}

/** The period that a title names: "… Daily Check". */
export function frequencyInTitle(title: string): string | undefined {
  const word = /\b(daily|weekly|monthly|quarterly)\b/i.exec(title)?.[1];
  return word === undefined ? undefined : readFrequency(word);
}
