/** One case for the gate: contracts in versions, a snapshot, an instant. The same seed and index give the same case. */
import { isJsonArray, isJsonObject, type Json } from "../../src/base/strict-json.ts";
import { compile } from "../../src/compiler/index.ts";
import { type LoadedBundle, loadCompiledBundle } from "../../src/runtime/index.ts";
import { interpret } from "../reference/interpreter.ts";
import { assetOf, type ReadContract, readContract } from "../reference/interpreter-contract.ts";
import { HOUR, MINUTE, plantTime } from "../reference/interpreter-time.ts";
import { contractText } from "./gate-contracts.ts";
import { giveEvidence } from "./gate-evidence.ts";
import { below, chance, choose, type Random, randomOf } from "./gate-random.ts";
import type { Setting } from "./gate-setting.ts";
import {
  around,
  type Draft,
  dayText,
  digits,
  hardInstant,
  instantText,
  toJson,
  type Value,
  ZONES,
} from "./gate-values.ts";

export interface GateRelease {
  readonly text: string;
  readonly version: string | null;
  /** A plant day, null from ever. */
  readonly from: string | null;
}

/** What is decided, as texts and JSON only: what a failure prints. */
export interface GateCase {
  readonly releases: readonly GateRelease[];
  readonly snapshot: Json;
  readonly now: number;
  readonly zone: string;
  readonly assumeBinding: boolean;
}

/** A contract in both readings: compiled for the evaluators, as a tree for the interpreter. */
export interface Understood {
  readonly text: string;
  readonly loaded: LoadedBundle;
  readonly read: ReadContract;
}

/** Undefined where the compiler refuses the text. */
export function understand(text: string): Understood | undefined {
  const [contract] = compile([{ name: "made.maint", text }]).contracts;
  if (contract === undefined) return undefined;
  const loaded = loadCompiledBundle(contract.bundle);
  if (!loaded.ok) throw new Error(`compiled, but not let in: ${loaded.error.place} ${loaded.error.message}\n${text}`);
  return { text, loaded: loaded.value, read: readContract(text) };
}

/** As many snapshots and instants are made for one set of contracts. */
export const CASES_PER_SET = 50;
const MOST_TRIES = 40;

function soundContract(next: Random, id: string): Understood {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const understood = understand(contractText(next, id));
    if (understood !== undefined) return understood;
  }
  throw new Error(`no sound contract in ${MOST_TRIES} tries`);
}

export interface ContractSet {
  readonly contracts: readonly Understood[];
  /** A version of the first contract beside the first. */
  readonly second: Understood | null;
  readonly zone: string;
}

const sets = new Map<string, ContractSet>();

export function contractSet(seed: number, index: number): ContractSet {
  const group = Math.floor(index / CASES_PER_SET);
  const key = `${seed}/${group}`;
  const before = sets.get(key);
  if (before !== undefined) return before;
  const next = randomOf(seed ^ 0x5bd1e995, group);
  const ids = choose(next, [["GATE-A"], ["GATE-A"], ["GATE-A"], ["GATE-A", "GATE-B"], ["GATE-A", "GATE-B", "GATE-C"]]);
  const made: ContractSet = {
    contracts: ids.map((id) => soundContract(next, id)),
    second: chance(next, 0.25) ? soundContract(next, "GATE-A") : null,
    zone: ZONES[group % ZONES.length] as string,
  };
  if (sets.size > 8) sets.clear();
  sets.set(key, made);
  return made;
}

export interface MadeCase extends GateCase {
  readonly understood: readonly Understood[];
}

export function gateCase(seed: number, index: number): MadeCase {
  const set = contractSet(seed, index);
  const next = randomOf(seed, index);
  const plant = plantTime(set.zone);
  const now = hardInstant(next, set.zone, plant);
  const releases = releasesOf(next, set, plant.dayOf(now));
  const understood = [...set.contracts, ...(set.second === null ? [] : [set.second])];
  const made = { releases, now, zone: set.zone, assumeBinding: chance(next, 0.7), understood };
  const draft = snapshotOf(next, made);
  const plain = toJson(draft);
  const isOverridden = chance(next, 0.35);
  const snapshot = isOverridden
    ? toJson({ ...draft, overrides: overridesFor(next, { ...made, snapshot: plain }) })
    : plain;
  return { ...made, snapshot: chance(next, 0.12) ? disturbed(next, snapshot) : snapshot };
}

function releasesOf(next: Random, { contracts, second }: ContractSet, today: number): GateRelease[] {
  const [first] = contracts;
  const dated = (text: string, version: string, offset: number): GateRelease => ({
    text,
    version,
    from: dayText(today + offset),
  });
  const releases = contracts.map(
    ({ text }): GateRelease =>
      chance(next, 0.85) ? { text, version: null, from: null } : dated(text, "v1.0", choose(next, [0, -1, 1, -30])),
  );
  if (second === null || first === undefined) return releases;
  const version = choose(next, ["v1.1", "v1.10", "v1.9", "v0.9"]);
  return [
    dated(first.text, "v1.2", choose(next, [0, -1, -30])),
    ...releases.slice(1),
    dated(second.text, version, choose(next, [0, 0, 1, -1, -30])),
  ];
}

type Bare = Omit<MadeCase, "snapshot">;

function snapshotOf(next: Random, { understood, now, zone }: Bare): Draft {
  const plant = plantTime(zone);
  const equipment: { [asset: string]: Draft } = {};
  const lots: Draft = {};
  const roles: Draft = {};
  if (chance(next, 0.85)) Object.assign(roles, { bench: "MB-1", oil: "OIL-3" });
  if (chance(next, 0.1)) Object.assign(roles, { meter: "M-2", dye: "DYE-8" });
  const item = (asset: string): Draft => {
    equipment[asset] ??= {
      serial: "SN-1",
      status: "in-service",
      attributes: chance(next, 0.5) ? ["battery-powered"] : [],
      events: [],
    };
    return equipment[asset];
  };
  const acks: Value[] = [];
  const readings: Draft = {};
  const edges = choose(next, [0, 0, 0.05, 0.1, 0.2, 0.4]);
  const registered = toJson({ station: { roles } });
  for (const { read } of understood) {
    const asset = (role: string): string => assetOf(read, role, registered as ReadonlyMap<string, Json>);
    const setting: Setting = { next, contract: read, now, plant, edges, asset, item, readings, lots, acks };
    for (const member of read.members) if (member.kind === "equipment") item(asset(member.name.text));
    for (const { clauses } of read.conditions) for (const clause of clauses) giveEvidence(setting, clause);
  }
  if (chance(next, edges / 6)) delete equipment[choose(next, Object.keys(equipment).concat("none"))];
  return {
    plantZone: zone,
    shifts: choose<Value>(next, [
      ["06:00", "14:00", "22:00"],
      ["06:00", "14:00", "22:00"],
      ["22:00", "06:00", "14:00"],
      ["02:30"],
      ["00:00", "12:00"],
      [],
      ["25:00"],
    ]),
    station: { id: "LP-1", roles, ...stationWords(next) },
    test: testWords(next, now),
    ...(chance(next, 0.1) ? { clock: clockWords(next, now) } : {}),
    ...(chance(next, 0.25) ? { orders: ordersOf(next, understood) } : {}),
    ...{ equipment, readings, acks, lots },
  };
}

const stationWords = (next: Random): Draft => ({
  ...(chance(next, 0.7) ? { type: choose(next, ["penetrant", "penetrant", "penetrant", "magnetic"]) } : {}),
  ...(chance(next, 0.1) ? { orderRequired: true } : {}),
});

function testWords(next: Random, now: number): Draft {
  return {
    ...(chance(next, 0.9) ? { operator: choose(next, ["STF-1", "STF-1", "STF-1", "STF-2"]) } : {}),
    ...(chance(next, 0.4) ? { kind: choose(next, ["fluorescent-inspection", "tensile"]) } : {}),
    ...(chance(next, 0.5) ? { clientPO: choose(next, ["PO-1", "PO-1", "PO-2"]) } : {}),
    ...(chance(next, 0.1)
      ? { startedAt: instantText(next, around(next, now - choose(next, [0, 0, 12, 24]) * HOUR)) }
      : {}),
    planned: choose<Draft>(next, [
      {},
      { hours: digits("0.25"), cycles: digits("5") },
      { hours: digits("250"), cycles: digits("2500") },
      { hours: digits("-1"), cycles: "5" },
      { hours: digits("0"), cycles: digits("0") },
    ]),
  };
}

const clockWords = (next: Random, now: number): Draft => ({
  highWater: instantText(next, now + choose(next, [5000, 5000, 5001, 0, -1000, 4999, -1, 1])),
  monotonicNow: instantText(next, now + choose(next, [0, 120_000, 120_001, -120_000, -120_001])),
});

function ordersOf(next: Random, understood: readonly Understood[]): Value {
  const names = ["condition-1", "condition-2", "condition-9"];
  const test = (): Value => ({
    name: choose(next, ["fluorescent-inspection", "tensile"]),
    maintenance: choose(next, [...understood.map(({ read }) => read.id), "GATE-Z"]),
    ...(chance(next, 0.6) ? { maintenance_conditions: names.slice(0, below(next, 3)) } : {}),
  });
  return Array.from({ length: choose(next, [0, 1, 1, 1, 1, 2]) }, () => ({
    id: choose(next, ["PO-1", "PO-1", "PO-2"]),
    revision: choose<Value>(next, [digits("1"), digits("2"), null]),
    state: choose(next, ["open", "open", "open", "closed"]),
    tests: Array.from({ length: below(next, 3) }, test),
  }));
}

/** Overrides for reasons that occur, with every way to fail; now and then for one that does not. */
function overridesFor(next: Random, made: MadeCase): Value {
  const { reasons } = interpret(questionOf(made));
  const { now } = made;
  return [...reasons, "reading.stale:nothing"].flatMap((code, index) => {
    const [rule = "", ...subject] = code.split(":");
    const isForeseen = made.releases.some(({ text }) => text.includes(` may override ${rule} for `));
    if (!chance(next, isForeseen ? 0.95 : 0.2)) return [];
    const grantedAt = now - choose(next, [0, MINUTE, MINUTE, -5000, -5001]);
    const cap = choose(next, [30, 60, 480]) * MINUTE;
    const expiresAt = choose(next, [
      grantedAt + cap,
      grantedAt + cap,
      grantedAt + 30 * MINUTE,
      grantedAt + cap + 1,
      now,
      now + 1,
    ]);
    const people = choose(next, [
      ["P-1", "P-2", "P-3"],
      ["P-1", "P-2", "P-3"],
      ["P-1", "P-1", "P-2"],
      ["STF-1", "P-2", "P-3"],
      ["P-1"],
      [],
    ]);
    const signed = ["QA", "supervisor", "plant-manager"];
    const approvals = people.map((by, place) => ({ by, role: signed[place] ?? "QA" }));
    const record = {
      id: `O-${index}`,
      rule,
      subject: subject.join(":"),
      reason: "late",
      approvals,
      grantedAt: instantText(next, grantedAt),
      expiresAt: instantText(next, expiresAt),
    };
    return chance(next, 0.1) ? [{ ...record, id: `O-${index}-b`, approvals: [] }, record] : [record];
  });
}

const ODD: readonly Value[] = [
  null,
  true,
  "",
  "UNAVAILABLE",
  "1200",
  digits("-1"),
  digits("0"),
  digits("1e400"),
  { $number: "NaN" },
  [],
  {},
  "2026-11-23",
  "9999-12-31",
  "2026-11-24T09:00:00-06:00",
];

/** One or two members anywhere replaced or dropped; the zone stays, for nothing is decided without. */
function disturbed(next: Random, json: Json): Json {
  let left = 1 + below(next, 2);
  const visit = (value: Json, depth: number): Json => {
    if (left > 0 && depth > 0 && chance(next, 0.04)) {
      left -= 1;
      return toJson(choose(next, ODD));
    }
    if (isJsonArray(value)) return value.map((one) => visit(one, depth + 1));
    if (!isJsonObject(value)) return value;
    const kept = [...value].filter(([key]) => key === "plantZone" || left === 0 || !chance(next, 0.02));
    return new Map(kept.map(([key, one]) => [key, key === "plantZone" ? one : visit(one, depth + 1)]));
  };
  return visit(json, 0);
}

/** The case as the test interpreter is asked it. */
export function questionOf({ releases, understood, snapshot, now, zone, assumeBinding }: MadeCase) {
  const read = (text: string): ReadContract => {
    const found = understood.find((one) => one.text === text);
    if (found === undefined) throw new Error("a case holds the contracts it names");
    return found.read;
  };
  return {
    releases: releases.map(({ text, version, from }) => ({ contract: read(text), version, from })),
    ...{ snapshot, now, zone, assumeBinding },
  };
}
