import { canonicalJson } from "../../../src/base/canonical-json.ts";
import { printUtc } from "../../../src/base/civil-time.ts";
import { compile } from "../../../src/compiler/index.ts";
import { zoneFromIntl } from "../../../src/disk/zone-from-intl.ts";
import type {
  ArchivedDecision,
  ArchivedEntry,
  DecisionFilter,
  EntryFilter,
  NodeArchive,
} from "../../../src/hub/archive/archived.ts";
import type { Candidate, ReplayShelf } from "../../../src/hub/replay/redecide.ts";
import { EMPTY_HEAD, entryBytes, entryHash } from "../../../src/ledger/entry.ts";
import { digestFacts } from "../../../src/ledger/receipt.ts";
import type { Decision } from "../../../src/model/decision.ts";
import type { LedgerEntry } from "../../../src/model/ledger-entry.ts";
import { openPlantCalendar, type PlantCalendar } from "../../../src/model/plant-calendar.ts";
import { snapshotFromValues } from "../../../src/model/snapshot-parse.ts";
import {
  decideFast,
  indexReleases,
  type LoadedBundle,
  loadCompiledBundle,
  type Release,
} from "../../../src/runtime/index.ts";

export type Values = { readonly [field: string]: unknown };

export const ZONE = "America/Chicago";

const calendars = new Map<string, PlantCalendar | undefined>();
export function calendarOf(zone: string): PlantCalendar | undefined {
  if (!calendars.has(zone)) {
    const data = zoneFromIntl(zone);
    calendars.set(zone, data === undefined ? undefined : openPlantCalendar(data));
  }
  return calendars.get(zone);
}

/** @throws Error for a text that does not compile, or holds more than one contract */
export function loadedOf(text: string): LoadedBundle {
  const { contracts, diagnostics } = compile([{ name: "made.maint", text }]);
  const [contract] = contracts;
  if (contract === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const loaded = loadCompiledBundle(contract.bundle);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

export const releaseOf = (text: string, version = "v1.0"): Release => ({
  ...{ loaded: loadedOf(text), version, fromDay: null, offline: "accept" },
});

export const candidateOf = (text: string, change: Partial<Candidate> = {}): Candidate => ({
  ...{ release: releaseOf(text, "v9.9"), inForceFromMs: null, against: null },
  ...change,
});

/** What a hub has of these releases. */
export function shelfOf(releases: readonly Release[]): ReplayShelf {
  return {
    bundle: (digest) => releases.find(({ loaded }) => loaded.digest === digest)?.loaded,
    offline: (contract, version) =>
      releases.find((one) => one.loaded.bundle.contract === contract && one.version === version)?.offline ?? "accept",
    calendar: calendarOf,
  };
}

export interface ToDecide {
  readonly node: string;
  readonly atMs: number;
  readonly releases: readonly Release[];
  readonly snapshot: Values;
  readonly part?: string | null;
  /** What a node recorded that judged no clause, or another runtime did. */
  readonly decision?: Partial<Decision>;
  readonly keepsSnapshot?: boolean;
}

/** Decides as a node does, by its own evaluator, and keeps it as a node's ledger does. */
export function metadataOf({ node, atMs, releases, snapshot, ...more }: ToDecide): ArchivedDecision["recorded"] {
  const calendar = calendarOf(String(snapshot["plantZone"] ?? ZONE));
  if (calendar === undefined) throw new Error("no such zone");
  const input = { releases: indexReleases(releases), snapshot: snapshotFromValues(snapshot), now: atMs, calendar };
  const decision = { ...decideFast({ ...input, node, assumeBinding: false }), ...more.decision };
  const { facts } = digestFacts(snapshot);
  return { decision, part: more.part ?? null, facts, snapshot: more.keepsSnapshot === false ? null : snapshot };
}

/** Ledgers of nodes in memory, and what an archive of them answers. Everything is read from the entries' bytes. */
export function memoryArchive(): NodeArchive & {
  readonly decide: (given: ToDecide) => ArchivedDecision;
  readonly bytesOf: (node: string) => readonly Uint8Array[];
} {
  const ledgers = new Map<string, LedgerEntry[]>();
  const kept = function* (filter: EntryFilter): Iterable<ArchivedEntry> {
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    for (const node of [...ledgers.keys()].sort()) {
      if (filter.nodes !== undefined && !filter.nodes.includes(node)) continue;
      const entries = ledgers.get(node) ?? [];
      for (const entry of filter.newestFirst === true ? [...entries].reverse() : entries) {
        const timeMs = Date.parse(entry.time);
        if (timeMs < (filter.fromMs ?? 0) || timeMs >= (filter.toMs ?? Number.POSITIVE_INFINITY)) continue;
        if (entry.seq < (filter.fromSeq ?? 0)) continue;
        if (filter.actionTypes !== undefined && !filter.actionTypes.includes(entry.action_type)) continue;
        if (left <= 0) return;
        left -= 1;
        yield { node, entry };
      }
    }
  };
  const decisions = function* ({ allow, contract, test, order, part, ...filter }: DecisionFilter = {}) {
    for (const { node, entry } of kept({ ...filter, actionTypes: ["gate_decision"] })) {
      const found = asDecision(node, entry);
      const { decision } = found.recorded;
      if (allow !== undefined && decision.allow !== allow) continue;
      if (contract !== undefined && !decision.contracts.some((one) => one.contract === contract)) continue;
      if (test !== undefined && decision.testId !== test) continue;
      if (order !== undefined && decision.order !== order) continue;
      if (part !== undefined && found.recorded.part !== part) continue;
      yield found;
    }
  };
  return {
    nodes: () =>
      [...ledgers].map(([node, entries]) => ({
        ...{ node, size: entries.length, firstKept: 0, fault: null },
        headHash: entryHash(entryBytes(entries.at(-1) as LedgerEntry)),
      })),
    entries: (filter = {}) => kept(filter),
    decisions,
    exposure: () => [],
    bytesOf: (node) => (ledgers.get(node) ?? []).map(entryBytes),
    decide: (given) => {
      const entries = ledgers.get(given.node) ?? [];
      ledgers.set(given.node, entries);
      const metadata = JSON.parse(canonicalJson(metadataOf(given))) as LedgerEntry["metadata"];
      const last = entries.at(-1);
      entries.push({
        ...{ seq: entries.length, time: printUtc(given.atMs), timeSource: "attested", action_type: "gate_decision" },
        ...{ action: "decided", target: given.node, details: "", user_id: given.node, smart_id: null, metadata },
        previous_hash: last === undefined ? EMPTY_HEAD.hash : entryHash(entryBytes(last)),
      });
      return asDecision(given.node, entries.at(-1) as LedgerEntry);
    },
  };
}

function asDecision(node: string, entry: LedgerEntry): ArchivedDecision {
  const recorded = entry.metadata as unknown as ArchivedDecision["recorded"];
  return { node, entry, atMs: Date.parse(recorded.decision.atUtc), recorded };
}
