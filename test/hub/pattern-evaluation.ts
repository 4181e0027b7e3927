import { openDatabase } from "../../src/disk/sqlite.ts";
import { DAY_MS } from "../../src/hub/patterns/exposure.ts";
import { overRepresented } from "../../src/hub/patterns/factors.ts";
import { createPatternService, type PatternAnalysis } from "../../src/hub/patterns/pattern-service.ts";
import { openHubDatabase } from "../../src/hub/store/database.ts";
import { patternTables } from "../../src/hub/store/patterns-tables.ts";
import { PATTERN_FALSE_SHARE } from "../../src/model/limits.ts";
import { decidedArchive } from "./decided-archive.ts";
import { ENGINEER, emptyFloor } from "./loop-fixture.ts";
import { CONDITIONS, type MachineFleet, machineFleet, machineName } from "./machine-fleet.ts";

/** Right, wrong and missed, over all looks. */
export interface Score {
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
}

export const precision = ({ right, wrong }: Score): number => (right + wrong === 0 ? 1 : right / (right + wrong));
export const recall = ({ right, missed }: Score): number => (right + missed === 0 ? 1 : right / (right + missed));
export const f1 = (score: Score): number =>
  score.right === 0 ? 0 : (2 * precision(score) * recall(score)) / (precision(score) + recall(score));

const NONE: Score = { right: 0, wrong: 0, missed: 0 };
const plus = (a: Score, b: Score): Score => ({
  ...{ right: a.right + b.right, wrong: a.wrong + b.wrong, missed: a.missed + b.missed },
});

/** What is planted, what is neither right nor wrong to name, and all the rest is wrong. */
interface Truth {
  readonly planted: ReadonlySet<string>;
  readonly grey: ReadonlySet<string>;
}

function scored(named: ReadonlySet<string>, { planted, grey }: Truth): Score {
  const right = [...planted].filter((one) => named.has(one)).length;
  const wrong = [...named].filter((one) => !planted.has(one) && !grey.has(one)).length;
  return { right, wrong, missed: planted.size - right };
}

const WINDOW_DAYS = 30;
/** A decline shorter than this has shown too little to be asked for. */
const SHOWN_DAYS = 3;

/** Machines whose component declines, on the day of the look. */
function machinesInTrouble({ declines, fault, parameters, modelOf }: MachineFleet, day: number): Truth {
  const planted = new Set<string>();
  const grey = new Set<string>();
  const put = (machine: number, condition: string, from: number, to: number): void => {
    const shown = Math.min(to, day) - Math.max(from, day - WINDOW_DAYS);
    if (shown > 0) (shown >= SHOWN_DAYS ? planted : grey).add(`${machineName(machine)} ${condition}`);
  };
  for (const { machine, error, sensor, fromDay, toDay } of declines) {
    put(machine, error, fromDay, toDay);
    put(machine, sensor, fromDay + (2 / 3) * (toDay - fromDay), toDay);
  }
  // The whole model has it then: whoever names one of its machines is not wrong.
  for (let machine = 0; machine < parameters.machines; machine += 1)
    if (modelOf(machine) === fault.model && day > fault.fromDay) grey.add(`${machineName(machine)} ${fault.error}`);
  return { planted, grey: new Set([...grey].filter((one) => !planted.has(one))) };
}

/** The error code that came more often for the whole of a model. */
function fleetInTrouble({ fault }: MachineFleet, day: number): Truth {
  const isShown = day >= fault.fromDay + SHOWN_DAYS;
  const isGrey = day > fault.fromDay && !isShown;
  return { planted: new Set(isShown ? [fault.error] : []), grey: new Set(isGrey ? [fault.error] : []) };
}

/** Alerts, not decisions, of each machine and condition in the window: what is counted without any further thought. */
function alertCounts({ alerts, startMs }: MachineFleet, day: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { alert } of alerts) {
    const at = (alert.atMs - startMs) / DAY_MS;
    if (at > day || at <= day - WINDOW_DAYS) continue;
    const key = `${alert.node} ${alert.condition}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const named = (counts: ReadonlyMap<string, number>, atLeast: number): ReadonlySet<string> =>
  new Set([...counts].filter(([, count]) => count >= atLeast).map(([key]) => key));

export interface Evaluation {
  readonly looks: number;
  /** Which machine has which trouble. */
  readonly machines: { readonly ours: Score; readonly naive: Score; readonly best: Score; readonly bestAt: number };
  /** Which condition rose for the fleet. */
  readonly fleet: { readonly ours: Score; readonly naive: Score };
  /** Which model has more of which condition than the others. */
  readonly models: Score;
}

const NAIVE_ALERTS = 3;
const THRESHOLDS = [2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100] as const;

export async function evaluatePatterns(seeds: readonly number[], days: readonly number[]): Promise<Evaluation> {
  let looks = 0;
  let ours = NONE;
  let [fleetOurs, fleetNaive, models] = [NONE, NONE, NONE];
  const byThreshold = new Map<number, Score>();
  for (const seed of seeds) {
    const fleet = machineFleet(seed);
    for (const [day, analysis] of await looksAt(fleet, days)) {
      looks += 1;
      const machines = machinesInTrouble(fleet, day);
      const reviewed = analysis.equipment_reviews.filter(({ p }) => p !== null && p <= PATTERN_FALSE_SHARE);
      ours = plus(ours, scored(new Set(reviewed.map(({ node, condition }) => `${node} ${condition}`)), machines));
      const counts = alertCounts(fleet, day);
      for (const threshold of THRESHOLDS)
        byThreshold.set(
          threshold,
          plus(byThreshold.get(threshold) ?? NONE, scored(named(counts, threshold), machines)),
        );
      const whole = fleetInTrouble(fleet, day);
      const risen = analysis.patterns.filter(({ rise }) => rise !== null);
      const rose = new Set(risen.map(({ condition }) => condition ?? ""));
      fleetOurs = plus(fleetOurs, scored(rose, whole));
      fleetNaive = plus(fleetNaive, scored(naivePatterns(counts), whole));
      models = plus(models, scored(modelsNamed(fleet, day, rose), modelInTrouble(fleet, whole)));
    }
  }
  const [bestAt, best] = [...byThreshold].reduce((a, b) => (f1(b[1]) > f1(a[1]) ? b : a));
  const naive = byThreshold.get(NAIVE_ALERTS) ?? NONE;
  return { looks, machines: { ours, naive, best, bestAt }, fleet: { ours: fleetOurs, naive: fleetNaive }, models };
}

const modelInTrouble = ({ fault }: MachineFleet, { planted, grey }: Truth): Truth => {
  const ofModel = (conditions: ReadonlySet<string>) => new Set([...conditions].map((one) => `${fault.model} ${one}`));
  return { planted: ofModel(planted), grey: ofModel(grey) };
};

/** Models that are over-represented among the blocked, for each condition that rose: this is when people look. */
function modelsNamed(
  { decisions, startMs, modelOf }: MachineFleet,
  day: number,
  conditions: ReadonlySet<string>,
): ReadonlySet<string> {
  const recent = decisions.filter(({ atMs }) => {
    const at = (atMs - startMs) / DAY_MS;
    return at <= day && at > day - WINDOW_DAYS;
  });
  const unit = { kind: "model", unitKind: "asset", isOrdered: false } as const;
  return new Set(
    [...conditions].flatMap((condition) => {
      const cases = recent.map(({ node, machine, conditions: own }) => ({
        isBlocked: own.includes(condition),
        traits: [{ ...unit, value: String(modelOf(machine)), unit: node }],
      }));
      return overRepresented(cases).factors.map(({ value }) => `${value} ${condition}`);
    }),
  );
}

/** At least three alerts from two machines. */
function naivePatterns(counts: ReadonlyMap<string, number>): ReadonlySet<string> {
  return new Set(
    CONDITIONS.filter((condition) => {
      const own = [...counts].filter(([key]) => key.endsWith(` ${condition}`));
      return own.length >= 2 && own.reduce((sum, [, count]) => sum + count, 0) >= NAIVE_ALERTS;
    }),
  );
}

/** One hub that lives through the whole time and is asked on these days. */
async function looksAt(
  fleet: MachineFleet,
  days: readonly number[],
): Promise<readonly (readonly [number, PatternAnalysis])[]> {
  const db = await openHubDatabase(openDatabase(":memory:"), [patternTables]);
  let nowMs = fleet.startMs;
  const service = createPatternService({
    db,
    journal: { commit: (change) => db.atomically((tables) => change({ tables, record: () => undefined } as never)) },
    clock: { nowMs: () => nowMs },
    alerts: {
      after: async (number, limit) =>
        fleet.alerts.slice(number, number + limit).filter(({ alert }) => alert.atMs <= nowMs),
    },
    nodes: { ids: async () => Array.from({ length: fleet.parameters.machines }, (_, machine) => machineName(machine)) },
    archive: { ...decidedArchive(fleet.decisions), decisions: () => [] },
    floor: emptyFloor,
  });
  const looks: (readonly [number, PatternAnalysis])[] = [];
  for (const day of days) {
    nowMs = fleet.startMs + day * DAY_MS - 1;
    looks.push([day, await service.analyse(ENGINEER)]);
  }
  await db.close();
  return looks;
}

const percent = (share: number): string => `${(100 * share).toFixed(0).padStart(3)} %`;
const line = (name: string, score: Score): string =>
  `${name.padEnd(46)} precision ${percent(precision(score))}   recall ${percent(recall(score))}   F1 ${f1(score).toFixed(2)}   ` +
  `(${score.right} right, ${score.wrong} wrong, ${score.missed} missed)`;

export const evaluationLines = ({ looks, machines, fleet, models }: Evaluation): readonly string[] => [
  `${looks} looks at simulated fleets`,
  line("machine and condition: reviews", machines.ours),
  line(`machine and condition: ${NAIVE_ALERTS} alerts or more`, machines.naive),
  line(`machine and condition: ${machines.bestAt} alerts, best in hindsight`, machines.best),
  line("condition of the fleet: rises", fleet.ours),
  line(`condition of the fleet: ${NAIVE_ALERTS} alerts at 2 machines`, fleet.naive),
  line("model and condition: factors", models),
];

if (import.meta.main) {
  const evaluation = await evaluatePatterns([1, 2, 3, 4, 5, 6, 7, 8], [45, 60, 75, 90]);
  for (const text of evaluationLines(evaluation)) console.log(text);
}
