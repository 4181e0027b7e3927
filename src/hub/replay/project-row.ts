import { AssertionFailed } from "../../base/assert.ts";
import type { Digest } from "../../model/ids.ts";
import { CLOCK_BACK_TOLERANCE_MS } from "../../model/limits.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { snapshotFromValues } from "../../model/snapshot-parse.ts";
import { indexReleases, judgeClause, type Moment, selectContracts } from "../../runtime/index.ts";
import type { ArchivedDecision } from "../archive/archived.ts";
import { ROW, type RowState } from "./block.ts";
import type { RowHead } from "./block-writer.ts";
import { boundClauses, codesOf, printOutcome, readOutcome } from "./clause-outcome.ts";
import { sameTexts } from "./compare-verdicts.ts";
import { isReadable, type Ready, type ReplayShelf, replayable, verdictAsRecorded } from "./redecide.ts";
import type { WhyNotJudged } from "./replay-summary.ts";
import { openPartSharing, openSharedReader, type SharedSnapshot } from "./share-parts.ts";

/** In the order of their numbers in a block. */
export const NOT_JUDGED: readonly WhyNotJudged[] = [
  ...(["snapshot-not-kept", "bundle-gone", "nothing-judged", "zone-unknown", "not-asked-then", "unreadable"] as const),
];

/** A recorded decision in the form that a block keeps. */
export interface ProjectedRow {
  readonly head: RowHead;
  readonly values: SharedSnapshot | null;
  readonly typed: Snapshot | null;
  /** Bundles that are nowhere: with them it could be judged. */
  readonly missing: readonly Digest[];
}

/**
 * Reads the decisions of one node, one after the other. Each is decided again by the releases it was decided by, and what each
 * clause said is kept. That is the check of trust: what is not reproduced here is compared with nothing later.
 */
export function openRowReader(shelf: ReplayShelf): (decision: ArchivedDecision) => ProjectedRow {
  const share = openPartSharing();
  const typed = openSharedReader();
  return (decision) => {
    const { recorded } = decision;
    const shared = !isReadable(recorded) || recorded.snapshot === null ? null : share(recorded.snapshot);
    return projectRow(decision, shelf, shared, typed);
  };
}

function projectRow(
  decision: ArchivedDecision,
  shelf: ReplayShelf,
  shared: SharedSnapshot | null,
  typed: ReturnType<typeof openSharedReader>,
): ProjectedRow {
  const { entry, atMs, recorded } = decision;
  if (!isReadable(recorded)) return { ...NOTHING, head: unreadable(entry.seq, atMs) };
  const { allow, reasons, warnings, contracts, testId, order } = recorded.decision;
  const head = {
    ...{
      seq: entry.seq,
      atMs,
      test: testId,
      order,
      part: recorded.part,
      allowed: allow,
      reasons,
      warnings,
      found: [],
      outcomes: [],
    },
    contracts: JSON.stringify(contracts.map(({ contract, version, digest }) => ({ contract, version, digest }))),
  };
  const ready = replayable(decision, shelf, (values) => (shared === null ? snapshotFromValues(values) : typed(shared)));
  if (ready.kind === "not-judged") {
    const missing = ready.why === "bundle-gone" ? contracts.map(({ digest }) => digest) : [];
    const state: RowState = ROW.notJudged + NOT_JUDGED.indexOf(ready.why);
    const gone = missing.filter((digest) => shelf.bundle(digest) === undefined);
    return { ...NOTHING, head: { ...head, state }, missing: gone };
  }
  const whole = { values: shared, typed: ready.snapshot, missing: [] };
  const again = verdictAsRecorded(ready);
  if (again.allow !== allow || !sameTexts(again.reasons, reasons))
    return { ...whole, head: { ...head, state: ROW.notReproducible, found: again.reasons } };
  const outcomes = isMadeOfClauses(ready) ? outcomesOf(ready, reasons) : undefined;
  const state = outcomes === undefined ? ROW.whole : ROW.byClauses;
  return { ...whole, head: { ...head, state, outcomes: outcomes ?? [] } };
}

const NOTHING = { values: null, typed: null, missing: [] };

const unreadable = (seq: number, atMs: number): RowHead => ({
  ...{ seq, atMs, test: null, order: null, part: null, allowed: false, reasons: [], warnings: [], found: [] },
  ...{ outcomes: [], contracts: "[]", state: ROW.notJudged + NOT_JUDGED.indexOf("unreadable") },
});

/** Whether nothing but what its clauses say and which contracts bind goes into the verdict. */
function isMadeOfClauses({ snapshot, now, calendar, carried }: Ready): boolean {
  const { highWater, attested } = snapshot.clock;
  const wentBack = highWater !== undefined && highWater - now > CLOCK_BACK_TOLERANCE_MS;
  const isPlain = snapshot.overrides.length === 0 && attested !== false && carried.length === 0;
  return isPlain && !wentBack && calendar.covers(now);
}

/** Undefined where a clause fails, or where clause by clause does not give the whole: then it is always decided as a whole. */
function outcomesOf(ready: Ready, reasons: readonly string[]): readonly string[] | undefined {
  const { snapshot, now, calendar, releases } = ready;
  const moment: Moment = { snapshot, calendar, now, today: calendar.dayOf(now), past: false };
  const input = { releases: indexReleases(releases), snapshot, now, calendar, assumeBinding: false };
  const { bindings, findings } = selectContracts(input);
  try {
    const clauses = boundClauses(bindings);
    const outcomes = clauses.map(({ binding, compiled }) =>
      printOutcome(judgeClause(binding.release.loaded, compiled, moment)),
    );
    const grave = clauses.flatMap(({ compiled }, place) =>
      compiled.clause.strictness === "must" ? (readOutcome(outcomes[place] as string)?.reasons ?? []) : [],
    );
    return sameTexts(codesOf([...findings, ...grave]), reasons) ? outcomes : undefined;
  } catch (error) {
    if (error instanceof AssertionFailed) return undefined;
    throw error;
  }
}
