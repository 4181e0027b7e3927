import { oneAtATime } from "../../base/one-at-a-time.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Alert } from "../../model/alert.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import type { AlertBatch } from "../../model/message.ts";
import type { Clock, ContractSource, Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import { createGroups } from "../session/groups.ts";
import type { AlertTables } from "../store/alerts-tables.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal, Write } from "../store/journal.ts";
import { dueGroups, groupCounts, listGroups, lookAgainAt } from "./alert-groups.ts";
import { type AlertFilter, type AlertGroup, type AlertRecord, type NumberedAlert, noticeKey } from "./alert-record.ts";
import { alertBatchSchema } from "./alert-schema.ts";
import { type AlertStore, type Arrival, alertStore } from "./alert-store.ts";
import { byDueTime, type DueNotice, type Escalation, escalationOf, planNotices } from "./escalation.ts";
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
  /** Those that came behind a number, oldest first: for who keeps up with them. 0 begins with the first. */
  readonly after: (number: number, limit: number) => Promise<readonly NumberedAlert[]>;
  /** The filter chooses groups; each counts all of its alerts. */
  readonly groups: (filter?: AlertFilter) => Promise<readonly AlertGroup[]>;
  readonly groupCounts: (fingerprints: readonly string[]) => Promise<ReadonlyMap<string, number>>;
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

/** What one node handed in. */
interface NodeBatch {
  readonly node: string;
  readonly batch: AlertBatch;
}

/** A batch holds up to RECORDS_PER_FRAME alerts; one turn of the loop commits no more than these. */
const BATCHES_PER_COMMIT = 8;

export function createAlertService(ports: AlertPorts): AlertService {
  const store = alertStore(ports.db.tables<AlertTables>());
  const serially = oneAtATime();
  const escalate = () => sendDue(store, ports);
  const batches = createGroups<NodeBatch, Received>(BATCHES_PER_COMMIT, (items, at) =>
    serially(async () => {
      const answers = await receiveAll(ports, items, at);
      if (answers.some(({ ok }) => ok)) await escalate();
      return answers;
    }),
  );
  return {
    receive: (node, batch) => batches({ node, batch }),
    ackedUpTo: (node, epoch) => serially(() => store.storedUpTo(node, epoch)),
    list: (filter = {}) => store.list(filter),
    after: (number, limit) => store.after(number, limit),
    groups: (filter = {}) => listGroups(ports.db.tables<AlertTables>(), filter),
    groupCounts: (fingerprints) => groupCounts(ports.db.tables<AlertTables>(), fingerprints),
    acknowledge: (id, by, note) => serially(() => acknowledge(store, ports, { id, by, note })),
    escalate: () => serially(escalate),
    shadow: (contract, version) => summarizeShadow(ports.db.tables<AlertTables>(), contract, version),
  };
}

type Received = Result<{ readonly upTo: number }, BatchRefused>;

/** A batch that can be read, and what each of its alerts has planned. */
interface ReadBatch {
  readonly node: string;
  readonly epoch: string;
  readonly arrivals: readonly Arrival[];
}

/** Many nodes' batches in one commit, each taken or refused for itself. */
async function receiveAll(
  ports: AlertPorts,
  batches: readonly NodeBatch[],
  at: (index: number | undefined) => void,
): Promise<readonly Received[]> {
  // Contracts are looked up before the transaction, which holds the one connection.
  const noticesOf = remembered((alert) => whenBlocked(ports, alert));
  const read: (ReadBatch | Received)[] = [];
  for (const [index, batch] of batches.entries()) {
    at(index);
    read.push(await readBatch(batch, noticesOf));
  }
  at(undefined);
  // Also with nothing new: the commit writes what a failed one left over before anybody hears that it is durable.
  return ports.journal.commit<AlertTables, readonly Received[]>(async (write) => {
    const answers: Received[] = [];
    for (const [index, one] of read.entries()) {
      at(index);
      answers.push("ok" in one ? one : await storeBatch(write, one, ports.clock.nowMs()));
    }
    at(undefined);
    return answers;
  });
}

type NoticesOf = (alert: Alert) => ReturnType<typeof whenBlocked>;

/** A contract's notices, looked up once. */
function remembered(lookUp: NoticesOf): NoticesOf {
  const known = new Map<string, ReturnType<NoticesOf>>();
  return (alert) => {
    const name = `${alert.contract}@${alert.version}`;
    const found = known.get(name) ?? lookUp(alert);
    known.set(name, found);
    return found;
  };
}

async function readBatch({ node, batch }: NodeBatch, noticesOf: NoticesOf): Promise<ReadBatch | Received> {
  const checked = alertBatchSchema.safeParse(batch);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    return fail({ code: "bad-frame", message: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, upTo: 0 });
  }
  const { epoch, alerts } = checked.data;
  const arrivals: Arrival[] = [];
  for (const alert of alerts) arrivals.push({ alert, plan: planNotices(alert, await noticesOf(alert)) });
  return { node, epoch, arrivals };
}

async function storeBatch(
  { tables, record }: Write<AlertTables>,
  { node, epoch, arrivals }: ReadBatch,
  nowMs: number,
): Promise<Received> {
  const store = alertStore(tables);
  const stored = await store.storedUpTo(node, epoch);
  const foreign = arrivals.find(({ alert }) => alert.node !== node || alert.epoch !== epoch)?.alert;
  if (foreign !== undefined) {
    const message = `alert ${foreign.node}/${foreign.epoch}/${foreign.seq} in a batch of ${node}/${epoch}`;
    return fail({ code: "bad-frame", message, upTo: stored });
  }
  const fresh = arrivals.filter(({ alert }) => alert.seq > stored).sort((a, b) => a.alert.seq - b.alert.seq);
  const wrong = fresh.findIndex(({ alert }, index) => alert.seq !== stored + 1 + index);
  if (wrong !== -1) {
    const message = `after ${stored + wrong} comes ${stored + wrong + 1}, not ${fresh[wrong]?.alert.seq}`;
    return fail({ code: "gap", message, upTo: stored });
  }
  const trials = fresh.map(({ alert }) => alert);
  await insertShadowDecisions(tables, trials);
  const alarming = fresh.filter(({ alert }) => alert.kind !== "shadow-decision");
  for (const known of await store.insert(alarming, nowMs)) record(raised(known));
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
    await alertStore(write.tables).acknowledge(record.fingerprint, { by: by.id, atMs, note });
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

/** Groups that one look takes; what is left over is looked at next time. */
const GROUPS_PER_LOOK = 500;

/** Only groups whose time has come are read, however many stand open. */
async function sendDue(store: AlertStore, { db, clock, notify }: AlertPorts): Promise<readonly DueNotice[]> {
  const nowMs = clock.nowMs();
  const looked = new Map<string, Escalation>();
  for (const { fingerprint, open } of await dueGroups(db.tables<AlertTables>(), nowMs, GROUPS_PER_LOOK))
    looked.set(fingerprint, escalationOf(await store.raisingOf(fingerprint), open, nowMs));
  if (looked.size === 0) return [];
  const due = [...looked.values()].flatMap((one) => one.due).sort(byDueTime);
  for (const notice of due) notify(notice);
  // Told first: a notice may come twice after a crash, and is never lost.
  await db.atomically<AlertTables, void>(async (tables) => {
    const writing = alertStore(tables);
    for (const notice of due) await writing.markSent(notice.alertId, noticeKey(notice), nowMs);
    for (const [fingerprint, { nextMs }] of looked) await lookAgainAt(tables, fingerprint, nextMs);
  });
  return due;
}
