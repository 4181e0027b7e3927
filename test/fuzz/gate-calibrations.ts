/** Calibrations with their standards and extensions, and counts of use. */
import type { Amount, NodeOf } from "../../grammar/ast.ts";
import { countOf, durationOf, isCycles, isHours } from "../reference/interpreter-contract.ts";
import { type Fraction, minus, NOTHING, plus } from "../reference/interpreter-numbers.ts";
import { DAY, type Duration, daysLater, HOUR } from "../reference/interpreter-time.ts";
import { below, chance, choose } from "./gate-random.ts";
import { dayBefore, isEdge, type Setting, textOf, today } from "./gate-setting.ts";
import {
  around,
  type Draft,
  dayText,
  decimalText,
  digits,
  instantText,
  near,
  numeral,
  PLACEHOLDERS,
  spelled,
  type Value,
} from "./gate-values.ts";

export function giveCalibration(setting: Setting, clause: NodeOf<"calibration">): void {
  const { next, contract, item } = setting;
  const asset = setting.asset(clause.subject.text);
  const time = clause.every.find((amount) => !isCycles(contract, amount));
  const duration: Duration =
    time === undefined ? { kind: "calendar", days: 0, months: 12 } : durationOf(contract, time);
  const record = item(asset);
  const certificate = certificateOf(setting, duration);
  record["calibration"] = certificate;
  const cycles = clause.every.find((amount) => isCycles(contract, amount));
  if (cycles !== undefined)
    giveCounter(
      setting,
      record,
      "cycles",
      countOf(contract, cycles),
      clause.warnBefore.find((one) => isCycles(contract, one)) ?? null,
    );
  if (chance(next, clause.extension === null ? 0.05 : 0.6))
    giveExtension(setting, clause, record, duration, certificate);
  if (clause.referencesWithin !== null)
    giveStandards(setting, durationOf(contract, clause.referencesWithin), asset, certificate);
  if (chance(next, 0.2)) certificate["history"] = [certificateOf(setting, duration), certificateOf(setting, duration)];
}

function certificateOf(setting: Setting, duration: Duration): Draft {
  const { next, now } = setting;
  const performedOn = isEdge(setting) ? dayBefore(setting, duration) : today(setting) - below(next, 10);
  const certificate: Draft = { performedOn: dayText(performedOn), result: "pass", certificate: `C-${performedOn}` };
  if (chance(next, 0.2))
    certificate["dueOn"] = dayText(today(setting) + choose(next, isEdge(setting) ? [0, 0, -1, 1, 30] : [1, 40]));
  if (chance(next, 0.1)) certificate["result"] = "pass-with-correction";
  if (chance(next, 0.1)) {
    certificate["asFound"] = "out-of-tolerance";
    if (chance(next, 0.6))
      certificate["impactClosed"] = choose<Value>(next, [true, false, textOf(setting, around(next, now))]);
  }
  if (!isEdge(setting) || !chance(next, 0.35)) return certificate;
  const spoil = choose<() => void>(next, [
    () => Object.assign(certificate, { result: choose<Value>(next, ["fail", "failed", "unsure", null, true]) }),
    () => Object.assign(certificate, { [choose(next, ["performedOn", "dueOn"])]: choose(next, PLACEHOLDERS) }),
    () =>
      Object.assign(certificate, { performedOn: choose<Value>(next, ["2026-02-30", "", null, digits("20260101")]) }),
    () => Object.assign(certificate, { assetSerial: choose(next, ["SN-1", "SN-2"]) }),
    () => Object.assign(certificate, { signature: choose<Value>(next, ["valid", "invalid", null, true, "VALID"]) }),
    () => Object.assign(certificate, { revokedAt: textOf(setting, around(next, now)) }),
    () => Object.assign(certificate, { performedOn: dayText(today(setting) + 1) }),
  ]);
  spoil();
  return certificate;
}

function giveExtension(
  setting: Setting,
  clause: NodeOf<"calibration">,
  record: Draft,
  duration: Duration,
  certificate: Draft,
): void {
  const { next, contract, plant, now } = setting;
  const cap: Duration =
    clause.extension === null
      ? { kind: "calendar", days: 14, months: 0 }
      : durationOf(contract, clause.extension.atMost);
  // Lapsed already, by less than the cap or by just that much.
  const capDays = cap.kind === "elapsed" ? Math.ceil(cap.ms / DAY) : cap.days + 30 * cap.months;
  const late = choose(next, [1, 1, 2, capDays, capDays + 1, capDays - 1, below(next, capDays + 2)]);
  const due = today(setting) - late;
  const performedOn = duration.kind === "elapsed" ? due - Math.ceil(duration.ms / DAY) : daysLater(due, duration, -1);
  if (chance(next, 0.8)) certificate["performedOn"] = dayText(performedOn);
  const lapse = plant.midnight(due + 1);
  const grantedAt = isEdge(setting) ? around(next, lapse) : lapse - HOUR;
  const until = due + choose(next, [capDays, capDays + 40, late, late - 1, late + 1]);
  const role = choose(next, ["QA", "qa", "supervisor", "Supervisor", "operator"]);
  record["extension"] = {
    until: dayText(until),
    grantedAt: textOf(setting, Math.min(grantedAt, now + DAY)),
    approvals: [{ by: "P-1", role }],
  };
}

/** A chain of standards up to a national one, with faults of its own and now and then a circle. */
function giveStandards(setting: Setting, within: Duration, asset: string, certificate: Draft): void {
  const { next, item } = setting;
  const names = ["STD-1", "STD-2", "STD-3"].slice(0, choose(next, [1, 1, 2, 3]));
  let below_: Draft = certificate;
  const baseOf = (one: Draft): number =>
    Math.floor(Date.parse(`${String(one["performedOn"])}T00:00:00Z`) / DAY) || today(setting);
  for (const name of names) {
    below_["references"] = [name];
    const used = baseOf(below_);
    const span = within.kind === "elapsed" ? 1 : within.days + 365 * (within.months / 12);
    const on = isEdge(setting)
      ? within.kind === "elapsed"
        ? used - 1
        : daysLater(used, within, -1) + choose(next, [0, 0, -1, 1])
      : used - below(next, Math.max(1, Math.floor(span / 2)));
    const above: Draft = { performedOn: dayText(on), result: "pass" };
    const standard = item(name);
    // The standard was calibrated again since: the calibration of then is in its history.
    if (chance(next, 0.3))
      standard["calibration"] = {
        performedOn: dayText(used + choose(next, [0, 1, 5])),
        result: "pass",
        national: true,
        history: [above],
      };
    else standard["calibration"] = above;
    if (isEdge(setting) && chance(next, 0.3)) spoilStandard(setting, above, used);
    below_ = above;
  }
  if (!isEdge(setting)) below_["national"] = true;
  else {
    const end = choose(next, ["national", "none", "unknown", "circle", "circle", "several", "dueOn"]);
    if (end === "national") below_["national"] = true;
    if (end === "unknown") below_["references"] = ["STD-9"];
    if (end === "circle") below_["references"] = [choose(next, [...names, asset])];
    if (end === "several") below_["references"] = [names[0] ?? asset, "STD-9"];
    if (end === "dueOn") Object.assign(below_, { national: true, dueOn: dayText(baseOf(below_) + below(next, 3)) });
  }
}

/** Standards are judged at noon of the day they were used: what happened that noon, or to their certificates. */
function spoilStandard({ next, plant }: Setting, above: Draft, used: number): void {
  choose<() => void>(next, [
    () => Object.assign(above, { revokedAt: instantText(next, around(next, plant.instantOf(used, 720))) }),
    () => Object.assign(above, { result: choose<Value>(next, ["fail", "pass-with-correction", null]) }),
    () => Object.assign(above, { dueOn: dayText(used + choose(next, [0, -1, 1])) }),
    () => Object.assign(above, { assetSerial: choose(next, ["SN-1", "SN-2"]) }),
  ])();
}

function giveCounter(
  setting: Setting,
  record: Draft,
  counter: "hours" | "cycles",
  limit: Fraction,
  warn: Amount | null,
): void {
  const { next, contract } = setting;
  const atService = choose(next, ["0", "100", "12.5"]);
  const warnAt = warn === null ? limit : minus(limit, countOf(contract, warn));
  const used = isEdge(setting)
    ? near(next, choose(next, [limit, limit, warnAt, NOTHING]))
    : decimalText(inHalf(limit), 3);
  record[counter] = spelled(next, decimalText(plus(numeral(used), numeral(atService)), 62));
  if (atService !== "0" || chance(next, 0.5)) record[`${counter}AtService`] = digits(atService);
  if (!isEdge(setting)) return;
  const more = choose(next, ["none", "none", "high", "odd", "negative"]);
  if (more === "high") record[`${counter}HighWater`] = digits(near(next, plus(numeral(used), numeral(atService))));
  if (more === "odd")
    record[counter] = choose<Value>(next, [null, "12", true, { $number: "NaN" }, [], digits("1e401")]);
  if (more === "negative") record[counter] = digits("-0.001");
}

export const inHalf = ({ over, under }: Fraction): Fraction => ({ over, under: under * 2n });

export function giveUse(setting: Setting, clause: NodeOf<"use">): void {
  const { contract, item, asset } = setting;
  const counter = isHours(contract, clause.every) ? "hours" : "cycles";
  giveCounter(setting, item(asset(clause.subject.text)), counter, countOf(contract, clause.every), clause.warnBefore);
}
