import { printUtc } from "../base/civil-time.ts";
import type { Bundle } from "../model/bundle.ts";
import type { OrdersDocument, StationRegister } from "../model/documents.ts";
import type { Moment } from "./agent-clock.ts";
import type { EvidenceBody, EvidenceKind, EvidenceRecord } from "./evidence-record.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What a test program asks for. The operator is not in it: that is who authenticated. */
export interface GateRequest {
  readonly test: string | null;
  readonly kind: string | null;
  readonly order: string | null;
  /** Exact decimals. */
  readonly planned: { readonly hours: string | null; readonly cycles: string | null };
  readonly part: string | null;
}

export interface SnapshotSources {
  readonly store: EvidenceStore;
  readonly register: StationRegister | null;
  readonly orders: OrdersDocument | null;
  readonly bundles: readonly Bundle[];
  readonly vocabulary: Vocabulary;
  readonly boot: { readonly bootId: string; readonly bootMs: number };
  /** The latest instant that is known to be past, epoch ms; null while nothing is recorded. */
  readonly highWaterMs: number | null;
  /** Only evidence of what was so by then, epoch ms; for a look back. */
  readonly asOfMs?: number;
}

const upTo = (store: EvidenceStore, asOfMs: number): EvidenceStore => ({
  ...store,
  latest: (kind, subject, limit) => store.latest(kind, subject, limit, asOfMs),
});

/** A snapshot as decisions.md has it, decimals as `{"$number": "…"}`: kept with the decision, so that it can be replayed. */
export interface SnapshotValues {
  readonly [field: string]: unknown;
}

const ACKS_PER_STEP = 200;
const RECORDS_PER_ITEM = 200;
const HISTORY = 20;

/** The only way from evidence to a snapshot. Reads what is durable; decides nothing. */
export function snapshotValues(
  given: SnapshotSources,
  request: GateRequest,
  operator: string | null,
  moment: Moment,
): SnapshotValues {
  const { register, vocabulary, asOfMs } = given;
  const sources = asOfMs === undefined ? given : { ...given, store: upTo(given.store, asOfMs) };
  const assets = [...new Set([...vocabulary.assets, ...sources.store.subjects("calibration")])];
  const equipment = assets.flatMap((asset) => {
    const state = equipmentValues(asset, sources);
    return state === undefined ? [] : [[asset, state] as const];
  });
  return {
    ...(register === null
      ? {}
      : { plantZone: register.plantZone, shifts: register.shifts, station: stationValues(register) }),
    ...ordersValues(sources.orders, request),
    clock: {
      ...(sources.highWaterMs === null ? {} : { highWater: printUtc(sources.highWaterMs) }),
      monotonicNow: printUtc(Math.trunc(moment.evenMs)),
    },
    test: testValues(request, operator),
    equipment: Object.fromEntries(equipment),
    readings: readingValues(sources),
    acks: acknowledgementValues(sources),
    lots: lotValues(sources),
  };
}

const number = (text: string): { readonly $number: string } => ({ $number: text });
const at = (record: EvidenceRecord | undefined): string | undefined =>
  record === undefined ? undefined : printUtc(record.takenAtMs);

function stationValues({ station, roles }: StationRegister): SnapshotValues {
  const { id, type, attributes, orderRequired } = station;
  return { id, type, attributes, orderRequired, roles };
}

/** A test that names an order is judged by orders even where none were sent: it is then an unknown one. */
function ordersValues(orders: OrdersDocument | null, request: GateRequest): SnapshotValues {
  if (orders !== null) return { orders: orders.orders };
  return request.order === null ? {} : { orders: [] };
}

function testValues({ test, kind, order, planned }: GateRequest, operator: string | null): SnapshotValues {
  const known = Object.entries({ id: test, operator, kind, clientPO: order }).filter(([, value]) => value !== null);
  const hours = planned.hours === null ? {} : { hours: number(planned.hours) };
  const cycles = planned.cycles === null ? {} : { cycles: number(planned.cycles) };
  return { ...Object.fromEntries(known), planned: { ...hours, ...cycles } };
}

type BodyOf<K extends EvidenceKind> = Extract<EvidenceBody, { readonly kind: K }>;
type RecordOf<K extends EvidenceKind> = EvidenceRecord & { readonly body: BodyOf<K> };

const latest = <K extends EvidenceKind>(
  store: EvidenceStore,
  kind: K,
  subject: string,
  limit = 1,
): readonly RecordOf<K>[] => store.latest(kind, subject, limit) as readonly RecordOf<K>[];

/** Undefined where nothing stands for the asset: neither the register nor any evidence. It is then unknown equipment. */
function equipmentValues(asset: string, { store, vocabulary, boot }: SnapshotSources): SnapshotValues | undefined {
  const registered = vocabulary.registered.get(asset);
  const calibration = calibrationValues(asset, store);
  const service = latest(store, "service", asset, RECORDS_PER_ITEM);
  const events = latest(store, "event", asset, RECORDS_PER_ITEM);
  const on = latest(store, "on-time", asset)[0];
  const checks = checkValues(asset, store);
  const counters = { ...counterValues(asset, store, "hours"), ...counterValues(asset, store, "cycles") };
  const evidence = [calibration, on, service[0], events[0], ...Object.values(checks), ...Object.values(counters)];
  if (registered === undefined && evidence.every((item) => item === undefined)) return undefined;
  return {
    ...(registered === undefined ? {} : { serial: registered.serial, attributes: registered.attributes }),
    ...serviceValues(service),
    // What stands in the register or was recorded here has its drops recorded here too: none is none.
    events: events.map((record) => ({ kind: record.body.event, at: at(record) })),
    ...(on === undefined ? {} : onTimeValues(on, boot)),
    ...checks,
    ...counters,
    ...(calibration === undefined ? {} : { calibration }),
  };
}

function calibrationValues(asset: string, store: EvidenceStore): SnapshotValues | undefined {
  const [newest, ...history] = latest(store, "calibration", asset, HISTORY).map(
    ({ body: { kind: _, ...fields } }) => fields,
  );
  return newest === undefined ? undefined : { ...newest, history };
}

/** The boot clock counts, the wall clock does not; after a restart of the machine nobody knows how long it was on. */
function onTimeValues({ body }: RecordOf<"on-time">, boot: SnapshotSources["boot"]): SnapshotValues {
  if (body.state === "off") return { onSeconds: number("0") };
  if (body.bootId !== boot.bootId || boot.bootMs < body.bootMs) return {};
  return { onSeconds: number(String(body.forSeconds + Math.floor((boot.bootMs - body.bootMs) / 1000))) };
}

function serviceValues(records: readonly RecordOf<"service">[]): SnapshotValues {
  const first = (...states: readonly string[]) => records.find(({ body }) => states.includes(body.state));
  const status = first("in-service", "out-of-service", "returned");
  const lock = first("locked", "unlocked");
  const returned = first("returned");
  const reverified = first("reverified");
  const used = first("used");
  const word = status?.body.state === "out-of-service" ? "out-of-service" : "in-service";
  return {
    status: word,
    locks: lock?.body.state === "locked" ? [{ by: lock.by, at: at(lock) }] : [],
    ...(returned === undefined ? {} : { returnedAt: at(returned) }),
    ...(reverified === undefined ? {} : { reverifiedAt: at(reverified) }),
    ...(used === undefined ? {} : { lastUseEndedAt: at(used) }),
  };
}

function checkValues(asset: string, store: EvidenceStore): SnapshotValues {
  const records = latest(store, "check", asset, RECORDS_PER_ITEM);
  if (records.length === 0) return {};
  const framing = (when: "opening" | "closing") => {
    const found = records.find(({ body }) => body.when === when);
    return found === undefined ? {} : { [`${when}Check`]: { at: at(found), result: found.body.result } };
  };
  const lists = records.filter(({ body }) => body.when === "list");
  const checks = lists.map((record) => {
    const { name, result, items } = record.body;
    return { ...(name === undefined ? {} : { name }), at: at(record), by: record.by, result, items: items ?? {} };
  });
  return { ...framing("opening"), ...framing("closing"), ...(checks.length === 0 ? {} : { checks }) };
}

function counterValues(asset: string, store: EvidenceStore, counter: "hours" | "cycles"): SnapshotValues {
  const records = latest(store, "counter", asset, RECORDS_PER_ITEM).filter(({ body }) => body.counter === counter);
  const newest = records[0];
  if (newest === undefined) return {};
  const serviced = records.find(({ body }) => body.atService);
  // The record before the newest is the mark that a counter may not fall below.
  const before = records[1];
  return {
    [counter]: number(newest.body.value),
    ...(serviced === undefined ? {} : { [`${counter}AtService`]: number(serviced.body.value) }),
    ...(before === undefined ? {} : { [`${counter}HighWater`]: number(before.body.value) }),
  };
}

function readingValues({ store, vocabulary }: SnapshotSources): SnapshotValues {
  const readings: [string, unknown][] = [];
  for (const quantity of vocabulary.quantities.keys()) {
    const record = latest(store, "reading", quantity)[0];
    if (record === undefined) continue;
    const { value, unit, takenWith, settledMinutes } = record.body;
    readings.push([
      quantity,
      {
        value: number(value),
        unit,
        takenAt: at(record),
        ...(takenWith === undefined ? {} : { takenWith }),
        ...(settledMinutes === undefined ? {} : { settledMinutes: number(settledMinutes) }),
      },
    ]);
  }
  return Object.fromEntries(readings);
}

/** A person with several roles acknowledged in each of them; two-person steps count people, not lines. */
function acknowledgementValues({ store, vocabulary }: SnapshotSources): readonly SnapshotValues[] {
  return [...vocabulary.steps].flatMap((step) =>
    latest(store, "acknowledgement", step, ACKS_PER_STEP).flatMap((record) => {
      const said = { step, by: record.by, at: at(record) };
      return record.roles.length === 0 ? [said] : record.roles.map((role) => ({ ...said, role }));
    }),
  );
}

function lotValues({ store, vocabulary }: SnapshotSources): SnapshotValues {
  const lots = vocabulary.materials.flatMap((material) => {
    const record = latest(store, "lot", material)[0];
    if (record === undefined) return [];
    const { kind: _, ...fields } = record.body;
    return [[material, fields] as const];
  });
  return Object.fromEntries(lots);
}
