import { createHash } from "node:crypto";
import { DAY_MS } from "../../base/civil-time.ts";
import {
  ALERTS_HELD_MS,
  MAX_ALERT_BATCHES_PER_TURN,
  PATTERN_CLOCK_AHEAD_MS,
  RECORDS_PER_FRAME,
} from "../../model/limits.ts";
import type { HubDatabase } from "../store/database.ts";
import { digestOf } from "./intake.ts";

/** How much of alerts is kept; null: no end. */
export interface RetainedAlerts {
  /** Since they came to the hub. */
  readonly days: number | null;
  /** The newest; alerts and trials have one row of numbers. */
  readonly records: number | null;
}

/** Why a batch that is beyond its retention stays. */
export const HELD_FOR = ["person", "notice", "proposal"] as const;
export type HeldFor = (typeof HELD_FOR)[number];

export interface Look {
  readonly retained: RetainedAlerts;
  readonly nowMs: number;
  /** Patterns do not know this alert yet, nor any behind it. */
  readonly unfollowed: number;
  /** Numbers of alerts that proposals name on which nobody decided yet, ascending. */
  readonly cited: readonly number[];
  /** Where the look before ended. */
  readonly after: number;
}

/** A batch that goes, as it is found; its body is read when it does. */
export interface GoingBatch {
  readonly first_alert: number;
  readonly count: number;
  readonly alerts: number;
  readonly node: string;
  readonly epoch: string;
  readonly first_seq: number;
  readonly received_at_ms: number;
}

export interface Looked {
  readonly going: readonly GoingBatch[];
  readonly held: readonly { readonly for: HeldFor; readonly count: number }[];
  /** Where the next look begins; null where nothing behind it is beyond the retention. */
  readonly next: number | null;
}

interface LookedRow extends GoingBatch {
  readonly open: number;
  readonly notice: number;
}

type Prepares = Pick<HubDatabase, "prepare">;

/**
 * What is counted into its groups, and never the last batch: numbers go on behind it. A notice that goes out may name any alert of
 * its incident, and a summary that waits names those of its parts.
 */
const LOOK = `select b.first_alert, b.count, b.alerts, b.node, b.epoch, b.first_seq, b.received_at_ms,
    exists (select 1 from alert_run r join alert_incident i on i.id = r.incident
      where r.first_alert = b.first_alert and i.acknowledged_at_ms is null) as open,
    exists (select 1 from alert_run r join notice_outbox o on o.incident = r.incident
      left join notice_outbox s on s.id = o.part_of
      where r.first_alert = b.first_alert and (o.state = 'waiting' or s.state = 'waiting')) as notice
  from alert_batch b
  where b.first_alert > ? and b.first_alert <= (select up_to from alert_counted)
    and b.first_alert < (select max(first_alert) from alert_batch)
  order by b.first_alert limit ${MAX_ALERT_BATCHES_PER_TURN}`;
const LAST = "select first_alert + count - 1 as last from alert_batch order by first_alert desc limit 1";

/** Looks at some batches that may be beyond the retention, the oldest first. Changes nothing. */
export function lookForExpired({ prepare }: Prepares, look: Look): Looked {
  const { last } = (prepare(LAST).get() ?? { last: 0 }) as { readonly last: number };
  const rows = prepare(LOOK).all(look.after) as unknown as readonly LookedRow[];
  const going: GoingBatch[] = [];
  const held: { readonly for: HeldFor; readonly count: number }[] = [];
  for (const row of rows) {
    // The hub's clock was ahead then: it says nothing of how old the batch is, and its neighbours do.
    if (row.received_at_ms > look.nowMs) continue;
    if (!isBeyond(row, look, last)) return { going, held, next: null };
    const why = heldFor(row, look.cited);
    if (why === null) going.push(row);
    else held.push({ for: why, count: row.count });
  }
  const end = rows.at(-1);
  return {
    going,
    held,
    next: end !== undefined && rows.length === MAX_ALERT_BATCHES_PER_TURN ? end.first_alert : null,
  };
}

function isBeyond({ first_alert, count, received_at_ms }: LookedRow, look: Look, last: number): boolean {
  const { days, records } = look.retained;
  const end = first_alert + count - 1;
  if (end >= look.unfollowed || received_at_ms > look.nowMs - ALERTS_HELD_MS) return false;
  return (days !== null && received_at_ms <= look.nowMs - days * DAY_MS) || (records !== null && end <= last - records);
}

function heldFor({ open, notice, first_alert, count }: LookedRow, cited: readonly number[]): HeldFor | null {
  if (open === 1) return "person";
  if (notice === 1) return "notice";
  return cited.some((number) => number >= first_alert && number < first_alert + count) ? "proposal" : null;
}

/** Numbers without a gap that went at once. */
export interface RemovedStretch {
  readonly firstAlert: number;
  readonly lastAlert: number;
  readonly batches: number;
  readonly alerts: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly incidents: number;
  readonly openedFromMs: number | null;
  readonly openedToMs: number | null;
  /** Over the digests of the batches in their order, as the ledger holds them: what went is what came. */
  readonly sha256: string;
}

const SQL = {
  body: "select body from alert_batch where first_alert = ?",
  batch: "delete from alert_batch where first_alert = ?",
  runs: "delete from alert_run where first_alert = ? returning group_id, incident, count, first_at_ms, last_at_ms",
  group: "update alert_group set removed = removed + ? where id = ?",
  trials: "delete from shadow_decision where node = ? and epoch = ? and seq >= ? and seq < ?",
  // A batch begins before the alert that it brought.
  ended: `select opened_at_ms from alert_incident i where i.id = ? and i.acknowledged_at_ms is not null
    and not exists (select 1 from alert_run r where r.group_id = i.group_id and r.incident = i.id
      and r.first_alert > i.first_alert - ${RECORDS_PER_FRAME} and r.first_alert <= i.last_alert)`,
  steps: "delete from alert_step where incident = ?",
  told: "delete from alert_told where incident = ?",
  incident: "delete from alert_incident where id = ?",
} as const;

interface RemovedRun {
  readonly group_id: number;
  readonly incident: number;
  readonly count: number;
  readonly first_at_ms: number;
  readonly last_at_ms: number;
}

/**
 * Removes these batches with all that is counted of them alone: runs, trials, and incidents of which no alert is left. Groups and
 * streams stay. Call inside a transaction, and write down what it answers in the same.
 */
export function removeBatches(db: Prepares, going: readonly GoingBatch[]): readonly RemovedStretch[] {
  const stretches: (readonly GoingBatch[])[] = [];
  for (const batch of going) {
    const open = stretches.at(-1);
    const before = open?.at(-1);
    if (open !== undefined && before !== undefined && before.first_alert + before.count === batch.first_alert)
      stretches[stretches.length - 1] = [...open, batch];
    else stretches.push([batch]);
  }
  return stretches.map((stretch) => removeStretch(db, stretch));
}

function removeStretch(db: Prepares, batches: readonly GoingBatch[]): RemovedStretch {
  const hash = createHash("sha256");
  const runs = batches.flatMap((batch) => {
    const { body } = db.prepare(SQL.body).get(batch.first_alert) as { readonly body: string };
    hash.update(digestOf(body));
    return removeBatch(db, batch);
  });
  const opened = [...new Set(runs.map(({ incident }) => incident))].flatMap((id) => removeIncident(db, id));
  const first = batches[0]?.first_alert ?? 0;
  return {
    ...{ firstAlert: first, lastAlert: first + batches.reduce((sum, { count }) => sum + count, 0) - 1 },
    ...{ batches: batches.length, alerts: batches.reduce((sum, { alerts }) => sum + alerts, 0) },
    ...{ fromMs: least(runs.map((run) => run.first_at_ms)), toMs: most(runs.map((run) => run.last_at_ms)) },
    ...{ incidents: opened.length, openedFromMs: least(opened), openedToMs: most(opened) },
    sha256: hash.digest("hex"),
  };
}

function removeBatch({ prepare }: Prepares, batch: GoingBatch): readonly RemovedRun[] {
  const { first_alert, count, alerts, node, epoch, first_seq, received_at_ms } = batch;
  const runs = prepare(SQL.runs).all(first_alert) as unknown as readonly RemovedRun[];
  for (const run of runs) prepare(SQL.group).run(run.count, run.group_id);
  if (alerts < count) prepare(SQL.trials).run(node, epoch, first_seq, first_seq + count);
  prepare(SQL.batch).run(first_alert);
  // A node whose clock is years ahead says nothing of that time.
  const aheadMs = received_at_ms + PATTERN_CLOCK_AHEAD_MS;
  const capped = (atMs: number): number => Math.min(atMs, aheadMs);
  return runs.map((run) => ({ ...run, first_at_ms: capped(run.first_at_ms), last_at_ms: capped(run.last_at_ms) }));
}

/** When it had begun; nothing where it stays, for an alert of it does. */
function removeIncident({ prepare }: Prepares, id: number): readonly number[] {
  const ended = prepare(SQL.ended).get(id) as { readonly opened_at_ms: number } | undefined;
  if (ended === undefined) return [];
  for (const text of [SQL.steps, SQL.told, SQL.incident]) prepare(text).run(id);
  return [ended.opened_at_ms];
}

const least = (times: readonly number[]): number | null => times.reduce<number | null>(lower, null);
const most = (times: readonly number[]): number | null => times.reduce<number | null>(higher, null);
const lower = (a: number | null, b: number): number => (a === null ? b : Math.min(a, b));
const higher = (a: number | null, b: number): number => (a === null ? b : Math.max(a, b));
