import { assert } from "../../base/assert.ts";
import type { Alert } from "../../model/alert.ts";
import type { HubDatabase } from "../store/database.ts";
import { type AlertDraft, alertDraft, type DraftGroup, type Stream } from "./alert-draft.ts";
import { severityRank } from "./alert-record.ts";
import type { AlertStatements, GroupState, Growth, NewRun } from "./alert-statements.ts";
import { EMERGENCY_GAP_MS } from "./escalation.ts";

/**
 * What stored batches add to their groups, incidents and streams, and is not written there yet. Each of ten thousand nodes has rows
 * of its own, so that counting every commit writes more pages than its alerts fill; counted together, many commits share them.
 * Nothing is lost with it: `alert_counted` says behind which batch nothing is counted, and whoever starts counts from there.
 */
export interface HeldCounts {
  /** Records of which nothing is counted yet. */
  readonly records: () => number;
  /** How far a stream has come by what is held; undefined where nothing of it is. */
  readonly storedUpTo: (node: string, epoch: string) => number | undefined;
  /** Takes a draft whose batches are stored, of groups with an open incident and of nothing worse than what is in that. */
  readonly hold: (draft: Pick<AlertDraft, "batches" | "groups" | "streams">, receivedAtMs: number) => void;
  /** Writes all of it. Call inside a transaction, and `clear` when that is durable. */
  readonly write: () => void;
  readonly clear: () => void;
  /** After something failed: what is held is again what is stored and not counted, whatever of it was written. */
  readonly recount: () => void;
}

interface HeldGroup extends Growth {
  readonly incident: number;
  readonly receivedAtMs: number;
}

/** What is held, by group, by stream and by run. */
interface Held {
  records: number;
  lastBatch: number;
  readonly groups: Map<number, HeldGroup>;
  readonly streams: Map<string, Stream>;
  readonly runs: NewRun[];
}

const nothing = (): Held => ({ records: 0, lastBatch: 0, groups: new Map(), streams: new Map(), runs: [] });
const keyOf = (node: string, epoch: string): string => `${node}/${epoch}`;

export function heldCounts(db: Pick<HubDatabase, "prepare">, statements: AlertStatements): HeldCounts {
  let known: Held | undefined;
  const held = (): Held => {
    known ??= uncounted(db, statements);
    return known;
  };
  return {
    records: () => held().records,
    storedUpTo: (node, epoch) => held().streams.get(keyOf(node, epoch))?.stored,
    hold: (draft, receivedAtMs) => hold(held(), draft, receivedAtMs),
    write: () => write(held(), statements),
    clear: () => {
      known = nothing();
    },
    recount: () => {
      known = undefined;
    },
  };
}

function hold(held: Held, draft: Pick<AlertDraft, "batches" | "groups" | "streams">, receivedAtMs: number): void {
  for (const group of draft.groups.values()) {
    if (group.count === 0) continue;
    assert(group.raises.length === 0, "what is held raises nothing");
    const { id, incident } = openBefore(group);
    const known = held.groups.get(id);
    if (known === undefined) held.groups.set(id, heldGroup(group, incident, receivedAtMs));
    else held.groups.set(id, { ...known, ...sumOf(known, group) });
  }
  for (const { firstAlert, count, runs } of draft.batches) {
    held.records += count;
    held.lastBatch = firstAlert;
    for (const { group, ...run } of runs) {
      const { id, incident } = openBefore(group);
      held.runs.push({ ...run, firstAlert, group: id, incident });
    }
  }
  for (const stream of draft.streams.values()) held.streams.set(keyOf(stream.node, stream.epoch), stream);
}

/** What is counted later belongs to rows that are there: with another group or incident the count would be nobody's. */
function openBefore({ before }: Pick<DraftGroup, "before">): { readonly id: number; readonly incident: number } {
  assert(before !== undefined && before.incident !== null, "what is held is of a group with an open incident");
  return { id: before.id, incident: before.incident };
}

const heldGroup = (growth: Growth, incident: number, receivedAtMs: number): HeldGroup => {
  const { count, rank, firstAtMs, lastAtMs, firstAlert, lastAlert } = growth;
  return { count, rank, firstAtMs, lastAtMs, firstAlert, lastAlert, incident, receivedAtMs };
};

const sumOf = (a: Growth, b: Growth): Growth => ({
  count: a.count + b.count,
  rank: Math.max(a.rank, b.rank),
  firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
  lastAtMs: Math.max(a.lastAtMs, b.lastAtMs),
  firstAlert: a.firstAlert,
  lastAlert: b.lastAlert,
});

function write({ records, lastBatch, groups, streams, runs }: Held, statements: AlertStatements): void {
  if (records === 0) return;
  for (const [id, { incident, receivedAtMs, ...growth }] of groups) {
    statements.growGroup(id, growth);
    statements.growIncident(incident, growth);
    statements.awaitRepeat(incident, receivedAtMs);
    if (growth.rank === severityRank.emergency) statements.hastenRepeat(incident, receivedAtMs, EMERGENCY_GAP_MS);
  }
  for (const run of runs) statements.putRun(run);
  for (const { node, epoch, stored } of streams.values()) statements.putStream(node, epoch, stored);
  statements.setCounted(lastBatch);
}

const UNCOUNTED = `select first_alert, node, epoch, first_seq, received_at_ms, body from alert_batch
  where first_alert > (select up_to from alert_counted) order by first_alert`;

interface UncountedBatch {
  readonly first_alert: number;
  readonly node: string;
  readonly epoch: string;
  readonly first_seq: number;
  readonly received_at_ms: number;
  readonly body: string;
}

function uncounted({ prepare }: Pick<HubDatabase, "prepare">, { group }: AlertStatements): Held {
  const held = nothing();
  for (const batch of prepare(UNCOUNTED).iterate() as Iterable<unknown> as Iterable<UncountedBatch>)
    hold(held, draftOf(batch, group), batch.received_at_ms);
  return held;
}

/** The batch as it was drafted when it came. */
function draftOf(
  { first_alert, node, epoch, first_seq, body }: UncountedBatch,
  group: (fingerprint: string) => GroupState | undefined,
): AlertDraft {
  const draft = alertDraft({
    storedUpTo: () => first_seq - 1,
    lastNumber: () => first_alert - 1,
    group: (_key, fingerprint) => group(fingerprint()),
  });
  const taken = draft.add({ node, batch: { epoch, alerts: JSON.parse(body) as readonly Alert[] } });
  assert(taken.ok, "a stored batch is one that was taken");
  return draft;
}
