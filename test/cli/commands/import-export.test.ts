import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "maint-import-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(import.meta.dirname, "../../..");
const maint = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(root, "bin/maint.js"), ...args], { cwd: root, encoding: "utf8" });
const checklist = "test/import/checklists/rinse-station.yaml";
const written = readFileSync(join(root, "test/import/checklists/rinse-station.maint"), "utf8");
const at = (name: string, content: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

test("import prints the contract, and on standard error what a person must decide", () => {
  const outcome = maint("import", checklist);
  expect(outcome).toMatchObject({ status: 0, stdout: written });
  expect(outcome.stderr).toContain(`${checklist}:46 checklist_steps[2].reference_value: `);
  expect(outcome.stderr).toMatch(/^7 steps, 11 clauses\nto decide: 9\n/);
});

test("import writes a file once, and what it wrote is checked and formatted", () => {
  const out = join(folder, "RINSE.maint");
  expect(maint("import", checklist, "-o", out)).toMatchObject({ status: 0, stdout: `RINSE-CHECK-007 ${out}\n` });
  expect(maint("check", out).status).toBe(0);
  expect(maint("fmt", "--check", out).status).toBe(0);
  writeFileSync(out, "mine");
  expect(maint("import", checklist, "-o", out)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("is there already"),
  });
  expect(readFileSync(out, "utf8")).toBe("mine");
  expect(maint("import", checklist, "-o", out, "--force").status).toBe(0);
  expect(readFileSync(out, "utf8")).toBe(written);
});

test("import as JSON, strict, and with the period named", () => {
  const { notes, ...rest } = JSON.parse(maint("import", checklist, "--json").stdout);
  expect(rest).toMatchObject({
    file: checklist,
    contract: "RINSE-CHECK-007",
    path: null,
    text: written,
    steps: 7,
    clauses: 11,
  });
  expect(notes).toContainEqual({ kind: "not-taken-over", line: 7, field: "status", message: expect.any(String) });
  expect(maint("import", checklist, "--strict").status).toBe(1);
  const bare = at(
    "bare.yaml",
    "smart_contract_id: A-1\nstation_type: bench\nchecklist_steps:\n- {description: x, input_type: checkbox}\n",
  );
  const named = maint("import", bare, "--each", "month", "--strict");
  expect(named).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("each month, the operator must acknowledge"),
  });
});

test.each([
  ["a missing file", () => ["import", join(folder, "nope")], /no such file/],
  ["a folder", () => ["import", folder], /is a folder/],
  ["no file at all", () => ["import"], /missing required argument/],
  ["no YAML", () => ["import", at("a.yaml", "a: [1\nb: 2")], /a\.yaml:2:1: /],
  ["a list", () => ["import", at("b.yaml", "- 1\n")], /b\.yaml:1:1: .*not a list/],
  ["an empty file", () => ["import", at("c.yaml", "")], /c\.yaml:1:1: /],
  ["doubled keys", () => ["import", at("d.yaml", "a: 1\na: 2\n")], /d\.yaml:2:1: .*unique/],
  ["bytes that are no text", () => ["import", at("e.yaml", new Uint8Array([0xff, 0xfe, 0x00]))], /not UTF-8/],
  ["more than is read", () => ["import", at("f.yaml", "x".repeat(5 << 20))], /longer than/],
  [
    "no folder to write in",
    () => ["import", checklist, "-o", join(folder, "none", "x.maint")],
    /no such file or folder/,
  ],
  ["a strange period", () => ["import", checklist, "--each", "fortnight"], /fortnight/],
  ["an export of nothing", () => ["export", "--yaml", join(folder, "nope")], /no such file/],
  ["an export as nothing", () => ["export", "contracts"], /say what to export as/],
  ["an export into a file", () => ["export", "--yaml", "contracts", "-o", "package.json/x"], /a folder was expected/],
])("bad input: %s", (_what, args, says) => {
  const outcome = maint(...args());
  expect(outcome.stderr).toMatch(says);
  expect(outcome).toMatchObject({ status: 2, stdout: "" });
  expect(outcome.stderr).not.toMatch(/^\s+at |our own mistake/m);
});

test("export writes a file each that imports again, and says what it left out", () => {
  const out = join(folder, "yaml");
  const outcome = maint("export", "--yaml", "contracts", "-o", out);
  expect(outcome.status).toBe(0);
  expect(outcome.stderr).toMatch(/lp-station\.maint:31 supervisor: whom a blocked test is told to is left out/);
  const names = readdirSync(out);
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) expect(maint("import", join(out, name)).status).toBe(0);
  const text = maint("export", "--yaml", "contracts/general/thermometer-180.maint").stdout;
  expect(text).toBe(readFileSync(join(out, "THERMOMETER-180.yaml"), "utf8"));
  const [row] = JSON.parse(maint("export", "--yaml", "--json", "contracts/general/thermometer-180.maint").stdout);
  expect(row).toMatchObject({ contract: "THERMOMETER-180", yaml: text, path: null, steps: 1 });
});

test("two versions of one contract are not written over each other", () => {
  const text = readFileSync(join(root, "contracts/general/thermometer-180.maint"), "utf8");
  const versions = join(folder, "versions");
  for (const version of ["v1.0", "v1.1"]) {
    mkdirSync(join(versions, version), { recursive: true });
    writeFileSync(join(versions, version, "T.maint"), text);
  }
  for (const verb of [["export", "--yaml"], ["doc"]]) {
    const outcome = maint(...verb, versions, "-o", join(folder, "out"));
    expect(outcome).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("THERMOMETER-180: stands in"),
    });
  }
});

test("export of a contract with an error shows the error; both have help with an example", () => {
  const file = at("bad.maint", 'contract B "x" {\n}\n');
  expect(maint("export", "--yaml", file)).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("empty-contract"),
  });
  for (const verb of ["import", "export"]) expect(maint(verb, "--help").stdout).toContain(`Example:\n  maint ${verb}`);
});
