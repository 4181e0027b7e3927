import type { Decision } from "../model/decision.ts";
import { type DecideInput, decideFast } from "../runtime/index.ts";
import type { Ready } from "./activation.ts";
import type { NewAlert } from "./alert-spool.ts";
import type { VerifiedRelease } from "./release-set.ts";
import { releasesWith } from "./releases-in-force.ts";

/** A version that is tried, and what would be in force if it were. */
export interface ShadowTrial {
  readonly release: VerifiedRelease;
  readonly releases: DecideInput["releases"];
}

/** Of one standing, once: an index is dearer than the decisions by it. */
export const trialsOf = (standing: Ready): readonly ShadowTrial[] =>
  [...standing.set.shadows, ...standing.set.contracts.filter(({ mode }) => mode === "shadow")].map((release) => ({
    release,
    releases: releasesWith(standing, release),
  }));

export interface TriedDecision {
  readonly node: string;
  readonly atMs: number;
  readonly enforced: Decision;
  /** Everything of the decision but the releases. */
  readonly input: Omit<DecideInput, "releases">;
  readonly ledgerSeq: number;
}

const MAX_REASONS = 32;
const MAX_TEXT = 1_000;

/**
 * What each tried version would have said, as records for the hub. It has no say: the decision was given before, and a trial that
 * fails is a record that says so.
 */
export const shadowRecords = (trials: readonly ShadowTrial[], tried: TriedDecision): readonly NewAlert[] =>
  trials.map((trial) => {
    try {
      const decision = decideFast({ ...tried.input, releases: trial.releases });
      return recordOf(trial, tried, decision.allow, decision.reasons);
    } catch (error) {
      return recordOf(trial, tried, false, [`runtime.error:${error instanceof Error ? error.message : String(error)}`]);
    }
  });

function recordOf(
  { release }: ShadowTrial,
  { node, atMs, enforced, ledgerSeq }: TriedDecision,
  allow: boolean,
  reasons: readonly string[],
): NewAlert {
  const cut = (codes: readonly string[]) => codes.slice(0, MAX_REASONS).map((code) => code.slice(0, MAX_TEXT));
  const shadow = {
    allow,
    reasons: cut(reasons),
    enforcedAllow: enforced.allow,
    enforcedReasons: cut(enforced.reasons),
  };
  return {
    ...{ node, atMs, ledgerSeq, kind: "shadow-decision", severity: "info", shadow },
    ...{ contract: release.contract, version: release.version, bundleDigest: release.digest, condition: null },
    ...{ reason: "shadow", subject: release.contract, testId: enforced.testId, stationId: null, stationType: null },
    text: `${release.contract}@${release.version} would have ${allow ? "allowed" : "blocked"} it`,
    ...{ assets: [], reading: null, tell: [] },
  };
}
