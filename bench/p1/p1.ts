/**
 * Bench P1: 25 clauses, facts in memory, the same rules and the same facts for every engine; who is refused is compared first.
 * A second table starts from the evidence: there the gate reads units, dates and instants too, and explains.
 * `node bench/p1/p1.ts [--json]`; writes bench/results/p1.json and p1.svg. Exit code 1 where a target is missed or the engines disagree.
 */
import { isDeepStrictEqual } from "node:util";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { openPlantCalendar } from "../../src/model/plant-calendar.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import type { ZoneTransitions } from "../../src/model/zone.ts";
import { decide, decideFast, indexReleases, verdictFast } from "../../src/runtime/index.ts";
import { randomOf } from "../../test/fuzz/gate-random.ts";
import { showNs, speedOf, table } from "../measure.ts";
import { report } from "../results.ts";
import { type BenchEngine, own, peers } from "./engines.ts";
import { bundleOf, contractText, factsFor } from "./workload.ts";

const FACT_SETS = 256;
const TARGET = 2_200;

const loaded = bundleOf(contractText("BENCH-25", "bench"));
const { rules } = loaded.bundle;
const draw = randomOf(1, 0);
const factSets = Array.from({ length: FACT_SETS }, () => factsFor(rules, draw));

interface Measured {
  readonly engine: string;
  readonly ours: boolean;
  readonly medianNs: number;
  readonly bestNs: number;
}

let expected: readonly (readonly string[])[] | undefined;

async function measure({ name, ours = false, load }: BenchEngine): Promise<Measured> {
  const { prepare, refused } = await load(rules);
  const prepared = factSets.map((facts) => prepare(facts) as never);
  const answers: (readonly string[])[] = [];
  for (const facts of prepared) answers.push([...(await refused(facts))].sort());
  expected ??= answers;
  if (!isDeepStrictEqual(answers, expected)) throw new Error(`${name} refuses other rules`);
  const speed = await speedOf((turn) => refused(prepared[turn % FACT_SETS] as never));
  return { engine: name, ours, ...speed };
}

const measured: Measured[] = [];
for (const engine of [...peers, ...own]) measured.push(await measure(engine));
const blockedShare = (expected ?? []).filter((one) => one.length > 0).length / FACT_SETS;
const reference = measured[0] as Measured;
const best = measured.filter(({ ours }) => ours).reduce((a, b) => (a.medianNs < b.medianNs ? a : b));
const fastestPeer = measured.filter(({ ours }) => !ours).reduce((a, b) => (a.medianNs < b.medianNs ? a : b));

/** From evidence to verdict: what a decision is, where the rules above are a small part of it. */
const today = "2026-11-23T06:20:00-06:00";
const items = [1, 2, 3, 4, 5];
const evidence = snapshotFromValues({
  ...{ plantZone: "America/Chicago", station: { type: "bench" }, test: { operator: "STF-1" } },
  equipment: Object.fromEntries(
    items.map((item) => [
      `Lamp-${item}`,
      { status: "in-service", onSeconds: 900, calibration: { performedOn: "2026-06-01", result: "pass" } },
    ]),
  ),
  readings: Object.fromEntries(items.map((item) => [`level-${item}`, { value: 1500, unit: "uW/cm2", takenAt: today }])),
  acks: items.map((item) => ({ step: `lamp ${item} is clean`, by: "STF-1", at: today })),
});
const calendar = openPlantCalendar(zoneFromIntl("America/Chicago") as ZoneTransitions);
const nine = Date.parse("2026-11-23T09:00:00-06:00");
const releases = indexReleases([{ loaded, version: "v1.0", fromDay: null }]);
const inputAt = (turn: number) => ({
  ...{ releases, snapshot: evidence, now: nine + (turn % 1_000), calendar, node: "n", assumeBinding: false },
});
if (!decideFast(inputAt(0)).allow) throw new Error("the evidence of the bench is not allowed");
const whole = [
  {
    what: "json-rules-engine alone (--engine reference)",
    ...(await speedOf((turn) => decide(inputAt(turn), "reference"))),
  },
  { what: "both evaluators (--engine both)", ...(await speedOf((turn) => decide(inputAt(turn), "both"))) },
  { what: "own evaluator, explained (--engine fast)", ...(await speedOf((turn) => decideFast(inputAt(turn)))) },
  { what: "own evaluator, verdict and codes", ...(await speedOf((turn) => verdictFast(inputAt(turn)))) },
];

const times = (ns: number): number => reference.medianNs / ns;
const perSecond = (ns: number): string => Math.round(1e9 / ns).toLocaleString("en-US");
const printed = [
  `P1  25 clauses, ${rules.length} rules, ${FACT_SETS} fact sets, ${Math.round(blockedShare * 100)} % blocked; all engines refuse the same`,
  table([
    ["engine", "one evaluation", "per second", "x json-rules-engine"],
    ...measured.map(({ engine, medianNs }) => [
      engine,
      showNs(medianNs),
      perSecond(medianNs),
      times(medianNs).toFixed(1),
    ]),
  ]),
  "",
  "from evidence (units, dates, zones, exact limits) to the decision, 25 clauses",
  table([
    ["way", "one decision", "per second"],
    ...whole.map(({ what, medianNs }) => [what, showNs(medianNs), perSecond(medianNs)]),
  ]),
].join("\n");
report(
  "p1",
  printed,
  { factSets: FACT_SETS, rules: rules.length, blockedShare, engines: measured, fromEvidence: whole },
  [
    {
      what: `at least ${TARGET} x json-rules-engine as documented`,
      reached: times(best.medianNs) >= TARGET,
      measured: `${Math.round(times(best.medianNs))} x`,
    },
    {
      what: `no slower than the fastest peer (${fastestPeer.engine})`,
      reached: best.medianNs <= fastestPeer.medianNs,
      measured: `${(fastestPeer.medianNs / best.medianNs).toFixed(1)} x it`,
    },
  ],
  {
    title: "Evaluating 25 clauses, facts in memory",
    text: "The same rules and facts for all; who is refused is compared first. More is better.",
    axis: "evaluations a second",
    bars: measured
      .toSorted((a, b) => a.medianNs - b.medianNs)
      .map(({ engine, ours, medianNs }) => ({
        name: engine,
        value: 1e9 / medianNs,
        label: `${perSecond(medianNs)}/s`,
        ours,
      })),
    target: { value: (1e9 / reference.medianNs) * TARGET, label: `target: ${TARGET} x json-rules-engine` },
  },
);
