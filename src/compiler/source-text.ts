import type { Span } from "../../grammar/ast.ts";
import type { Place } from "./diagnostic.ts";

/** A file as it was given: `name` is what diagnostics show, a path or whatever the caller calls it. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

export interface SourceText extends Source {
  /** Offset of each line's first character. */
  readonly lineStarts: readonly number[];
}

export function sourceText({ name, text }: Source): SourceText {
  const lineStarts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) lineStarts.push(match.index + match[0].length);
  return { name, text, lineStarts };
}

/** The line, from 1, that holds an offset. */
export function lineAt({ lineStarts }: SourceText, offset: number): number {
  let low = 0;
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

export function placeOf(source: SourceText, { start, end }: Span): Place {
  const from = Math.max(0, Math.min(start, source.text.length));
  const to = Math.max(from, Math.min(end, source.text.length));
  const line = lineAt(source, from);
  const endLine = lineAt(source, to);
  const column = (at: number, inLine: number): number => at - (source.lineStarts[inLine - 1] ?? 0) + 1;
  return { line, column: column(from, line), endLine, endColumn: column(to, endLine) };
}

/**
 * Where a diagnostic about `spot` inside `thing` stands: at the spot while it is on the thing's first line, else on that
 * line as a whole. Source: language.md "Its line is that of the first token of the thing it is about".
 */
export function placeWithin(source: SourceText, thing: Span, spot: Span): Place {
  const whole = placeOf(source, thing);
  const exact = placeOf(source, spot);
  return exact.line === whole.line ? exact : firstLineOf(source, thing);
}

/** A thing's place, cut at the end of its first line. */
export function firstLineOf(source: SourceText, thing: Span): Place {
  const whole = placeOf(source, thing);
  if (whole.endLine === whole.line) return whole;
  const next = source.lineStarts[whole.line] ?? source.text.length;
  const end = source.text.slice(0, next).trimEnd().length;
  return placeOf(source, { start: thing.start, end: Math.max(end, thing.start) });
}
