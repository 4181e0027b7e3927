import { MAX_ALERTS_NAMED } from "../../model/limits.ts";
import type { Principal } from "../ports.ts";
import { badRequest, conflict, notFound } from "../refusals.ts";
import type { AlertPorts } from "./alert-ports.ts";
import { incidentId } from "./alert-record.ts";
import { noSuchAlert } from "./alert-removals.ts";
import type { AlertStatements } from "./alert-statements.ts";
import type { AlertStore } from "./alert-store.ts";

export interface Acknowledged {
  /** The first of all alerts that stood open with these; `count` says how many they are. */
  readonly ids: readonly string[];
  readonly count: number;
  readonly incidents: readonly string[];
  readonly by: string;
  readonly atMs: number;
}

export interface AcknowledgeRequest {
  /** Alerts and fingerprints of groups. */
  readonly ids: readonly string[];
  readonly by: Principal;
  readonly note: string;
}

interface OpenIncident {
  readonly id: number;
  readonly group_id: number;
  readonly first_alert: number;
  readonly last_alert: number;
  readonly count: number;
  readonly fingerprint: string;
  readonly node: string;
  readonly contract: string | null;
  readonly reason: string;
}

const MAX_NOTE = 2_000;
const FINGERPRINT = /^[0-9a-f]{16}$/;
const OPEN = `select i.id, i.group_id, i.first_alert, i.last_alert, i.count, g.fingerprint, g.node, g.contract, g.reason
  from alert_incident i join alert_group g on g.incident = i.id where g.fingerprint = ?`;
const CLOSE = `update alert_incident set acknowledged_by = ?, acknowledged_at_ms = ?, note = ?, next_repeat_ms = null
  where id = ?`;

interface Parts {
  readonly store: AlertStore;
  readonly statements: AlertStatements;
}

/** Ends the incidents of these, all or none: every open alert of their fingerprints is acknowledged with them. */
export async function acknowledge(
  ports: AlertPorts,
  { store, statements }: Parts,
  { ids, by, note: said }: AcknowledgeRequest,
): Promise<Acknowledged> {
  const note = said.trim();
  if (note === "" || note.length > MAX_NOTE)
    throw badRequest(`a note of 1 to ${MAX_NOTE} characters says what was done`);
  const found = new Map<number, { readonly asked: string; readonly incident: OpenIncident }>();
  for (const asked of ids) {
    const incident = await openIncident(ports, store, asked);
    if (!found.has(incident.id)) found.set(incident.id, { asked, incident });
  }
  const atMs = ports.clock.nowMs();
  const alerts: string[] = [];
  await ports.journal.commit(async ({ record }) => {
    for (const { asked, incident } of found.values()) {
      const own = store.ofIncident(incident, MAX_ALERTS_NAMED).map(({ id }) => id);
      alerts.push(...own);
      ports.db.prepare(CLOSE).run(by.id, atMs, note, incident.id);
      statements.setIncident(incident.group_id, null);
      statements.dropSteps(incident.id);
      const { node, contract, reason, fingerprint, count } = incident;
      record({
        action_type: "alert_acknowledgement",
        action: "acknowledged",
        target: asked,
        details: note,
        user_id: by.id,
        smart_id: contract,
        metadata: { alerts: own, count, incident: incidentId(incident.id), node, reason, fingerprint },
      });
    }
  });
  const ended = [...found.values()].map(({ incident }) => incident);
  return {
    ids: alerts.slice(0, MAX_ALERTS_NAMED),
    count: ended.reduce((sum, { count }) => sum + count, 0),
    incidents: ended.map(({ id }) => incidentId(id)),
    ...{ by: by.id, atMs },
  };
}

async function openIncident(ports: AlertPorts, store: AlertStore, asked: string): Promise<OpenIncident> {
  const open = (fingerprint: string) => ports.db.prepare(OPEN).get(fingerprint) as OpenIncident | undefined;
  if (FINGERPRINT.test(asked)) {
    const incident = open(asked);
    if (incident === undefined)
      throw notFound(`nothing of group ${asked} stands open`, "maint alert list --state open");
    return incident;
  }
  const found = store.find(asked);
  if (found === undefined) throw await noSuchAlert(ports, store, asked);
  const { acknowledgement, fingerprint } = found;
  if (acknowledgement !== null)
    throw conflict(`${asked} was acknowledged by ${acknowledgement.by} already: ${acknowledgement.note}`);
  return open(fingerprint) as OpenIncident;
}
