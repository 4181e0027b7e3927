import { hash } from "node:crypto";
import { assert } from "../../base/assert.ts";
import type { Alert } from "../../model/alert.ts";
import type { BundleNotice } from "../../model/bundle.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { MAX_ALERTS_NAMED, MAX_HELD_RECORDS, MAX_REMEMBERED_GROUPS } from "../../model/limits.ts";
import type { AlertTables } from "../store/alerts-tables.ts";
import type { Write } from "../store/journal.ts";
import {
  type AlertDraft,
  alertDraft,
  type DraftGroup,
  type KnownState,
  type NodeBatch,
  type Received,
} from "./alert-draft.ts";
import type { AlertPorts } from "./alert-ports.ts";
import { alertId } from "./alert-record.ts";
import { type AlertStatements, alertStatements, type GroupState } from "./alert-statements.ts";
import { planNotices } from "./escalation.ts";
import { heldCounts } from "./held-counts.ts";
import { tellRaises } from "./incidents.ts";
import { insertShadowDecisions } from "./shadow-store.ts";

/** The way in: many nodes' batches in one commit, each taken or refused for itself. */
export interface Intake {
  readonly receive: (
    batches: readonly NodeBatch[],
    at: (index: number | undefined) => void,
  ) => Promise<readonly Received[]>;
  readonly storedUpTo: (node: string, epoch: string) => number;
  /** Counts what is stored: before it, groups and incidents may be behind what was taken in. */
  readonly settle: () => Promise<void>;
  /** What it remembers of groups is looked up again: somebody else changed them. */
  readonly forget: () => void;
}

export function createIntake(ports: AlertPorts): Intake {
  const statements = alertStatements(ports.db);
  const counts = heldCounts(ports.db, statements);
  const remembered = rememberedGroups(statements);
  const streams = new Map<string, number>();
  const known: KnownState = {
    ...{ lastNumber: statements.lastNumber, group: remembered.group },
    storedUpTo: (node, epoch) =>
      streams.get(`${node}/${epoch}`) ?? counts.storedUpTo(node, epoch) ?? statements.storedUpTo(node, epoch),
  };
  const forgetting = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      remembered.clear();
      streams.clear();
      counts.recount();
      throw error;
    }
  };
  const noticesOf = rememberedNotices(ports);
  return {
    storedUpTo: known.storedUpTo,
    forget: remembered.clear,
    settle: async () => {
      if (counts.records() === 0) return;
      await forgetting(ports.db.atomically(async () => counts.write()));
      counts.clear();
    },
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
      const nowMs = ports.clock.nowMs();
      const quiet = isQuiet(draft);
      const counted = !quiet || counts.records() >= MAX_HELD_RECORDS;
      const storing = { draft, nowMs, remember: remembered.set };
      // Also with nothing new: the commit writes what a failed one left over before anybody hears that it is durable.
      const committed = ports.journal.commit<AlertTables, void>(async (write) => {
        if (counted) counts.write();
        await (quiet ? storeBatches(ports, statements, storing, write) : store(ports, statements, storing, write));
      });
      await forgetting(committed);
      if (counted) counts.clear();
      if (quiet) counts.hold(draft, nowMs);
      if (streams.size >= MAX_REMEMBERED_GROUPS) streams.clear();
      for (const [key, { stored }] of draft.streams) streams.set(key, stored);
      return answers;
    },
  };
}

/** Nobody is told anything: then it is enough that the batches are stored, and they are counted later. */
const isQuiet = ({ batches, groups }: AlertDraft): boolean =>
  batches.every(({ alerts, count }) => alerts === count) &&
  [...groups.values()].every(({ raises }) => raises.length === 0);

interface RememberedGroups {
  readonly group: KnownState["group"];
  readonly set: (key: string, state: GroupState) => void;
  readonly clear: () => void;
}

function rememberedGroups(statements: AlertStatements): RememberedGroups {
  const known = new Map<string, GroupState>();
  const set = (key: string, state: GroupState): void => {
    if (known.size >= MAX_REMEMBERED_GROUPS) known.clear();
    known.set(key, state);
  };
  return {
    set,
    clear: () => known.clear(),
    group: (key, fingerprint) => {
      const found = known.get(key) ?? statements.group(fingerprint());
      if (found !== undefined) set(key, found);
      return found;
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
  readonly nowMs: number;
  readonly remember: (key: string, state: GroupState) => void;
}

async function storeBatches(
  ports: AlertPorts,
  statements: AlertStatements,
  { draft, nowMs }: Storing,
  write: Write<AlertTables>,
): Promise<void> {
  if (draft.batches.length === 0) return;
  for (const { records: _, runs: __, ...batch } of draft.batches)
    statements.putBatch({ ...batch, receivedAtMs: nowMs });
  write.record(raisedRecord(draft, ports.hubId));
}

/** The same, and counts all of it and tells people. */
async function store(
  ports: AlertPorts,
  statements: AlertStatements,
  storing: Storing,
  write: Write<AlertTables>,
): Promise<void> {
  const { draft, nowMs, remember } = storing;
  const states = new Map<DraftGroup, GroupState & { readonly incident: number }>();
  for (const [key, group] of draft.groups) {
    const state = storeGroup(statements, group, nowMs);
    states.set(group, state);
    remember(key, state);
  }
  for (const { firstAlert, records, runs, alerts, count } of draft.batches) {
    for (const { group, ...run } of runs) {
      const state = states.get(group);
      assert(state !== undefined, "a run's group was stored");
      statements.putRun({ ...run, firstAlert, group: state.id, incident: state.incident });
    }
    if (alerts < count) await insertShadowDecisions(write.tables, records());
  }
  for (const { node, epoch, stored } of draft.streams.values()) statements.putStream(node, epoch, stored);
  ports.post(tellRaises(statements, draft.groups.values(), states, nowMs), write.record);
  await storeBatches(ports, statements, storing, write);
  statements.setCounted(draft.batches.at(-1)?.firstAlert ?? 0);
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
