import { printDate, printWithOffset } from "../../base/civil-time.ts";
import { compare, parseDecimal, rational } from "../../base/rational.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Bundle, BundleClause, ClauseKind, ReadingClause } from "../../model/bundle.ts";
import { MAX_ANALYSIS_STEPS } from "../../model/limits.ts";
import { addCalendarSpan, type PlantCalendar } from "../../model/plant-calendar.ts";
import type { Constraint } from "./difference-constraints.ts";
import type { RoundValue } from "./round-value.ts";
import { solveReadings } from "./solve-readings.ts";

/** A snapshot as decisions.md has it: plain values, decimals under `{"$number": "…"}`, instants with the plant's offset. */
export type Facts = { readonly [key: string]: unknown };

export interface WitnessOptions {
  /** The plant's, for its zone and offsets. */
  readonly calendar: PlantCalendar;
  /** Epoch ms of the test that is about to start. */
  readonly nowMs: number;
  /** The client order of the test; left out, the one the contract is for, if any. */
  readonly order?: string;
  /** Left out, the conditions of every kind of test are asked, as `maint eval` does. */
  readonly testKind?: string;
  /** Attributes by equipment role; left out, every attribute that a clause speaks of, so that each clause is asked. */
  readonly attributes?: ReadonlyMap<string, readonly string[]>;
  /** Readings that stand already, by quantity, whatever the clauses say; the others are chosen around them. */
  readonly readings?: ReadonlyMap<string, RoundValue>;
  /** Asked of the readings besides what the clauses ask, in base units. */
  readonly constraints?: readonly Constraint<null>[];
  /** Laid over the snapshot in the end: objects join, everything else replaces. */
  readonly over?: Facts;
}

/** Why there is no snapshot; `clauses` are those that exclude each other, empty where the search gave up. */
export interface NoWitness {
  readonly message: string;
  readonly clauses: readonly ReadingClause[];
}

/**
 * A snapshot that satisfies every clause of a bundle that is asked at the instant: everything calibrated today, read, checked and
 * acknowledged now. Clauses that warn are satisfied too where that is possible. A caller that must be sure decides it.
 */
export function witness(bundle: Bundle, options: WitnessOptions): Result<Facts, NoWitness> {
  const asked = askedClauses(bundle, options);
  const readings = solved(bundle, asked, options);
  if (!readings.ok) return readings;
  const draft = newDraft(bundle, options);
  for (const clause of asked) write(clause, draft);
  for (const [name, reading] of readings.value) writeReading(name, reading, asked, draft);
  return ok(joined(snapshotOf(draft), options.over ?? {}));
}

/** The clauses that are asked of a test with this order and kind, where the equipment has these attributes. */
export function askedClauses(bundle: Bundle, { order, testKind, attributes }: WitnessOptions): readonly BundleClause[] {
  const kinds = new Map(bundle.conditions.map((condition) => [condition.name, condition.testKind]));
  const clientPO = order ?? bundle.scope.order;
  return bundle.clauses.filter((clause) => {
    const kind = kinds.get(clause.condition) ?? null;
    const { attribute } = clause;
    return (
      (clause.order === null || clause.order === clientPO) &&
      (kind === null || testKind === undefined || kind === testKind) &&
      (attribute === null ||
        attributes === undefined ||
        (attributes.get(attribute.equipment) ?? []).includes(attribute.attribute))
    );
  });
}

function solved(
  bundle: Bundle,
  asked: readonly BundleClause[],
  { readings = new Map(), constraints = [] }: WitnessOptions,
): Result<ReadonlyMap<string, RoundValue>, NoWitness> {
  const quantities = new Map(bundle.quantities.map((quantity) => [quantity.name, quantity]));
  const all = asked.filter((clause) => clause.kind === "reading");
  const must = all.filter(({ strictness }) => strictness === "must");
  const quantityOf = (name: string) => quantities.get(name);
  const solve = (clauses: readonly ReadingClause[]) =>
    solveReadings({ clauses, quantityOf, more: constraints, fixed: readings }, { steps: MAX_ANALYSIS_STEPS });
  let found = solve(all);
  if (found.kind !== "values" && must.length < all.length) found = solve(must);
  switch (found.kind) {
    case "values":
      return ok(found.values);
    case "conflict":
      return fail({ message: "no readings satisfy these clauses together", clauses: found.clauses });
    case "undecided":
      return fail({ message: "no readings were found within the limits of the search", clauses: [] });
  }
}

type Fields = { [key: string]: unknown };

/** The snapshot while clauses write what they need into it. */
interface Draft {
  readonly bundle: Bundle;
  readonly options: WitnessOptions;
  /** Role → asset where a station has to bind one other than the default. */
  readonly roles: ReadonlyMap<string, string>;
  readonly now: string;
  readonly today: number;
  readonly equipment: Map<string, Fields>;
  readonly lots: Map<string, Fields>;
  readonly readings: Map<string, Fields>;
  readonly acks: Fields[];
  readonly planned: Map<"hours" | "cycles", string>;
}

const OPERATOR = "operator-1";
const number = (text: string) => ({ $number: text });

function newDraft(bundle: Bundle, options: WitnessOptions): Draft {
  const { calendar, nowMs } = options;
  const draft: Draft = {
    ...{ bundle, options, roles: sharedInstruments(bundle) },
    now: printWithOffset(nowMs, calendar.offsetAt(nowMs)),
    today: calendar.dayOf(nowMs),
    ...{ equipment: new Map(), lots: new Map(), readings: new Map(), acks: [], planned: new Map() },
  };
  for (const { name } of bundle.equipment) itemOf(name, draft);
  return draft;
}

/** A reading has one instrument: where clauses ask for two roles, one asset plays both. */
function sharedInstruments(bundle: Bundle): ReadonlyMap<string, string> {
  const roles = new Map<string, string>();
  const byQuantity = new Map<string, string>();
  const asset = (role: string): string => roles.get(role) ?? defaultOf(bundle, role);
  for (const clause of bundle.clauses) {
    if (clause.kind !== "reading" || clause.readWith === null) continue;
    const { difference = null } = bundle.quantities.find(({ name }) => name === clause.quantity) ?? {};
    for (const name of difference === null ? [clause.quantity] : [difference.left, difference.right]) {
      const first = byQuantity.get(name) ?? clause.readWith;
      byQuantity.set(name, first);
      if (asset(first) === asset(clause.readWith)) continue;
      const [from, to] = [asset(clause.readWith), asset(first)];
      for (const role of bundle.equipment) if (asset(role.name) === from) roles.set(role.name, to);
    }
  }
  return roles;
}

function defaultOf({ equipment, materials }: Bundle, role: string): string {
  const byDefault =
    equipment.find(({ name }) => name === role)?.asset ?? materials.find(({ name }) => name === role)?.lot;
  return byDefault ?? role;
}

const assetOf = (role: string, { bundle, roles }: Draft): string => roles.get(role) ?? defaultOf(bundle, role);

/** In the register, in service, calibrated today; nothing ever happened to it. */
function itemOf(role: string, draft: Draft): Fields {
  const asset = assetOf(role, draft);
  const known = draft.equipment.get(asset);
  if (known !== undefined) return known;
  const { bundle, options, today } = draft;
  const roles = bundle.equipment.filter(({ name }) => assetOf(name, draft) === asset).map(({ name }) => name);
  const spoken = bundle.clauses.flatMap(({ attribute }) =>
    attribute !== null && roles.includes(attribute.equipment) ? [attribute.attribute] : [],
  );
  const attributes =
    options.attributes === undefined ? spoken : roles.flatMap((name) => options.attributes?.get(name) ?? []);
  const dueOn = printDate(addCalendarSpan(today, { kind: "calendar", count: 1, unit: "year" }));
  const item: Fields = {
    status: "in-service",
    attributes: [...new Set(attributes)],
    locks: [],
    events: [],
    calibration: { performedOn: printDate(today), dueOn, result: "pass", certificate: `certificate of ${asset}` },
  };
  draft.equipment.set(asset, item);
  return item;
}

/** A kind that is not here finds its equipment in the register: whether that is enough, a decision says. */
type Writers = {
  readonly [K in ClauseKind]?: (clause: Extract<BundleClause, { readonly kind: K }>, draft: Draft) => void;
};

const writers: Writers = {
  calibration: (clause, draft) => {
    const item = itemOf(clause.equipment, draft);
    if (clause.cycles !== null) Object.assign(item, unused("cycles"));
    if (clause.referencesWithin === null) return;
    // A standard is judged at noon: one that is good for hours only is never good then, so the item is itself national.
    const certificate = item["calibration"] as Fields;
    if (clause.referencesWithin.kind === "elapsed") certificate["national"] = true;
    else certificate["references"] = [standardOf(draft)];
  },
  "warm-up": (clause, draft) => {
    raise(itemOf(clause.equipment, draft), "onSeconds", String(Math.ceil(clause.ms / 1000)));
  },
  reading: () => {},
  use: (clause, draft) => {
    Object.assign(itemOf(clause.equipment, draft), unused(clause.counter));
    const limit = parseDecimal(clause.every) ?? rational(0n);
    const fits = compare(limit, rational(1n)) >= 0;
    if (!fits || !draft.planned.has(clause.counter)) draft.planned.set(clause.counter, fits ? "1" : "0");
  },
  events: (clause, draft) => {
    itemOf(clause.equipment, draft);
  },
  acknowledgement: ({ who, step }, draft) => {
    const people = who.kind === "people" ? who.count : 1;
    for (let index = 1; index <= people; index++) {
      const by = who.kind === "role" ? `${who.role.toLowerCase()}-1` : index === 1 ? OPERATOR : `person-${index}`;
      const role = who.kind === "role" ? { role: who.role } : {};
      draft.acks.push({ step, by, ...role, at: draft.now });
    }
  },
  "service-state": (clause, draft) => {
    itemOf(clause.equipment, draft);
  },
  "before-and-after-use": (clause, draft) => {
    const item = itemOf(clause.equipment, draft);
    item["openingCheck"] = { at: draft.now, result: "pass" };
  },
  "shelf-life": (clause, draft) => {
    const id = assetOf(clause.material, draft);
    const expires = printDate(addCalendarSpan(draft.today, { kind: "calendar", count: 1, unit: "year" }));
    const opened = clause.openedWithin?.kind === "calendar" ? { openedOn: printDate(draft.today) } : {};
    draft.lots.set(id, { ...opened, ...draft.lots.get(id), lot: id, expires });
  },
  "check-list": (clause, draft) => {
    const item = itemOf(clause.equipment, draft);
    const [check] = (item["checks"] ?? []) as Fields[];
    const passed = Object.fromEntries(clause.items.map((name) => [name, true]));
    const items = { ...(check?.["items"] as Fields | undefined), ...passed };
    item["checks"] = [{ name: clause.equipment, at: draft.now, by: OPERATOR, result: "pass", items }];
  },
};

function write<K extends ClauseKind>(clause: Extract<BundleClause, { readonly kind: K }>, draft: Draft): void {
  const writer = writers[clause.kind as K] as ((clause: BundleClause, draft: Draft) => void) | undefined;
  if (writer !== undefined) writer(clause, draft);
  else if ("equipment" in clause) itemOf(clause.equipment, draft);
}

const unused = (counter: "hours" | "cycles"): Fields => ({
  [counter]: number("0"),
  [`${counter}AtService`]: number("0"),
});

/** The most that any clause asks for. */
function raise(fields: Fields, name: string, value: string): void {
  const before = fields[name] as { readonly $number: string } | undefined;
  if (before === undefined || Number(before.$number) < Number(value)) fields[name] = number(value);
}

function standardOf(draft: Draft): string {
  const id = "national standard";
  const day = printDate(draft.today);
  draft.equipment.set(id, { calibration: { performedOn: day, result: "pass", national: true } });
  return id;
}

function writeReading(name: string, { value, unit }: RoundValue, asked: readonly BundleClause[], draft: Draft): void {
  const fields: Fields = { value: number(value), unit, takenAt: draft.now };
  for (const clause of asked) {
    if (clause.kind !== "reading") continue;
    const { difference = null } = draft.bundle.quantities.find((one) => one.name === clause.quantity) ?? {};
    const isAbout = clause.quantity === name || difference?.left === name || difference?.right === name;
    if (!isAbout) continue;
    if (clause.readWith !== null) fields["takenWith"] = assetOf(clause.readWith, draft);
    if (clause.settledMs !== null) raise(fields, "settledMinutes", String(Math.ceil(clause.settledMs / 60_000)));
  }
  draft.readings.set(name, fields);
}

function snapshotOf(draft: Draft): Facts {
  const { bundle, options, roles, equipment, lots, readings, acks, planned, now } = draft;
  const { stationType, order } = bundle.scope;
  const clientPO = options.order ?? order;
  return {
    plantZone: options.calendar.zone,
    shifts: ["06:00", "14:00", "22:00"],
    station: {
      id: "station-1",
      ...(stationType === null ? {} : { type: stationType }),
      ...(roles.size === 0 ? {} : { roles: Object.fromEntries(roles) }),
    },
    ...(clientPO === null ? {} : { orders: [{ id: clientPO, revision: number("1"), state: "open", tests: [] }] }),
    clock: { highWater: now, monotonicNow: now },
    test: {
      operator: OPERATOR,
      ...(options.testKind === undefined ? {} : { kind: options.testKind }),
      ...(clientPO === null ? {} : { clientPO }),
      ...(planned.size === 0
        ? {}
        : { planned: Object.fromEntries([...planned].map(([counter, use]) => [counter, number(use)])) }),
    },
    equipment: Object.fromEntries(equipment),
    readings: Object.fromEntries(readings),
    lots: Object.fromEntries(lots),
    acks,
  };
}

const isFields = (value: unknown): value is Facts =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("$number" in value);

/** Objects join, everything else of `over` replaces what stood there. */
export function joined(under: Facts, over: Facts): Facts {
  const both = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = both.get(key);
    both.set(key, isFields(below) && isFields(value) ? joined(below, value) : value);
  }
  return Object.fromEntries(both);
}
