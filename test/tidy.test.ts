import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PRODUCT_VERSION } from "../src/model/product-version.ts";
import { brokenRules } from "./tidy/code-rules.ts";
import { forbiddenImports, importCycles } from "./tidy/imports.ts";
import { filesBelow, root } from "./tidy/source-files.ts";

const code = filesBelow(["src", "grammar"], (path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
const everything = filesBelow(
  ["src", "grammar", "test", "bin", "bench", "contracts", "docs", ".ci"].filter((folder) =>
    existsSync(join(root, folder)),
  ),
  (path) => /\.(ts|js|mjs|json|md|maint|ebnf|yaml)$/.test(path) || path === ".ci/run",
);

test("imports follow the table", () => expect(forbiddenImports(code)).toEqual([]));
test("there are no import cycles", () => expect(importCycles(code)).toEqual([]));
test("the house rules hold in every file", () => expect(code.flatMap(brokenRules)).toEqual([]));

test("no room is called after nothing", () => {
  const vague = code.filter(({ path }) => /\/(utils|helpers|common|misc)(\/|\.ts$)|\/types\.ts$/.test(path));
  expect(vague.map(({ path }) => path)).toEqual([]);
  const exported = ["runtime", "compiler", "agent", "hub", "ledger"].map((room) => `src/${room}/index.ts`);
  const barrels = code.filter(({ path }) => path.endsWith("/index.ts") && !exported.includes(path));
  expect(barrels.map(({ path }) => path)).toEqual(
    barrels.map(({ path }) => path).filter((path) => path === "src/compiler/checks/index.ts"),
  );
});

test("no path of one machine is written down", () => {
  const machine = /(^|["'`\s(])\/(root|home|work|Users|mnt)\//m;
  expect(everything.filter(({ text }) => machine.test(text)).map(({ path }) => path)).toEqual([]);
});

test("the version is written down twice, and is the same", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(PRODUCT_VERSION).toBe(version);
});

test("every check has its test and its page", () => {
  const checks = code
    .flatMap(({ path }) => /^src\/compiler\/checks\/([a-z-]+)\.ts$/.exec(path)?.[1] ?? [])
    .filter((name) => name !== "index");
  expect(checks.length).toBeGreaterThan(0);
  const missing = checks.flatMap((name) =>
    [`test/compiler/checks/${name}.test.ts`, `docs/diagnostics/${name}.md`].filter(
      (path) => !existsSync(join(root, path)),
    ),
  );
  expect(missing).toEqual([]);
});

test("every error code is documented, and no other", () => {
  const codesIn = (text: string) => new Set(text.match(/\bMAINT_ERR_[A-Z0-9]+(_[A-Z0-9]+)*\b/g) ?? []);
  const page = codesIn(everything.find(({ path }) => path === "docs/errors.md")?.text ?? "");
  const used = codesIn(code.map(({ text }) => text).join("\n"));
  const fromSystem = /_(ENOENT|EADDRINUSE)$/;
  expect([...used].filter((one) => !page.has(one)).sort()).toEqual([]);
  expect([...page].filter((one) => !used.has(one) && !fromSystem.test(one)).sort()).toEqual([]);
});

// Controls: each rule must find a planted break, else it would be a test that cannot fail.
const planted: readonly {
  readonly what: string;
  readonly path: string;
  readonly text: string;
  readonly finds: RegExp;
}[] = [
  {
    what: "a room that reaches across",
    path: "src/runtime/x.ts",
    text: 'import "../compiler/a.ts";',
    finds: /src\/runtime may not/,
  },
  {
    what: "a type-only reach",
    path: "src/hub/x.ts",
    text: 'import type { A } from "../agent/a.ts";',
    finds: /src\/hub may not/,
  },
  {
    what: "a package that is not listed",
    path: "src/model/x.ts",
    text: 'import { z } from "zod";',
    finds: /src\/model may not/,
  },
  { what: "a lazy import", path: "src/base/x.ts", text: 'await import("node:fs");', finds: /src\/base may not/ },
  {
    what: "a second namer",
    path: "src/disk/x.ts",
    text: 'import "node:sqlite";',
    finds: /only src\/disk\/sqlite\.ts may/,
  },
  { what: "a clock", path: "src/runtime/x.ts", text: "export const f = () => Date.now();", finds: /names Date/ },
  { what: "chance", path: "src/compiler/x.ts", text: "export const f = () => Math.random();", finds: /Math\.random/ },
  { what: "a timer", path: "src/hub/core/x.ts", text: "setTimeout(() => 1, 1);", finds: /names setTimeout/ },
  { what: "eval", path: "src/cli/x.ts", text: "eval('1');", finds: /names eval/ },
  { what: "any", path: "src/cli/x.ts", text: "export const a: any = 1;", finds: /uses any/ },
  { what: "a long function", path: "src/cli/x.ts", text: `function f() {\n${"f;\n".repeat(80)}}`, finds: /82 lines/ },
  { what: "a long file", path: "src/cli/x.ts", text: "\n".repeat(501), finds: /501 lines/ },
];
test.each(planted)("finds $what", ({ path, text, finds }) => {
  const file = { path, text };
  expect([...forbiddenImports([file]), ...brokenRules(file)].join("\n")).toMatch(finds);
});

test("finds a cycle", () => {
  const a = { path: "src/base/a.ts", text: 'import "./b.ts";' };
  const b = { path: "src/base/b.ts", text: 'import "./a.ts";' };
  expect(importCycles([a, b])).toEqual(["src/base/a.ts → src/base/b.ts → src/base/a.ts"]);
});
