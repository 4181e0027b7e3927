/**
 * Judges mutants in this process, one after the other: each gets its own copy of the runtime's modules, in which one file is
 * changed, and answers cases whose right answers the independent interpreter gave. Started by mutate.ts over IPC.
 */
import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { inputOf, releasesOf, scenarios } from "../conformance/rules.ts";
import { bundles, vectors } from "../conformance/vectors.ts";
import { gateCase, questionOf } from "../fuzz/gate-case.ts";
import { interpret } from "../reference/interpreter.ts";
import { readDay } from "../reference/interpreter-time.ts";
import { root } from "../tidy/source-files.ts";
import { type Mutant, mutated } from "./mutants.ts";

/** Asked by the parent: judge this. */
export interface MutantOrder {
  readonly id: number;
  readonly mutant: Mutant;
}

/** `killed` is by what; null survived. */
export interface MutantVerdict {
  readonly id: number;
  readonly killed: string | null;
}

type Runtime = typeof import("../../src/runtime/index.ts");
type Answer = { readonly allow: boolean; readonly reasons: readonly string[]; readonly warnings: readonly string[] };

const OURS = ["src/runtime/", "src/model/", "src/base/"].map((folder) => pathToFileURL(join(root, folder)).href);
const QUERY = /\?mutant=(\d+)$/;
const SEED = 4;
const CASES = Number(process.argv[2] ?? 5_000);

const orders = new Map<string, Mutant>();
const stripped = new Map<string, string>();

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const [query, id] = QUERY.exec(context.parentURL ?? "") ?? [];
    const isOurs = id !== undefined && OURS.some((folder) => found.url.startsWith(folder));
    return isOurs && !QUERY.test(found.url) ? { ...found, url: `${found.url}${query}` } : found;
  },
  load(url, context, next) {
    const [query, id] = QUERY.exec(url) ?? [];
    if (query === undefined || id === undefined) return next(url, context);
    const path = fileURLToPath(url.slice(0, -query.length));
    const mutant = orders.get(id);
    const isChanged = mutant !== undefined && join(root, mutant.path) === path;
    const source = isChanged ? stripTypeScriptTypes(mutated(readFileSync(path, "utf8"), mutant)) : unchanged(path);
    return { format: "module", source, shortCircuit: true };
  },
});

function unchanged(path: string): string {
  const known = stripped.get(path) ?? stripTypeScriptTypes(readFileSync(path, "utf8"));
  stripped.set(path, known);
  return known;
}

interface Prepared {
  readonly name: string;
  readonly releases: readonly {
    readonly text: string;
    readonly version: string | null;
    readonly fromDay: number | null;
  }[];
  readonly snapshot: ReturnType<typeof gateCase>["snapshot"];
  readonly now: number;
  readonly zone: string;
  readonly assumeBinding: boolean;
  readonly expected: Answer;
}

/** Bundles as they travel, once a text: a mutant's own guard lets them in. */
const bundleTexts = new Map<unknown, string>();
const textOf = (bundle: object): string => {
  const text = bundleTexts.get(bundle) ?? canonicalJson(bundle);
  bundleTexts.set(bundle, text);
  return text;
};

const fromVectors: readonly Prepared[] = vectors.map(({ name, contract, facts, at, reasons, warnings }) => ({
  name,
  releases: [{ text: textOf(bundles.get(contract)?.bundle ?? {}), version: null, fromDay: null }],
  snapshot: facts,
  ...{ now: Date.parse(at), zone: "America/Chicago", assumeBinding: true },
  expected: { allow: reasons.length === 0, reasons: [...reasons].sort(), warnings: [...warnings].sort() },
}));

const fromRules: readonly Prepared[] = scenarios.map((scenario) => ({
  name: scenario.name,
  releases: releasesOf(scenario).map(({ loaded, version, fromDay }) => ({
    text: textOf(loaded.bundle),
    ...{ version, fromDay },
  })),
  ...{ snapshot: scenario.facts, now: inputOf(scenario).now, zone: scenario.zone, assumeBinding: true },
  expected: scenario.expected,
}));

const fromChance: readonly Prepared[] = Array.from({ length: CASES }, (_, index) => {
  const made = gateCase(SEED, index);
  const { allow, reasons, warnings } = interpret(questionOf(made));
  return {
    name: `case ${index} of seed ${SEED}`,
    releases: made.releases.map(({ text, version, from }) => ({
      text: textOf(made.understood.find((one) => one.text === text)?.loaded.bundle ?? {}),
      ...{ version, fromDay: from === null ? null : (readDay(from) ?? null) },
    })),
    ...{ snapshot: made.snapshot, now: made.now, zone: made.zone, assumeBinding: made.assumeBinding },
    expected: { allow, reasons, warnings },
  };
});

const cases = [...fromVectors, ...fromRules, ...fromChance];

/** The first case that this runtime decides otherwise; null where there is none. */
function firstDifference(runtime: Runtime): string | null {
  const calendars = new Map<string, ReturnType<Runtime["openPlantCalendar"]>>();
  const loaded = new Map<string, ReturnType<Runtime["loadBundle"]>>();
  for (const { name, releases, snapshot, now, zone, assumeBinding, expected } of cases) {
    const calendar = calendars.get(zone) ?? runtime.openPlantCalendar(zoneFromIntl(zone) as never);
    calendars.set(zone, calendar);
    const listed = releases.map(({ text, version, fromDay }) => {
      const bundle = loaded.get(text) ?? runtime.loadBundle(text);
      loaded.set(text, bundle);
      if (!bundle.ok) throw new Error(`refused at ${bundle.error.place}: ${bundle.error.message}`);
      return { loaded: bundle.value, version, fromDay };
    });
    const { allow, reasons, warnings } = runtime.decideFast({
      ...{ releases: runtime.indexReleases(listed), snapshot: runtime.parseSnapshot(snapshot) },
      ...{ now, calendar, node: null, assumeBinding },
    });
    const same = allow === expected.allow && `${reasons}|${warnings}` === `${expected.reasons}|${expected.warnings}`;
    if (!same) return `${name}: ${reasons}|${warnings} instead of ${expected.reasons}|${expected.warnings}`;
  }
  return null;
}

async function judge(id: number): Promise<string | null> {
  try {
    const url = pathToFileURL(join(root, "src/runtime/index.ts")).href;
    const runtime = (await import(`${url}?mutant=${id}`)) as Runtime;
    return firstDifference(runtime);
  } catch (error) {
    return `it throws: ${error instanceof Error ? error.message : error}`;
  }
}

process.on("message", ({ id, mutant }: MutantOrder) => {
  if (mutant.start >= 0) orders.set(String(id), mutant);
  judge(id).then((killed) => process.send?.({ id, killed } satisfies MutantVerdict));
});
process.on("disconnect", () => process.exit());
process.send?.({ id: -1, killed: null } satisfies MutantVerdict);
