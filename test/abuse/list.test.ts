import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, root, type SourceFile } from "../tidy/source-files.ts";

// docs/abuse-cases.md is the list of what people may try. Each of its rows is held by tests that bear its number.

/** What must be in the list; it may have more. */
const ASKED = [...range(1, 20), ...range(22, 40)];

function range(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index).padStart(2, "0"));
}

/** `06` and the files its row names. */
function rowsOf(page: string): ReadonlyMap<string, readonly string[]> {
  const rows = [...page.matchAll(/^\| (\d\d) \|.*\| ([^|]+) \|$/gm)];
  return new Map(rows.map(([, number = "", files = ""]) => [number, files.split(", ").sort()]));
}

/** Files by the numbers that names of tests in them begin with. */
function testsIn(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { path, text } of files)
    for (const [, number = ""] of text.matchAll(/["'`]AB-(\d\d): \S/g)) {
      const paths = found.get(number) ?? [];
      if (!paths.includes(path)) found.set(number, [...paths, path].sort());
    }
  return found;
}

/** What does not agree, in sentences. */
function differences(page: string, files: readonly SourceFile[]): readonly string[] {
  const [rows, tests] = [rowsOf(page), testsIn(files)];
  const missing = ASKED.filter((number) => !rows.has(number)).map((number) => `${number} is not in the list`);
  const untested = [...rows.keys()].filter((number) => !tests.has(number)).map((number) => `${number} has no test`);
  const unlisted = [...tests.keys()].filter((number) => !rows.has(number)).map((number) => `${number} has no row`);
  const elsewhere = [...rows].flatMap(([number, named]) => {
    const has = tests.get(number) ?? [];
    return has.length > 0 && has.join() !== named.join() ? [`${number} names ${named}, its tests are in ${has}`] : [];
  });
  return [...missing, ...untested, ...unlisted, ...elsewhere];
}

const page = readFileSync(join(root, "docs/abuse-cases.md"), "utf8");
const files = filesBelow(["test"], (path) => path.endsWith(".test.ts") && path !== "test/abuse/list.test.ts");

test("every abuse case of the list has its tests, where the list says", () => {
  expect(differences(page, files)).toEqual([]);
});

test("control: a case without a test, one without a row and one in another file are found", () => {
  const [first, ...rest] = files.filter(({ text }) => text.includes("AB-15: "));
  expect([first?.path, rest]).toEqual(["test/abuse/enrolment.test.ts", []]);
  const without = files.filter((file) => file !== first);
  expect(differences(page, without)).toContain("15 has no test");
  expect(differences(page.replace(/^\| 06 .*\n/m, ""), files)).toEqual(["06 is not in the list", "06 has no row"]);
  const moved = [...without, { path: "test/abuse/moved.test.ts", text: first?.text ?? "" }];
  expect(differences(page, moved)).toEqual([
    "15 names test/abuse/enrolment.test.ts, its tests are in test/abuse/moved.test.ts",
    expect.stringMatching(/^16 names .*its tests are in test\/abuse\/hostile-hub/),
  ]);
});
