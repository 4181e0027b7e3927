import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { listenForInterruption } from "../interruption.ts";
import { type Telling, tellStep } from "../telling.ts";
import { type MonthSoFar, monthSteps } from "./month-steps.ts";
import { type Month, openMonth } from "./month-story.ts";

export interface PlayMonth {
  readonly nodes: number;
  readonly days: number;
  readonly seed: number;
  readonly folder: string | undefined;
  readonly json: boolean;
}

/**
 * Plays the month and answers whether every step happened, or that a signal ended it. `kept` is called with the running plant before
 * it ends. A step that a signal cut off may still be waiting after the answer.
 */
export async function playMonth(
  { nodes, days, seed, folder, json }: PlayMonth,
  kept: (soFar: MonthSoFar) => Promise<void> = async () => undefined,
): Promise<boolean | "interrupted"> {
  const interruption = listenForInterruption();
  const { hasCome: isCutOff } = interruption;
  const telling: Telling = { total: monthSteps.length, json, out: process.stdout, isCutOff };
  const place = folder === undefined ? null : resolve(folder);
  if (place !== null) mkdirSync(place, { recursive: true });
  let month: Month | undefined;
  try {
    month = await openMonth({ nodes, days, seed, folder: place, endMs: Date.now() });
    const told = await Promise.race([tellMonth(month, days, place, telling, kept), interruption.comes]);
    return isCutOff() ? "interrupted" : told;
  } catch (error) {
    // A command that Ctrl-C ended is no failure.
    if (isCutOff()) return "interrupted";
    throw error;
  } finally {
    await month?.plant.stop();
    interruption.done();
  }
}

/** True when every step happened. The first that did not ends the story: what follows rests on it. */
async function tellMonth(
  month: Month,
  days: number,
  place: string | null,
  telling: Telling,
  kept: (soFar: MonthSoFar) => Promise<void>,
): Promise<boolean> {
  const reports = { place: place ?? month.plant.data, isKept: place !== null };
  const soFar: MonthSoFar = { month, days, ...reports, before: [], after: [], pattern: "", proposal: "" };
  for (const [index, { title, play }] of monthSteps.entries()) {
    if (telling.isCutOff()) return false;
    const told = await tellStep(telling, index + 1, title, (fact) => play(soFar, fact));
    if (!told.happened) return false;
  }
  await kept(soFar);
  return true;
}
