import { createHash } from "node:crypto";
import { assert } from "../../base/assert.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { Alert, Severity } from "../../model/alert.ts";
import type { ContractId } from "../../model/ids.ts";
import { ALERT_PATTERN_MIN_ALERTS, ALERT_PATTERN_MIN_NODES } from "../../model/limits.ts";
import { severityRank, worse } from "../alerts/alert-record.ts";

/** An alert under the id the hub gave it. */
export interface NamedAlert {
  readonly id: string;
  readonly alert: Alert;
}

/** The same condition of the same contract failing for the same reason at several nodes. Times are epoch milliseconds. */
export interface AlertPattern {
  /** `pattern-` and 12 hex digits of contract, condition and reason: the same trouble has the same id in every analysis. */
  readonly id: string;
  readonly contract: ContractId | null;
  readonly condition: string | null;
  readonly reason: string;
  readonly subjects: readonly string[];
  /** Distinct decisions, not messages. */
  readonly decisions: number;
  readonly nodes: readonly string[];
  readonly versions: readonly string[];
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly severity: Severity;
  readonly critical: boolean;
  readonly common: CommonFactors;
  readonly recommendation: Recommendation;
  /** Every alert behind it, repeats too, sorted. */
  readonly alerts: readonly string[];
}

/** What all alerts of a pattern share. A factor that differs, or that some do not give, is null. */
export interface CommonFactors {
  readonly assets: readonly string[];
  readonly stationType: string | null;
  readonly station: string | null;
}

/** `early-warning`: a reading drifted out, the next version can warn before it blocks. `review`: people look at it. */
export type Recommendation = "early-warning" | "review";

/** Enough alerts, but all from one node: its equipment is looked at, not the contract. */
export interface EquipmentReview {
  readonly id: string;
  readonly node: string;
  readonly contract: ContractId | null;
  readonly condition: string | null;
  readonly reason: string;
  readonly decisions: number;
  readonly assets: readonly string[];
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly alerts: readonly string[];
}

export interface PatternLimits {
  readonly minAlerts: number;
  readonly minNodes: number;
}

export const PATTERN_LIMITS: PatternLimits = {
  minAlerts: ALERT_PATTERN_MIN_ALERTS,
  minNodes: ALERT_PATTERN_MIN_NODES,
};

/** The answer does not depend on the order in which the alerts came, nor on how often one decision was reported. */
export function findAlertPatterns(
  alerts: readonly NamedAlert[],
  limits: PatternLimits = PATTERN_LIMITS,
): { readonly patterns: readonly AlertPattern[]; readonly equipmentReviews: readonly EquipmentReview[] } {
  const groups = new Map<string, NamedAlert[]>();
  for (const named of alerts) {
    const key = keyOf(named.alert);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [named]);
    else group.push(named);
  }
  const patterns: AlertPattern[] = [];
  const equipmentReviews: EquipmentReview[] = [];
  for (const [key, unsorted] of groups) {
    const group = unsorted.sort(byTimeThenId);
    if (decisionsOf(group) < limits.minAlerts) continue;
    const nodes = distinct(group.map(({ alert }) => alert.node));
    if (nodes.length >= limits.minNodes) patterns.push(patternOf(key, group, nodes, limits));
    else equipmentReviews.push(reviewOf(key, group));
  }
  return {
    patterns: patterns.sort((a, b) => b.decisions - a.decisions || (a.id < b.id ? -1 : 1)),
    equipmentReviews: equipmentReviews.sort((a, b) => b.decisions - a.decisions || (a.id < b.id ? -1 : 1)),
  };
}

const keyOf = ({ contract, condition, reason }: Alert): string => canonicalJson([contract, condition, reason]);
const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
const distinct = (items: readonly string[]): readonly string[] => [...new Set(items)].sort();
const byTimeThenId = (a: NamedAlert, b: NamedAlert): number =>
  a.alert.atMs - b.alert.atMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * A test that is tried again under its id is the same finding, so that an operator who presses the button ten times makes no
 * pattern. Without a test id the ledger position of the node's decision tells decisions apart.
 */
function decisionKey({ node, epoch, seq, testId, ledgerSeq }: Alert): string {
  if (testId !== null) return canonicalJson([node, "test", testId]);
  if (ledgerSeq !== null) return canonicalJson([node, "ledger", ledgerSeq]);
  return canonicalJson([node, "alert", epoch, seq]);
}

const decisionsOf = (group: readonly NamedAlert[]): number =>
  distinct(group.map(({ alert }) => decisionKey(alert))).length;

function patternOf(
  key: string,
  group: readonly NamedAlert[],
  nodes: readonly string[],
  limits: PatternLimits,
): AlertPattern {
  const [first, last] = ends(group);
  const decisions = decisionsOf(group);
  const severity = group.map(({ alert }) => alert.severity).reduce(worse);
  return {
    id: `pattern-${hash(key)}`,
    contract: first.contract,
    condition: first.condition,
    reason: first.reason,
    subjects: distinct(group.map(({ alert }) => alert.subject)),
    decisions,
    nodes,
    versions: distinct(group.flatMap(({ alert }) => alert.version ?? [])),
    firstSeenMs: first.atMs,
    lastSeenMs: last.atMs,
    severity,
    critical: isCritical(decisions, severity, limits),
    common: commonFactors(group.map(({ alert }) => alert)),
    recommendation: recommend(first),
    alerts: distinct(group.map(({ id }) => id)),
  };
}

/** Critical is twice the decisions that make a pattern, or any alert that was raised as critical or emergency. */
const isCritical = (decisions: number, severity: Severity, { minAlerts }: PatternLimits): boolean =>
  decisions >= 2 * minAlerts || severityRank[severity] >= severityRank.critical;

const EARLY_WARNING_REASONS: ReadonlySet<string> = new Set(["reading.out-of-limits", "reading.in-guard-band"]);

const recommend = ({ contract, condition, reason }: Alert): Recommendation =>
  contract !== null && condition !== null && EARLY_WARNING_REASONS.has(reason) ? "early-warning" : "review";

function reviewOf(key: string, group: readonly NamedAlert[]): EquipmentReview {
  const [first, last] = ends(group);
  return {
    id: `review-${hash(canonicalJson([key, first.node]))}`,
    node: first.node,
    contract: first.contract,
    condition: first.condition,
    reason: first.reason,
    decisions: decisionsOf(group),
    assets: commonFactors(group.map(({ alert }) => alert)).assets,
    firstSeenMs: first.atMs,
    lastSeenMs: last.atMs,
    alerts: distinct(group.map(({ id }) => id)),
  };
}

const ends = (group: readonly NamedAlert[]): readonly [Alert, Alert] => {
  const [first] = group;
  const last = group.at(-1);
  assert(first !== undefined && last !== undefined, "a group holds at least one alert");
  return [first.alert, last.alert];
};

function commonFactors(alerts: readonly Alert[]): CommonFactors {
  const [first] = alerts;
  const shared = new Set((first?.assets ?? []).filter((asset) => alerts.every(({ assets }) => assets.includes(asset))));
  const same = (read: (alert: Alert) => string | null): string | null => {
    const values = new Set(alerts.map(read));
    return values.size === 1 ? ([...values][0] ?? null) : null;
  };
  return {
    assets: [...shared].sort(),
    stationType: same((alert) => alert.stationType),
    station: same((alert) => alert.stationId),
  };
}
