import {
  EmbeddedActionsParser,
  EOF,
  type IParserErrorMessageProvider,
  type IRecognitionException,
  isRecognitionException,
  type ParserMethod,
  type TokenType,
} from "chevrotain";
import type { Broken, Name, Span, Text } from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import { Mistake, named, spanOf, syntaxAt, TooMuch } from "./mistakes.ts";
import type { SyntaxDiagnostic, SyntaxFix } from "./parse-result.ts";
import * as T from "./tokens.ts";
import { Article, Colon, type Keyword, keyword, LCurly, RCurly, type Reserved, reserved, Word } from "./tokens.ts";

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const CONTRACT_ID = /^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$/;
const ROLE = /^[A-Za-z][A-Za-z0-9-]*$/;
const MAX_NAME_LENGTH = 64;

export type NameShape = "name" | "contract id" | "role";
const shapes: { readonly [shape in NameShape]: { readonly pattern: RegExp; readonly help: string } } = {
  name: { pattern: NAME, help: "a name is lower-case words joined by hyphens: `light-meter`" },
  "contract id": { pattern: CONTRACT_ID, help: "a contract id is capitals and digits joined by hyphens: `UV-DAILY`" },
  role: { pattern: ROLE, help: "a role is letters, digits and hyphens: `QA`, `plant-manager`" },
};

/** Messages name what an author would write; the token that stands there is added by `syntaxAt`. */
const wording: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => expected.LABEL ?? expected.name,
  buildNotAllInputParsedMessage: () => "a contract, a template or a test",
  buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? "another word",
  buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? "another word",
};

/** What certainly completes a line that ends too early, by what is expected there. */
const tails: readonly { readonly where: string; readonly text: string }[] = [
  { where: "`before`", text: " before" },
  { where: "`since`", text: " since its calibration" },
  { where: "`{`", text: " {" },
];

/**
 * What all rules share: peeking, names, and recovery. Chevrotain's own recovery is off: it resumes by follow sets and echoes;
 * ours resumes by line, one `syntax` a clause, as language.md "Diagnostics" asks.
 */
export abstract class ParserBase extends EmbeddedActionsParser {
  protected source = "";
  protected diagnostics: SyntaxDiagnostic[] = [];
  protected maxMistakes = 0;
  /** Of the list at hand: whether an item begins here. */
  protected startsItem: () => boolean = () => false;
  private itemFirst: MaintToken | undefined;

  constructor() {
    super(T.vocabulary, {
      recoveryEnabled: false,
      maxLookahead: 1,
      skipValidations: true,
      errorMessageProvider: wording,
    });
  }

  /**
   * Makes a rule; every rule is made here. Chevrotain asks a rule that was called from outside for a value where the text does
   * not fit it, and its default is undefined: ours reports the mistake and answers `missing`, a broken node where nothing else
   * is said. A rule within another is not asked: `guarded` around the item catches what does not fit and resumes by line.
   */
  protected rule<Args extends unknown[], Node>(
    name: string,
    parse: (...args: Args) => Node,
    missing: () => NoInfer<Node> | Broken = () => this.nothing(),
  ): ParserMethod<Args, Node> {
    const recoveryValueFunc = (error?: Error): Node => {
      if (error !== undefined) this.report(error);
      return missing() as Node;
    };
    return this.RULE(name, parse, { recoveryValueFunc });
  }

  /** Stands for what could not be read at all. */
  private nothing(): Broken {
    const { start } = this.spanFrom(this.peek());
    return { kind: "broken", where: "clause", declares: null, names: [], span: { start, end: start } };
  }

  /** The token `ahead` places on; 1 is the next. */
  protected peek(ahead = 1): MaintToken {
    return this.LA(ahead) as MaintToken;
  }

  protected isAt(type: TokenType, ahead = 1): boolean {
    const token = this.LA(ahead);
    return token.tokenType === type || (type.categoryMatchesMap?.[token.tokenTypeIdx] ?? false);
  }

  protected isWord(word: Keyword, ahead = 1): boolean {
    return this.LA(ahead).tokenType.PATTERN === word;
  }

  protected isReserved(word: Reserved, ahead = 1): boolean {
    return this.LA(ahead).tokenType.PATTERN === word;
  }

  /** The place of the first token that is no article, from `ahead` on. */
  protected pastArticle(ahead = 1): number {
    return this.isAt(Article, ahead) ? ahead + 1 : ahead;
  }

  protected take(type: TokenType): MaintToken {
    return this.CONSUME(type) as MaintToken;
  }

  protected word(word: Keyword): MaintToken {
    return this.CONSUME(keyword[word]) as MaintToken;
  }

  protected reservedWord(word: Reserved): MaintToken {
    return this.CONSUME(reserved[word]) as MaintToken;
  }

  /** From `first` to the last consumed token. */
  protected spanFrom(first: { readonly startOffset: number }): Span {
    if (this.RECORDING_PHASE) return { start: 0, end: 0 };
    const last = this.LA(0);
    return { start: first.startOffset, end: (last.endOffset ?? 0) + 1 };
  }

  /** The line that begins here, with its end; undefined where something else stands on it, or a brace. */
  protected restOfLine(): Span | undefined {
    const first = this.peek();
    let ahead = 1;
    while (!this.isAt(EOF, ahead + 1) && !this.peek(ahead + 1).lineStart) ahead += 1;
    const line = Array.from({ length: ahead }, (_, index) => index + 1);
    if (!first.lineStart || line.some((at) => this.isAt(LCurly, at) || this.isAt(RCurly, at))) return undefined;
    const start = this.source.lastIndexOf("\n", first.startOffset) + 1;
    const behind = spanOf(this.peek(ahead)).end;
    const end = this.source.indexOf("\n", behind) + 1 || this.source.length;
    return this.source.slice(behind, end).trim() === "" ? { start, end } : undefined;
  }

  protected fail(expected: string, help?: string, token = this.peek(), fix?: SyntaxFix): never {
    throw new Mistake(syntaxAt(this.tokens, token, expected, { help, fix }));
  }

  protected get tokens(): readonly MaintToken[] {
    return this.input as MaintToken[];
  }

  /** Whether something new begins here: an item of the list at hand, or of one around it. */
  private startsSomething(): boolean {
    return this.startsItem() || this.isClauseStart() || this.isConditionStart() || this.isMemberStart();
  }

  /** A name at the next token, of the given shape. */
  protected nameNode(shape: NameShape = "name"): Name {
    const token = this.take(Word);
    if (!this.RECORDING_PHASE) this.checkShape(token, shape);
    return { kind: "name", text: token.image, span: spanOf(token) };
  }

  private checkShape(token: MaintToken, shape: NameShape): void {
    const { pattern, help } = shapes[shape];
    if (token.image.length > MAX_NAME_LENGTH) {
      throw new Mistake({
        code: "limit-exceeded",
        message: `this name has ${token.image.length} characters, more than ${MAX_NAME_LENGTH}`,
        span: spanOf(token),
      });
    }
    if (!pattern.test(token.image)) {
      const spelled = shape === "contract id" ? token.image.toUpperCase() : token.image.toLowerCase();
      const text = spelled.replaceAll("_", "-").replace(/-{2,}/g, "-").replace(/-$/, "");
      const fix = pattern.test(text) ? { fix: { span: spanOf(token), text } } : {};
      const message = `\`${token.image}\` is not a ${shape}`;
      throw new Mistake({ code: "syntax", message, span: spanOf(token), help, ...fix });
    }
  }

  protected textNode(): Text {
    const token = this.take(T.TextToken);
    const value = token.image.slice(1, -1).replace(/\\(.)/g, (_, sign: string) => (sign === "n" ? "\n" : sign));
    return { kind: "text", value, span: spanOf(token) };
  }

  /**
   * Runs `parse`; on a mistake in it reports one diagnostic, skips to where `resumes` holds and answers a broken node.
   * Our own mistakes (any other exception) pass through.
   */
  protected guarded<N>(parse: () => N, where: Broken["where"], resumes: () => boolean): N | Broken {
    const first = this.peek();
    this.itemFirst = first;
    const declares = this.isDeclarationStart() ? this.peek(this.pastArticle()) : undefined;
    try {
      return parse();
    } catch (error) {
      this.report(error);
      if (this.peek() === first) this.SKIP_TOKEN();
      this.skipUntil(resumes);
      return this.brokenNode(first, where, declares);
    }
  }

  protected report(error: unknown): void {
    if (error instanceof Mistake) this.note(error.diagnostic);
    else if (error instanceof Error && isRecognitionException(error)) {
      const { token } = error as IRecognitionException & { token: MaintToken };
      const found = token.tokenType === EOF ? this.peek() : token;
      this.note(this.missingBefore(found, error.message) ?? syntaxAt(this.tokens, found, error.message));
    } else throw error;
  }

  protected note(diagnostic: SyntaxDiagnostic): void {
    this.diagnostics.push(diagnostic);
    if (this.diagnostics.length > this.maxMistakes) throw new TooMuch("mistakes");
  }

  /** Where the next line already begins something else, the mistake is what the line before it lacks, and stands there. */
  protected missingBefore(found: MaintToken, expected: string): SyntaxDiagnostic | undefined {
    const last = this.tokens[found.index - 1];
    if (last === undefined || found === this.itemFirst || found !== this.peek()) return undefined;
    if (!(found.lineStart && this.startsSomething()) && !this.isBlockEnd()) return undefined;
    const certain = tails.find(({ where }) => where === expected);
    const { end } = spanOf(last);
    return {
      code: "syntax",
      message: `expected ${expected} behind ${named(last)}`,
      span: spanOf(last),
      help:
        certain === undefined ? "the line ends before it is complete" : `write \`${certain.text.trim()}\` behind it`,
      ...(certain === undefined ? {} : { fix: { span: { start: end, end }, text: certain.text } }),
    };
  }

  protected skipUntil(resumes: () => boolean): void {
    while (!this.isAt(EOF) && !resumes()) this.SKIP_TOKEN();
  }

  private brokenNode(first: MaintToken, where: Broken["where"], declares: MaintToken | undefined): Broken {
    const tokens = this.input as MaintToken[];
    const names: Name[] = [];
    for (let index = first.index; index < this.peek().index; index += 1) {
      const token = tokens[index];
      if (token === undefined || token === declares || !NAME.test(token.image)) continue;
      if (token.tokenType === Word || Word.categoryMatchesMap?.[token.tokenTypeIdx]) {
        names.push({ kind: "name", text: token.image, span: spanOf(token) });
      }
    }
    const declared: Name | null =
      declares === undefined ? null : { kind: "name", text: declares.image, span: spanOf(declares) };
    return { kind: "broken", where, declares: declared, names, span: this.spanFrom(first) };
  }

  /* What may begin here, seen from the next tokens. */

  protected isDeclarationStart(): boolean {
    const at = this.pastArticle();
    return this.isAt(Word, at) && this.isWord("is", at + 1);
  }

  protected isConditionStart(): boolean {
    return this.isAt(Word) && this.isAt(Colon, 2);
  }

  /** `contract ID` or `template name "…"` at a line's start: whatever is open has lost its closing brace. */
  protected isFileItemStart(): boolean {
    if (!this.peek().lineStart) return false;
    if (this.isWord("contract")) return this.isAt(Word, 2) && /^[A-Z]/.test(this.peek(2).image);
    return this.isWord("template") && this.isAt(Word, 2) && (this.isAt(T.TextToken, 3) || this.isAt(LCurly, 3));
  }

  /** A word that may begin an item, as far as one token tells; a wrapped modifier does not. */
  protected opensItem(): boolean {
    if (T.continuations.has(this.peek().image)) return false;
    if (this.isAt(Word) || this.isAt(Article) || this.isAt(T.TextToken)) return true;
    if (["#", "/", "-", "*"].includes(this.peek().image)) return true;
    return (["each", "every", "for", "when", "at"] as const).some((word) => this.isReserved(word));
  }

  protected isClauseStart(): boolean {
    if (this.isReserved("for")) return this.isWord("order", 2);
    if (this.isReserved("when")) return !this.isWord("blocked", 2) && this.isWord("is", this.pastArticle(2) + 1);
    if (this.isReserved("each")) return T.periodWords.some((period) => this.isWord(period, 2));
    if (this.isReserved("every")) return this.isAt(T.Comma, 3);
    if (this.isWord("from")) return this.isWord("latest", this.pastArticle(2));
    const at = this.pastArticle();
    if (!this.isAt(Word, at)) return false;
    const after = this.isWord("people", at + 1) ? at + 2 : at + 1;
    return (
      this.isReserved("must", after) ||
      this.isReserved("should", after) ||
      (this.isWord("read", after) && this.isReserved("with", after + 1))
    );
  }

  protected isOverrideStart(): boolean {
    if (!this.isAt(Word)) return false;
    for (let at = 2; at < 12; at += 2) {
      if (this.isWord("together", at) || (this.isWord("may", at) && this.isWord("override", at + 1))) return true;
      if (!this.isWord("and", at)) return false;
    }
    return false;
  }

  /** What stands in a contract's body and nowhere else. */
  protected isMemberStart(): boolean {
    if (this.isReserved("for")) return this.isReserved("every", 2) || this.isWord("order", 2);
    if (this.isReserved("when")) return this.isWord("blocked", 2);
    if (this.isWord("following") || this.isWord("test")) return this.isAt(T.TextToken, 2);
    if (this.isWord("before")) return this.isReserved("every", 2) || this.isReserved("each", 2);
    return this.isDeclarationStart() || this.isOverrideStart() || this.isVersionStatement();
  }

  protected isVersionStatement(): boolean {
    if (this.peek().image !== "version") return false;
    return !["is", "must", "should", "read", ":"].includes(this.peek(2).image);
  }

  protected isBlockEnd(): boolean {
    return this.isAt(RCurly) || this.isAt(EOF) || this.isFileItemStart();
  }
}

/** A rule's type, for the classes that build on it. */
