import { AssertionFailed, assert } from "../base/assert.ts";
import { printUtc, printWithOffset } from "../base/civil-time.ts";
import type { ClauseKind } from "../model/bundle.ts";
import type { ConditionOutcome, Decision, DecisionDetail, EngineChoice } from "../model/decision.ts";
import { CLOCK_BACK_TOLERANCE_MS, CLOCK_JUMP_TOLERANCE_MS } from "../model/limits.ts";
import type { PlantCalendar } from "../model/plant-calendar.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { detailOf, remediesOf } from "./explain.ts";
import type { Moment } from "./facts/context.ts";
import { type Finding, finding } from "./facts/part.ts";
import {
  fastVerdicts,
  type Given,
  judgeBinding,
  type PosedBinding,
  poseBinding,
  referenceVerdicts,
  type Verdicts,
} from "./judge.ts";
import { applyOverrides } from "./overrides.ts";
import { loadReference } from "./reference.ts";
import { type Release, type ReleaseIndex, type Selection, selectContracts } from "./selection.ts";

/** Everything a decision is made of. */
export interface DecideInput {
  readonly releases: ReleaseIndex;
  readonly snapshot: Snapshot;
  /** Epoch ms. */
  readonly now: number;
  readonly calendar: PlantCalendar;
  readonly node: string | null;
  /** `maint eval` treats a contract for one order as binding where no order is known. */
  readonly assumeBinding: boolean;
}

/** What was found, before it becomes a Decision. */
interface Found {
  readonly reasons: readonly Noted[];
  readonly warnings: readonly Noted[];
  readonly conditions: readonly ConditionOutcome[];
  readonly releases: readonly Release[];
}

interface Noted {
  readonly finding: Finding;
  readonly given: Given | null;
}

const noted = (found: Finding): Noted => ({ finding: found, given: null });
const notedGiven = (given: Given): Noted => ({ finding: given.finding, given });

/** Decides with json-rules-engine (`reference`), the own evaluator (`fast`) or both compared. Never throws: a fault blocks. */
export async function decide(input: DecideInput, engine: EngineChoice): Promise<Decision> {
  if (engine === "fast") return decideFast(input);
  try {
    const posed = pose(input);
    if (posed.kind === "settled") return printDecision(input, posed.found, engine);
    const evaluate = await loadReference();
    const verdicts: Verdicts[] = [];
    for (const binding of posed.bindings) verdicts.push(await referenceVerdicts(binding, engine, evaluate));
    return printDecision(input, conclude(posed, verdicts), engine);
  } catch (error) {
    return blockedDecision(input, finding("runtime.error", "node", messageOf(error)), engine);
  }
}

/** The same, at once, with the own evaluator alone. */
export function decideFast(input: DecideInput): Decision {
  try {
    const posed = pose(input);
    if (posed.kind === "settled") return printDecision(input, posed.found, "fast");
    return printDecision(input, conclude(posed, fastOf(posed)), "fast");
  } catch (error) {
    return blockedDecision(input, finding("runtime.error", "node", messageOf(error)), "fast");
  }
}

/** What `decideFast` would answer, without its explanation: for those who ask very often, and never to let a test start. */
export function verdictFast(input: DecideInput): Pick<Decision, "allow" | "reasons" | "warnings"> {
  try {
    const posed = pose(input);
    const found = posed.kind === "settled" ? posed.found : conclude(posed, fastOf(posed), false);
    const reasons = codesOf(found.reasons);
    return { allow: reasons.length === 0, reasons, warnings: codesOf(found.warnings) };
  } catch {
    return { allow: false, reasons: ["runtime.error:node"], warnings: [] };
  }
}

const fastOf = ({ bindings }: Extract<Posed, { kind: "posed" }>): readonly Verdicts[] => bindings.map(fastVerdicts);

type Posed =
  | { readonly kind: "settled"; readonly found: Found }
  | {
      readonly kind: "posed";
      readonly moment: Moment;
      readonly selection: Selection;
      readonly bindings: readonly PosedBinding[];
      readonly clock: ClockFindings;
    };

interface ClockFindings {
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
}

function pose(input: DecideInput): Posed {
  const { snapshot, calendar, now } = input;
  assert(Number.isSafeInteger(now) && calendar.covers(now), "the plant's time zone is not known at this instant");
  const { highWater } = snapshot.clock;
  if (highWater !== undefined && highWater - now > CLOCK_BACK_TOLERANCE_MS) {
    const back = finding("clock.went-back", "node", `by ${Math.round((highWater - now) / 1000)} s`);
    return { kind: "settled", found: { reasons: [noted(back)], warnings: [], conditions: [], releases: [] } };
  }
  const moment: Moment = { snapshot, calendar, now, today: calendar.dayOf(now), past: false };
  const selection = selectContracts(input);
  return {
    kind: "posed",
    moment,
    selection,
    bindings: selection.bindings.map((binding) => poseBinding(binding, moment)),
    clock: clockFindings(input, selection),
  };
}

/** Kinds of clause whose answer does not depend on what time it is; of a kind that is not known here it does. */
const TIMELESS: ReadonlySet<ClauseKind> = new Set(["use", "events", "service-state", "before-and-after-use"]);

function clockFindings({ snapshot, now }: DecideInput, { bindings }: Selection): ClockFindings {
  const { monotonicNow, attested } = snapshot.clock;
  const hasJumped = monotonicNow !== undefined && Math.abs(now - monotonicNow) > CLOCK_JUMP_TOLERANCE_MS;
  const jumped = hasJumped ? [finding("clock.jumped-forward", "node")] : [];
  if (attested !== false) return { reasons: [], warnings: jumped };
  const unattested = finding("clock.unattested", "node");
  // A release that is strict lets no clause be judged by a clock that anybody may set. Source: distribution.md "Time".
  const isBlocked = bindings.some(
    ({ release: { offline, loaded }, conditions }) =>
      offline === "strict" &&
      conditions.some((name) =>
        (loaded.byCondition.get(name) ?? []).some(
          ({ clause }) => clause.strictness === "must" && !TIMELESS.has(clause.kind),
        ),
      ),
  );
  return isBlocked ? { reasons: [unattested], warnings: jumped } : { reasons: [], warnings: [...jumped, unattested] };
}

function conclude(posed: Extract<Posed, { kind: "posed" }>, verdicts: readonly Verdicts[], explain = true): Found {
  const { moment, selection, bindings, clock } = posed;
  const judged = bindings.map((binding, index) => judgeBinding(binding, verdicts[index] as Verdicts, explain));
  const overridden = applyOverrides(
    judged.flatMap(({ reasons }) => reasons),
    [...clock.reasons, ...selection.findings],
    moment,
  );
  const found: Found = {
    reasons: [
      ...clock.reasons.map(noted),
      ...selection.findings.map(noted),
      ...overridden.reasons.map(notedGiven),
      ...overridden.refused.map(noted),
    ],
    warnings: [
      ...clock.warnings.map(noted),
      ...judged.flatMap(({ warnings }) => warnings.map(notedGiven)),
      ...overridden.applied.map(noted),
    ],
    conditions: judged.flatMap(({ conditions }) => conditions),
    releases: selection.bindings.map(({ release }) => release),
  };
  const judgedClauses = bindings.some(({ clauses }) => clauses.length > 0);
  assert(found.reasons.length > 0 || found.releases.length > 0, "nothing was judged, so nothing may be allowed");
  assert(judgedClauses || found.reasons.length > 0 || hasOnlyScopedClauses(selection), "no clause was judged");
  return found;
}

/** A binding condition all of whose clauses are for other orders or other equipment asks nothing of this test. */
const hasOnlyScopedClauses = ({ bindings }: Selection): boolean =>
  bindings.every(({ release, conditions }) =>
    conditions.every((name) =>
      (release.loaded.byCondition.get(name) ?? []).every(
        ({ clause }) => clause.order !== null || clause.attribute !== null,
      ),
    ),
  );

/** A decision that no clause was asked for: a fault, a time-out, no bundle. */
export function blockedDecision(
  input: Pick<DecideInput, "snapshot" | "now" | "node"> & { readonly calendar: PlantCalendar | null },
  why: Finding,
  engine: EngineChoice,
): Decision {
  return printDecision(input, { reasons: [noted(why)], warnings: [], conditions: [], releases: [] }, engine);
}

function printDecision(
  input: Pick<DecideInput, "snapshot" | "now" | "node"> & { readonly calendar: PlantCalendar | null },
  found: Found,
  engine: EngineChoice,
): Decision {
  const { snapshot, now, calendar, node } = input;
  const { test } = snapshot;
  const isBlocked = found.reasons.length > 0;
  return {
    allow: !isBlocked,
    reasons: codesOf(found.reasons),
    warnings: codesOf(found.warnings),
    details: detailsOf(found),
    conditions: found.conditions,
    getToGreen: isBlocked ? remediesOf(found.reasons.map((reason) => reason.finding)) : [],
    at: calendar === null ? printUtc(now) : printWithOffset(now, calendar.offsetAt(now)),
    atUtc: printUtc(now),
    contracts: found.releases.map(({ loaded, version }) => ({
      contract: loaded.bundle.contract,
      version,
      digest: loaded.digest,
    })),
    engine,
    node,
    operator: test.operator ?? null,
    order: test.clientPO ?? null,
    testId: test.id ?? null,
    testKind: test.kind ?? null,
  };
}

const codesOf = (list: readonly Noted[]): readonly string[] =>
  list.length === 0 ? [] : [...new Set(list.map(({ finding: { code, subject } }) => `${code}:${subject}`))].sort();

function detailsOf({ reasons, warnings }: Found): readonly DecisionDetail[] {
  if (reasons.length === 0 && warnings.length === 0) return [];
  return [
    ...reasons.map((reason) => detailOf("reason", reason.finding, reason.given)),
    ...warnings.map((warning) => detailOf("warning", warning.finding, warning.given)),
  ];
}

const messageOf = (error: unknown): string =>
  error instanceof AssertionFailed || error instanceof Error ? error.message : String(error);
