import type { Span } from "../../grammar/ast.ts";
import type { Comment } from "../../grammar/parse-result.ts";

const MAX_COLUMNS = 100;

/** Lines of a formatted file. Comments are put back by where they stood: behind a line, or above what came next. */
export class Layout {
  readonly #lines: string[] = [];
  readonly #comments: readonly Comment[];
  readonly #starts: ReadonlySet<number>;
  #next = 0;
  #blank = false;
  #opensBlock = false;
  /** Whether the last line is code that has no comment behind it yet. */
  #takesTrailing = false;

  constructor(comments: readonly Comment[]) {
    this.#comments = comments;
    this.#starts = new Set(comments.map(({ span }) => span.start));
  }

  /** Asks for a blank line before the next one; at the start of a block or file there is none. */
  blank(): void {
    this.#blank = true;
  }

  /** Puts the comments that begin before `end` in front of the line to come, those behind code first. */
  commentsBefore(start: number, end: number, depth: number, group: boolean): void {
    for (let next = this.#peek(start); next?.trailing && this.#takesTrailing; next = this.#peek(start)) {
      this.#lines.push(`${this.#lines.pop()} ${next.text}`);
      this.#takesTrailing = false;
      this.#next += 1;
    }
    if (group) this.blank();
    for (let next = this.#peek(end); next !== undefined; next = this.#peek(end)) {
      if (next.blankBefore) this.blank();
      this.#push(depth, next.text);
      this.#takesTrailing = false;
      if (next.blankAfter) this.blank();
      this.#next += 1;
    }
  }

  #peek(before: number): Comment | undefined {
    const next = this.#comments[this.#next];
    return next !== undefined && next.span.start < before ? next : undefined;
  }

  /** One statement: on one line where it fits, else broken behind the last comma that fits, two spaces deeper. */
  statement(depth: number, pieces: readonly string[], end = ""): void {
    let line = "";
    let indent = depth;
    for (const [index, piece] of pieces.entries()) {
      const last = index === pieces.length - 1;
      const joined = line === "" ? piece : `${line} ${piece}`;
      const width = indent * 2 + joined.length + (last ? end.length : 1);
      if (line !== "" && width > MAX_COLUMNS) {
        this.code(indent, line);
        indent = depth + 1;
        line = piece;
      } else line = joined;
      if (!last) line += ",";
    }
    this.code(indent, `${line}${end}`);
  }

  code(depth: number, text: string): void {
    this.#push(depth, text);
    this.#takesTrailing = true;
  }

  #push(depth: number, text: string): void {
    const last = this.#lines.at(-1);
    if (this.#blank && last !== undefined && !this.#opensBlock) this.#lines.push("");
    this.#blank = false;
    this.#opensBlock = false;
    this.#lines.push(`${"  ".repeat(depth)}${text}`);
  }

  /** The line just written opened a block: no blank line follows it. */
  opened(): void {
    this.#opensBlock = true;
  }

  /** `}` behind what is left inside the block. */
  close(block: Span, depth: number): void {
    this.commentsBefore(block.end, block.end, depth + 1, false);
    this.#blank = false;
    this.code(depth, "}");
  }

  /** Doc lines of a node whose comments were not given, such as one that a program made. */
  docs(depth: number, lines: readonly string[]): void {
    for (const line of lines) this.#push(depth, line === "" ? "///" : `/// ${line}`);
  }

  holds({ start }: Span): boolean {
    return this.#starts.has(start);
  }

  finish(): string {
    this.commentsBefore(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, false);
    return this.#lines.length === 0 ? "" : `${this.#lines.join("\n")}\n`;
  }
}
