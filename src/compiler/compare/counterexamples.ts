import { DAY_MS, dayNumber, parseTimeOfDay, printWithOffset } from "../../base/civil-time.ts";
import type { Bundle, BundleClause, BundleOverride } from "../../model/bundle.ts";
import { MAX_COUNTEREXAMPLES } from "../../model/limits.ts";
import type { PlantCalendar } from "../../model/plant-calendar.ts";
import { askedClauses, type Facts, type WitnessOptions, witness } from "../analysis/witness.ts";
import { subjectOf } from "./clause-words.ts";
import { type Fault, faultsOfClause, type Scene } from "./faults.ts";
import type { Unproven } from "./never-looser.ts";

/** Facts that the newer contract may allow and the older may block; whoever has a runtime decides them. */
export interface Candidate {
  readonly facts: Facts;
  /** Epoch ms at which they are to be decided. */
  readonly atMs: number;
  /** The clause of the older contract that would be violated. */
  readonly line: number | null;
}

const SHIFTS = ["06:00", "14:00", "22:00"].flatMap((time) => parseTimeOfDay(time) ?? []);

/** A morning; soon after midnight on a plain day, a Monday, the first of a quarter; late at night. */
function instants(calendar: PlantCalendar): readonly number[] {
  const at = (month: number, day: number, minutes: number): number =>
    calendar.instantOf(dayNumber(2026, month, day) * DAY_MS + minutes * 60_000);
  return [at(11, 24, 540), at(11, 24, 30), at(11, 23, 30), at(10, 1, 30), at(11, 24, 1410), at(11, 24, 370)];
}

/** Candidates for everything that was not proved, the most telling first; lazily, for the first that holds is enough. */
export function* candidatesFor(
  older: Bundle,
  newer: Bundle | null,
  unproven: readonly Unproven[],
  calendar: PlantCalendar,
): Generator<Candidate> {
  let left = MAX_COUNTEREXAMPLES;
  for (const one of unproven) {
    for (const atMs of instants(calendar)) {
      const scene: Scene = { bundle: older, calendar, nowMs: atMs, shifts: SHIFTS };
      for (const candidate of candidatesOf(one, older, newer, scene)) {
        if (left === 0) return;
        left -= 1;
        yield candidate;
      }
    }
  }
}

function* candidatesOf(unproven: Unproven, older: Bundle, newer: Bundle | null, scene: Scene): Generator<Candidate> {
  if (unproven.kind === "scope" || newer === null) yield unbound(older, scene);
  else if (unproven.kind === "clause") yield* violating(unproven.clause, newer, scene);
  else yield* overriding(unproven.override, older, newer, scene);
}

/** A test of the older contract's station and order for which nothing is known. */
function unbound({ scope }: Bundle, { calendar, nowMs }: Scene): Candidate {
  return {
    facts: {
      plantZone: calendar.zone,
      station: { id: "station-1", type: scope.stationType ?? "another" },
      test: { operator: "operator-1", ...(scope.order === null ? {} : { clientPO: scope.order }) },
    },
    atMs: nowMs,
    line: null,
  };
}

/** Snapshots that satisfy the newer contract, with each way of violating the clause of the older one. */
function* violating(clause: BundleClause, newer: Bundle, scene: Scene): Generator<Candidate> {
  for (const fault of faultsOfClause(clause, scene)) {
    for (const options of ways(clause, newer, scene)) {
      const found = witness(newer, { ...options, ...fault });
      if (found.ok) yield { facts: found.value, atMs: scene.nowMs, line: clause.line };
    }
  }
}

/** Orders, test kinds and attributes under which the clause is asked. */
function ways(clause: BundleClause, newer: Bundle, { bundle, calendar, nowMs }: Scene): readonly WitnessOptions[] {
  const kind = bundle.conditions.find(({ name }) => name === clause.condition)?.testKind ?? null;
  const order = clause.order ?? bundle.scope.order;
  const base = {
    ...{ calendar, nowMs },
    ...(kind === null ? {} : { testKind: kind }),
    ...(order === null ? {} : { order }),
  };
  const { attribute } = clause;
  const own = new Map(attribute === null ? [] : [[attribute.equipment, [attribute.attribute]] as const]);
  const withOwn = { ...base, attributes: own };
  const plain = kind === null ? [{ ...withOwn, testKind: "another" }] : [];
  const asksOthers = askedClauses(newer, base).length > askedClauses(newer, withOwn).length;
  return [withOwn, ...plain, ...(asksOthers && attribute === null ? [base] : [])];
}

const GRANTED_BEFORE_MS = 60_000;

/** The clauses of both contracts violated, and an override as the newer one's policy has it. */
function* overriding(override: BundleOverride, older: Bundle, newer: Bundle, scene: Scene): Generator<Candidate> {
  const { calendar, nowMs } = scene;
  const instant = (ms: number): string => printWithOffset(ms, calendar.offsetAt(ms));
  for (const clause of older.clauses) {
    const subject = subjectIn(older, clause);
    const record = {
      ...{ id: "override-1", rule: override.reason, subject, reason: "a counterexample" },
      grantedAt: instant(nowMs - Math.min(GRANTED_BEFORE_MS, override.capMs - 1)),
      expiresAt: instant(nowMs - Math.min(GRANTED_BEFORE_MS, override.capMs - 1) + override.capMs),
      approvals: override.roles.map((role, index) => ({ by: `approver-${index + 1}`, role })),
    };
    for (const fault of faultsOfClause(clause, scene)) {
      for (const options of ways(clause, newer, scene)) {
        // The readings stay those that satisfy the contract: a limit is violated by one that stands beside them.
        const over = { ...beside(clause, fault, older), overrides: [record] };
        const found = witness(newer, { ...options, over });
        if (found.ok) yield { facts: found.value, atMs: nowMs, line: clause.line };
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
