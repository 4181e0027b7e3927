import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type GaugeField, type GaugeListOptions, readGaugeList } from "../../src/import/gauge-list.ts";
import { dateForm } from "../../src/import/written-date.ts";
import { root } from "../tidy/source-files.ts";

const options = (columns: { readonly [field in GaugeField]?: string }, dates: string, more: object = {}) =>
  ({
    columns: new Map(Object.entries(columns)),
    dates: dateForm(dates),
    datesWritten: dates,
    words: new Map(),
    ...more,
  }) as GaugeListOptions;

const read = (text: string, given: GaugeListOptions) => {
  const outcome = readGaugeList(text, given);
  if (!outcome.ok) throw new Error(outcome.error);
  return outcome.value;
};

const plain = options(
  { asset: "code", serial: "sn", performedOn: "cal", dueOn: "due", result: "res", certificate: "cert" },
  "M/D/YYYY",
  { words: new Map([["AAA", "pass"]]) },
);
const header = "code,sn,cal,due,res,cert,owner\n";

test("a row is taken as it is written, with its dates made plant days", () => {
  expect(read(`\ufeff${header}G-1,0041,2/9/2026,8/31/2026,AAA,C-7,QA\r\n`, plain)).toEqual({
    rows: [
      {
        place: "line 2",
        asset: "G-1",
        assetSerial: "0041",
        performedOn: "2026-02-09",
        dueOn: "2026-08-31",
        result: "pass",
        certificate: "C-7",
      },
    ],
    rejected: [],
    remarks: [{ field: "owner", message: "the column is not taken over" }],
  });
});

test.each([
  ["no asset", ",1,2/9/2026,,pass,,", { column: "code", value: "", why: "is empty" }],
  ["no date", "G,1,,,pass,,", { column: "cal", value: "", why: "is empty" }],
  ["another form of date", "G,1,2026-02-09,,pass,,", { column: "cal", value: "2026-02-09", why: /form M\/D\/YYYY/ }],
  ["a day that does not exist", "G,1,2/30/2026,,pass,,", { column: "cal", value: "2/30/2026", why: /no date/ }],
  ["day and month exchanged", "G,1,31/1/2026,,pass,,", { column: "cal", value: "31/1/2026", why: /no date/ }],
  ["a year of two digits", "G,1,1/31/26,,pass,,", { column: "cal", value: "1/31/26", why: /no date/ }],
  ["a placeholder", "G,1,1/1/1900,,pass,,", { column: "cal", value: "1/1/1900", why: /placeholder/ }],
  ["due before it was done", "G,1,2/9/2026,2/8/2026,pass,,", { column: "due", value: "2/8/2026", why: /lies before/ }],
  ["a result nobody explained", "G,1,2/9/2026,,AAB,,", { column: "res", value: "AAB", why: /--results/ }],
  ["no result", "G,1,2/9/2026,,,,", { column: "res", value: "", why: "is empty" }],
  ["a cell too many", "G,1,2/9/2026,,pass,,,", { column: "", why: /has 8 cells.*7 columns/ }],
  ["a line break", 'G,"1\n2",2/9/2026,,pass,,', { line: 3, column: "sn", value: "1\n2", why: /line break/ }],
  ["a very long cell", `G,${"9".repeat(600)},2/9/2026,,pass,,`, { column: "sn", why: /longer than 512/ }],
])("rejected with line, column, value and why: %s", (_what, row, { why, ...rest }: object & { why?: unknown }) => {
  const outcome = read(`${header}${row}\nG-9,1,2/9/2026,,pass,,\n`, plain);
  expect(outcome.rows.map(({ asset }) => asset)).toEqual(["G-9"]);
  const said = why instanceof RegExp ? expect.stringMatching(why) : why;
  expect(outcome.rejected).toEqual([expect.objectContaining({ line: 2, ...rest, why: said })]);
});

test("every fault of a row is told, and a broken quote costs its own row", () => {
  const text = `${header}G-1,1,x,y,z,,\nG-2,"a"b,2/9/2026,,pass,,\nG-3,1,2/9/2026,,pass,,\nG-4,"1,2/9/2026,,pass,,\n`;
  const { rows, rejected } = read(text, plain);
  expect(rows.map(({ asset }) => asset)).toEqual(["G-3"]);
  expect(rejected.map(({ line, column }) => `${line}:${column}`)).toEqual(["2:cal", "2:due", "2:res", "3:", "5:"]);
  expect(rejected[3]?.why).toMatch(/no CSV/);
});

test("a calibration that stands twice is taken once", () => {
  const row = "G,1,2/9/2026,,pass,C-1,\n";
  const { rows, rejected } = read(header + row + row.replace("C-1", "C-2") + row, plain);
  expect(rows).toHaveLength(2);
  expect(rejected).toEqual([{ line: 4, column: "", value: "G", why: "is the same calibration as on line 2" }]);
});

test("without a column for the result, the person who imports says it for every row", () => {
  const given = { asset: "code", performedOn: "cal" };
  const text = "code;cal\nG;09.02.2026\n";
  const without = read(text, options(given, "DD.MM.YYYY", { delimiter: ";" }));
  expect(without.rejected[0]).toMatchObject({ column: "result", why: expect.stringContaining("--result") });
  const said = read(text, options(given, "DD.MM.YYYY", { delimiter: ";", result: "pass" }));
  expect(said.rows).toMatchObject([{ performedOn: "2026-02-09", result: "pass" }]);
});

test.each([
  ["nothing", "", /is empty/],
  ["a column that is not there", "code,sn,cal,due,res\n", /no column "cert"; there are code, sn/],
  ["two columns of one name", "code,code,sn,cal,due,res,cert\n", /two columns are called "code"/],
])("a list that cannot be read at all: %s", (_what, text, says) => {
  expect(readGaugeList(text, plain)).toMatchObject({ ok: false, error: expect.stringMatching(says) });
});

test.each([
  ["YYYY-MM-DD", "2026-02-09", "2026-02-09"],
  ["DD-MMM-YYYY", "09-Feb-2026", "2026-02-09"],
  ["D.M.YYYY", "9.2.2026", "2026-02-09"],
  ["M/D/YYYY", "2/29/2024", "2024-02-29"],
  ["MM/DD/YYYY", "2/9/2026", undefined],
  ["M/D/YYYY", "2/29/2026", undefined],
  ["D.M.YYYY", "9x2x2026", undefined],
])("%s reads %s as %s", (form, text, date) => expect(dateForm(form)?.read(text)).toBe(date));
test.each(["M/D/YY", "M/M/YYYY", "YYYY", "", "D/M/YYYY HH", "(.*)"])("%s is no form", (form) =>
  expect(dateForm(form)).toBeUndefined(),
);

const list = join(root, "..", "shared", "data", "gauge-list-222-nonames.csv");
test.skipIf(!existsSync(list))("a plant's own list: every row is taken or rejected with its line", () => {
  const text = readFileSync(list, "utf8");
  const given = options(
    { asset: "code", serial: "serial", performedOn: "last_calibration", dueOn: "next_due", certificate: "report_no" },
    "M/D/YYYY",
    { result: "pass" },
  );
  const { rows, rejected } = read(text, given);
  expect(rows.length + new Set(rejected.map(({ line }) => line)).size).toBe(222);
  for (const { line, value, column } of rejected) {
    const written = text.split(/\r?\n/)[line - 1] ?? "";
    expect(written).toContain(value);
    expect(["last_calibration", "next_due"]).toContain(column);
  }
  expect(rejected.filter(({ value }) => value === "")).toHaveLength(4);
});
