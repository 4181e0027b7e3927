import { DAY_MS, printDate } from "../../../base/civil-time.ts";
import { MaintError } from "../../../base/maint-error.ts";
import { zoneFromIntl } from "../../../disk/zone-from-intl.ts";
import { openPlantCalendar } from "../../../model/plant-calendar.ts";
import type { Say } from "../telling.ts";
import { seeded } from "./lamps.ts";
import { openPlant, PLANT_ZONE, type Plant, type StationPlan } from "./plant.ts";
import { openSimTime } from "./sim-time.ts";
import {
  changeLamp,
  type DayOutcome,
  isAboutLamp,
  openLife,
  openShift,
  runTest,
  type StationLife,
} from "./working-day.ts";

export interface MonthOptions {
  readonly nodes: number;
  readonly days: number;
  readonly seed: number;
  readonly folder: string | null;
  /** Epoch milliseconds that the month ends before; the story's clock never passes it. */
  readonly endMs: number;
}

/** A plant in the middle of its month. */
export interface Month {
  readonly plant: Plant;
  readonly lives: readonly StationLife[];
  /** Plays whole days, all stations of each side by side. */
  readonly play: (days: number, say: Say) => Promise<readonly DayOutcome[]>;
  readonly firstDay: number;
}

/** Every fourth station takes its lamps from the lot that fades. */
const isBadStation = (index: number): boolean => index % 4 === 3;
const TESTS_A_DAY = 4;
const QUIET_TIMEOUT_MS = 60_000;

export async function openMonth({ nodes, days, seed, folder, endMs }: MonthOptions): Promise<Month> {
  const zone = zoneFromIntl(PLANT_ZONE);
  if (zone === undefined) throw new MaintError("MAINT_ERR_STEP", `${PLANT_ZONE}: this Node knows no such zone`);
  const calendar = openPlantCalendar(zone);
  const firstDay = calendar.dayOf(endMs) - days;
  const time = openSimTime(calendar.startOfDay(firstDay));
  const plans = Array.from({ length: nodes }, (_, index): StationPlan => {
    const number = String(index + 1).padStart(2, "0");
    return { id: `LP-${number}`, lampModel: isBadStation(index) ? "RX" : "LX", meter: `LM-${number}` };
  });
  const plant = await openPlant(plans, time, folder);
  const lives = plant.stations.map((station, index) =>
    openLife(station, index, isBadStation(index), plans[index]?.meter ?? ""),
  );
  const noise = seeded(seed);
  let day = firstDay;
  const play = async (count: number, say: Say): Promise<readonly DayOutcome[]> => {
    const outcomes: DayOutcome[] = [];
    for (let played = 0; played < count; played += 1, day += 1) {
      // By the clock on the wall: on one day of the month it may be put back.
      const at = (hours: number): number => calendar.instantOf(day * DAY_MS + hours * HOUR_MS);
      outcomes.push(...(await playDay(lives, plant, { at, day: printDate(day), noise })));
      await settled(plant);
    }
    say(sumUp(outcomes, count));
    return outcomes;
  };
  return { plant, lives, play, firstDay };
}

const HOUR_MS = 3_600_000;

async function playDay(
  lives: readonly StationLife[],
  { time }: Plant,
  { at, day, noise }: { readonly at: (hours: number) => number; readonly day: string; readonly noise: () => number },
): Promise<readonly DayOutcome[]> {
  time.advanceTo(at(6) + 60_000);
  for (const life of lives) await openShift(life, noise);
  const decided = new Map(
    lives.map((life) => [life, [] as { allow: boolean; reasons: readonly string[]; warnings: readonly string[] }[]]),
  );
  for (let test = 0; test < TESTS_A_DAY; test += 1) {
    time.advanceTo(at(7 + test * 1.5));
    for (const life of lives) {
      const id = `${life.station.id}-${day}-${test + 1}`;
      decided.get(life)?.push(await runTest(life, id, null));
    }
  }
  return lives.map((life) => endDay(life, decided.get(life) ?? []));
}

function endDay(
  life: StationLife,
  decided: readonly {
    readonly allow: boolean;
    readonly reasons: readonly string[];
    readonly warnings: readonly string[];
  }[],
): DayOutcome {
  const reasons = decided.flatMap((one) => one.reasons);
  const warned = decided.some(({ warnings }) => warnings.some(isAboutLamp));
  const newLamp = warned || reasons.some(isAboutLamp);
  life.lamp = { ...life.lamp, ageDays: life.lamp.ageDays + 1 };
  if (newLamp) changeLamp(life);
  const blocked = decided.filter(({ allow }) => !allow).length;
  return { station: life.station.id, tests: decided.length, blocked, reasons: [...new Set(reasons)], warned, newLamp };
}

function sumUp(outcomes: readonly DayOutcome[], days: number): string {
  const sum = (pick: (one: DayOutcome) => number) => outcomes.reduce((total, one) => total + pick(one), 0);
  const lamps = outcomes.filter(({ newLamp }) => newLamp).length;
  return `${days} days: ${sum(({ tests }) => tests)} tests asked, ${sum(({ blocked }) => blocked)} blocked, ${lamps} lamps changed`;
}

/** Until every node is linked again and the hub has all it had to say: a day ends with its reports handed in. */
export async function settled({ stations, hub }: Plant): Promise<void> {
  const deadline = performance.now() + QUIET_TIMEOUT_MS;
  for (;;) {
    const open = stations.filter(({ agent }) => {
      const { hub: link, alerts } = agent.status();
      return link.link !== "welcomed" || alerts.ackedSeq < alerts.lastSeq;
    });
    if (open.length === 0) return;
    if (performance.now() > deadline)
      throw new MaintError("MAINT_ERR_STEP", `${open.length} nodes did not hand in within a minute at ${hub.url}`, {
        exitCode: 1,
      });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
