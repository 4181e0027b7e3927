import { expect, test } from "vitest";
import { DAY_MS, parseInstant } from "../../../src/base/civil-time.ts";
import type { ArchivedDecision } from "../../../src/hub/archive/archived.ts";
import { relianceOf } from "../../../src/hub/impact/reliance.ts";
import type { Suspect } from "../../../src/hub/impact/suspects.ts";
import { metadataOf, releaseOf, type Values, ZONE } from "../replay/replay-fixture.ts";

const NINE = parseInstant("2026-11-24T09:00:00-06:00") ?? 0;
const MORNING = "2026-11-24T06:20:00-06:00";
const release = releaseOf(`contract UV-DAILY "UV" {
  for every penetrant station
  light-meter is a radiometer, by default "LM-DEFAULT"
  lamp is a uv-a-lamp, by default "LAMP-1"
  uv is measured in uW/cm2
  dark is measured in uW/cm2
  net is uv minus dark
  glare is measured in lx
  before every test {
    meter:
      the light-meter must be calibrated every 12 months
    intensity:
      each day, net must be at least 900 uW/cm2
    people:
      each day, the operator must acknowledge "ready"
  }
  before every other test {
    other:
      each day, glare must be at most 20 lx
      the lamp must be in service
  }
}
`);
const reading = (value: number, takenWith: string, takenAt = MORNING): Values => ({
  ...{ value, unit: "uW/cm2", takenAt, takenWith },
});
const snapshot: Values = {
  plantZone: ZONE,
  station: { id: "LP-1", type: "penetrant", roles: { "light-meter": "LM-1" } },
  test: { id: "T-1", operator: "STF-1", kind: "penetrant" },
  equipment: { "LM-1": { calibration: { performedOn: "2026-06-01", result: "pass", certificate: "C-1" } }, "LM-9": {} },
  readings: { uv: reading(1200, "LM-1"), dark: reading(20, "LM-2"), glare: reading(5, "LM-3") },
  acks: [{ step: "ready", by: "STF-1", role: "operator", at: MORNING }],
};

const decided = (change: Values = {}, keepsSnapshot = true): ArchivedDecision => {
  const recorded = metadataOf({
    node: "LP-1",
    atMs: NINE,
    releases: [release],
    snapshot: { ...snapshot, ...change },
    keepsSnapshot,
  });
  return { node: "LP-1", entry: {} as ArchivedDecision["entry"], atMs: NINE, recorded };
};
const suspect = (asset: string, fromMs: number | null = NINE - DAY_MS, toMs: number | null = null): Suspect => ({
  ...{ asset, fromMs, toMs, via: [] },
});
const HOUR_MS = 3_600_000;

const rows: readonly {
  readonly what: string;
  readonly decision: ArchivedDecision;
  readonly suspects: readonly Suspect[];
  readonly relied: readonly string[];
  readonly isBundleGone?: boolean;
}[] = [
  {
    what: "an instrument by its clause and by its reading",
    decision: decided(),
    suspects: [suspect("LM-1")],
    relied: ["LM-1 equipment meter", "LM-1 reading intensity"],
  },
  {
    what: "the other half of a difference",
    decision: decided(),
    suspects: [suspect("LM-2")],
    relied: ["LM-2 reading intensity"],
  },
  { what: "a reading that no clause judged", decision: decided(), suspects: [suspect("LM-3")], relied: [] },
  { what: "an asset that is known and not used", decision: decided(), suspects: [suspect("LM-9")], relied: [] },
  {
    what: "what the contract would have named without a register",
    decision: decided(),
    suspects: [suspect("LM-DEFAULT")],
    relied: [],
  },
  {
    what: "a default",
    decision: decided({ station: { id: "LP-1", type: "penetrant", roles: {} }, equipment: {} }),
    suspects: [suspect("LM-DEFAULT")],
    relied: ["LM-DEFAULT equipment meter"],
  },
  { what: "equipment that no clause is about", decision: decided(), suspects: [suspect("LAMP-1")], relied: [] },
  {
    what: "a time that ended before the decision but not before the reading",
    decision: decided(),
    suspects: [suspect("LM-1", null, NINE - HOUR_MS)],
    relied: ["LM-1 reading intensity"],
  },
  {
    what: "a time that ended before both",
    decision: decided(),
    suspects: [suspect("LM-1", null, NINE - 5 * HOUR_MS)],
    relied: [],
  },
  {
    what: "a time that began after the reading",
    decision: decided(),
    suspects: [suspect("LM-1", NINE - HOUR_MS)],
    relied: ["LM-1 equipment meter"],
  },
  {
    what: "two of them",
    decision: decided(),
    suspects: [suspect("LM-2"), suspect("LM-1", null, NINE - HOUR_MS)],
    relied: ["LM-1 reading intensity", "LM-2 reading intensity"],
  },
  {
    what: "a snapshot that was too large to keep",
    decision: decided({}, false),
    suspects: [suspect("LM-2")],
    relied: ["LM-2 reading intensity", " unclear meter"],
  },
  {
    what: "the same, at another time",
    decision: decided({}, false),
    suspects: [suspect("LM-2", NINE + 1)],
    relied: [],
  },
  {
    what: "a snapshot that was too large to keep, and a time that ended before: the reading may be older",
    decision: decided({}, false),
    suspects: [suspect("LM-2", null, NINE - HOUR_MS)],
    relied: ["LM-2 unclear intensity"],
  },
  {
    what: "the same, longer ago than a reading lives",
    decision: decided({}, false),
    suspects: [suspect("LM-2", null, NINE - 100 * DAY_MS)],
    relied: [],
  },
  {
    what: "a bundle that is gone, and a time that ended between the reading and the decision",
    decision: decided(),
    suspects: [suspect("LM-2", null, NINE - HOUR_MS)],
    relied: ["LM-2 reading intensity"],
    isBundleGone: true,
  },
  {
    what: "a bundle that is gone, and with it which equipment its contract named by default",
    decision: decided(),
    suspects: [suspect("LM-9")],
    relied: ["LM-9 unclear meter", "LM-9 unclear people"],
    isBundleGone: true,
  },
  {
    what: "a bundle that is gone",
    decision: decided(),
    suspects: [suspect("LM-1")],
    relied: ["LM-1 reading intensity", "LM-1 unclear meter", "LM-1 unclear people"],
    isBundleGone: true,
  },
];
test.each(rows)("$what", ({ decision, suspects, relied, isBundleGone = false }) => {
  const found = relianceOf(decision, suspects, () => (isBundleGone ? undefined : release.loaded.bundle));
  expect(found.map(({ asset, how, condition }) => `${asset} ${how} ${condition}`).sort()).toEqual([...relied].sort());
});
