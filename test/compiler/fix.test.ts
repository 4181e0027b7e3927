import { expect, test } from "vitest";
import { applyFixes, type CheckAll, isGuess } from "../../src/compiler/fix.ts";
import { check } from "../../src/compiler/index.ts";
import { mutated, seeded } from "../grammar/mutations.ts";
import { filesBelow } from "../tidy/source-files.ts";

const checkAll: CheckAll = (sources) => check(sources).diagnostics;
const fixed = (text: string, guesses = true) => applyFixes([{ name: "x.maint", text }], checkAll, { guesses });
const contract = (lines: readonly string[], more: readonly string[] = []): string =>
  [
    'contract C "x" {',
    "  for every station",
    '  meter is a radiometer, by default "LM-1"',
    "  uv is measured in uW/cm2, plausible from 0 to 100000",
    ...more.map((line) => `  ${line}`),
    "  before every test {",
    "    one:",
    "      the meter must be calibrated every 12 months",
    "      each day, uv must be at least 1000 uW/cm2",
    ...lines.map((line) => `      ${line}`),
    "  }",
    "}",
    "",
  ].join("\n");

const TEMPLATE = `template booth "Booth" with limit = 2 fc {
  for every station
  light is measured in fc
  before every test {
    dark:
      each day, light must be at most limit
  }
}
contract C "x" from booth with limitt = 1 fc {
}
`;

/** Each has one finding and one fix; with it nothing is left to say. */
const table: readonly (readonly [code: string, text: string])[] = [
  ["unknown-name", contract(["the meterr must be in service"])],
  ["unknown-unit", contract(["each day, uv must be at most 50000 uW/cm3"])],
  ["unknown-unit", contract(["the meter must have been on for at least 5 minuts"])],
  ["missing-unit", contract(["each day, uv must be at most 50000"])],
  ["unused-name", contract([], ['oven is a drying-oven, by default "OV-1"'])],
  ["syntax", contract(["the meter must be in service;"])],
  ["version-in-contract", contract([], ["version 1.2"])],
  [
    "override-unknown-reason",
    contract([]).replace(/}\n$/, "  QA may override calibration.overdu for at most 8 hours\n}\n"),
  ],
  [
    "test-unknown-condition",
    contract([]).replace(/}\n$/, '  test "t" {\n    at 2026-11-24 09:00 in UTC\n    expect blocked by onne\n  }\n}\n'),
  ],
  ["template-argument", TEMPLATE],
];
test.each(table)("the fix of %s removes it and adds nothing", (code, text) => {
  expect(checkAll([{ name: "x.maint", text }]).map((one) => one.code)).toEqual([code]);
  const { applied, remaining } = fixed(text);
  expect(applied.map((one) => one.code)).toEqual([code]);
  expect(remaining).toEqual([]);
});

test("fixes of one round are applied together, and a second time nothing changes", () => {
  const text = contract(["the meterr must be in service", "each day, uv must be at most 50000"]);
  const once = fixed(text);
  expect(once.applied.map(({ code }) => code)).toEqual(["unknown-name", "missing-unit"]);
  const [source = { name: "", text: "" }] = once.sources;
  expect(fixed(source.text).sources[0]?.text).toBe(source.text);
});

test("a unit that could only be guessed is left to a person who asks for it", () => {
  for (const line of ["each day, uv must be at most 50000", "each day, uv must be at most 50000 uW/cm3"]) {
    const { applied, remaining } = fixed(contract([line]), false);
    expect(applied).toEqual([]);
    expect(remaining.map(isGuess)).toEqual([true]);
  }
});

test("a version statement that shares its line is left to a person", () => {
  expect(fixed(contract([], ["version 1.2 // of May"])).applied).toEqual([]);
});

test("a declaration with a doc comment, or that a test names, is left to a person", () => {
  expect(fixed(contract([], ["/// Bought in May.", "oven is a drying-oven"])).applied).toEqual([]);
});

test("nothing is removed from a file that has an error", () => {
  expect(fixed(contract(["the zzz must be in service"], ["oven is a drying-oven"])).applied).toEqual([]);
});

/** What went wrong in fixing one text: a new error code, or more errors. */
function harm(text: string, repair: (text: string) => string): string[] {
  const errors = (of: string) => checkAll([{ name: "x.maint", text: of }]).filter((one) => one.severity === "error");
  const before = errors(text);
  const after = errors(repair(text));
  const codes = new Set(before.map(({ code }) => code));
  const fresh = after.filter(({ code }) => !codes.has(code)).map(({ code }) => code);
  return after.length > before.length ? [...fresh, "more errors"] : fresh;
}

const shipped = filesBelow(["contracts"], (path) => path.endsWith(".maint"))
  .map(({ text }) => text)
  .filter((text) => text.length < 6000);
const examples = [...shipped, ...table.map(([, text]) => text)];

test("no fix of 400 mutated contracts brings a new error code or more errors", () => {
  const below = seeded(20261124);
  let repaired = 0;
  for (let round = 0; round < 400; round += 1) {
    const text = mutated(examples, below);
    const result = fixed(text);
    if (result.applied.length > 0) repaired += 1;
    expect([round, ...harm(text, () => result.sources[0]?.text ?? "")]).toEqual([round]);
  }
  expect(repaired).toBeGreaterThan(20);
});

test("control: a fix that breaks something is refused, and the judge sees it", () => {
  const text = contract(["the meterr must be in service"]);
  const lying: CheckAll = (sources) =>
    checkAll(sources).map((one) => (one.fix === null ? one : { ...one, fix: { ...one.fix, text: "meter meter" } }));
  expect(applyFixes([{ name: "x.maint", text }], lying).sources[0]?.text).toBe(text);
  expect(harm(text, (all) => all.replace("meterr", "meter meter"))).toContain("syntax");
});
