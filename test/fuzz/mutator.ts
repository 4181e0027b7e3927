import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "../grammar/mutations.ts";

type Below = (limit: number) => number;

const root = join(import.meta.dirname, "../..");
const folders = ["test/grammar/contracts", "test/grammar/broken", "contracts"];

/** Every contract source of the project, sound and broken, in one order on every machine. */
export function fuzzSources(): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".maint") || name.endsWith(".txt"))
      .map((name) => name.replaceAll("\\", "/"))
      .sort()
      .map((name) => readFileSync(join(root, folder, name), "utf8")),
  );
}

const TOKENS = /"[^"\n]*"?|[A-Za-z][A-Za-z0-9-]*|-?\d[\d.:-]*|\n|[^\S\n]+|[^\s]/g;
const bits = [
  ...[
    "{",
    "}",
    ",",
    ":",
    '"',
    "\n",
    "\r\n",
    "\\",
    "//",
    "/// x\n",
    "=",
    "==",
    ">=",
    "&&",
    "'",
    "“",
    "”",
    ";",
    "(s)",
    "#",
  ],
  ...["must", "should", "the", "every", "each day,", "is", "contract A", "template t", "test", "before every test {"],
  ...["1", "-0", "99999999999999999999", "0.1", "5 psi", "1 fc", "12 months", "°F", "µW/cm²", "%", "1e9", "2026-13-45"],
  ...[
    "when",
    "for order",
    "because",
    "never overridable",
    "warn",
    "between",
    "and",
    "version",
    "from",
    "with",
    "expect",
  ],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "a-".repeat(40), "x".repeat(70)],
];
/** Lone surrogates, bidirectional marks, NUL, joiners, separators, a byte-order mark, a sign of two units. */
const strange = [
  "\ud800",
  "\udfff",
  "\u202e",
  "\u2066",
  "\0",
  "\u200d",
  "\u2028",
  "\u2029",
  "\ufeff",
  "\u{1F527}",
  "e\u0301",
];

const pick = (list: readonly string[], below: Below): string => list[below(list.length)] ?? "";
const cut = (text: string, at: number, length: number, instead = ""): string =>
  text.slice(0, at) + instead + text.slice(at + length);

type Change = (text: string, sources: readonly string[], below: Below) => string;

const byToken = (change: (tokens: string[], at: number, below: Below) => string[]): Change => {
  return (text, _, below) => {
    const tokens = text.match(TOKENS) ?? [];
    if (tokens.length === 0) return text;
    return change(tokens, below(tokens.length), below).join("");
  };
};

const changes: readonly Change[] = [
  (text, _, below) => cut(text, below(text.length + 1), 1 + below(12)),
  (text, _, below) => cut(text, below(text.length + 1), 0, pick(bits, below)),
  (text, _, below) => cut(text, below(text.length + 1), 0, pick(strange, below)),
  (text, _, below) => cut(text, below(text.length + 1), 1, String.fromCharCode(below(0x10000))),
  (text, _, below) => cut(text, below(text.length + 1), 1, String.fromCharCode(below(128))),
  (text, _, below) => text.slice(0, below(text.length + 1)),
  (text, sources, below) => {
    const other = pick(sources, below);
    const from = below(other.length + 1);
    return cut(text, below(text.length + 1), below(40), other.slice(from, from + below(400)));
  },
  (text, sources, below) => `${text}\n${pick(sources, below)}`,
  byToken((tokens, at) => tokens.toSpliced(at, 1)),
  byToken((tokens, at) => tokens.toSpliced(at, 0, tokens[at] ?? "", " ")),
  byToken((tokens, at, below) => {
    const other = below(tokens.length);
    return tokens.with(at, tokens[other] ?? "").with(other, tokens[at] ?? "");
  }),
  byToken((tokens, at, below) => tokens.toSpliced(at, 0, pick(bits, below), " ")),
  byToken((tokens, at, below) => tokens.toSpliced(at, 0, ...tokens.slice(at, at + below(60)))),
];

const numbers = ["0", "1", "-5", "0.1", "12", "1000", "99999999999999999999.000001", "-273.15", "2026", "65"];
const units = [
  "psi",
  "fc",
  "uW/cm2",
  "µW/cm²",
  "degC",
  "degF",
  "K",
  "lx",
  "%",
  "mL/100mL",
  "days",
  "months",
  "cycles",
  "hours",
];
const blanks = [" ", "  ", "\n", "\n\n", "\n\n\n", "\t", "\r\n", " // note\n", "\n/// note\n", "\n      "];

const byLine = (change: (lines: string[], at: number, below: Below) => string[]): Change => {
  return (text, _, below) => {
    const lines = text.split("\n");
    return change(lines, below(lines.length), below).join("\n");
  };
};
/** Each match of a pattern is as likely to be the one replaced. */
const replacing = (pattern: RegExp, by: readonly string[]): Change => {
  return (text, _, below) => {
    const found = [...text.matchAll(pattern)];
    const one = found[below(found.length)];
    return one === undefined ? text : cut(text, one.index, one[0].length, pick(by, below));
  };
};

/** Changes after which a source often still parses, so that the formatter and the checks get their share. */
const gentle: readonly Change[] = [
  replacing(/(?<=[^\S\n])-?\d+(\.\d+)?\b/g, numbers),
  replacing(/(?<=\d )[A-Za-zµ%][\w/²-]*/g, units),
  replacing(/(?<=\S) (?=\S)|\n\s*/g, blanks),
  replacing(/(?<=\S) (?=\S)|\n\s*/g, blanks),
  replacing(/at least|at most|more than|less than/g, ["at least", "at most", "more than", "less than"]),
  replacing(/must|should/g, ["must", "should"]),
  replacing(/\b(day|shift|week|month|quarter)\b/g, ["day", "shift", "week", "month", "quarter"]),
  byLine((lines, at) => lines.toSpliced(at, 1)),
  byLine((lines, at) => lines.toSpliced(at, 0, lines[at] ?? "")),
  byLine((lines, at, below) => {
    const other = below(lines.length);
    return lines.with(at, lines[other] ?? "").with(other, lines[at] ?? "");
  }),
  (text, sources, below) => `${text}\n${pick(sources, below)}`,
];

/** Rare and large: deep nesting, one thing many times over, lines without end. */
const huge: readonly Change[] = [
  (text, _, below) => cut(text, below(text.length + 1), 0, "{".repeat(1 + below(100_000))),
  (text, _, below) => cut(text, below(text.length + 1), 0, pick(bits, below).repeat(1 + below(20_000))),
  (text, _, below) => cut(text, below(text.length + 1), 0, `${pick(bits, below)} `.repeat(1 + below(20_000))),
  (text, _, below) => cut(text, below(text.length + 1), 0, `\n${pick(bits, below)}`.repeat(1 + below(20_000))),
  (text, _, below) => text.repeat(1 + below(100)),
  (text) => text.replace(/\s+/g, " "),
];

const RARE = 500;

/** The case number `index` of a run: the same on every machine for the same sources. */
export function fuzzCase(sources: readonly string[], seed: number, index: number): string {
  const below = seeded((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0);
  let text = pick(sources, below);
  const list = below(2) === 0 ? gentle : changes;
  for (let rounds = 1 + below(4); rounds > 0; rounds -= 1) {
    text = list[below(list.length)]?.(text, sources, below) ?? text;
  }
  return below(RARE) === 0 ? (huge[below(huge.length)]?.(text, sources, below) ?? text) : text;
}
