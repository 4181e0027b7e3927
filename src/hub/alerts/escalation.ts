import type { Alert, Severity } from "../../model/alert.ts";
import type { BundleNotice } from "../../model/bundle.ts";
import { noticeKey, type PlannedNotice, severityRank } from "./alert-record.ts";

/** How long an alert may stand unacknowledged. `info` never escalates. Source: distribution.md "Alerts and evolution". */
export const ESCALATE_AFTER_MS: { readonly [severity in Severity]: number | null } = {
  info: null,
  medium: 60 * 60_000,
  high: 15 * 60_000,
  critical: 5 * 60_000,
  emergency: 0,
};

/** Who is told where neither the contract nor the alert names anybody, and who is when that person does not answer. */
const FIRST_ROLE = "supervisor";
const ESCALATION_ROLE = "plant-manager";

/**
 * Who is told of `alert`, and when. The contract's own `when blocked` notices come first; where they name no later role,
 * the severity's escalation is added, so that an alert nobody reads never stays where it is.
 */
export function planNotices(alert: Alert, whenBlocked: readonly BundleNotice[]): readonly PlannedNotice[] {
  const blocked = alert.kind === "decision-blocked" || alert.kind === "when-blocked";
  const asked = blocked ? whenBlocked : [];
  const plan = new Map<string, PlannedNotice>();
  const add = (notice: PlannedNotice): void => {
    const key = noticeKey(notice);
    const before = plan.get(key);
    if (before === undefined || severityRank[notice.severity] > severityRank[before.severity]) plan.set(key, notice);
  };
  for (const { role, severity, afterMs } of asked) add({ role, severity, afterMs });
  const named = new Set(asked.map(({ role }) => role.toLowerCase()));
  for (const role of alert.tell) {
    if (!named.has(role.toLowerCase())) add({ role, severity: alert.severity, afterMs: 0 });
  }
  const planned = [...plan.values()];
  if (!planned.some(({ afterMs }) => afterMs === 0)) {
    add({ role: FIRST_ROLE, severity: alert.severity, afterMs: 0 });
  }
  const afterMs = ESCALATE_AFTER_MS[alert.severity];
  if (afterMs !== null && !planned.some((notice) => notice.afterMs > 0)) {
    add({ role: ESCALATION_ROLE, severity: alert.severity, afterMs });
  }
  return [...plan.values()].sort((a, b) => a.afterMs - b.afterMs || (a.role < b.role ? -1 : 1));
}

/** Why somebody is told: an incident began, it got worse, nobody acknowledged it in time, or more of the same came. */
export type NoticeKind = "first" | "worse" | "escalation" | "repeat";

/** What a role is told of an incident. */
export interface DueNotice {
  readonly kind: NoticeKind;
  readonly incident: number;
  readonly fingerprint: string;
  readonly role: string;
  readonly severity: Severity;
  /** How long after its alert; 0 at once. */
  readonly afterMs: number;
  readonly dueAtMs: number;
  /** How many alerts the incident has, and how many of them this role had not been told of. */
  readonly count: number;
  readonly fresh: number;
  /** When the incident was told last, the hub's clock; null where it was not. */
  readonly sinceMs: number | null;
  readonly alertId: string;
  /** The one that is told of: of many the latest. */
  readonly alert: Alert;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long after people were told the first time, the second time and so on it is told that more came. */
const REPEAT_GAPS_MS = [10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS] as const;

/** `repeats` is how often it was told already since an incident began or got worse. */
export const repeatGapMs = (repeats: number): number => REPEAT_GAPS_MS[repeats] ?? 24 * HOUR_MS;

/** Of an emergency every alert is told, those of a second together. */
export const EMERGENCY_GAP_MS = 1_000;

export const byDueTime = (a: DueNotice, b: DueNotice): number =>
  a.dueAtMs - b.dueAtMs || a.incident - b.incident || (a.alertId < b.alertId ? -1 : 1);
