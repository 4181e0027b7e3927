/** Standards, lots, instruments, uses, results, parts, events. Source: decisions.md B13–B15, B17–B20. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { DAY, HOUR, MINUTE, monthsLater, plantTime } from "../reference/interpreter-time.ts";
import {
  aMillisecondLate,
  atAnotherTime,
  contractWith,
  day,
  days,
  type Facts,
  inGreenwich,
  instant,
  number,
  reading,
  rule,
  seeing,
  throughDoubles,
  zones,
} from "./ask.ts";

const meter = 'meter is a radiometer, by default "M-1"';

describe("B13", () => {
  const contract = contractWith(
    [meter],
    [
      "the meter must be calibrated every 12 months, with each reference standard calibrated within 12 months of its use",
    ],
  );
  const chain = fc.array(fc.oneof(fc.constantFrom(365, 366), fc.integer({ min: 0, max: 400 })), {
    minLength: 1,
    maxLength: 6,
  });
  rule(
    "each standard was valid on the day it was used, up the chain; the first that was not is named",
    (decide) =>
      fc.property(zones, days, chain, fc.integer({ min: 0, max: 300 }), (zone, performedOn, ages, later) => {
        let on = performedOn;
        const equipment: { [asset: string]: Facts } = {};
        let fault: string[] = [];
        const asset = (index: number): string => (index === 0 ? "M-1" : `STD-${index}`);
        for (const [index, age] of [0, ...ages].entries()) {
          const used = on;
          on -= age;
          const isNational = index === ages.length;
          const more = isNational ? { national: true } : { references: [asset(index + 1)] };
          equipment[asset(index)] = { calibration: { performedOn: day(on), result: "pass", ...more } };
          const isValid = index === 0 || used <= monthsLater(on, 12);
          if (!isValid && fault.length === 0) fault = [`reference.invalid-at-use:${asset(index)}`];
        }
        // What lapsed since it was used does no harm.
        const now = plantTime(zone).instantOf(performedOn + later, 720);
        expect(decide({ contract, facts: { equipment }, zone, now }).reasons).toEqual(fault);
      }),
    reading("within 12 months of", "within 365 days of"),
  );
  rule(
    "a circle is named by the item whose certificate closes it, a lost end by the item that names none",
    (decide) =>
      fc.property(
        days,
        fc.integer({ min: 1, max: 6 }),
        fc.nat(),
        fc.boolean(),
        (performedOn, length, back, isCircle) => {
          const asset = (index: number): string => (index === 0 ? "M-1" : `STD-${index}`);
          const equipment: { [asset: string]: Facts } = {};
          for (let index = 0; index <= length; index += 1) {
            const references = index < length ? [asset(index + 1)] : isCircle ? [asset(back % (length + 1))] : [];
            equipment[asset(index)] = { calibration: { performedOn: day(performedOn), result: "pass", references } };
          }
          const now = plantTime("UTC").instantOf(performedOn, 720);
          const code = isCircle ? "reference.cycle" : "reference.missing";
          expect(decide({ contract, facts: { equipment }, zone: "UTC", now }).reasons).toEqual([
            `${code}:${asset(length)}`,
          ]);
        },
      ),
    reading(/, with each.*/, ""),
  );
});

describe("B14", () => {
  const contract = contractWith(
    ['dye is a material, by default "D-1"'],
    ["the dye must be within its shelf life, used within 6 months of opening"],
  );
  rule(
    "a lot is good to its last day, or its month's, or six months from opening: the earliest governs",
    (decide) =>
      fc.property(zones, days, fc.integer({ min: 0, max: 400 }), fc.boolean(), (zone, openedOn, later, isMonth) => {
        const expires = day(openedOn + later);
        const [year, month] = expires.split("-").map(Number) as [number, number];
        const lastGood = isMonth ? Date.UTC(year, month, 0) / DAY : openedOn + later;
        const opened = monthsLater(openedOn, 6);
        const facts = {
          lots: { "D-1": { expires: isMonth ? expires.slice(0, 7) : expires, openedOn: day(openedOn) } },
        };
        const over = plantTime(zone).midnight(Math.min(lastGood, opened) + 1);
        const code = lastGood <= opened ? "lot.expired:D-1" : "lot.opened-too-long:D-1";
        expect(decide({ contract, facts, zone, now: over - 1 }).reasons).toEqual([]);
        expect(decide({ contract, facts, zone, now: over }).reasons).toEqual([code]);
      }),
    aMillisecondLate,
  );
});

describe("B15", () => {
  const read = "from the latest readings, uv read with the meter must be at least 1 uW/cm2";
  const contract = contractWith([meter, "uv is measured in uW/cm2"], [read]);
  rule(
    "the instrument was valid when it was read, whatever became of it since",
    (decide) =>
      fc.property(
        zones,
        days,
        fc.integer({ min: -2, max: 2 }),
        fc.integer({ min: 0, max: 90 }),
        (zone, dueOn, ms, later) => {
          const over = plantTime(zone).midnight(dueOn + 1);
          const calibration = { performedOn: day(dueOn - 20), dueOn: day(dueOn), result: "pass" };
          const uv = { value: 5, unit: "uW/cm2", takenAt: instant(over + ms), takenWith: "M-1" };
          const facts = { equipment: { "M-1": { calibration } }, readings: { uv } };
          const { reasons } = decide({ contract, facts, zone, now: over + 10 + later * DAY });
          expect(reasons).toEqual(ms < 0 ? [] : ["reading.instrument-not-valid:uv"]);
        },
      ),
    inGreenwich,
  );
  const twice = contractWith(
    [meter, "uv is measured in uW/cm2"],
    ["the meter must be calibrated every 12 months", "the meter must be calibrated every 30 days", read],
  );
  rule(
    "where clauses speak of its calibration all of them decide, at the time of the reading",
    (decide) =>
      fc.property(days, fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), (performedOn, age, later) => {
        const takenAt = plantTime("UTC").instantOf(performedOn + age, 720);
        const calibration = { performedOn: day(performedOn), result: "pass" };
        const uv = { value: 5, unit: "uW/cm2", takenAt: instant(takenAt), takenWith: "M-1" };
        const facts = { equipment: { "M-1": { calibration } }, readings: { uv } };
        const { reasons } = decide({ contract: twice, facts, zone: "UTC", now: takenAt + later * DAY });
        expect(reasons).toEqual([
          ...(age + later > 30 ? ["calibration.overdue:M-1"] : []),
          ...(age > 30 ? ["reading.instrument-not-valid:uv"] : []),
        ]);
      }),
    reading("every 30 days", "every 31 days"),
  );
  rule(
    "an instrument with ranges is asked for the value in its own dimension, ends included",
    (decide) =>
      fc.property(
        fc.integer({ min: 2, max: 500 }),
        fc.integer({ min: 0, max: 40 }),
        fc.constantFrom(-1, 0, 1),
        fc.boolean(),
        (edge, places, side, isHigh) => {
          const scaled = BigInt(edge) * 10n ** BigInt(places + 3) + BigInt(side);
          const value = `${scaled / 10n ** BigInt(places + 3)}.${(scaled % 10n ** BigInt(places + 3)).toString().padStart(places + 3, "0")}`;
          const row = isHigh
            ? [0, number(`${edge}000`), "uW/cm2"]
            : [number(`${edge}000`), number("1000000"), "uW/cm2"];
          const now = 20_781 * DAY;
          const calibration = { performedOn: day(20_700), dueOn: day(20_800), result: "pass" };
          const uv = { value: number(value), unit: "mW/cm2", takenAt: instant(now), takenWith: "M-1" };
          const facts = { equipment: { "M-1": { calibration, range: [[0, 1, "kg"], row] } }, readings: { uv } };
          const isInside = side === 0 || (isHigh ? side < 0 : side > 0);
          expect(decide({ contract, facts, zone: "UTC", now }).reasons).toEqual(
            isInside ? [] : ["reading.out-of-range:uv"],
          );
        },
      ),
    throughDoubles,
  );
});

describe("B17", () => {
  const contract = contractWith(
    ['lamp is a uv-a-lamp, by default "L-1"'],
    ["the lamp must be checked before and after each use"],
  );
  const results = fc.constantFrom("pass", "fail", "failed", "unsure");
  rule(
    "after a use a passed check at or after its end is needed; a failed one blocks whatever its date",
    (decide) =>
      fc.property(days, results, fc.integer({ min: -2, max: 2 }), fc.boolean(), (on, result, ms, wasUsed) => {
        const used = on * DAY;
        const lamp = {
          ...(wasUsed ? { lastUseEndedAt: instant(used) } : {}),
          closingCheck: { at: instant(used + ms), result },
        };
        const { reasons } = decide({ contract, facts: { equipment: { "L-1": lamp } }, now: used + HOUR, zone: "UTC" });
        const code = /^fail/.test(result)
          ? "check.after-use-failed:L-1"
          : result === "pass" && ms >= 0
            ? undefined
            : "check.after-use-missing:L-1";
        expect(reasons).toEqual(wasUsed && code !== undefined ? [code] : []);
      }),
    seeing((facts) => JSON.parse(JSON.stringify(facts).replace("lastUseEndedAt", "lastUseBegan"))),
  );
  rule(
    "an opening check that is recorded must have passed",
    (decide) =>
      fc.property(days, results, fc.integer({ min: -10_000, max: 10_000 }), (on, result, ms) => {
        const now = on * DAY;
        const lamp = { openingCheck: { at: instant(now + ms), result } };
        const { reasons } = decide({ contract, facts: { equipment: { "L-1": lamp } }, now, zone: "UTC" });
        const isNone = ms > 5000 && !/^fail/.test(result);
        expect(reasons).toEqual(result === "pass" || isNone ? [] : ["check.before-use-failed:L-1"]);
      }),
    atAnotherTime(-DAY),
  );
});

describe("B18", () => {
  const contract = contractWith([meter], ["the meter must be calibrated every 12 months"]);
  rule(
    "pass and pass-with-correction count, nothing else; found out of tolerance it warns until the impact is closed",
    (decide) =>
      fc.property(
        fc.oneof(
          fc.constantFrom("pass", "pass-with-correction", "fail", "PASS", "passed"),
          fc.string(),
          fc.constantFrom(null, true, 1),
        ),
        fc.constantFrom(undefined, true, false, -1, 0, 1),
        (result, closed) => {
          const now = 20_781 * DAY;
          const impactClosed = typeof closed === "number" ? instant(now + closed) : closed;
          const calibration = { performedOn: day(20_700), result, asFound: "out-of-tolerance", impactClosed };
          const answer = decide({ contract, facts: { equipment: { "M-1": { calibration } } }, now, zone: "UTC" });
          const counts = result === "pass" || result === "pass-with-correction";
          const isClosed = closed === true || (typeof closed === "number" && closed <= 0);
          expect(answer.allow).toBe(counts);
          expect(answer.warnings).toEqual(counts && !isClosed ? ["impact.open:M-1"] : []);
        },
      ),
    aMillisecondLate,
  );
});

/** What can be wrong with a certificate, in the order of B19, and how to make it so. */
const certificateFaults: readonly (readonly [string, Facts])[] = [
  ["placeholder-date", { dueOn: "9999-12-31" }],
  ["wrong-asset", { assetSerial: "another" }],
  ["signature-invalid", { signature: "broken" }],
  ["revoked", { revokedAt: "2026-01-01T00:00:00Z" }],
  ["future-dated", { performedOn: day(20_790) }],
  ["failed", { result: "fail" }],
];
const readingFaults: readonly (readonly [string, Facts])[] = [
  ["reading.missing", { takenAt: "yesterday" }],
  ["reading.not-a-number", { value: "12" }],
  ["reading.no-unit", { unit: null }],
  ["reading.implausible", { value: -4 }],
  ["settle.too-short", { settledMinutes: 1 }],
  ["reading.instrument-not-valid", { takenWith: "another" }],
  ["reading.out-of-limits", { value: 0.5 }],
];
const someOf = (list: readonly (readonly [string, Facts])[]) => fc.subarray(list.map((_, index) => index));

describe("B19", () => {
  const now = 20_781 * DAY;
  const contract = contractWith(
    [meter],
    ["the meter must be calibrated every 12 months or 5000 cycles, whichever comes first, warn 250 cycles before"],
  );
  rule(
    "one reason of a calibration, the first in the order; its cycles are judged beside it, whatever it says",
    (decide) =>
      fc.property(someOf(certificateFaults), fc.constantFrom(0, 4749, 4750, 4999, 5000, -1), (wrong, cycles) => {
        const made = Object.assign(
          { performedOn: day(20_700), result: "pass" },
          ...wrong.map((index) => certificateFaults[index]?.[1]),
        );
        const facts = { equipment: { "M-1": { serial: "SN-1", cycles, calibration: made } } };
        const { reasons, warnings } = decide({ contract, facts, now, zone: "UTC" });
        const [first] = wrong.map((index) => `calibration.${certificateFaults[index]?.[0]}:M-1`);
        const use = cycles < 0 ? "usage.unknown:M-1" : cycles >= 5000 ? "usage.exhausted:M-1" : undefined;
        expect(reasons).toEqual([first, use].filter((code) => code !== undefined).sort());
        expect(warnings).toEqual(cycles >= 4750 && cycles < 5000 ? ["usage.due-soon:M-1"] : []);
      }),
    reading("5000 cycles", "4999 cycles"),
  );
  const read = contractWith(
    [meter, "uv is measured in uW/cm2"],
    ["from the latest readings, uv read with the meter must be at least 1 uW/cm2, settled for at least 60 minutes"],
  );
  rule(
    "one reason of a reading, the first in the order",
    (decide) =>
      fc.property(someOf(readingFaults), (wrong) => {
        const sound = { value: 5, unit: "uW/cm2", takenAt: instant(now), takenWith: "M-1", settledMinutes: 60 };
        // The value can be wrong in one way only: the earlier of them stays.
        const uv = Object.assign({ ...sound }, ...wrong.toReversed().map((index) => readingFaults[index]?.[1]));
        const calibration = { performedOn: day(20_700), dueOn: day(20_900), result: "pass" };
        const { reasons } = decide({
          contract: read,
          facts: { readings: { uv }, equipment: { "M-1": { calibration } } },
          now,
          zone: "UTC",
        });
        expect(reasons).toEqual(wrong.slice(0, 1).map((index) => `${readingFaults[index]?.[0]}:uv`));
      }),
    reading("settled for at least 60 minutes", "settled for at least 30 seconds"),
  );
});

describe("B20", () => {
  const contract = contractWith([meter], ["the meter must not have been dropped or overloaded since its calibration"]);
  rule(
    "an event counts on or after the plant day of the calibration, also one dated ahead; no list of events is no answer",
    (decide) =>
      fc.property(
        zones,
        days,
        fc.constantFrom("dropped", "overloaded", "painted"),
        fc.integer({ min: -2, max: 2 }),
        fc.boolean(),
        (zone, performedOn, kind, ms, isKept) => {
          const start = plantTime(zone).midnight(performedOn);
          const events = isKept ? { events: [{ kind, at: instant(start + ms) }] } : {};
          const facts = {
            equipment: { "M-1": { ...events, calibration: { performedOn: day(performedOn), result: "pass" } } },
          };
          const expected = !isKept ? ["event.unknown:M-1"] : ms >= 0 && kind !== "painted" ? [`event.${kind}:M-1`] : [];
          expect(decide({ contract, facts, zone, now: start + MINUTE }).reasons).toEqual(expected);
          expect(decide({ contract, facts, zone, now: start }).reasons).toEqual(expected);
        },
      ),
    inGreenwich,
  );
});
