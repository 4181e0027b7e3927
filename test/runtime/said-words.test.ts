import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { decide, indexReleases, loadBundle } from "../../src/runtime/index.ts";
import { chicago } from "../conformance/vectors.ts";
import { now } from "./gate-fixture.ts";

/** What a person reads beside a code: the figure, the date, the item that is meant. */
interface Said {
  readonly title: string;
  readonly declares: string;
  readonly clause: string;
  readonly facts: object;
  readonly reason: string;
  readonly words: RegExp;
}

const METER = 'meter is a radiometer, by default "M-1"';
const UV = "uv is measured in uW/cm2";
const calibrated = (more: object): object => ({
  equipment: { "M-1": { calibration: { performedOn: "2026-10-01", result: "pass", ...more } } },
});
/** Lapsed at the end of 2026-11-20, and extended before. */
const extended = (until: string): object => ({
  equipment: {
    "M-1": {
      calibration: { performedOn: "2026-09-20", result: "pass" },
      extension: { until, grantedAt: "2026-11-20T12:00:00-06:00", approvals: [{ by: "Q-1", role: "QA" }] },
    },
  },
});
const minutesAgo = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
const reads = (value: number): object => ({ readings: { uv: { value, unit: "uW/cm2", takenAt: minutesAgo(5) } } });
const checked = (minutes: number, items: object): object => ({
  equipment: { "M-1": { checks: [{ at: minutesAgo(minutes), by: "P-1", result: "fail", items }] } },
});
const PANEL = 'each day, the meter must be checked: "crack A", "crack B"';

const said: readonly Said[] = [
  {
    title: "the placeholder that stands in the certificate, here the due date",
    ...{ declares: METER, clause: "the meter must be calibrated every 12 months" },
    ...{ facts: calibrated({ dueOn: "9999-12-31" }), reason: "calibration.placeholder-date:M-1", words: /9999-12-31/ },
  },
  {
    title: "the placeholder that stands in the certificate, here the day of calibration",
    ...{ declares: METER, clause: "the meter must be calibrated every 12 months" },
    ...{
      facts: calibrated({ performedOn: "1900-01-01" }),
      reason: "calibration.placeholder-date:M-1",
      words: /1900-01-01/,
    },
  },
  {
    title: "that a reading lies below",
    ...{ declares: UV, clause: "each day, uv must be between 1000 uW/cm2 and 5000 uW/cm2" },
    ...{ facts: reads(900), reason: "reading.out-of-limits:uv", words: /900 uW\/cm2 is below the limit/ },
  },
  {
    title: "that a reading lies above",
    ...{ declares: UV, clause: "each day, uv must be between 1000 uW/cm2 and 5000 uW/cm2" },
    ...{ facts: reads(5001), reason: "reading.out-of-limits:uv", words: /5001 uW\/cm2 is above the limit/ },
  },
  {
    title: "which items of a check failed",
    ...{ declares: METER, clause: PANEL, facts: checked(5, { "crack A": "fail", "crack B": "pass" }) },
    ...{ reason: "check.failed:M-1", words: /crack A(?!, crack B)/ },
  },
  {
    title: "which items failed, also of a check dated ahead",
    ...{ declares: METER, clause: PANEL, facts: checked(-60, { "crack A": "pass", "crack B": "fail" }) },
    ...{ reason: "check.failed:M-1", words: /crack B/ },
  },
  {
    title: "the last day that an interval in hours left",
    ...{ declares: METER, clause: "the meter must be calibrated every 48 hours" },
    ...{ facts: calibrated({ performedOn: "2026-11-20" }), reason: "calibration.overdue:M-1" },
    words: /due on 2026-11-21, overdue by 2 days/,
  },
  {
    title: "the last day to which an extension of so many hours reached",
    declares: METER,
    clause: "the meter must be calibrated every 2 months, may be extended by at most 48 hours, approved by QA",
    facts: extended("2026-12-31"),
    reason: "calibration.overdue:M-1",
    words: /due on 2026-11-22, overdue by 1 day/,
  },
];

async function detailOf({ declares, clause, facts, reason }: Said): Promise<string> {
  const text = `contract X "x" {\n  ${declares}\n  before every test {\n    named:\n      ${clause}\n  }\n}\n`;
  const { contracts, diagnostics } = compile([{ name: "x.maint", text }]);
  const loaded = loadBundle(contracts[0]?.bytes ?? "");
  if (!loaded.ok) throw new Error(`${text}\n${JSON.stringify(diagnostics)}`);
  const releases = indexReleases([{ loaded: loaded.value, version: null, fromDay: null }]);
  const snapshot = snapshotFromValues(facts);
  const asked = { releases, snapshot, now, calendar: chicago, node: null, assumeBinding: true };
  const { reasons, details } = await decide(asked, "both");
  expect(reasons).toEqual([reason]);
  return details.map((detail) => detail.text).join("\n");
}

describe("a reason says", () => {
  test.each(said)("$title", async (one) => {
    expect(await detailOf(one)).toMatch(one.words);
  });
});
