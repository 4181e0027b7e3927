import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "check-fix-"));
const file = join(folder, "x.maint");
const wrong =
  'contract C "x" {\n  for every station\n  meter is a radiometer, by default "LM-1"\n  before every test {\n    one:\n      the meterr must be in service\n  }\n}\n';
const right = wrong.replace("meterr", "meter");
const maint = (...words: string[]) => spawnSync(process.execPath, ["bin/maint.js", ...words], { encoding: "utf8" });

beforeEach(() => {
  writeFileSync(file, wrong);
  chmodSync(file, 0o640);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("--fix writes the file, keeps its permissions, and says what it did", () => {
  const { status, stdout } = maint("check", file, "--fix");
  expect([status, readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual([0, right, 0o640]);
  expect(stdout).toContain(`fixed ${file}:6:11 unknown-name: write \`meter\``);
});

test("--fix --diff shows the change and writes nothing", () => {
  const { stdout } = maint("check", file, "--fix", "--diff");
  expect(stdout).toContain("-      the meterr must be in service\n+      the meter must be in service\n");
  expect(readFileSync(file, "utf8")).toBe(wrong);
});

test("--fix --json reports what was fixed and what remains", () => {
  writeFileSync(file, wrong.replace("  }\n}", "      the zzz must be in service\n  }\n}"));
  const { status, stdout } = maint("check", file, "--fix", "--json");
  const { changed, written, fixed, remaining } = JSON.parse(stdout);
  expect([status, changed, written, fixed.length, remaining.length]).toEqual([1, [file], true, 1, 1]);
});

test("--diff without --fix is refused", () => {
  const { status, stderr } = maint("check", file, "--diff");
  expect([status, stderr.includes("give both")]).toEqual([2, true]);
});
