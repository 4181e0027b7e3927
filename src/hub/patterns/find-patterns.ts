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

/** What patterns need of one alert. */
export interface Finding
  extends Pick<Alert, "contract" | "condition" | "reason" | "subject" | "node" | "version">,
    Pick<Alert, "severity" | "assets" | "stationId" | "stationType" | "atMs"> {
  /** `alert-17` */
  readonly alert: string;
  /** Findings of one decision share it. */
  readonly decision: string;
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

/** Patterns and reviews, those of most decisions first. */
export interface FoundPatterns {
  readonly patterns: readonly AlertPattern[];
  readonly equipmentReviews: readonly EquipmentReview[];
}

/** The answer does not depend on the order in which the alerts came, nor on how often one decision was reported. */
export const findAlertPatterns = (
  alerts: readonly NamedAlert[],
  limits: PatternLimits = PATTERN_LIMITS,
): FoundPatterns => patternsIn(alerts.map(findingOf), limits);

export function patternsIn(findings: readonly Finding[], limits: PatternLimits = PATTERN_LIMITS): FoundPatterns {
  const patterns: AlertPattern[] = [];
  const equipmentReviews: EquipmentReview[] = [];
  for (const [id, unsorted] of Map.groupBy(findings, patternIdOf)) {
    const group = unsorted.sort(byTimeThenId);
    if (decisionsOf(group) < limits.minAlerts) continue;
    const nodes = distinct(group.map(({ node }) => node));
    if (nodes.length >= limits.minNodes) patterns.push(patternOf(id, group, nodes, limits));
    else equipmentReviews.push(reviewOfNode(group));
  }
  return {
    patterns: patterns.sort((a, b) => b.decisions - a.decisions || (a.id < b.id ? -1 : 1)),
    equipmentReviews: equipmentReviews.sort((a, b) => b.decisions - a.decisions || (a.id < b.id ? -1 : 1)),
  };
}

export function findingOf({ id, alert }: NamedAlert): Finding {
  const { contract, condition, reason, subject, node, version, severity, assets, stationId, stationType, atMs } = alert;
  return {
    ...{ alert: id, decision: decisionKey(alert), contract, condition, reason, subject, node, version, severity },
    ...{ assets, stationId, stationType, atMs },
  };
}

/** The same trouble has the same id, here and at every hub. */
export const patternIdOf = (finding: Pick<Finding, "contract" | "condition" | "reason">): string =>
  `pattern-${hash(keyOf(finding))}`;

const keyOf = ({ contract, condition, reason }: Pick<Finding, "contract" | "condition" | "reason">): string =>
  canonicalJson([contract, condition, reason]);
const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
const distinct = (items: readonly string[]): readonly string[] => [...new Set(items)].sort();

/** By the hub's number of the alert, not by its digits: 9 comes before 10. */
const byTimeThenId = (a: Finding, b: Finding): number => a.atMs - b.atMs || byAlert(a.alert, b.alert);
const byAlert = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/**
 * A test that is tried again under its id is the same finding, so that an operator who presses the button ten times makes no
 * pattern. Without a test id the ledger position of the node's decision tells decisions apart.
 */
function decisionKey({ node, epoch, seq, testId, ledgerSeq }: Alert): string {
  if (testId !== null) return canonicalJson([node, "test", testId]);
  if (ledgerSeq !== null) return canonicalJson([node, "ledger", ledgerSeq]);
  return canonicalJson([node, "alert", epoch, seq]);
}

const decisionsOf = (group: readonly Finding[]): number => new Set(group.map(({ decision }) => decision)).size;

function patternOf(
  id: string,
  group: readonly Finding[],
  nodes: readonly string[],
  limits: PatternLimits,
): AlertPattern {
  const [first, last] = ends(group);
  const decisions = decisionsOf(group);
  const severity = group.map((finding) => finding.severity).reduce(worse);
  return {
    id,
    contract: first.contract,
    condition: first.condition,
    reason: first.reason,
    subjects: distinct(group.map(({ subject }) => subject)),
    decisions,
    nodes,
    versions: distinct(group.flatMap(({ version }) => version ?? [])),
    firstSeenMs: first.atMs,
    lastSeenMs: last.atMs,
    severity,
    critical: isCritical(decisions, severity, limits),
    common: commonFactors(group),
    recommendation: recommend(first),
    alerts: [...new Set(group.map(({ alert }) => alert))].sort(byAlert),
  };
}

/** Critical is twice the decisions that make a pattern, or any alert that was raised as critical or emergency. */
const isCritical = (decisions: number, severity: Severity, { minAlerts }: PatternLimits): boolean =>
  decisions >= 2 * minAlerts || severityRank[severity] >= severityRank.critical;

const EARLY_WARNING_REASONS: ReadonlySet<string> = new Set(["reading.out-of-limits", "reading.in-guard-band"]);

const recommend = ({ contract, condition, reason }: Finding): Recommendation =>
  contract !== null && condition !== null && EARLY_WARNING_REASONS.has(reason) ? "early-warning" : "review";

/** Of one group's findings at one node, at least one. */
export function reviewOfNode(findings: readonly Finding[]): EquipmentReview {
  const group = [...findings].sort(byTimeThenId);
  const [first, last] = ends(group);
  return {
    id: `review-${hash(canonicalJson([keyOf(first), first.node]))}`,
    node: first.node,
    contract: first.contract,
    condition: first.condition,
    reason: first.reason,
    decisions: decisionsOf(group),
    assets: commonFactors(group).assets,
    firstSeenMs: first.atMs,
    lastSeenMs: last.atMs,
    alerts: [...new Set(group.map(({ alert }) => alert))].sort(byAlert),
  };
}

const ends = (group: readonly Finding[]): readonly [Finding, Finding] => {
  const [first] = group;
  const last = group.at(-1);
  assert(first !== undefined && last !== undefined, "a group holds at least one alert");
  return [first, last];
};

function commonFactors(group: readonly Finding[]): CommonFactors {
  const [first] = group;
  const shared = new Set((first?.assets ?? []).filter((asset) => group.every(({ assets }) => assets.includes(asset))));
  const same = (read: (finding: Finding) => string | null): string | null => {
    const values = new Set(group.map(read));
    return values.size === 1 ? ([...values][0] ?? null) : null;
  };
  return {
    assets: [...shared].sort(),
    stationType: same(({ stationType }) => stationType),
    station: same(({ stationId }) => stationId),
  };
}
