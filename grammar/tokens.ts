import { createToken, EOF, type TokenType } from "chevrotain";

/**
 * The words of the language. A keyword is contextual: its token is of the category `Word`, so that an equipment may be called
 * `day`. Reserved words are not. Source: language.md "Lexical".
 */
export const Word = createToken({ name: "Word", label: "a name", pattern: /[A-Za-z][A-Za-z0-9_-]*/ });
/** `the`, `a`, `an`: noise before a name. */
export const Article = createToken({ name: "Article", label: "`the`", pattern: /the|an|a/ });

const keywordList = [
  ...[
    "contract",
    "template",
    "test",
    "from",
    "of",
    "is",
    "in",
    "measured",
    "plausible",
    "to",
    "minus",
    "by",
    "default",
  ],
  ...["material", "following", "before", "order", "station", "read", "be", "have", "not", "been", "on", "calibrated"],
  ...["serviced", "acknowledge", "service", "checked", "and", "after", "use", "within", "its", "shelf", "life", "or"],
  ...["whichever", "comes", "first", "least", "most", "more", "less", "than", "between", "warn", "reference"],
  ...["standard", "enough", "left", "whole", "may", "extended", "approved", "guarded", "settled", "used", "opening"],
  ...["never", "overridable", "since", "calibration", "people", "latest", "readings", "day", "shift", "week", "month"],
  ...["quarter", "together", "override", "blocked", "tell", "severity", "shifts", "start", "operator", "was", "result"],
  ...["has", "run", "reads", "acknowledged", "as", "last", "until", "expires", "opened", "planned", "given", "facts"],
  ...["expect", "allowed", "reason", "warning", "out", "locked"],
] as const;
export type Keyword = (typeof keywordList)[number];

const reservedList = ["each", "every", "at", "must", "should", "because", "for", "when", "with"] as const;
export type Reserved = (typeof reservedList)[number];

const label = (word: string): string => `\`${word}\``;
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function tokensOf<K extends string>(words: readonly K[], categories: TokenType[]): { readonly [word in K]: TokenType } {
  const entries = words.map((word) => [
    word,
    createToken({ name: capital(word), label: label(word), pattern: word, categories }),
  ]);
  return Object.fromEntries(entries) as { readonly [word in K]: TokenType };
}

/** Token types by their word. */
export const keyword = tokensOf(keywordList, [Word]);
export const reserved = tokensOf(reservedList, []);

export const ReasonCodeToken = createToken({ name: "ReasonCode", label: "a reason code", pattern: /[a-z-]+\.[a-z-]+/ });
export const ZoneToken = createToken({ name: "Zone", label: "a time zone", pattern: /[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+/ });
export const UnitToken = createToken({ name: "Unit", label: "a unit", pattern: /[A-Za-zµμΩ°%]\S*/ });
export const DateToken = createToken({ name: "Date", label: "a date such as 2026-11-24", pattern: /\d{4}-\d\d-\d\d/ });
export const TimeToken = createToken({ name: "Time", label: "a time such as 09:00", pattern: /\d\d:\d\d/ });
/** A number and the unit word behind it on the same line. */
export const QuantityToken = createToken({ name: "Quantity", label: "a number", pattern: /-?\d+(\.\d+)?([ \t]*\S+)?/ });
export const TextToken = createToken({ name: "Text", label: 'a text in "quotes"', pattern: /"([^"\\\n]|\\["\\n])*"/ });
export const LCurly = createToken({ name: "LCurly", label: "`{`", pattern: "{" });
export const RCurly = createToken({ name: "RCurly", label: "`}`", pattern: "}" });
export const Comma = createToken({ name: "Comma", label: "a comma", pattern: "," });
export const Colon = createToken({ name: "Colon", label: "`:`", pattern: ":" });
export const Equals = createToken({ name: "Equals", label: "`=`", pattern: "=" });
/** What no form has: fits nowhere, so that it is an error of the clause it stands in. */
export const EndOfFile: TokenType = EOF;
export const Stray = createToken({ name: "Stray", label: "a stray sign", pattern: /[^\s\S]/ });

export const vocabulary: TokenType[] = [
  ...[Word, Article, ...Object.values(keyword), ...Object.values(reserved)],
  ...[ReasonCodeToken, ZoneToken, UnitToken, DateToken, TimeToken, QuantityToken, TextToken],
  ...[LCurly, RCurly, Comma, Colon, Equals, Stray],
];

/** The token type of a word that has its own. */
export const typeOfWord: ReadonlyMap<string, TokenType> = new Map<string, TokenType>([
  ...["the", "a", "an"].map((word): [string, TokenType] => [word, Article]),
  ...Object.entries(keyword),
  ...Object.entries(reserved),
]);

/** What begins a modifier, which stands behind a comma and is often wrapped onto a line of its own. */
export const modifierWords: ReadonlySet<string> = new Set([
  ...["warn", "with", "may", "approved", "guarded", "settled", "used", "never", "whichever"],
]);
/** Words that go on with what the line before began. */
export const continuations: ReadonlySet<string> = new Set([
  ...modifierWords,
  ...[
    "and",
    "or",
    "because",
    "must",
    "should",
    "be",
    "not",
    "read",
    "minus",
    "plausible",
    "by",
    "tell",
    "of",
    "before",
  ],
]);

export const periodWords = ["day", "shift", "week", "month", "quarter"] as const;
/** `every month`: units of time that may stand without a number. */
export const loneUnits: ReadonlySet<string> = new Set([
  "second",
  "minute",
  "hour",
  "day",
  "week",
  "month",
  "quarter",
  "year",
]);
/** Words that are no unit though they may follow a number on its line. */
export const notUnits: ReadonlySet<string> = new Set([
  ...["the", "a", "an", ...reservedList],
  ...[
    "and",
    "or",
    "to",
    "before",
    "after",
    "since",
    "of",
    "whichever",
    "settled",
    "guarded",
    "may",
    "used",
    "approved",
  ],
  ...["never", "from", "tell", "people", "is"],
]);
