import { join } from "node:path";
import { DAY_MS, printDate, printUtc } from "../../../base/civil-time.ts";
import { MaintError } from "../../../base/maint-error.ts";
import type { PatternAnalysis } from "../../../hub/patterns/pattern-service.ts";
import type { Proposal } from "../../../hub/proposals/proposal-service.ts";
import type { RolloutView } from "../../../hub/rollout/rollout-views.ts";
import { packageRoot } from "../../package-root.ts";
import { runMaint } from "../processes.ts";
import type { Say } from "../telling.ts";
import { CONTRACT } from "../uv-story.ts";
import { type Month, settled } from "./month-story.ts";
import type { RunningStation } from "./plant.ts";
import { STANDARD } from "./plant.ts";
import { type DayOutcome, runTest } from "./working-day.ts";

/** What one step leaves for the next. */
export interface MonthSoFar {
  readonly month: Month;
  readonly days: number;
  /** Where the reports are written. */
  readonly place: string;
  /** False where the folder is a temporary one, and the reports go with it. */
  readonly isKept: boolean;
  before: readonly DayOutcome[];
  after: readonly DayOutcome[];
  pattern: string;
  proposal: string;
}

export interface MonthStep {
  readonly title: string;
  readonly play: (soFar: MonthSoFar, say: Say) => Promise<void>;
}

function must(condition: boolean, why: string): asserts condition {
  if (!condition) throw new MaintError("MAINT_ERR_STEP", why, { exitCode: 1 });
}

const CONTRACT_FILE = join("contracts", "penetrant", "lp-station.maint");
const WAIT_MS = 60_000;
const POLL_MS = 100;

/** Asks again until it holds. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await holds())) {
    must(performance.now() < deadline, `${what} did not happen within ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const runs = ({ agent }: RunningStation, version: string): boolean =>
  agent.status().contracts.some((one) => one.contract === CONTRACT && one.version === version);

async function begin({ month }: MonthSoFar, say: Say): Promise<void> {
  const { plant, lives } = month;
  const file = join(packageRoot(), CONTRACT_FILE);
  await plant.maint(["contract", "create", file, "--domain", "penetrant"]);
  await plant.maint(["contract", "validate", CONTRACT]);
  await plant.maint(["contract", "store", CONTRACT]);
  await until("v1.0 at every node", () => plant.stations.every((station) => runs(station, "v1.0")));
  const standardOn = printDate(month.firstDay - 300);
  const performedOn = printDate(month.firstDay - 150);
  for (const { station, meter } of lives) {
    const record = (body: object) =>
      station.ask("QA-1", "/v1/evidence", { kind: "calibration", result: "pass", ...body });
    await record({ ...STANDARD, performedOn: standardOn, national: true });
    const certificate = `CERT-${meter}`;
    await record({
      asset: "light-meter",
      performedOn,
      certificate,
      references: [STANDARD.asset],
      asFound: "in-tolerance",
    });
  }
  say(`${CONTRACT}@v1.0 decides at ${lives.length} stations; every light meter has its certificate`);
}

async function firstHalf(soFar: MonthSoFar, say: Say): Promise<void> {
  soFar.before = await soFar.month.play(Math.floor(soFar.days / 2), say);
  const blocked = soFar.before.filter(({ blocked: count }) => count > 0);
  must(blocked.length > 0, "no lamp failed in the first half");
  say(`${new Set(blocked.map(({ station }) => station)).size} stations lost days to lamps that had faded`);
}

async function findPattern(soFar: MonthSoFar, say: Say): Promise<void> {
  const { json } = await soFar.month.plant.maint(["pattern", "list"]);
  const { patterns, total_alerts: alerts } = json as PatternAnalysis;
  const found = patterns.find(({ contract, reason }) => contract === CONTRACT && reason === "reading.out-of-limits");
  must(found !== undefined, `${alerts} alerts, and no pattern among them`);
  soFar.pattern = found.id;
  say(
    `${alerts} alerts; ${found.id}: ${found.condition} blocked ${found.decisions} tests at ${found.nodes.length} stations`,
  );
}

async function propose(soFar: MonthSoFar, say: Say): Promise<void> {
  const { json } = await soFar.month.plant.maint(["proposal", "create", soFar.pattern]);
  const { id, reason, diff, clause } = json as Proposal;
  soFar.proposal = id;
  say(`${id}: ${reason}`);
  say(`read aloud: "${clause}"`);
  for (const line of diff.trimEnd().split("\n")) if (/^[+-] /.test(line)) say(line);
}

/** Waves of a tenth, a half and all, each good for an hour of the plant's time before the next opens. */
async function accept(soFar: MonthSoFar, say: Say): Promise<void> {
  const { month, proposal } = soFar;
  const { plant, lives } = month;
  const waves = ["--waves", "10%,50%,100%", "--soak", "1h", "--on-breach", "revert"];
  await plant.maint(["rollout", "default", "penetrant", ...waves]);
  await plant.maint(["proposal", "accept", proposal, "--reason", "the lamps of one lot fade faster than we look"]);
  const tested = new Set<string>();
  await until("v1.1 at every node, and good there", async () => {
    const fresh = lives.filter(({ station }) => !tested.has(station.id) && runs(station, "v1.1"));
    for (const life of fresh) {
      // The stations work on: what counts as success is a decision under the new version.
      await runTest(life, `${life.station.id}-first-under-v1.1`, null);
      tested.add(life.station.id);
    }
    if (fresh.length > 0) say(`${tested.size} of ${lives.length} stations decide by v1.1`);
    const { json } = await plant.maint(["rollout", "show", `${CONTRACT}@v1.1`]);
    const { status, soaksUntilMs } = json as RolloutView;
    must(["running", "finished"].includes(status), `the rollout is ${status}`);
    if (soaksUntilMs !== null) plant.time.advanceTo(soaksUntilMs + 1_000);
    return tested.size === lives.length && status === "finished";
  });
  await settled(plant);
}

async function secondHalf(soFar: MonthSoFar, say: Say): Promise<void> {
  const { month, days, before } = soFar;
  soFar.after = await month.play(days - Math.floor(days / 2), say);
  const rate = (outcomes: readonly DayOutcome[]) =>
    (100 * outcomes.reduce((sum, { blocked }) => sum + blocked, 0)) /
    outcomes.reduce((sum, { tests }) => sum + tests, 0);
  const warned = soFar.after.filter(({ warned: isWarned, blocked }) => isWarned && blocked === 0).length;
  say(`${warned} lamps were changed on a warning, before a test was lost`);
  say(`blocked: ${rate(before).toFixed(2)} % of the tests before, ${rate(soFar.after).toFixed(2)} % after`);
  must(rate(soFar.after) < rate(before), "the better contract blocks no less");
}

/** Of one station for the page that is looked at, and verified as an auditor would, by its file and the hub's key alone. */
async function audit({ month, days, place, isKept, before }: MonthSoFar, say: Say): Promise<void> {
  const { plant } = month;
  const faded = before.find(({ blocked }) => blocked > 0)?.station ?? month.lives[0]?.station.id ?? "";
  const file = join(place, `${faded}.html`);
  // The month is the plant's: its reports end now by the plant's clock.
  const window = ["--from", printUtc(plant.time.nowMs() - days * DAY_MS), "--to", printUtc(plant.time.nowMs() + 1)];
  await until("every ledger at the hub", () => isArchived(month));
  const { json } = await plant.maint(["report", "audit", "--station", faded, ...window, "-o", file]);
  const { decisions, findings } = json as { readonly decisions: number; readonly findings: number };
  say(`${file}: ${decisions} decisions, ${findings} findings`);
  if (!isKept) say("it goes with the temporary folder; --folder keeps it");
  const keys = (await plant.maint(["keys", "list"])).json as { readonly online: readonly string[] };
  const verified = await runMaint(["report", "verify", file, "--key", keys.online[0] ?? "", "--json"]);
  must(verified.exitCode === 0, `the report does not hold: ${verified.stdout}${verified.stderr}`);
  for (const line of (JSON.parse(verified.stdout) as { readonly checks: readonly string[] }).checks) say(line);
}

const isArchived = ({ plant }: Month): boolean =>
  plant.stations.every(({ id, agent }) => {
    const archived = plant.hub.services.archive.nodes().find(({ node }) => node === id);
    return archived?.size === agent.status().ledger.size;
  });

export const monthSteps: readonly MonthStep[] = [
  { title: "one contract decides at every station", play: begin },
  { title: "half a month goes by, and the lamps of one lot fade", play: firstHalf },
  { title: "the hub finds what the stations have in common", play: findPattern },
  { title: "it proposes the next version", play: propose },
  { title: "an engineer accepts it, and it goes out in waves", play: accept },
  { title: "the other half of the month", play: secondHalf },
  { title: "an auditor's report of a station, verified without the hub", play: audit },
];
