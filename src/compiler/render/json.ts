import type { Diagnostic, Place } from "../diagnostic.ts";

/** Lines and columns count from 1. Source: language.md "Diagnostics". */
const flat = ({ line, column, endLine, endColumn }: Place) => ({ line, column, endLine, endColumn });

/** An array of `{file, code, severity, line, column, endLine, endColumn, message, help, related, fix}`. */
export function renderJson(diagnostics: readonly Diagnostic[]): string {
  const rows = diagnostics.map(({ file, code, severity, place, message, help, related, fix }) => ({
    file,
    code,
    severity,
    ...flat(place),
    message,
    help,
    related: related.map((other) => ({ file: other.file, ...flat(other.place), message: other.message })),
    fix: fix === null ? null : { ...flat(fix.place), text: fix.text, title: fix.title },
  }));
  return `${JSON.stringify(rows, null, 1)}\n`;
}
