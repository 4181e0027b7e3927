import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CalibrationRow } from "../../src/import/calibration-row.ts";
import { unitFromDsi } from "../../src/import/d-si-units.ts";
import { readDcc } from "../../src/import/dcc.ts";
import { parseXml } from "../../src/import/xml-document.ts";
import { MAX_IMPORT_BYTES, MAX_XML_DEPTH, MAX_XML_NODES } from "../../src/model/limits.ts";
import { root } from "../tidy/source-files.ts";
import { type DccFields, dcc, statement } from "./laboratory.ts";

const read = (fields: DccFields = {}, asset?: string) => {
  const outcome = readDcc(dcc(fields), { ...(asset === undefined ? {} : { asset }), anchors: [], nowMs: 0 });
  if (!outcome.ok) throw new Error(outcome.error);
  return outcome.value;
};
const rowOf = (fields: DccFields = {}, asset?: string): CalibrationRow => {
  const { rows, rejected } = read(fields, asset);
  const [row] = rows;
  if (row === undefined) throw new Error(JSON.stringify(rejected));
  return row;
};
const pass = statement.conformity("pass");

test("a certificate becomes a row", () => {
  expect(rowOf()).toEqual({
    place: "certificate C-2026-17",
    asset: "Meter-1",
    performedOn: "2026-06-01",
    result: "pass",
    certificate: "C-2026-17",
    assetSerial: "M1",
  });
  const named = read({}, "light-meter");
  expect(named.rows).toMatchObject([{ asset: "light-meter" }]);
  expect(named.remarks).toContainEqual({ field: "items", message: "the certificate calls the item Meter-1" });
});

const real = (value: string, unit: string): string =>
  `<si:real><si:value>${value}</si:value><si:unit>${unit}</si:unit></si:real>`;
const limit = (type: "Min" | "Max", inside: string): string =>
  `<dcc:quantity refType="basic_validityRange${type}">${inside}</dcc:quantity>`;
const range = (low: string, high: string): string =>
  `${pass}<dcc:statement refType="basic_validityRange"><dcc:data>${limit("Min", low)}${limit("Max", high)}</dcc:data></dcc:statement>`;

test("ranges keep their numbers as written, in a unit that we have", () => {
  const unit = "\\micro\\watt\\per\\centi\\metre\\tothe{2}";
  expect(rowOf({ statements: range(real("0", unit), real("20000.0", unit)) }).ranges).toEqual([
    ["0", "20000.0", "uW/cm2"],
  ]);
  const hybrid = (one: string, two: string): string =>
    `<si:hybrid>${real(one, "\\unheardof")}${real(two, "\\degreecelsius")}</si:hybrid>`;
  expect(rowOf({ statements: range(hybrid("1", "-20"), hybrid("2", "+1.2E2")) }).ranges).toEqual([
    ["-20", "1.2E2", "degC"],
  ]);
});

test.each([
  ["an unknown unit", range(real("0", "\\one"), real("1", "\\one"))],
  ["two units", range(real("0", "\\kelvin"), real("1", "\\metre"))],
  ["the higher first", range(real("2", "\\kelvin"), real("1", "\\kelvin"))],
  ["no number", range(real("a", "\\kelvin"), real("1", "\\kelvin"))],
  ["one end", range(real("0", "\\kelvin"), "")],
])("a range that cannot be read is left out and told: %s", (_what, statements) => {
  const { rows, remarks } = read({ statements });
  expect(rows[0]).not.toHaveProperty("ranges");
  expect(remarks).toContainEqual({ field: "basic_validityRange", message: expect.stringMatching(/left out/) });
});

const due = (date: string): string =>
  `${pass}<dcc:statement refType="basic_recalibration"><dcc:date>${date}</dcc:date></dcc:statement>`;
test("dates: the end of the work counts, the earliest recalibration, and a zone does not move the day", () => {
  expect(
    rowOf({ begin: "2026-05-28", end: "2026-06-01+02:00", statements: due("2027-06-01Z") + due("2027-05-01") }),
  ).toMatchObject({
    performedOn: "2026-06-01",
    dueOn: "2027-05-01",
  });
  expect(read({ begin: "2026-05-28" }).remarks).toContainEqual({
    field: "beginPerformanceDate",
    message: "it took from 2026-05-28 on",
  });
});

const adjusted = (before: string, results: string): string =>
  `<dcc:measurementResult><dcc:influenceConditions><dcc:influenceCondition refType="basic_adjustment"><dcc:status>beforeAdjustment</dcc:status><dcc:data>${before}</dcc:data></dcc:influenceCondition></dcc:influenceConditions><dcc:results>${results}</dcc:results></dcc:measurementResult>`;
const list = (words: string): string => `<dcc:conformityXMLList>${words}</dcc:conformityXMLList>`;
const plain = (results: string): string =>
  `<dcc:measurementResult><dcc:results>${results}</dcc:results></dcc:measurementResult>`;

test.each<[string, DccFields, object]>([
  ["one point fails", { results: plain(list("pass pass fail")) }, { result: "fail" }],
  ["the whole fails", { statements: statement.conformity("noPass"), results: plain(list("pass")) }, { result: "fail" }],
  [
    "found bad, left good",
    { results: adjusted(list("pass fail"), list("pass pass")) },
    { result: "pass", asFound: "out-of-tolerance", asLeft: "in-tolerance" },
  ],
  [
    "found good, left bad",
    { results: adjusted(list("pass"), list("fail")) },
    { result: "fail", asFound: "in-tolerance", asLeft: "out-of-tolerance" },
  ],
  ["only as found", { results: adjusted("", list("fail")) }, { result: "pass", asFound: "out-of-tolerance" }],
  ["the results alone", { statements: "", results: plain(list("pass")) }, { result: "pass" }],
])("conformity: %s", (_what, fields, expected) => expect(rowOf(fields)).toMatchObject(expected));

const item = (issuer: string, value: string): string =>
  `<dcc:item><dcc:identifications><dcc:identification><dcc:issuer>${issuer}</dcc:issuer><dcc:value>${value}</dcc:value></dcc:identification></dcc:identifications></dcc:item>`;
test.each<[string, DccFields, string, RegExp]>([
  ["no conformity", { statements: "" }, "conformity", /numbers alone are no verdict/],
  ["a condition", { statements: statement.conformity("conditionalPass") }, "conformity", /person must weigh/],
  ["no date", { end: "" }, "endPerformanceDate", /no date/],
  ["a day that does not exist", { end: "2026-02-30" }, "endPerformanceDate", /no date/],
  ["a placeholder", { end: "1900-01-01" }, "endPerformanceDate", /no date/],
  ["due before it was done", { statements: due("2026-05-01") }, "basic_recalibration", /before the calibration/],
  ["due some day", { statements: due("soon") }, "basic_recalibration", /no date/],
  ["two items", { items: item("customer", "A") + item("customer", "B") }, "items", /one item/],
  ["nobody's number", { items: item("manufacturer", "M1") }, "items", /--asset/],
  ["no number of its own", { number: " " }, "uniqueIdentifier", /empty/],
])("rejected: %s", (_what, fields, column, why) => {
  const { rows, rejected } = read(fields);
  expect(rows).toEqual([]);
  expect(rejected).toContainEqual(expect.objectContaining({ column, why: expect.stringMatching(why) }));
});

test("references are the measuring equipment, each once", () => {
  const equipment = (inside: string): string => `<dcc:measuringEquipment>${inside}</dcc:measuringEquipment>`;
  const numbered = (issuer: string, value: string): string =>
    `<dcc:identifications><dcc:identification><dcc:issuer>${issuer}</dcc:issuer><dcc:value>${value}</dcc:value></dcc:identification></dcc:identifications>`;
  const name = "<dcc:name><dcc:content>Pt 100</dcc:content><dcc:content>PT</dcc:content></dcc:name>";
  const all = [
    equipment(numbered("manufacturer", "S-1")),
    equipment(numbered("calibrationLaboratory", "STD-4")),
    equipment(name),
    equipment(numbered("manufacturer", "S-1")),
  ].join("");
  const results = `<dcc:measurementResult><dcc:measuringEquipments>${all}</dcc:measuringEquipments><dcc:results/></dcc:measurementResult>`;
  expect(rowOf({ results }).references).toEqual(["S-1", "STD-4", "Pt 100"]);
});

test.each([
  ["\\kelvin", "K"],
  ["\\milli\\watt\\per\\metre\\tothe{2}", "mW/m2"],
  ["\\watt\\metre\\tothe{-2}", "W/m2"],
  ["\\newton\\metre", "N.m"],
  ["\\kilo\\gram\\per\\metre\\tothe{3}", "kg/m3"],
  ["\\kilogram", "kg"],
  ["\\mega\\ohm", "Mohm"],
  ["\\percent", "%"],
  ["uW/cm\u00b2", "uW/cm2"],
  ["\\one", undefined],
  ["\\kilo", undefined],
  ["\\kelvin\\per", undefined],
  ["\\tothe{2}", undefined],
  ["\\kilo\\milli\\metre", undefined],
  ["\\constructor", undefined],
  ["\\kelvin K", undefined],
  ["", undefined],
])("the D-SI unit %s is %s", (written, unit) => expect(unitFromDsi(written)).toBe(unit));

const nested = (depth: number): string => "<a>".repeat(depth) + "</a>".repeat(depth);
test.each([
  ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', /document type or an entity/],
  ["one in small letters", "<!doctype a><a/>", /document type/],
  ["an entity of nobody's", "<a>&b;</a>", /no XML/],
  ["deeper than the limit", nested(MAX_XML_DEPTH + 1), /nested deeper than/],
  ["deeper by far", nested(200_000), /nested deeper than/],
  ["more nodes than the limit", `<a>${"<b/>".repeat(MAX_XML_NODES)}</a>`, /more than .* nodes/],
  ["more comments than the limit", `<a>${"<!---->".repeat(MAX_XML_NODES)}</a>`, /more than .* nodes/],
  ["longer than the limit", `<a>${" ".repeat(MAX_IMPORT_BYTES)}</a>`, /longer than/],
  ["tags that do not fit", "<a><b></a></b>", /no XML/],
  ["an end without a beginning", "</a><a/>", /closes nothing/],
  ["ends that hide the depth", `${"</a>".repeat(100)}${nested(100)}`, /closes nothing/],
  ["two roots", "<a/><b/>", /no XML/],
  ["no end", "<a>", /no XML/],
  ["a comment without end", "<a><!-- </a>", /<!-- does not end/],
  ["text", "hello", /no XML/],
  ["nothing", "", /no XML/],
])("no document: %s", (_what, text, says) =>
  expect(parseXml(text)).toMatchObject({ ok: false, error: { message: expect.stringMatching(says) } }),
);
test("what stands in comments and CDATA is no markup, and the limits themselves pass", () => {
  expect(parseXml("<a><!-- <!DOCTYPE x> <b> --><![CDATA[<!ENTITY <c>]]></a>").ok).toBe(true);
  expect(parseXml(nested(MAX_XML_DEPTH)).ok).toBe(true);
});

test.each([
  ["another version", dcc({ schema: "2.4.0" }), /schema version "2.4.0"/],
  ["another root", "<a/>", /no digital calibration certificate/],
  ["the name in another space", dcc().replaceAll("https://ptb.de/dcc", "urn:x"), /no digital calibration certificate/],
  ["no administrative data", dcc().replaceAll("administrativeData", "x"), /no administrativeData/],
])("not read: %s", (_what, text, says) =>
  expect(readDcc(text, { anchors: [], nowMs: 0 })).toMatchObject({ ok: false, error: expect.stringMatching(says) }),
);

const file = join(root, "..", "shared", "data", "dcc_gp_temperature_typical_adjustment_v12.xml");
test.skipIf(!existsSync(file))("PTB's example with an adjustment", () => {
  const outcome = readDcc(readFileSync(file, "utf8"), { asset: "Therm-1", anchors: [], nowMs: 0 });
  expect(outcome).toMatchObject({
    ok: true,
    value: {
      rows: [
        {
          certificate: "GP_DCC_temperature_typical_adjustment_1.2",
          assetSerial: "string-manufacturer-item",
          performedOn: "1957-08-13",
          dueOn: "1959-10-22",
          result: "pass",
          asFound: "in-tolerance",
          asLeft: "in-tolerance",
          ranges: [["306", "593", "K"]],
          references: ["string-manufacturer-measuringEquipment-1"],
        },
      ],
      rejected: [],
    },
  });
});
