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
  readonly snapshot: (request: TestRequest, nowMs: number) => Promise<Snapshot>;
}

/** Answers the ledger position once the decision is on disk; rejects where it is not. */
export interface Journal {
  readonly append: (decision: Decision) => Promise<{ readonly seq: number }>;
}

/** Hears of every blocked decision, after it was written. */
export interface AlertSink {
  readonly blocked: (decision: Decision, ledgerSeq: number) => void;
}
