import type { Alert, Severity } from "../../model/alert.ts";
import type { BundleNotice } from "../../model/bundle.ts";
import { type AlertRecord, noticeKey, type PlannedNotice, severityRank } from "./alert-record.ts";

/** How long an alert may stand unacknowledged. `info` never escalates. Source: distribution.md "Alerts and evolution". */
const ESCALATE_AFTER_MS: { readonly [severity in Severity]: number | null } = {
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

/** What a person is told: one notice a role and group, however many alerts the group has. */
export interface DueNotice {
  readonly alertId: string;
  readonly fingerprint: string;
  readonly role: string;
  readonly severity: Severity;
  readonly afterMs: number;
  readonly dueAtMs: number;
  /** How many alerts of the group stand open. */
  readonly count: number;
  readonly text: string;
  readonly node: string;
}

/** One group's notices that are due and were not sent, and when the next one is; null where none is to come. */
export interface Escalation {
  readonly due: readonly DueNotice[];
  readonly nextMs: number | null;
}

/**
 * Of the open alerts of one fingerprint, in any order: its notices count from the first of them, and a later one adds a notice
 * only if it is worse than all before it, so that the others may be left out. `open` is how many stand open.
 */
export function escalationOf(records: readonly AlertRecord[], open: number, nowMs: number): Escalation {
  const group = [...records].sort((a, b) => a.receivedAtMs - b.receivedAtMs || a.alert.seq - b.alert.seq);
  const sent = new Set(group.flatMap((record) => record.sent));
  const due: DueNotice[] = [];
  let nextMs: number | null = null;
  let worst = -1;
  for (const record of group) {
    const rank = severityRank[record.alert.severity];
    const first = worst === -1;
    if (rank <= worst) continue;
    worst = rank;
    for (const notice of record.plan) {
      const key = noticeKey(notice);
      const known = first ? sent.has(key) : record.sent.includes(key);
      const dueAtMs = record.receivedAtMs + notice.afterMs;
      if (known) continue;
      if (dueAtMs <= nowMs) due.push(noticeOf(record, notice, open));
      else nextMs = Math.min(nextMs ?? dueAtMs, dueAtMs);
    }
  }
  return { due, nextMs };
}

export const byDueTime = (a: DueNotice, b: DueNotice): number =>
  a.dueAtMs - b.dueAtMs || (a.alertId < b.alertId ? -1 : 1);

const noticeOf = (record: AlertRecord, notice: PlannedNotice, count: number): DueNotice => ({
  alertId: record.id,
  fingerprint: record.fingerprint,
  role: notice.role,
  severity: notice.severity,
  afterMs: notice.afterMs,
  dueAtMs: record.receivedAtMs + notice.afterMs,
  count,
  text: record.alert.text,
  node: record.alert.node,
});
