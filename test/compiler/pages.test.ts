import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check, DIAGNOSTIC_CODES } from "../../src/compiler/index.ts";
import { REASON_CODES, WARNING_CODES } from "../../src/model/reason-codes.ts";

const pageOf = (code: string): string => readFileSync(`docs/diagnostics/${code}.md`, "utf8");
const blocks = (page: string): string[] =>
  [...page.matchAll(/```maint\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
const codesOf = (text: string): string[] => check([{ name: "page.maint", text }]).diagnostics.map(({ code }) => code);

for (const code of DIAGNOSTIC_CODES) {
  test(`${code} has a page whose examples are true, and a test`, () => {
    const [wrong = "", right = ""] = blocks(pageOf(code));
    expect(codesOf(wrong)).toEqual([code]);
    expect(codesOf(right)).toEqual([]);
    expect(existsSync(`test/compiler/checks/${code}.test.ts`)).toBe(true);
  });
}

test("no page is left over", () => {
  expect(readdirSync("docs/diagnostics").sort()).toEqual(DIAGNOSTIC_CODES.map((code) => `${code}.md`).sort());
});

test("every reason and warning is explained", () => {
  const text = readFileSync("docs/reasons.md", "utf8");
  const explained = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
  expect(explained.sort()).toEqual([...new Set([...REASON_CODES, ...WARNING_CODES])].sort());
});
