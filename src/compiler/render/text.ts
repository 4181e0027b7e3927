import type { Diagnostic, Place } from "../diagnostic.ts";
import type { RenderOptions } from "./options.ts";

/** A code frame each, as compilers print them: where, the line itself, the place underlined, what to do. */
export function renderText(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  return diagnostics.map((one) => `${frame(one, options)}\n`).join("\n");
}

function frame(one: Diagnostic, { textOf, paint }: RenderOptions): string {
  const style = paint ?? ((_: string, text: string) => text);
  const strong = one.severity === "error" ? "error" : "warning";
  const lastLine = Math.max(one.place.line, ...one.related.map(({ place }) => place.line));
  const gutter = " ".repeat(String(lastLine).length);
  const bar = style("faint", `${gutter} |`);
  const lines = [
    `${style(strong, `${one.severity}[${one.code}]`)}: ${style("bold", one.message)}`,
    `${gutter}${style("faint", "-->")} ${one.file}:${one.place.line}:${one.place.column}`,
    bar,
    ...excerpt(textOf(one.file), one.place, gutter, "^", (text) => style(strong, text), style),
  ];
  for (const { file, place, message } of one.related) {
    lines.push(`${gutter}${style("faint", ":::")} ${file}:${place.line}:${place.column} ${message}`);
    lines.push(...excerpt(textOf(file), place, gutter, "-", (text) => style("faint", text), style));
  }
  if (one.help !== null) lines.push(`${gutter} ${style("faint", "=")} ${style("bold", "help")}: ${one.help}`);
  if (one.fix !== null) lines.push(`${gutter} ${style("faint", "=")} ${style("bold", "fix")}: ${one.fix.title}`);
  return lines.join("\n");
}

/** A line longer than a screen is of no help; the place is cut out of it. */
const MAX_SHOWN = 160;

function excerpt(
  text: string | undefined,
  place: Place,
  gutter: string,
  mark: string,
  colour: (text: string) => string,
  style: (name: "faint", text: string) => string,
): string[] {
  const line = text?.split(/\r\n|\n|\r/, place.line)[place.line - 1];
  if (line === undefined) return [];
  const start = Math.min(place.column - 1, line.length);
  const end =
    place.endLine === place.line ? Math.max(place.endColumn - 1, start + 1) : Math.max(line.length, start + 1);
  const from = start > MAX_SHOWN / 2 && line.length > MAX_SHOWN ? start - MAX_SHOWN / 2 : 0;
  const shown = line.slice(from, from + MAX_SHOWN).replace(/\t/g, " ");
  const width = Math.max(1, Math.min(end - start, MAX_SHOWN - (start - from)));
  const number = String(place.line).padStart(gutter.length);
  const underline = `${" ".repeat(start - from)}${colour(mark.repeat(width))}`;
  return [`${style("faint", `${number} |`)} ${shown}`, `${style("faint", `${gutter} |`)} ${underline}`];
}
