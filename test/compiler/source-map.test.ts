import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.ts";
import type { Bundle } from "../../src/model/bundle.ts";

const paths = ["contracts", "test/grammar/contracts"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".maint"))
    .map((path) => `${folder}/${path}`),
);
const readFacts = (file: string, from: string): string => readFileSync(join(dirname(from), file), "utf8");
const compiled = paths.flatMap((name) => {
  const text = readFileSync(name, "utf8");
  return compile([{ name, text }], { readFacts }).contracts.map(({ bundle }) => ({ bundle, text }));
});

/** What stands where a rule of the bundle points, from there on, on one line. */
function pointedAt({ rules }: Bundle, text: string): readonly { readonly clause: number; readonly words: string }[] {
  const lines = text.split("\n");
  return rules.map(({ source, event }) => {
    const rest = lines
      .slice(source.line - 1)
      .join("\n")
      .slice(source.column - 1);
    return { clause: event.params.clause, words: rest.replace(/\s*\/\/.*$/gm, "").replace(/\s+/g, " ") };
  });
}

/** The clause's first words as the author wrote them; a parameter's place in a template holds its name instead of a figure. */
const firstWords = (text: string): string => text.split(" ").slice(0, 4).join(" ");

test("every rule points at its clause, in a template too", () => {
  let rules = 0;
  for (const { bundle, text } of compiled) {
    for (const { clause, words } of pointedAt(bundle, text)) {
      rules += 1;
      const wanted = bundle.clauses[clause]?.text ?? expect.fail(`${bundle.contract}: no clause ${clause}`);
      expect(
        words.startsWith(firstWords(wanted)),
        `${bundle.contract}: "${words.slice(0, 60)}" is not "${wanted}"`,
      ).toBe(true);
    }
  }
  expect(rules).toBeGreaterThan(80);
  expect(compiled.some(({ text }) => text.includes("template "))).toBe(true);
});

test("a rule that points one line off is found (control)", () => {
  const { bundle, text } = compiled.find(({ bundle: one }) => one.contract === "TORQUE-WRENCH-001") ?? expect.fail();
  const off = {
    ...bundle,
    rules: bundle.rules.map((rule) => ({ ...rule, source: { ...rule.source, line: rule.source.line + 1 } })),
  };
  expect(
    pointedAt(off, text).every(({ clause, words }) => words.startsWith(firstWords(bundle.clauses[clause]?.text ?? ""))),
  ).toBe(false);
});

const DIGESTS = `
import { readFileSync } from "node:fs";
import { compile } from ${JSON.stringify(join(import.meta.dirname, "../../src/compiler/index.ts"))};
const names = JSON.parse(process.argv[1]);
const { contracts } = compile(names.map((name) => ({ name, text: readFileSync(name, "utf8") })));
console.log(JSON.stringify(contracts.map(({ id, digest }) => id + " " + digest).sort()));
`;

test("the same text gives the same bytes in every zone and language, in whatever order the files come", () => {
  const shipped = paths.filter((path) => path.startsWith("contracts/")).sort();
  const digests = (names: readonly string[], env: NodeJS.ProcessEnv): unknown => {
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", DIGESTS, JSON.stringify(names)], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    expect(run.stderr).toBe("");
    return JSON.parse(run.stdout);
  };
  const first = digests(shipped, { TZ: "UTC", LANG: "C", LC_ALL: "C" });
  expect(first).toHaveLength(15);
  expect(digests(shipped, { TZ: "Pacific/Apia", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" })).toEqual(first);
  expect(
    digests([...shipped].reverse(), { TZ: "America/Chicago", LANG: "de_DE.UTF-8", LC_ALL: "de_DE.UTF-8" }),
  ).toEqual(first);
});
