import { DAY_MS, dayNumber } from "../../base/civil-time.ts";
import type { Bundle, BundleClause, BundleOverride } from "../../model/bundle.ts";
import { MAX_ANALYSIS_STEPS, MAX_COUNTEREXAMPLES } from "../../model/limits.ts";
import type { PlantCalendar } from "../../model/plant-calendar.ts";
import { askedClauses, type Facts, joined, type WitnessOptions, witness } from "../analysis/witness.ts";
import { subjectOf } from "./clause-words.ts";
import { type Fault, faultsOfClause, instantText, type Scene } from "./faults.ts";
import type { Unproven } from "./never-looser.ts";

/** Facts that the newer contract may allow and the older may block; whoever has a runtime decides them. */
export interface Candidate {
  readonly facts: Facts;
  /** Epoch ms at which they are to be decided. */
  readonly atMs: number;
  /** The clause of the older contract that would be violated. */
  readonly line: number | null;
}

/** Of orders, and of roles, so many are tried. */
const MAX_TRIED = 3;

/** Three shifts a day, or one. */
const shiftTimes: readonly (readonly string[])[] = [["06:00", "14:00", "22:00"], ["06:00"]];

/**
 * A morning; soon after midnight on a plain day, a Monday, the first of a quarter; late at night; just into a shift; the end
 * of a week; the day after February, and a day whose year back is a leap year.
 */
function instants(calendar: PlantCalendar): readonly number[] {
  const at = (year: number, month: number, day: number, minutes: number): number =>
    calendar.instantOf(dayNumber(year, month, day) * DAY_MS + minutes * 60_000);
  return [
    at(2026, 11, 24, 540),
    at(2026, 11, 24, 30),
    at(2026, 11, 23, 30),
    at(2026, 10, 1, 30),
    at(2026, 11, 24, 1410),
    at(2026, 11, 24, 370),
    at(2026, 11, 29, 540),
    at(2026, 3, 1, 540),
    at(2028, 6, 15, 540),
  ];
}

/** Candidates for everything that was not proved, the most telling first; lazily, for the first that holds is enough. */
export function* candidatesFor(
  older: Bundle,
  newer: Bundle | null,
  unproven: readonly Unproven[],
  calendar: PlantCalendar,
): Generator<Candidate> {
  const clauses = Math.max(1, older.clauses.length, newer?.clauses.length ?? 0);
  let left = Math.min(MAX_COUNTEREXAMPLES, Math.ceil(MAX_ANALYSIS_STEPS / clauses));
  for (const scene of scenes(older, newer, calendar)) {
    for (const one of unproven) {
      for (const candidate of candidatesOf(one, older, newer, scene)) {
        if (left === 0) return;
        left -= 1;
        yield candidate;
      }
    }
  }
}

function scenes(bundle: Bundle, newer: Bundle | null, calendar: PlantCalendar): readonly Scene[] {
  const approvers = [bundle, ...(newer === null ? [] : [newer])].flatMap(({ clauses }) =>
    clauses.flatMap((clause) => (clause.kind === "calibration" ? (clause.extension?.roles ?? []) : [])),
  );
  const once = { bundle, calendar, approvers: [...new Set(approvers)].slice(0, MAX_TRIED) };
  return shiftTimes.flatMap((shifts) => instants(calendar).map((nowMs) => ({ ...once, nowMs, shifts })));
}

function* candidatesOf(unproven: Unproven, older: Bundle, newer: Bundle | null, scene: Scene): Generator<Candidate> {
  if (unproven.kind === "scope" || newer === null) yield* unbound(older, scene);
  else if (unproven.kind === "clause") yield* violating(unproven.clause, newer, scene);
  else yield* overriding(unproven.override, older, newer, scene);
}

/** Tests of the older contract's stations and orders for which nothing is known. */
function* unbound({ scope, clauses }: Bundle, { calendar, nowMs }: Scene): Generator<Candidate> {
  for (const order of new Set([scope.order, ...clauses.map((clause) => clause.order)])) {
    const station = { id: "station-1", type: scope.stationType ?? "another" };
    const test = { operator: "operator-1", ...(order === null ? {} : { clientPO: order }) };
    yield { facts: { plantZone: calendar.zone, station, test }, atMs: nowMs, line: null };
  }
}

/** Snapshots that satisfy the newer contract, with each way of violating the clause of the older one. */
function* violating(clause: BundleClause, newer: Bundle, scene: Scene): Generator<Candidate> {
  for (const fault of faultsOfClause(clause, scene)) {
    for (const { asked, options } of ways(clause, newer, scene)) {
      const over = joined(options.over ?? {}, fault.over ?? {});
      const found = witness(asked, { ...options, ...fault, over });
      if (found.ok) yield { facts: acknowledged(found.value, fault), atMs: scene.nowMs, line: clause.line };
    }
  }
}

/** Acknowledgements of other steps stay as the newer contract needs them. */
function acknowledged(facts: Facts, { acks }: Fault): Facts {
  if (acks === undefined) return facts;
  const others = (facts["acks"] as readonly { readonly step: string }[]).filter(({ step }) => step !== acks.step);
  return { ...facts, acks: [...others, ...acks.given] };
}

/** A test that asks the clause, and what of the newer contract it asks. */
interface Way {
  readonly asked: Bundle;
  readonly options: WitnessOptions;
}

/** Orders, test kinds and attributes under which the clause is asked; last, an order that names its condition alone. */
function ways(clause: BundleClause, newer: Bundle, { bundle, calendar, nowMs, shifts }: Scene): readonly Way[] {
  const kind = bundle.conditions.find(({ name }) => name === clause.condition)?.testKind ?? null;
  const order = clause.order ?? bundle.scope.order;
  const base: WitnessOptions = {
    ...{ calendar, nowMs, over: { shifts } },
    ...(kind === null ? {} : { testKind: kind }),
    ...(order === null ? {} : { order }),
  };
  const { attribute } = clause;
  const own = new Map(attribute === null ? [] : [[attribute.equipment, [attribute.attribute]] as const]);
  const options = { ...base, attributes: own };
  const all: WitnessOptions[] = [options];
  if (kind === null) all.push({ ...options, testKind: "another" });
  if (order === null) all.push(...ordersOf(newer).map((one) => ({ ...options, order: one })));
  if (attribute === null && askedClauses(newer, base).length > askedClauses(newer, options).length) all.push(base);
  return [...all.map((one) => ({ asked: newer, options: one })), namedAlone(clause, newer, options)];
}

/** The newer contract may ask something of an order that changes how another clause is judged. */
const ordersOf = ({ clauses }: Bundle): readonly string[] =>
  [...new Set(clauses.flatMap(({ order }) => order ?? []))].slice(0, MAX_TRIED);

/** At a station the contract does not bind, with an order that names one of its conditions. Source: decisions.md B21. */
function namedAlone(clause: BundleClause, newer: Bundle, options: WitnessOptions): Way {
  const order = clause.order ?? "an order";
  const named = newer.clauses.filter(({ condition }) => condition === clause.condition);
  const isKnown = newer.conditions.some(({ name }) => name === clause.condition);
  const tests = [
    {
      name: options.testKind ?? "test",
      ...{ maintenance: newer.contract, maintenance_conditions: [clause.condition] },
    },
  ];
  const orders = [{ id: order, revision: { $number: "1" }, state: "open", tests }];
  const over = joined(options.over ?? {}, { station: { type: "another" }, orders });
  return { asked: isKnown ? { ...newer, clauses: named } : newer, options: { ...options, order, over } };
}

const GRANTED_BEFORE_MS = 60_000;

/** The clauses of both contracts violated, and an override as the newer one's policy has it. */
function* overriding(override: BundleOverride, older: Bundle, newer: Bundle, scene: Scene): Generator<Candidate> {
  const { calendar, nowMs } = scene;
  const instant = (ms: number): string => instantText(ms, calendar);
  for (const clause of older.clauses) {
    const subject = subjectIn(older, clause);
    const record = {
      ...{ id: "override-1", rule: override.reason, subject, reason: "a counterexample" },
      grantedAt: instant(nowMs - Math.min(GRANTED_BEFORE_MS, override.capMs - 1)),
      expiresAt: instant(nowMs - Math.min(GRANTED_BEFORE_MS, override.capMs - 1) + override.capMs),
      approvals: override.roles.map((role, index) => ({ by: `approver-${index + 1}`, role })),
    };
    for (const fault of faultsOfClause(clause, scene)) {
      for (const { asked, options } of ways(clause, newer, scene)) {
        // The readings stay those that satisfy the contract: a limit is violated by one that stands beside them.
        const over = joined(options.over ?? {}, { ...beside(clause, fault, older), overrides: [record] });
        const found = witness(asked, { ...options, over });
        if (found.ok) yield { facts: acknowledged(found.value, fault), atMs: nowMs, line: clause.line };
      }
    }
  }
}

function subjectIn({ equipment, materials }: Bundle, clause: BundleClause): string {
  const name = subjectOf(clause);
  return equipment.find((one) => one.name === name)?.asset ?? materials.find((one) => one.name === name)?.lot ?? name;
}

/** A fault of readings as a value far outside, for no snapshot satisfies both the contract and its violation. */
function beside(clause: BundleClause, fault: Fault, { quantities }: Bundle): Facts {
  if (fault.constraints === undefined || clause.kind !== "reading") return fault.over ?? {};
  const { limit } = clause;
  const quantity = quantities.find(({ name }) => name === clause.quantity);
  const name = quantity?.difference?.left ?? clause.quantity;
  const value = limit.low === null ? `${limit.high?.value ?? "0"}` : `${limit.low.value}`;
  const beyond = limit.low === null ? 1 : -1;
  return { readings: { [name]: { value: { $number: String(Number(value) + beyond) }, unit: limit.unit } } };
}
