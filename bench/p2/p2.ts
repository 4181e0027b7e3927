/**
 * Bench P2: 25,000 rules of which 25 bind this test. The peers get each rule with the station it is for, or one engine for each
 * station, where somebody writes the index for them. Ours is the index and the rules of the gate itself.
 * `node bench/p2/p2.ts [--json]`; writes bench/results/p2.json and p2.svg. Exit code 1 where a target is missed or the engines disagree.
 */
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import zen from "@gorules/zen-engine";
import { Environment } from "@marcbachmann/cel-js";
import { LogicEngine } from "json-logic-engine";
import { Engine } from "json-rules-engine";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import type { BundleRule } from "../../src/model/bundle.ts";
import { openPlantCalendar } from "../../src/model/plant-calendar.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import type { ZoneTransitions } from "../../src/model/zone.ts";
import { factCode } from "../../src/runtime/evaluator.ts";
import type { PartFacts } from "../../src/runtime/facts/part.ts";
import { indexReleases, type LoadedBundle, verdictFast } from "../../src/runtime/index.ts";
import { randomOf } from "../../test/fuzz/gate-random.ts";
import { showNs, speedOf, table } from "../measure.ts";
import { bundleOf, contractText, factsFor, type RuleFacts } from "../p1/workload.ts";
import { report } from "../results.ts";

const CONTRACTS = 1_000;
const TARGET = 500;
const FACT_SETS = 64;
const SLOW_ROUNDS = 3;

const stationOf = (index: number): string => `cell-${index}`;
const bundles = Array.from({ length: CONTRACTS }, (_, index) =>
  bundleOf(contractText(`BENCH-${index}`, stationOf(index))),
);
const { rules } = (bundles[0] as LoadedBundle).bundle;
const draw = randomOf(2, 0);
const cases = Array.from({ length: FACT_SETS }, () => ({
  station: stationOf(Math.floor(draw() * CONTRACTS)),
  facts: factsFor(rules, draw),
}));
type BenchCase = (typeof cases)[number];

const factIn = (rule: BundleRule, fact: string): string => fact.slice(rule.name.length + 1);
const byName = (facts: readonly RuleFacts[]): { readonly [rule: string]: RuleFacts } =>
  Object.fromEntries(rules.map((rule, index) => [rule.name, facts[index] as RuleFacts]));

interface Measured {
  readonly engine: string;
  readonly ours: boolean;
  readonly loadMs: number;
  readonly medianNs: number;
}
const measured: Measured[] = [];
const answers = new Map<string, readonly string[]>();

async function measure(
  engine: string,
  load: () => (one: BenchCase) => Promise<readonly string[]> | readonly string[],
  {
    ours = false,
    rounds = SLOW_ROUNDS,
    compared = FACT_SETS,
  }: { ours?: boolean; rounds?: number; compared?: number } = {},
): Promise<Measured> {
  const begun = process.hrtime.bigint();
  const refused = load();
  const loadMs = Number(process.hrtime.bigint() - begun) / 1e6;
  for (const one of cases.slice(0, compared)) {
    const found = [...(await refused(one))].sort();
    const known = answers.get(JSON.stringify(one)) ?? found;
    answers.set(JSON.stringify(one), known);
    if (known.join() !== found.join()) throw new Error(`${engine} refuses ${found}, not ${known}`);
  }
  const { medianNs } = await speedOf((turn) => refused(cases[turn % FACT_SETS] as BenchCase), rounds);
  const result = { engine, ours, loadMs, medianNs };
  measured.push(result);
  return result;
}

/** The gate's own index and rule tables, facts as they lie in memory. */
function own(set: readonly LoadedBundle[]) {
  const index = indexReleases(set.map((loaded) => ({ loaded, version: "v1.0", fromDay: null })));
  const codes = new Map(cases.map(({ facts }) => [facts, Uint8Array.from(facts, (one) => factCode(one as PartFacts))]));
  return ({ station, facts }: BenchCase): readonly string[] => {
    const refused: string[] = [];
    for (const { releases } of index.candidates(station, "final"))
      for (const { loaded } of releases)
        for (const row of loaded.rules.refused(codes.get(facts) as Uint8Array))
          refused.push((loaded.bundle.rules[row] as BundleRule).name);
    return refused;
  };
}

const ours = await measure("maint (index, bits of facts)", () => own(bundles), { ours: true, rounds: 15 });
const few = await speedOf(
  (
    (refused) => (turn: number) =>
      refused({ ...(cases[turn % FACT_SETS] as BenchCase), station: stationOf(0) })
  )(own(bundles.slice(0, 1))),
);

await measure("json-rules-engine, one for each station", () => {
  const engines = new Map(
    bundles.map(({ bundle }) => {
      const engine = new Engine();
      for (const rule of bundle.rules)
        engine.addRule({ name: rule.name, conditions: { all: [...rule.conditions.all] }, event: rule.event });
      return [bundle.scope.stationType ?? "", engine];
    }),
  );
  return async ({ station, facts }) => {
    const flat = rules.flatMap((rule, index) =>
      Object.entries(facts[index] as RuleFacts).map(([name, value]) => [`${rule.name}.${name}`, value]),
    );
    const { failureResults } = await (engines.get(station) as Engine).run(Object.fromEntries(flat));
    return failureResults.map(({ name }) => name);
  };
});

await measure(
  "json-rules-engine, all rules in one",
  () => {
    const engine = new Engine();
    for (const { bundle } of bundles)
      for (const rule of bundle.rules) {
        const name = `${bundle.scope.stationType} ${rule.name}`;
        const station = { fact: "station", operator: "equal", value: bundle.scope.stationType };
        engine.addRule({ name, conditions: { all: [station, ...rule.conditions.all] }, event: rule.event });
      }
    return async ({ station, facts }) => {
      const flat = rules.flatMap((rule, index) =>
        Object.entries(facts[index] as RuleFacts).map(([name, value]) => [`${rule.name}.${name}`, value]),
      );
      const { results } = await engine.run(Object.fromEntries([["station", station], ...flat]));
      const permitted = new Set(results.map(({ name }) => name));
      return rules.flatMap(({ name }) => (permitted.has(`${station} ${name}`) ? [] : [name]));
    };
  },
  { compared: 4, rounds: 1 },
);

const WORDS = { equal: "===", greaterThan: ">", greaterThanInclusive: ">=", lessThan: "<", lessThanInclusive: "<=" };
await measure("json-logic-engine, compiled", () => {
  const engine = new LogicEngine();
  const list = bundles.flatMap(({ bundle }) =>
    bundle.rules.map((rule) => ({
      name: rule.name,
      run: engine.build({
        and: [
          { "===": [{ var: "station" }, bundle.scope.stationType] },
          {
            "!": [
              {
                and: rule.conditions.all.map(({ fact, operator, value }) => ({
                  [WORDS[operator]]: [{ var: `facts.${rule.name}.${factIn(rule, fact)}` }, value],
                })),
              },
            ],
          },
        ],
      }) as (facts: object) => unknown,
    })),
  );
  const prepared = new Map(cases.map((one) => [one.facts, { station: one.station, facts: byName(one.facts) }]));
  return ({ facts }) => {
    const refused: string[] = [];
    for (const { name, run } of list) if (run(prepared.get(facts) as object) === true) refused.push(name);
    return refused;
  };
});

const SIGNS = { equal: "==", greaterThan: ">", greaterThanInclusive: ">=", lessThan: "<", lessThanInclusive: "<=" };

/** The rule's conditions as one expression; `root` stands before each fact. */
const expression = (rule: BundleRule, root: string, and: string): string =>
  rule.conditions.all
    .map(
      ({ fact, operator, value }) =>
        `${root}${rule.name}.${factIn(rule, fact)} ${SIGNS[operator]} ${JSON.stringify(value)}`,
    )
    .join(and);

const named = new Map(cases.map((one) => [one.facts, { station: one.station, facts: byName(one.facts) }]));

await measure("cel-js, parsed", () => {
  const environment = new Environment({ unlistedVariablesAreDyn: true });
  const list = bundles.flatMap(({ bundle }) =>
    bundle.rules.map((rule) => ({
      name: rule.name,
      run: environment.parse(`station == "${bundle.scope.stationType}" && !(${expression(rule, "facts.", " && ")})`),
    })),
  );
  return ({ facts }) => {
    const refused: string[] = [];
    for (const { name, run } of list)
      if (run(named.get(facts) as unknown as Record<string, unknown>) === true) refused.push(name);
    return refused;
  };
});

await measure("zen-engine, decision table", () => {
  const position = { x: 0, y: 0 };
  const rows = bundles.flatMap(({ bundle }) =>
    bundle.rules.map((rule) => ({
      ...{ _id: `${bundle.contract} ${rule.name}`, s: JSON.stringify(bundle.scope.stationType) },
      ...{ c: expression(rule, "facts.", " and "), o: JSON.stringify(rule.name) },
    })),
  );
  const table = {
    hitPolicy: "collect",
    inputs: [
      { id: "s", name: "station", field: "station" },
      { id: "c", name: "when" },
    ],
    outputs: [{ id: "o", name: "rule", field: "id" }],
    rules: rows,
  };
  const engine = new zen.ZenEngine();
  const decision = engine.createDecision(
    new zen.ZenDecisionContent({
      nodes: [
        { id: "i", type: "inputNode", name: "in", position },
        { id: "t", type: "decisionTableNode", name: "gate", position, content: table },
        { id: "o", type: "outputNode", name: "out", position },
      ],
      edges: [
        { id: "e1", sourceId: "i", targetId: "t", type: "edge" },
        { id: "e2", sourceId: "t", targetId: "o", type: "edge" },
      ],
    }),
  );
  return async ({ facts }) => {
    const { result } = await decision.evaluate(named.get(facts) as object);
    const permitted = new Set((Array.isArray(result) ? result : []).map(({ id }: { readonly id: string }) => id));
    return rules.flatMap(({ name }) => (permitted.has(name) ? [] : [name]));
  };
});

await measure("cedar-wasm, preparsed", () => {
  const staticPolicies = Object.fromEntries([
    ["allow", "permit(principal, action, resource);"],
    ...bundles.flatMap(({ bundle }) =>
      bundle.rules.map((rule) => [
        `${bundle.contract} ${rule.name}`,
        `forbid(principal, action, resource == Station::"${bundle.scope.stationType}") unless { ${expression(rule, "context.", " && ")} };`,
      ]),
    ),
  ]);
  const parsed = cedar.preparsePolicySet("bench-25000", { staticPolicies });
  if (parsed.type !== "success") throw new Error(JSON.stringify(parsed).slice(0, 300));
  // Cedar has no null: a sign that is not there is left out, and the state is asked first.
  const contexts = new Map(
    cases.map(({ facts }) => [
      facts,
      Object.fromEntries(
        rules.map((rule, index) => [
          rule.name,
          Object.fromEntries(Object.entries(facts[index] as RuleFacts).filter(([, value]) => value !== null)),
        ]),
      ),
    ]),
  );
  const who = { principal: { type: "Node", id: "n" }, action: { type: "Action", id: "start" } };
  return ({ station, facts }) => {
    const answer = cedar.statefulIsAuthorized({
      ...who,
      ...{ resource: { type: "Station", id: station }, preparsedPolicySetId: "bench-25000", entities: [] },
      context: contexts.get(facts) as never,
    });
    if (answer.type !== "success") throw new Error(JSON.stringify(answer).slice(0, 300));
    const { decision, diagnostics } = answer.response;
    return decision === "allow" ? [] : diagnostics.reason.map((id) => id.split(" ").at(-1) ?? id);
  };
});

const peers = measured.filter((one) => !one.ours);
const fastest = peers.reduce((a, b) => (a.medianNs < b.medianNs ? a : b));
const times = fastest.medianNs / ours.medianNs;
const slower = ours.medianNs / few.medianNs;

/** The whole verdict from evidence, with few and with many contracts loaded. */
const calendar = openPlantCalendar(zoneFromIntl("America/Chicago") as ZoneTransitions);
const snapshot = snapshotFromValues({ station: { type: stationOf(0) }, test: { kind: "final" } });
const nine = Date.parse("2026-11-23T09:00:00-06:00");
const growth: { readonly rules: number; readonly medianNs: number }[] = [];
for (const count of [1, 10, 100, 1_000]) {
  const releases = indexReleases(bundles.slice(0, count).map((loaded) => ({ loaded, version: "v1.0", fromDay: null })));
  const input = { releases, snapshot, now: nine, calendar, node: "n", assumeBinding: false };
  const { medianNs } = await speedOf(() => verdictFast(input), 7);
  growth.push({ rules: count * rules.length, medianNs });
}

const perSecond = (ns: number): string =>
  1e9 / ns < 100 ? (1e9 / ns).toFixed(2) : Math.round(1e9 / ns).toLocaleString("en-US");
report(
  "p2",
  [
    `P2  ${(CONTRACTS * rules.length).toLocaleString("en-US")} rules in ${CONTRACTS} contracts, ${rules.length} bind this test`,
    table([
      ["engine", "loading", "one evaluation", "per second"],
      ...measured.map(({ engine, loadMs, medianNs }) => [
        engine,
        `${Math.round(loadMs)} ms`,
        showNs(medianNs),
        perSecond(medianNs),
      ]),
    ]),
    `maint with ${rules.length} rules loaded: ${showNs(few.medianNs)}`,
    "",
    "verdict from evidence, by rules loaded",
    table([["rules", "one verdict"], ...growth.map((one) => [String(one.rules), showNs(one.medianNs)])]),
  ].join("\n"),
  { contracts: CONTRACTS, rulesPerContract: rules.length, engines: measured, oursWithFewNs: few.medianNs, growth },
  [
    {
      what: `at least ${TARGET} x the fastest peer (${fastest.engine})`,
      reached: times >= TARGET,
      measured: `${Math.round(times)} x`,
    },
    {
      what: "no slower than 2 x its own speed at 25 rules",
      reached: slower <= 2,
      measured: `${slower.toFixed(2)} x as long`,
    },
  ],
  {
    title: `${(CONTRACTS * rules.length).toLocaleString("en-US")} rules, ${rules.length} of them for this test`,
    text: "The same answer from all. More is better.",
    axis: "evaluations a second",
    bars: measured
      .toSorted((a, b) => a.medianNs - b.medianNs)
      .map((one) => ({
        name: one.engine,
        value: 1e9 / one.medianNs,
        label: `${perSecond(one.medianNs)}/s`,
        ours: one.ours,
      })),
    target: { value: (1e9 / fastest.medianNs) * TARGET, label: `target: ${TARGET} x the fastest peer` },
  },
);
