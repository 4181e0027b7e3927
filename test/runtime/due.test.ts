import { expect, test } from "vitest";
import { DAY_MS, parseInstant } from "../../src/base/civil-time.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { changingInstants } from "../../src/runtime/due.ts";
import { type DecideInput, dueWithin, indexReleases, verdictFast } from "../../src/runtime/index.ts";
import { bundles, chicago, inputOf, vectors } from "../conformance/vectors.ts";

let state = 3;
const draw = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const timeless = (input: DecideInput): DecideInput => ({
  ...input,
  snapshot: { ...input.snapshot, clock: { highWater: undefined, monotonicNow: undefined } },
});
const essence = (input: DecideInput, now: number): string => {
  const { reasons, warnings } = verdictFast({ ...input, now });
  return JSON.stringify([reasons, warnings]);
};

/** How often a decision between two instants differs from the one at the first of them. */
function differences(instantsOf: (input: DecideInput, untilMs: number) => readonly number[]): number {
  let different = 0;
  for (const vector of vectors) {
    const input = timeless(inputOf(vector));
    const untilMs = input.now + 400 * DAY_MS;
    if (!chicago.covers(input.now) || !chicago.covers(untilMs)) continue;
    const instants = [input.now, ...instantsOf(input, untilMs)];
    instants.forEach((from, index) => {
      const next = instants[index + 1] ?? untilMs;
      // A millisecond before the next instant, what that one changes must not show yet; and somewhere between.
      const probes = index % 4 === 0 ? [next - 1, from + draw(next - from)] : [next - 1];
      for (const at of probes) if (essence(input, at) !== essence(input, from)) different += 1;
    });
  }
  return different;
}

test("nothing changes between two instants that are looked at", () => {
  expect(differences(changingInstants)).toBe(0);
});

test("control: instants left out are noticed", () => {
  const sparse = (input: DecideInput, untilMs: number) =>
    changingInstants(input, untilMs).filter((_, index) => index % 5 === 0);
  expect(differences(sparse)).toBeGreaterThan(20);
});

const now = parseInstant("2026-11-23T09:00:00-06:00") ?? 0;

function thermometer(facts: object): DecideInput {
  const loaded = bundles.get("CAL-180");
  if (loaded === undefined) throw new Error("the vectors have a contract CAL-180");
  return {
    releases: indexReleases([{ loaded, version: "v1.0", fromDay: null }]),
    snapshot: snapshotFromValues(facts),
    ...{ now, calendar: chicago, node: "NODE-1", assumeBinding: false },
  };
}

test("a calibration warns 30 days before, and lapses at the end of its due day", () => {
  const calibration = { performedOn: "2026-07-10", result: "pass", certificate: "C-1" };
  const input = thermometer({ equipment: { "T-1": { calibration } } });
  const items = dueWithin(input, now + 60 * DAY_MS);
  expect(
    items.map(({ code, severity, from, holdsAlready, routine }) => ({ code, severity, from, holdsAlready, routine })),
  ).toEqual([
    {
      code: "calibration.due-soon",
      severity: "warning",
      from: "2026-12-07T00:00:00.000-06:00",
      holdsAlready: false,
      routine: false,
    },
    {
      code: "calibration.overdue",
      severity: "reason",
      from: "2027-01-07T00:00:00.000-06:00",
      holdsAlready: false,
      routine: false,
    },
  ]);
  expect(items[1]).toMatchObject({ contract: "CAL-180", remedy: { who: "QA" } });
  expect(dueWithin(input, now + 10 * DAY_MS)).toEqual([]);
});

test("what holds already is said to hold from now on, once", () => {
  const items = dueWithin(thermometer({}), now + 10 * DAY_MS);
  expect(items).toMatchObject([{ code: "equipment.unknown", holdsAlready: true, fromMs: now }]);
});

test("beyond the calendar nothing is said, and nothing hangs", () => {
  const items = dueWithin(thermometer({}), now + 100 * 366 * DAY_MS * 0.5);
  expect(items.length).toBe(1);
  expect(() => dueWithin(thermometer({}), parseInstant("2099-12-31T00:00:00Z") ?? 0)).toThrow(RangeError);
});
