import { oneAtATime } from "../../base/one-at-a-time.ts";
import type { Result } from "../../base/result.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import { COMMIT_GATHER_TURNS, RECORDS_PER_COMMIT } from "../../model/limits.ts";
import type { AlertBatch } from "../../model/message.ts";
import type { Principal } from "../ports.ts";
import { createGroups } from "../session/groups.ts";
import type { AlertTables } from "../store/alerts-tables.ts";
import { type Acknowledged, acknowledge } from "./acknowledge.ts";
import { type AlertDetails, detailsOf } from "./alert-details.ts";
import type { BatchRefused, NodeBatch, Received } from "./alert-draft.ts";
import { groupCounts, listGroups } from "./alert-groups.ts";
import type { AlertPorts } from "./alert-ports.ts";
import {
  type AlertFilter,
  type AlertGroup,
  type AlertRecord,
  incidentNumber,
  type NumberedAlert,
} from "./alert-record.ts";
import { noSuchAlert, type RemovedOfTime, removedOfTime, type TimeWindow } from "./alert-removals.ts";
import { alertStatements } from "./alert-statements.ts";
import { alertStore } from "./alert-store.ts";
import type { PlainAlerts } from "./alert-text.ts";
import type { DueNotice } from "./escalation.ts";
import { type IncidentHistory, incidentHistories } from "./incident-history.ts";
import { sendDue } from "./incidents.ts";
import { createIntake } from "./intake.ts";
import { type MetricsRequest, type ResponseTimes, responseTimes } from "./metrics.ts";
import { type ShadowSummary, summarizeShadow } from "./shadow-store.ts";
import { createTail, type TailPage, type TailRequest } from "./tail.ts";
import { type AlertVerification, verifyAlerts } from "./verify-alerts.ts";

export type { Acknowledged } from "./acknowledge.ts";
export type { BatchRefused } from "./alert-draft.ts";
export type { AlertPorts } from "./alert-ports.ts";

/** AlertBroadcast: takes what nodes report, tells people, keeps the history. */
export interface AlertService {
  /**
   * Stores a node's batch; ok is a promise kept: every alert up to `upTo` is in hub.db, and its bytes' digest in the ledger. Alerts
   * that are there already change nothing. A batch that would leave a gap, or is no batch of this node, is refused whole.
   * @param plain `batch.alerts` as their text alone says them, where the caller read it so
   */
  readonly receive: (
    node: string,
    batch: AlertBatch,
    plain?: PlainAlerts,
  ) => Promise<Result<{ readonly upTo: number }, BatchRefused>>;
  /** For a `welcome`: all alerts of the epoch up to this seq are durable. */
  readonly ackedUpTo: (node: string, epoch: string) => Promise<number>;
  /** The last to come first. */
  readonly list: (filter?: AlertFilter) => Promise<readonly AlertRecord[]>;
  /** Those that came behind a number, oldest first: for who keeps up with them. 0 begins with the first. */
  readonly after: (number: number, limit: number) => Promise<readonly NumberedAlert[]>;
  /** The filter chooses groups; each counts all of its alerts. */
  readonly groups: (filter?: AlertFilter) => Promise<readonly AlertGroup[]>;
  readonly groupCounts: (fingerprints: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /**
   * Acknowledges the alert and every other open one of its fingerprint; of several, all or none. A group's fingerprint names it,
   * too.
   * @throws MaintError NOT_FOUND, also for what retention removed; BAD_REQUEST without a note; CONFLICT naming who acknowledged before
   */
  readonly acknowledge: (id: string | readonly string[], by: Principal, note: string) => Promise<Acknowledged>;
  /** @throws MaintError NOT_FOUND; where retention removed it, that says so and names the ledger's entry */
  readonly details: (id: string) => Promise<AlertDetails>;
  /** Who was told of these incidents, `incident-4`, and who ended them; what is none is left out. */
  readonly incidents: (ids: readonly string[]) => Promise<readonly IncidentHistory[]>;
  /** Those behind a number, as soon as there are some, or none after a while. */
  readonly tail: (request: TailRequest) => Promise<TailPage>;
  /** How long people took to answer. */
  readonly metrics: (request: MetricsRequest) => readonly ResponseTimes[];
  /** Holds what is kept to the ledger. */
  readonly verify: () => Promise<AlertVerification>;
  /** What retention may have removed of a time, at the most. */
  readonly removed: (window: TimeWindow) => RemovedOfTime;
  /** Runs while nothing is taken in, acknowledged or told, and all that was taken in is counted. */
  readonly settled: <T>(work: () => Promise<T>) => Promise<T>;
  /** Posts what is due now; call it every few seconds. */
  readonly escalate: () => Promise<readonly DueNotice[]>;
  /** What nodes that try a version would have said by it. */
  readonly shadow: (contract: ContractId, version: Version) => Promise<ShadowSummary>;
}

/** A batch costs the most where it holds little: a commit takes no more than a hundred or so. */
const LEAST_WEIGHT = 10;

export function createAlertService(ports: AlertPorts): AlertService {
  const { db } = ports;
  const tables = db.tables<AlertTables>();
  const store = alertStore(db);
  const statements = alertStatements(db);
  const intake = createIntake(ports);
  const tail = createTail(store, statements.lastNumber);
  // Reads come before writes here, so that no two may be under way.
  const serially = oneAtATime();
  const batches = createGroups<NodeBatch, Received>(
    {
      max: RECORDS_PER_COMMIT,
      // Nothing of it has been checked yet.
      weightOf: ({ batch, plain }) => Math.max(LEAST_WEIGHT, plain?.count ?? batch.alerts?.length ?? 0),
      gatherTurns: COMMIT_GATHER_TURNS,
    },
    async (items, at) => {
      const answers = await serially(() => intake.receive(items, at));
      tail.wake();
      return answers;
    },
  );
  /** Reads what is kept of groups and incidents once all that was taken in is counted there. */
  const counted = async <T>(read: () => T | Promise<T>): Promise<T> => {
    await serially(intake.settle);
    return read();
  };
  const settled = <T>(work: () => Promise<T>): Promise<T> =>
    serially(async () => {
      await intake.settle();
      return work();
    });
  return {
    receive: (node, batch, plain) => batches({ node, batch, plain }),
    ackedUpTo: (node, epoch) => serially(async () => intake.storedUpTo(node, epoch)),
    list: (filter = {}) => counted(() => store.list(filter)),
    after: store.after,
    groups: (filter = {}) => counted(() => listGroups(tables, filter)),
    groupCounts: (fingerprints) => counted(() => groupCounts(tables, fingerprints)),
    acknowledge: (id, by, note) => {
      const ids = typeof id === "string" ? [id] : id;
      return settled(() => acknowledge(ports, { store, statements }, { ids, by, note }).finally(intake.forget));
    },
    details: (id) =>
      counted(async () => {
        const record = store.find(id);
        if (record !== undefined) return detailsOf(db, record);
        throw await noSuchAlert(ports, store, id);
      }),
    incidents: (ids) =>
      counted(() =>
        incidentHistories(
          db,
          ids.flatMap((id) => incidentNumber(id) ?? []),
        ),
      ),
    tail: tail.read,
    metrics: (request) => responseTimes(db, request, ports.clock.nowMs()),
    verify: () => verifyAlerts(db, ports.ledger),
    removed: (window) => removedOfTime(db, window),
    settled,
    escalate: () => settled(() => sendDue(ports, statements, store.findNumber)),
    shadow: (contract, version) => summarizeShadow(tables, contract, version),
  };
}
