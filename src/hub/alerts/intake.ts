import { hash } from "node:crypto";
import { assert } from "../../base/assert.ts";
import type { Alert } from "../../model/alert.ts";
import type { BundleNotice } from "../../model/bundle.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { MAX_ALERTS_NAMED, MAX_REMEMBERED_GROUPS } from "../../model/limits.ts";
import type { AlertTables } from "../store/alerts-tables.ts";
import type { Write } from "../store/journal.ts";
import { type AlertDraft, alertDraft, type DraftGroup, type NodeBatch, type Received } from "./alert-draft.ts";
import type { AlertPorts } from "./alert-ports.ts";
import { alertId } from "./alert-record.ts";
import { type AlertStatements, alertStatements, type GroupState } from "./alert-statements.ts";
import { planNotices } from "./escalation.ts";
import { tellRaises } from "./incidents.ts";
import { insertShadowDecisions } from "./shadow-store.ts";

/** The way in: many nodes' batches in one commit, each taken or refused for itself. */
export interface Intake {
  readonly receive: (
    batches: readonly NodeBatch[],
    at: (index: number | undefined) => void,
  ) => Promise<readonly Received[]>;
  readonly storedUpTo: (node: string, epoch: string) => number;
  /** What it remembers of groups is looked up again: somebody else changed them. */
  readonly forget: () => void;
}

export function createIntake(ports: AlertPorts): Intake {
  const statements = alertStatements(ports.db);
  const remembered = new Map<string, GroupState>();
  const known = {
    ...{ storedUpTo: statements.storedUpTo, lastNumber: statements.lastNumber },
    group: (key: string, fingerprint: () => string) => remembered.get(key) ?? statements.group(fingerprint()),
  };
  const remember = (key: string, state: GroupState): void => {
    if (remembered.size >= MAX_REMEMBERED_GROUPS) remembered.clear();
    remembered.set(key, state);
  };
  const noticesOf = rememberedNotices(ports);
  return {
    storedUpTo: statements.storedUpTo,
    forget: () => remembered.clear(),
    async receive(batches, at) {
      const draft = alertDraft(known);
      const answers = batches.map((batch, index) => {
        at(index);
        return draft.add(batch);
      });
      at(undefined);
      // Contracts are looked up before the transaction, which holds the one connection.
      for (const { raises } of draft.groups.values())
        for (const raise of raises) raise.plan = planNotices(raise.alert, await noticesOf(raise.alert));
      try {
        // Also with nothing new: the commit writes what a failed one left over before anybody hears that it is durable.
        await ports.journal.commit<AlertTables, void>((write) => store(ports, statements, { draft, write, remember }));
      } catch (error) {
        remembered.clear();
        throw error;
      }
      return answers;
    },
  };
}

/** A stored version never changes, so that its notices are looked up once. */
function rememberedNotices({ contracts }: AlertPorts): (alert: Alert) => Promise<readonly BundleNotice[]> {
  const known = new Map<string, readonly BundleNotice[]>();
  return async ({ contract, version }) => {
    if (contract === null || version === null) return [];
    const name = `${contract}@${version}`;
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    const found = (await contracts.at(contract, version))?.bundle?.whenBlocked;
    if (found === undefined) return [];
    if (known.size >= MAX_REMEMBERED_GROUPS) known.clear();
    known.set(name, found);
    return found;
  };
}

interface Storing {
  readonly draft: AlertDraft;
  readonly write: Write<AlertTables>;
  readonly remember: (key: string, state: GroupState) => void;
}

async function store(
  ports: AlertPorts,
  statements: AlertStatements,
  { draft, write, remember }: Storing,
): Promise<void> {
  if (draft.batches.length === 0) return;
  const nowMs = ports.clock.nowMs();
  const states = new Map<DraftGroup, GroupState & { readonly incident: number }>();
  for (const [key, group] of draft.groups) {
    const state = storeGroup(statements, group, nowMs);
    states.set(group, state);
    remember(key, state);
  }
  for (const { firstAlert, records, runs, ...batch } of draft.batches) {
    statements.putBatch({ ...batch, firstAlert, receivedAtMs: nowMs });
    for (const { group, ...run } of runs) {
      const state = states.get(group);
      assert(state !== undefined, "a run's group was stored");
      statements.putRun({ ...run, firstAlert, group: state.id, incident: state.incident });
    }
    if (batch.alerts < batch.count) await insertShadowDecisions(write.tables, records());
  }
  for (const { node, epoch, stored } of draft.streams.values()) statements.putStream(node, epoch, stored);
  ports.post(tellRaises(statements, draft.groups.values(), states, nowMs), write.record);
  write.record(raisedRecord(draft, ports.hubId));
}

/** Counts what came into the group and into its incident, which begins where none is open. */
function storeGroup(
  statements: AlertStatements,
  group: DraftGroup,
  nowMs: number,
): GroupState & { readonly incident: number } {
  const { fingerprint, sample, before } = group;
  const { node, contract, condition, reason, subject } = sample;
  if (before !== undefined) statements.growGroup(before.id, group);
  const id = before?.id ?? statements.newGroup({ ...group, fingerprint, node, contract, condition, reason, subject });
  const rank = group.openRank;
  if (before?.incident != null) {
    statements.growIncident(before.incident, group);
    return { id, fingerprint, incident: before.incident, rank };
  }
  const [first] = group.raises;
  assert(first !== undefined, "an incident begins with an alert that raises it");
  const { stationId: station, stationType } = first.alert;
  const incident = statements.newIncident({ ...group, group: id, openedAtMs: nowMs, station, stationType });
  statements.setIncident(id, incident);
  return { id, fingerprint, incident, rank };
}

/**
 * One entry a commit, however many nodes sent: each batch stands in it with the digest of its bytes in hub.db, so that not a
 * letter of an alert can be changed there unnoticed. `maint alert verify` compares them.
 */
function raisedRecord({ batches, groups }: AlertDraft, hubId: string): LedgerRecord {
  const nodes = new Set(batches.map(({ node }) => node));
  const samples = [...groups.values()].map(({ sample }) => sample);
  const node = nodes.size === 1 ? (batches[0]?.node ?? hubId) : undefined;
  const contract = common(samples.map((alert) => alert.contract));
  const version = common(samples.map((alert) => alert.version));
  const alerts = [...groups.values()].reduce((sum, { count }) => sum + count, 0);
  const records = batches.reduce((sum, { count }) => sum + count, 0);
  const from = node === undefined ? `${nodes.size} nodes` : node;
  const only = records === 1 && alerts === 1 ? batches[0]?.records()[0] : undefined;
  return {
    action_type: "alert_raised",
    action: alerts === 0 ? "tried" : "raised",
    target: contract == null ? (node ?? hubId) : `${contract}@${version ?? "several"}`,
    details: only !== undefined ? only.text : `${countsOf(alerts, records - alerts)} of ${from}`,
    user_id: node ?? hubId,
    smart_id: contract ?? null,
    metadata: {
      ...{ alerts, records },
      batches: batches.map((batch) => ({
        ...{ node: batch.node, epoch: batch.epoch, from_seq: batch.firstSeq, first_alert: batch.firstAlert },
        ...{ count: batch.count, sha256: digestOf(batch.body) },
      })),
      first: named(batches),
    },
  };
}

const countsOf = (alerts: number, trials: number): string =>
  [...(alerts > 0 ? [`${alerts} alerts`] : []), ...(trials > 0 ? [`${trials} trials`] : [])].join(" and ");

export const digestOf = (body: string): string => hash("sha256", body, "hex");

/** What all say; undefined where they differ, or there is nothing. */
const common = <T>(values: readonly T[]): T | undefined => (new Set(values).size === 1 ? values[0] : undefined);

/** The first few in words, for who reads the ledger alone. */
function named(batches: AlertDraft["batches"]): readonly object[] {
  const found: object[] = [];
  for (const { records, firstAlert } of batches) {
    for (const [index, alert] of records().entries()) {
      if (found.length === MAX_ALERTS_NAMED) return found;
      if (alert.kind !== "shadow-decision") found.push(inWords(alert, firstAlert + index));
    }
  }
  return found;
}

const inWords = (alert: Alert, number: number): object => ({
  ...{ alert: alertId(number), node: alert.node, seq: alert.seq, kind: alert.kind, severity: alert.severity },
  ...{ at_ms: alert.atMs, contract: alert.contract, condition: alert.condition, reason: alert.reason },
  ...{ subject: alert.subject, reading: alert.reading, test: alert.testId, bundle: alert.bundleDigest },
  node_ledger_seq: alert.ledgerSeq,
});
