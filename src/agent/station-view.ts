import { DAY_MS, printUtc, printWithOffset } from "../base/civil-time.ts";
import type { Bundle, BundleClause, BundleEquipment, Limit } from "../model/bundle.ts";
import type { EvidenceRecord, ReadingEvidence } from "../model/evidence.ts";
import type { ContractId, Digest, Version } from "../model/ids.ts";
import { openPlantCalendar } from "../model/plant-calendar.ts";
import { allUnits, findUnit } from "../model/units.ts";
import { type Caveat, caveatsOf, type HubContact } from "./caveats.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import type { Caller, Scope } from "./local-access.ts";
import type { ReleaseSet } from "./release-set.ts";
import type { TestRuns } from "./test-runs.ts";

/** GET /v1/station: what a person at this station may name, and what was recorded last. It decides nothing. */
export interface StationView {
  readonly node: string;
  /** Plant time with its offset; UTC where the node was never told a zone. */
  readonly now: string;
  readonly zone: string | null;
  readonly timeSource: "wall" | "attested";
  /** Empty where the hub answers, vouches for the contracts and signed the time. */
  readonly caveats: readonly Caveat[];
  readonly station: { readonly id: string; readonly type: string; readonly orderRequired: boolean } | null;
  readonly you: {
    readonly id: string;
    readonly person: boolean;
    readonly roles: readonly string[];
    readonly scopes: readonly Scope[];
  };
  readonly contracts: readonly {
    readonly contract: ContractId;
    readonly title: string;
    readonly version: Version;
    readonly digest: Digest;
    readonly mode: "enforce" | "shadow";
    readonly conditions: readonly { readonly name: string; readonly testKind: string | null }[];
  }[];
  /** Kinds of test that some condition names; a test of another kind is one that none of them is for. */
  readonly kinds: readonly string[];
  /** Open ones. */
  readonly orders: readonly { readonly id: string; readonly revision: number }[];
  /** What the plan of a test should name: `hours`, `cycles`. */
  readonly planned: readonly string[];
  readonly equipment: readonly StationAsset[];
  /** Those that are read; the computed ones stand in `computed`. */
  readonly quantities: readonly StationQuantity[];
  readonly computed: readonly { readonly name: string; readonly from: readonly [string, string] }[];
  readonly steps: readonly { readonly step: string; readonly who: string }[];
  /** Who acknowledged what this plant day, newest first. */
  readonly acknowledged: readonly { readonly step: string; readonly by: string; readonly at: string }[];
  readonly checkLists: readonly {
    readonly asset: string;
    readonly condition: string;
    readonly items: readonly string[];
  }[];
  /** Assets that are checked before and after each use. */
  readonly useChecks: readonly string[];
  readonly materials: readonly string[];
  /** The latest reading of each quantity that has one. */
  readonly latest: readonly LatestReading[];
  readonly running: readonly RunningTest[];
}

export interface StationAsset {
  readonly asset: string;
  /** What it is called in the contracts and in the register. */
  readonly roles: readonly string[];
  readonly type: string | null;
  readonly serial: string | null;
  /** Kinds of clause that speak of it, and the counters they want. */
  readonly asks: readonly string[];
  /** Events that count against it. */
  readonly events: readonly string[];
}

export interface StationQuantity {
  readonly name: string;
  readonly unit: string;
  /** Every unit of its kind, its own first. */
  readonly units: readonly string[];
  /** `at least 1000 uW/cm2`, one for each clause about it. */
  readonly limits: readonly string[];
  /** Assets a contract wants it read with; empty where any will do. */
  readonly instruments: readonly string[];
  /** A contract asks how long it had settled. */
  readonly settles: boolean;
}

export interface LatestReading {
  readonly id: string;
  readonly quantity: string;
  readonly value: string;
  readonly unit: string;
  readonly takenWith: string | null;
  readonly takenAt: string;
  readonly by: string;
}

export interface RunningTest {
  readonly test: string;
  readonly startedAt: string;
  readonly kind: string | null;
  readonly order: string | null;
}

export interface StationSources {
  readonly node: string;
  /** The verified set, null where there is none. */
  readonly set: ReleaseSet | null;
  readonly now: { readonly nowMs: number; readonly source: "wall" | "attested" };
  readonly hub: HubContact;
  readonly store: EvidenceStore;
  readonly runs: TestRuns;
}

/** Reads the set and the evidence; writes nothing. */
export function stationView({ node, set, now, hub, store, runs }: StationSources, caller: Caller): StationView {
  const time = plantTime(set, now.nowMs);
  const clauses = clausesOf(set);
  const quantities = quantitiesOf(set, clauses);
  return {
    ...{ node, now: time.print(now.nowMs), zone: time.zone, timeSource: now.source, ...placeOf(set) },
    caveats: caveatsOf({ set, now, hub, print: (atMs) => inSentence(time, atMs) }),
    you: { id: caller.id, person: caller.person, roles: caller.roles, scopes: [...caller.scopes].sort() },
    kinds: sorted(bundlesOf(set).flatMap((bundle) => bundle.conditions.flatMap(({ testKind }) => testKind ?? []))),
    planned: sorted(of(clauses, "use").flatMap(({ clause }) => (clause.enoughLeft ? clause.counter : []))),
    equipment: equipmentOf(set, clauses),
    quantities,
    computed: bundlesOf(set).flatMap((bundle) =>
      bundle.quantities.flatMap(({ name, difference }) =>
        difference === null ? [] : { name, from: [difference.left, difference.right] as const },
      ),
    ),
    ...listsOf(clauses),
    acknowledged: acknowledgedSince(time.dayStartMs, clauses, store, time.print),
    latest: quantities.flatMap(({ name }) => {
      const [latest] = store.latest("reading", name, 1);
      return latest === undefined ? [] : [readingOf(latest, time.print)];
    }),
    running: runs.running().map(({ test, startedAtMs, kind, order }) => ({
      ...{ test, kind, order, startedAt: time.print(startedAtMs) },
    })),
  };
}

/** Day and minute, as the page shows times elsewhere. */
const inSentence = ({ zone, print }: PlantTime, atMs: number): string =>
  `${print(atMs).slice(0, 16).replace("T", " ")}${zone === null ? " UTC" : ""}`;

function placeOf(set: ReleaseSet | null): Pick<StationView, "station" | "contracts" | "orders" | "materials"> {
  const place = set?.register?.station;
  const orders = (set?.orders?.orders ?? []).filter(({ state }) => state === "open");
  return {
    station: place === undefined ? null : { id: place.id, type: place.type, orderRequired: place.orderRequired },
    contracts: (set?.contracts ?? []).map(({ contract, version, digest, mode, bundle }) => ({
      ...{ contract, title: bundle.title, version, digest, mode },
      conditions: bundle.conditions.map(({ name, testKind }) => ({ name, testKind })),
    })),
    orders: orders.map(({ id, revision }) => ({ id, revision })),
    materials: sorted(bundlesOf(set).flatMap(({ materials }) => materials.map(({ name, lot }) => lot ?? name))),
  };
}

const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

const bundlesOf = (set: ReleaseSet | null): readonly Bundle[] => set?.contracts.map(({ bundle }) => bundle) ?? [];

interface PlantTime {
  readonly zone: string | null;
  /** Of the plant day it is now; of the last 24 hours where the zone is not known. */
  readonly dayStartMs: number;
  readonly print: (atMs: number) => string;
}

function plantTime(set: ReleaseSet | null, nowMs: number): PlantTime {
  const calendar = set === null || set.zone === null ? null : openPlantCalendar(set.zone);
  if (calendar === null || !calendar.covers(nowMs))
    return { zone: null, dayStartMs: nowMs - DAY_MS, print: (atMs) => printUtc(Math.trunc(atMs)) };
  return {
    zone: calendar.zone,
    dayStartMs: calendar.startOfDay(calendar.dayOf(nowMs)),
    print: (atMs) => printWithOffset(Math.trunc(atMs), calendar.offsetAt(atMs)),
  };
}

/** A clause with the asset that it speaks of at this station; null where it speaks of none. */
interface PlacedClause<C extends BundleClause = BundleClause> {
  readonly clause: C;
  readonly asset: string | null;
  readonly readWith: string | null;
}

function clausesOf(set: ReleaseSet | null): readonly PlacedClause[] {
  return bundlesOf(set).flatMap((bundle) => {
    const asset = (name: string | null): string | null => {
      const item = bundle.equipment.find((one) => one.name === name);
      return item === undefined ? null : assetHere(item, set);
    };
    return bundle.clauses.map((clause) => ({
      clause,
      asset: "equipment" in clause ? asset(clause.equipment) : null,
      readWith: clause.kind === "reading" ? asset(clause.readWith) : null,
    }));
  });
}

function assetHere({ name, asset }: BundleEquipment, set: ReleaseSet | null): string | null {
  const roles = set?.register?.roles ?? {};
  return (Object.hasOwn(roles, name) ? roles[name] : undefined) ?? asset;
}

const of = <K extends BundleClause["kind"]>(
  clauses: readonly PlacedClause[],
  kind: K,
): readonly PlacedClause<Extract<BundleClause, { readonly kind: K }>>[] => {
  const isOf = (placed: PlacedClause): placed is PlacedClause<Extract<BundleClause, { readonly kind: K }>> =>
    placed.clause.kind === kind;
  return clauses.filter(isOf);
};

function equipmentOf(set: ReleaseSet | null, clauses: readonly PlacedClause[]): readonly StationAsset[] {
  const found = new Map<string, { roles: Set<string>; type: string | null; serial: string | null }>();
  const entry = (asset: string, type: string | null, serial: string | null = null) => {
    const known = found.get(asset) ?? { roles: new Set<string>(), type, serial };
    found.set(asset, known);
    return known;
  };
  for (const { id, type, serial } of set?.register?.assets ?? []) entry(id, type, serial);
  for (const [role, asset] of Object.entries(set?.register?.roles ?? {})) entry(asset, null).roles.add(role);
  for (const bundle of bundlesOf(set))
    for (const item of bundle.equipment) {
      const asset = assetHere(item, set);
      if (asset !== null) entry(asset, item.type).roles.add(item.name);
    }
  return [...found]
    .map(([asset, { roles, type, serial }]) => {
      const about = clauses.filter((placed) => placed.asset === asset).map(({ clause }) => clause);
      const events = sorted(about.flatMap((clause) => (clause.kind === "events" ? clause.events : [])));
      return { asset, roles: [...roles].sort(), type, serial, asks: sorted(about.flatMap(asksOf)), events };
    })
    .sort((a, b) => (a.asset < b.asset ? -1 : 1));
}

function asksOf(clause: BundleClause): readonly string[] {
  if (clause.kind === "use") return [clause.kind, clause.counter];
  return clause.kind === "calibration" && clause.cycles !== null ? [clause.kind, "cycles"] : [clause.kind];
}

function quantitiesOf(set: ReleaseSet | null, clauses: readonly PlacedClause[]): readonly StationQuantity[] {
  const units = new Map<string, string>();
  for (const bundle of bundlesOf(set))
    for (const { name, unit, difference } of bundle.quantities) if (difference === null) units.set(name, unit);
  const readings = of(clauses, "reading");
  return [...units].map(([name, unit]) => {
    const about = readings.filter(({ clause }) => clause.quantity === name);
    const kind = findUnit(unit)?.kind;
    const alike = allUnits.filter((one) => one.kind === kind).map(({ symbol }) => symbol);
    const asked = about.flatMap(({ clause }) => findUnit(clause.limit.unit)?.symbol ?? []);
    return {
      ...{ name, unit, units: [...new Set([unit, ...asked, ...alike])] },
      limits: [...new Set(about.map(({ clause }) => limitText(clause.limit)))],
      instruments: sorted(about.flatMap(({ readWith }) => readWith ?? [])),
      settles: about.some(({ clause }) => clause.settledMs !== null),
    };
  });
}

function limitText({ low, high, unit }: Limit): string {
  if (low !== null && high !== null) return `between ${low.value} and ${high.value} ${unit}`;
  if (low !== null) return `${low.inclusive ? "at least" : "more than"} ${low.value} ${unit}`;
  return `${high?.inclusive === true ? "at most" : "less than"} ${high?.value ?? ""} ${unit}`;
}

function listsOf(clauses: readonly PlacedClause[]): Pick<StationView, "steps" | "checkLists" | "useChecks"> {
  const steps = new Map(of(clauses, "acknowledgement").map(({ clause }) => [clause.step, whoOf(clause.who)]));
  return {
    steps: [...steps].map(([step, who]) => ({ step, who })),
    checkLists: of(clauses, "check-list").flatMap(({ asset, clause: { condition, items } }) =>
      asset === null ? [] : { asset, condition, items },
    ),
    useChecks: sorted(of(clauses, "before-and-after-use").flatMap(({ asset }) => asset ?? [])),
  };
}

const whoOf = (who: Extract<BundleClause, { readonly kind: "acknowledgement" }>["who"]): string =>
  who.kind === "operator" ? "the operator" : who.kind === "role" ? who.role : `${who.count} people`;

const ACKNOWLEDGEMENTS_SHOWN = 5;

function acknowledgedSince(
  sinceMs: number,
  clauses: readonly PlacedClause[],
  store: EvidenceStore,
  print: PlantTime["print"],
): StationView["acknowledged"] {
  const steps = new Set(of(clauses, "acknowledgement").map(({ clause }) => clause.step));
  return [...steps]
    .flatMap((step) => store.latest("acknowledgement", step, ACKNOWLEDGEMENTS_SHOWN))
    .filter(({ takenAtMs }) => takenAtMs >= sinceMs)
    .sort((a, b) => b.takenAtMs - a.takenAtMs)
    .map(({ subject, by, takenAtMs }) => ({ step: subject, by, at: print(takenAtMs) }));
}

function readingOf({ id, subject, takenAtMs, by, body }: EvidenceRecord, print: PlantTime["print"]): LatestReading {
  const { value, unit, takenWith = null } = body as ReadingEvidence;
  return { id, quantity: subject, value, unit, takenWith, takenAt: print(takenAtMs), by };
}
