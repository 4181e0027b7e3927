import { MAX_ALERTS_NAMED } from "../../model/limits.ts";
import type { Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import type { AlertPorts } from "./alert-ports.ts";
import { incidentId, type NumberedAlert } from "./alert-record.ts";
import type { AlertStatements } from "./alert-statements.ts";
import type { AlertStore } from "./alert-store.ts";

export interface Acknowledged {
  /** The first of all alerts of the group that stood open; `count` says how many they are. */
  readonly ids: readonly string[];
  readonly count: number;
  readonly incident: string;
  readonly by: string;
  readonly atMs: number;
}

export interface AcknowledgeRequest {
  readonly id: string;
  readonly by: Principal;
  readonly note: string;
}

interface OpenIncident {
  readonly id: number;
  readonly group_id: number;
  readonly first_alert: number;
  readonly last_alert: number;
  readonly count: number;
}

const MAX_NOTE = 2_000;
const OPEN = `select i.id, i.group_id, i.first_alert, i.last_alert, i.count from alert_incident i
  join alert_group g on g.incident = i.id where g.fingerprint = ?`;
const CLOSE = `update alert_incident set acknowledged_by = ?, acknowledged_at_ms = ?, note = ?, next_repeat_ms = null
  where id = ?`;

/** Ends the incident of an alert: every open alert of its fingerprint is acknowledged with it. */
export async function acknowledge(
  ports: AlertPorts,
  { store, statements }: { readonly store: AlertStore; readonly statements: AlertStatements },
  { id, by, note: said }: AcknowledgeRequest,
): Promise<Acknowledged> {
  const note = said.trim();
  if (note === "" || note.length > MAX_NOTE)
    throw badRequest(`a note of 1 to ${MAX_NOTE} characters says what was done`);
  const found = store.find(id);
  if (found === undefined)
    throw unknownId(
      "alert",
      id,
      (await store.list({ limit: 100 })).map((known) => known.id),
    );
  const { acknowledgement, fingerprint, alert } = found;
  if (acknowledgement !== null)
    throw conflict(`${id} was acknowledged by ${acknowledgement.by} already: ${acknowledgement.note}`);
  const incident = ports.db.prepare(OPEN).get(fingerprint) as OpenIncident;
  const ids = store.ofIncident(incident, MAX_ALERTS_NAMED).map((one: NumberedAlert) => one.id);
  const atMs = ports.clock.nowMs();
  const answer = { ids, count: incident.count, incident: incidentId(incident.id), by: by.id, atMs };
  await ports.journal.commit(async ({ record }) => {
    ports.db.prepare(CLOSE).run(by.id, atMs, note, incident.id);
    statements.setIncident(incident.group_id, null);
    statements.dropSteps(incident.id);
    record({
      action_type: "alert_acknowledgement",
      action: "acknowledged",
      target: id,
      details: note,
      user_id: by.id,
      smart_id: alert.contract,
      metadata: {
        ...{ alerts: ids, count: incident.count, incident: answer.incident },
        ...{ node: alert.node, reason: alert.reason, fingerprint },
      },
    });
  });
  return answer;
}
