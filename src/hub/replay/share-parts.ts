import type { EquipmentState, Snapshot } from "../../model/snapshot.ts";
import { equipmentFromValues, openSnapshotReader } from "../../model/snapshot-parse.ts";

/** JSON as `JSON.parse` makes it: nobody changes it. */
type Fields = { readonly [field: string]: unknown };

/** A piece of equipment in two parts: what is one text for months, and what changes while it is used. */
export interface SharedItem {
  readonly rest: Fields;
  readonly moving: Fields;
}

/** A snapshot whose parts are the same objects as those of the snapshot before, wherever they are equal. */
export interface SharedSnapshot {
  /** All but the equipment. */
  readonly fields: Fields;
  readonly equipment: ReadonlyMap<string, SharedItem>;
}

/** Members of a piece of equipment that change while it is used. */
const MOVING: ReadonlySet<string> = new Set([
  ...["onSeconds", "onSince", "lastUseEndedAt", "openingCheck", "closingCheck", "checks"],
  ...["hours", "hoursAtService", "hoursHighWater", "cycles", "cyclesAtService", "cyclesHighWater"],
]);

/** Fields of a snapshot whose members change one by one; all others are one part each. */
const BY_MEMBER: ReadonlySet<string> = new Set(["readings", "lots"]);

const EMPTY: SharedSnapshot = { fields: {}, equipment: new Map() };

/**
 * Snapshots of one node one after the other: whatever part of one equals that of the one before becomes the same object, so that
 * those who type and spell it do so once. From one test to the next nearly all parts are equal.
 */
export function openPartSharing(): (snapshot: Fields) => SharedSnapshot {
  let before = EMPTY;
  return (snapshot) => {
    const fields: { [field: string]: unknown } = Object.create(null);
    for (const [field, now] of Object.entries(snapshot)) {
      if (field === "equipment") continue;
      const then = own(before.fields, field);
      const isByMember = BY_MEMBER.has(field) && isFields(then) && isFields(now);
      fields[field] = isByMember ? sharedMembers(then, now) : either(then, now);
    }
    before = { fields, equipment: sharedEquipment(before.equipment, own(snapshot, "equipment")) };
    return before;
  };
}

function sharedEquipment(before: SharedSnapshot["equipment"], now: unknown): SharedSnapshot["equipment"] {
  const shared = new Map<string, SharedItem>();
  let isSame = true;
  for (const [name, item] of Object.entries(isFields(now) ? now : {})) {
    if (!isFields(item)) continue;
    const then = before.get(name);
    const one = sharedItem(then, item);
    isSame &&= one === then;
    shared.set(name, one);
  }
  return isSame && shared.size === before.size ? before : shared;
}

function sharedItem(then: SharedItem | undefined, item: Fields): SharedItem {
  const rest: { [member: string]: unknown } = Object.create(null);
  const moving: { [member: string]: unknown } = Object.create(null);
  for (const member of Object.keys(item)) (MOVING.has(member) ? moving : rest)[member] = item[member];
  if (then === undefined) return { rest, moving };
  const [isRest, isMoving] = [isEqualJson(then.rest, rest), isEqualJson(then.moving, moving)];
  if (isRest && isMoving) return then;
  return { rest: isRest ? then.rest : rest, moving: isMoving ? then.moving : moving };
}

function sharedMembers(then: Fields, now: Fields): Fields {
  const names = Object.keys(now);
  const shared: { [name: string]: unknown } = Object.create(null);
  let isSame = names.length === Object.keys(then).length;
  for (const name of names) {
    const one = either(own(then, name), now[name]);
    isSame &&= Object.hasOwn(then, name) && one === then[name];
    shared[name] = one;
  }
  return isSame ? then : shared;
}

/** Types shared snapshots: what was typed before is not typed again. */
export function openSharedReader(): (snapshot: SharedSnapshot) => Snapshot {
  const read = openSnapshotReader();
  const readItem = (item: Fields): EquipmentState => equipmentFromValues(item) as EquipmentState;
  const [rests, items] = [new WeakMap<Fields, EquipmentState>(), new WeakMap<SharedItem, EquipmentState>()];
  const typed = (one: SharedItem): EquipmentState => {
    const known = items.get(one);
    if (known !== undefined) return known;
    const rest = rests.get(one.rest) ?? readItem(one.rest);
    rests.set(one.rest, rest);
    const { onSeconds, onSince, hours, cycles, lastUseEndedAt, openingCheck, closingCheck, checks } = readItem(
      one.moving,
    );
    const moving = { onSeconds, onSince, hours, cycles, lastUseEndedAt, openingCheck, closingCheck, checks };
    const whole = { ...rest, ...moving };
    items.set(one, whole);
    return whole;
  };
  return ({ fields, equipment }) => ({
    ...read(fields),
    equipment: new Map([...equipment].map(([name, item]) => [name, typed(item)])),
  });
}

const own = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

const either = (then: unknown, now: unknown): unknown => (isEqualJson(then, now) ? then : now);

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether two JSON values say the same; the order of members is part of what is spelled, so it counts. */
export function isEqualJson(a: unknown, b: unknown): boolean {
  if (a === b) return !Object.is(a, 0) || Object.is(b, 0);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index += 1) if (!isEqualJson(a[index], b[index])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const [names, others] = [Object.keys(a), Object.keys(b)];
  if (names.length !== others.length) return false;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    if (name !== others[index] || !isEqualJson((a as Fields)[name], (b as Fields)[name])) return false;
  }
  return true;
}
