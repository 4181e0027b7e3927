import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { unformatted } from "../../grammar/sources.ts";

const folder = mkdtempSync(join(tmpdir(), "maint-fmt-"));
afterAll(() => rmSync(folder, { recursive: true }));
const bin = join(import.meta.dirname, "../../../bin/maint.js");
const fmt = (args: readonly string[], input = "") =>
  spawnSync(process.execPath, [bin, "fmt", ...args], { input, encoding: "utf8" });
const golden = readFileSync(join(import.meta.dirname, "../../grammar/contracts/EVERYTHING.maint"), "utf8");

test("fmt rewrites what is not in the format, once, and says which", () => {
  const file = join(folder, "A.maint");
  writeFileSync(file, unformatted);
  chmodSync(file, 0o640);
  expect(fmt(["--check", "--diff", folder])).toMatchObject({ status: 1, stdout: expect.stringContaining("@@") });
  expect(readFileSync(file, "utf8")).toBe(unformatted);
  expect(fmt([folder])).toMatchObject({ status: 0, stdout: `${file}\n`, stderr: "" });
  expect(readFileSync(file, "utf8")).toBe(golden);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(fmt(["--check", folder])).toMatchObject({ status: 0, stdout: "" });
});

test("fmt leaves a file with mistakes alone and says what is wrong", () => {
  const file = join(folder, "B.maint");
  const text = 'contract B "x" {\n  for evry station\n}\n';
  writeFileSync(file, text);
  expect(fmt([file])).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("B.maint:2:7") });
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(JSON.parse(fmt(["--json", file]).stdout)).toMatchObject({
    files: [{ refused: true }],
    diagnostics: [{ line: 2 }],
  });
});

test("fmt is a filter for -", () => {
  expect(fmt(["-"], unformatted)).toMatchObject({ status: 0, stdout: golden });
  expect(fmt([join(folder, "none.maint")])).toMatchObject({ status: 2 });
});
