import { assert } from "../../base/assert.ts";
import type { HubDatabase } from "../store/database.ts";
import type { DraftGroup, Raise } from "./alert-draft.ts";
import type { AlertPorts } from "./alert-ports.ts";
import { type AlertRecord, alertId, severityOf, severityRank } from "./alert-record.ts";
import type { AlertStatements } from "./alert-statements.ts";
import { byDueTime, type DueNotice, EMERGENCY_GAP_MS, repeatGapMs } from "./escalation.ts";

interface OpenIncident {
  readonly id: number;
  readonly count: number;
  readonly rank: number;
  readonly fingerprint: string;
  readonly told_at_ms: number;
  readonly repeats: number;
  readonly last_alert: number;
  readonly next_repeat_ms: number;
}

/**
 * What a commit makes due at once, and what it puts off: the steps of every alert that begins an incident or is worse than all
 * before it. The rest is counted, and told later as one.
 */
export function tellRaises(
  statements: AlertStatements,
  groups: Iterable<DraftGroup>,
  states: ReadonlyMap<DraftGroup, { readonly incident: number }>,
  nowMs: number,
): readonly DueNotice[] {
  const due: DueNotice[] = [];
  for (const group of groups) {
    const incident = states.get(group)?.incident;
    assert(incident !== undefined, "a group's incident was stored");
    if (group.raises.length > 0) due.push(...tell(statements, group, incident, nowMs));
    else putOff(statements, group, incident, nowMs);
  }
  return due.sort(byDueTime);
}

function putOff(statements: AlertStatements, group: DraftGroup, incident: number, nowMs: number): void {
  statements.awaitRepeat(incident, nowMs);
  if (group.rank === severityRank.emergency) statements.hastenRepeat(incident, nowMs, EMERGENCY_GAP_MS);
}

function tell(
  statements: AlertStatements,
  { raises, before, fingerprint, openRank }: DraftGroup,
  incident: number,
  nowMs: number,
): readonly DueNotice[] {
  const { count, told_at_ms } = statements.incident(incident);
  const isNew = before?.incident == null;
  const due: DueNotice[] = [];
  for (const [index, raise] of raises.entries()) {
    for (const { role, severity, afterMs } of raise.plan) {
      const rank = severityRank[severity];
      const dueAtMs = nowMs + afterMs;
      statements.dropLater(incident, role, dueAtMs);
      const sentAtMs = afterMs === 0 ? nowMs : null;
      statements.putStep({ incident, alert: raise.number, role, afterMs, rank, dueAtMs, sentAtMs });
      if (afterMs > 0) continue;
      const fresh = count - statements.toldOf(incident, role);
      statements.putTold(incident, role, count, rank);
      const kind = isNew && index === 0 ? "first" : "worse";
      const sinceMs = isNew ? null : told_at_ms;
      due.push({
        kind,
        incident,
        fingerprint,
        role,
        severity,
        afterMs,
        dueAtMs,
        count,
        fresh,
        sinceMs,
        ...alertOf(raise),
      });
    }
  }
  statements.setTold(
    incident,
    nowMs,
    0,
    nowMs + (openRank === severityRank.emergency ? EMERGENCY_GAP_MS : repeatGapMs(0)),
  );
  return due;
}

const alertOf = ({ alert, number }: Raise): Pick<DueNotice, "alert" | "alertId"> => ({
  alert,
  alertId: alertId(number),
});

/** What one look takes; what is left over is looked at next time. */
const PER_LOOK = 500;

const DUE_STEPS = `select s.incident, s.alert, s.role, s.after_ms, s.rank, s.due_at_ms, i.count, i.told_at_ms, g.fingerprint
  from alert_step s join alert_incident i on i.id = s.incident join alert_group g on g.id = i.group_id
  where s.sent_at_ms is null and s.dropped = 0 and s.due_at_ms <= ? order by s.due_at_ms limit ${PER_LOOK}`;
const DUE_REPEATS = `select i.id, i.count, i.rank, i.told_at_ms, i.repeats, i.last_alert, i.next_repeat_ms, g.fingerprint
  from alert_incident i join alert_group g on g.id = i.group_id
  where i.next_repeat_ms <= ? order by i.next_repeat_ms limit ${PER_LOOK}`;
const TOLD_ROLES = "select role, alerts, rank from alert_told where incident = ?";

interface DueStep {
  readonly incident: number;
  readonly alert: number;
  readonly role: string;
  readonly after_ms: number;
  readonly rank: number;
  readonly due_at_ms: number;
  readonly count: number;
  readonly told_at_ms: number;
  readonly fingerprint: string;
}

/** Only what is due is read, however many incidents stand open. */
export async function sendDue(
  { db, journal, clock, post }: AlertPorts,
  statements: AlertStatements,
  find: (number: number) => AlertRecord,
): Promise<readonly DueNotice[]> {
  const nowMs = clock.nowMs();
  const steps = db.prepare(DUE_STEPS).all(nowMs) as unknown as readonly DueStep[];
  const repeats = db.prepare(DUE_REPEATS).all(nowMs) as unknown as readonly OpenIncident[];
  if (steps.length + repeats.length === 0) return [];
  const due: DueNotice[] = [];
  await journal.commit(async ({ record }) => {
    for (const step of steps) due.push(sendStep(statements, step, find, nowMs));
    for (const incident of repeats) due.push(...sendRepeat({ db, statements, find, nowMs }, incident));
    due.sort(byDueTime);
    post(due, record);
  });
  return due;
}

function sendStep(
  statements: AlertStatements,
  step: DueStep,
  find: (number: number) => AlertRecord,
  nowMs: number,
): DueNotice {
  const { incident, role, rank, count, fingerprint } = step;
  const fresh = count - statements.toldOf(incident, role);
  statements.markSent(incident, step.alert, role, step.after_ms, nowMs);
  statements.putTold(incident, role, count, rank);
  return {
    ...{ kind: "escalation", incident, fingerprint, role, severity: severityOf(rank), afterMs: step.after_ms },
    ...{ dueAtMs: step.due_at_ms, count, fresh, sinceMs: step.told_at_ms },
    ...{ alert: find(step.alert).alert, alertId: alertId(step.alert) },
  };
}

interface Repeating {
  readonly db: Pick<HubDatabase, "prepare">;
  readonly statements: AlertStatements;
  readonly find: (number: number) => AlertRecord;
  readonly nowMs: number;
}

/** Every role that knows of the incident hears how many more came. */
function sendRepeat({ db, statements, find, nowMs }: Repeating, incident: OpenIncident): readonly DueNotice[] {
  const { id, count, fingerprint, repeats, last_alert } = incident;
  const { alert } = find(last_alert);
  const roles = db.prepare(TOLD_ROLES).all(id) as unknown as readonly {
    readonly role: string;
    readonly alerts: number;
    readonly rank: number;
  }[];
  const due: DueNotice[] = [];
  for (const { role, alerts, rank } of roles) {
    if (count === alerts) continue;
    statements.putTold(id, role, count, rank);
    due.push({
      ...{ kind: "repeat", incident: id, fingerprint, role, severity: severityOf(incident.rank), afterMs: 0 },
      ...{ dueAtMs: incident.next_repeat_ms, count, fresh: count - alerts, sinceMs: incident.told_at_ms },
      ...{ alert, alertId: alertId(last_alert) },
    });
  }
  statements.setTold(id, nowMs, repeats + 1, nowMs + repeatGapMs(repeats + 1));
  return due;
}
