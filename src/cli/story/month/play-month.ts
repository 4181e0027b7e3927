import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Telling, tellStep } from "../telling.ts";
import { type MonthSoFar, monthSteps } from "./month-steps.ts";
import { openMonth } from "./month-story.ts";

export interface PlayMonth {
  readonly nodes: number;
  readonly days: number;
  readonly seed: number;
  readonly folder: string | undefined;
  readonly json: boolean;
}

/** Plays the month and answers whether every step happened. `kept` is called with the running plant before it ends. */
export async function playMonth(
  { nodes, days, seed, folder, json }: PlayMonth,
  kept: (soFar: MonthSoFar) => Promise<void> = async () => undefined,
): Promise<boolean> {
  const telling: Telling = { total: monthSteps.length, json, out: process.stdout };
  const place = folder === undefined ? null : resolve(folder);
  if (place !== null) mkdirSync(place, { recursive: true });
  const month = await openMonth({ nodes, days, seed, folder: place, endMs: Date.now() });
  const soFar: MonthSoFar = {
    month,
    days,
    place: place ?? month.plant.data,
    before: [],
    after: [],
    pattern: "",
    proposal: "",
  };
  try {
    for (const [index, { title, play }] of monthSteps.entries()) {
      const told = await tellStep(telling, index + 1, title, (fact) => play(soFar, fact));
      if (!told.happened) return false;
    }
    await kept(soFar);
    return true;
  } finally {
    await month.plant.stop();
  }
}
