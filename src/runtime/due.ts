import { DAY_MS, printWithOffset } from "../base/civil-time.ts";
import type { BundleClause } from "../model/bundle.ts";
import type { DecisionDetail, Remedy } from "../model/decision.ts";
import { FUTURE_TOLERANCE_MS, MAX_DUE_INSTANTS } from "../model/limits.ts";
import type { PlantCalendar } from "../model/plant-calendar.ts";
import type { Calibration, Snapshot } from "../model/snapshot.ts";
import { type DecideInput, decideFast } from "./decide.ts";

/** Something that lapses: from `fromMs` on, with the evidence there is, every test it binds is blocked, or warned. */
export interface DueItem {
  readonly code: string;
  readonly subject: string;
  readonly severity: "reason" | "warning";
  /** Epoch ms; the instant asked for where it holds already. */
  readonly fromMs: number;
  /** The same in plant time. */
  readonly from: string;
  readonly holdsAlready: boolean;
  /** What people do every day or shift anyway: acknowledgements, readings, checks, warming up. */
  readonly routine: boolean;
  readonly text: string;
  readonly contract: string | null;
  readonly condition: string | null;
  readonly line: number | null;
  readonly remedy: Remedy | null;
}

const ROUTINE = /^(ack|reading|check|warmup|settle)\./;

/**
 * What lapses from `input.now` to `untilMs`, in the order in which it does, by the evidence of the snapshot: new evidence
 * changes it, a counter is not extrapolated. Clock rules are left out, since the instants lie ahead.
 * @throws RangeError where the span holds more instants than MAX_DUE_INSTANTS
 */
export function dueWithin(input: DecideInput, untilMs: number): readonly DueItem[] {
  const snapshot: Snapshot = { ...input.snapshot, clock: { highWater: undefined, monotonicNow: undefined } };
  const found = new Map<string, DueItem>();
  for (const at of [input.now, ...changingInstants({ ...input, snapshot }, untilMs)]) {
    const { details, getToGreen } = decideFast({ ...input, snapshot, now: at });
    for (const detail of details) {
      const key = `${detail.severity} ${detail.code}:${detail.subject} ${detail.contract} ${detail.line}`;
      if (!found.has(key)) found.set(key, itemOf(detail, getToGreen, at, input));
    }
  }
  return [...found.values()];
}

function itemOf(
  { severity, code, subject, text, contract, condition, line }: DecisionDetail,
  remedies: readonly Remedy[],
  fromMs: number,
  { calendar, now }: DecideInput,
): DueItem {
  return {
    ...{ code, subject, severity, fromMs, text, contract, condition, line },
    from: printWithOffset(fromMs, calendar.offsetAt(fromMs)),
    holdsAlready: fromMs === now,
    routine: ROUTINE.test(code),
    remedy: remedies.find(({ removes }) => removes.includes(`${code}:${subject}`)) ?? null,
  };
}

/** Every instant behind `now`, to `untilMs`, at which a decision can change while the evidence stays: nothing happens between two. */
export function changingInstants(input: DecideInput, untilMs: number): readonly number[] {
  const { now, calendar, snapshot } = input;
  const ends = Math.min(untilMs, lastCovered(calendar, now, untilMs));
  const spans = elapsedSpans(input);
  const longest = Math.max(0, ...spans);
  const days = midnights(calendar, now - longest, ends + longest);
  const evidence = instantsIn(snapshot, calendar);
  const marks = [...days, ...evidence, ...shiftStarts(snapshot, calendar, now, ends)];
  const shifted = spans.flatMap((span) => [...days, ...evidence].flatMap((at) => [at + span, at - span]));
  const instants = new Set<number>();
  for (const at of [...marks, ...shifted]) if (at > now && at <= ends) instants.add(at);
  atMost(instants.size);
  return [...instants].sort((a, b) => a - b);
}

function atMost(count: number): number {
  if (count > MAX_DUE_INSTANTS) throw new RangeError(`more than ${MAX_DUE_INSTANTS} instants lie in that span`);
  return count;
}

function lastCovered(calendar: PlantCalendar, now: number, untilMs: number): number {
  if (calendar.covers(untilMs)) return untilMs;
  let [low, high] = [now, untilMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (calendar.covers(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function midnights(calendar: PlantCalendar, fromMs: number, untilMs: number): readonly number[] {
  const first = calendar.dayOf(fromMs);
  const count = calendar.dayOf(untilMs) - first + 2;
  return Array.from({ length: atMost(count) }, (_, index) => calendar.startOfDay(first + index));
}

function shiftStarts(
  { shifts }: Snapshot,
  calendar: PlantCalendar,
  fromMs: number,
  untilMs: number,
): readonly number[] {
  const first = calendar.dayOf(fromMs);
  const days = calendar.dayOf(untilMs) - first + 1;
  return shifts.flatMap((minutes) =>
    Array.from({ length: atMost(days) }, (_, index) => calendar.instantOf((first + index) * DAY_MS + minutes * 60_000)),
  );
}

/** Lengths of time that do not follow the calendar, in ms: freshness, intervals, warnings before them. */
function elapsedSpans({ releases }: DecideInput): readonly number[] {
  const spans = new Set<number>();
  for (const { releases: versions } of releases.candidates(undefined, undefined))
    for (const { loaded } of versions) for (const clause of loaded.bundle.clauses) collect(clause, spans);
  return [...spans];
}

/** Any member `ms`, wherever it stands in a clause: a new kind of clause has nothing to add here. */
function collect(value: unknown, into: Set<number>): void {
  if (typeof value !== "object" || value === null) return;
  const { ms } = value as { readonly ms?: unknown };
  if (typeof ms === "number") into.add(ms);
  for (const member of Object.values(value as BundleClause)) collect(member, into);
}

/** Instants and days of the evidence itself: some lie ahead, from others a span is counted. */
function instantsIn(snapshot: Snapshot, calendar: PlantCalendar): readonly number[] {
  const instants: (number | undefined)[] = [snapshot.test.startedAt];
  const day = (value: number | undefined): void => {
    if (value !== undefined) instants.push(calendar.startOfDay(value), calendar.startOfDay(value + 1));
  };
  const calibrations = (calibration: Calibration | undefined): void => {
    if (calibration === undefined) return;
    day(calibration.performedOn);
    day(calibration.dueOn);
    instants.push(calibration.revokedAt);
    if (typeof calibration.impactClosed !== "boolean") instants.push(calibration.impactClosed.at);
    for (const earlier of calibration.history) calibrations(earlier);
  };
  for (const item of snapshot.equipment.values()) {
    calibrations(item.calibration);
    day(item.extension?.until);
    instants.push(item.extension?.grantedAt, item.lastUseEndedAt, item.returnedAt, item.reverifiedAt, item.onSince);
    for (const check of [item.openingCheck, item.closingCheck, ...item.checks]) instants.push(check?.at);
    for (const { at } of [...item.locks, ...(item.events ?? [])]) instants.push(at);
  }
  for (const { takenAt } of snapshot.readings.values()) instants.push(takenAt);
  for (const { at } of snapshot.acks) instants.push(at);
  for (const { expires, openedOn } of snapshot.lots.values()) {
    day(expires);
    day(openedOn);
  }
  for (const { grantedAt, expiresAt } of snapshot.overrides) instants.push(grantedAt, expiresAt);
  return aroundFuture(instants.filter((at) => at !== undefined));
}

/** Evidence dated ahead begins to count five seconds before its date. Source: decisions.md B6. */
const aroundFuture = (instants: readonly number[]): readonly number[] =>
  instants.flatMap((at) => [at, at - FUTURE_TOLERANCE_MS]);
