import { compare, ZERO } from "../base/rational.ts";
import { type ContractId, compareVersions, isVersion, type Version } from "../model/ids.ts";
import { MAX_REMEMBERED_SELECTIONS } from "../model/limits.ts";
import type { PlantCalendar } from "../model/plant-calendar.ts";
import type { Snapshot, SnapshotOrder } from "../model/snapshot.ts";
import { type Finding, finding } from "./facts/part.ts";
import type { LoadedBundle } from "./program.ts";

/** A stored version of a contract, or a contract file that is no release (`version` null). */
export interface Release {
  readonly loaded: LoadedBundle;
  readonly version: Version | null;
  /** Plant day from whose midnight it is in force; null is always. */
  readonly fromDay: number | null;
  /** When it was activated here, epoch ms: it is not in force before. Absent: from ever. */
  readonly activeFromMs?: number;
  /** When its contract was taken away from here: a test that was running then keeps it. Absent: still here. */
  readonly activeUntilMs?: number;
  /** What its signers want of a node without signed time; absent: accept. Source: distribution.md "Time". */
  readonly offline?: "accept" | "strict";
}

/** A release that binds this test, with the conditions that are to be judged. */
export interface Binding {
  readonly release: Release;
  readonly conditions: readonly string[];
}

export interface Selection {
  readonly bindings: readonly Binding[];
  /** Reasons that no clause gives: `contract.*`, `order.*`. */
  readonly findings: readonly Finding[];
}

/** A set of releases, indexed once for all the decisions to come; a decision looks only at contracts that can bind its test. */
export interface ReleaseIndex {
  readonly size: number;
  /** In the order in which the contracts were given. */
  readonly candidates: (stationType: string | undefined, kind: string | undefined) => readonly Contract[];
  readonly contract: (id: ContractId) => Contract | undefined;
}

/** One contract with all its releases that are at hand. */
interface Contract {
  readonly id: ContractId;
  readonly place: number;
  readonly releases: readonly Release[];
}

export interface SelectionInput {
  readonly releases: ReleaseIndex;
  readonly snapshot: Snapshot;
  readonly now: number;
  readonly calendar: PlantCalendar;
  /** `maint eval`: a contract for one order binds a test of which no order is known. */
  readonly assumeBinding: boolean;
}

/** A contract for every station, or a condition for every kind of test. No name of either is empty. */
const EVERY = "";

export function indexReleases(releases: readonly Release[]): ReleaseIndex {
  const byId = new Map<ContractId, Release[]>();
  for (const release of releases) {
    const id = release.loaded.bundle.contract;
    const known = byId.get(id);
    if (known === undefined) byId.set(id, [release]);
    else known.push(release);
  }
  const contracts = new Map<ContractId, Contract>();
  const byStationAndKind = new Map<string, Map<string, Contract[]>>();
  for (const [id, list] of byId) {
    const contract: Contract = { id, place: contracts.size, releases: list };
    contracts.set(id, contract);
    for (const { loaded } of list) {
      const station = loaded.bundle.scope.stationType ?? EVERY;
      const byKind = byStationAndKind.get(station) ?? new Map<string, Contract[]>();
      byStationAndKind.set(station, byKind);
      for (const kind of new Set([...loaded.kindOf.values()].map((word) => word ?? EVERY))) {
        const listed = byKind.get(kind);
        if (listed === undefined) byKind.set(kind, [contract]);
        else if (listed.at(-1) !== contract) listed.push(contract);
      }
    }
  }
  const all = [...contracts.values()];
  const known = new Map<string, Map<string, readonly Contract[]>>();
  let remembered = 0;
  return {
    size: releases.length,
    contract: (id) => contracts.get(id),
    candidates: (stationType, kind) => {
      // What the snapshot does not say keeps no contract out.
      if (stationType === undefined || kind === undefined)
        return stationType === undefined ? all : ofStation(byStationAndKind, stationType);
      const before = known.get(stationType)?.get(kind);
      if (before !== undefined) return before;
      const found = merge(
        [stationType, EVERY].flatMap((station) => {
          const byKind = byStationAndKind.get(station);
          return [byKind?.get(kind) ?? [], byKind?.get(EVERY) ?? []];
        }),
      );
      // Names come from the caller: a flood of them must not fill the memory.
      if (remembered >= MAX_REMEMBERED_SELECTIONS) return found;
      remembered += 1;
      known.set(stationType, (known.get(stationType) ?? new Map()).set(kind, found));
      return found;
    },
  };
}

const ofStation = (index: ReadonlyMap<string, ReadonlyMap<string, Contract[]>>, type: string): readonly Contract[] =>
  merge([type, EVERY].flatMap((station) => [...(index.get(station)?.values() ?? [])]));

const merge = (lists: readonly (readonly Contract[])[]): readonly Contract[] =>
  [...new Set(lists.flat())].sort((a, b) => a.place - b.place);

/** Which contracts bind this station, test and order, each in the version in force. Source: decisions.md B16, B21. */
export function selectContracts(input: SelectionInput): Selection {
  const { snapshot, releases: index } = input;
  const { order, findings: orderFindings } = judgeOrder(snapshot);
  const asked = askedByOrder(order, snapshot);
  const bindings: Binding[] = [];
  const findings: Finding[] = [...orderFindings];
  for (const { id, releases } of contractsFor(input, asked)) {
    const inForce = latestInForce(releases, input);
    if (inForce !== undefined) {
      const conditions = conditionsFor(inForce, asked.get(id), input);
      if (conditions.length > 0) bindings.push({ release: inForce, conditions });
    } else if (
      releases.some(
        (release) => release.activeUntilMs === undefined && conditionsFor(release, asked.get(id), input).length > 0,
      )
    ) {
      findings.push(finding("contract.none-in-force", id));
    }
  }
  for (const id of asked.keys()) {
    if (index.contract(id) === undefined)
      findings.push(finding("contract.none-in-force", id, `order ${order?.id} asks for it`));
  }
  if (bindings.length === 0 && !findings.some(({ code }) => code.startsWith("contract."))) {
    findings.push(finding("contract.none-binding", "node"));
  }
  return { bindings, findings };
}

/** Those of the station and the kind of test, and those an order asks for wherever they belong. */
function contractsFor(
  { releases: index, snapshot }: SelectionInput,
  asked: ReadonlyMap<ContractId, unknown>,
): readonly Contract[] {
  const candidates = index.candidates(snapshot.station.type, snapshot.test.kind);
  if (asked.size === 0) return candidates;
  return merge([candidates, [...asked.keys()].flatMap((id) => index.contract(id) ?? [])]);
}

/** A running test keeps the release it began with; a start that lies ahead is ignored. */
function latestInForce(releases: readonly Release[], { snapshot, now, calendar }: SelectionInput): Release | undefined {
  const { startedAt } = snapshot.test;
  const at = Math.min(startedAt ?? now, now);
  let latest: Release | undefined;
  for (const release of releases) {
    const { fromDay, activeFromMs, activeUntilMs } = release;
    if (fromDay !== null && calendar.startOfDay(fromDay) > at) continue;
    if ((activeFromMs !== undefined && activeFromMs > at) || (activeUntilMs !== undefined && activeUntilMs <= at))
      continue;
    if (latest === undefined || supersedes(release, latest)) latest = release;
  }
  return latest;
}

function supersedes(a: Release, b: Release): boolean {
  // What was activated later was meant to follow, also where it is a step back to an earlier version.
  const [activated, before] = [a.activeFromMs ?? Number.NEGATIVE_INFINITY, b.activeFromMs ?? Number.NEGATIVE_INFINITY];
  if (activated !== before) return activated > before;
  const [from, than] = [a.fromDay ?? Number.NEGATIVE_INFINITY, b.fromDay ?? Number.NEGATIVE_INFINITY];
  if (from !== than) return from > than;
  return isVersion(a.version) && isVersion(b.version) && compareVersions(a.version, b.version) > 0;
}

/** Conditions judged for this test: those the contract binds by itself, and those an order's test adds. None: it does not bind. */
function conditionsFor(
  { loaded }: Release,
  added: ReadonlySet<string> | "all" | undefined,
  { snapshot, assumeBinding }: SelectionInput,
): readonly string[] {
  const { bundle, byCondition, kindOf } = loaded;
  const { station, test } = snapshot;
  const { stationType, order } = bundle.scope;
  const isForStation = stationType === null || station.type === undefined || station.type === stationType;
  const isForOrder = order === null || order === test.clientPO || (assumeBinding && test.clientPO === undefined);
  const ofKind = [...byCondition.keys()].filter((name) => {
    const kind = kindOf.get(name) ?? null;
    return kind === null || test.kind === undefined || kind === test.kind;
  });
  const own = isForStation && isForOrder ? ofKind : [];
  if (added === undefined) return own;
  const isKnown = added === "all" || [...added].every((name) => byCondition.has(name));
  // An order that names a condition this version does not have gets the whole contract rather than nothing.
  const extra = added === "all" || !isKnown ? ofKind : [...added];
  return [...byCondition.keys()].filter((name) => own.includes(name) || extra.includes(name));
}

function judgeOrder({ orders, test, station }: Snapshot): {
  readonly order: SnapshotOrder | undefined;
  readonly findings: readonly Finding[];
} {
  if (orders === undefined) return { order: undefined, findings: [] };
  const id = test.clientPO;
  if (id === undefined) {
    return { order: undefined, findings: station.orderRequired ? [finding("order.missing", "node")] : [] };
  }
  const order = orders
    .filter((candidate) => candidate.id === id)
    .reduce<SnapshotOrder | undefined>(laterRevision, undefined);
  if (order === undefined) return { order, findings: [finding("order.unknown", id)] };
  return order.open ? { order, findings: [] } : { order: undefined, findings: [finding("order.closed", id)] };
}

const laterRevision = (a: SnapshotOrder | undefined, b: SnapshotOrder): SnapshotOrder =>
  a === undefined || compare(b.revision ?? ZERO, a.revision ?? ZERO) >= 0 ? b : a;

/** Of an order with several tests the one of this kind counts; where none is named so, all do. */
function askedByOrder(order: SnapshotOrder | undefined, { test }: Snapshot): Map<ContractId, Set<string> | "all"> {
  const asked = new Map<ContractId, Set<string> | "all">();
  const tests = order?.tests ?? [];
  const ofKind = tests.filter(({ name }) => name !== undefined && name === test.kind);
  for (const { maintenance, conditions } of ofKind.length > 0 ? ofKind : tests) {
    const before = asked.get(maintenance);
    if (conditions.length === 0 || before === "all") asked.set(maintenance, "all");
    else asked.set(maintenance, new Set([...(before ?? []), ...conditions]));
  }
  return asked;
}
