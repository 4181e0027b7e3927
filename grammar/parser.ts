import type { Doc, SourceFile, Span } from "./ast.ts";
import { type Scanned, scan } from "./lexer.ts";
import { TooMuch } from "./mistakes.ts";
import type { ParseResult, SyntaxDiagnostic } from "./parse-result.ts";
import { MaintParser } from "./parser-files.ts";

export type { Comment, ParseResult, SyntaxCode, SyntaxDiagnostic, SyntaxFix } from "./parse-result.ts";

/** The grammar imports nothing of the model: a test holds these against model/limits.ts. */
export interface SourceLimits {
  readonly maxSourceBytes: number;
  readonly maxNestingDepth: number;
  readonly maxClauses: number;
  /** Reading ends after so many: each costs far more than a sound line, and nobody reads on. */
  readonly maxMistakes: number;
}
export const SOURCE_LIMITS: SourceLimits = {
  maxSourceBytes: 1 << 20,
  maxNestingDepth: 64,
  maxClauses: 10_000,
  maxMistakes: 500,
};

let shared: MaintParser | undefined;

/** Made at the first use: analysing the grammar costs more than parsing a contract. */
function parser(): MaintParser {
  shared ??= new MaintParser();
  return shared;
}

/**
 * Reads one `.maint` source. Never throws: mistakes are diagnostics, and what could not be read is a `broken` node.
 * A source beyond a limit gives `limit-exceeded` and an empty file; one with too many mistakes also those that were found.
 */
export function parse(source: string, limits: SourceLimits = SOURCE_LIMITS): ParseResult {
  if (byteLength(source) > limits.maxSourceBytes) {
    return refused(source, `the file has more than ${limits.maxSourceBytes} bytes`, { start: 0, end: 0 });
  }
  const scanned = scan(source);
  if (scanned.deepest > limits.maxNestingDepth) {
    return refused(source, `blocks are nested more than ${limits.maxNestingDepth} deep`, { start: 0, end: 0 });
  }
  const reader = parser();
  reader.prepare(source, scanned.tokens, docsOf(scanned), limits);
  try {
    const file = reader.file();
    const diagnostics = [...scanned.diagnostics.slice(0, limits.maxMistakes), ...reader.found].sort(byPlace);
    reader.release();
    return { file, diagnostics, comments: scanned.comments };
  } catch (error) {
    // A parser stopped midway is thrown away: its rule stack is not known to be clean.
    shared = undefined;
    if (!(error instanceof TooMuch)) throw error;
    if (error.of === "clauses") {
      return refused(source, `the file has more than ${limits.maxClauses} clauses`, { start: 0, end: 0 });
    }
    const first = scanned.diagnostics.slice(0, limits.maxMistakes);
    const rest = refused(source, `the file has more than ${limits.maxMistakes} mistakes`, { start: 0, end: 0 });
    return { ...rest, diagnostics: [...rest.diagnostics, ...[...first, ...reader.found].sort(byPlace)] };
  }
}

const byPlace = (a: SyntaxDiagnostic, b: SyntaxDiagnostic): number =>
  a.span.start - b.span.start || a.span.end - b.span.end;

function refused(source: string, message: string, span: Span): ParseResult {
  const file: SourceFile = { kind: "file", items: [], span: { start: 0, end: source.length } };
  const help = message.endsWith("mistakes")
    ? "mend the first ones; the rest was not read"
    : "split it into several files";
  const diagnostic: SyntaxDiagnostic = { code: "limit-exceeded", message, span, help };
  return { file, diagnostics: [diagnostic], comments: [] };
}

/** UTF-8 bytes: a pair of surrogates is four, any other unit beyond ASCII two or three. */
function byteLength(source: string): number {
  let bytes = source.length;
  for (let at = 0; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    if (code < 0x80) continue;
    const isSurrogate = code >= 0xd800 && code < 0xe000;
    bytes += code < 0x800 || isSurrogate ? 1 : 2;
  }
  return bytes;
}

/** Doc comments by the offset of the token they stand above. */
function docsOf({ comments, tokens, tokenAfter }: Scanned): ReadonlyMap<number, Doc> {
  const docs = new Map<number, Doc & { readonly lines: string[] }>();
  for (const [index, { text, doc, trailing, span }] of comments.entries()) {
    const token = tokens[tokenAfter[index] ?? 0];
    if (!doc || trailing || token === undefined) continue;
    const lines = docs.get(token.startOffset)?.lines ?? [];
    lines.push(text.slice(3).replace(/^ /, ""));
    const start = docs.get(token.startOffset)?.span.start ?? span.start;
    docs.set(token.startOffset, { kind: "doc", lines, span: { start, end: span.end } });
  }
  return docs;
}
