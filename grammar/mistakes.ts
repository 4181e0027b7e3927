import { EOF } from "chevrotain";
import type { Span } from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import type { SyntaxDiagnostic } from "./parse-result.ts";
import { QuantityToken, Stray } from "./tokens.ts";

/** Carries one diagnostic from where the parser noticed a mistake to the statement that contains it. */
export class Mistake extends Error {
  /** Chevrotain knows its own exceptions by their names; as one of them a mistake ends a rule, and never the program. */
  override readonly name = "NoViableAltException";
  readonly diagnostic: SyntaxDiagnostic;

  constructor(diagnostic: SyntaxDiagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** More clauses than a file may have: ends the parse. */
export class TooMuch extends Error {}

export const spanOf = (token: MaintToken): Span => ({ start: token.startOffset, end: (token.endOffset ?? 0) + 1 });

/** How a person would name the token they see. */
export function named(token: MaintToken): string {
  if (token.tokenType === EOF) return "the end of the file";
  const image = token.image.length > 40 ? `${token.image.slice(0, 39)}…` : token.image;
  return `\`${image}\``;
}

interface Hint {
  readonly help: string;
  /** What to write in the sign's place, where that is certain. */
  readonly instead?: string;
}

const equalHelp = "write the limit in words: `at least`, `at most`, `more than`, `less than`, `between … and …`";
const quotes: Hint = { help: 'a text stands in straight double quotes: "…"' };

/** What people write who know other notations. Keys are the token as written. */
const hints: { readonly [image: string]: Hint } = {
  "=": { help: equalHelp },
  "==": { help: equalHelp },
  "===": { help: equalHelp },
  "!=": { help: "a contract says what must hold: write the limit in words, `at least …` or `at most …`" },
  ">=": { help: "write `at least`", instead: "at least" },
  "≥": { help: "write `at least`", instead: "at least" },
  "<=": { help: "write `at most`", instead: "at most" },
  "≤": { help: "write `at most`", instead: "at most" },
  ">": { help: "write `more than`", instead: "more than" },
  "<": { help: "write `less than`", instead: "less than" },
  "&": { help: "write two clauses, one a line: both must hold" },
  "&&": { help: "write two clauses, one a line: both must hold" },
  and: { help: "write two clauses, one a line: both must hold" },
  "|": { help: "a clause has one predicate; write a second clause for what must hold as well" },
  "||": { help: "a clause has one predicate; write a second clause for what must hold as well" },
  ";": { help: "a clause needs no sign at its end: leave `;` out", instead: "" },
  ".": { help: "a clause needs no full stop: leave it out", instead: "" },
  "'": quotes,
  "“": quotes,
  "”": quotes,
  "#": { help: "a comment begins with `//`" },
  "/": { help: "a comment begins with `//`; a unit stands right behind its number" },
  "(": { help: "the language has no brackets: leave them out", instead: "" },
  "[": { help: "the language has no brackets: leave them out", instead: "" },
  "+": { help: "the language has no sums; a difference is declared: `NAME is A minus B`" },
  shall: { help: "write `must`", instead: "must" },
  needs: { help: "write `must`: `X must be calibrated every 12 months`" },
  will: { help: "write `must`", instead: "must" },
  above: { help: "write `more than`", instead: "more than" },
  below: { help: "write `less than`", instead: "less than" },
  over: { help: "write `more than`", instead: "more than" },
  under: { help: "write `less than`", instead: "less than" },
  exactly: { help: equalHelp },
  equal: { help: equalHelp },
};

/** A syntax diagnostic at `token`: what was expected, what stands there, and what to write where that is known. */
export function syntaxAt(token: MaintToken, expected: string, help?: string): SyntaxDiagnostic {
  const hint = Object.hasOwn(hints, token.image) ? hints[token.image] : undefined;
  const message = token.trouble ?? `expected ${expected}, found ${named(token)}`;
  const words = help ?? hint?.help ?? (token.tokenType === Stray ? "this sign has no meaning here" : undefined);
  return {
    code: "syntax",
    message: message.charAt(0).toLowerCase() + message.slice(1),
    span: spanOf(token),
    ...(words === undefined ? {} : { help: words }),
    ...(hint?.instead === undefined || help !== undefined ? {} : { fix: { span: spanOf(token), text: hint.instead } }),
  };
}

/** `1,000 psi`: a comma behind a bare number and before three digits. */
export function isGrouping(before: MaintToken, after: MaintToken): boolean {
  return before.tokenType === QuantityToken && before.unitStart < 0 && /^\d{3}(?!\d)/.test(after.image);
}
