import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../tidy/source-files.ts";
import { contract, type Edit, edits } from "./new-clause/edits.ts";

/** A new kind of clause is code in so many files; its page in LANGUAGE.md and what is generated come on top. */
const MOST_FILES = 8;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A copy of the code with the edits made. */
function copyWith(made: readonly Edit[]): string {
  const folder = mkdtempSync(join(tmpdir(), "maint-clause-"));
  folders.push(folder);
  for (const name of ["grammar", "src", "package.json", "tsconfig.json"]) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  for (const { file, behind, text } of made) {
    const path = join(folder, file);
    const before = behind === null ? "" : readFileSync(path, "utf8");
    if (behind !== null) expect(before.split(behind), `${file}: ${behind}`).toHaveLength(2);
    writeFileSync(path, behind === null ? text : before.replace(behind, () => `${behind}${text}`));
  }
  return folder;
}

function run(folder: string, ...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}
const types = (folder: string) => run(folder, join(root, "node_modules/typescript/bin/tsc"), "--noEmit");

/** Compiles, prints and decides in the copy; both evaluators must agree. */
const SCRIPT = `
import { readFileSync } from "node:fs";
import { compile } from "./src/compiler/index.ts";
import { formatSource } from "./src/compiler/print.ts";
import { zoneFromIntl } from "./src/disk/zone-from-intl.ts";
import { loadBundle, runBundleTests } from "./src/runtime/index.ts";
const text = readFileSync("sieve.maint", "utf8");
const { contracts, diagnostics } = compile([{ name: "sieve.maint", text }]);
const formatted = formatSource(text);
const loaded = loadBundle(contracts[0]?.bytes ?? "");
const results = loaded.ok ? await runBundleTests(loaded.value, zoneFromIntl, "both") : [];
const outcomes = results.map(({ outcome, problems }) => [outcome, ...problems.map(({ message }) => message)]);
const rule = contracts[0]?.bundle.rules[0];
console.log(JSON.stringify({ diagnostics, same: formatted.ok && formatted.text === text, loaded: loaded.ok, outcomes, rule }));
`;

test(`a new kind of clause touches at most ${MOST_FILES} files, and then parses, prints, compiles and decides`, () => {
  expect(new Set(edits.map(({ file }) => file)).size).toBeLessThanOrEqual(MOST_FILES);
  const folder = copyWith(edits);
  expect(types(folder)).toEqual({ status: 0, output: "" });
  writeFileSync(join(folder, "sieve.maint"), contract);
  writeFileSync(join(folder, "try.ts"), SCRIPT);
  const { status, output } = run(folder, "try.ts");
  expect(status, output).toBe(0);
  expect(JSON.parse(output)).toMatchObject({
    diagnostics: [],
    same: true,
    loaded: true,
    outcomes: [["passed"], ["passed"], ["passed"]],
    rule: { name: "c0", conditions: { all: [{ fact: "c0.state", operator: "equal", value: "known" }] } },
  });
});

// Controls: what is left out is named by the type checker, so that nobody finds it out at a test station.
test.each(["grammar/child-keys.ts", "src/compiler/clause-kinds.ts", "src/runtime/clause-kinds.ts"])(
  "without the edit of %s it does not type-check",
  (file) => {
    const { status, output } = types(copyWith(edits.filter((edit) => edit.file !== file)));
    expect(status).not.toBe(0);
    expect(output).toContain(file.split("/").at(-1));
  },
);
