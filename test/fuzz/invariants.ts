import { parse } from "../../grammar/parser.ts";
import { compile } from "../../src/compiler/index.ts";
import { formatSource } from "../../src/compiler/print.ts";
import { findUnit } from "../../src/model/units.ts";

/** What is fuzzed; a control plants a bug in one of them. */
export interface Subject {
  readonly parse: typeof parse;
  readonly format: typeof formatSource;
  readonly compile: typeof compile;
}
export const ourSubject: Subject = { parse, format: formatSource, compile };

/** The tree without places, and with what the formatter may change made equal. */
function bare(text: string, { parse }: Subject): string {
  return JSON.stringify(parse(text).file, (key, value: unknown) => {
    if (key === "span" || key === "impliedOne" || key === "doc") return undefined;
    const node = value as { kind?: unknown; text?: unknown } | null;
    if (node?.kind !== "unit" || typeof node.text !== "string") return value;
    return findUnit(node.text)?.symbol ?? node.text.replace(/s$/, "");
  });
}

/** Parsing never throws; every place lies in the source; each mistake has words. */
export function parseViolation(text: string, subject: Subject): string | undefined {
  const { file, diagnostics } = subject.parse(text);
  if (file.kind !== "file") return "no file comes back";
  for (const { message, span } of diagnostics) {
    if (message === "") return "a mistake without words";
    if (!(span.start >= 0 && span.end >= span.start && span.end <= text.length)) return "a place outside the source";
  }
  return undefined;
}

/** What parses prints to a text that prints as itself, means the same and keeps every comment; the rest is refused with a reason. */
export function formatViolation(text: string, subject: Subject): string | undefined {
  const formatted = subject.format(text);
  if (!formatted.ok) return formatted.diagnostics.length > 0 ? undefined : "refused without a reason";
  const again = subject.format(formatted.text);
  if (!again.ok) return "its print does not parse";
  if (again.text !== formatted.text) return "printing twice differs";
  if (bare(text, subject) !== bare(formatted.text, subject)) return "the meaning changed";
  const comments = (source: string): string =>
    subject
      .parse(source)
      .comments.map((one) => one.text)
      .sort()
      .join("\n");
  return comments(text) === comments(formatted.text) ? undefined : "a comment is lost";
}

/** Checking and compiling never throw; what has an error gives no bundle. */
export function compileViolation(text: string, subject: Subject): string | undefined {
  const { contracts, diagnostics } = subject.compile([{ name: "fuzz.maint", text }]);
  const hasErrors = diagnostics.some(({ severity }) => severity === "error");
  if (hasErrors && contracts.length > 0) return "a file with an error gave a bundle";
  const lines = text.split(/\r\n|\n|\r/).length;
  return diagnostics.some(({ place }) => place.line < 1 || place.line > lines)
    ? "a place outside the source"
    : undefined;
}
