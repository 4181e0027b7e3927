import { DAY_MS, printDate, printWithOffset } from "../../../src/base/civil-time.ts";
import type { PlantCalendar } from "../../../src/model/plant-calendar.ts";
import type { Random } from "../analysis/random.ts";

const HOUR_MS = 3_600_000;
const ages = [
  0,
  0,
  0,
  60_000,
  7 * HOUR_MS,
  8 * HOUR_MS,
  10 * HOUR_MS,
  26 * HOUR_MS,
  3 * DAY_MS,
  4 * DAY_MS,
  6 * DAY_MS,
  40 * DAY_MS,
];
const values = [
  "0",
  "899",
  "900",
  "989",
  "1000",
  "1009",
  "1010",
  "1011",
  "1020",
  "1500",
  "1980",
  "1990",
  "2000",
  "2001",
  "4000",
  "9000",
];
const temperatures = ["279", "280", "285", "290", "300", "301", "320"];

/** Evidence about everything the random contracts speak of, on and beside every limit they have; mostly in order. */
export function facts(next: Random, calendar: PlantCalendar, nowMs: number): Record<string, unknown> {
  const at = (age: number): string => printWithOffset(nowMs - age, calendar.offsetAt(nowMs - age));
  const day = (age: number): string => printDate(calendar.dayOf(nowMs) - age);
  const rarely = <T>(odd: T, plain: T): T => (next.chance(0.15) ? odd : plain);
  const reading = (list: readonly string[], unit: string) => ({
    value: { $number: next.pick(list) },
    unit,
    takenAt: at(next.pick(ages)),
    ...rarely({}, { takenWith: rarely("LM-2", "LM-1") }),
    settledMinutes: rarely(20, 60),
  });
  const meter = () => ({
    status: "in-service",
    calibration: {
      performedOn: day(next.pick([0, 0, 29, 30, 31, 32, 364, 365, 366, 367])),
      ...(next.chance(0.7) ? { dueOn: day(rarely(1, -100)) } : {}),
      result: "pass",
    },
    ...(next.chance(0.2)
      ? { extension: { until: day(-3), grantedAt: at(2 * DAY_MS), approvals: [{ by: "q", role: "QA" }] } }
      : {}),
  });
  const order = next.chance(0.5);
  return {
    plantZone: calendar.zone,
    shifts: ["06:00", "14:00", "22:00"],
    station: { type: rarely("other", "penetrant") },
    ...(order ? { orders: [{ id: "PO-1", state: "open", tests: [] }] } : {}),
    test: { operator: "op", ...(order ? { clientPO: "PO-1" } : {}) },
    equipment: {
      ...rarely({}, { "LM-1": meter() }),
      ...rarely({}, { "LM-2": meter() }),
      ...rarely(
        {},
        {
          "UV-1": {
            status: rarely("out-of-service", "in-service"),
            attributes: next.chance(0.5) ? ["old"] : [],
            onSeconds: next.pick([599, 600, 899, 900]),
          },
        },
      ),
    },
    readings: {
      ...rarely({}, { uv: reading(values, "uW/cm2") }),
      ...rarely({}, { warm: reading(temperatures, "K") }),
      ...rarely({}, { cold: reading(temperatures, "K") }),
    },
    acks: ["op", "b", "c"]
      .slice(0, next.pick([0, 1, 2, 3, 3]))
      .map((by) => ({ step: "ready", by, at: at(next.pick(ages)) })),
    overrides: next.chance(0.3)
      ? [
          {
            id: "o",
            rule: "calibration.overdue",
            subject: "LM-1",
            grantedAt: at(0),
            expiresAt: at(-next.pick([4, 8, 9]) * HOUR_MS),
            approvals: [{ by: "q", role: "QA" }],
          },
        ]
      : [],
  };
}
