import type { ContractId, Digest, Version } from "./ids.ts";

export const SEVERITIES = ["info", "medium", "high", "critical", "emergency"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One report of a node to the hub, at least once, idempotent by (node, epoch, seq). Times are epoch milliseconds. */
export interface Alert {
  readonly node: string;
  /** New whenever the node's disk is: 16 hex digits. */
  readonly epoch: string;
  /** From 1, without gaps within an epoch. */
  readonly seq: number;
  readonly kind: "decision-blocked" | "when-blocked" | "runtime-fault" | "release-rejected" | "shadow-decision";
  readonly severity: Severity;
  readonly atMs: number;
  readonly contract: ContractId | null;
  readonly version: Version | null;
  readonly bundleDigest: Digest | null;
  readonly condition: string | null;
  /** `reading.out-of-limits` */
  readonly reason: string;
  readonly subject: string;
  /** The sentence the operator saw. */
  readonly text: string;
  readonly testId: string | null;
  readonly stationId: string | null;
  readonly stationType: string | null;
  /** Asset ids the decision rested on: the common factors that patterns look for. */
  readonly assets: readonly string[];
  /** The reading that was judged, as decimals in the contract's unit. */
  readonly reading: { readonly quantity: string; readonly value: string; readonly unit: string } | null;
  /** Who is told: roles from `when blocked`. */
  readonly tell: readonly string[];
  /** Ledger sequence of the decision on the node. */
  readonly ledgerSeq: number | null;
  /** Of a `shadow-decision`: what a tried version would have said, beside what was said. Told to nobody, counted at the hub. */
  readonly shadow?: ShadowDecision | undefined;
}

export interface ShadowDecision {
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly enforcedAllow: boolean;
  readonly enforcedReasons: readonly string[];
}
