import { EOF, type IToken, type TokenType } from "chevrotain";
import type { Comment, SyntaxDiagnostic } from "./parse-result.ts";
import * as T from "./tokens.ts";

/** A Chevrotain token that also knows its place in the list and whether it opens its line. */
export interface MaintToken extends IToken {
  readonly index: number;
  readonly lineStart: boolean;
  /** Of a stray token: what is wrong with it. */
  readonly trouble: Trouble | undefined;
  /** Of a quantity: the offset at which its unit word begins, or −1. */
  readonly unitStart: number;
}

export interface Trouble {
  readonly message: string;
  readonly help: string;
  /** What to write in the token's place, where that is certain. */
  readonly instead?: string;
}

export interface Scanned {
  /** Ends with `LOOKAHEAD` end-of-file tokens, because the parser peeks without asking for the end. The parser owns the list. */
  readonly tokens: MaintToken[];
  readonly comments: readonly Comment[];
  /** Of each comment: the index of the token that follows it. */
  readonly tokenAfter: readonly number[];
  readonly diagnostics: readonly SyntaxDiagnostic[];
  readonly deepest: number;
}

const LOOKAHEAD = 8;
const BLANKS = /[ \t\r]+/y;
/** By character code: 1 for what a word may go on with. Most of a source is words, and a table is quicker than a pattern. */
const IN_WORD = Uint8Array.from({ length: 128 }, (_, code) => Number(/[A-Za-z0-9_-]/.test(String.fromCharCode(code))));
const REASON_REST = /\.[A-Za-z][A-Za-z0-9_-]*/y;
const ZONE_REST = /(?:\/[A-Za-z][A-Za-z0-9_+-]*)+/y;
const DATE = /\d{4}-\d{1,2}-\d{1,2}(?![\d-])/y;
const TIME = /\d{1,2}:\d{2}(?!\d)/y;
const NUMBER = /-?\d+(?:\.\d+)?/y;
const UNIT = /[A-Za-zµμΩΩ°℃℉%‰][A-Za-z0-9µμΩΩ°℃℉%‰²³⁻¹·⋅∙⁄∕‐‑*/^.-]*/y;
const OPERATOR = /[=<>!&|≤≥≠]+/y;
const TEXT_PART = /[^"\\\n]*/y;
const EXPONENT = /^[eE][+-]?\d+$/;
/** Control, bidirectional and other invisible characters: what is read must be what is written. */
const HIDDEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\t\n\r]]/v;

const codePointOf = (text: string): string =>
  `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Why a stretch of text is refused, if it is. */
function hiddenIn(text: string): Trouble | undefined {
  const found = HIDDEN.exec(text);
  if (found === null) return undefined;
  return {
    message: `the character ${codePointOf(found[0])} is not allowed: it cannot be seen when reading`,
    help: "delete it, or write the line anew",
  };
}

const unclosed: Trouble = {
  message: 'this text has no closing `"` on its line',
  help: 'close it with `"` on the same line; a line break inside a text is written `\\n`',
};
const badEscape: Trouble = {
  message: 'in a text, `\\` stands only before `"`, `\\` or `n`',
  help: "write `\\\\` for a backslash",
};
const exponent: Trouble = {
  message: "numbers are written in full, without an exponent",
  help: "write all digits: 1000, not 1e3",
};
/** Texts in other quotes, by their opening sign: the whole text is one stray token, so that it is one mistake. */
const OTHER_QUOTES = /“[^"”\\\n]*”|„[^"“”\\\n]*[“”]|«[^"»\\\n]*»|‘[^"’\\\n]*’|'[^"'\\\n]*'|`[^"`\\\n]*`/y;

/** Cuts a source into tokens and comments. Never throws: what it does not know becomes a stray token. */
export function scan(source: string): Scanned {
  return new Scanner(source).run();
}

class Scanner {
  readonly #source: string;
  readonly #tokens: MaintToken[] = [];
  readonly #comments: Comment[] = [];
  readonly #tokenAfter: number[] = [];
  readonly #diagnostics: SyntaxDiagnostic[] = [];
  #at = 0;
  #lineStart = true;
  #depth = 0;
  #deepest = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Scanned {
    if (this.#source.charCodeAt(0) === 0xfeff) this.#at = 1;
    while (this.#at < this.#source.length) this.#next();
    const length = this.#source.length;
    this.#lineStart = true;
    for (let count = 0; count < LOOKAHEAD; count += 1) this.#push(EOF, length, length);
    return {
      tokens: this.#tokens,
      comments: this.#comments,
      tokenAfter: this.#tokenAfter,
      diagnostics: this.#diagnostics,
      deepest: this.#deepest,
    };
  }

  #next(): void {
    const code = this.#source.charCodeAt(this.#at);
    if (code === 10) {
      this.#lineStart = true;
      this.#at += 1;
    } else if (code === 32 || code === 9 || code === 13) {
      this.#at += 1;
    } else if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) {
      this.#word();
    } else if (code >= 48 && code <= 57) {
      this.#number();
    } else if (code === 34) {
      this.#text();
    } else {
      this.#sign(this.#source.charAt(this.#at));
    }
  }

  /** The end of what `pattern` matches here, or the place itself. */
  #match(pattern: RegExp, at = this.#at): number {
    pattern.lastIndex = at;
    return pattern.test(this.#source) ? pattern.lastIndex : at;
  }

  #push(tokenType: TokenType, start: number, end: number, trouble?: Trouble, unitStart = -1): void {
    this.#pushImage(this.#source.slice(start, end), tokenType, start, end, trouble, unitStart);
  }

  #pushImage(
    image: string,
    tokenType: TokenType,
    start: number,
    end: number,
    trouble: Trouble | undefined,
    unitStart: number,
  ): void {
    this.#tokens.push({
      image,
      startOffset: start,
      endOffset: end - 1,
      tokenType,
      tokenTypeIdx: tokenType.tokenTypeIdx ?? 0,
      index: this.#tokens.length,
      lineStart: this.#lineStart,
      trouble,
      unitStart,
    });
    this.#lineStart = false;
    this.#at = end;
  }

  #word() {
    const start = this.#at;
    if (this.#afterMeasuredIn()) return this.#push(T.UnitToken, start, this.#unitEnd(start));
    const end = this.#wordEnd(start);
    const next = this.#source.charCodeAt(end);
    if (next === 46) {
      const reason = this.#match(REASON_REST, end);
      if (reason > end) return this.#push(T.ReasonCodeToken, start, reason);
    } else if (next === 47) {
      const zone = this.#match(ZONE_REST, end);
      if (zone > end) return this.#push(T.ZoneToken, start, zone);
    }
    const image = this.#source.slice(start, end);
    const type = T.typeOfWord.get(image);
    // A keyword's own text is shared by all its tokens, so that a million of them hold no million strings.
    const shared = typeof type?.PATTERN === "string" ? type.PATTERN : image;
    this.#pushImage(shared, type ?? T.Word, start, end, undefined, -1);
  }

  #wordEnd(start: number): number {
    let at = start + 1;
    while (IN_WORD[this.#source.charCodeAt(at)] === 1) at += 1;
    return at;
  }

  #afterMeasuredIn(): boolean {
    const last = this.#tokens.at(-1);
    return (
      last?.tokenType === T.keyword.in && !this.#lineStart && this.#tokens.at(-2)?.tokenType === T.keyword.measured
    );
  }

  /** A sentence's full stop or a dangling sign belongs to no unit. */
  #unitEnd(start: number): number {
    let end = this.#match(UNIT, start);
    const comment = this.#source.slice(start, end).indexOf("//");
    if (comment > 0) end = start + comment;
    while (end > start + 1 && ".-*/^".includes(this.#source.charAt(end - 1))) end -= 1;
    return end;
  }

  #number() {
    const start = this.#at;
    for (const [pattern, type] of [
      [DATE, T.DateToken],
      [TIME, T.TimeToken],
    ] as const) {
      const end = this.#match(pattern);
      if (end > start) return this.#push(type, start, end);
    }
    const end = this.#match(NUMBER);
    const gap = this.#match(BLANKS, end);
    const unitEnd = this.#unitEnd(gap);
    const unit = this.#source.slice(gap, unitEnd);
    if (gap === end && EXPONENT.test(unit)) {
      return this.#push(T.Stray, start, unitEnd, exponent);
    }
    if (unit === "" || T.notUnits.has(unit)) return this.#push(T.QuantityToken, start, end);
    this.#push(T.QuantityToken, start, unitEnd, undefined, gap);
  }

  /** An unterminated text ends at its line's end, so that what follows parses normally. */
  #text(): void {
    const start = this.#at;
    let at = start + 1;
    let wrongEscape = -1;
    for (;;) {
      at = this.#match(TEXT_PART, at);
      const sign = this.#source.charAt(at);
      if (sign !== "\\") break;
      const escaped = this.#source.charAt(at + 1);
      if (escaped !== '"' && escaped !== "\\" && escaped !== "n" && wrongEscape < 0) wrongEscape = at;
      at += escaped === "\n" || escaped === "" ? 1 : 2;
    }
    const closed = this.#source.charAt(at) === '"';
    let end = closed ? at + 1 : at;
    if (!closed && this.#source.charAt(end - 1) === "\r") end -= 1;
    const hidden = hiddenIn(this.#source.slice(start, end));
    if (!closed) this.#push(T.Stray, start, end, unclosed);
    else if (hidden !== undefined) this.#push(T.Stray, start, end, hidden);
    else if (wrongEscape >= 0) this.#push(T.Stray, start, end, badEscape);
    else this.#push(T.TextToken, start, end);
  }

  #sign(sign: string) {
    const start = this.#at;
    if (sign === "/" && this.#source.charAt(start + 1) === "/") return this.#comment();
    if (sign === "-" && this.#match(NUMBER) > start) return this.#number();
    if ((sign === "µ" || sign === "μ" || sign === "°" || sign === "%" || sign === "Ω") && this.#afterMeasuredIn()) {
      return this.#push(T.UnitToken, start, this.#unitEnd(start));
    }
    if (sign === "{") this.#deepest = Math.max(this.#deepest, ++this.#depth);
    if (sign === "}") this.#depth -= 1;
    const type = SIGNS.get(sign);
    const end = this.#match(OPERATOR);
    if (type !== undefined && end <= start + 1) return this.#pushImage(sign, type, start, start + 1, undefined, -1);
    if (end > start) return this.#push(T.Stray, start, end);
    const quoted = this.#match(OTHER_QUOTES);
    if (quoted > start) return this.#otherQuotes(start, quoted);
    const point = String.fromCodePoint(this.#source.codePointAt(start) ?? 0);
    this.#push(T.Stray, start, start + point.length, hiddenIn(point));
  }

  #otherQuotes(start: number, end: number): void {
    const inside = this.#source.slice(start + 1, end - 1);
    const hidden = hiddenIn(inside);
    const help = 'a text stands in straight double quotes: "…"';
    const message = `expected a text in straight double quotes, found ${this.#source.slice(start, end)}`;
    this.#push(T.Stray, start, end, hidden ?? { message, help, instead: `"${inside}"` });
  }

  #comment(): void {
    const start = this.#at;
    const newline = this.#source.indexOf("\n", start);
    const end = newline < 0 ? this.#source.length : newline;
    const text = this.#source.slice(start, end).trimEnd();
    const span = { start, end: start + text.length };
    const hidden = hiddenIn(text);
    if (hidden !== undefined) this.#diagnostics.push({ code: "syntax", ...hidden, span });
    this.#tokenAfter.push(this.#tokens.length);
    this.#comments.push({
      text,
      doc: text.startsWith("///") && !text.startsWith("////"),
      span,
      trailing: !this.#lineStart,
      blankBefore: /\n[ \t\r]*\n[ \t\r]*$/.test(this.#source.slice(Math.max(0, start - 400), start)),
      blankAfter: BLANK_LINE.test(this.#source.slice(end, end + 400)),
    });
    this.#at = end;
  }
}

const BLANK_LINE = /^\n[ \t\r]*\n/;
const SIGNS: ReadonlyMap<string, TokenType> = new Map([
  ["{", T.LCurly],
  ["}", T.RCurly],
  [",", T.Comma],
  [":", T.Colon],
  ["=", T.Equals],
]);
