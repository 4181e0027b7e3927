import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { byHandLines } from "../story/by-hand.ts";
import { type Floor, layOutFloor } from "../story/floor.ts";
import { listenForInterruption } from "../story/interruption.ts";
import { REMOVE_RETRIES } from "../story/processes.ts";
import { withProgress } from "../story/progress.ts";
import { type Telling, tellStep } from "../story/telling.ts";
import { STATIONS, uvStory } from "../story/uv-story.ts";

interface StoryOptions {
  readonly month?: boolean;
  readonly nodes: string;
  readonly days: string;
  readonly seed: string;
  readonly once?: boolean;
  readonly folder?: string;
  readonly json?: boolean;
}

/** `maint story`, which is `npm start`: the whole loop on this machine, with real processes, sockets, files and signatures. */
export function command(): Command {
  return new Command("story")
    .description("run a hub and three agents on this machine and play the UV story with them")
    .option("--once", "end after the story; exit code 1 if any step did not happen")
    .option(
      "--folder <dir>",
      "keep data and keys here, an empty folder (else a fresh temporary one, removed at the end)",
    )
    .option(
      "--month",
      "play a simulated month of many stations instead, in one process on a clock of its own; keeps no hub running",
    )
    .option("--nodes <n>", "stations of the month, 4 to 200", "50")
    .option("--days <n>", "days of the month, 10 to 60", "30")
    .option("--seed <n>", "of its chance", "1")
    .option("--json", "print a JSON line a step")
    .addHelpText("after", "\nExample:\n  maint story --once\n  maint story --month --nodes 12 --folder ./month")
    .action((options: StoryOptions) => (options.month === true ? month(options) : play(options)));
}

async function month({ nodes, days, seed, folder, json }: StoryOptions): Promise<void> {
  const wanted = {
    ...{ nodes: wholeNumber("--nodes", nodes, 4, 200), days: wholeNumber("--days", days, 10, 60) },
    ...{ seed: wholeNumber("--seed", seed, 0, 2 ** 31), folder, json: json === true },
  };
  const { playMonth } = await import("../story/month/play-month.ts");
  const played = await playMonth(wanted);
  // Its last step may wait for a minute for what has ended.
  if (played === "interrupted") process.exit(INTERRUPTED);
  process.exitCode = played ? 0 : 1;
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new MaintError("MAINT_ERR_USAGE", `${option} ${text}: a whole number from ${least} to ${most} is needed`);
}

async function play(options: StoryOptions): Promise<void> {
  // Before there is anything that would stay.
  const interruption = listenForInterruption();
  const { hasCome: isCutOff } = interruption;
  const temporary = options.folder === undefined;
  const folder = options.folder === undefined ? mkdtempSync(join(tmpdir(), "maint-story-")) : resolve(options.folder);
  if (!temporary) mkdirSync(folder, { recursive: true });
  const telling: Telling = { total: uvStory.length, json: options.json === true, out: process.stdout, isCutOff };
  const began = Date.now();
  let floor: Floor | undefined;
  let playing: Promise<boolean> | undefined;
  let isTold = false;
  try {
    floor = await withProgress("starting a hub and three agents", process.stderr, () => startFloor(folder, telling));
    playing = tellAll(floor, telling);
    const told = await Promise.race([playing, interruption.comes]);
    if (isCutOff()) return;
    isTold = true;
    process.exitCode = told ? 0 : 1;
    say(
      telling,
      told ? `\nThe story took ${((Date.now() - began) / 1000).toFixed(1)} s.` : "\nThe story stopped there.",
    );
    if (options.once === true || !told) return;
    say(telling, byHandLines(floor, temporary).join("\n"));
    await interruption.comes;
    say(telling, "\nStopping …");
  } catch (error) {
    // A command of the start that Ctrl-C ended is no failure.
    if (!isCutOff()) throw error;
  } finally {
    if (isCutOff() && !isTold) process.exitCode = INTERRUPTED;
    await floor?.stop();
    // A step that goes on would write into the folder while it is removed; with hub and agents gone it soon ends.
    await playing;
    if (temporary) rmSync(folder, { recursive: true, force: true, maxRetries: REMOVE_RETRIES });
    interruption.done();
  }
}

/** As a shell says that Ctrl-C ended something. */
const INTERRUPTED = 130;

const say = (telling: Telling, text: string): void => {
  if (!telling.json) telling.out.write(`${text}\n`);
};

/** Keys, hub, people, three enrolled and running agents. */
async function startFloor(folder: string, telling: Telling): Promise<Floor> {
  const floor = await layOutFloor(folder);
  try {
    const hub = await floor.startHub();
    say(telling, `hub      ${hub.url}  (process ${hub.pid})`);
    await floor.addPerson("STF-1", "operator");
    for (const station of STATIONS) {
      if (telling.isCutOff()) return floor;
      await floor.enrol(station);
      const agent = await floor.startAgent(station.id);
      say(telling, `${station.id}    ${agent.url}  (process ${agent.pid}), lamp ${station.lamp}`);
    }
    say(telling, `data in  ${floor.data}\nkeys in  ${floor.keys} (the hub cannot read the author's)`);
    return floor;
  } catch (error) {
    await floor.stop();
    throw error;
  }
}

/** True when every step happened. The first that did not ends the story: what follows rests on it. */
async function tellAll(floor: Floor, telling: Telling): Promise<boolean> {
  for (const [index, { title, play: playStep }] of uvStory.entries()) {
    if (telling.isCutOff()) return false;
    const told = await tellStep(telling, index + 1, title, (fact) => playStep(floor, fact));
    if (!told.happened) return false;
  }
  return true;
}
