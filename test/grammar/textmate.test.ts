import { expect, test } from "vitest";
import { scan } from "../../grammar/lexer.ts";
import { type TextmatePattern, textmatePatterns } from "../../grammar/textmate.ts";
import { filesBelow } from "../tidy/source-files.ts";

interface Scoped {
  readonly start: number;
  readonly end: number;
  readonly scope: string;
}

const compiled = textmatePatterns().map((pattern) => ({ pattern, regex: new RegExp(pattern.match, "dgmu") }));

/** The earliest match wins, of equal ones the first pattern: what TextMate does with a flat list, line by line. */
function scopesOf(line: string): Scoped[] {
  const found: Scoped[] = [];
  for (let at = 0; at < line.length; ) {
    let best: { readonly match: RegExpExecArray; readonly pattern: TextmatePattern } | undefined;
    for (const { pattern, regex } of compiled) {
      regex.lastIndex = at;
      const match = regex.exec(line);
      if (match !== null && (best === undefined || match.index < best.match.index)) best = { match, pattern };
    }
    if (best === undefined) break;
    const { match, pattern } = best;
    for (const [group, capture] of Object.entries(pattern.captures ?? { 0: { name: pattern.name ?? "" } })) {
      const [start, end] = match.indices?.[Number(group)] ?? [0, 0];
      if (end > start) found.push({ start, end, scope: capture.name });
    }
    at = match.index + Math.max(1, match[0].length);
  }
  return found;
}

const table: readonly (readonly [line: string, part: string, scope: string])[] = [
  ["/// Why it is so.", "/// Why it is so.", "comment.line.documentation.maint"],
  ["  // note", "// note", "comment.line.double-slash.maint"],
  ['following "ASTM \\"E\\" // 1417"', '"ASTM \\"E\\" // 1417"', "string.quoted.double.maint"],
  ["contract MAIN-PEN-CHECK-001 {", "MAIN-PEN-CHECK-001", "entity.name.type.contract.maint"],
  ["contract MAIN-PEN-CHECK-001 {", "contract", "storage.type.maint"],
  ["    must-calibrate-before-test:", "    must-calibrate-before-test", "entity.name.section.condition.maint"],
  ["at least 1000 uW/cm2", "1000", "constant.numeric.maint"],
  ["at least 1000 uW/cm2", "uW/cm2", "keyword.other.unit.maint"],
  ["is measured in °F, plausible", "°F", "keyword.other.unit.maint"],
  ["from 0 to 100", "to", "keyword.other.maint"],
  ["at 2026-11-24 09:00 in America/Chicago", "2026-11-24", "constant.other.date.maint"],
  ["at 2026-11-24 09:00 in America/Chicago", "09:00", "constant.other.time.maint"],
  ["at 2026-11-24 09:00 in America/Chicago", "America/Chicago", "constant.other.zone.maint"],
  ["expect reason calibration.overdue of x", "calibration.overdue", "constant.language.reason.maint"],
  ["each day, the day-light must be", "day", "constant.language.period.maint"],
  ["each day, the day-light must be", "day-light", "variable.other.maint"],
  ["the lamp must be in service", "must", "keyword.control.strictness.maint"],
];
test.each(table)("%s | %s", (line, part, scope) => {
  expect(scopesOf(line).map(({ start, end, scope: name }) => [line.slice(start, end), name])).toContainEqual([
    part,
    scope,
  ]);
});

const expected: { readonly [token: string]: RegExp } = {
  Text: /^string\./,
  Quantity: /^constant\.numeric/,
  Date: /^constant\.other\.date/,
  Time: /^constant\.other\.time/,
  Zone: /^constant\.other\.zone/,
  ReasonCode: /^constant\.language\.reason/,
  Unit: /^keyword\.other\.unit/,
  Word: /^(variable|entity)\./,
};

test("every token of every shipped contract has the scope of its kind", () => {
  const wrong: string[] = [];
  let tokens = 0;
  for (const { path, text } of filesBelow(["contracts"], (path) => path.endsWith(".maint"))) {
    const lines = text.split("\n").map((line) => scopesOf(line));
    const starts = [0];
    for (const line of text.split("\n")) starts.push((starts.at(-1) ?? 0) + line.length + 1);
    for (const { image, startOffset, tokenType } of scan(text).tokens) {
      if (image === "") continue;
      tokens += 1;
      const line = starts.findLastIndex((start) => start <= startOffset);
      const column = startOffset - (starts[line] ?? 0);
      const scope = lines[line]?.findLast(({ start, end }) => start <= column && column < end)?.scope ?? "none";
      const want = expected[tokenType.name] ?? /^(storage|keyword|constant\.language|punctuation|entity)/;
      if (!want.test(scope)) wrong.push(`${path} ${tokenType.name} ${image}: ${scope}`);
    }
  }
  expect(tokens).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});
