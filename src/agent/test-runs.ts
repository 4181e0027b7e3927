import { MaintError } from "../base/maint-error.ts";
import type { Decision } from "../model/decision.ts";
import type { EvidenceRecord, TestRunEvidence, TestRunResult } from "../model/evidence.ts";
import { MAX_RUNNING_TEST_MS, MAX_RUNNING_TESTS } from "../model/limits.ts";
import type { EvidenceService, Recorder } from "./evidence-service.ts";
import type { EvidenceStore } from "./evidence-store.ts";

/** A test that was started and has not ended. */
export interface TestRun {
  readonly test: string;
  readonly startedAtMs: number;
  readonly assets: readonly string[];
  /** Those of the assets that its contracts want checked after this use. */
  readonly closingChecks: readonly string[];
  /** The releases it began with. */
  readonly contracts: TestRunEvidence["contracts"];
  readonly kind: string | null;
  readonly order: string | null;
}

/** What a test uses, by the contracts that allowed its start. */
export type Used = Pick<TestRun, "assets" | "closingChecks">;

export interface EndedRun {
  readonly record: EvidenceRecord;
  readonly run: TestRun;
  readonly endedAtMs: number;
}

/** Which tests run here, durable like all evidence: an agent that starts again knows them still. */
export interface TestRuns {
  readonly running: () => readonly TestRun[];
  /** This test, where it runs and may still be judged by the release it began with; undefined else. */
  readonly runOf: (test: string | null, nowMs: number) => TestRun | undefined;
  /** The end of the latest use of an asset by any test but this one; a run that never ended counts as a use from its start on. */
  readonly lastUseOf: (asset: string, except: string | null, untilMs?: number) => number | undefined;
  /** Whether this test may be added to those that run. */
  readonly hasRoomFor: (test: string) => boolean;
  /** Durable when it answers. One that runs already keeps its first start, and has used all that either start names. */
  readonly start: (test: string, decision: Decision, used: Used, by: Recorder, nowMs: number) => TestRun;
  /** Durable when it answers. @throws MaintError MAINT_ERR_CONFLICT where no such test runs */
  readonly end: (test: string, result: TestRunResult | null, by: Recorder, nowMs: number) => EndedRun;
}

export function openTestRuns(store: EvidenceStore, evidence: EvidenceService): TestRuns {
  const runs = new Map<string, TestRun>();
  for (const { subject, takenAtMs, body } of store.unfinishedRuns()) {
    const { assets, closingChecks, contracts, testKind: kind, order } = body as TestRunEvidence;
    runs.set(subject, { test: subject, startedAtMs: takenAtMs, assets, closingChecks, contracts, kind, order });
  }
  return {
    running: () => [...runs.values()],
    runOf: (test, nowMs) => {
      const run = test === null ? undefined : runs.get(test);
      if (run === undefined || run.startedAtMs > nowMs) return undefined;
      return nowMs - run.startedAtMs <= MAX_RUNNING_TEST_MS ? run : undefined;
    },
    lastUseOf: (asset, except, untilMs) => {
      const others = [...runs.values()].filter(
        ({ test, assets, startedAtMs }) =>
          test !== except && startedAtMs <= (untilMs ?? Number.MAX_SAFE_INTEGER) && assets.includes(asset),
      );
      const known = [store.lastUse(asset, untilMs), ...others.map(({ startedAtMs }) => startedAtMs)];
      const instants = known.filter((at) => at !== undefined);
      return instants.length === 0 ? undefined : Math.max(...instants);
    },
    hasRoomFor: (test) => runs.has(test) || runs.size < MAX_RUNNING_TESTS,
    start: (test, decision, used, by, nowMs) => {
      const before = runs.get(test);
      const run = startedRun(test, decision, used, before, nowMs);
      if (before !== undefined && run.assets.length === before.assets.length) return before;
      const body: TestRunEvidence = { kind: "test-run", state: "started", ...writtenOf(run) };
      evidence.append({ kind: "test-run", subject: test, takenAtMs: run.startedAtMs, supersedes: null, body }, by);
      runs.set(test, run);
      return run;
    },
    end: (test, result, by, nowMs) => {
      const run = runs.get(test);
      if (run === undefined)
        throw new MaintError("MAINT_ERR_CONFLICT", `no test "${test}" runs here`, {
          help: runs.size === 0 ? "none runs" : `running: ${[...runs.keys()].slice(0, 5).join(", ")}`,
        });
      // A clock that went back in between must not put the end before the start.
      const endedAtMs = Math.max(nowMs, run.startedAtMs);
      const ended: TestRunEvidence = { kind: "test-run", state: "ended", ...writtenOf(run) };
      const body: TestRunEvidence = result === null ? ended : { ...ended, result };
      const record = evidence.append(
        { kind: "test-run", subject: test, takenAtMs: endedAtMs, supersedes: null, body },
        by,
      );
      runs.delete(test);
      return { record, run, endedAtMs };
    },
  };
}

/** A second start may be of another kind and name other equipment: what was begun with stays, what is new joins it. */
function startedRun(
  test: string,
  { contracts, testKind: kind, order }: Decision,
  used: Used,
  before: TestRun | undefined,
  nowMs: number,
): TestRun {
  const known = before?.contracts ?? [];
  const fresh = contracts.filter(({ contract }) => !known.some((one) => one.contract === contract));
  return {
    ...{ test, kind, order, startedAtMs: before?.startedAtMs ?? nowMs },
    assets: [...new Set([...(before?.assets ?? []), ...used.assets])],
    closingChecks: [...new Set([...(before?.closingChecks ?? []), ...used.closingChecks])],
    contracts: [...known, ...fresh.map(({ contract, version }) => ({ contract, version }))],
  };
}

const writtenOf = ({ kind: testKind, order, assets, closingChecks, contracts }: TestRun) => ({
  ...{ testKind, order, assets, closingChecks, contracts },
});
