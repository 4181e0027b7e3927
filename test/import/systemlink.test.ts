import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { readSystemLink, type SystemLinkOptions } from "../../src/import/systemlink.ts";
import { openPlantCalendar } from "../../src/model/plant-calendar.ts";
import { root } from "../tidy/source-files.ts";

const calendarOf = (zone: string) => {
  const transitions = zoneFromIntl(zone);
  if (transitions === undefined) throw new Error(zone);
  return openPlantCalendar(transitions);
};
const chicago: SystemLinkOptions = { calendar: calendarOf("America/Chicago"), nameFrom: "assetName", result: "pass" };
const read = (text: string, options = chicago) => {
  const outcome = readSystemLink(text, options);
  if (!outcome.ok) throw new Error(outcome.error);
  return outcome.value;
};
const withExternal = (external: object, more: object = {}) =>
  JSON.stringify({ assets: [{ assetName: "Meter", serialNumber: "M1", externalCalibration: external, ...more }] });

test("the day of a calibration is the plant's, and so is the month it is due", () => {
  const text = withExternal({ date: "2024-03-01T03:30:00Z", recommendedInterval: 12 });
  expect(read(text).rows).toEqual([
    {
      place: "asset 1",
      asset: "Meter",
      assetSerial: "M1",
      performedOn: "2024-02-29",
      dueOn: "2025-02-28",
      result: "pass",
    },
  ]);
  const berlin = { ...chicago, calendar: calendarOf("Europe/Berlin"), nameFrom: "serialNumber" } as const;
  expect(read(text, berlin).rows[0]).toMatchObject({ asset: "M1", performedOn: "2024-03-01", dueOn: "2025-03-01" });
});

test("of two due dates the earlier governs", () => {
  const external = {
    date: "2024-06-01T12:00:00Z",
    recommendedInterval: 12,
    nextRecommendedDate: "2025-02-03T12:00:00Z",
  };
  expect(read(withExternal(external)).rows[0]?.dueOn).toBe("2025-02-03");
  expect(read(withExternal({ ...external, recommendedInterval: 6 })).rows[0]?.dueOn).toBe("2024-12-01");
  expect(read(withExternal({ date: "2024-06-01T12:00:00Z" })).rows[0]).not.toHaveProperty("dueOn");
});

test.each([
  ["no date", {}, { column: "externalCalibration.date", value: "", why: /missing/ }],
  ["a date without offset", { date: "2024-06-01T12:00:00" }, { value: "2024-06-01T12:00:00", why: /offset/ }],
  ["a placeholder", { date: "0001-01-01T00:00:00Z" }, { why: /placeholder/ }],
  [
    "a limited calibration",
    { date: "2024-06-01T12:00:00Z", isLimited: true },
    { value: "true", why: /person decides/ },
  ],
  ["half a month", { date: "2024-06-01T12:00:00Z", recommendedInterval: 1.5 }, { value: "1.5", why: /whole number/ }],
  ["a next date that is none", { date: "2024-06-01T12:00:00Z", nextRecommendedDate: "soon" }, { value: "soon" }],
])("rejected: %s", (_what, external, { why = /./, ...rest }: { why?: RegExp; value?: string; column?: string }) => {
  const { rows, rejected } = read(withExternal(external));
  expect(rows).toEqual([]);
  expect(rejected).toEqual([expect.objectContaining({ line: 1, ...rest, why: expect.stringMatching(why) })]);
});

test("without a result, without a name, and two of one name", () => {
  const { result: _, ...silent } = chicago;
  const external = { date: "2024-06-01T12:00:00Z" };
  expect(read(withExternal(external), silent).rejected[0]?.why).toMatch(/--result/);
  expect(read(withExternal(external, { assetName: " " })).rejected[0]).toMatchObject({ column: "assetName" });
  const asset = { assetName: "Meter", externalCalibration: external };
  const twice = read(JSON.stringify([asset, asset]));
  expect(twice.rows).toHaveLength(1);
  expect(twice.rejected).toMatchObject([{ line: 2, value: "Meter", why: "is the name of asset 1 too" }]);
});

test.each([
  ["no JSON", "{", /line 1/],
  ["doubled keys", '{"assets":[],"assets":[]}', /twice/],
  ["no assets", "{}", /no "assets"/],
])("bad input: %s", (_what, text, says) =>
  expect(readSystemLink(text, chicago)).toMatchObject({ ok: false, error: expect.stringMatching(says) }),
);

const real = join(root, "..", "shared", "data", "systemlink-myAssets.json");
test.skipIf(!existsSync(real))("somebody's own export", () => {
  const { rows, rejected, remarks } = read(readFileSync(real, "utf8"));
  expect(rows).toMatchObject([
    { asset: "Virtual Thermal Asset 1", assetSerial: "12345", performedOn: "2014-04-05", dueOn: "2016-04-05" },
  ]);
  expect(rejected).toEqual([]);
  expect(remarks).toContainEqual({ field: "assets[1]", message: "Fixture 1234 has no external calibration" });
});
