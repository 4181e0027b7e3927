/** Evidence for one clause: mostly what it asks for, else what stands at its edges. */
import type { Amount, Clause, NodeOf } from "../../grammar/ast.ts";
import { durationOf, freshnessOf, inBaseUnit, measuredOf, readingsOf } from "../reference/interpreter-contract.ts";
import type { Freshness } from "../reference/interpreter-evidence.ts";
import { type Fraction, isBelow, minus, NOTHING, plus, unitOf } from "../reference/interpreter-numbers.ts";
import { DAY, type Duration, daysLater, HOUR, MINUTE } from "../reference/interpreter-time.ts";
import { giveCalibration, giveUse, inHalf } from "./gate-calibrations.ts";
import { below, chance, choose } from "./gate-random.ts";
import { dayBefore, isEdge, type Setting, textOf, today } from "./gate-setting.ts";
import {
  around,
  type Draft,
  dayText,
  decimalText,
  digits,
  inUnit,
  near,
  numeral,
  PLACEHOLDERS,
  spelled,
  type Value,
} from "./gate-values.ts";

function giveWarmUp(setting: Setting, clause: NodeOf<"warm-up">): void {
  const { next, contract, now, item, asset } = setting;
  const needed = durationOf(contract, clause.atLeast);
  const ms = needed.kind === "elapsed" ? needed.ms : 0;
  const record = item(asset(clause.subject.text));
  const on: Fraction = { over: BigInt(ms), under: 1000n };
  record["onSeconds"] = isEdge(setting)
    ? spelled(next, near(next, on))
    : digits(decimalText(plus(on, numeral("60")), 3));
  if (chance(next, 0.3))
    record["onSince"] = textOf(setting, isEdge(setting) ? around(next, now - ms) : now - ms - HOUR);
  if (isEdge(setting) && chance(next, 0.15)) delete record["onSeconds"];
}

/** An instant that is fresh, or at one of the edges of freshness. */
function takenAt(setting: Setting, freshness: Freshness): number {
  const { next, now, plant } = setting;
  if (!isEdge(setting)) return now - below(next, 3);
  const future = [now + 5000, now + 5001, now + 4999, now + 1];
  if (chance(next, 0.3)) return choose(next, [...future, now, now - 1]);
  const day = today(setting);
  if (freshness.kind === "every") {
    const { duration } = freshness;
    if (duration.kind === "elapsed") return around(next, now - duration.ms);
    return around(next, plant.midnight(daysLater(day, duration, -1) + choose(next, [0, 1, 2, -1])));
  }
  const date = new Date(day * DAY);
  const starts = [day, day - ((date.getUTCDay() + 6) % 7), day - date.getUTCDate() + 1];
  const shifts = [0, 360, 840, 1320, 150].map((minutes) => plant.instantOf(day - choose(next, [0, 1]), minutes));
  const quarter = daysLater(
    day - date.getUTCDate() + 1,
    { kind: "calendar", days: 0, months: date.getUTCMonth() % 3 },
    -1,
  );
  return around(next, choose(next, [...[...starts, quarter].map(plant.midnight), ...shifts]));
}

const UNIT_WORDS: { readonly [kind: string]: readonly string[] } = {
  irradiance: ["uW/cm2", "mW/cm2", "W/m2", "µW/cm²"],
  illuminance: ["fc", "lx", "ftc"],
  pressure: ["psi", "kPa", "bar", "Pa"],
  temperature: ["degC", "degF", "K", "°F"],
  torque: ["N.m", "lbf.ft", "lbf.in"],
  "volume-concentration": ["mL/100mL", "mL/L"],
};

function giveReadings(setting: Setting, clause: NodeOf<"reading">): void {
  const { contract } = setting;
  const names = readingsOf(contract, clause.subject.text);
  const [first = "", second] = names;
  if (second === undefined) {
    giveReading(setting, clause, first, targetOf(setting, clause, first, false));
    return;
  }
  // One reading somewhere, the other so far from it that the difference stands at the limit.
  const { base: size } = targetOf(setting, clause, first, true);
  const right = numeral(choose(setting.next, ["293.15", "300.8", "295"]));
  giveReading(setting, clause, second, { base: right, exact: false });
  giveReading(setting, clause, first, { base: plus(right, size), exact: true });
}

interface Target {
  /** In the base unit. */
  readonly base: Fraction;
  readonly exact: boolean;
}

/** Inside the limit, or at the limit, the guard band's edge, physical zero or the plausible range's ends. */
function targetOf(setting: Setting, clause: NodeOf<"reading">, name: string, isDifference: boolean): Target {
  const { next, contract } = setting;
  const { unit, plausible } = measuredOf(contract, name);
  const { limit, guardBand } = clause;
  const end = (amount: Amount, other: Amount | null): Fraction =>
    inBaseUnit(contract, amount, other, unit, isDifference);
  const ends =
    limit.kind === "between" ? [end(limit.low, limit.high), end(limit.high, limit.low)] : [end(limit.value, null)];
  const guard = guardBand === null ? NOTHING : inBaseUnit(contract, guardBand, null, unit, true);
  if (!isEdge(setting)) {
    const [low = NOTHING, high] = ends;
    const room = inBaseUnit(
      contract,
      limit.kind === "between" ? limit.high : limit.value,
      limit.kind === "between" ? limit.low : null,
      unit,
      true,
    );
    const step = isBelow(room, NOTHING) ? minus(NOTHING, room) : room;
    const away = plus(guard, { over: step.over, under: step.under * 20n });
    if (high !== undefined) return { base: inHalf(plus(low, high)), exact: false };
    const isLow = limit.kind === "one-sided" && (limit.word === "at least" || limit.word === "more than");
    return { base: isLow ? plus(low, away) : minus(low, away), exact: false };
  }
  const edges = ends.flatMap((one) => [one, one, plus(one, guard), minus(one, guard)]);
  const outer = plausible === null ? [NOTHING] : [NOTHING, plausible.from, plausible.to, plausible.to];
  if (!isDifference && chance(next, 0.25)) return { base: choose(next, outer), exact: true };
  return { base: choose(next, edges), exact: true };
}

function giveReading(setting: Setting, clause: NodeOf<"reading">, name: string, { base, exact }: Target): void {
  const { next, contract, readings } = setting;
  const kind = unitOf(measuredOf(contract, name).unit)?.kind ?? "";
  const word = choose(next, UNIT_WORDS[kind] ?? [measuredOf(contract, name).unit]);
  const value = inUnit(base, word);
  const at = takenAt(setting, freshnessOf(contract, clause));
  const reading: Draft = {
    value: spelled(next, exact ? near(next, value) : decimalText(value, 12)),
    unit: word,
    takenAt: textOf(setting, at),
  };
  if (clause.readWith !== null) {
    const asset = setting.asset(clause.readWith.text);
    reading["takenWith"] = isEdge(setting) && chance(next, 0.2) ? "M-0" : asset;
    giveInstrument(setting, asset, value, word, at);
  }
  if (clause.settledFor !== null || chance(next, 0.05)) {
    const needed =
      clause.settledFor === null ? 0 : (durationOf(contract, clause.settledFor) as { readonly ms: number }).ms;
    const minutes: Fraction = { over: BigInt(needed), under: 60_000n };
    reading["settledMinutes"] = isEdge(setting)
      ? spelled(next, near(next, minutes))
      : digits(decimalText(plus(minutes, numeral("1")), 3));
  }
  if (isEdge(setting) && chance(next, 0.25)) spoilReading(setting, reading);
  readings[name] = reading;
}

function spoilReading({ next, now }: Setting, reading: Draft): void {
  const odd: readonly Value[] = [
    "UNAVAILABLE",
    null,
    "1200",
    true,
    { $number: "NaN" },
    { $number: "Infinity" },
    [],
    {},
    digits("-0.0000000001"),
    digits("1e400"),
    digits("-1e3"),
  ];
  choose<() => void>(next, [
    () => Object.assign(reading, { value: choose(next, odd) }),
    () => Object.assign(reading, { unit: choose<Value>(next, ["", null, "kg", "furlong", "uW/cm2", "lx", "psi"]) }),
    () =>
      Object.assign(reading, {
        takenAt: choose<Value>(next, [
          new Date(now).toISOString().slice(0, -1),
          null,
          "yesterday",
          "2026-02-30T09:00:00Z",
        ]),
      }),
    () => delete reading["takenWith"],
    () => delete reading["value"],
  ])();
}

/** The instrument was calibrated around the time of the reading, and its ranges end around the value. */
function giveInstrument(setting: Setting, asset: string, value: Fraction, word: string, at: number): void {
  const { next, plant, item } = setting;
  const record = item(asset);
  if (record["calibration"] === undefined && !(isEdge(setting) && chance(next, 0.2))) {
    const dueOn = plant.dayOf(at) + (isEdge(setting) ? choose(next, [0, -1, 1]) : 20);
    record["calibration"] = {
      performedOn: dayText(plant.dayOf(at) - choose(next, [0, 5, 100])),
      dueOn: dayText(dueOn),
      result: "pass",
    };
  }
  if (!chance(next, 0.3)) return;
  const wide = (far: string): string => decimalText(plus(value, numeral(far)), 12);
  const row = isEdge(setting)
    ? choose(next, [
        [near(next, value), wide("100000")],
        [wide("-100000"), near(next, value)],
      ])
    : [wide("-100000"), wide("100000")];
  const range: Value = [...row.map(digits), isEdge(setting) && chance(next, 0.2) ? "kg" : word];
  record["range"] = chance(next, 0.7) ? range : [[digits("0"), digits("1"), "kg"], range];
}

function giveEvents(setting: Setting, clause: NodeOf<"events">): void {
  const { next, plant, item, asset, now } = setting;
  const record = item(asset(clause.subject.text));
  const performedOn = (record["calibration"] as Draft | undefined)?.["performedOn"];
  const day =
    typeof performedOn === "string"
      ? Math.floor(Date.parse(`${performedOn}T00:00:00Z`) / DAY) || today(setting)
      : today(setting);
  const edge = plant.midnight(Math.max(-20_000, Math.min(day, 40_000)));
  const at = (): number => (isEdge(setting) ? choose(next, [around(next, edge), now + DAY]) : edge - DAY);
  record["events"] = Array.from({ length: below(next, 3) }, () => ({
    kind: isEdge(setting) && chance(next, 0.1) ? null : choose(next, ["dropped", "overloaded", "kicked", "painted"]),
    at: isEdge(setting) && chance(next, 0.1) ? null : textOf(setting, at()),
  }));
  if (isEdge(setting) && chance(next, 0.15)) delete record["events"];
}

function giveAcknowledgements(setting: Setting, clause: NodeOf<"acknowledgement">): void {
  const { next, contract, acks } = setting;
  const freshness = freshnessOf(contract, clause);
  const people = isEdge(setting)
    ? ["STF-1", "STF-2", "STF-1", "STF-3"].slice(below(next, 3), 1 + below(next, 4))
    : ["STF-1", "STF-2", "STF-3"];
  const wanted = clause.who.kind === "role" ? clause.who.role.text : "operator";
  for (const by of people) {
    const role = isEdge(setting) ? choose(next, ["QA", "qa", "Supervisor", "operator"]) : wanted;
    acks.push({ step: clause.step.value, by, role, at: textOf(setting, takenAt(setting, freshness)) });
  }
}

function giveState(setting: Setting, clause: NodeOf<"service-state">): void {
  const { next, now, item, asset } = setting;
  const record = item(asset(clause.subject.text));
  const at = now - choose(next, [0, MINUTE, DAY]);
  if (!isEdge(setting)) return;
  choose<() => void>(next, [
    () => Object.assign(record, { locks: [{ by: "STF-9", at: textOf(setting, choose(next, [at, now + DAY])) }] }),
    () => Object.assign(record, { locks: [choose<Value>(next, [{}, "STF-9", null])] }),
    () => Object.assign(record, { status: choose<Value>(next, ["out-of-service", "", null, "In-Service"]) }),
    () => Object.assign(record, { returnedAt: textOf(setting, at), reverifiedAt: textOf(setting, around(next, at)) }),
    () =>
      Object.assign(record, {
        returnedAt: textOf(setting, at),
        reverifiedAt: textOf(setting, now + choose(next, [5000, 5001])),
      }),
    () =>
      Object.assign(record, {
        returnedAt: textOf(setting, now + choose(next, [3000, 6000])),
        reverifiedAt: textOf(setting, now + 2000),
      }),
    () => Object.assign(record, { returnedAt: textOf(setting, at) }),
  ])();
}

function giveUseChecks(setting: Setting, clause: NodeOf<"before-and-after-use">): void {
  const { next, now, item, asset } = setting;
  const record = item(asset(clause.subject.text));
  const used = isEdge(setting) ? now + choose(next, [0, -1, 5000, 4000, 6000, -DAY]) : now - DAY;
  if (chance(next, 0.8)) record["lastUseEndedAt"] = textOf(setting, used);
  const check = (at: number): Draft => ({
    at: textOf(setting, at),
    result: isEdge(setting) ? choose<Value>(next, ["pass", "pass", "fail", "failed", "?", null]) : "pass",
  });
  if (!isEdge(setting) || chance(next, 0.8))
    record["closingCheck"] = check(
      isEdge(setting) ? choose(next, [around(next, used), now + 5000, now + 5001]) : used + MINUTE,
    );
  if (chance(next, 0.4))
    record["openingCheck"] = check(isEdge(setting) ? choose(next, [now, now + 5001]) : now - MINUTE);
}

function giveLot(setting: Setting, clause: NodeOf<"shelf-life">): void {
  const { next, contract, lots, asset } = setting;
  const within: Duration =
    clause.openedWithin === null
      ? { kind: "calendar", days: 30, months: 0 }
      : durationOf(contract, clause.openedWithin);
  const day = today(setting);
  const expires = isEdge(setting) ? day + choose(next, [0, 0, -1, 1]) : day + 60;
  const lot: Draft = { lot: "L-1", expires: chance(next, 0.2) ? dayText(expires).slice(0, 7) : dayText(expires) };
  if (chance(next, 0.7)) lot["openedOn"] = dayText(isEdge(setting) ? dayBefore(setting, within) : day);
  if (isEdge(setting) && chance(next, 0.2))
    lot[choose(next, ["expires", "openedOn"])] = choose<Value>(next, [
      ...PLACEHOLDERS,
      null,
      "2026-13",
      "soon",
      dayText(day + 1),
    ]);
  lots[asset(clause.subject.text)] = lot;
}

function giveChecks(setting: Setting, clause: NodeOf<"check-list">): void {
  const { next, contract, item, asset } = setting;
  const record = item(asset(clause.subject.text));
  const freshness = freshnessOf(contract, clause);
  const made = Array.from({ length: isEdge(setting) ? choose(next, [0, 1, 2, 3]) : 1 }, (): Draft => {
    const mark = (): Value =>
      isEdge(setting) && chance(next, 0.3) ? choose<Value>(next, [false, "pass", "fail", null]) : true;
    const isBare = isEdge(setting) && chance(next, 0.1);
    const names = clause.items.filter(() => !isBare && !(isEdge(setting) && chance(next, 0.15)));
    const result = isEdge(setting) && chance(next, 0.25) ? choose<Value>(next, ["fail", "failed", null, "?"]) : "pass";
    return {
      name: "it",
      by: "STF-1",
      at: isEdge(setting) && chance(next, 0.1) ? null : textOf(setting, takenAt(setting, freshness)),
      result,
      items: Object.fromEntries(names.map(({ value }) => [value, mark()])),
    };
  });
  record["checks"] = [...((record["checks"] as Value[] | undefined) ?? []), ...made];
}

const givers: { readonly [K in Clause["kind"]]: (setting: Setting, clause: NodeOf<K>) => void } = {
  calibration: giveCalibration,
  "warm-up": giveWarmUp,
  reading: giveReadings,
  use: giveUse,
  events: giveEvents,
  acknowledgement: giveAcknowledgements,
  "service-state": giveState,
  "before-and-after-use": giveUseChecks,
  "shelf-life": giveLot,
  "check-list": giveChecks,
};

export const giveEvidence = (setting: Setting, clause: Clause): void =>
  (givers[clause.kind] as (setting: Setting, clause: Clause) => void)(setting, clause);
