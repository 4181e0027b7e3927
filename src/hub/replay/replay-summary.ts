import type { ContractId, Digest, Version } from "../../model/ids.ts";

/** Which recorded decisions are decided again. Bounds are half-open, epoch milliseconds of the instant that was decided. */
export interface ReplayFilter {
  readonly nodes?: readonly string[] | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** What recorded decisions would have been with one version of a contract in the place of the one they were decided by. */
export interface ReplaySummary {
  readonly contract: ContractId;
  /** Digest of the candidate's bundle. */
  readonly candidate: Digest;
  /** The version whose verdicts the candidate's are held against; null: what was recorded. */
  readonly against: Version | null;
  /** The candidate in force from then on, earlier decisions and tests under way keep theirs; null: from ever. */
  readonly inForceFromMs: number | null;
  readonly filter: ReplayFilter;
  /** First and last instant that was decided; null where there was no decision. */
  readonly span: { readonly firstMs: number; readonly lastMs: number } | null;
  readonly counts: ReplayCounts;
  /** Tests by their ids, each counted once however often it was decided. */
  readonly tests: { readonly concerned: number; readonly newlyBlocked: number; readonly newlyAllowed: number };
  /** Of the concerned decisions that were allowed, those that would be blocked. */
  readonly newlyBlocked: ReplayShare;
  /** Of the concerned decisions that were blocked, those that would be allowed. */
  readonly newlyAllowed: ReplayShare;
  /** By node id. */
  readonly stations: readonly ReplayStation[];
  /** The most first. A decision counts once for each condition that gives a reason. */
  readonly conditions: readonly ReplayCause[];
  /** The most first. A decision counts once for each reason it has. */
  readonly reasons: readonly ReplayReason[];
  /** The latest first, as many as were asked for of each. */
  readonly examples: { readonly [kind in ExampleKind]: readonly ReplayExample[] };
  /** Why decisions could not be judged; the most first. */
  readonly notJudged: readonly { readonly why: WhyNotJudged; readonly count: number }[];
}

/** Exact. All but `newlyWarned` and `concerned` add up to `decisions`: nothing is dropped. */
export interface ReplayCounts {
  readonly decisions: number;
  /** Bound by the contract before or under the candidate, and judged. */
  readonly concerned: number;
  /** The contract binds them neither as recorded nor under the candidate. */
  readonly unconcerned: number;
  readonly unchangedAllowed: number;
  /** Blocked for the same reasons. */
  readonly unchangedBlocked: number;
  readonly newlyBlocked: number;
  readonly newlyAllowed: number;
  /** Blocked before and still, for other reasons. */
  readonly blockedOtherwise: number;
  /** The releases they were decided by give another verdict here, or other reasons: another runtime, or a fault. */
  readonly notReproducible: number;
  readonly notJudged: number;
  /** Of the allowed and still allowed, those with a warning that they had not. */
  readonly newlyWarned: number;
}

/**
 * `snapshot-not-kept`: too large for the ledger. `bundle-gone`: another contract's bundle is nowhere. `nothing-judged`: a fault of
 * the node, no clause was looked at. `zone-unknown`: no calendar of the plant. `not-asked-then`: nobody recorded evidence that
 * only the candidate asks for. `unreadable`: the entry says it is a decision and has not the form of one.
 */
export type WhyNotJudged =
  | "snapshot-not-kept"
  | "bundle-gone"
  | "nothing-judged"
  | "zone-unknown"
  | "not-asked-then"
  | "unreadable";

export interface ReplayShare {
  readonly count: number;
  readonly of: number;
  /** 0 to 1; null of nothing. */
  readonly share: number | null;
  /** Exact bounds of Clopper and Pearson, 95 %. */
  readonly low: number;
  readonly high: number;
}

export interface ReplayStation {
  readonly node: string;
  readonly concerned: number;
  /** Concerned decisions that were allowed. */
  readonly allowed: number;
  readonly newlyBlocked: number;
  readonly newlyAllowed: number;
}

export interface ReplayCause {
  readonly contract: ContractId | null;
  /** Null where no clause gives the reason: `contract.*`, `order.*`. */
  readonly condition: string | null;
  readonly newlyBlocked: number;
  readonly newlyAllowed: number;
}

export interface ReplayReason extends ReplayCause {
  /** `code:subject`. */
  readonly reason: string;
}

export type ExampleKind = "newlyBlocked" | "newlyAllowed" | "blockedOtherwise" | "notReproducible" | "notJudged";

/** One recorded decision, by its place in its node's ledger. */
export interface ReplayExample {
  readonly node: string;
  readonly seq: number;
  readonly atMs: number;
  readonly test: string | null;
  readonly order: string | null;
  readonly part: string | null;
  /** As recorded, or as `against` gives them. */
  readonly before: readonly string[];
  /** Under the candidate; of what is not reproducible, what is found now. */
  readonly now: readonly string[];
  readonly why: WhyNotJudged | null;
}
