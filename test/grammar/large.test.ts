import { expect, test } from "vitest";
import { parse } from "../../grammar/parser.ts";
import { compile } from "../../src/compiler/index.ts";
import { formatSource } from "../../src/compiler/print.ts";
import { MAX_CLAUSES, MAX_DIAGNOSTICS, MAX_MISTAKES, MAX_SOURCE_BYTES } from "../../src/model/limits.ts";

const filled = (piece: string, length = MAX_SOURCE_BYTES - 300): string =>
  piece.repeat(Math.floor(length / piece.length));
const inCondition = (lines: string): string =>
  `contract C "x" {\n  for every station\n  lamp is a uv-a-lamp\n\n  before every test {\n    one:\n${lines}\n  }\n}\n`;

/** Large and wrong sources, and the code that each must give. Nothing is timed here: what would hang, hangs the test. */
const table: readonly (readonly [what: string, text: string, code: string])[] = [
  ["100,000 levels of nesting", `contract A "x" ${"{".repeat(100_000)}`, "limit-exceeded"],
  ["100,000 blocks closed at once", `${"{".repeat(100_000)}${"}".repeat(100_000)}`, "limit-exceeded"],
  ["contracts in contracts without end", filled('contract A "x" {\n'), "limit-exceeded"],
  ["a mebibyte of words on one line", filled("x "), "syntax"],
  ["a mebibyte of words, one a line", filled("x\n"), "limit-exceeded"],
  ["a mebibyte of quotes", filled('"'), "syntax"],
  ["a mebibyte of apostrophes", filled("'"), "syntax"],
  ["a mebibyte of commas", filled(","), "syntax"],
  ["a mebibyte of braces", filled("}\n"), "syntax"],
  ["a mebibyte of backslashes in a text", `"${filled("\\")}`, "syntax"],
  ["a mebibyte of one number", filled("9"), "syntax"],
  ["a mebibyte of one unit", `5 ${filled("a.")}`, "syntax"],
  ["a mebibyte of one name", filled("a-"), "syntax"],
  ["hidden signs in every comment", filled("// \u200b\n"), "limit-exceeded"],
  ["one byte too many", "x".repeat(MAX_SOURCE_BYTES + 1), "limit-exceeded"],
  ["one clause too many", inCondition("      the lamp must be in service\n".repeat(MAX_CLAUSES + 1)), "limit-exceeded"],
  ["a mistake in each of 9,000 clauses", inCondition("      the lamp must bee on\n".repeat(9000)), "limit-exceeded"],
  ["20,000 clauses on one line", inCondition("the lamp must be in servis ".repeat(20_000)), "syntax"],
];

test.each(table)("%s", (_, text, code) => {
  const { diagnostics } = parse(text);
  expect(diagnostics.length).toBeGreaterThan(0);
  expect(diagnostics.length).toBeLessThanOrEqual(MAX_MISTAKES + 2);
  expect(formatSource(text).ok).toBe(false);
  const found = compile([{ name: "large.maint", text }]);
  expect(found.contracts).toEqual([]);
  expect(found.diagnostics.length).toBeLessThanOrEqual(MAX_DIAGNOSTICS + 1);
  expect(found.diagnostics.map((one) => one.code)).toContain(code);
});
