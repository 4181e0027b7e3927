import { MaintError } from "../base/maint-error.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import { type DecisionMetadata, digestFacts, type SpelledFacts } from "../ledger/receipt.ts";
import type { Bundle } from "../model/bundle.ts";
import type { Decision, EngineChoice } from "../model/decision.ts";
import type { TestRunResult } from "../model/evidence.ts";
import type { LedgerRecord } from "../model/ledger-entry.ts";
import { DECISION_BUDGET_MS, MAX_RUNNING_TESTS } from "../model/limits.ts";
import { openPlantCalendar, type PlantCalendar } from "../model/plant-calendar.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { openSnapshotReader } from "../model/snapshot-parse.ts";
import {
  blockedDecision,
  type DecideInput,
  type DueItem,
  decide,
  decideFast,
  dueWithin,
  finding,
} from "../runtime/index.ts";
import type { Standing } from "./activation.ts";
import type { AgentClock, Moment } from "./agent-clock.ts";
import type { NewAlert } from "./alert-spool.ts";
import { alertsOf } from "./decision-alerts.ts";
import type { Recorder } from "./evidence-service.ts";
import { type GateRequest, type SnapshotValues, snapshotValues } from "./evidence-snapshot.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import type { ReleaseSet, VerifiedRelease } from "./release-set.ts";
import { releasesInForce, vocabularyInForce } from "./releases-in-force.ts";
import { type ShadowTrial, shadowRecords, trialsOf } from "./shadow-decisions.ts";
import { openSnapshotMemory, type SnapshotMemory } from "./snapshot-memory.ts";
import type { EndedRun, TestRun, TestRuns, Used } from "./test-runs.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A decision and where it stands in the node's ledger; null where it could not be written, and then it is a blocked one. */
export interface RecordedDecision {
  readonly decision: Decision;
  readonly ledgerSeq: number | null;
}

/** A decision that allowed a test to start, and the start itself; null where it was blocked. */
export interface StartedTest extends RecordedDecision {
  readonly running: TestRun | null;
}

export interface GateService {
  /** `operator` is the authenticated person, null for a test program. Never rejects: what goes wrong blocks. */
  readonly decide: (request: GateRequest, operator: string | null) => Promise<RecordedDecision>;
  /** What `decide` would say now, written nowhere and raising nothing: it allows nothing. */
  readonly preview: (request: GateRequest, operator: string | null) => Promise<Decision>;
  /** Decides, and where that allows it keeps the start. `request.test` is not null. @throws MaintError MAINT_ERR_CONFLICT where too many tests run */
  readonly start: (request: GateRequest, by: Recorder, operator: string | null) => Promise<StartedTest>;
  /** @throws MaintError MAINT_ERR_CONFLICT where no such test runs */
  readonly end: (test: string, result: TestRunResult | null, by: Recorder) => EndedRun;
  /** What lapses from `fromMs` (else now) to `withinMs` behind it, for every kind of test or one. @throws MaintError where nothing is in force */
  readonly due: (kind: string | null, fromMs: number | null, withinMs: number) => readonly DueItem[];
}

export interface GateOptions {
  readonly node: string;
  readonly engine: EngineChoice;
  readonly clock: AgentClock;
  readonly ledger: LedgerFile;
  readonly evidence: EvidenceStore;
  readonly runs: TestRuns;
  readonly standing: () => Standing;
  /** The latest instant known to be past, epoch ms, for the time source in use. */
  readonly highWaterMs: (moment: Moment) => number | null;
  /** Makes them durable; called after the ledger entry is. */
  readonly raise: (alerts: readonly NewAlert[]) => void;
  readonly onDecided: (decision: Decision) => void;
  /** The ledger takes nothing more: the agent must end. */
  readonly onFatal: (error: unknown) => void;
}

type Ready = Extract<Standing, { readonly kind: "ready" }>;

/** What is the same for every decision under one set. */
interface Basis {
  readonly standing: Ready;
  readonly set: ReleaseSet;
  /** Every release that is at hand, those of the active set first. */
  readonly verified: readonly VerifiedRelease[];
  readonly vocabulary: Vocabulary;
  readonly calendar: PlantCalendar | null;
  readonly releases: DecideInput["releases"];
  readonly trials: readonly ShadowTrial[];
}

/** What is the same from one decision to the next is not read, typed, spelled and hashed again. */
interface Memories {
  readonly memory: SnapshotMemory;
  readonly read: (values: SnapshotValues) => Snapshot;
  readonly spelled: SpelledFacts;
}

type Gate = GateOptions & Memories;

const openMemories = (): Memories => ({
  memory: openSnapshotMemory(),
  read: openSnapshotReader(),
  spelled: new WeakMap(),
});

export function openGateService(given: GateOptions): GateService {
  const options: Gate = { ...given, ...openMemories() };
  let basis: Basis | null = null;
  const basisOf = (standing: Ready): Basis => {
    // The same set stands differently once its hour has come.
    if (basis?.standing !== standing) basis = makeBasis(standing);
    return basis;
  };
  let lastStart: Promise<unknown> = Promise.resolve();
  const start: GateService["start"] = async (request, by, operator) => {
    if (request.test !== null && !options.runs.hasRoomFor(request.test))
      throw new MaintError("MAINT_ERR_CONFLICT", `${MAX_RUNNING_TESTS} tests run here already`, {
        help: "tell the end of those that have ended",
      });
    const { basis: decidedBy, moment, ...decided } = await decideAndRecord(request, operator, options, basisOf);
    if (!decided.decision.allow || request.test === null || decidedBy === null) return { ...decided, running: null };
    const used = usedBy(decided.decision, decidedBy);
    try {
      // The instant of the decision: what came into force since is not what it begins with.
      return { ...decided, running: options.runs.start(request.test, decided.decision, used, by, moment.nowMs) };
    } catch (error) {
      options.onFatal(error);
      const why = "the start of the test could not be written down, so it must not begin";
      const unwritten = blocked("runtime.unavailable", why, bareSnapshot(request, operator), moment, options);
      return { decision: unwritten, ledgerSeq: null, running: null };
    }
  };
  return {
    decide: async (request, operator) => {
      const { decision, ledgerSeq } = await decideAndRecord(request, operator, options, basisOf);
      return { decision, ledgerSeq };
    },
    preview: async (request, operator) => (await judge(request, operator, options, basisOf)).decision,
    start: (request, by, operator) => {
      // One after the other: of two tests that want the same lamp the second must see that the first has it.
      const started = lastStart.then(() => start(request, by, operator));
      lastStart = started.catch(() => undefined);
      return started;
    },
    end: (test, result, by) => options.runs.end(test, result, by, options.clock.now().nowMs),
    due: (kind, fromMs, withinMs) => {
      const standing = options.standing();
      const basis = standing.kind === "ready" ? basisOf(standing) : null;
      return lookAhead(basis, kind, fromMs, withinMs, options);
    },
  };
}

function lookAhead(
  basis: Basis | null,
  kind: string | null,
  fromMs: number | null,
  withinMs: number,
  options: Gate,
): readonly DueItem[] {
  if (basis === null || basis.calendar === null || basis.releases.size === 0)
    throw new MaintError("MAINT_ERR_UNAVAILABLE", "no contract is in force at this node", { exitCode: 69 });
  const moment = options.clock.now();
  const now = fromMs ?? moment.nowMs;
  if (!basis.calendar.covers(now))
    throw new MaintError("MAINT_ERR_BAD_INSTANT", "the plant's calendar does not reach that instant");
  const request: GateRequest = {
    ...{ test: null, kind, order: null, part: null },
    planned: { hours: null, cycles: null },
  };
  const snapshot = snapshotOf(basis, request, null, moment, options, fromMs ?? undefined);
  const { releases, calendar } = basis;
  const facts = options.read(snapshot);
  return dueWithin(
    { ...{ releases, calendar, now }, snapshot: facts, node: options.node, assumeBinding: false },
    now + withinMs,
  );
}

function makeBasis(standing: Ready): Basis {
  const { set } = standing;
  return {
    standing,
    set,
    verified: [set, ...standing.earlier.map((one) => one.set)].flatMap(({ contracts }) => contracts),
    vocabulary: vocabularyInForce(standing),
    calendar: set.zone === null ? null : openPlantCalendar(set.zone),
    releases: releasesInForce(standing),
    trials: trialsOf(standing),
  };
}

/** Every asset that the contracts of a decision name as equipment, by the station's own binding, and those to be checked after it. */
function usedBy({ contracts }: Decision, { set, releases }: Basis): Used {
  const bundles = contracts.flatMap(({ contract, digest }) =>
    (releases.contract(contract)?.releases ?? [])
      .filter(({ loaded }) => loaded.digest === digest)
      .map(({ loaded }) => loaded.bundle),
  );
  const assets = bundles.flatMap(({ equipment }) => equipment.flatMap((item) => assetAt(item, set) ?? []));
  const closing = bundles.flatMap(({ clauses, equipment }) => {
    const framed = clauses.flatMap((clause) => (clause.kind === "before-and-after-use" ? [clause.equipment] : []));
    return equipment.filter(({ name }) => framed.includes(name)).flatMap((item) => assetAt(item, set) ?? []);
  });
  return { assets: [...new Set(assets)], closingChecks: [...new Set(closing)] };
}

const assetAt = ({ name, asset }: Bundle["equipment"][number], { register }: ReleaseSet): string | null => {
  const roles = register?.roles ?? {};
  return (Object.hasOwn(roles, name) ? roles[name] : undefined) ?? asset;
};

/** A contract that a running test began with in a release that is at hand no more; judged by another it could be allowed too much. */
function lostContract(test: string | null, { releases }: Basis, { runs }: Gate, nowMs: number): string | undefined {
  const lost = runs
    .runOf(test, nowMs)
    ?.contracts.find(
      ({ contract, version }) => !releases.contract(contract)?.releases.some((one) => one.version === version),
    );
  return lost?.contract;
}

interface Judged {
  readonly decision: Decision;
  readonly snapshot: SnapshotValues | null;
  readonly moment: Moment;
  /** Null where no set was in force, and where something went wrong before it was known. */
  readonly basis: Basis | null;
}

async function judge(
  request: GateRequest,
  operator: string | null,
  options: Gate,
  basisOf: (standing: Ready) => Basis,
): Promise<Judged> {
  const moment = options.clock.now();
  const standing = options.standing();
  let snapshot: SnapshotValues | null = null;
  let decision: Decision;
  let basis: Basis | null = null;
  try {
    basis = standing.kind === "ready" ? basisOf(standing) : null;
    snapshot = snapshotOf(basis, request, operator, moment, options);
    const lost = basis === null ? undefined : lostContract(request.test, basis, options, moment.nowMs);
    decision =
      lost === undefined
        ? await withinBudget(basis, snapshot, standing, moment, options)
        : blockedBy(finding("contract.none-in-force", lost, RELEASE_GONE), snapshot, moment, options);
  } catch (error) {
    decision = blocked("runtime.error", messageOf(error), snapshot ?? bareSnapshot(request, operator), moment, options);
  }
  return { decision, snapshot, moment, basis };
}

async function decideAndRecord(
  request: GateRequest,
  operator: string | null,
  options: Gate,
  basisOf: (standing: Ready) => Basis,
): Promise<RecordedDecision & Pick<Judged, "basis" | "moment">> {
  const { decision, snapshot, moment, basis } = await judge(request, operator, options, basisOf);
  try {
    const [entry] = options.ledger.append([decisionRecord(decision, request, snapshot, options)]);
    const ledgerSeq = entry?.seq ?? null;
    if (ledgerSeq === null) throw new Error("the ledger took no entry");
    const { set, verified: releases } = basis ?? { set: null, verified: [] };
    const context = { node: options.node, atMs: moment.nowMs, set, releases, snapshot, ledgerSeq };
    options.raise(alertsOf(decision, context));
    options.onDecided(decision);
    if (basis !== null && snapshot !== null) tryShadows(basis, { decision, snapshot, moment, ledgerSeq }, options);
    return { decision, ledgerSeq, basis, moment };
  } catch (error) {
    options.onFatal(error);
    const why = "the decision could not be written down, so it does not count";
    const unwritten = blocked("runtime.unavailable", why, bareSnapshot(request, operator), moment, options);
    return { decision: unwritten, ledgerSeq: null, basis, moment };
  }
}

/** After the answer has gone out: a trial costs the test that asks no time. */
function tryShadows(
  { trials, calendar }: Basis,
  given: {
    readonly decision: Decision;
    readonly snapshot: SnapshotValues;
    readonly moment: Moment;
    readonly ledgerSeq: number;
  },
  { node, raise, onFatal, read }: Gate,
): void {
  if (trials.length === 0 || calendar === null) return;
  const { decision: enforced, snapshot, moment, ledgerSeq } = given;
  const input = {
    ...{ snapshot: read(snapshot), now: moment.nowMs, calendar, node },
    assumeBinding: false,
  };
  setImmediate(() => {
    const records = shadowRecords(trials, { node, atMs: moment.nowMs, enforced, input, ledgerSeq });
    try {
      raise(records);
    } catch (error) {
      onFatal(error);
    }
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function bareSnapshot(request: GateRequest, operator: string | null): SnapshotValues {
  const test = { id: request.test, operator, kind: request.kind, clientPO: request.order };
  return { test: Object.fromEntries(Object.entries(test).filter(([, value]) => value !== null)) };
}

function snapshotOf(
  basis: Basis | null,
  request: GateRequest,
  operator: string | null,
  moment: Moment,
  options: Gate,
  asOfMs?: number,
): SnapshotValues {
  if (basis === null) return bareSnapshot(request, operator);
  const { sources } = options.clock;
  const { set, vocabulary } = basis;
  return snapshotValues(
    {
      store: options.evidence,
      register: set.register,
      orders: set.orders,
      runs: options.runs,
      vocabulary,
      boot: { bootId: sources.bootId, bootMs: sources.bootMs() },
      highWaterMs: options.highWaterMs(moment),
      memory: options.memory,
      ...(asOfMs === undefined ? {} : { asOfMs }),
    },
    request,
    operator,
    moment,
  );
}

async function withinBudget(
  basis: Basis | null,
  snapshot: SnapshotValues,
  standing: Standing,
  moment: Moment,
  options: Gate,
): Promise<Decision> {
  if (standing.kind === "none")
    return blocked("bundle.none", "no release is kept at this node", snapshot, moment, options);
  if (standing.kind === "rejected") {
    const { reason, detail } = standing.rejection;
    return blocked("bundle.rejected", `${reason}: ${detail}`, snapshot, moment, options);
  }
  if (basis === null || basis.releases.size === 0)
    return blocked("bundle.none", "no contract is enforced at this node", snapshot, moment, options);
  if (basis.calendar === null)
    return blocked("runtime.error", "the plant's time zone was never sent to this node", snapshot, moment, options);
  const { monotonicMs } = options.clock.sources;
  const begun = monotonicMs();
  const late = (): Decision =>
    blocked("runtime.timeout", `no decision within ${DECISION_BUDGET_MS} ms`, snapshot, moment, options);
  const input: DecideInput = {
    releases: basis.releases,
    snapshot: options.read(snapshot),
    now: moment.nowMs,
    calendar: basis.calendar,
    node: options.node,
    assumeBinding: false,
  };
  const decision = options.engine === "fast" ? decideFast(input) : await decidedInTime(input, options.engine, late);
  // Work that never yields lets no timer fire; the clock still knows.
  return monotonicMs() - begun > DECISION_BUDGET_MS ? late() : decision;
}

async function decidedInTime(input: DecideInput, engine: EngineChoice, late: () => Decision): Promise<Decision> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Decision>((resolve) => {
    timer = setTimeout(() => resolve(late()), DECISION_BUDGET_MS);
  });
  try {
    return await Promise.race([decide(input, engine), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function blocked(
  code: "bundle.none" | "bundle.rejected" | "runtime.error" | "runtime.timeout" | "runtime.unavailable",
  why: string,
  snapshot: SnapshotValues,
  moment: Moment,
  options: Gate,
): Decision {
  return blockedBy(finding(code, "node", why), snapshot, moment, options);
}

const RELEASE_GONE = "the release this test began with is no longer kept: end it and start it again";

function blockedBy(
  found: ReturnType<typeof finding>,
  snapshot: SnapshotValues,
  { nowMs }: Moment,
  { node, engine, read }: Gate,
): Decision {
  const input = { snapshot: read(snapshot), now: nowMs, node, calendar: null };
  return blockedDecision(input, found, engine);
}

const MAX_RECORDED_SNAPSHOT = 1 << 20;

/** The snapshot is kept with the decision, so that another version can be tried on it later. */
function decisionRecord(
  decision: Decision,
  request: GateRequest,
  snapshot: SnapshotValues | null,
  { node, spelled }: Gate,
): LedgerRecord {
  const { allow, reasons, contracts, operator, testId } = decision;
  const [only, ...others] = contracts;
  const verdict = allow ? "allowed" : "blocked";
  const { facts, length } = digestFacts(snapshot, spelled);
  const kept = length <= MAX_RECORDED_SNAPSHOT ? snapshot : null;
  const metadata: DecisionMetadata = { decision, part: request.part, facts };
  return {
    action_type: "gate_decision",
    action: verdict,
    target: testId ?? node,
    details: allow
      ? `test ${testId ?? ""} allowed`.replace("  ", " ")
      : `test ${testId ?? ""} blocked: ${reasons.join(", ")}`.replace("  ", " "),
    user_id: operator ?? node,
    smart_id: only !== undefined && others.length === 0 ? only.contract : null,
    metadata: { ...metadata, snapshot: kept },
  };
}
