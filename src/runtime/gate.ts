import { assert } from "../base/assert.ts";
import type { Decision, EngineChoice } from "../model/decision.ts";
import { DECISION_BUDGET_MS } from "../model/limits.ts";
import { openPlantCalendar, type PlantCalendar } from "../model/plant-calendar.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { snapshotFromValues } from "../model/snapshot-parse.ts";
import type { ZoneTransitions } from "../model/zone.ts";
import { blockedDecision, type DecideInput, decide, decideFast } from "./decide.ts";
import { detailOf } from "./explain.ts";
import { type Finding, finding } from "./facts/part.ts";
import type { AlertSink, Clock, EvidenceStore, Journal, TestRequest, TestResult, TestRuns } from "./ports.ts";
import { indexReleases, type Release, type ReleaseIndex } from "./selection.ts";

export interface GateOptions {
  /** What is in force or will be; changed as a whole with `Gate.use`. */
  readonly bundles: readonly Release[];
  readonly evidence: EvidenceStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly zone: ZoneTransitions;
  /** For `decide`; `check` and `guard` have the own evaluator alone. */
  readonly engine?: EngineChoice;
  readonly node?: string | null;
  readonly alerts?: AlertSink;
  /** Hears when a test that `guard` lets through starts and ends. */
  readonly runs?: TestRuns;
}

/** A decision and its ledger position; null where it could not be written, and then it is a blocked one. */
export interface GateAnswer {
  readonly decision: Decision;
  readonly ledgerSeq: number | null;
}

export interface Gate {
  /** Never rejects and never allows what is not on disk. */
  readonly decide: (request: TestRequest) => Promise<GateAnswer>;
  /** The same at once, over ports that answer at once; one that answers later blocks. Never throws. */
  readonly check: (request: TestRequest) => GateAnswer;
  /**
   * Runs a test only when it is allowed, and tells its start and its end. Answers what the test answers, a promise where it is
   * one. @throws TestBlocked before the test, and what the test throws
   */
  readonly guard: <T>(request: TestRequest, test: () => T) => T;
  /** Another set of releases; a decision under way keeps the one it began with. */
  readonly use: (bundles: readonly Release[], zone?: ZoneTransitions) => void;
}

/** The test must not start. `message` holds the reasons, and what to do, for whoever reads a test log. */
export class TestBlocked extends Error {
  readonly code = "MAINT_ERR_TEST_BLOCKED";
  readonly decision: Decision;
  readonly ledgerSeq: number | null;
  constructor({ decision, ledgerSeq }: GateAnswer) {
    const todo = decision.getToGreen.map(({ text, who }) => `\n  to do: ${text} (${who})`).join("");
    super(`the test must not start: ${decision.reasons.join(", ")}${todo}`);
    this.name = "TestBlocked";
    this.decision = decision;
    this.ledgerSeq = ledgerSeq;
  }
}

/** What a decision holds on to from its beginning to its end. */
interface InUse {
  readonly releases: ReleaseIndex;
  readonly calendar: PlantCalendar;
}

/** One request under way. */
interface Case extends InUse {
  readonly request: TestRequest;
  readonly now: number;
  readonly begunMs: number;
}

/** Opens a gate over ports: file adapters live elsewhere. @throws AssertionFailed where the zone's transitions are none */
export function openGate(options: GateOptions): Gate {
  const { engine = "both" } = options;
  let inUse: InUse = { releases: indexReleases(options.bundles), calendar: openPlantCalendar(options.zone) };
  const gate: Gate = {
    decide: async (request) => {
      const opened = open(request, inUse, options);
      const decision = await judge(opened, options, engine);
      try {
        return confirm(decision, await options.journal.append(decision), options);
      } catch {
        return unwritten(opened, options, engine);
      }
    },
    check: (request) => {
      const opened = open(request, inUse, options);
      const decision = judgeAtOnce(opened, options);
      try {
        return confirm(decision, atOnce(options.journal.append(decision), "the journal"), options);
      } catch {
        return unwritten(opened, options, "fast");
      }
    },
    guard: (request, test) => guard(gate.check(request), request, test, options),
    use: (bundles, zone) => {
      inUse = {
        releases: indexReleases(bundles),
        calendar: zone === undefined ? inUse.calendar : openPlantCalendar(zone),
      };
    },
  };
  return gate;
}

const UNREADABLE: TestRequest = {
  ...{ test: null, kind: null, order: null, operator: null },
  planned: { hours: null, cycles: null },
};

type Opened = { readonly case: Case; readonly fault: null } | { readonly case: Case; readonly fault: Finding };

/** Reads the request and the clocks once: whatever they answer later, or however they throw, is one case. */
function open(request: TestRequest, inUse: InUse, { clock }: GateOptions): Opened {
  let now = 0;
  let begunMs = 0;
  try {
    now = clock.nowMs();
    begunMs = clock.monotonicMs();
    assert(
      Number.isSafeInteger(now) && inUse.calendar.covers(now),
      "the clock shows no instant of the plant's calendar",
    );
    const { test, kind, order, operator, planned } = request;
    const asked = { test, kind, order, operator, planned: { hours: planned.hours, cycles: planned.cycles } };
    return { case: { ...inUse, request: asked, now, begunMs }, fault: null };
  } catch (error) {
    const fault = finding("runtime.error", "node", `the request or the clock cannot be read: ${messageOf(error)}`);
    return { case: { ...inUse, request: UNREADABLE, now, begunMs }, fault };
  }
}

async function judge(opened: Opened, options: GateOptions, engine: EngineChoice): Promise<Decision> {
  const blocked = (why: Finding): Decision => block(opened.case, options, engine, why);
  const early = opened.fault ?? noBundle(opened.case);
  if (early !== null) return blocked(early);
  const { request, now, begunMs } = opened.case;
  const { evidence, clock } = options;
  const late = (): Decision => blocked(LATE);
  try {
    // A store that throws before it answers is one that rejects.
    const work = Promise.resolve(evidence.snapshot(request, now))
      .then((snapshot) => decide(inputOf(opened.case, snapshot, options), engine))
      .catch((error: unknown) => blocked(finding("runtime.error", "node", messageOf(error))));
    const timer = clock.after(DECISION_BUDGET_MS);
    const decision = await Promise.race([work, timer.elapsed.then(late)]);
    timer.cancel();
    return isLate(clock, begunMs) ? late() : decision;
  } catch (error) {
    return blocked(finding("runtime.error", "node", messageOf(error)));
  }
}

function judgeAtOnce(opened: Opened, options: GateOptions): Decision {
  const blocked = (why: Finding): Decision => block(opened.case, options, "fast", why);
  const early = opened.fault ?? noBundle(opened.case);
  if (early !== null) return blocked(early);
  const { request, now, begunMs } = opened.case;
  try {
    const snapshot = atOnce(options.evidence.snapshot(request, now), "the evidence store");
    const decision = decideFast(inputOf(opened.case, snapshot, options));
    return isLate(options.clock, begunMs) ? blocked(LATE) : decision;
  } catch (error) {
    return blocked(finding("runtime.error", "node", messageOf(error)));
  }
}

const noBundle = ({ releases }: InUse): Finding | null => (releases.size === 0 ? finding("bundle.none", "node") : null);

/** The budget of one decision, evidence included. A late answer is a blocked one. Source: decisions.md. */
const LATE = finding("runtime.timeout", "node", `no decision within ${DECISION_BUDGET_MS} ms`);

/** A clock that answers no number, or goes back, proves nothing. */
function isLate(clock: Clock, begunMs: number): boolean {
  const passedMs = clock.monotonicMs() - begunMs;
  return !(passedMs >= 0 && passedMs <= DECISION_BUDGET_MS);
}

function atOnce<T extends object>(answer: T | Promise<T>, what: string): T {
  if (!("then" in answer)) return answer;
  // Nobody waits for it any more: its failure is part of the blocked decision, not an unhandled rejection.
  answer.then(undefined, () => undefined);
  throw new Error(`${what} answers later: ask with decide`);
}

const inputOf = ({ releases, calendar, now }: Case, snapshot: Snapshot, { node = null }: GateOptions): DecideInput => ({
  releases,
  snapshot,
  now,
  calendar,
  node,
  assumeBinding: false,
});

/** Written down, and only then an answer. @throws Error where the journal names no position */
function confirm(decision: Decision, { seq }: { readonly seq: number }, { alerts }: GateOptions): GateAnswer {
  if (!Number.isSafeInteger(seq) || seq < 0) throw new Error("the journal names no position");
  if (decision.allow || alerts === undefined) return { decision, ledgerSeq: seq };
  try {
    alerts.blocked(decision, seq);
    return { decision, ledgerSeq: seq };
  } catch (error) {
    // Blocked it is either way; nobody was told, and whoever asked is the only one left to hear that.
    const fault = finding("runtime.error", "node", `the alert could not be given: ${messageOf(error)}`);
    return { decision: withReason(decision, fault), ledgerSeq: seq };
  }
}

const withReason = (decision: Decision, found: Finding): Decision => ({
  ...decision,
  reasons: [...new Set([...decision.reasons, `${found.code}:${found.subject}`])].sort(),
  details: [...decision.details, detailOf("reason", found, null)],
});

function unwritten(opened: Opened, options: GateOptions, engine: EngineChoice): GateAnswer {
  const why = finding("runtime.unavailable", "node", "the decision could not be written down");
  return { decision: block(opened.case, options, engine, why), ledgerSeq: null };
}

function block({ request, now, calendar }: Case, options: GateOptions, engine: EngineChoice, why: Finding): Decision {
  const { test: id, kind, order: clientPO, operator } = request;
  const known = Object.entries({ id, kind, clientPO, operator }).filter(([, value]) => typeof value === "string");
  const snapshot: Snapshot = snapshotFromValues({ test: Object.fromEntries(known) });
  const isInstant = Number.isSafeInteger(now) && calendar.covers(now);
  const when = isInstant ? { now, calendar } : { now: 0, calendar: null };
  return blockedDecision({ snapshot, ...when, node: options.node ?? null }, why, engine);
}

function guard<T>(answer: GateAnswer, request: TestRequest, test: () => T, { runs, clock }: GateOptions): T {
  if (answer.decision.allow !== true || answer.ledgerSeq === null) throw new TestBlocked(answer);
  runs?.started(request, answer.ledgerSeq, clock.nowMs());
  const ended = (result: TestResult): void => runs?.ended(request, result, clock.nowMs());
  let outcome: T;
  try {
    outcome = test();
  } catch (error) {
    ended("aborted");
    throw error;
  }
  if (!(outcome instanceof Promise)) {
    ended("finished");
    return outcome;
  }
  return outcome.then(
    (value: unknown) => {
      ended("finished");
      return value;
    },
    (error: unknown) => {
      ended("aborted");
      throw error;
    },
  ) as T;
}

const messageOf = (error: unknown): string => {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "an error that cannot be read";
  }
};
