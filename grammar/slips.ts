import { EOF, type TokenType } from "chevrotain";
import type { MaintToken } from "./lexer.ts";
import { DateToken, QuantityToken, ReasonCodeToken, TextToken, TimeToken, ZoneToken } from "./tokens.ts";

/**
 * Error productions: what people write who speak plain English or another notation, and what to write instead.
 * A row is a pattern, its replacement (null: only the help is certain), the expectation it must meet, and a help line of its own.
 * In a pattern `^` marks the word at which the parser stops (else the first), `[…]` what the replacement stands for (else all);
 * `*` is any token, `#` a number, `~` a text, `@` a reason code, `D` a date, `T` a time, `Z` a zone.
 */
type Row = readonly [pattern: string, instead: string | null, where: RegExp | null, help?: string];

const LIMIT = /`at least`/;
const BE_OR_MUST = /`at least`|^`be …`|^`must`/;
const PREDICATE = /^`be …`/;
const MUST = /^`must`/;
const EVERY = /^`every`/;
const MODIFIER = /^a modifier/;
const STATEMENT = /^a statement/;
const END = /^the end of/;
const INSIDE = "a clause stands under a condition's name, inside `before every test { … }`";

const limitWords: { readonly [instead: string]: readonly string[] } = {
  "at least": [
    ...[">=", "=>", "≥", "min", "minimum", "a minimum of", "at minimum", "no less than", "not less than"],
    ...[
      "not below",
      "not under",
      "no lower than",
      "not lower than",
      "greater than or equal to",
      "higher than or equal to",
    ],
  ],
  "at most": [
    ...["<=", "=<", "≤", "max", "maximum", "a maximum of", "at maximum", "up to", "no more than", "not more than"],
    ...["not above", "not over", "not greater than", "no greater than", "not higher than", "no higher than"],
    ...["not exceeding", "lower than or equal to", "smaller than or equal to"],
  ],
  "more than": [">", "greater than", "higher than", "larger than", "bigger than", "above", "over", "exceeding"],
  "less than": ["<", "lower than", "smaller than", "fewer than", "below", "under"],
};

/** A limit's word, and with it the `be` or `must be` that its notation leaves out. */
const limits: readonly Row[] = Object.entries(limitWords).flatMap(([instead, words]) =>
  words.flatMap((pattern): Row[] => [
    [pattern, instead, LIMIT],
    [pattern, `be ${instead}`, PREDICATE],
    [pattern, `must be ${instead}`, MUST],
  ]),
);

const negated: readonly Row[] = Object.entries({
  "at most": ["not ^exceed", "not ^be more than", "not ^be above", "not ^be over", "not ^be greater than"],
  "at least": ["not ^be less than", "not ^be below", "not ^be under", "not ^be lower than"],
}).flatMap(([instead, patterns]) => patterns.map((pattern): Row => [pattern, `be ${instead}`, /^`have`/]));

const others: readonly Row[] = [
  ["exceed", "be more than", PREDICATE],
  ["least", "at least", LIMIT],
  ["most", "at most", LIMIT],
  ["#", "than #", /^`than`/],
  [". #", "0.#", /number/],
  ["+ #", "#", /number/],
  ["more than ^or equal to", "at least", null],
  ["less than ^or equal to", "at most", null],
  ["^# to", null, LIMIT, "write `between 5 and 10`, with the unit behind the second number"],
  ["^# and", null, LIMIT, "write `between 5 and 10`, with the unit behind the second number"],
  ["from", null, LIMIT, "write `between 5 and 10`, with the unit behind the second number"],
  ["#", null, LIMIT, "say on which side: `at least`, `at most`, `more than`, `less than`, `between … and …`"],
  ["within ^#", null, null, "write `between 5 and 10`, with the unit behind the second number"],
  ["between # [^to]", "and", /^`and`/],
  ["between # [^-]", "and", /^`and`/],
  ["between # ^#", null, /^`and`/, "write `between 5 and 10`, with the unit behind the second number"],
  ...["equal", "equals", "exactly", "=", "==", "==="].map(
    (word): Row => [word, null, BE_OR_MUST, "a measured value is never exact: write `between … and …`, or a limit"],
  ),
  // The verb.
  ...["has to", "have to", "needs to", "need to", "is to", "ought to", "is required to", "shall", "will", "can"].map(
    (words): Row => [words, "must", MUST],
  ),
  ...["has to be", "needs to be", "is to be"].map((words): Row => [words, "must be", MUST]),
  ["has been", "must have been", MUST],
  ["is", "must be", MUST],
  ["be", "must be", MUST],
  ...["at", "more", "less", "between", "calibrated", "serviced", "in", "checked", "within"].map(
    (word): Row => [word, `be ${word}`, PREDICATE],
  ),
  ...["confirm", "sign", "approve"].map((word): Row => [word, "acknowledge", PREDICATE]),
  ["not ^be", null, /^`have`/, "write `must not have been … since its calibration`, or a limit such as `at most`"],
  ["be ^on", "have been on", LIMIT],
  ["be ^warmed up", "have been on", LIMIT],
  ["at", "for at", /^`for`/],
  ["for [^#]", "at least #", /^`at`/],
  ["@ for [^#]", "at most #", /^`at`/],
  ["by [^#]", "at most #", /^`at`/],
  // The period before a clause.
  ...["hour", "minute", "year"].map((unit): Row => [`each ^${unit}`, `every ${unit}`, /^`day`/]),
  ["each ^#", "every #", /^`day`/],
  ...Object.entries({ daily: "each day", weekly: "each week", monthly: "each month", quarterly: "each quarter" }).map(
    ([word, period]): Row => [`[${word}] ^,`, period, MUST],
  ),
  ...["day", "shift", "week", "month", "quarter"].flatMap((period): Row[] => [
    [`once ^a ${period}`, `each ${period}`, MUST],
    [`once ^per ${period}`, `each ${period}`, MUST],
    [`per ^${period}`, `each ${period}`, MUST],
  ]),
  ...["on", "in", "during"].map((word): Row => [`${word} ^each`, "each", MUST]),
  ["from ^the last readings", "from the latest readings", MUST],
  ["if ^*", "when *", MUST],
  ["[when * ^=]", "when * is", /^`is`/],
  // The instrument.
  ["read ^by", "read with", /^`with`/],
  ["measured with", "read with", MUST],
  ["measured by", "read with", MUST],
  ["with", "read with", MUST],
  // Intervals.
  ["each", "every", EVERY],
  ["after", "every", EVERY],
  ["at every", "every", EVERY],
  ["#", "every #", EVERY],
  ...Object.entries({ yearly: "year", annually: "year", monthly: "month", weekly: "week", daily: "day" }).map(
    ([word, unit]): Row => [word, `every ${unit}`, EVERY],
  ),
  ["or [^every]", "", /number/],
  ["whichever", ", whichever", /comma/],
  ["use", "each use", /^`each`/],
  ["shelf", "its shelf", /^`its`/],
  ["calibration", "its calibration", /^`its`/],
  ["it ' s", "its", /^`its`/],
  // Modifiers.
  [", ^because", " because", MODIFIER],
  ...["not overridable", "non-overridable", "no override"].map((words): Row => [words, "never overridable", MODIFIER]),
  ["warning", "warn", MODIFIER],
  ["settle", "settled", MODIFIER],
  ...["guard band", "guard by", "guard"].map((words): Row => [words, "guarded by", MODIFIER]),
  ...["can be extended", "extended"].map((words): Row => [words, "may be extended", MODIFIER]),
  ["checked [^~]", ": ~", /what to check/],
  ["~ [^~]", ", ~", END],
  ["~ [^and]", ",", END],
  ["and", null, /^the end of the clause/, "write two clauses, one a line: both must hold"],
  [
    "or",
    null,
    /^the end of the clause/,
    "a clause has one predicate; write a second clause for what must hold as well",
  ],
  // Statements of a contract.
  ...["all stations", "each station", "stations"].map((words): Row => [words, "every station", /station`/]),
  ["each", "every", /station`/],
  ["all", "every", /station`/],
  ["^* station", "every * station", /station`/],
  ["^* stations", "every * station", /^`every/],
  ["^* stations", "* station", /^`station`/],
  ["tests", "every test", EVERY],
  ["test", "every test", EVERY],
  ["follows", "following", STATEMENT],
  ["^following [:]", "", STATEMENT],
  ["following", null, STATEMENT, 'name the document in "quotes": `following "ASTM E1417-21"`'],
  ["if blocked", "when blocked", STATEMENT],
  ["^* measured in", "* is measured in", STATEMENT],
  ["^* =", "* is", STATEMENT],
  ["^* are", "* is", STATEMENT],
  ["^* can override", "* may override", STATEMENT],
  [
    "^* or",
    null,
    STATEMENT,
    "write one statement for each role that may override, or `A and B together may override …`",
  ],
  [
    "^* :",
    null,
    STATEMENT,
    "a thing is declared as `lamp is a uv-a-lamp`; a condition stands inside `before every test { … }`",
  ],
  ["^* must", null, STATEMENT, INSIDE],
  ["^* should", null, STATEMENT, INSIDE],
  ["^* * must", null, STATEMENT, INSIDE],
  ["each", null, STATEMENT, INSIDE],
  ["valid", null, STATEMENT, "a contract has no dates of force: they are given when it is released"],
  ["by default", ", by default", END],
  ["default", "by default", /^`by`/],
  ["plausible", ", plausible", END],
  ["from", "plausible from", /^`plausible`/],
  ["between # and", "from # to", /^`from`/],
  ["is [in ^*]", "measured in *", END],
  ["-", null, /^a name|^the end of the statement/, "a difference is declared in words: `NAME is A minus B`"],
  ["in ^#", null, /^`service`/, "write `between 5 and 10`, with the unit behind the second number"],
  ["tell", ", tell", /comma/],
  [":", ",", /comma/],
  ...["notify", "inform", "alert", "call"].map((word): Row => [word, "tell", /^`tell`/]),
  [", ^with severity", " with severity", /^`tell`/],
  ["^* severity", "severity *", /^`severity`/],
  ["test [^:]", " {", /^`\{`/],
  ["* [^:] ~", "", /^`\{`/],
  ["(", null, /^`\{`/, "a body stands in braces: `{ … }`"],
  ["Contract", "contract", /^`contract ID`/],
  ["import", null, /^`contract ID`/, "a file stands alone: copy the template it needs into it"],
  ["condition", "", /^a condition's/],
  ["-", "", /^a condition's/],
  ["^* =", "*:", /^a condition's/],
  ["^* * :", null, /^a condition's/, "a condition's name is words joined by hyphens, and `:`"],
  ["^* {", null, /^a condition's/, "a condition is a name and `:`, without braces; it ends where the next begins"],
  // Statements of a test.
  ["=", "is", /`reads`/],
  ["read", "reads", /`reads`/],
  ["on", "has been on", /`reads`/],
  ["is on ^for", "has been on for", END],
  ["expects ^*", "expect *", /`reads`/],
  ["pass", "allowed", /^`allowed`/],
  ["pass", "result pass", /^`result`/],
  ["fail", "result fail", /^`result`/],
  ["D", "on D", /^`on`/],
  ["T", "at T", /^`at`/],
  ["Z", "in Z", /^`in`/],
  ["acknowledged", "was acknowledged", /^`was`/],
  ["test ~ [^for]", "of", /^`\{`/],
  ["is ^#", "reads #", /`in service`/],
  ["blocked by * [^and]", ",", END],
  ["*", null, /^a reason code/, "a reason code is a topic, a point and a word: `calibration.overdue`"],
  ["*", null, /^a date/, "a date is year, month, day: 2026-11-24"],
  ["*", null, /^a time/, "a time is hours and minutes of the day: 06:20"],
];

const wildcards: ReadonlyMap<string, TokenType | null> = new Map<string, TokenType | null>([
  ["*", null],
  ["#", QuantityToken],
  ["~", TextToken],
  ["@", ReasonCodeToken],
  ["D", DateToken],
  ["T", TimeToken],
  ["Z", ZoneToken],
]);

interface Slip {
  readonly words: readonly string[];
  /** Where in `words` the parser stops. */
  readonly at: number;
  /** The first word and the one behind the last that the replacement stands for. */
  readonly from: number;
  readonly to: number;
  readonly instead: string | null;
  readonly where: RegExp | null;
  readonly help: string | undefined;
}

function slipOf([pattern, instead, where, help]: Row): Slip {
  const marked = pattern.split(" ");
  const words = marked.map((word) => word.replace(/[[\]^]/g, ""));
  const opens = marked.findIndex((word) => word.startsWith("["));
  const closes = marked.findIndex((word) => word.endsWith("]"));
  const at = Math.max(
    0,
    marked.findIndex((word) => word.includes("^")),
  );
  const ends = closes < 0 ? words.length : closes + 1;
  return { words, at, from: Math.max(0, opens), to: ends, instead, where, help };
}

/** Longer patterns first: `not more than` before `not`. */
const slips: readonly Slip[] = [...limits, ...negated, ...others]
  .map(slipOf)
  .sort((a, b) => b.words.length - a.words.length || score(b) - score(a));

/** Of two as long, the one with fewer wildcards says more. */
function score({ words }: Slip): number {
  return words.filter((word) => !wildcards.has(word)).length;
}

export interface SlipFound {
  readonly help: string;
  /** Any word at all may stand there: a keyword spelled nearly right is the likelier slip. */
  readonly vague: boolean;
  /** Replace the tokens from the first to the last by `text`; the blank before it belongs to it where it begins with a sign. */
  readonly fix?: { readonly first: MaintToken; readonly last: MaintToken; readonly text: string };
}

/** The known slip that stands at `token`, where `expected` should be. */
export function slipAt(tokens: readonly MaintToken[], token: MaintToken, expected: string): SlipFound | undefined {
  const found = slips.find((slip) => slip.where?.test(expected) !== false && fits(slip, tokens, token.index - slip.at));
  if (found === undefined) return undefined;
  const start = token.index - found.at;
  const vague = found.words[found.at] === "*";
  const first = tokens[start + found.from];
  const last = tokens[start + found.to - 1];
  if (found.instead === null || first === undefined || last === undefined) return { help: found.help ?? "", vague };
  const wild = found.words.findIndex((word, index) => wildcards.has(word) && index >= found.from && index < found.to);
  const image = wild < 0 ? "" : (tokens[start + wild]?.image ?? "");
  const text = wild < 0 ? found.instead : found.instead.replace(found.words[wild] ?? "", () => image);
  return {
    vague,
    help: found.help ?? (text === "" ? `leave \`${first.image}\` out` : `write \`${text.trim()}\``),
    fix: { first, last, text },
  };
}

function fits({ words }: Slip, tokens: readonly MaintToken[], start: number): boolean {
  return words.every((word, offset) => {
    const token = tokens[start + offset];
    if (token === undefined || token.tokenType === EOF || (offset > 0 && token.lineStart)) return false;
    const type = wildcards.get(word);
    return type === undefined ? token.image === word : type === null || token.tokenType === type;
  });
}
