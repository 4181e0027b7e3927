import type { LedgerFile } from "../../disk/ledger-file.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import {
  ALERT_RETENTION_CHECK_MS,
  MAX_REASON_TEXT,
  MAX_RETENTION_DAYS,
  MAX_RETENTION_RECORDS,
} from "../../model/limits.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest } from "../refusals.ts";
import type { HubDatabase, SqlValue } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import { nextTurn } from "../store/turns.ts";
import { alertId, alertNumber } from "./alert-record.ts";
import {
  HELD_FOR,
  type HeldFor,
  lookForExpired,
  type RemovedStretch,
  type RetainedAlerts,
  removeBatches,
} from "./alert-removal.ts";
import { type RemovedSoFar, removedSoFar } from "./alert-removals.ts";
import type { AlertService } from "./alert-service.ts";

export interface AlertRetentionPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly ledger: Pick<LedgerFile, "head">;
  readonly clock: Clock;
  readonly hubId: string;
  readonly alerts: Pick<AlertService, "after" | "settled">;
  /** Up to which alert patterns know them. */
  readonly followed: () => Promise<number>;
  /** Ids of alerts that proposals name on which nobody decided yet. */
  readonly cited: () => Promise<readonly string[]>;
}

/** How much of alerts is kept, all unless a person says otherwise; what is beyond goes a slice at a time. */
export interface AlertRetention {
  readonly show: () => Promise<ShownAlertRetention>;
  /** @throws MaintError BAD_REQUEST without a reason, or for a limit that is none */
  readonly set: (change: RetentionChange, by: Principal) => Promise<ShownAlertRetention>;
  /** Removes one slice while there is something beyond the retention, and looks for it every ALERT_RETENTION_CHECK_MS. */
  readonly tidy: () => Promise<void>;
}

export interface RetentionChange extends RetainedAlerts {
  readonly reason: string;
}

export interface ShownAlertRetention extends RetainedAlerts {
  /** Null where nobody set it: then all is kept. */
  readonly set: { readonly by: string; readonly atMs: number; readonly reason: string } | null;
  readonly kept: {
    readonly records: number;
    /** The oldest, and when its batch came; null where there is none. */
    readonly first: string | null;
    readonly sinceMs: number | null;
  };
  readonly removed: RemovedSoFar;
  /** What is beyond the retention and still there: it goes in the next turns. */
  readonly going: Counted;
  /** What is beyond it and stays, by what it waits for. */
  readonly held: { readonly [why in HeldFor]: Counted };
}

interface Counted {
  readonly batches: number;
  readonly records: number;
}

interface SetRow extends RetainedAlerts {
  readonly reason: string;
  readonly set_by: string;
  readonly set_at_ms: number;
}

const SQL = {
  set: "select days, records, reason, set_by, set_at_ms from alert_retention",
  put: `insert into alert_retention values (1, ?, ?, ?, ?, ?) on conflict do update set days = excluded.days,
    records = excluded.records, reason = excluded.reason, set_by = excluded.set_by, set_at_ms = excluded.set_at_ms`,
  first: "select first_alert, received_at_ms from alert_batch order by first_alert limit 1",
  last: "select first_alert + count - 1 as last from alert_batch order by first_alert desc limit 1",
  removal: "insert into alert_removal values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
} as const;

const ALL: RetainedAlerts = { days: null, records: null };
const setIn = ({ prepare }: Pick<HubDatabase, "prepare">): SetRow | undefined =>
  prepare(SQL.set).get() as SetRow | undefined;
const isForever = ({ days, records }: RetainedAlerts): boolean => days === null && records === null;

/** One look over all that may be beyond the retention, a slice a turn. */
interface Run {
  readonly after: number;
  readonly cited: readonly number[];
}

/** When the last look began, and the one that is under way. */
interface Looking {
  atMs: number;
  run: Run | undefined;
}

export function createAlertRetention(ports: AlertRetentionPorts): AlertRetention {
  const { db, clock, alerts } = ports;
  const begin = async (): Promise<Run> => ({ after: 0, cited: await citedNumbers(ports) });
  const anew = (): Looking => ({ atMs: Number.NEGATIVE_INFINITY, run: undefined });
  let looking = anew();
  return {
    show: async () => shown(ports, await begin()),
    set: async (change, by) => {
      const checked = checkedChange(change);
      await alerts.settled(() => store(ports, checked, by));
      looking = anew();
      return shown(ports, await begin());
    },
    tidy: async () => {
      // Whoever sets it meanwhile has the next turn begin anew.
      const own = looking;
      const nowMs = clock.nowMs();
      if (own.run === undefined) {
        if (Math.abs(nowMs - own.atMs) < ALERT_RETENTION_CHECK_MS) return;
        own.atMs = nowMs;
        if (isForever(setIn(db) ?? ALL)) return;
        own.run = await begin();
      }
      const next = await removeSome(ports, own.run);
      own.run = next === null ? undefined : { ...own.run, after: next };
    },
  };
}

/** What is drafted later names younger alerts than may go. */
const citedNumbers = async ({ cited }: AlertRetentionPorts): Promise<readonly number[]> =>
  (await cited()).flatMap((id) => alertNumber(id) ?? []).sort((a, b) => a - b);

const unfollowed = async ({ alerts, followed }: AlertRetentionPorts): Promise<number> =>
  (await alerts.after(await followed(), 1))[0]?.number ?? Number.MAX_SAFE_INTEGER;

/** One slice, and what it says in the ledger, in one transaction. Where the next one begins; null behind the last. */
async function removeSome(ports: AlertRetentionPorts, { after, cited }: Run): Promise<number | null> {
  const { db, journal, clock, alerts } = ports;
  const firstUnfollowed = await unfollowed(ports);
  return alerts.settled(async () => {
    const retained = setIn(db) ?? ALL;
    const nowMs = clock.nowMs();
    const { going, next } = lookForExpired(db, { retained, nowMs, unfollowed: firstUnfollowed, cited, after });
    if (going.length === 0) return next;
    await journal.commit(async ({ record }) => {
      const stretches = removeBatches(db, going);
      remember(ports, stretches, nowMs);
      record(removalRecord(stretches, retained, ports.hubId));
    });
    return next;
  });
}

/** The ledger's size is that before the entry, so that a look for it need not begin at the first. */
function remember({ db, ledger }: AlertRetentionPorts, stretches: readonly RemovedStretch[], nowMs: number): void {
  const { size } = ledger.head();
  const entryOf = stretches[0]?.firstAlert ?? 0;
  for (const one of stretches) {
    const numbers = [one.firstAlert, one.lastAlert, one.batches, one.alerts, one.fromMs, one.toMs] as const;
    const incidents = [one.incidents, one.openedFromMs, one.openedToMs] as const;
    db.prepare(SQL.removal).run(...numbers, ...incidents, nowMs, entryOf, size);
  }
}

const sumOf = <K extends string>(all: readonly { readonly [name in K]: number }[], name: K): number =>
  all.reduce((sum, one) => sum + one[name], 0);

function removalRecord(
  stretches: readonly RemovedStretch[],
  { days, records }: RetainedAlerts,
  hubId: string,
): LedgerRecord {
  const ranges = stretches.map(({ firstAlert, lastAlert, batches, sha256 }) => ({
    ...{ first_alert: firstAlert, last_alert: lastAlert, batches, records: lastAlert - firstAlert + 1, sha256 },
  }));
  const counts = { batches: sumOf(ranges, "batches"), records: sumOf(ranges, "records") };
  const first = ranges[0]?.first_alert ?? 0;
  const last = ranges.at(-1)?.last_alert ?? 0;
  const gaps = ranges.length === 1 ? "" : `, ${ranges.length} stretches of numbers with others between`;
  return {
    ...{ action_type: "alert_retention", action: "removed", target: alertId(first), user_id: hubId, smart_id: null },
    details: `${counts.records} records from ${alertId(first)} to ${alertId(last)} are removed by retention${gaps}`,
    metadata: {
      ...{ retention: { days, records }, ...counts, alerts: sumOf(stretches, "alerts") },
      ...{ incidents: sumOf(stretches, "incidents"), ranges },
    },
  };
}

function checkedChange({ days, records, reason: given }: RetentionChange): RetentionChange {
  const reason = given.trim();
  if (reason === "" || reason.length > MAX_REASON_TEXT)
    throw badRequest(`a retention needs its reason, of 1 to ${MAX_REASON_TEXT} characters`);
  for (const [name, value, most] of [
    ["days", days, MAX_RETENTION_DAYS],
    ["records", records, MAX_RETENTION_RECORDS],
  ] as const)
    if (value !== null && !(Number.isInteger(value) && value >= 1 && value <= most))
      throw badRequest(`${name} are a whole number from 1 to ${most}`);
  return { days, records, reason };
}

async function store({ db, journal, clock }: AlertRetentionPorts, change: RetentionChange, by: Principal) {
  const { days, records, reason } = change;
  const known = setIn(db);
  const before = { days: known?.days ?? null, records: known?.records ?? null, set_by: known?.set_by ?? null };
  await journal.commit(async ({ record }) => {
    const row: readonly SqlValue[] = [days, records, reason, by.id, clock.nowMs()];
    db.prepare(SQL.put).run(...row);
    record({
      ...{ action_type: "alert_retention", action: "retention-set", target: "alerts", user_id: by.id, smart_id: null },
      details: `of alerts ${retainedWords(change)} is kept, instead of ${retainedWords(before)}: ${reason}`,
      metadata: { days, records, reason, before },
    });
  });
}

export const retainedWords = ({ days, records }: RetainedAlerts): string => {
  const limits = [days === null ? [] : `${days} days`, records === null ? [] : `${records} records`].flat();
  return limits.length === 0 ? "everything" : `at most ${limits.join(" and ")}`;
};

const NOTHING: Counted = { batches: 0, records: 0 };
const plus = ({ batches, records }: Counted, more: { readonly count: number }): Counted => ({
  ...{ batches: batches + 1, records: records + more.count },
});

async function shown(ports: AlertRetentionPorts, { cited }: Run): Promise<ShownAlertRetention> {
  const { db, clock } = ports;
  const known = setIn(db);
  const { days, records } = known ?? ALL;
  const set = known === undefined ? null : { by: known.set_by, atMs: known.set_at_ms, reason: known.reason };
  const nowMs = clock.nowMs();
  const firstUnfollowed = await unfollowed(ports);
  let going = NOTHING;
  const held = { person: NOTHING, notice: NOTHING, proposal: NOTHING };
  for (let after: number | null = isForever({ days, records }) ? null : 0; after !== null; await nextTurn()) {
    const looked = lookForExpired(db, {
      retained: { days, records },
      nowMs,
      unfollowed: firstUnfollowed,
      cited,
      after,
    });
    for (const batch of looked.going) going = plus(going, batch);
    for (const why of HELD_FOR)
      for (const batch of looked.held) if (batch.for === why) held[why] = plus(held[why], batch);
    after = looked.next;
  }
  return { days, records, set, ...keptIn(db), going, held };
}

function keptIn(db: HubDatabase): Pick<ShownAlertRetention, "kept" | "removed"> {
  const removed = removedSoFar(db);
  const first = db.prepare(SQL.first).get() as
    | { readonly first_alert: number; readonly received_at_ms: number }
    | undefined;
  if (first === undefined) return { kept: { records: 0, first: null, sinceMs: null }, removed };
  const { last } = db.prepare(SQL.last).get() as { readonly last: number };
  // Every number that was given out stands in a batch, or is removed.
  const kept = { records: last - removed.records, first: alertId(first.first_alert), sinceMs: first.received_at_ms };
  return { kept, removed };
}
