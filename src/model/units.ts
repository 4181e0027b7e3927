import { assert } from "../base/assert.ts";
import { editDistance } from "../base/edit-distance.ts";
import { add, divide, multiply, parseDecimal, type Rational, subtract, ZERO } from "../base/rational.ts";
import { temperatureOffsets, unitGroups } from "./units-table.ts";

/**
 * A unit of measure. `value · factor + offset` is the value in the base unit of its kind.
 * `kind` is the quantity kind: only units of one kind convert into each other.
 */
export interface Unit {
  /** The one ASCII spelling that is printed and compiled. */
  readonly symbol: string;
  readonly kind: string;
  /** What a person calls the kind, with its article: `an irradiance`. */
  readonly words: string;
  readonly factor: Rational;
  /** Zero but for degrees Celsius and Fahrenheit. */
  readonly offset: Rational;
  readonly hasPhysicalZero: boolean;
}

const bySymbol = new Map<string, Unit>();
const byWord = new Map<string, Unit>();

for (const { kind, words, hasPhysicalZero, rows } of unitGroups) {
  for (const row of rows) {
    const [symbol = "", factor = "", ...aliases] = row.split(" ");
    const offset = Object.hasOwn(temperatureOffsets, symbol) ? exact(temperatureOffsets[symbol] ?? "0") : ZERO;
    const unit: Unit = { symbol, kind, words, factor: exact(factor), offset, hasPhysicalZero };
    bySymbol.set(symbol, unit);
    for (const word of [symbol, ...aliases]) {
      assert(!byWord.has(word), `the unit word ${word} stands in the table once`);
      byWord.set(word, unit);
    }
  }
}

/** `1/0.09290304`, `459.67*5/9`: products first, then one quotient. */
function exact(text: string): Rational {
  const [over = "", under = "1"] = text.split("/");
  return divide(over.split("*").map(decimal).reduce(multiply), decimal(under));
}

function decimal(text: string): Rational {
  const value = parseDecimal(text);
  assert(value !== undefined, `the unit table holds decimals, not ${text}`);
  return value;
}

/** Spellings that instruments, certificates and keyboards produce for the same ASCII letters. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/[\u00b5\u03bc]/g, "u"],
  [/\u00b2/g, "2"],
  [/\u00b3/g, "3"],
  [/[\u00b7\u22c5\u2219]/g, "."],
  [/[\u2126\u03a9]/g, "ohm"],
  [/\u2103/g, "degC"],
  [/\u2109/g, "degF"],
  [/^\u00b0(?=[A-Za-z])/g, "deg"],
  [/\u2044|\u2215/g, "/"],
  [/\u2010|\u2011/g, "-"],
];

/** The unit a word means, or undefined. Case counts: mW is not MW. */
export function findUnit(word: string): Unit | undefined {
  const known = byWord.get(word);
  if (known !== undefined) return known;
  let ascii = word;
  for (const [pattern, replacement] of SPELLINGS) ascii = ascii.replace(pattern, replacement);
  return byWord.get(ascii);
}

/** Symbols and aliases, for a lexer that wants the longest. Unicode spellings are not among them. */
export const allUnitWords: readonly string[] = [...byWord.keys()];

/** Canonical symbols, in the order of the table. */
export const allUnits: readonly Unit[] = [...bySymbol.values()];

export interface ConvertOptions {
  /** The value is a difference of two readings: degrees keep their size and lose their zero. */
  readonly difference?: boolean;
}

/** The value in the base unit of the unit's kind, exactly. */
export function toBase(value: Rational, unit: Unit, { difference = false }: ConvertOptions = {}): Rational {
  const scaled = multiply(value, unit.factor);
  return difference ? scaled : add(scaled, unit.offset);
}

/** The value in another unit, exactly; undefined where the kinds differ. */
export function convert(value: Rational, from: Unit, to: Unit, options: ConvertOptions = {}): Rational | undefined {
  if (from.kind !== to.kind) return undefined;
  if (from === to) return value;
  const base = toBase(value, from, options);
  return divide(options.difference === true ? base : subtract(base, to.offset), to.factor);
}

/** The value below which no reading in this unit is real; undefined where readings may be negative. Source: decisions.md B4. */
export function physicalZero(unit: Unit): Rational | undefined {
  return unit.hasPhysicalZero ? divide(subtract(ZERO, unit.offset), unit.factor) : undefined;
}

/** Canonical symbols of units spelled like `word`, nearest first, at most `count`; those of `kind` come first among equals. */
export function nearestUnits(word: string, count = 3, kind?: string): readonly string[] {
  const ranked: { symbol: string; distance: number; rank: number }[] = [];
  const lower = word.toLowerCase();
  for (const [known, unit] of byWord) {
    const distance = editDistance(lower, known.toLowerCase()) + (lower[0] === known[0]?.toLowerCase() ? 0 : 0.5);
    if (distance <= Math.max(1, word.length / 2)) {
      ranked.push({ symbol: unit.symbol, distance, rank: unit.kind === kind ? 0 : 1 });
    }
  }
  ranked.sort((a, b) => a.distance - b.distance || a.rank - b.rank || (a.symbol < b.symbol ? -1 : 1));
  return [...new Set(ranked.map(({ symbol }) => symbol))].slice(0, count);
}
