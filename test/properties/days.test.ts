/** Days, months, periods and clocks. Source: decisions.md B1, B5–B9. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { DAY, HOUR, MINUTE, monthsLater, plantTime } from "../reference/interpreter-time.ts";
import {
  aMillisecondEarly,
  aMillisecondLate,
  contractWith,
  day,
  days,
  inGreenwich,
  instant,
  number,
  reading,
  rule,
  zones,
} from "./ask.ts";

const meter = 'meter is a radiometer, by default "M-1"';
const calibrated = (every: string, more = ""): string =>
  contractWith([meter], [`the meter must be calibrated every ${every}${more}`]);
const certified = (performedOn: number, more = {}) => ({
  equipment: { "M-1": { calibration: { performedOn: day(performedOn), result: "pass", ...more } } },
});
const OVERDUE = { allow: false, reasons: ["calibration.overdue:M-1"], warnings: [] };
const GREEN = { allow: true, reasons: [], warnings: [] };

describe("B1", () => {
  const intervals = fc.constantFrom(1, 30, 180, 365);
  rule(
    "a calibration is valid to the last millisecond of the earlier due day, in every zone",
    (decide) =>
      fc.property(zones, days, intervals, fc.integer({ min: -20, max: 20 }), (zone, performedOn, interval, later) => {
        const due = performedOn + Math.max(1, interval + Math.min(0, later));
        const facts = certified(performedOn, { dueOn: day(performedOn + Math.max(1, interval + later)) });
        const over = plantTime(zone).midnight(due + 1);
        const question = { contract: calibrated(`${interval} days`), facts, zone };
        expect(decide({ ...question, now: over - 1 })).toEqual(GREEN);
        expect(decide({ ...question, now: over })).toEqual(OVERDUE);
      }),
    aMillisecondLate,
  );
});

describe("B5", () => {
  const zone = "America/Chicago";
  const contract = contractWith(
    ['lamp is a uv-a-lamp, by default "L-1"'],
    ["the lamp must have been on for at least 10 minutes"],
  );
  const lamp = (onSeconds: string, more = {}) => ({ equipment: { "L-1": { onSeconds: number(onSeconds), ...more } } });
  const aside = fc.oneof(
    fc.constantFrom(0, 4999, 5000, 5001, 119_999, 120_000, 120_001),
    fc.integer({ min: -200_000, max: 200_000 }),
  );
  rule(
    "more than 5 s behind the ledger blocks and nothing else is judged; more than 120 s from the monotonic clock warns",
    (decide) =>
      fc.property(days, aside, aside, fc.boolean(), (on, behind, jump, isWarm) => {
        const now = on * DAY;
        const clock = { highWater: instant(now + behind), monotonicNow: instant(now + jump) };
        const answer = decide({ contract, facts: { clock, ...lamp(isWarm ? "600" : "599") }, now, zone });
        if (behind > 5000) {
          expect(answer).toEqual({ allow: false, reasons: ["clock.went-back:node"], warnings: [] });
          return;
        }
        expect(answer.reasons).toEqual(isWarm ? [] : ["warmup.too-short:L-1"]);
        expect(answer.warnings).toEqual(Math.abs(jump) > 120_000 ? ["clock.jumped-forward:node"] : []);
      }),
    aMillisecondLate,
  );
  rule(
    "warm-up is what the monotonic clock says, and the wall clock may only shorten it",
    (decide) =>
      fc.property(days, fc.integer({ min: 595, max: 605 }), fc.integer({ min: -3, max: 3 }), (on, seconds, ms) => {
        const now = on * DAY;
        const since = instant(now - 10 * MINUTE - ms);
        const { allow } = decide({ contract, facts: lamp(String(seconds), { onSince: since }), now, zone });
        expect(allow).toBe(seconds >= 600 && ms >= 0);
      }),
    aMillisecondLate,
  );
});

describe("B6", () => {
  const zone = "America/Chicago";
  const contract = contractWith(
    ["uv is measured in uW/cm2", 'lamp is a uv-a-lamp, by default "L-1"'],
    [
      "from the latest readings, uv must be at least 1000 uW/cm2",
      'each day, QA must acknowledge "Clean"',
      'each week, the lamp must be checked: "whole"',
    ],
  );
  const ahead = fc.oneof(fc.constantFrom(4999, 5000, 5001), fc.integer({ min: -5000, max: 20_000 }));
  rule(
    "evidence counts up to 5 s ahead and not a millisecond more; a failed check counts whatever its date",
    (decide) =>
      fc.property(days, ahead, fc.boolean(), (on, ms, passes) => {
        const now = on * DAY + 18 * HOUR;
        const at = instant(now + ms);
        const facts = {
          readings: { uv: { value: 1000, unit: "uW/cm2", takenAt: at } },
          acks: [{ step: "Clean", by: "P-1", role: "QA", at }],
          equipment: {
            "L-1": { checks: [{ at, by: "P-1", result: passes ? "pass" : "fail", items: { whole: passes } }] },
          },
        };
        const isEvidence = ms <= 5000;
        const check = passes ? "check.missing:L-1" : "check.failed:L-1";
        expect(decide({ contract, facts, now, zone }).reasons).toEqual([
          ...(isEvidence ? [] : ["ack.missing:Clean"]),
          ...(isEvidence && passes ? [] : [check]),
          ...(isEvidence ? [] : ["reading.future-dated:uv"]),
        ]);
      }),
    aMillisecondEarly,
  );
});

/** The date a clock on the wall there shows. */
const dateIn = (zone: string, at: number): string => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(at);

describe("B7", () => {
  const near = fc.integer({ min: -26 * 60, max: 0 });
  const contract = contractWith(["uv is measured in uW/cm2"], ["each day, uv must be at least 1000 uW/cm2"]);
  const uv = (at: number) => ({ readings: { uv: { value: 1000, unit: "uW/cm2", takenAt: instant(at) } } });
  rule(
    "a reading of today is one that shows today's date on the wall, on days of 23, 24 and 25 hours",
    (decide) =>
      fc.property(zones, days, fc.integer({ min: 0, max: 1439 }), near, (zone, on, minute, before) => {
        const now = on * DAY + minute * MINUTE;
        const at = now + before * MINUTE;
        const { allow } = decide({ contract, facts: uv(at), now, zone });
        expect(allow).toBe(dateIn(zone, at) === dateIn(zone, now));
      }),
    inGreenwich,
  );
  const shifts = contractWith(["uv is measured in uW/cm2"], ["each shift, uv must be at least 1000 uW/cm2"]);
  rule(
    "a shift runs from its start to the next, whatever the order they are listed in; without shift times nothing counts",
    (decide) =>
      fc.property(
        zones,
        days,
        fc.shuffledSubarray(["06:00", "14:00", "22:00", "02:30"], { minLength: 0 }),
        fc.integer({ min: 0, max: 1439 }),
        (zone, on, times, minute) => {
          const plant = plantTime(zone);
          const now = plant.instantOf(on, minute);
          const starts = [on - 1, on].flatMap((one) =>
            times.map((text) => plant.instantOf(one, Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))),
          );
          const start = Math.max(...starts.filter((one) => one <= now));
          const asked = { contract: shifts, now, zone };
          if (times.length === 0) expect(decide({ ...asked, facts: uv(now) }).reasons).toEqual(["reading.stale:uv"]);
          else {
            expect(decide({ ...asked, facts: { shifts: times, ...uv(start) } }).allow).toBe(true);
            expect(decide({ ...asked, facts: { shifts: times, ...uv(start - 1) } }).reasons).toEqual([
              "reading.stale:uv",
            ]);
          }
        },
      ),
    inGreenwich,
  );
});

describe("B8", () => {
  rule(
    "months are calendar months: the same day number, else the month's last, counted from the actual performance",
    (decide) =>
      fc.property(zones, days, fc.integer({ min: 1, max: 25 }), (zone, performedOn, months) => {
        const [year, month, date] = day(performedOn).split("-").map(Number) as [number, number, number];
        const last = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate();
        const due = Date.UTC(year, month - 1 + months, Math.min(date, last)) / DAY;
        expect(due).toBe(monthsLater(performedOn, months));
        const question = { contract: calibrated(`${months} months`), facts: certified(performedOn), zone };
        const over = plantTime(zone).midnight(due + 1);
        expect([decide({ ...question, now: over - 1 }).allow, decide({ ...question, now: over }).allow]).toEqual([
          true,
          false,
        ]);
      }),
    reading(/every (\d+) months/, "every 365 days"),
  );
});

describe("B9", () => {
  rule(
    "a warning opens at plant midnight that many days before the due date and lasts to the end",
    (decide) =>
      fc.property(zones, days, fc.integer({ min: 1, max: 60 }), (zone, performedOn, before) => {
        const plant = plantTime(zone);
        const due = performedOn + 180;
        const question = {
          contract: calibrated("180 days", `, warn ${before} days before`),
          facts: certified(performedOn),
          zone,
        };
        const warned = (now: number): boolean =>
          decide({ ...question, now }).warnings.includes("calibration.due-soon:M-1");
        const opens = plant.midnight(due - before);
        expect([warned(opens - 1), warned(opens), warned(plant.midnight(due + 1) - 1)]).toEqual([false, true, true]);
      }),
    aMillisecondLate,
  );
  const serviced = contractWith([meter], ["the meter must be serviced every 500 use-hours, warn 25 use-hours before"]);
  rule(
    "a warning of use opens at the limit less what it warns before",
    (decide) =>
      fc.property(
        fc.oneof(fc.constantFrom(4749, 4750, 4999, 5000), fc.integer({ min: 4700, max: 5050 })),
        fc.integer({ min: 0, max: 40 }),
        (tenths, at) => {
          const hours = number(`${Math.floor((tenths + at * 10) / 10)}.${tenths % 10}`);
          const facts = { equipment: { "M-1": { hours, hoursAtService: at } } };
          const { reasons, warnings } = decide({ contract: serviced, facts, now: 20_000 * DAY, zone: "UTC" });
          expect(reasons).toEqual(tenths >= 5000 ? ["usage.exhausted:M-1"] : []);
          expect(warnings).toEqual(tenths >= 4750 && tenths < 5000 ? ["usage.due-soon:M-1"] : []);
        },
      ),
    reading("warn 25 use-hours", "warn 24.9 use-hours"),
  );
});
