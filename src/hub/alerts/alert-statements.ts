import type { HubDatabase, SqlValue } from "../store/database.ts";

/** What a group is while it is not looked at: whether an incident of it stands open, and how bad that is. */
export interface GroupState {
  readonly id: number;
  readonly fingerprint: string;
  readonly incident: number | null;
  /** `severityRank` of the worst in the open incident; -1 where none is open. */
  readonly rank: number;
}

export interface NewBatch {
  readonly firstAlert: number;
  readonly count: number;
  readonly alerts: number;
  readonly node: string;
  readonly epoch: string;
  readonly firstSeq: number;
  readonly receivedAtMs: number;
  readonly body: string;
}

export interface NewRun {
  readonly firstAlert: number;
  readonly group: number;
  readonly incident: number;
  readonly count: number;
  readonly rank: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** What a commit adds to a group, and to its incident. */
export interface Growth {
  readonly count: number;
  readonly rank: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly firstAlert: number;
  readonly lastAlert: number;
}

export interface NewGroup extends Growth {
  readonly fingerprint: string;
  readonly node: string;
  readonly contract: string | null;
  readonly condition: string | null;
  readonly reason: string;
  readonly subject: string;
}

export interface NewIncident extends Growth {
  readonly group: number;
  readonly openedAtMs: number;
  readonly station: string | null;
  readonly stationType: string | null;
}

export interface NewStep {
  readonly incident: number;
  readonly alert: number;
  readonly role: string;
  readonly afterMs: number;
  readonly rank: number;
  readonly dueAtMs: number;
  readonly sentAtMs: number | null;
}

/**
 * Every statement by which alerts are taken in: ten thousand nodes may send at once, so that these are prepared and no query is
 * built. Each of them writes inside `HubDatabase.atomically` only.
 */
export interface AlertStatements {
  /** Highest seq of the epoch that is stored; 0 for none. */
  readonly storedUpTo: (node: string, epoch: string) => number;
  /** The highest number that an alert has; 0 before the first. */
  readonly lastNumber: () => number;
  readonly group: (fingerprint: string) => GroupState | undefined;
  readonly putBatch: (batch: NewBatch) => void;
  readonly putStream: (node: string, epoch: string, stored: number) => void;
  readonly putRun: (run: NewRun) => void;
  /** Every batch up to the one that begins with this number is counted. */
  readonly setCounted: (firstAlert: number) => void;
  readonly newGroup: (group: NewGroup) => number;
  readonly growGroup: (id: number, growth: Growth) => void;
  readonly setIncident: (group: number, incident: number | null) => void;
  readonly newIncident: (incident: NewIncident) => number;
  readonly growIncident: (id: number, growth: Growth) => void;
  readonly incident: (id: number) => { readonly count: number; readonly told_at_ms: number };
  /** More came: it is told at `repeat_from_ms`, or now where that is past. */
  readonly awaitRepeat: (incident: number, nowMs: number) => void;
  /** More came, and it is told this soon after people were told last. */
  readonly hastenRepeat: (incident: number, nowMs: number, gapMs: number) => void;
  readonly setTold: (incident: number, atMs: number, repeats: number, repeatFromMs: number) => void;
  readonly putStep: (step: NewStep) => void;
  /** Steps of a role that a sooner one makes needless. */
  readonly dropLater: (incident: number, role: string, dueAtMs: number) => void;
  readonly dropSteps: (incident: number) => void;
  readonly markSent: (incident: number, alert: number, role: string, afterMs: number, atMs: number) => void;
  /** How many alerts of the incident the role has been told of; 0 for one that was told nothing. */
  readonly toldOf: (incident: number, role: string) => number;
  readonly putTold: (incident: number, role: string, alerts: number, rank: number) => void;
}

const SQL = {
  stored: "select stored from alert_stream where node = ? and epoch = ?",
  last: "select first_alert + count - 1 as last from alert_batch order by first_alert desc limit 1",
  group: `select g.id, g.incident, i.rank from alert_group g left join alert_incident i on i.id = g.incident
    where g.fingerprint = ?`,
  batch: "insert into alert_batch values (?, ?, ?, ?, ?, ?, ?, ?)",
  stream: "insert into alert_stream values (?, ?, ?) on conflict do update set stored = excluded.stored",
  run: "insert into alert_run values (?, ?, ?, ?, ?, ?, ?)",
  counted: "update alert_counted set up_to = max(up_to, ?)",
  newGroup: `insert into alert_group
    (fingerprint, node, contract, condition, reason, subject, rank, count, first_at_ms, last_at_ms, last_alert)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  growGroup: `update alert_group set count = count + ?, rank = max(rank, ?), first_at_ms = min(first_at_ms, ?),
    last_at_ms = max(last_at_ms, ?), last_alert = ? where id = ?`,
  setIncident: "update alert_group set incident = ? where id = ?",
  newIncident: `insert into alert_incident (group_id, first_alert, last_alert, count, rank, opened_at_ms, station, station_type,
    told_at_ms, repeats, repeat_from_ms) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
  growIncident: `update alert_incident set count = count + ?, rank = max(rank, ?), last_alert = ? where id = ?`,
  incident: "select count, told_at_ms from alert_incident where id = ?",
  awaitRepeat: `update alert_incident set next_repeat_ms = max(?, repeat_from_ms) where id = ? and next_repeat_ms is null`,
  hastenRepeat: `update alert_incident set next_repeat_ms = max(?, told_at_ms + ?)
    where id = ? and (next_repeat_ms is null or next_repeat_ms > max(?, told_at_ms + ?))`,
  setTold: `update alert_incident set told_at_ms = ?, repeats = ?, repeat_from_ms = ?, next_repeat_ms = null where id = ?`,
  step: "insert or ignore into alert_step values (?, ?, ?, ?, ?, ?, ?, 0)",
  dropLater: `update alert_step set dropped = 1
    where incident = ? and role = ? and due_at_ms >= ? and sent_at_ms is null and dropped = 0`,
  dropSteps: "update alert_step set dropped = 1 where incident = ? and sent_at_ms is null and dropped = 0",
  markSent: "update alert_step set sent_at_ms = ? where incident = ? and alert = ? and role = ? and after_ms = ?",
  toldOf: "select alerts from alert_told where incident = ? and role = ?",
  putTold: `insert into alert_told values (?, ?, ?, ?)
    on conflict do update set alerts = excluded.alerts, rank = excluded.rank`,
} as const;

export function alertStatements({ prepare }: Pick<HubDatabase, "prepare">): AlertStatements {
  const run = (text: string, ...values: SqlValue[]): number => Number(prepare(text).run(...values).lastInsertRowid);
  return {
    ...readings({ prepare }),
    putBatch: (one) => {
      const { firstAlert, count, alerts, node, epoch, firstSeq, receivedAtMs, body } = one;
      run(SQL.batch, firstAlert, count, alerts, node, epoch, firstSeq, receivedAtMs, body);
    },
    putStream: (node, epoch, stored) => void run(SQL.stream, node, epoch, stored),
    putRun: (one) => {
      const { firstAlert, group, incident, count, rank, firstAtMs, lastAtMs } = one;
      run(SQL.run, firstAlert, group, incident, count, rank, firstAtMs, lastAtMs);
    },
    setCounted: (firstAlert) => void run(SQL.counted, firstAlert),
    newGroup: (one) => {
      const words = [one.fingerprint, one.node, one.contract, one.condition, one.reason, one.subject];
      return run(SQL.newGroup, ...words, one.rank, one.count, one.firstAtMs, one.lastAtMs, one.lastAlert);
    },
    growGroup: (id, { count, rank, firstAtMs, lastAtMs, lastAlert }) =>
      void run(SQL.growGroup, count, rank, firstAtMs, lastAtMs, lastAlert, id),
    setIncident: (group, incident) => void run(SQL.setIncident, incident, group),
    newIncident: ({ group, firstAlert, lastAlert, count, rank, openedAtMs, station, stationType }) => {
      const figures = [group, firstAlert, lastAlert, count, rank, openedAtMs];
      return run(SQL.newIncident, ...figures, station, stationType, openedAtMs, openedAtMs);
    },
    growIncident: (id, { count, rank, lastAlert }) => void run(SQL.growIncident, count, rank, lastAlert, id),
    awaitRepeat: (incident, nowMs) => void run(SQL.awaitRepeat, nowMs, incident),
    hastenRepeat: (incident, nowMs, gapMs) => void run(SQL.hastenRepeat, nowMs, gapMs, incident, nowMs, gapMs),
    setTold: (incident, atMs, repeats, repeatFromMs) => void run(SQL.setTold, atMs, repeats, repeatFromMs, incident),
    putStep: ({ incident, alert, role, afterMs, rank, dueAtMs, sentAtMs }) =>
      void run(SQL.step, incident, alert, role, afterMs, rank, dueAtMs, sentAtMs),
    dropLater: (incident, role, dueAtMs) => void run(SQL.dropLater, incident, role, dueAtMs),
    dropSteps: (incident) => void run(SQL.dropSteps, incident),
    markSent: (incident, alert, role, afterMs, atMs) => void run(SQL.markSent, atMs, incident, alert, role, afterMs),
    putTold: (incident, role, alerts, rank) => void run(SQL.putTold, incident, role, alerts, rank),
  };
}

const readings = ({
  prepare,
}: Pick<HubDatabase, "prepare">): Pick<
  AlertStatements,
  "storedUpTo" | "lastNumber" | "group" | "incident" | "toldOf"
> => ({
  storedUpTo: (node, epoch) =>
    (prepare(SQL.stored).get(node, epoch) as { readonly stored: number } | undefined)?.stored ?? 0,
  lastNumber: () => (prepare(SQL.last).get() as { readonly last: number } | undefined)?.last ?? 0,
  group: (fingerprint) => {
    const row = prepare(SQL.group).get(fingerprint) as
      | { readonly id: number; readonly incident: number | null; readonly rank: number | null }
      | undefined;
    return row === undefined ? undefined : { id: row.id, fingerprint, incident: row.incident, rank: row.rank ?? -1 };
  },
  incident: (id) => prepare(SQL.incident).get(id) as { readonly count: number; readonly told_at_ms: number },
  toldOf: (incident, role) =>
    (prepare(SQL.toldOf).get(incident, role) as { readonly alerts: number } | undefined)?.alerts ?? 0,
});
