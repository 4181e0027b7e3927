import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "maint-generate-"));
afterAll(() => rmSync(folder, { recursive: true }));
const bin = join(import.meta.dirname, "../../../bin/maint.js");
const generate = (...args: readonly string[]) =>
  spawnSync(process.execPath, [bin, "test", ...args, "--generate"], { encoding: "utf8" });
const contract = join(folder, "UV.maint");
const out = join(folder, "UV.boundaries.maint");
const text = readFileSync("contracts/penetrant/uv-lamp-daily.maint", "utf8");
writeFileSync(contract, text);

test("boundary tests are written, run with the others, and found stale", () => {
  expect(generate(contract, "--out", out, "--check")).toMatchObject({ status: 2 });
  expect(generate(contract, "-o", out)).toMatchObject({ status: 0, stdout: "" });
  expect(readFileSync(out, "utf8")).toContain("just outside the low limit");
  const run = spawnSync(process.execPath, [bin, "test", folder, "--coverage-min", "100"], { encoding: "utf8" });
  expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining("1 of 1 clauses covered") });
  expect(generate(contract, "-o", out, "--check").status).toBe(0);
  writeFileSync(
    contract,
    text.replace("at least 1000 uW/cm2", "at least 1100 uW/cm2").replace("reads 1000 uW", "reads 1100 uW"),
  );
  expect(generate(contract, "-o", out, "--check")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("is stale"),
  });
  expect(generate(folder, "-o", out).status).toBe(0);
  expect(generate(contract, "-o", out, "--check").status).toBe(0);
});

test("without --out they are printed, with --json as one object", () => {
  expect(generate(contract).stdout).toContain("// Made by `maint test --generate`");
  const { tests, leftOut, failed, text: made } = JSON.parse(generate(contract, "--json").stdout);
  expect([tests > 5, leftOut, failed, typeof made]).toEqual([true, [], [], "string"]);
});

test.each([
  { args: ["--check"], says: "--check needs --out" },
  { args: ["--zone", "Mars/Olympus"], says: "does not compile" },
])("refuses $args", ({ args, says }) => {
  const run = generate(contract, ...args);
  expect(run.status).toBe(2);
  expect(run.stderr).toContain(says);
  expect(existsSync(join(folder, "none"))).toBe(false);
});
