import { canonicalJson } from "../../src/base/canonical-json.ts";
import { printUtc } from "../../src/base/civil-time.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { nextEntry } from "../../src/ledger/append.ts";
import { EMPTY_HEAD, type LedgerHead } from "../../src/ledger/entry.ts";
import { digestFacts } from "../../src/ledger/receipt.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";
import { openPlantCalendar, type PlantCalendar } from "../../src/model/plant-calendar.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import type { ZoneTransitions } from "../../src/model/zone.ts";
import { decideFast, indexReleases, type LoadedBundle, type Release } from "../../src/runtime/index.ts";
import { randomOf } from "../../test/fuzz/gate-random.ts";
import { bundleOf, contractText } from "../p1/workload.ts";

/** Stations of one kind over some months, as their nodes' ledgers have it: 25 clauses, about 22 KiB an entry. */

export const CONTRACT = "REPLAY-BENCH";
const LAMPS = 5;
const OTHER_ASSETS = 15;
const STEP_MS = 12 * 60_000;
const FIRST_MS = Date.UTC(2026, 2, 2, 14);
const DAY_MS = 86_400_000;
/** A lamp fades towards its limit and is changed now and then: some days are blocked. */
const LOW_DAY = 1 / 40;

export const zone = "America/Chicago";
export const calendar: PlantCalendar = openPlantCalendar(zoneFromIntl(zone) as ZoneTransitions);
export const recordedBundle: LoadedBundle = bundleOf(contractText(CONTRACT, "bench"));
export const recorded: Release = { loaded: recordedBundle, version: "v1.0", fromDay: null, offline: "accept" };

/** One limit is tightened, one calibration interval halved: two clauses of 25 are another's. */
export const candidateText = contractText(CONTRACT, "bench")
  .replace("level-1 must be at least 1001", "level-1 must be at least 1060")
  .replace("the lamp-2 must be calibrated every 12 months", "the lamp-2 must be calibrated every 6 months");
/** Every clause is another's: nothing that was recorded about clauses helps. */
export const otherText = contractText(CONTRACT, "bench").replaceAll(
  /at least (1\d\d\d) uW|at least 10 minutes|every 12 months|each day, the operator|must be in service/g,
  (found, level) => {
    if (level !== undefined) return `at least ${Number(level) + 50} uW`;
    if (found.startsWith("every")) return "every 11 months";
    if (found.startsWith("at least")) return "at least 11 minutes";
    return found.startsWith("each day") ? "every 20 hours, the operator" : "must be in service";
  },
);

type Values = { readonly [field: string]: unknown };
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const exact = (value: number): Values => ({ $number: String(value) });

interface Station {
  readonly draw: () => number;
  readonly others: Values;
  dayMs: number;
  readings: Values;
  acks: readonly Values[];
}

const calibration = (performedMs: number, name: string): Values => ({
  ...{ performedOn: day(performedMs), dueOn: day(performedMs + 365 * DAY_MS), result: "pass", certificate: name },
  ...{ assetSerial: name, references: ["NIST-1"], national: false },
});

const historyOf = (atMs: number, name: string): Values => ({
  ...calibration(atMs, name),
  history: [1, 2, 3].map((year) => calibration(atMs - year * 360 * DAY_MS, name)),
});

function openStation(seed: number): Station {
  const draw = randomOf(seed, 0);
  const others = Object.fromEntries(
    Array.from({ length: OTHER_ASSETS }, (_, index) => {
      const name = `Asset-${index}`;
      const performedMs = FIRST_MS - draw() * 300 * DAY_MS;
      const rest = { serial: name, status: "in-service", attributes: [], events: [], locks: [] };
      return [name, { ...rest, calibration: historyOf(performedMs, name) }];
    }),
  );
  return { draw, others, dayMs: 0, readings: {}, acks: [] };
}

const lampName = (index: number): string => `Lamp-${index + 1}`;

/** Every morning its readings are taken and its lamps cleaned. */
function begin(station: Station, atMs: number): void {
  if (calendar.dayOf(atMs) === station.dayMs) return;
  station.dayMs = calendar.dayOf(atMs);
  const takenAt = printUtc(calendar.startOfDay(station.dayMs) + 6 * 3_600_000);
  const level = (index: number): number => (station.draw() < LOW_DAY ? 960 : 1_010 + index + station.draw() * 400);
  station.readings = Object.fromEntries(
    Array.from({ length: LAMPS * 3 }, (_, index) => [
      index < LAMPS ? `level-${index + 1}` : `other-${index}`,
      { value: exact(Math.round(level(index))), unit: "uW/cm2", takenAt, takenWith: "Asset-1" },
    ]),
  );
  station.acks = Array.from({ length: LAMPS }, (_, index) => ({
    ...{ step: `lamp ${index + 1} is clean`, by: "STF-1", at: takenAt, role: "operator" },
  }));
}

function snapshotAt(station: Station, atMs: number, turn: number, node: string): Values {
  begin(station, atMs);
  const onSeconds = Math.floor((atMs - (calendar.startOfDay(station.dayMs) + 5 * 3_600_000)) / 1000);
  const lamps = Object.fromEntries(
    Array.from({ length: LAMPS }, (_, index) => {
      const name = lampName(index);
      const fixed = { serial: name, status: "in-service", attributes: [], events: [], locks: [] };
      const worn = { onSeconds: exact(Math.max(0, onSeconds)), cycles: exact(turn), cyclesHighWater: exact(turn) };
      const used = { lastUseEndedAt: printUtc(atMs - STEP_MS) };
      return [name, { ...fixed, ...worn, ...used, calibration: historyOf(FIRST_MS - (index + 1) * 55 * DAY_MS, name) }];
    }),
  );
  return {
    ...{ plantZone: zone, shifts: ["06:00", "14:00", "22:00"] },
    station: { id: node, type: "bench", attributes: [], orderRequired: false, roles: { thermometer: "Asset-3" } },
    orders: Array.from({ length: 10 }, (_, index) => ({ id: `PO-${index}`, revision: 1, state: "open", tests: [] })),
    clock: { highWater: printUtc(atMs - 1000), monotonicNow: printUtc(atMs), attested: true },
    test: { id: `${node}-${turn}`, operator: "STF-1", kind: "inspection", clientPO: `PO-${turn % 10}`, planned: {} },
    equipment: { ...lamps, ...station.others },
    ...{ readings: station.readings, acks: station.acks, lots: {}, overrides: [] },
  };
}

/** The entries of one node, as bytes, and the snapshots behind them. */
export function* ledgerOf(node: string, seed: number, decisions: number): Generator<Uint8Array> {
  const station = openStation(seed);
  const releases = indexReleases([recorded]);
  let head: LedgerHead = EMPTY_HEAD;
  let atMs = FIRST_MS + Math.floor(station.draw() * STEP_MS);
  for (let turn = 1; turn <= decisions; turn += 1) {
    const snapshot = snapshotAt(station, atMs, turn, node);
    const facts = snapshotFromValues(snapshot);
    const decision = decideFast({ releases, snapshot: facts, now: atMs, calendar, node, assumeBinding: false });
    const metadata = { decision, part: `P-${turn}`, facts: digestFacts(snapshot).facts, snapshot };
    const record: LedgerRecord = {
      ...{
        action_type: "gate_decision" as const,
        action: decision.allow ? "allowed" : "blocked",
        target: `${node}-${turn}`,
      },
      ...{ details: "decided", user_id: "STF-1", smart_id: CONTRACT, metadata: JSON.parse(canonicalJson(metadata)) },
    };
    const next = nextEntry(head, record, atMs, "attested");
    head = next.head;
    yield next.bytes;
    atMs += Math.round(STEP_MS * (0.5 + station.draw()));
  }
}
