import { oneAtATime } from "../../base/one-at-a-time.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Alert } from "../../model/alert.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import type { AlertBatch } from "../../model/message.ts";
import type { Clock, ContractSource, Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import type { AlertTables } from "../store/alerts-tables.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import { type AlertGroup, type AlertRecord, groupAlerts, noticeKey } from "./alert-record.ts";
import { alertBatchSchema } from "./alert-schema.ts";
import { type AlertFilter, type AlertStore, type Arrival, alertStore } from "./alert-store.ts";
import { type DueNotice, dueEscalations, planNotices } from "./escalation.ts";
import { insertShadowDecisions, type ShadowSummary, summarizeShadow } from "./shadow-store.ts";

export interface AlertPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  /** Where a contract's `when blocked` notices are looked up. */
  readonly contracts: Pick<ContractSource, "at">;
  /** Tells people. It may be called again for the same notice when the process dies in between. */
  readonly notify: (notice: DueNotice) => void;
}

export interface BatchRefused {
  readonly code: "gap" | "bad-frame";
  readonly message: string;
  /** What is durable all the same. */
  readonly upTo: number;
}

export interface Acknowledged {
  /** All alerts of the group that stood open. */
  readonly ids: readonly string[];
  readonly by: string;
  readonly atMs: number;
}

/** AlertBroadcast: takes what nodes report, tells people, keeps the history. */
export interface AlertService {
  /**
   * Stores a node's batch; ok is a promise kept: every alert up to `upTo` is in hub.db and in the ledger. Alerts that are
   * there already change nothing. A batch that would leave a gap, or is no batch of this node, is refused whole.
   */
  readonly receive: (node: string, batch: AlertBatch) => Promise<Result<{ readonly upTo: number }, BatchRefused>>;
  /** For a `welcome`: all alerts of the epoch up to this seq are durable. */
  readonly ackedUpTo: (node: string, epoch: string) => Promise<number>;
  /** Newest first. */
  readonly list: (filter?: AlertFilter) => Promise<readonly AlertRecord[]>;
  readonly groups: (filter?: AlertFilter) => Promise<readonly AlertGroup[]>;
  /**
   * Acknowledges the alert and every other open one of its fingerprint.
   * @throws MaintError NOT_FOUND, BAD_REQUEST without a note, CONFLICT naming who acknowledged before
   */
  readonly acknowledge: (id: string, by: Principal, note: string) => Promise<Acknowledged>;
  /** Sends what is due now; call it every few seconds. */
  readonly escalate: () => Promise<readonly DueNotice[]>;
  /** What nodes that try a version would have said by it. */
  readonly shadow: (contract: ContractId, version: Version) => Promise<ShadowSummary>;
}

export function createAlertService(ports: AlertPorts): AlertService {
  const store = alertStore(ports.db.tables<AlertTables>());
  const serially = oneAtATime();
  const escalate = () => sendDue(store, ports);
  return {
    receive: (node, batch) =>
      serially(async () => {
        const answer = await receive(store, ports, node, batch);
        if (answer.ok) await escalate();
        return answer;
      }),
    ackedUpTo: (node, epoch) => serially(() => store.storedUpTo(node, epoch)),
    list: (filter = {}) => store.list(filter),
    groups: async (filter = {}) => groupAlerts(await store.list(filter)),
    acknowledge: (id, by, note) => serially(() => acknowledge(store, ports, { id, by, note })),
    escalate: () => serially(escalate),
    shadow: (contract, version) => summarizeShadow(ports.db.tables<AlertTables>(), contract, version),
  };
}

async function receive(
  store: AlertStore,
  ports: AlertPorts,
  node: string,
  batch: AlertBatch,
): Promise<Result<{ readonly upTo: number }, BatchRefused>> {
  const checked = alertBatchSchema.safeParse(batch);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    return fail({ code: "bad-frame", message: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, upTo: 0 });
  }
  const { epoch, alerts } = checked.data;
  const stored = await store.storedUpTo(node, epoch);
  const foreign = alerts.find((alert) => alert.node !== node || alert.epoch !== epoch);
  if (foreign !== undefined) {
    const message = `alert ${foreign.node}/${foreign.epoch}/${foreign.seq} in a batch of ${node}/${epoch}`;
    return fail({ code: "bad-frame", message, upTo: stored });
  }
  const fresh = alerts.filter(({ seq }) => seq > stored).sort((a, b) => a.seq - b.seq);
  const wrong = fresh.findIndex(({ seq }, index) => seq !== stored + 1 + index);
  if (wrong !== -1) {
    const message = `after ${stored + wrong} comes ${stored + wrong + 1}, not ${fresh[wrong]?.seq}`;
    return fail({ code: "gap", message, upTo: stored });
  }
  const arrivals: Arrival[] = [];
  const alarming = fresh.filter(({ kind }) => kind !== "shadow-decision");
  for (const alert of alarming) arrivals.push({ alert, plan: planNotices(alert, await whenBlocked(ports, alert)) });
  // Also with nothing new: the commit writes what a failed one left over before anybody hears that it is durable.
  await ports.journal.commit<AlertTables, void>(async ({ tables, record }) => {
    await insertShadowDecisions(tables, fresh);
    const records = await alertStore(tables).insert(arrivals, ports.clock.nowMs());
    for (const stored of records) record(raised(stored));
  });
  return ok({ upTo: stored + fresh.length });
}

async function whenBlocked({ contracts }: AlertPorts, alert: Alert) {
  if (alert.contract === null || alert.version === null) return [];
  return (await contracts.at(alert.contract, alert.version))?.bundle?.whenBlocked ?? [];
}

const raised = ({ id, alert, fingerprint }: AlertRecord): LedgerRecord => ({
  action_type: "alert_raised",
  action: "raised",
  target: alert.contract === null ? alert.node : `${alert.contract}@${alert.version ?? "unreleased"}`,
  details: alert.text,
  user_id: alert.node,
  smart_id: alert.contract,
  metadata: {
    alert: id,
    node: alert.node,
    epoch: alert.epoch,
    seq: alert.seq,
    kind: alert.kind,
    severity: alert.severity,
    at_ms: alert.atMs,
    condition: alert.condition,
    reason: alert.reason,
    subject: alert.subject,
    reading: alert.reading,
    test: alert.testId,
    bundle: alert.bundleDigest,
    node_ledger_seq: alert.ledgerSeq,
    fingerprint,
  },
});

const MAX_NOTE = 2_000;

interface AcknowledgeRequest {
  readonly id: string;
  readonly by: Principal;
  readonly note: string;
}

async function acknowledge(store: AlertStore, ports: AlertPorts, request: AcknowledgeRequest): Promise<Acknowledged> {
  const { id, by } = request;
  const note = request.note.trim();
  if (note === "" || note.length > MAX_NOTE)
    throw badRequest(`a note of 1 to ${MAX_NOTE} characters says what was done`);
  const record = await store.find(id);
  if (record === undefined)
    throw unknownId(
      "alert",
      id,
      (await store.list({ limit: 100 })).map((known) => known.id),
    );
  if (record.acknowledgement !== null) {
    throw conflict(`${id} was acknowledged by ${record.acknowledgement.by} already: ${record.acknowledgement.note}`);
  }
  const ids = (await store.openOf(record.fingerprint)).map((open) => open.id);
  const atMs = ports.clock.nowMs();
  await ports.journal.commit<AlertTables, void>(async (write) => {
    await alertStore(write.tables).acknowledge(ids, { by: by.id, atMs, note });
    write.record({
      action_type: "alert_acknowledgement",
      action: "acknowledged",
      target: id,
      details: note,
      user_id: by.id,
      smart_id: record.alert.contract,
      metadata: { alerts: ids, node: record.alert.node, reason: record.alert.reason, fingerprint: record.fingerprint },
    });
  });
  return { ids, by: by.id, atMs };
}

async function sendDue(store: AlertStore, { clock, notify }: AlertPorts): Promise<readonly DueNotice[]> {
  const nowMs = clock.nowMs();
  const due = dueEscalations(await store.allOpen(), nowMs);
  for (const notice of due) {
    notify(notice);
    await store.markSent(notice.alertId, noticeKey(notice), nowMs);
  }
  return due;
}
