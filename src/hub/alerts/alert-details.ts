import type { HubDatabase } from "../store/database.ts";
import { type AlertRecord, alertId, severityOf } from "./alert-record.ts";

/** All that is known of one alert: its incident, and who was or will be told of it. */
export interface AlertDetails {
  readonly record: AlertRecord;
  readonly incident: IncidentDetails;
  readonly steps: readonly StepDetails[];
  /** How many of the incident's alerts each role has been told of. */
  readonly told: readonly { readonly role: string; readonly alerts: number }[];
}

export interface IncidentDetails {
  readonly number: number;
  readonly count: number;
  readonly severity: string;
  readonly firstAlert: string;
  readonly lastAlert: string;
  readonly openedAtMs: number;
  readonly station: string | null;
  /** When the first notice reached somebody; null where none has. */
  readonly noticedAtMs: number | null;
  readonly nextRepeatMs: number | null;
}

export interface StepDetails {
  readonly alert: string;
  readonly role: string;
  readonly severity: string;
  readonly afterMs: number;
  readonly dueAtMs: number;
  readonly sentAtMs: number | null;
  /** `dropped`: it was acknowledged, or a sooner step took its place. */
  readonly state: "sent" | "waiting" | "dropped";
}

const INCIDENT = `select i.* from alert_incident i join alert_group g on g.id = i.group_id
  where g.fingerprint = ? and i.first_alert <= ? order by i.first_alert desc limit 1`;
const STEPS = "select * from alert_step where incident = ? order by due_at_ms, alert, role";
const TOLD = "select role, alerts from alert_told where incident = ? order by role";

interface IncidentRow {
  readonly id: number;
  readonly count: number;
  readonly rank: number;
  readonly first_alert: number;
  readonly last_alert: number;
  readonly opened_at_ms: number;
  readonly station: string | null;
  readonly noticed_at_ms: number | null;
  readonly next_repeat_ms: number | null;
}

interface StepRow {
  readonly alert: number;
  readonly role: string;
  readonly rank: number;
  readonly after_ms: number;
  readonly due_at_ms: number;
  readonly sent_at_ms: number | null;
  readonly dropped: number;
}

export function detailsOf({ prepare }: Pick<HubDatabase, "prepare">, record: AlertRecord): AlertDetails {
  const row = prepare(INCIDENT).get(record.fingerprint, record.number) as IncidentRow;
  return {
    record,
    incident: {
      ...{ number: row.id, count: row.count, severity: severityOf(row.rank), firstAlert: alertId(row.first_alert) },
      ...{ lastAlert: alertId(row.last_alert), openedAtMs: row.opened_at_ms, station: row.station },
      ...{ noticedAtMs: row.noticed_at_ms, nextRepeatMs: row.next_repeat_ms },
    },
    steps: stepsOf({ prepare }, row.id),
    told: toldOf({ prepare }, row.id),
  };
}

/** Who was or will be told of an incident, in the order of when. */
export const stepsOf = ({ prepare }: Pick<HubDatabase, "prepare">, incident: number): readonly StepDetails[] =>
  (prepare(STEPS).all(incident) as unknown as readonly StepRow[]).map((step) => ({
    ...{ alert: alertId(step.alert), role: step.role, severity: severityOf(step.rank), afterMs: step.after_ms },
    ...{ dueAtMs: step.due_at_ms, sentAtMs: step.sent_at_ms },
    state: step.sent_at_ms !== null ? "sent" : step.dropped === 1 ? "dropped" : "waiting",
  }));

export const toldOf = ({ prepare }: Pick<HubDatabase, "prepare">, incident: number): AlertDetails["told"] =>
  prepare(TOLD).all(incident) as unknown as AlertDetails["told"];
