import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { coverageOf } from "../../../src/cli/testing/coverage.ts";
import { boundaryTests, type CompiledContract, compareContracts, compile } from "../../../src/compiler/index.ts";
import { formatSource } from "../../../src/compiler/print.ts";
import { zoneFromIntl } from "../../../src/disk/zone-from-intl.ts";
import type { Bundle, BundleTest } from "../../../src/model/bundle.ts";
import { type LoadedBundle, loadBundle, runBundleTests } from "../../../src/runtime/index.ts";

const zone = "America/Chicago";
const sources = ["contracts", "test/golden"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".maint") && !path.endsWith("-tests.maint"))
    .sort()
    .map((path) => ({ name: `${folder}/${path}`, text: readFileSync(`${folder}/${path}`, "utf8") })),
);
const readFacts = (file: string, from: string): string => readFileSync(join(dirname(from), file), "utf8");

const loadedOf = ({ id, bytes }: CompiledContract): LoadedBundle => {
  const loaded = loadBundle(bytes);
  return loaded.ok ? loaded.value : expect.fail(`${id}: ${loaded.error.message}`);
};

/** The generated tests of one file's contracts, compiled against that file. */
function generated({ name, text }: (typeof sources)[number]) {
  const made = boundaryTests(compile([{ name, text }], { readFacts }).contracts, { zone });
  const both = compile(
    [
      { name, text },
      { name: "made.maint", text: made.text },
    ],
    { readFacts },
  );
  expect(both.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return {
    ...made,
    contracts: both.contracts,
    testsOf: (id: string): readonly BundleTest[] =>
      both.testsBeside.flatMap((one) => (one.contract === id ? [one.test] : [])),
  };
}

test.each(sources)(
  "the boundary tests of $name pass, and see every clause both ways or say why not",
  async (source) => {
    const { text, leftOut, contracts, testsOf } = generated(source);
    expect(formatSource(text)).toEqual({ ok: true, text });
    expect(generated(source).text).toBe(text);
    for (const contract of contracts) {
      const loaded = loadedOf(contract);
      const results = await runBundleTests(loaded, zoneFromIntl, "both", testsOf(contract.id));
      expect(results.length).toBeGreaterThan(1);
      expect(
        results.flatMap(({ test: { name }, problems }) => problems.map(({ message }) => `${name}: ${message}`)),
      ).toEqual([]);
      const open = coverageOf(
        loaded.bundle,
        results.flatMap(({ decision }) => decision ?? []),
      ).filter(({ covered }) => !covered);
      const explained = new Set(leftOut.filter((one) => one.contract === contract.id).map(({ line }) => line));
      expect(open.filter(({ line }) => !explained.has(line))).toEqual([]);
    }
  },
);

/** One limit, word, interval or period of a contract's text made another: what a gate that is wrong there would do. */
function mutantsOf(text: string): readonly { readonly line: number; readonly what: string; readonly text: string }[] {
  const body = text.slice(0, Math.max(0, text.indexOf("\n  test ")) || text.length);
  const rest = text.slice(body.length);
  const changes: readonly (readonly [RegExp, (found: string) => string])[] = [
    [/\bat least (?=[\d.]+ (?!minutes|hours|seconds))/g, () => "more than "],
    [/\bat most (?=[\d.]+ (?!days|hours))/g, () => "less than "],
    [/\bmore than (?=\d)/g, () => "at least "],
    [/\bless than (?=\d)/g, () => "at most "],
    // Caps of extensions and overrides are left out: no statement grants either.
    [
      /(?<=(least|(?<!extended by at |for at )most|than|and|between) )\d+(?= \S)/g,
      (found) => String(Number(found) + 1),
    ],
    [/(?<=\bevery )\d+(?= (days|months|hours|minutes|cycles|use-hours))/g, (found) => String(Number(found) + 1)],
    [/(?<=warn )\d+(?= (days|cycles|use-hours) before)/g, (found) => String(Number(found) - 1)],
    [/(?<=within )\d+(?= months of opening)/g, (found) => String(Number(found) + 1)],
    [/(?<=guarded by )[\d.]+/g, (found) => String(Number(found) * 2)],
    [/\beach shift(?=,)/g, () => "each day"],
    [/\beach day(?=,)/g, () => "each week"],
    [/\beach week(?=,)/g, () => "each month"],
    [/\beach month(?=,)/g, () => "each quarter"],
    [/dropped or overloaded/g, () => "overloaded"],
    [/(?<= )must(?= (be|have|not|ack))/g, () => "should"],
  ];
  return changes.flatMap(([pattern, replace]) =>
    [...body.matchAll(pattern)].map((match) => {
      const [found] = match;
      const changed = `${body.slice(0, match.index)}${replace(found)}${body.slice(match.index + found.length)}${rest}`;
      const line = body.slice(0, match.index).split("\n").length;
      return { line, what: `line ${line}: ${found.trim()} → ${replace(found).trim()}`, text: changed };
    }),
  );
}

/** Some mutants change nothing: a clause beside a stricter one, words of a `because`. That is proved, not guessed. */
const allowTheSame = (a: Bundle, b: Bundle): boolean =>
  [compareContracts(a, b), compareContracts(b, a)].every(({ verdict }) => verdict !== "unproven");

test("they kill at least nineteen of twenty wrong contracts", async () => {
  let killed = 0;
  const alive: string[] = [];
  for (const source of sources) {
    const { testsOf, leftOut } = generated(source);
    for (const { line, what, text } of mutantsOf(source.text)) {
      const { contracts } = compile([{ name: source.name, text }], { readFacts });
      for (const contract of contracts) {
        const tests = testsOf(contract.id);
        const original = compile([source], { readFacts }).contracts.find(({ id }) => id === contract.id);
        if (tests.length === 0 || original === undefined) continue;
        const clause = original.bundle.clauses.findLast((one) => one.line <= line)?.line;
        // What a case was left out for, a mutant there survives for.
        if (leftOut.some((one) => one.contract === contract.id && one.line === clause)) continue;
        const results = await runBundleTests(loadedOf(contract), zoneFromIntl, "fast", tests);
        if (results.some(({ outcome }) => outcome === "failed")) killed += 1;
        else if (!allowTheSame(original.bundle, contract.bundle)) alive.push(`${source.name} ${contract.id} ${what}`);
      }
    }
  }
  expect(killed + alive.length).toBeGreaterThan(100);
  expect(killed / (killed + alive.length), alive.join("\n")).toBeGreaterThanOrEqual(0.95);
}, 120_000);
