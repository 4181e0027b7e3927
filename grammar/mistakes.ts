import { EOF } from "chevrotain";
import type { Span } from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import { nearestPhrase } from "./nearest-word.ts";
import type { SyntaxDiagnostic, SyntaxFix } from "./parse-result.ts";
import { type SlipFound, slipAt } from "./slips.ts";
import { Comma, LCurly, QuantityToken, Stray } from "./tokens.ts";

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

/** More clauses than a file may have, or more mistakes: ends the parse. */
export class TooMuch extends Error {
  readonly of: "clauses" | "mistakes";

  constructor(of: "clauses" | "mistakes") {
    super(`too many ${of}`);
    this.of = of;
  }
}

export const spanOf = (token: MaintToken): Span => ({ start: token.startOffset, end: (token.endOffset ?? 0) + 1 });

/** How a person would name the token they see. */
export function named(token: MaintToken): string {
  if (token.tokenType === EOF) return "the end of the file";
  const image = token.image.length > 40 ? `${token.image.slice(0, 39)}…` : token.image;
  return `\`${image}\``;
}

/** What to say about a sign that no form has. Keys are the token as written; slips.ts has what depends on the place. */
const hints: { readonly [image: string]: { readonly help: string; readonly remove?: true } } = {
  "!=": { help: "a contract says what must hold: write the limit in words, `at least …` or `at most …`" },
  "&": { help: "write two clauses, one a line: both must hold" },
  "&&": { help: "write two clauses, one a line: both must hold" },
  "|": { help: "a clause has one predicate; write a second clause for what must hold as well" },
  "||": { help: "a clause has one predicate; write a second clause for what must hold as well" },
  ";": { help: "a clause needs no sign at its end: leave `;` out", remove: true },
  ".": { help: "a clause needs no full stop: leave it out", remove: true },
  "'": { help: 'a text stands in straight double quotes: "…"' },
  "#": { help: "a comment begins with `//`" },
  "/": { help: "a comment begins with `//`; a unit stands right behind its number" },
  "(": { help: "the language has no brackets: leave them out" },
  "[": { help: "the language has no brackets: leave them out" },
  "+": { help: "the language has no sums; a difference is declared: `NAME is A minus B`" },
};

/** What a caller knows of a mistake beyond the token at which it shows. */
export interface Known {
  readonly help?: string | undefined;
  readonly fix?: SyntaxFix | undefined;
}

/** A syntax diagnostic at `token`: what was expected, what stands there, and what to write where that is known. */
export function syntaxAt(
  tokens: readonly MaintToken[],
  token: MaintToken,
  expected: string,
  known: Known = {},
): SyntaxDiagnostic {
  const message = token.trouble?.message ?? `expected ${expected}, found ${named(token)}`;
  const { help, fix } = known.help === undefined ? remedy(tokens, token, expected) : known;
  return {
    code: "syntax",
    message: message.charAt(0).toLowerCase() + message.slice(1),
    span: spanOf(token),
    ...(help === undefined ? {} : { help }),
    ...(fix === undefined ? {} : { fix }),
  };
}

/** From the surest to the vaguest: what the lexer saw, a known slip, a sign that no form has, a word spelled nearly right. */
function remedy(tokens: readonly MaintToken[], token: MaintToken, expected: string): Known {
  const span = spanOf(token);
  if (token.trouble !== undefined) {
    const { help, instead } = token.trouble;
    return { help, fix: instead === undefined ? undefined : { span, text: instead } };
  }
  const nearest = token.tokenType === Stray ? undefined : nearestPhrase(token.image, spokenWords(expected));
  const slip = slipAt(tokens, token, expected);
  if (slip !== undefined && !(slip.vague && nearest !== undefined)) {
    return { help: slip.help, fix: slip.fix === undefined ? undefined : slipFix(tokens, slip.fix) };
  }
  const quoted = quotedFix(tokens, token, expected);
  if (quoted !== undefined) return quoted;
  const hint = Object.hasOwn(hints, token.image) ? hints[token.image] : undefined;
  if (hint !== undefined) return { help: hint.help, fix: hint.remove === true ? { span, text: "" } : undefined };
  if (token.tokenType === Stray) return { help: "this sign has no meaning here" };
  return nearest === undefined
    ? { help: "`maint explain syntax` shows the forms" }
    : { help: `did you mean \`${nearest}\`?`, fix: { span, text: nearest } };
}

/** A replacement that begins with a sign or a blank joins what stands before it; one that leaves a word out takes its blank along. */
function slipFix(tokens: readonly MaintToken[], { first, last, text }: NonNullable<SlipFound["fix"]>): SyntaxFix {
  const before = tokens[first.index - 1];
  const joins = /^[,: ]/.test(text) && before !== undefined;
  const after = tokens[last.index + 1];
  const end = text === "" && after !== undefined && !after.lineStart ? after.startOffset : spanOf(last).end;
  return { span: { start: joins ? spanOf(before).end : first.startOffset, end }, text };
}

/** `for order PO-1`: one word where a text should be. */
function quotedFix(tokens: readonly MaintToken[], token: MaintToken, expected: string): Known | undefined {
  if (!expected.includes('in "quotes"') || token.tokenType === Stray) return undefined;
  const next = tokens[token.index + 1];
  const alone = next !== undefined && (next.lineStart || next.tokenType === Comma || next.tokenType === LCurly);
  const help = 'a text stands in straight double quotes: "…"';
  return alone && /^[A-Za-z][\w.-]*$/.test(token.image) && !token.lineStart
    ? { help, fix: { span: spanOf(token), text: `"${token.image}"` } }
    : { help };
}

/** The words an expectation names in backticks, without their placeholders, whole and as their first word. */
function spokenWords(expected: string): string[] {
  return [...expected.matchAll(/`([^`]*)`/g)].flatMap(([, phrase = ""]) => {
    const words = phrase.replace(/"?…"?.*$/, "").trim();
    return /^[a-z][a-z -]*$/.test(words) ? [words, words.split(" ")[0] ?? ""] : [];
  });
}

/** `1,000 psi`: a comma behind a bare number and before three digits. */
export function isGrouping(before: MaintToken, after: MaintToken): boolean {
  return before.tokenType === QuantityToken && before.unitStart < 0 && /^\d{3}(?!\d)/.test(after.image);
}

/** Of a `}` at the file's level: what was written inside the block before it stands outside, which is no mistake of its own. */
export const CLOSES_NOTHING = "this `}` closes nothing";
