import type { Broken } from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import { Mistake, named, spanOf } from "./mistakes.ts";
import { TestRules } from "./parser-tests.ts";
import { EndOfFile, LCurly, RCurly } from "./tokens.ts";

/** What a body's `{` and `}` belong to, for the message about a missing one. */
export interface Block {
  readonly words: string;
  readonly opened: MaintToken;
}

/** Headers, braces and lists of items: where recovery happens. */
export abstract class BlockRules extends TestRules {
  private missingBraceAt = -1;

  protected forgetBlocks(): void {
    this.missingBraceAt = -1;
  }

  /** Reads a header; after a mistake in it skips to its `{`, so that the body is read as usual. Answers whether all went well. */
  protected header(parse: () => void): boolean {
    if (this.RECORDING_PHASE) {
      parse();
      return true;
    }
    try {
      parse();
      if (!this.isAt(LCurly)) this.refuseHeader();
      return true;
    } catch (error) {
      this.report(error);
      this.skipUntil(() => this.isAt(LCurly) || this.isAt(RCurly) || this.peek().lineStart);
      return false;
    }
  }

  /**
   * A line that begins no deeper than the broken item did, and with a word that is no modifier's: the next item, broken too.
   * Layout means nothing to the language; it only helps to tell where one mistake ends.
   */
  private isOutdented(first: MaintToken): boolean {
    const next = this.peek();
    if (!first.lineStart || next === first || !this.opensItem()) return false;
    const column = ({ startOffset }: MaintToken): number =>
      startOffset - this.source.lastIndexOf("\n", startOffset - 1);
    return column(next) <= column(first);
  }

  private refuseHeader(): never {
    const missing = this.missingBefore(this.peek(), "`{`");
    if (missing !== undefined) throw new Mistake(missing);
    return this.fail("`{`");
  }

  /** After a broken header the brace may be missing too: then it counts as written. */
  protected open(headerIsWhole: boolean): void {
    if (headerIsWhole || this.isAt(LCurly)) this.CONSUME(LCurly);
  }

  protected close({ words, opened }: Block): void {
    if (this.RECORDING_PHASE || this.isAt(RCurly)) {
      this.CONSUME(RCurly);
      return;
    }
    const next = this.peek();
    if (this.missingBraceAt === next.index) return;
    this.missingBraceAt = next.index;
    const atEnd = this.isAt(EndOfFile);
    const end = this.spanFrom(opened).end;
    this.note({
      code: "syntax",
      message: `expected the \`}\` of \`${words}\`, found ${named(next)}`,
      span: atEnd ? { start: end, end } : spanOf(next),
      related: [{ message: `\`${words}\` begins here`, span: spanOf(opened) }],
      help: "close it with `}` on a line of its own",
    });
  }

  /** Reads items until `stops`; a broken one is reported once, and reading goes on at a line that `starts` another. */
  protected list<N>(
    parse: () => N,
    where: Broken["where"],
    stops: () => boolean,
    starts: () => boolean,
  ): (N | Broken)[] {
    const items: (N | Broken)[] = [];
    if (this.RECORDING_PHASE) {
      this.MANY9(() => items.push(parse()));
      return items;
    }
    const outer = this.startsItem;
    while (!this.isAt(EndOfFile) && !stops()) {
      this.startsItem = starts;
      const first = this.peek();
      let depth = 0;
      let from = -1;
      items.push(
        this.guarded(parse, where, () => {
          const token = this.peek();
          if (depth === 0 && (stops() || (token.lineStart && (starts() || this.isOutdented(first))))) return true;
          if (this.isFileItemStart()) return true;
          if (from !== token.index && this.isAt(LCurly)) depth += 1;
          if (from !== token.index && this.isAt(RCurly)) depth -= 1;
          from = token.index;
          return false;
        }),
      );
    }
    this.startsItem = outer;
    return items;
  }
}
