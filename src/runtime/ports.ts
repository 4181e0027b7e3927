import type { Decision } from "../model/decision.ts";
import type { Snapshot } from "../model/snapshot.ts";

/** What a test program asks. `operator` is the authenticated person, null for a test program's own key. */
export interface TestRequest {
  readonly test: string | null;
  readonly kind: string | null;
  readonly order: string | null;
  readonly operator: string | null;
  readonly planned: { readonly hours: string | null; readonly cycles: string | null };
}

/** Time comes in here and nowhere else. */
export interface Clock {
  /** Epoch ms. */
  readonly nowMs: () => number;
  /** Never goes back; only differences count. */
  readonly monotonicMs: () => number;
  /** Resolves after `ms`; `cancel` must be called when nobody waits any more. */
  readonly after: (ms: number) => { readonly elapsed: Promise<void>; readonly cancel: () => void };
}

/** The only way from evidence to a snapshot. */
export interface EvidenceStore {
  readonly snapshot: (request: TestRequest, nowMs: number) => Snapshot | Promise<Snapshot>;
}

/** Answers the ledger position once the decision is on disk; throws or rejects where it is not. */
export interface Journal {
  readonly append: (decision: Decision) => { readonly seq: number } | Promise<{ readonly seq: number }>;
}

/** Hears of every blocked decision, after it was written. */
export interface AlertSink {
  readonly blocked: (decision: Decision, ledgerSeq: number) => void;
}

/** `aborted` where the test threw: it ended, and whether it used the equipment is not for the gate to doubt. */
export type TestResult = "finished" | "aborted";

/** Keeps the start and the end of tests, so that a running one keeps its release and a use is followed by its closing check. */
export interface TestRuns {
  /** Durable when it returns; a test whose start cannot be kept does not run. */
  readonly started: (request: TestRequest, ledgerSeq: number, nowMs: number) => void;
  readonly ended: (request: TestRequest, result: TestResult, nowMs: number) => void;
}
