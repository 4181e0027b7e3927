import { parseDate, parseInstant, parseMonthEnd, parseTimeOfDay } from "../base/civil-time.ts";
import { parseJsonNumber, type Rational } from "../base/rational.ts";
import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonFromValue,
} from "../base/strict-json.ts";
import type {
  Acknowledgement,
  Approval,
  Calibration,
  CheckRecord,
  Counter,
  EquipmentState,
  Lot,
  OverrideRecord,
  Reading,
  ReadingValue,
  Snapshot,
  SnapshotOrder,
  SnapshotStation,
  SnapshotTest,
  UseCheck,
} from "./snapshot.ts";

/** How an instant's text becomes epoch ms. A bundle's tests also read wall times without offset, snapshots never do. */
export type ReadInstant = (text: string) => number | undefined;

/** Types a snapshot's JSON. Never fails: what cannot be read is missing, unknown fields are ignored. */
export function parseSnapshot(json: Json, readInstant: ReadInstant = parseInstant): Snapshot {
  const given = objectOf(json);
  const read = readerOf(readInstant);
  return everyField((name) => FIELDS[name](given.get(name), read));
}

type FieldName = keyof Snapshot;
type ReadField<K extends FieldName> = (value: Json | undefined, read: FieldReader) => Snapshot[K];

const FIELDS: { readonly [K in FieldName]: ReadField<K> } = {
  plantZone: (value) => textOf(value),
  shifts: (value) => texts(value).flatMap((text) => parseTimeOfDay(text) ?? []),
  station: (value) => stationOf(objectOf(value)),
  orders: (value) => (isJsonArray(value) ? value.flatMap(orderOf) : undefined),
  clock: (value, read) => clockOf(objectOf(value), read),
  test: (value, read) => testOf(objectOf(value), read),
  equipment: (value, read) => mapOf(value, (item) => equipmentOf(item, read)),
  readings: (value, read) => mapOf(value, (item) => readingOf(item, read)),
  acks: (value, read) => objects(value).flatMap((item) => acknowledgementOf(item, read)),
  lots: (value) => mapOf(value, lotOf),
  overrides: (value, read) => objects(value).flatMap((item) => overrideOf(item, read)),
};

const everyField = (fieldOf: <K extends FieldName>(name: K) => Snapshot[K]): Snapshot => ({
  ...{ plantZone: fieldOf("plantZone"), shifts: fieldOf("shifts"), station: fieldOf("station") },
  ...{ orders: fieldOf("orders"), clock: fieldOf("clock"), test: fieldOf("test") },
  ...{ equipment: fieldOf("equipment"), readings: fieldOf("readings"), acks: fieldOf("acks") },
  ...{ lots: fieldOf("lots"), overrides: fieldOf("overrides") },
});

/**
 * A snapshot from JavaScript values in the shape of decisions.md. Numbers count as their shortest decimal; exact decimals travel
 * as `{"$number": "0.1"}`.
 */
export const snapshotFromValues = (value: unknown): Snapshot => parseSnapshot(jsonFromValue(value));

/** One piece of equipment, from the same values; undefined where it is no object. */
export function equipmentFromValues(value: unknown): EquipmentState | undefined {
  const json = jsonFromValue(value);
  return isJsonObject(json) ? equipmentOf(json, ABSOLUTE) : undefined;
}

/** The fields of a snapshot as JavaScript values. */
export type SnapshotFields = { readonly [field: string]: unknown };

/**
 * As `snapshotFromValues`, for somebody who reads many snapshots that have parts in common: a field, or a piece of equipment,
 * that is the same object as before is not read again. So nobody may change one that was read.
 */
export function openSnapshotReader(): (values: SnapshotFields) => Snapshot {
  const read = readerOf(parseInstant);
  const asIs = <K extends FieldName>(name: K) => rememberedFor((value) => FIELDS[name](jsonFromValue(value), read));
  const item = rememberedFor((value) => {
    const json = jsonFromValue(value);
    return isJsonObject(json) ? equipmentOf(json, read) : undefined;
  });
  const equipment = rememberedFor((value) => {
    const items = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
    return new Map(
      items.flatMap(([asset, one]) => {
        const state = item(one);
        return state === undefined ? [] : [[asset, state] as const];
      }),
    );
  });
  const fields: { readonly [K in FieldName]: (value: unknown) => Snapshot[K] } = {
    ...{ plantZone: asIs("plantZone"), shifts: asIs("shifts"), station: asIs("station"), orders: asIs("orders") },
    ...{ clock: asIs("clock"), test: asIs("test"), readings: asIs("readings"), acks: asIs("acks") },
    ...{ lots: asIs("lots"), overrides: asIs("overrides"), equipment },
  };
  return (values) => everyField((name) => fields[name](Object.hasOwn(values, name) ? values[name] : undefined));
}

/** `make`, which is asked once for each object; its answers go when the objects do. */
function rememberedFor<T>(make: (value: unknown) => T): (value: unknown) => T {
  const known = new WeakMap<object, { readonly made: T }>();
  return (value) => {
    if (typeof value !== "object" || value === null) return make(value);
    const before = known.get(value) ?? { made: make(value) };
    known.set(value, before);
    return before.made;
  };
}

interface FieldReader {
  readonly instant: (value: Json | undefined) => number | undefined;
}

const readerOf = (readInstant: ReadInstant): FieldReader => ({
  instant: (value) => (typeof value === "string" ? readInstant(value) : undefined),
});

/** As snapshots are read: no instant without its offset. */
const ABSOLUTE = readerOf(parseInstant);

const EMPTY: JsonObject = new Map();

const objectOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : EMPTY);
const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);
const dayOf = (value: Json | undefined): number | undefined =>
  typeof value === "string" ? parseDate(value) : undefined;
const list = (value: Json | undefined): readonly Json[] => (isJsonArray(value) ? value : []);
const texts = (value: Json | undefined): readonly string[] => list(value).filter((item) => typeof item === "string");
const objects = (value: Json | undefined): readonly JsonObject[] => list(value).filter((item) => isJsonObject(item));

function mapOf<T>(value: Json | undefined, read: (item: JsonObject) => T): ReadonlyMap<string, T> {
  const result = new Map<string, T>();
  for (const [key, item] of objectOf(value)) if (isJsonObject(item)) result.set(key, read(item));
  return result;
}

/** The text of a number, also of `{"$number": "0.1"}`, in which decimals and NaN travel. */
function numberText(value: Json | undefined): string | undefined {
  if (isJsonNumber(value)) return value.text;
  return isJsonObject(value) ? textOf(value.get("$number")) : undefined;
}

function numberOf(value: Json | undefined): Rational | undefined {
  const text = numberText(value);
  return text === undefined ? undefined : parseJsonNumber(text);
}

function clockOf(fields: JsonObject, read: FieldReader): Snapshot["clock"] {
  const attested = fields.get("attested");
  return {
    ...{ highWater: read.instant(fields.get("highWater")), monotonicNow: read.instant(fields.get("monotonicNow")) },
    ...(typeof attested === "boolean" ? { attested } : {}),
  };
}

function stationOf(fields: JsonObject): SnapshotStation {
  const roles = new Map<string, string>();
  for (const [role, asset] of objectOf(fields.get("roles"))) if (typeof asset === "string") roles.set(role, asset);
  return {
    id: textOf(fields.get("id")),
    type: textOf(fields.get("type")),
    attributes: texts(fields.get("attributes")),
    roles,
    orderRequired: fields.get("orderRequired") === true,
  };
}

function orderOf(value: Json): readonly SnapshotOrder[] {
  const fields = objectOf(value);
  const id = textOf(fields.get("id"));
  if (id === undefined) return [];
  const tests = objects(fields.get("tests")).flatMap((test) => {
    const maintenance = textOf(test.get("maintenance"));
    if (maintenance === undefined) return [];
    return [{ name: textOf(test.get("name")), maintenance, conditions: texts(test.get("maintenance_conditions")) }];
  });
  return [{ id, revision: numberOf(fields.get("revision")), open: fields.get("state") === "open", tests }];
}

function testOf(fields: JsonObject, read: FieldReader): SnapshotTest {
  const planned = objectOf(fields.get("planned"));
  return {
    id: textOf(fields.get("id")),
    operator: textOf(fields.get("operator")),
    kind: textOf(fields.get("kind")),
    clientPO: textOf(fields.get("clientPO")),
    startedAt: read.instant(fields.get("startedAt")),
    planned: { hours: numberOf(planned.get("hours")), cycles: numberOf(planned.get("cycles")) },
  };
}

function equipmentOf(fields: JsonObject, read: FieldReader): EquipmentState {
  const calibration = fields.get("calibration");
  return {
    serial: textOf(fields.get("serial")),
    status: textOf(fields.get("status")),
    attributes: texts(fields.get("attributes")),
    locks: list(fields.get("locks")).map((entry) => {
      const lock = objectOf(entry);
      return { by: textOf(lock.get("by")), at: read.instant(lock.get("at")) };
    }),
    returnedAt: read.instant(fields.get("returnedAt")),
    reverifiedAt: read.instant(fields.get("reverifiedAt")),
    onSeconds: numberOf(fields.get("onSeconds")),
    onSince: read.instant(fields.get("onSince")),
    hours: counterOf(fields, "hours"),
    cycles: counterOf(fields, "cycles"),
    events: eventsOf(fields.get("events"), read),
    ranges: rangesOf(fields.get("range")),
    lastUseEndedAt: read.instant(fields.get("lastUseEndedAt")),
    openingCheck: useCheckOf(fields.get("openingCheck"), read),
    closingCheck: useCheckOf(fields.get("closingCheck"), read),
    checks: objects(fields.get("checks")).map((check) => checkOf(check, read)),
    extension: extensionOf(fields.get("extension"), read),
    calibration: isJsonObject(calibration) ? calibrationOf(calibration, read, true) : undefined,
  };
}

const counterOf = (fields: JsonObject, name: "hours" | "cycles"): Counter => ({
  now: numberOf(fields.get(name)),
  atService: numberOf(fields.get(`${name}AtService`)),
  highWater: numberOf(fields.get(`${name}HighWater`)),
});

function eventsOf(value: Json | undefined, read: FieldReader): EquipmentState["events"] {
  if (!isJsonArray(value)) return undefined;
  return value.map((entry) => {
    const event = objectOf(entry);
    return { kind: textOf(event.get("kind")), at: read.instant(event.get("at")) };
  });
}

function rangesOf(value: Json | undefined): EquipmentState["ranges"] {
  const items = list(value);
  const rows = items.some((item) => isJsonArray(item)) ? items : [items];
  return rows.flatMap((row) => {
    const [low, high, unit] = list(row);
    const [from, to, word] = [numberOf(low), numberOf(high), textOf(unit)];
    return from === undefined || to === undefined || word === undefined ? [] : [{ low: from, high: to, unit: word }];
  });
}

const useCheckOf = (value: Json | undefined, read: FieldReader): UseCheck | undefined =>
  isJsonObject(value) ? { at: read.instant(value.get("at")), result: textOf(value.get("result")) } : undefined;

function checkOf(fields: JsonObject, read: FieldReader): CheckRecord {
  const items = new Map<string, boolean>();
  for (const [item, result] of objectOf(fields.get("items"))) items.set(item, result === true || result === "pass");
  return {
    name: textOf(fields.get("name")),
    at: read.instant(fields.get("at")),
    by: textOf(fields.get("by")),
    result: textOf(fields.get("result")),
    items,
  };
}

function extensionOf(value: Json | undefined, read: FieldReader): EquipmentState["extension"] {
  if (!isJsonObject(value)) return undefined;
  return {
    until: dayOf(value.get("until")),
    grantedAt: read.instant(value.get("grantedAt")),
    approvals: approvalsOf(value.get("approvals")),
  };
}

const approvalsOf = (value: Json | undefined): readonly Approval[] =>
  objects(value).flatMap((approval) => {
    const [by, role] = [textOf(approval.get("by")), textOf(approval.get("role"))];
    return by === undefined || role === undefined ? [] : [{ by, role }];
  });

function calibrationOf(fields: JsonObject, read: FieldReader, withHistory: boolean): Calibration {
  const closed = fields.get("impactClosed");
  const closedAt = read.instant(closed);
  return {
    performedOn: dayOf(fields.get("performedOn")),
    dueOn: dayOf(fields.get("dueOn")),
    result: textOf(fields.get("result")),
    certificate: textOf(fields.get("certificate")),
    assetSerial: textOf(fields.get("assetSerial")),
    signature: signatureOf(fields.get("signature")),
    revokedAt: read.instant(fields.get("revokedAt")),
    asFound: textOf(fields.get("asFound")),
    impactClosed: closedAt === undefined ? closed === true : { at: closedAt },
    references: texts(fields.get("references")),
    national: fields.get("national") === true,
    history: withHistory ? objects(fields.get("history")).map((item) => calibrationOf(item, read, false)) : [],
  };
}

/** "Absent or `valid` is fine, anything else is not": so a signature of the wrong type is no valid one. */
function signatureOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : "unreadable";
}

function readingOf(fields: JsonObject, read: FieldReader): Reading {
  return {
    value: readingValue(fields.get("value")),
    unit: textOf(fields.get("unit")) || undefined,
    takenAt: read.instant(fields.get("takenAt")),
    takenWith: textOf(fields.get("takenWith")),
    settledMinutes: numberOf(fields.get("settledMinutes")),
  };
}

/** Source: decisions.md B4. */
function readingValue(value: Json | undefined): ReadingValue {
  if (value === undefined || value === null || value === "UNAVAILABLE") return { kind: "missing" };
  if (typeof value === "string" || typeof value === "boolean") return { kind: "not-a-number" };
  const text = numberText(value);
  if (text === undefined) return { kind: "missing" };
  const number = parseJsonNumber(text);
  return number === undefined ? { kind: "not-a-number" } : { kind: "number", number };
}

function acknowledgementOf(fields: JsonObject, read: FieldReader): readonly Acknowledgement[] {
  const [step, by, at] = [textOf(fields.get("step")), textOf(fields.get("by")), read.instant(fields.get("at"))];
  if (step === undefined || by === undefined || at === undefined) return [];
  return [{ step, by, role: textOf(fields.get("role")), at }];
}

function lotOf(fields: JsonObject): Lot {
  const expires = textOf(fields.get("expires"));
  return {
    lot: textOf(fields.get("lot")),
    expires: expires === undefined ? undefined : (parseDate(expires) ?? parseMonthEnd(expires)),
    openedOn: dayOf(fields.get("openedOn")),
  };
}

function overrideOf(fields: JsonObject, read: FieldReader): readonly OverrideRecord[] {
  const [id, rule, subject] = [textOf(fields.get("id")), textOf(fields.get("rule")), textOf(fields.get("subject"))];
  if (id === undefined || rule === undefined || subject === undefined) return [];
  return [
    {
      id,
      rule,
      subject,
      reason: textOf(fields.get("reason")),
      grantedAt: read.instant(fields.get("grantedAt")),
      expiresAt: read.instant(fields.get("expiresAt")),
      approvals: approvalsOf(fields.get("approvals")),
    },
  ];
}
