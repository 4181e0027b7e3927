import { parseInstant, printUtc } from "../base/civil-time.ts";
import { compare, parseJsonNumber } from "../base/rational.ts";
import type { OrdersDocument, StationRegister } from "../model/documents.ts";
import type { EvidenceBody, EvidenceKind, EvidenceRecord } from "../model/evidence.ts";
import type { Moment } from "./agent-clock.ts";
import { type EvidenceStore, MAX_APPROVALS_READ, type WordedKind } from "./evidence-store.ts";
import { openSnapshotMemory, type SnapshotMemory } from "./snapshot-memory.ts";
import type { TestRuns } from "./test-runs.ts";
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
  readonly runs: TestRuns;
  readonly vocabulary: Vocabulary;
  readonly boot: { readonly bootId: string; readonly bootMs: number };
  /** The latest instant that is known to be past, epoch ms; null while nothing is recorded. */
  readonly highWaterMs: number | null;
  /** Only evidence of what was so by then, epoch ms; for a look back. */
  readonly asOfMs?: number;
  /** Of the snapshots before; a look back is made without. */
  readonly memory?: SnapshotMemory;
}

const upTo = (store: EvidenceStore, asOfMs: number): EvidenceStore => ({
  ...store,
  latest: (kind, subject, limit) => store.latest(kind, subject, limit, asOfMs),
  latestOf: (kind, subject, word, limit) => store.latestOf(kind, subject, word, limit, asOfMs),
  highest: (asset, counter, exceptId) => store.highest(asset, counter, exceptId, asOfMs),
});

/** A snapshot as decisions.md has it, decimals as `{"$number": "…"}`: kept with the decision, so that it can be replayed. */
export interface SnapshotValues {
  readonly [field: string]: unknown;
}

const ACKS_PER_STEP = 200;
const RECORDS_PER_ITEM = 200;
const HISTORY = 20;
const OVERRIDES_PER_SUBJECT = 20;
const EXTENSIONS_READ = 20;
const EXPIRED_OVERRIDE_KEPT_MS = 24 * 3_600_000;

/** The only way from evidence to a snapshot. Reads what is durable; decides nothing. */
export function snapshotValues(
  given: SnapshotSources,
  request: GateRequest,
  operator: string | null,
  moment: Moment,
): SnapshotValues {
  const { register, vocabulary, asOfMs } = given;
  const sources = asOfMs === undefined ? given : { ...given, store: upTo(given.store, asOfMs) };
  const memory = (asOfMs === undefined ? given.memory : undefined) ?? openSnapshotMemory();
  const evidence = [sources.store.state(), vocabulary];
  return {
    ...(register === null ? {} : registerValues(register, memory)),
    ...ordersValues(sources.orders, request),
    clock: {
      ...(sources.highWaterMs === null ? {} : { highWater: printUtc(sources.highWaterMs) }),
      monotonicNow: printUtc(Math.trunc(moment.evenMs)),
      attested: moment.source === "attested",
    },
    test: {
      ...testValues(request, operator),
      ...startValues(sources.runs.runOf(request.test, moment.nowMs)?.startedAtMs),
    },
    equipment: allEquipment(sources, request.test, memory, evidence),
    readings: memory.part("readings", evidence, () => readingValues(sources)),
    acks: memory.part("acks", evidence, () => acknowledgementValues(sources)),
    lots: memory.part("lots", evidence, () => lotValues(sources)),
    overrides: overrideValues(sources.store, asOfMs ?? moment.nowMs),
  };
}

const registerValues = (register: StationRegister, memory: SnapshotMemory): SnapshotValues => ({
  plantZone: register.plantZone,
  shifts: register.shifts,
  station: memory.part("station", [register], () => stationValues(register)),
});

/** What evidence alone makes of an asset is kept until there is more of it; what a clock or a running test adds is not. */
function allEquipment(
  sources: SnapshotSources,
  test: string | null,
  memory: SnapshotMemory,
  evidence: readonly unknown[],
): SnapshotValues {
  const { store, vocabulary, boot, runs, asOfMs } = sources;
  const assets = memory.part("assets", evidence, () => [
    ...new Set([...vocabulary.assets, ...store.subjects("calibration")]),
  ]);
  const states = assets.map((asset) => {
    const seen = memory.part(`seen ${asset}`, evidence, () => equipmentSeen(asset, sources));
    const { onTime } = seen;
    const onSeconds = onTime === undefined ? undefined : secondsOn(onTime, boot);
    const used = latestInstant(seen.used, runs.lastUseOf(asset, test, asOfMs));
    return memory.part(`state ${asset}`, [seen, onSeconds, used], () => equipmentState(seen, onSeconds, used));
  });
  return memory.part("equipment", states, () =>
    Object.fromEntries(
      assets.flatMap((asset, index) => {
        const values = states[index]?.values;
        return values === undefined ? [] : [[asset, values] as const];
      }),
    ),
  );
}

const startValues = (startedAtMs: number | undefined): SnapshotValues =>
  startedAtMs === undefined ? {} : { startedAt: printUtc(startedAtMs) };

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

const latestOf = <K extends WordedKind>(
  store: EvidenceStore,
  kind: K,
  subject: string,
  word: string,
  limit = 1,
): readonly RecordOf<K>[] => store.latestOf(kind, subject, word, limit) as readonly RecordOf<K>[];

const byNewest = (a: EvidenceRecord, b: EvidenceRecord): number =>
  b.takenAtMs - a.takenAtMs || b.ledgerSeq - a.ledgerSeq;

/** The newest record with each word, newest first: what was said once holds, however much else was said since. */
const newestOfEach = <K extends WordedKind>(store: EvidenceStore, kind: K, subject: string): readonly RecordOf<K>[] =>
  store
    .words(kind, subject)
    .flatMap((word) => latestOf(store, kind, subject, word))
    .sort(byNewest);

/** The latest ones, and the last of each kind of event even where many others followed it. */
function eventsOf(asset: string, store: EvidenceStore): readonly RecordOf<"event">[] {
  const newest = latest(store, "event", asset, RECORDS_PER_ITEM);
  const shown = new Set(newest.map(({ id }) => id));
  return [...newest, ...newestOfEach(store, "event", asset).filter(({ id }) => !shown.has(id))];
}

/** What register and evidence say of an asset, whatever time it is. */
interface SeenEquipment {
  /** False where neither says anything. */
  readonly isKnown: boolean;
  readonly values: SnapshotValues;
  readonly onTime: BodyOf<"on-time"> | undefined;
  /** When somebody recorded its last use, epoch ms. */
  readonly used: number | undefined;
}

function equipmentSeen(asset: string, { store, vocabulary }: SnapshotSources): SeenEquipment {
  const registered = vocabulary.registered.get(asset);
  const calibration = calibrationValues(asset, store);
  const service = newestOfEach(store, "service", asset);
  const events = eventsOf(asset, store);
  const on = latest(store, "on-time", asset)[0];
  const checks = checkValues(asset, store);
  const counters = { ...counterValues(asset, store, "hours"), ...counterValues(asset, store, "cycles") };
  const extension = extensionValues(asset, store);
  const evidence = [
    calibration,
    extension,
    on,
    service[0],
    events[0],
    ...Object.values(checks),
    ...Object.values(counters),
  ];
  const values = {
    ...(registered === undefined ? {} : { serial: registered.serial, attributes: registered.attributes }),
    ...serviceValues(service),
    // What stands in the register or was recorded here has its drops recorded here too: none is none.
    events: events.map((record) => ({ kind: record.body.event, at: at(record) })),
    ...checks,
    ...counters,
    ...(calibration === undefined ? {} : { calibration }),
    ...rangeValues(asset, store),
    ...(extension === undefined ? {} : { extension }),
  };
  const isKnown = registered !== undefined || evidence.some((item) => item !== undefined);
  return { isKnown, values, onTime: on?.body, used: usedIn(service) };
}

/** `values` are undefined where nothing stands for the asset: it is then unknown equipment. */
function equipmentState(
  { isKnown, values }: SeenEquipment,
  onSeconds: string | undefined,
  used: number | undefined,
): { readonly values: SnapshotValues | undefined } {
  if (!isKnown && used === undefined) return { values: undefined };
  return {
    values: {
      ...values,
      ...(onSeconds === undefined ? {} : { onSeconds: number(onSeconds) }),
      ...(used === undefined ? {} : { lastUseEndedAt: printUtc(used) }),
    },
  };
}

const usedIn = (records: readonly RecordOf<"service">[]): number | undefined =>
  records.find(({ body }) => body.state === "used")?.takenAtMs;

const latestInstant = (...instants: readonly (number | undefined)[]): number | undefined => {
  const known = instants.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

function calibrationValues(asset: string, store: EvidenceStore): SnapshotValues | undefined {
  const revoked = latest(store, "revocation", asset, RECORDS_PER_ITEM);
  const settled = latest(store, "impact-closed", asset, RECORDS_PER_ITEM);
  const [newest, ...history] = latest(store, "calibration", asset, HISTORY).map(({ body }) => {
    const { kind: _, ranges: __, ...fields } = body;
    const { certificate } = body;
    // The earliest word counts: a certificate that was taken back stays so.
    const revokedAt = revoked.filter((one) => one.body.certificate === certificate).at(-1);
    const closed = settled.filter((one) => one.body.certificate === certificate).at(-1);
    return {
      ...fields,
      ...(revokedAt === undefined ? {} : { revokedAt: at(revokedAt) }),
      ...(closed === undefined ? {} : { impactClosed: at(closed) }),
    };
  });
  return newest === undefined ? undefined : { ...newest, history };
}

/** Those of the latest certificate that states any. Source: decisions.md B15. */
function rangeValues(asset: string, store: EvidenceStore): SnapshotValues {
  const stated = latest(store, "calibration", asset, HISTORY).find(({ body }) => body.ranges !== undefined);
  const ranges = stated?.body.ranges ?? [];
  return ranges.length === 0 ? {} : { range: ranges.map(([low, high, unit]) => [number(low), number(high), unit]) };
}

/** Whose signatures stand under a record; one person in each of his roles. */
function approvalsOf(id: string, store: EvidenceStore): readonly RecordOf<"approval">[] {
  return latest(store, "approval", id, MAX_APPROVALS_READ);
}

const signatures = (approvals: readonly RecordOf<"approval">[]): readonly SnapshotValues[] =>
  approvals.flatMap(({ by, roles }) => roles.map((role) => ({ by, role })));

/** Granted when it was signed for the last time: before that somebody was still missing. */
const grantedAt = (record: EvidenceRecord, approvals: readonly RecordOf<"approval">[]): string =>
  printUtc(Math.max(record.recordedAtMs, ...approvals.map(({ recordedAtMs }) => recordedAtMs)));

function extensionValues(asset: string, store: EvidenceStore): SnapshotValues | undefined {
  const calibrated = latest(store, "calibration", asset)[0]?.ledgerSeq ?? -1;
  // It was granted for the certificate of its time, and ends with the next one.
  const asked = latest(store, "extension", asset, EXTENSIONS_READ).filter(({ ledgerSeq }) => ledgerSeq > calibrated);
  // One that nobody signed does not take the place of one that somebody did.
  const record = asked.find(({ id }) => approvalsOf(id, store).length > 0) ?? asked[0];
  if (record === undefined) return undefined;
  const approvals = approvalsOf(record.id, store);
  return { until: record.body.until, grantedAt: grantedAt(record, approvals), approvals: signatures(approvals) };
}

/** One that is long over is no longer anybody's concern; a fresh one says that it is over. */
function overrideValues(store: EvidenceStore, nowMs: number): readonly SnapshotValues[] {
  const records = store
    .subjects("override")
    .flatMap((about) => latest(store, "override", about, OVERRIDES_PER_SUBJECT));
  const recent = records.filter(({ body }) => (parseInstant(body.expiresAt) ?? 0) > nowMs - EXPIRED_OVERRIDE_KEPT_MS);
  return recent.map((record) => {
    const { rule, about, reason, expiresAt } = record.body;
    const approvals = approvalsOf(record.id, store);
    return {
      ...{ id: record.id, rule, subject: about, reason, expiresAt },
      ...{ grantedAt: grantedAt(record, approvals), approvals: signatures(approvals) },
    };
  });
}

/** The boot clock counts, the wall clock does not; after a restart of the machine nobody knows how long it was on. */
function secondsOn(body: BodyOf<"on-time">, boot: SnapshotSources["boot"]): string | undefined {
  if (body.state === "off") return "0";
  if (body.bootId !== boot.bootId || boot.bootMs < body.bootMs) return undefined;
  return String(body.forSeconds + Math.floor((boot.bootMs - body.bootMs) / 1000));
}

function serviceValues(records: readonly RecordOf<"service">[]): SnapshotValues {
  const first = (...states: readonly string[]) => records.find(({ body }) => states.includes(body.state));
  const status = first("in-service", "out-of-service", "returned");
  const lock = first("locked", "unlocked");
  const returned = first("returned");
  const reverified = first("reverified");
  const word = status?.body.state === "out-of-service" ? "out-of-service" : "in-service";
  return {
    status: word,
    locks: lock?.body.state === "locked" ? [{ by: lock.by, at: at(lock) }] : [],
    ...(returned === undefined ? {} : { returnedAt: at(returned) }),
    ...(reverified === undefined ? {} : { reverifiedAt: at(reverified) }),
  };
}

function checkValues(asset: string, store: EvidenceStore): SnapshotValues {
  const framing = (when: "opening" | "closing") => {
    const found = latestOf(store, "check", asset, when)[0];
    return found === undefined ? {} : { [`${when}Check`]: { at: at(found), result: found.body.result } };
  };
  const checks = latestOf(store, "check", asset, "list", RECORDS_PER_ITEM).map((record) => {
    const { name, result, items } = record.body;
    return { ...(name === undefined ? {} : { name }), at: at(record), by: record.by, result, items: items ?? {} };
  });
  return { ...framing("opening"), ...framing("closing"), ...(checks.length === 0 ? {} : { checks }) };
}

function counterValues(asset: string, store: EvidenceStore, counter: "hours" | "cycles"): SnapshotValues {
  const records = latestOf(store, "counter", asset, counter, RECORDS_PER_ITEM);
  const newest = records[0];
  if (newest === undefined) return {};
  const serviced = records.find(({ body }) => body.atService);
  const highest = highestOf(store.highest(asset, counter, newest.id) as readonly RecordOf<"counter">[]);
  return {
    [counter]: number(newest.body.value),
    ...(serviced === undefined ? {} : { [`${counter}AtService`]: number(serviced.body.value) }),
    ...(highest === undefined ? {} : { [`${counter}HighWater`]: number(highest) }),
  };
}

/** The mark that a counter may not fall below: the highest it ever showed, whether or not its newest record is lower. */
function highestOf(records: readonly RecordOf<"counter">[]): string | undefined {
  let highest: string | undefined;
  for (const { body } of records) {
    const [value, mark] = [parseJsonNumber(body.value), highest === undefined ? undefined : parseJsonNumber(highest)];
    if (value !== undefined && (mark === undefined || compare(value, mark) > 0)) highest = body.value;
  }
  return highest;
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
