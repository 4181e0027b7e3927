import type { SourceFile, Span } from "./ast.ts";

export interface Comment {
  /** With its slashes, without trailing blanks. */
  readonly text: string;
  readonly doc: boolean;
  readonly span: Span;
  /** It stands behind code on its line. */
  readonly trailing: boolean;
  readonly blankBefore: boolean;
  readonly blankAfter: boolean;
}

export type SyntaxCode = "syntax" | "version-in-contract" | "limit-exceeded";

/** A fix replaces the text of `span` by `text`. */
export interface SyntaxFix {
  readonly span: Span;
  readonly text: string;
}

export interface SyntaxDiagnostic {
  readonly code: SyntaxCode;
  readonly message: string;
  readonly span: Span;
  readonly related?: readonly { readonly message: string; readonly span: Span }[];
  readonly help?: string;
  readonly fix?: SyntaxFix;
}

/** `comments` in source order, doc comments included; `diagnostics` by position, all of them errors. */
export interface ParseResult {
  readonly file: SourceFile;
  readonly diagnostics: readonly SyntaxDiagnostic[];
  readonly comments: readonly Comment[];
}
