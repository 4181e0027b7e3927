import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AssertionFailed } from "../../src/base/assert.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { check, compile, type DiagnosticFormat, renderDiagnostics } from "../../src/compiler/index.ts";
import { formatSource } from "../../src/compiler/print.ts";
import { RULE_OPERATORS } from "../../src/model/bundle.ts";

const shipped = readdirSync("contracts", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".maint"))
  .map((path) => `contracts/${path}`)
  .sort();
const goldens = readdirSync("test/golden").filter((path) => path.endsWith(".maint"));
const read = (path: string) => ({ name: path, text: readFileSync(path, "utf8") });
const texts = [...shipped, ...goldens.map((path) => `test/golden/${path}`)].map((path) => read(path).text);

test("shipped contracts compile, format to themselves and carry tests", () => {
  expect(shipped.length).toBeGreaterThan(3);
  const readFacts = (file: string, from: string) => readFileSync(join(dirname(from), file), "utf8");
  const { contracts, diagnostics } = compile(shipped.map(read), { readFacts });
  expect(diagnostics).toEqual([]);
  for (const { bundle } of contracts) expect(bundle.tests.length, bundle.contract).toBeGreaterThan(1);
  for (const path of shipped) expect(formatSource(read(path).text)).toEqual({ ok: true, text: read(path).text });
});

test("a bundle is canonical, its rules permit and hold nothing else", () => {
  for (const { bundle, bytes } of compile(shipped.map(read)).contracts) {
    expect(canonicalJson(JSON.parse(bytes))).toBe(bytes);
    const facts = new Set(bundle.facts.map(({ name }) => name));
    for (const { conditions, event } of bundle.rules) {
      expect(event.type).toBe("permit");
      expect(conditions.all[0]).toMatchObject({ operator: "equal", value: "known" });
      for (const { fact, operator } of conditions.all) {
        expect(facts.has(fact)).toBe(true);
        expect(RULE_OPERATORS).toContain(operator);
      }
    }
  }
});

test("the same text gives the same bytes, whatever is compiled beside it", () => {
  const alone = shipped.flatMap((path) => compile([read(path)]).contracts.map(({ bytes }) => bytes));
  expect(compile(shipped.map(read)).contracts.map(({ bytes }) => bytes)).toEqual(alone);
});

test("a contract is made from its template's clauses and its own, lines as in the file", () => {
  const text = `template station "S" with limit = 1000 uW/cm2 {
  uv is measured in uW/cm2
  before every test {
    first:
      each day, uv must be at least limit
  }
}
contract ONE "One" from station with limit = 2 mW/cm2 {
  before every test {
    second:
      each shift, uv should be at least 3 mW/cm2
  }
}
`;
  const { contracts, diagnostics } = compile([{ name: "x", text }]);
  expect(diagnostics).toEqual([]);
  const clauses = contracts[0]?.bundle.clauses.map(({ line, text: shown, strictness }) => ({
    line,
    shown,
    strictness,
  }));
  expect(clauses).toEqual([
    { line: 5, shown: "each day, uv must be at least 2 mW/cm2", strictness: "must" },
    { line: 11, shown: "each shift, uv should be at least 3 mW/cm2", strictness: "should" },
  ]);
});

test("contracts that bind one station may not contradict each other", () => {
  const of = (id: string, limit: string, who = "every station") => ({
    name: `${id}.maint`,
    text: `contract ${id} "x" {\n  for ${who}\n  p is measured in psi\n  before every test {\n    c:\n      each day, p must be ${limit}\n  }\n}\n`,
  });
  const codes = (...sources: ReturnType<typeof of>[]) =>
    check(sources).diagnostics.map(({ code, file }) => `${code} ${file}`);
  expect(codes(of("ONE", "at least 40 psi"), of("TWO", "at most 30 psi"))).toEqual(["contradiction TWO.maint"]);
  expect(
    codes(of("ONE", "at least 40 psi", "every wash station"), of("TWO", "at most 30 psi", "every oven station")),
  ).toEqual([]);
});

test("every format renders every finding", () => {
  const sources = [{ name: "a b/x,1.maint", text: 'contract A "x" {\n  oven is a drying-oven\n}\n' }];
  const { diagnostics } = check(sources);
  expect(diagnostics.map(({ code }) => code)).toEqual(["empty-contract", "unused-name"]);
  const render = (format: DiagnosticFormat) =>
    renderDiagnostics(format, diagnostics, { textOf: () => sources[0]?.text });
  expect(render("text")).toContain('1 | contract A "x" {\n  | ^^^^^');
  expect(JSON.parse(render("json"))).toMatchObject([
    { code: "empty-contract", line: 1, column: 1 },
    { code: "unused-name" },
  ]);
  expect(render("github")).toContain("::error file=a b/x%2C1.maint,line=1,col=1,");
  expect(JSON.parse(render("sarif"))).toMatchObject({
    version: "2.1.0",
    runs: [{ results: [{ level: "error" }, {}] }],
  });
});

const WORDS = [
  ...'{}:,"\n ',
  " must ",
  " each day, ",
  " at least ",
  " 5 ",
  " psi",
  " before every test {",
  'contract X "x" {',
];

/** Texts with something cut out, put in or doubled; answers the first that throws. */
function firstThrown(compileText: (text: string) => unknown, runs: number): string | undefined {
  const mutated = fc
    .tuple(
      fc.constantFrom(...texts),
      fc.nat(),
      fc.nat(60),
      fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 })),
    )
    .map(([text, at, length, put]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + put + text.slice(from + length);
    });
  const details = fc.check(
    fc.property(mutated, (text) => void compileText(text)),
    { numRuns: runs, seed: 7 },
  );
  return details.failed ? String(details.counterexample?.[0]) : undefined;
}

test("no text makes the compiler throw", () => {
  expect(firstThrown((text) => compile([{ name: "x", text }]), 1500)).toBeUndefined();
});

test("the search for a throw finds a planted one", () => {
  const planted = (text: string) => {
    if (compile([{ name: "x", text }]).diagnostics.some(({ code }) => code === "syntax"))
      throw new AssertionFailed("planted");
  };
  expect(firstThrown(planted, 300)).toBeDefined();
});

test("one brace too many is one mistake, whatever it leaves outside", () => {
  const { name, text } = read("contracts/penetrant/uv-lamp-daily.maint");
  const found = (changed: string) =>
    check([{ name, text: changed }]).diagnostics.map(({ code, place }) => `${code}:${place.line}`);
  const lines = text.split("\n").length - 1;
  expect(found(text.replace("  test ", "}\n  test "))).toEqual([`syntax:${lines + 1}`]);
  // A test of its own without a contract's id is still a mistake.
  expect(found(`${text}test "x" {\n  expect allowed\n}\n`)).toEqual([`syntax:${lines + 1}`]);
});
