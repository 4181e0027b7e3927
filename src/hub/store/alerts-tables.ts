import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface AlertTables {
  readonly alert: AlertRow;
  readonly alert_notice: AlertNoticeRow;
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
  ],
};
