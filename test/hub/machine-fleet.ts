import type { NumberedAlert } from "../../src/hub/alerts/alert-record.ts";
import { DAY_MS } from "../../src/hub/patterns/exposure.ts";
import type { Decided } from "./decided-archive.ts";
import { alertOf } from "./loop-fixture.ts";

/**
 * A fleet as the public Azure predictive-maintenance data has it, made here: machines of four models that run all day, error
 * codes that come before a component fails, sensors that drift towards their limit before that, and noise of several kinds.
 * Every figure of it stands here. What was planted is known, so that what is found can be held against it.
 */
export interface FleetParameters {
  readonly machines: number;
  readonly models: number;
  readonly days: number;
  /** Runs of a machine on a week day, and on the other two. */
  readonly runs: readonly [number, number];
  /** Chance that a run is blocked by one error code, or by one sensor, where nothing is wrong. */
  readonly errorNoise: number;
  readonly sensorNoise: number;
  /** Chance that a machine has one bad hour on a day: some runs in a row are blocked by one thing, and that was it. */
  readonly badHours: number;
  readonly badHourRuns: readonly [number, number];
  /** A blocked run is tried again under its id: the chance of each further try, up to twelve. */
  readonly retries: number;
  /** Failures of a component for a machine in the whole time. */
  readonly failures: number;
  /** Days before a failure in which its error code comes; the sensor drifts in the last third. */
  readonly decline: readonly [number, number];
  /** Chance that a run is blocked by the error code at the begin and at the end of the decline. */
  readonly declineErrors: readonly [number, number];
  readonly driftAtEnd: number;
  /** One model's machines get one error code more often from some day on: a bad delivery, a firmware. */
  readonly faultFrom: readonly [number, number];
  readonly faultErrors: number;
}

export const FLEET: FleetParameters = {
  machines: 120,
  models: 4,
  days: 90,
  runs: [8, 2],
  errorNoise: 0.002,
  sensorNoise: 0.001,
  badHours: 0.01,
  badHourRuns: [3, 8],
  retries: 0.6,
  failures: 0.5,
  decline: [5, 14],
  declineErrors: [0.05, 0.5],
  driftAtEnd: 0.4,
  faultFrom: [45, 65],
  faultErrors: 0.03,
};

const ERRORS = ["error1", "error2", "error3", "error4", "error5"] as const;
const SENSORS = ["volt", "rotate", "pressure", "vibration"] as const;
export const CONDITIONS: readonly string[] = [...ERRORS, ...SENSORS];

/** A component of one machine that fails on its last day, with what it shows before. Days count from the begin, in parts. */
export interface Decline {
  readonly machine: number;
  readonly error: string;
  readonly sensor: string;
  readonly fromDay: number;
  readonly toDay: number;
}

/** One try of a run. */
export interface FleetRun extends Decided {
  readonly machine: number;
  /** What blocked it. */
  readonly conditions: readonly string[];
}

export interface MachineFleet {
  readonly parameters: FleetParameters;
  readonly startMs: number;
  readonly alerts: readonly NumberedAlert[];
  readonly decisions: readonly FleetRun[];
  readonly declines: readonly Decline[];
  readonly fault: { readonly model: number; readonly error: string; readonly fromDay: number };
  readonly modelOf: (machine: number) => number;
}

export const machineName = (machine: number): string => `M-${String(machine).padStart(3, "0")}`;

/** Uniform in [0, 1), from a seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const START_MS = Date.UTC(2026, 0, 5);
const between = ([low, high]: readonly [number, number], random: () => number): number => low + random() * (high - low);

export function machineFleet(seed: number, parameters: FleetParameters = FLEET): MachineFleet {
  const random = seeded(seed);
  const modelOf = (machine: number): number => machine % parameters.models;
  const declines = plantDeclines(parameters, random);
  const fault = {
    model: Math.floor(random() * parameters.models),
    error: ERRORS[Math.floor(random() * ERRORS.length)] ?? "error1",
    fromDay: between(parameters.faultFrom, random),
  };
  const decisions: FleetRun[] = [];
  const reports: {
    readonly atMs: number;
    readonly machine: number;
    readonly condition: string;
    readonly test: string;
  }[] = [];
  for (let machine = 0; machine < parameters.machines; machine += 1) {
    const own = declines.filter((decline) => decline.machine === machine);
    for (const run of runsOf(machine, parameters, random)) {
      const chances = chancesAt(run.day, own, fault.model === modelOf(machine) ? fault : undefined, parameters);
      const blocked = CONDITIONS.filter(
        (condition) => run.bad === condition || random() < (chances.get(condition) ?? 0),
      );
      let tries = 1;
      if (blocked.length > 0) while (tries < 12 && random() < parameters.retries) tries += 1;
      for (let nth = 0; nth < tries; nth += 1) {
        const atMs = Math.round(START_MS + run.day * DAY_MS) + nth * 60_000;
        decisions.push({
          ...{ node: machineName(machine), atMs, blocked: blocked.length > 0 },
          machine,
          conditions: blocked,
        });
        for (const condition of blocked) reports.push({ atMs, machine, condition, test: run.id });
      }
    }
  }
  const alerts = reports
    .sort((a, b) => a.atMs - b.atMs || a.machine - b.machine)
    .map(({ atMs, machine, condition, test }, index): NumberedAlert => {
      const node = machineName(machine);
      const reason = (SENSORS as readonly string[]).includes(condition)
        ? "reading.out-of-limits"
        : `event.${condition}`;
      const change = {
        node,
        testId: test,
        atMs,
        condition,
        reason,
        subject: condition,
        seq: index + 1,
        ledgerSeq: index,
      };
      return {
        number: index + 1,
        id: `alert-${index + 1}`,
        alert: alertOf({ ...change, contract: "MACHINE", reading: null }),
      };
    });
  return { parameters, startMs: START_MS, alerts, decisions, declines, fault, modelOf };
}

function plantDeclines(parameters: FleetParameters, random: () => number): readonly Decline[] {
  const declines: Decline[] = [];
  for (let machine = 0; machine < parameters.machines; machine += 1) {
    if (random() >= parameters.failures) continue;
    const component = Math.floor(random() * SENSORS.length);
    const length = between(parameters.decline, random);
    const toDay = length + random() * (parameters.days - length);
    declines.push({
      ...{ machine, fromDay: toDay - length, toDay },
      ...{ error: ERRORS[component] ?? "", sensor: SENSORS[component] ?? "" },
    });
  }
  return declines;
}

interface Run {
  readonly id: string;
  /** Since the begin, in parts. */
  readonly day: number;
  /** The one thing of a bad hour. */
  readonly bad: string | null;
}

function runsOf(machine: number, parameters: FleetParameters, random: () => number): readonly Run[] {
  const runs: Run[] = [];
  for (let day = 0; day < parameters.days; day += 1) {
    const mean = parameters.runs[day % 7 < 5 ? 0 : 1];
    const count = Math.max(0, Math.round(mean + (random() - 0.5) * 4));
    for (let nth = 0; nth < count; nth += 1)
      runs.push({ id: `R-${machine}-${day}-${nth}`, day: day + (6 + (16 * (nth + random())) / count) / 24, bad: null });
    if (random() >= parameters.badHours) continue;
    const bad = CONDITIONS[Math.floor(random() * CONDITIONS.length)] ?? "error1";
    const hour = 6 + random() * 15;
    for (let nth = 0; nth < between(parameters.badHourRuns, random); nth += 1)
      runs.push({ id: `B-${machine}-${day}-${nth}`, day: day + (hour + nth / 8) / 24, bad });
  }
  return runs;
}

function chancesAt(
  day: number,
  declines: readonly Decline[],
  fault: MachineFleet["fault"] | undefined,
  parameters: FleetParameters,
): ReadonlyMap<string, number> {
  const chances = new Map<string, number>([
    ...ERRORS.map((error) => [error, parameters.errorNoise] as const),
    ...SENSORS.map((sensor) => [sensor, parameters.sensorNoise] as const),
  ]);
  const raise = (condition: string, by: number): void =>
    void chances.set(condition, Math.min(1, (chances.get(condition) ?? 0) + by));
  if (fault !== undefined && day >= fault.fromDay) raise(fault.error, parameters.faultErrors);
  for (const { error, sensor, fromDay, toDay } of declines) {
    if (day < fromDay || day > toDay) continue;
    const part = (day - fromDay) / (toDay - fromDay);
    raise(error, parameters.declineErrors[0] + part * (parameters.declineErrors[1] - parameters.declineErrors[0]));
    if (part > 2 / 3) raise(sensor, (part - 2 / 3) * 3 * parameters.driftAtEnd);
  }
  return chances;
}
