import { BAD_LOT, GOOD_LOT, intensityOf, type Lamp } from "./lamps.ts";
import type { RunningStation } from "./plant.ts";

/** A station as the month goes by: its lamp, and what came of its tests. */
export interface StationLife {
  readonly station: RunningStation;
  readonly lampModel: string;
  readonly meter: string;
  readonly takesLampsOf: string;
  lamp: Lamp;
  lamps: number;
}

export interface DayOutcome {
  readonly station: string;
  readonly tests: number;
  readonly blocked: number;
  /** Why, as the gate said it. */
  readonly reasons: readonly string[];
  readonly warned: boolean;
  readonly newLamp: boolean;
}

interface Decided {
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

/** Instants of one day, epoch milliseconds. */
export interface DayTimes {
  readonly shiftMs: number;
  readonly testsMs: readonly number[];
}

export const openLife = (station: RunningStation, index: number, isBad: boolean, meter: string): StationLife => {
  const lot = isBad ? BAD_LOT : GOOD_LOT;
  // Lamps were not all changed on one day: the first ones have aged already, those of the bad lot a little.
  const lamp = { id: `${station.id}-1`, lot, ageDays: isBad ? index % 5 : index % 9 };
  return { station, lampModel: isBad ? "RX" : "LX", meter, takesLampsOf: lot, lamp, lamps: 1 };
};

/** Before the first test of a shift: the lamp is on, both readings are taken, the step is acknowledged. */
export async function openShift({ station, lamp }: StationLife, noise: () => number): Promise<void> {
  const record = (body: object) => station.ask("STF-1", "/v1/evidence", body);
  await record({ kind: "on-time", asset: "lamp", state: "on", forMinutes: 15 });
  const uv = intensityOf(lamp, noise());
  await record({
    kind: "reading",
    quantity: "uv-intensity",
    value: String(uv),
    unit: "uW/cm2",
    takenWith: "light-meter",
  });
  const light = (1 + noise() * 0.6).toFixed(1);
  await record({ kind: "reading", quantity: "ambient-light", value: light, unit: "fc", takenWith: "light-meter" });
  await record({ kind: "acknowledgement", step: "materials checked" });
}

/** One test from its question to its end. */
export async function runTest({ station }: StationLife, test: string, order: string | null): Promise<Decided> {
  const part = `P-${test}`;
  const asked = order === null ? { test, part } : { test, part, order };
  const answer = (await station.ask("STF-1", "/v1/test/start", asked)) as { readonly decision?: Decided } & Decided;
  const decided = answer.decision ?? answer;
  if (decided.allow) await station.ask("STF-1", "/v1/test/end", { test, result: "passed" });
  return decided;
}

/** A lamp that warns is changed at the end of the day; one that blocks, at once, and the day is lost. */
export function changeLamp(life: StationLife): void {
  life.lamps += 1;
  life.lamp = { id: `${life.station.id}-${life.lamps}`, lot: life.takesLampsOf, ageDays: 0 };
}

export const isAboutLamp = (code: string): boolean => code.endsWith(":uv-intensity");
