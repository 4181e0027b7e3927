import { MAX_ENDED_NOTICES, NOTICES_KEPT_MS, NOTICES_PER_LOOK, NOTICES_TIDY_MS } from "../../model/limits.ts";
import type { HubDatabase, SqlValue } from "../store/database.ts";
import type { OutboxRow } from "../store/notice-tables.ts";

export interface NewMessage {
  readonly kind: string;
  readonly channel: string;
  readonly recipient: string;
  readonly role: string;
  readonly rank: number;
  readonly incident: number | null;
  readonly alerts: number;
  readonly atMs: number;
  readonly body: string;
  readonly maxAttempts: number;
  /** Nobody could be told: it is listed with this reason. */
  readonly dead?: string | undefined;
}

export interface OutboxFilter {
  readonly state?: OutboxRow["state"] | undefined;
  readonly incident?: number | undefined;
  readonly limit: number;
}

/** How long what is over is kept: until one of these is reached, the oldest go. */
export interface OutboxLimits {
  readonly keptMs: number;
  readonly endedRows: number;
  readonly rowsPerTurn: number;
  /** How often it is looked for. */
  readonly everyMs: number;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  keptMs: NOTICES_KEPT_MS,
  endedRows: MAX_ENDED_NOTICES,
  rowsPerTurn: NOTICES_PER_LOOK,
  everyMs: NOTICES_TIDY_MS,
};

/** The messages' rows. What writes is called inside `HubDatabase.atomically` only. */
export interface Outbox {
  readonly put: (message: NewMessage) => number;
  /** Emergencies first; of the rest every recipient's oldest in turn, so that one who gets no more for now holds up nobody. */
  readonly due: (channel: string, nowMs: number, limit: number) => readonly OutboxRow[];
  /** Messages below emergency that this recipient got since an instant. */
  readonly deliveredSince: (channel: string, recipient: string, sinceMs: number) => number;
  readonly find: (id: number) => OutboxRow | undefined;
  readonly list: (filter: OutboxFilter) => readonly OutboxRow[];
  /** The first messages about an incident, and how many there are in all. */
  readonly firstOf: (
    incident: number,
    limit: number,
  ) => { readonly rows: readonly OutboxRow[]; readonly total: number };
  readonly joinInto: (ids: readonly number[], summary: number) => void;
  readonly markDelivered: (id: number, atMs: number) => void;
  readonly markDead: (id: number, atMs: number, error: string) => void;
  readonly putOff: (id: number, untilMs: number, error: string) => void;
  /** Starts again from the first attempt. */
  readonly revive: (id: number, atMs: number) => void;
  /** Waiting messages of other channels than these. */
  readonly strayed: (channels: readonly string[], limit: number) => readonly OutboxRow[];
  /**
   * Removes some of what is over and beyond the limits, with the parts that were told in it. What waits, and what it will tell,
   * stays however old it is. Ids of what went, ascending.
   */
  readonly forget: (nowMs: number, limits: OutboxLimits) => readonly number[];
}

const SQL = {
  put: `insert into notice_outbox (kind, channel, recipient, role, rank, incident, alerts, at_ms, body, state, attempts,
    max_attempts, next_at_ms, last_error, ended_at_ms) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
  due: `select * from (
      select *, row_number() over (partition by recipient order by rank = 4 desc, id) as place
      from notice_outbox where channel = ? and state = 'waiting' and next_at_ms <= ?
    ) order by rank = 4 desc, place, id limit ?`,
  delivered: `select count(*) as count from notice_outbox
    where channel = ? and recipient = ? and state = 'delivered' and ended_at_ms > ? and rank < 4`,
  find: "select * from notice_outbox where id = ?",
  firstOf: "select * from notice_outbox where incident = ? order by id limit ?",
  totalOf: "select count(*) as count from notice_outbox where incident = ?",
  join: "update notice_outbox set state = 'summarised', part_of = ? where id = ?",
  joinParts: "update notice_outbox set part_of = ? where part_of = ?",
  markDelivered:
    "update notice_outbox set state = 'delivered', attempts = attempts + 1, ended_at_ms = ?, last_error = null where id = ?",
  endParts: "update notice_outbox set ended_at_ms = ? where part_of = ?",
  noticed: `update alert_incident set noticed_at_ms = ? where noticed_at_ms is null
    and id in (select incident from notice_outbox where id = ? or part_of = ?)`,
  markDead:
    "update notice_outbox set state = 'dead', attempts = attempts + 1, ended_at_ms = ?, last_error = ? where id = ?",
  putOff: "update notice_outbox set attempts = attempts + 1, next_at_ms = ?, last_error = ? where id = ?",
  revive: `update notice_outbox set state = 'waiting', attempts = 0, next_at_ms = ?, ended_at_ms = null
    where id = ? and state = 'dead' and channel <> ''`,
  strayed: `select * from notice_outbox where state = 'waiting' and channel not in (select value from json_each(?))
    order by id limit ?`,
  // The newest of those that are one too many; by number, for time may have been set back.
  tooMany: `select id from notice_outbox where state in ('delivered', 'dead') order by id desc limit 1 offset ?`,
  over: `select id from notice_outbox where state in ('delivered', 'dead') and (ended_at_ms <= ? or id <= ?)
    order by id limit ?`,
  forget: "delete from notice_outbox where id = ? or part_of = ? returning id",
} as const;

export function openOutbox({ prepare }: Pick<HubDatabase, "prepare">): Outbox {
  const run = (text: string, ...values: SqlValue[]): number => Number(prepare(text).run(...values).lastInsertRowid);
  const all = (text: string, ...values: SqlValue[]) => prepare(text).all(...values) as unknown as readonly OutboxRow[];
  return {
    put: ({ kind, channel, recipient, role, rank, incident, alerts, atMs, body, maxAttempts, dead }) => {
      const who = [kind, channel, recipient, role, rank, incident, alerts, atMs, body] as const;
      const state = dead === undefined ? "waiting" : "dead";
      return run(SQL.put, ...who, state, maxAttempts, atMs, dead ?? null, dead === undefined ? null : atMs);
    },
    due: (channel, nowMs, limit) => all(SQL.due, channel, nowMs, limit),
    deliveredSince: (channel, recipient, sinceMs) =>
      (prepare(SQL.delivered).get(channel, recipient, sinceMs) as { readonly count: number }).count,
    find: (id) => prepare(SQL.find).get(id) as OutboxRow | undefined,
    list: ({ state, incident, limit }) => {
      const conditions: readonly (readonly [string, SqlValue])[] = [
        ...(state === undefined ? [] : [["state = ?", state] as const]),
        ...(incident === undefined ? [] : [["incident = ?", incident] as const]),
      ];
      const where = conditions.length === 0 ? "" : `where ${conditions.map(([text]) => text).join(" and ")}`;
      const values = conditions.map(([, value]) => value);
      return all(`select * from notice_outbox ${where} order by id desc limit ?`, ...values, limit);
    },
    firstOf: (incident, limit) => ({
      rows: all(SQL.firstOf, incident, limit),
      total: (prepare(SQL.totalOf).get(incident) as { readonly count: number }).count,
    }),
    joinInto: (ids, summary) => {
      for (const id of ids) {
        run(SQL.join, summary, id);
        run(SQL.joinParts, summary, id);
      }
    },
    markDelivered: (id, atMs) => {
      run(SQL.markDelivered, atMs, id);
      run(SQL.endParts, atMs, id);
      run(SQL.noticed, atMs, id, id);
    },
    markDead: (id, atMs, error) => void run(SQL.markDead, atMs, error, id),
    putOff: (id, untilMs, error) => void run(SQL.putOff, untilMs, error, id),
    revive: (id, atMs) => void run(SQL.revive, atMs, id),
    strayed: (channels, limit) => all(SQL.strayed, JSON.stringify(channels), limit),
    forget: (nowMs, { keptMs, endedRows, rowsPerTurn }) => {
      const tooMany = prepare(SQL.tooMany).get(endedRows) as { readonly id: number } | undefined;
      const over = all(SQL.over, nowMs - keptMs, tooMany?.id ?? 0, rowsPerTurn);
      return over.flatMap(({ id }) => all(SQL.forget, id, id).map((row) => row.id)).sort((a, b) => a - b);
    },
  };
}
