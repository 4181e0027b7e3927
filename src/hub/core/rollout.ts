import type { ContractId, Digest, Version } from "../../model/ids.ts";
import type { DesiredContract, Phase, RejectionReason, Report } from "../../model/message.ts";

/** One stored version that nodes may be given, as far as the choice needs it. */
export interface AssignableRelease {
  readonly contract: ContractId;
  readonly version: Version;
  /** Grows with every store; of two versions for one node the later stored one is desired. */
  readonly order: number;
  readonly status: "deployed" | "active" | "monitoring";
  readonly stationType: string | null;
  /** Node ids it was narrowed to; null is every node whose station it binds. */
  readonly nodes: ReadonlySet<string> | null;
  /** Whom its rollout has reached. */
  readonly open: "all" | ReadonlySet<string>;
  readonly desired: DesiredContract;
}

/** Whether a release is meant for a node: its station's type, and the narrowing. */
export const binds = (
  release: Pick<AssignableRelease, "stationType" | "nodes">,
  node: string,
  stationType: string,
): boolean =>
  (release.stationType === null || release.stationType === stationType) &&
  (release.nodes === null || release.nodes.has(node));

/** The complete contract part of one node's desired set; with `shadow`, what is tried beside it. */
export function assignmentsOf(
  node: string,
  stationType: string,
  releases: readonly AssignableRelease[],
  mode: DesiredContract["mode"] = "enforce",
): { readonly [contract: ContractId]: DesiredContract } {
  const latest = new Map<ContractId, AssignableRelease>();
  for (const release of releases) {
    if (release.desired.mode !== mode || !binds(release, node, stationType)) continue;
    if (release.open !== "all" && !release.open.has(node)) continue;
    const rival = latest.get(release.contract);
    if (rival === undefined || rival.order < release.order) latest.set(release.contract, release);
  }
  return Object.fromEntries([...latest].map(([contract, release]) => [contract, release.desired]));
}

/** What a node's last report says of one version. `phase` null: nothing yet. */
export interface NodeProgress {
  readonly phase: Phase | null;
  readonly reason: RejectionReason | null;
  readonly detail: string | null;
}

export const isAcknowledged = (phase: Phase | null): boolean => phase === "activated" || phase === "effective";

/** Reads one version's progress out of a report: what runs counts for more than what was tried. */
export function progressOf(report: Report, contract: ContractId, digest: Digest): NodeProgress {
  const shadow = report.shadows?.[contract];
  if (shadow?.digest === digest) return { phase: shadow.phase, reason: shadow.reason, detail: shadow.detail };
  const attempt = report.attempted[contract];
  const tried = attempt?.digest === digest ? attempt : undefined;
  if (report.active[contract]?.digest === digest)
    return { phase: tried?.phase === "effective" ? "effective" : "activated", reason: null, detail: null };
  // An attempt that says `activated` while another digest runs is no acknowledgement.
  return tried === undefined || isAcknowledged(tried.phase)
    ? { phase: null, reason: null, detail: null }
    : { phase: tried.phase, reason: tried.reason, detail: tried.detail };
}

/**
 * How a rollout counts what a node came to. Success is a decision under the version, or a while without a fault; a node that
 * waits for that, or for its hour to swap, is late for nothing.
 */
export function outcomeOf(
  { phase, live, pushedAtMs }: Omit<Target, "node">,
  nowMs: number,
  deadlineMs: number,
): "waiting" | "away" | "succeeded" | "failed" {
  if (phase === "effective") return "succeeded";
  if (phase === "rejected" || phase === "rolledback") return "failed";
  if (!live) return "away";
  return phase !== "scheduled" && phase !== "activated" && nowMs - pushedAtMs > deadlineMs ? "failed" : "waiting";
}

export interface Target {
  readonly node: string;
  readonly phase: Phase | null;
  readonly live: boolean;
  readonly pushedAtMs: number;
}

export interface ReleaseProgress {
  /** Every reachable target runs it, and at least one does. */
  readonly complete: boolean;
  readonly activated: readonly string[];
  /** Not there, refused, or past its deadline: they converge later and hold nothing up. */
  readonly stalled: readonly string[];
  readonly waiting: readonly string[];
}

/** How far a release is. A live target that answered nothing within `deadlineMs` of its push is stalled. */
export function releaseProgress(targets: readonly Target[], nowMs: number, deadlineMs: number): ReleaseProgress {
  const activated: string[] = [];
  const stalled: string[] = [];
  const waiting: string[] = [];
  for (const target of targets) {
    if (isAcknowledged(target.phase)) activated.push(target.node);
    else if (!target.live || nowMs - target.pushedAtMs > deadlineMs) stalled.push(target.node);
    else waiting.push(target.node);
  }
  return { complete: waiting.length === 0 && activated.length > 0, activated, stalled, waiting };
}
