import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "maint-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const bin = join(import.meta.dirname, "../../../bin/maint.js");
const maintTest = (...args: readonly string[]) =>
  spawnSync(process.execPath, [bin, "test", ...args], { encoding: "utf8" });

const warm = (expectation: string, id = "WARM-1"): string => `contract ${id} "Warm" {
  for every station

  lamp is a uv-lamp

  before every test {
    warm:
      the lamp must have been on for at least 10 minutes
  }

  test "long enough" {
    at 2026-11-24 09:00 in America/Chicago
    lamp has been on for 10 minutes
    expect allowed
  }

  test "too <short> & \\"cold\\"" {
    at 2026-11-24 09:00 in America/Chicago
    lamp has been on for 9 minutes
    expect ${expectation}
  }
}
`;
const untested =
  'contract BARE-1 "Bare" {\n  for every station\n\n  lamp is a uv-lamp\n\n  before every test {\n    warm:\n      the lamp must have been on for at least 10 minutes\n  }\n}\n';

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const good = file("good.maint", warm("blocked by warm"));
const bad = file("bad.maint", warm("allowed"));
const bare = file("bare.maint", untested);

test.each([
  { args: [good], status: 0, says: "WARM-1: 2 tests, 1 of 1 clauses covered" },
  { args: [good, "--coverage-min", "100"], status: 0, says: "2 passed" },
  { args: [bad], status: 1, says: "bad.maint:20: expected allowed, was blocked: warmup.too-short:lamp" },
  { args: [bad, "--filter", "LONG"], status: 0, says: "1 passed" },
  { args: [bad, "--filter", "warm-1"], status: 1, says: "1 passed, 1 failed" },
  { args: [bare], status: 1, says: "BARE-1 has no tests" },
  { args: [bare, "--allow-untested"], status: 0, says: "0 passed" },
  { args: [good, "--filter", "nothing"], status: 2, says: 'no test or contract is called like "nothing"' },
  { args: [good, "--coverage-min", "101"], status: 2, says: "a whole number from 0 to 100" },
  { args: [join(folder, "none.maint")], status: 2, says: "no such file" },
])("maint test $args ends with $status", ({ args, status, says }) => {
  const run = maintTest(...args);
  expect(`${run.stdout}${run.stderr}`).toContain(says);
  expect(run.status).toBe(status);
});

test("coverage says what no test saw", () => {
  const half = file("half.maint", `${warm("blocked by warm").split('  test "too')[0]}}\n`);
  const run = maintTest(half, "--coverage-min", "50");
  expect(run.stdout).toContain("half.maint:8: was never seen violated: the lamp must have been on");
  expect(run.stdout).toContain("0 % of its clauses are covered, less than 50 %");
  expect(run.status).toBe(1);
  expect(JSON.parse(maintTest(half, "--json").stdout)).toMatchObject({
    contracts: [{ contract: "WARM-1", coverage: [{ line: 8, satisfied: true, violated: false, covered: false }] }],
  });
  expect(JSON.parse(maintTest(half, "--json", "--filter", "long").stdout).contracts[0].coverage).not.toBeNull();
  expect(JSON.parse(maintTest(good, "--json", "--filter", "long").stdout).contracts[0].coverage).toBeNull();
});

/** Element names and attributes of a document in reading order; refuses what is not well-formed XML of this simple kind. */
function xmlElements(text: string): { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[] {
  const elements: { name: string; attributes: Map<string, string> }[] = [];
  const open: string[] = [];
  const tag = /<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*) ?(\/?)>|<\?xml[^>]*\?>|[^<]+/y;
  for (let at = 0; at < text.length; at = tag.lastIndex) {
    tag.lastIndex = at;
    const found = tag.exec(text);
    if (found === null) throw new Error(`no XML at ${at}: ${text.slice(at, at + 40)}`);
    if (/&(?!(amp|lt|gt|quot|apos|#\d+);)/.test(found[0])) throw new Error(`a bare & in ${found[0]}`);
    const [, ends, name = "", attributes = "", closed] = found;
    if (name === "") continue;
    if (ends === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    const pairs = [...attributes.matchAll(/([a-z]+)="([^"]*)"/g)].map(
      ([, key = "", value = ""]) => [key, value] as const,
    );
    elements.push({ name, attributes: new Map(pairs) });
    if (closed !== "/") open.push(name);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> stays open`);
  return elements;
}

test("--junit writes XML that build servers read", () => {
  const path = join(folder, "results.xml");
  expect(maintTest(bad, "--junit", path).status).toBe(1);
  const elements = xmlElements(readFileSync(path, "utf8"));
  expect(elements.map(({ name }) => name)).toEqual(["testsuites", "testsuite", "testcase", "testcase", "failure"]);
  const suite = Object.fromEntries(elements[1]?.attributes ?? []);
  expect(suite).toMatchObject({ name: "WARM-1", tests: "2", failures: "1", skipped: "0" });
  expect(elements[3]?.attributes.get("name")).toBe("too &lt;short&gt; &amp; &quot;cold&quot;");
  expect(elements[4]?.attributes.get("message")).toContain("expected allowed, was blocked");
  expect(() => xmlElements("<a><b></a>")).toThrow();
  expect(() => xmlElements('<a b="x & y"/>')).toThrow();
});

test("--watch runs again when a contract changes, and ends with the last run's code", async () => {
  const path = file("watched.maint", warm("allowed", "WATCHED-1"));
  const child = spawn(process.execPath, [bin, "test", path, "--watch"], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let changed = false;
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    const runs = output.split("waiting for a change").length - 1;
    if (runs === 1 && !changed) {
      changed = true;
      writeFileSync(path, warm("blocked by warm", "WATCHED-1"));
    }
    if (runs === 2) child.kill("SIGTERM");
  });
  expect(await ended).toBe(0);
  expect(output.match(/^\d+ passed.*$/gm)).toEqual(["1 passed, 1 failed", "2 passed"]);
});
