import { expect, test } from "vitest";
import { check as checkSources, type DiagnosticCode, severityOf } from "../../../src/compiler/index.ts";

/** A contract around clauses: `body` stands in its condition, `declarations` and `members` around it. */
export interface Example {
  readonly declarations?: readonly string[];
  readonly clauses?: readonly string[];
  readonly members?: readonly string[];
  readonly title: string;
  /** A whole text instead. */
  readonly text?: string;
}

export interface Failing extends Example {
  /** Part of the line that the finding stands on. */
  readonly on: string;
  readonly message?: string;
}

const METER = 'meter is a radiometer, by default "LM-1"';
const CALIBRATED = "the meter must be calibrated every 12 months";

export function textOf({ declarations, clauses, members, text }: Example): string {
  if (text !== undefined) return text;
  const lines = [
    'contract EXAMPLE "Example" {',
    "  for every station",
    ...(declarations ?? [METER]).map((line) => `  ${line}`),
    "  before every test {",
    "    named:",
    ...(clauses ?? [CALIBRATED]).map((line) => `      ${line}`),
    "  }",
    ...(members ?? []).map((line) => `  ${line}`),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

const findingsOf = (text: string) => checkSources([{ name: "example.maint", text }]).diagnostics;

/** Passing texts give no finding at all; failing ones give exactly this code, on the line said, and nothing else. */
export function check(code: DiagnosticCode, passing: readonly Example[], failing: readonly Failing[]): void {
  for (const example of passing) {
    test(`${code} passes: ${example.title}`, () => {
      expect(findingsOf(textOf(example)).map(({ code: found, message }) => `${found}: ${message}`)).toEqual([]);
    });
  }
  for (const example of failing) {
    test(`${code} finds: ${example.title}`, () => {
      const text = textOf(example);
      const found = findingsOf(text);
      expect(found.map((one) => one.code)).toEqual([code]);
      const [one] = found;
      expect(one?.severity).toBe(severityOf(code));
      expect(text.split("\n")[(one?.place.line ?? 0) - 1]).toContain(example.on);
      if (example.message !== undefined) expect(`${one?.message} ${one?.help}`).toContain(example.message);
    });
  }
}
