import type { ContractId, Version } from "../../model/ids.ts";
import type { DraftStatistics } from "./draft-proposal.ts";
import type { Effect } from "./effect.ts";
import type { ProposalChecks } from "./proposal-checks.ts";

/**
 * Why a version is proposed. `early-warning`: readings drift out, a warning before the limit. `shorter-interval`: instruments are
 * found out of tolerance. `missing-condition`: others ask for it. `template`: what another contract's proposal changed in a template
 * that this contract is made from too.
 */
export type ProposalKind = "early-warning" | "shorter-interval" | "missing-condition" | "template";

/** A next version that the hub drafted. People decide about it; the machine never stores one. Times are epoch milliseconds. */
export interface Proposal {
  /** `proposal-3`, counted by the hub. */
  readonly id: string;
  readonly contract: ContractId;
  readonly domain: string;
  readonly fromVersion: Version;
  readonly kind: ProposalKind;
  /** The pattern it is against; null for those that no alerts led to. */
  readonly pattern: string | null;
  /** Of a `template`: the proposal whose change it repeats. */
  readonly after: string | null;
  readonly alerts: readonly string[];
  /** As it stands now, edits included. */
  readonly text: string;
  /** Unified, to `text`. */
  readonly diff: string;
  /** The clause it adds or changes, on one line. */
  readonly clause: string;
  readonly statistics: DraftStatistics;
  readonly reason: string;
  /** Null of a proposal that was drafted before there were any. */
  readonly checks: ProposalChecks | null;
  /** Contracts made from the template that it changes. */
  readonly related: readonly RelatedContract[];
  /** What people changed, the first one first: the text before each stands beside. */
  readonly edits: readonly ProposalEdit[];
  readonly state: ProposalState;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly decision: { readonly by: string; readonly atMs: number; readonly note: string } | null;
  /** The release it became. */
  readonly deployedVersion: Version | null;
}

export type ProposalState = "open" | "accepted" | "rejected" | "deployed";

export interface RelatedContract {
  readonly contract: ContractId;
  readonly version: Version;
  readonly template: string;
  /** What the same change makes of it; null where it cannot be made as it stands, and `problem` says why. */
  readonly diff: string | null;
  readonly problem: string | null;
}

export interface ProposalEdit {
  readonly by: string;
  readonly atMs: number;
  readonly reason: string;
  /** The text that was changed: of the first edit the hub's own draft. */
  readonly before: string;
}

export interface ProposalEffect extends Effect {
  readonly proposal: string;
  readonly contract: ContractId;
  readonly version: Version;
  /** When it came into force. */
  readonly sinceMs: number;
  /** False where a limit left out the oldest alerts, or retention removed some: then too little is counted before, and nothing is said to be sure. */
  readonly isWhole: boolean;
}
