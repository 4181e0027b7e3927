import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface AlertTables {
  readonly alert: AlertRow;
  readonly alert_notice: AlertNoticeRow;
  readonly alert_group: AlertGroupRow;
  readonly shadow_decision: ShadowDecisionRow;
}

/** What a tried version would have said of one decision. 1 and 0 are booleans. */
export interface ShadowDecisionRow {
  node: string;
  epoch: string;
  /** Of the node's one stream of records, alerts among them. */
  seq: number;
  contract: string;
  version: string;
  at_ms: number;
  test: string | null;
  allow: number;
  enforced_allow: number;
  /** Codes, JSON. */
  reasons: string;
  enforced_reasons: string;
}

/** `body` is the alert, `plan` its notices, both JSON; the other columns repeat what is searched by. */
export interface AlertRow {
  id: Generated<number>;
  node: string;
  epoch: string;
  seq: number;
  fingerprint: string;
  contract: string | null;
  at_ms: number;
  received_at_ms: number;
  body: string;
  plan: string;
  acknowledged_by: string | null;
  acknowledged_at_ms: number | null;
  acknowledgement_note: string | null;
  /** 1 where it was worse than all that stood open in its group when it came: only such an alert adds notices. */
  raises: number;
}

/** One fingerprint's alerts, counted as they come: a million of them are never read to be listed. */
export interface AlertGroupRow {
  fingerprint: string;
  node: string;
  contract: string | null;
  condition: string | null;
  reason: string;
  subject: string;
  /** `severityRank` of the worst, and of the worst that stands open; -1 where none does. */
  rank: number;
  open_rank: number;
  count: number;
  open: number;
  first_at_ms: number;
  last_at_ms: number;
  /** When its notices are to be looked at again; null where none is to come. */
  next_due_ms: number | null;
}

export interface AlertNoticeRow {
  alert_id: number;
  key: string;
  sent_at_ms: number;
}

export const alertTables: StoreArea = {
  name: "alerts",
  steps: [
    [
      `create table alert (
        id integer primary key autoincrement,
        node text not null, epoch text not null, seq integer not null,
        fingerprint text not null, contract text, at_ms integer not null, received_at_ms integer not null,
        body text not null, plan text not null,
        acknowledged_by text, acknowledged_at_ms integer, acknowledgement_note text,
        unique (node, epoch, seq)
      ) strict`,
      "create index alert_open on alert (fingerprint) where acknowledged_by is null",
      "create index alert_at on alert (at_ms)",
      `create table alert_notice (
        alert_id integer not null references alert (id), key text not null, sent_at_ms integer not null,
        primary key (alert_id, key)
      ) strict, without rowid`,
    ],
    [
      `create table shadow_decision (
        node text not null, epoch text not null, seq integer not null, contract text not null, version text not null,
        at_ms integer not null, test text, allow integer not null, enforced_allow integer not null,
        reasons text not null, enforced_reasons text not null, primary key (node, epoch, seq)
      ) strict, without rowid`,
      "create index shadow_of on shadow_decision (contract, version, allow, enforced_allow, at_ms)",
    ],
    [
      "alter table alert add column raises integer not null default 1",
      "create index alert_raising on alert (fingerprint) where acknowledged_by is null and raises = 1",
      "create index alert_by_contract on alert (contract, at_ms)",
      "create index alert_by_node on alert (node, at_ms)",
      "create index alert_open_at on alert (at_ms) where acknowledged_by is null",
      "create index alert_acknowledged_at on alert (at_ms) where acknowledged_by is not null",
      `create table alert_group (
        fingerprint text primary key, node text not null, contract text, condition text, reason text not null,
        subject text not null, rank integer not null, open_rank integer not null, count integer not null,
        open integer not null, first_at_ms integer not null, last_at_ms integer not null, next_due_ms integer
      ) strict, without rowid`,
      "create index alert_group_at on alert_group (last_at_ms)",
      "create index alert_group_by_contract on alert_group (contract, last_at_ms)",
      "create index alert_group_by_node on alert_group (node, last_at_ms)",
      "create index alert_group_open on alert_group (last_at_ms) where open > 0",
      "create index alert_group_due on alert_group (next_due_ms) where next_due_ms is not null",
      `insert into alert_group
        select fingerprint, node, contract, json_extract(body, '$.condition'), json_extract(body, '$.reason'),
          json_extract(body, '$.subject'), max(rank), max(iif(acknowledged_by is null, rank, -1)), count(*),
          sum(acknowledged_by is null), min(at_ms), max(at_ms), iif(sum(acknowledged_by is null) > 0, 0, null)
        from (select *, case json_extract(body, '$.severity')
            when 'medium' then 1 when 'high' then 2 when 'critical' then 3 when 'emergency' then 4 else 0 end as rank
          from alert)
        group by fingerprint`,
    ],
  ],
};
