import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "maint-doc-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(import.meta.dirname, "../../..");
const maint = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(root, "bin/maint.js"), ...args], { cwd: root, encoding: "utf8" });
const one = "contracts/general/thermometer-180.maint";

test("doc writes a page each and an index, the same bytes every time", () => {
  const out = join(folder, "audit");
  const first = maint("doc", "contracts", "-o", out);
  expect(first).toMatchObject({ status: 0, stderr: "" });
  const names = readdirSync(out).sort();
  expect(names).toContain("index.html");
  expect(names).toContain("THERMOMETER-180.md");
  const bytes = names.map((name) => readFileSync(join(out, name), "utf8"));
  expect(maint("doc", "contracts", "-o", out).status).toBe(0);
  expect(names.map((name) => readFileSync(join(out, name), "utf8"))).toEqual(bytes);
  const page = readFileSync(join(out, "THERMOMETER-180.html"), "utf8");
  const meaning = /## calibration\.overdue\n\n([^\n`<&']{10,})/.exec(
    readFileSync(join(root, "docs/reasons.md"), "utf8"),
  )?.[1];
  expect(page).toContain(`<td>${meaning}`);
});

test("doc prints Markdown, or HTML, or JSON", () => {
  expect(maint("doc", one).stdout).toMatch(/^# THERMOMETER-180: Thermometer, calibrated every 180 days\n/);
  expect(maint("doc", one, "--format", "html").stdout).toMatch(/^<!doctype html>/);
  const [row] = JSON.parse(maint("doc", one, "--json").stdout);
  expect(row).toMatchObject({ contract: "THERMOMETER-180", file: one, pages: [{ format: "md", path: null }] });
});

test("doc shows what the tests saw", () => {
  const file = join(folder, "coverage.json");
  writeFileSync(file, maint("test", one, "--json").stdout);
  expect(maint("doc", one, "--coverage", file).stdout).toContain("satisfied and not satisfied");
});

test.each([
  [["doc", "nope"], /no such file/],
  [["doc", "contracts", "--format", "html"], /name a folder/],
  [["doc", one, "--format", "pdf"], /pdf/],
  [["doc", one, "--coverage", "package.json"], /no coverage there/],
  [["doc", one, "--coverage", "README.md"], /README\.md:1:1/],
  [["doc", one, "-o", "package.json/x"], /a folder was expected/],
  [["doc", "docs"], /no \.maint file/],
])("bad input: %s", (args, says) => {
  const outcome = maint(...args);
  expect(outcome.stderr).toMatch(says);
  expect(outcome).toMatchObject({ status: 2, stdout: "" });
});

test("doc of a contract with an error shows the error, and its help has an example", () => {
  const file = join(folder, "bad.maint");
  writeFileSync(file, 'contract B "x" {\n}\n');
  expect(maint("doc", file)).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("empty-contract"),
  });
  expect(maint("doc", "--help").stdout).toContain("Example:\n  maint doc");
});
