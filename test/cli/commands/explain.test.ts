import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DIAGNOSTIC_CODES } from "../../../src/compiler/index.ts";

const bin = join(import.meta.dirname, "../../../bin/maint.js");
const explain = (...args: readonly string[]) =>
  spawnSync(process.execPath, [bin, "explain", ...args], { encoding: "utf8" });

test("without a code all are listed in groups, each with a sentence", () => {
  const { status, stdout } = explain();
  expect(status).toBe(0);
  const groups = stdout
    .trimEnd()
    .split("\n\n")
    .map((group) => group.split("\n"));
  expect(groups.map(([title]) => title)).toEqual([
    "Errors of `maint check`",
    "Warnings of `maint check`",
    "Reasons and warnings of a decision",
  ]);
  const rows = groups.flatMap(([, ...lines]) => lines);
  expect(rows.filter((row) => !/^ {2}[a-z.-]+ +\S.*\S\.$/.test(row))).toEqual([]);
  const flat = JSON.parse(explain("--json").stdout) as string[];
  expect(rows.map((row) => row.trim().split(" ")[0]).sort()).toEqual([...flat].sort());
  expect(flat).toEqual(expect.arrayContaining([...DIAGNOSTIC_CODES]));
});

test.each([
  { args: ["no-freshness"], status: 0, says: "# no-freshness" },
  { args: ["calibration.overdue:LM-1"], status: 0, says: "# calibration.overdue" },
  { args: ["no-fresness"], status: 2, says: "did you mean no-freshness?" },
])("explain $args", ({ args, status, says }) => {
  const run = explain(...args);
  expect(`${run.stdout}${run.stderr}`).toContain(says);
  expect(run.status).toBe(status);
});
