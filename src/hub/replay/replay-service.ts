import type { Bundle } from "../../model/bundle.ts";
import type { Version } from "../../model/ids.ts";
import type { ReplayFilter, ReplaySummary } from "./replay-summary.ts";

/** What is tried on recorded decisions. */
export interface ReplayRequest {
  /** Compiled here, never a bundle that somebody sent. */
  readonly candidate: Bundle;
  readonly filter: ReplayFilter;
  /** Held against the verdicts of this version instead of the recorded ones. */
  readonly against?: Version | undefined;
  /** Epoch milliseconds; from ever where it is left out. */
  readonly inForceFromMs?: number | undefined;
  /** Of each kind; 10 where it is left out. */
  readonly examples?: number | undefined;
}

export interface ReplayService {
  /**
   * Decides the recorded decisions again, in worker threads. No archived decision is no error: `counts.decisions` is 0.
   * @throws MaintError NOT_FOUND for an unknown version in `against`
   */
  readonly summarize: (request: ReplayRequest) => Promise<ReplaySummary>;
}
