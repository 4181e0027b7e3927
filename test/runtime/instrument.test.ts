import { expect, test } from "vitest";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { decideFast, indexReleases } from "../../src/runtime/index.ts";
import { chicago, loadText } from "../conformance/vectors.ts";
import { now } from "./gate-fixture.ts";

// Which clauses say whether the instrument behind a reading was valid. Source: decisions.md B15.

const reading = "each day, uv read with the meter must be at least 1000 uW/cm2";
const daily = "the meter must be calibrated every 12 months";
const strict = "the meter must be calibrated every 1 month";
const mild = "the meter should be calibrated every 1 month";

/** A contract with the reading in one condition and calibration clauses in others, each for a kind of test or for every one. */
function contract(...conditions: readonly (readonly [kind: string, clause: string])[]): string {
  const blocks = conditions.map(
    ([kind, clause], index) =>
      `  before every ${kind === "" ? "" : `${kind} `}test {\n    c${index}:\n      ${clause}\n  }\n`,
  );
  return [
    'contract METER "Meter" {',
    "  for every station",
    '  meter is a radiometer, by default "M-1"',
    "  uv is measured in uW/cm2",
    `  before every test {\n    light:\n      ${reading}\n  }\n`,
    ...blocks,
    "}",
    "",
  ].join("\n");
}

interface Asked {
  readonly text: string;
  readonly kind?: string;
  readonly calibration?: object | null;
  readonly attributes?: readonly string[];
}

/** Whether the instrument held. Calibrated three months ago, unless told. */
function holds({ text, kind, calibration, attributes = [] }: Asked): boolean {
  const given = { performedOn: "2026-08-20", result: "pass", ...calibration };
  const meter = calibration === null ? { attributes } : { attributes, calibration: given };
  const { reasons } = decideFast({
    releases: indexReleases([{ loaded: loadText("METER", text), version: null, fromDay: null }]),
    snapshot: snapshotFromValues({
      ...{ plantZone: "America/Chicago", test: kind === undefined ? {} : { kind } },
      equipment: { "M-1": meter },
      readings: { uv: { value: 1500, unit: "uW/cm2", takenAt: "2026-11-23T06:20:00-06:00", takenWith: "M-1" } },
    }),
    ...{ now, calendar: chicago, node: null, assumeBinding: true },
  });
  return !reasons.includes("reading.instrument-not-valid:uv");
}

test.each<readonly [string, Asked, boolean]>([
  ["its calibration clause holds", { text: contract(["", daily]) }, true],
  ["its calibration clause does not hold", { text: contract(["", strict]) }, false],
  ["one of two clauses does not hold", { text: contract(["", daily], ["", strict]) }, false],
  ["a clause that only warns is not asked where another binds", { text: contract(["", daily], ["", mild]) }, true],
  ["a clause that only warns is asked where no other is", { text: contract(["", mild]) }, false],
  [
    "a clause for another kind of test is not asked",
    { text: contract(["", daily], ["final", strict]), kind: "rough" },
    true,
  ],
  ["a clause for this kind of test is asked", { text: contract(["", daily], ["final", strict]), kind: "final" }, false],
  ["of no known kind, every clause is asked", { text: contract(["", daily], ["final", strict]) }, false],
  [
    "a clause for items that this one is not",
    { text: contract(["", daily], ["", `when the meter is portable, ${strict}`]) },
    true,
  ],
  [
    "a clause for items that this one is",
    { text: contract(["", daily], ["", `when the meter is portable, ${strict}`]), attributes: ["portable"] },
    false,
  ],
  [
    "without a clause its certificate's due date decides",
    { text: contract(), calibration: { dueOn: "2026-11-23" } },
    true,
  ],
  ["without a clause an earlier due date", { text: contract(), calibration: { dueOn: "2026-11-22" } }, false],
  ["without a clause and without a due date", { text: contract() }, false],
  ["without a clause, failed", { text: contract(), calibration: { dueOn: "2027-01-01", result: "fail" } }, false],
  ["without a clause and without a certificate", { text: contract(), calibration: null }, false],
])("%s", (_, asked, expected) => {
  expect(holds(asked)).toBe(expected);
});
