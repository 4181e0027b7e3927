import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { AstNode } from "../../grammar/ast.ts";
import { walk } from "../../grammar/child-keys.ts";
import { parse } from "../../grammar/parser.ts";
import { coverageOf } from "../../src/cli/testing/coverage.ts";
import { type Compiled, compile } from "../../src/compiler/index.ts";
import { formatSource } from "../../src/compiler/print.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { type LoadedBundle, loadBundle, runBundleTests } from "../../src/runtime/index.ts";

const paths = readdirSync("contracts", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".maint"))
  .map((path) => `contracts/${path}`)
  .sort();
const sources = paths.map((name) => ({ name, text: readFileSync(name, "utf8") }));
const readFacts = (file: string, from: string): string => readFileSync(join(dirname(from), file), "utf8");
const compiled: Compiled = compile(sources, { readFacts });

const loadedOf = (bytes: string): LoadedBundle => {
  const loaded = loadBundle(bytes);
  return loaded.ok ? loaded.value : expect.fail(`${loaded.error.place}: ${loaded.error.message}`);
};

test("they give no diagnostic together, warnings included, and stand in the format", () => {
  expect(compiled.diagnostics).toEqual([]);
  expect(compiled.contracts.length).toBeGreaterThanOrEqual(14);
  for (const { name, text } of sources) expect(formatSource(text), name).toEqual({ ok: true, text });
});

test("each names what it follows, says what it is for, and tells somebody when it blocks", () => {
  const bare = compiled.contracts.flatMap(({ bundle }) => {
    const { contract, following, doc, whenBlocked } = bundle;
    const missing = [following.length === 0 && "following", doc === null && "doc", whenBlocked.length === 0 && "tell"];
    return missing.filter((what) => what !== false).map((what) => `${contract}: ${what}`);
  });
  // The five that the story and the first examples are made of are as small as they can be.
  const small = ["AMBIENT-LIGHT", "MAIN-PEN-CHECK-001", "SHIFT-ACKNOWLEDGEMENT", "THERMOMETER-180", "UV-LAMP-DAILY"];
  expect(bare.filter((line) => !small.some((id) => line.startsWith(`${id}:`)))).toEqual([]);
});

const SUPPLY = compiled.contracts.map(({ id, bytes }) => {
  const loaded = loadedOf(bytes);
  const beside = compiled.testsBeside.filter(({ contract }) => contract === id).map(({ test: one }) => one);
  return { id, loaded, tests: [...loaded.bundle.tests, ...beside] };
});

async function uncovered(loaded: LoadedBundle, tests: (typeof SUPPLY)[number]["tests"]): Promise<readonly string[]> {
  const results = await runBundleTests(loaded, zoneFromIntl, "both", tests);
  expect(results.flatMap(({ test: { name }, problems }) => problems.map((one) => `${name}: ${one.message}`))).toEqual(
    [],
  );
  const decisions = results.flatMap(({ decision }) => decision ?? []);
  return coverageOf(loaded.bundle, decisions).flatMap(({ covered, line }) => (covered ? [] : [`line ${line}`]));
}

test.each(SUPPLY)("the tests of $id pass in both engines and cover every clause", async ({ loaded, tests }) => {
  expect(await uncovered(loaded, tests)).toEqual([]);
});

test("a test that is left out leaves a clause uncovered (control)", async () => {
  const { loaded, tests } = SUPPLY.find(({ id }) => id === "TORQUE-WRENCH-001") ?? expect.fail("no such contract");
  const without = tests.filter(({ name }) => !name.startsWith("a failed check"));
  expect(without.length).toBe(tests.length - 1);
  expect(await uncovered(loaded, without)).toHaveLength(1);
});

/** `kind` for each syntax node, `kind.key` for each optional part that is there, `kind=word` for words of closed lists. */
function formsIn(node: AstNode): readonly string[] {
  const forms = new Set<string>();
  walk(node, (one) => {
    forms.add(one.kind);
    for (const [key, value] of Object.entries(one)) {
      if (typeof value === "object" && value !== null && !(Array.isArray(value) && value.length === 0)) {
        forms.add(`${one.kind}.${key}`);
      } else if (typeof value === "string" && key !== "kind") forms.add(`${one.kind}.${key}=${value}`);
      else if (value === true) forms.add(`${one.kind}.${key}`);
    }
  });
  return [...forms];
}

test("together they use every form of the language", () => {
  const shipped = new Set(sources.flatMap(({ text }) => formsIn(parse(text).file)));
  const all = formsIn(parse(readFileSync("test/grammar/contracts/EVERYTHING.maint", "utf8")).file);
  // Words that a shop chooses, and numbers, are no forms.
  const isForm = (form: string): boolean => !/\.(text|value|number|lines|image)=/.test(form);
  expect(all.filter((form) => isForm(form) && !shipped.has(form)).sort()).toEqual([]);
  const words = sources.map(({ text }) => text).join("\n");
  for (const form of ["at least", "at most", "more than", "less than", "between", "from the latest readings"]) {
    expect(words).toContain(form);
  }
  for (const period of ["day", "shift", "week", "month", "quarter"]) expect(words).toContain(`each ${period},`);
});
