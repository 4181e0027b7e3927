import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type AgentClock, openAgentClock, type TimeSources } from "../../src/agent/agent-clock.ts";
import { type EvidenceService, openEvidenceService } from "../../src/agent/evidence-service.ts";
import {
  type GateRequest,
  type SnapshotSources,
  type SnapshotValues,
  snapshotValues,
} from "../../src/agent/evidence-snapshot.ts";
import { type EvidenceStore, openEvidenceStore } from "../../src/agent/evidence-store.ts";
import type { SnapshotMemory } from "../../src/agent/snapshot-memory.ts";
import { openTestRuns, type TestRuns } from "../../src/agent/test-runs.ts";
import { vocabularyOf } from "../../src/agent/vocabulary.ts";
import { type Json, parseStrictJson } from "../../src/base/strict-json.ts";
import { compile } from "../../src/compiler/index.ts";
import { type LedgerFile, openLedgerFile } from "../../src/disk/ledger-file.ts";
import { type Database, openDatabase } from "../../src/disk/sqlite.ts";
import type { StationRegister } from "../../src/model/documents.ts";

const text = `contract UV-DAILY "UV each day" {
  for every station

  lamp         is a uv-a-lamp, by default "Lamp-0"
  light-meter  is a radiometer, by default "Meter-0"
  uv-intensity is measured in uW/cm2

  before every test {
    checks:
      the lamp must have been on for at least 10 minutes
      the light-meter must be calibrated every 12 months
      each day, uv-intensity read with the light-meter must be at least 1000 uW/cm2
      each day, the operator must acknowledge "materials checked"
  }
}
`;
const bundles = compile([{ name: "UV-DAILY.maint", text }]).contracts.map(({ bundle }) => bundle);

export const register: StationRegister = {
  format: "maint-station/1",
  node: "Pen-1",
  station: { id: "LP-1", type: "penetrant", attributes: [], orderRequired: false },
  plantZone: "America/Chicago",
  shifts: ["06:00"],
  roles: { lamp: "Lamp-1", "light-meter": "Meter-1" },
  assets: [
    { id: "Lamp-1", serial: "L1", type: "uv-a-lamp", attributes: [] },
    { id: "Meter-1", serial: "M1", type: "radiometer", attributes: [] },
  ],
};
export const vocabulary = vocabularyOf(bundles, register);
const request: GateRequest = {
  test: "T-1",
  kind: null,
  order: null,
  part: null,
  planned: { hours: null, cycles: null },
};

/** A clock whose hands the test moves, each on its own. */
export interface Hands {
  wallMs: number;
  bootMs: number;
  bootId: string;
}

export interface Bench {
  readonly hands: Hands;
  readonly clock: AgentClock;
  readonly ledger: LedgerFile;
  /** The one that `record` adds to. */
  readonly store: EvidenceStore;
  readonly record: (body: string, by?: string, roles?: readonly string[]) => { readonly id: string };
  readonly refuse: (body: string, by?: string) => string;
  readonly snapshot: (test?: string, asOfMs?: number) => Values;
  /** The same over the store that `record` adds to, with what is known of the snapshots before. */
  readonly snapshotWith: (memory: SnapshotMemory, more: Partial<SnapshotSources>, test: string) => SnapshotValues;
  readonly runs: TestRuns;
  readonly reopenRuns: () => TestRuns;
  readonly db: Database;
  readonly reopen: (db?: Database) => EvidenceService;
}

export interface Values {
  readonly equipment: { readonly [asset: string]: { readonly [field: string]: unknown } };
  readonly readings: { readonly [quantity: string]: { readonly [field: string]: unknown } };
  readonly acks: readonly { readonly [field: string]: unknown }[];
  readonly overrides: readonly { readonly [field: string]: unknown }[];
  readonly test: { readonly [field: string]: unknown };
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

/** Evidence of one node over real files: ledger, store, and hands that move the clocks. */
export function bench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "evidence-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const hands: Hands = { wallMs: Date.parse("2026-11-24T15:00:00Z"), bootMs: 1_000_000, bootId: "boot-1" };
  const sources: TimeSources = {
    wallMs: () => hands.wallMs,
    monotonicMs: () => hands.bootMs,
    bootMs: () => hands.bootMs,
    get bootId() {
      return hands.bootId;
    },
  };
  const clock = openAgentClock(sources, null);
  const db = openDatabase(join(folder, "evidence.db"));
  const ledger = openLedgerFile(join(folder, "ledger.db"), {
    owner: "Pen-1",
    clock: () => ({ timeMs: clock.now().nowMs, timeSource: "wall" }),
  });
  closers.push(() => db.close());
  closers.push(() => ledger.close());

  const serviceOver = (over: EvidenceStore) =>
    openEvidenceService({ clock, ledger, store: over, vocabulary: () => vocabulary });
  const reopen = (from = db) => serviceOver(openEvidenceStore(from));
  const store = openEvidenceStore(db);
  const service = serviceOver(store);
  const reopenRuns = (): TestRuns => openTestRuns(openEvidenceStore(db), service);
  const runs = openTestRuns(store, service);
  const run = (body: string, by: string, roles: readonly string[]) => {
    const parsed = parseStrictJson(body);
    if (!parsed.ok) throw new Error(parsed.error.message);
    return service.record(parsed.value as ReadonlyMap<string, Json>, { id: by, roles });
  };
  const from = (over: EvidenceStore): SnapshotSources => ({
    ...{ store: over, register, orders: null, runs, vocabulary, highWaterMs: null },
    boot: { bootId: hands.bootId, bootMs: hands.bootMs },
  });
  return {
    hands,
    clock,
    ledger,
    store,
    db,
    reopen,
    record: (body, by = "STF-1", roles = ["operator"]) => {
      const result = run(body, by, roles);
      if (!result.ok) throw new Error(result.error.message);
      return result.value;
    },
    refuse: (body, by = "STF-1") => {
      const result = run(body, by, ["operator"]);
      return result.ok ? "recorded" : result.error.message;
    },
    runs,
    reopenRuns,
    snapshot: (test = "T-1", asOfMs) => {
      const asked = { ...from(openEvidenceStore(db)), ...(asOfMs === undefined ? {} : { asOfMs }) };
      return snapshotValues(asked, { ...request, test }, "STF-1", clock.now()) as unknown as Values;
    },
    snapshotWith: (memory, more, test) =>
      snapshotValues({ ...from(store), ...more, memory }, { ...request, test }, "STF-1", clock.now()),
  };
}
