import type { StoreArea } from "./database.ts";

/** One message to one recipient over one channel, from the moment it is due until it came through or was given up. */
export interface OutboxRow {
  readonly id: number;
  readonly kind: string;
  readonly channel: string;
  readonly recipient: string;
  readonly role: string;
  /** `severityRank` */
  readonly rank: number;
  readonly incident: number | null;
  /** How many alerts it tells of for the first time. */
  readonly alerts: number;
  readonly at_ms: number;
  /** NoticeBody, JSON. */
  readonly body: string;
  readonly state: "waiting" | "delivered" | "dead" | "summarised";
  /** The message that says it along with others. */
  readonly part_of: number | null;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly next_at_ms: number;
  readonly last_error: string | null;
  readonly ended_at_ms: number | null;
}

export const noticeTables: StoreArea = {
  name: "notices",
  steps: [
    [
      `create table notice_outbox (
        id integer primary key autoincrement, kind text not null, channel text not null, recipient text not null,
        role text not null, rank integer not null, incident integer, alerts integer not null, at_ms integer not null,
        body text not null, state text not null check (state in ('waiting', 'delivered', 'dead', 'summarised')),
        part_of integer, attempts integer not null, max_attempts integer not null, next_at_ms integer not null,
        last_error text, ended_at_ms integer
      ) strict`,
      "create index notice_waiting on notice_outbox (channel, next_at_ms) where state = 'waiting'",
      "create index notice_delivered on notice_outbox (channel, recipient, ended_at_ms) where state = 'delivered'",
      "create index notice_of_incident on notice_outbox (incident) where incident is not null",
      "create index notice_parts on notice_outbox (part_of) where part_of is not null",
      "create index notice_by_state on notice_outbox (state, id)",
    ],
  ],
};
