import { expect, test } from "vitest";
import { walk } from "../../grammar/child-keys.ts";
import { parse, SOURCE_LIMITS } from "../../grammar/parser.ts";
import * as limits from "../../src/model/limits.ts";
import { lineOf, specBad } from "./sources.ts";

const clause = (line: string): string =>
  `contract C "x" {\n  for every station\n  before every test {\n    one:\n      ${line}\n    two:\n      the lamp must be in service\n  }\n}\n`;
const found = (text: string): string[] =>
  parse(text).diagnostics.map(({ code, span }) => `${code}:${lineOf(text, span.start)}`);

/** What a source must give: `code:line` of each diagnostic, no more and no less. */
const table: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
  ["a sound clause", clause("each day, q must be at least 5 psi"), []],
  ["an equals sign", clause("each day, q must be == 5 psi"), ["syntax:5"]],
  ["a sign for at least", clause("each day, q must be >= 5 psi"), ["syntax:5"]],
  ["two limits by a sign", clause("each day, q must be at least 5 psi && at most 9 psi"), ["syntax:5"]],
  [
    "two limits by a word, wrapped",
    clause("each day, q must be at least 5 psi\n        and at most 9 psi"),
    ["syntax:6"],
  ],
  ["no comma behind the period", clause("each day q must be at least 5 psi"), ["syntax:5"]],
  ["no comma before a modifier", clause("each day, q must be at least 5 psi guarded by 1 psi"), ["syntax:5"]],
  ["a wrapped modifier after a mistake", clause("each day, q must == 5 psi,\n        guarded by 1 psi"), ["syntax:5"]],
  ["grouping", clause("each day, q must be at least 1,000 psi"), ["syntax:5"]],
  ["an exponent", clause("each day, q must be at least 1e3 psi"), ["syntax:5"]],
  ["shall for must", clause("the lamp shall be in service"), ["syntax:5"]],
  ["is for must be", clause("the lamp is calibrated every 12 months"), ["syntax:5"]],
  ["a semicolon", clause("the lamp must be in service;"), ["syntax:5"]],
  ["a modifier of another clause", clause("the lamp must be in service, guarded by 1 psi"), ["syntax:5"]],
  ["a modifier twice", clause("the lamp must be in service, never overridable, never overridable"), ["syntax:5"]],
  ["a period where none goes", clause("each day, the lamp must be in service"), ["syntax:5"]],
  ["an unterminated text", clause('each day, the operator must acknowledge "x'), ["syntax:5"]],
  ["a hidden sign in a text", clause('each day, the operator must acknowledge "x\u202Ey"'), ["syntax:5"]],
  ["a hidden sign in a comment", clause("the lamp must be in service // \u200Bx"), ["syntax:5"]],
  [
    "two mistakes in two clauses",
    clause("the lamp must bee in service\n      the lamp must be on service"),
    ["syntax:5", "syntax:6"],
  ],
  [
    "a version",
    clause("the lamp must be in service").replace("for every", 'version "1.2"\n  for every'),
    ["version-in-contract:2"],
  ],
  ["an equipment called version", 'contract C "x" {\n  version is a meter\n}\n', []],
  ["a stray closing brace", `}\n${clause("the lamp must be in service")}`, ["syntax:1"]],
  [
    "a missing brace before a contract",
    'contract A "x" {\n  for every station\ncontract B "y" {\n  for every station\n}\n',
    ["syntax:3"],
  ],
  ["a missing brace at the end", 'contract A "x" {\n  for every station\n', ["syntax:2"]],
  [
    "a missing brace of a block",
    clause("the lamp must be in service").replace("  }\n}", "  when blocked, tell supervisor\n}"),
    ["syntax:8"],
  ],
  ["an unterminated title", 'contract A "x {\n  for every station\n}\ncontract B "y" {\n}\n', ["syntax:1"]],
  ["a wrong contract id", 'contract lp-2 "x" {\n  for every station\n}\n', ["syntax:1"]],
  ["a wrong header of a block", clause("the lamp must be in service").replace("every test", "evry test"), ["syntax:3"]],
  ["a clause without a name", clause("the lamp must be in service").replace("    one:\n", ""), ["syntax:4"]],
  ["a broken test statement", 'test "x" of A {\n  at 2026-11-24 in UTC\n  expect allowed\n}\n', ["syntax:2"]],
  ["a name that is too long", clause(`the ${"x".repeat(65)} must be in service`), ["limit-exceeded:5"]],
  ["nothing", "", []],
];

test.each(table)("%s", (_, text, expected) => expect(found(text)).toEqual(expected));

test("the specification's mistakes give one syntax, on line 15", () => {
  const all = specBad.flatMap(({ name, text }) => found(text).map((one) => `${name} ${one}`));
  const expected = ["five-mistakes.maint syntax:15", "version-in-contract.maint version-in-contract:2"];
  if (specBad.length > 0) expect(all).toEqual(expected);
});

test("what follows a mistake is read, and names in it count as used or declared", () => {
  const text = clause("the lamp shall be in service").replace(
    "for every",
    'meter is a radiometer by default "x"\n  for every',
  );
  const { file, diagnostics } = parse(text);
  expect(diagnostics.length).toBe(2);
  const broken: string[] = [];
  const kinds: string[] = [];
  walk(file, (node) => {
    kinds.push(node.kind);
    if (node.kind !== "broken") return;
    broken.push(`${node.declares?.text ?? "-"}: ${node.names.map((name) => name.text).includes("lamp")}`);
  });
  expect(broken).toEqual(["meter: false", "-: true"]);
  expect(kinds).toContain("service-state");
});

test("every span of the tree lies in the source and inside its parent", () => {
  const text = clause("each day, q read with the m must be between 1 and 5 psi, guarded by 1 psi");
  walk(parse(text).file, ({ span }) => {
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(text.length);
  });
});

test("limits are those of the model, and refuse", () => {
  expect(SOURCE_LIMITS).toEqual({
    maxSourceBytes: limits.MAX_SOURCE_BYTES,
    maxNestingDepth: limits.MAX_NESTING_DEPTH,
    maxClauses: limits.MAX_CLAUSES,
    maxMistakes: limits.MAX_MISTAKES,
  });
  const only = (text: string): string[] => parse(text).diagnostics.map(({ code }) => code);
  expect(only(`//${"é".repeat(limits.MAX_SOURCE_BYTES / 2)}`)).toEqual(["limit-exceeded"]);
  expect(only(`contract A "x" ${"{".repeat(limits.MAX_NESTING_DEPTH + 1)}`)).toEqual(["limit-exceeded"]);
  const many = (count: number): string => clause("the lamp must be in service\n".repeat(count));
  expect(only(many(limits.MAX_CLAUSES - 1))).toEqual([]);
  expect(only(many(limits.MAX_CLAUSES))).toEqual(["limit-exceeded"]);
  const wrong = (count: number): string[] => only(clause("the lamp must bee in service\n".repeat(count)));
  expect(wrong(limits.MAX_MISTAKES)).toEqual(Array(limits.MAX_MISTAKES).fill("syntax"));
  expect(wrong(limits.MAX_MISTAKES + 5)).toEqual(["limit-exceeded", ...Array(limits.MAX_MISTAKES + 1).fill("syntax")]);
});

test("messages speak to engineers, not of tokens", () => {
  for (const [, text] of table) {
    for (const { message, help } of parse(text).diagnostics) {
      expect(`${message} ${help ?? ""}`).not.toMatch(/token|Curly|RULE|EOF|undefined|alternative/i);
    }
  }
});
