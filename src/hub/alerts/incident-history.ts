import type { HubDatabase } from "../store/database.ts";
import { nextTurn } from "../store/turns.ts";
import { type AlertDetails, type StepDetails, stepsOf, toldOf } from "./alert-details.ts";
import {
  type AcknowledgedColumns,
  type Acknowledgement,
  acknowledgementIn,
  alertId,
  incidentId,
  severityOf,
} from "./alert-record.ts";

/** An incident from its first alert on: who was told of it, and who ended it. */
export interface IncidentHistory {
  /** `incident-4`, and the number in it. */
  readonly id: string;
  readonly number: number;
  readonly count: number;
  readonly severity: string;
  readonly firstAlert: string;
  readonly lastAlert: string;
  readonly openedAtMs: number;
  readonly steps: readonly StepDetails[];
  readonly told: AlertDetails["told"];
  /** How often it was told that more came, since it began or got worse; when people were told last. */
  readonly repeats: number;
  readonly toldAtMs: number;
  readonly acknowledgement: Acknowledgement | null;
}

interface IncidentRow extends AcknowledgedColumns {
  readonly id: number;
  readonly count: number;
  readonly rank: number;
  readonly first_alert: number;
  readonly last_alert: number;
  readonly opened_at_ms: number;
  readonly repeats: number;
  readonly told_at_ms: number;
}

const INCIDENT = "select * from alert_incident where id = ?";
/** So many are read before the hub does something else. */
const PER_TURN = 100;

/** Of these incidents, those that are there, in the order given. */
export async function incidentHistories(
  db: Pick<HubDatabase, "prepare">,
  numbers: readonly number[],
): Promise<readonly IncidentHistory[]> {
  const found: IncidentHistory[] = [];
  for (const [index, number] of numbers.entries()) {
    const row = db.prepare(INCIDENT).get(number) as IncidentRow | undefined;
    if (row !== undefined) found.push(historyOf(db, row));
    if (index % PER_TURN === PER_TURN - 1) await nextTurn();
  }
  return found;
}

function historyOf(db: Pick<HubDatabase, "prepare">, row: IncidentRow): IncidentHistory {
  return {
    ...{ id: incidentId(row.id), number: row.id, count: row.count, severity: severityOf(row.rank) },
    ...{ firstAlert: alertId(row.first_alert), lastAlert: alertId(row.last_alert), openedAtMs: row.opened_at_ms },
    ...{ steps: stepsOf(db, row.id), told: toldOf(db, row.id), repeats: row.repeats, toldAtMs: row.told_at_ms },
    acknowledgement: acknowledgementIn(row),
  };
}
