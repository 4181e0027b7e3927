import { exhaustive } from "../../base/exhaustive.ts";
import type { Bundle, BundleClause, Freshness, ReadingClause } from "../../model/bundle.ts";
import { spanWords } from "./spans.ts";

/**
 * Texts with a new clause beside `clause`, best first: behind it on lines of its own, or right before it, which also serves
 * a contract written on one line. Who calls compiles them and takes the first that means what it should.
 */
export function insertBeside(
  text: string,
  bundle: Bundle,
  clause: BundleClause,
  words: { readonly clause: string; readonly because: string },
): readonly string[] {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(eol);
  const line = lines[clause.line - 1];
  if (line === undefined) return [];
  const indent = line.slice(0, clause.column - 1);
  const before = `${indent}${words.clause} because "${words.because}" ${line.slice(clause.column - 1)}`;
  const inline = lines.with(clause.line - 1, before).join(eol);
  if (indent.trim() !== "") return [inline];
  const own = [`${indent}${words.clause}`, `${indent}  because "${words.because}"`];
  return [lines.toSpliced(lastLineOf(lines, bundle, clause), 0, ...own).join(eol), inline];
}

/** The last line of the clause, from 1: before whatever comes next, comments and blank lines left to that. */
function lastLineOf(lines: readonly string[], bundle: Bundle, clause: BundleClause): number {
  const starts = [...bundle.clauses, ...bundle.conditions].map(({ line }) => line).filter((line) => line > clause.line);
  let last = Math.min(lines.length, ...starts.map((line) => line - 1));
  const closing = lines.findIndex((line, index) => index >= clause.line && line.trimStart().startsWith("}"));
  if (closing !== -1) last = Math.min(last, closing);
  while (last > clause.line && /^\s*(\/\/.*)?$/.test(lines[last - 1] ?? "")) last--;
  return last;
}

/** The warning as the formatter prints it: for which order, when, how often, which quantity, read with what; then the limit. */
export function warningClause(clause: ReadingClause, side: "low" | "high", value: string): string {
  const { order, attribute, freshness, quantity, readWith, limit } = clause;
  const words = [
    order === null ? "" : `for order ${JSON.stringify(order)}, `,
    attribute === null ? "" : `when the ${attribute.equipment} is ${attribute.attribute}, `,
    `${freshnessWords(freshness)}, ${quantity} `,
    readWith === null ? "" : `read with the ${readWith} `,
    `should be ${side === "low" ? "at least" : "at most"} ${value} ${limit.unit}`,
  ];
  return words.join("");
}

function freshnessWords(freshness: Freshness): string {
  switch (freshness.kind) {
    case "period":
      return `each ${freshness.period}`;
    case "every":
      return `every ${spanWords(freshness.span)}`;
    case "latest":
      return "from the latest readings";
    default:
      return exhaustive(freshness);
  }
}
