import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface AlertTables {
  readonly alert_batch: AlertBatchRow;
  readonly alert_stream: AlertStreamRow;
  readonly alert_group: AlertGroupRow;
  readonly alert_incident: AlertIncidentRow;
  readonly alert_run: AlertRunRow;
  readonly alert_counted: AlertCountedRow;
  readonly alert_step: AlertStepRow;
  readonly alert_told: AlertToldRow;
  readonly shadow_decision: ShadowDecisionRow;
  readonly alert_retention: AlertRetentionRow;
  readonly alert_removal: AlertRemovalRow;
}

/** What a node sent at once, as it came: the only place where an alert's own words are kept. Never changed. */
export interface AlertBatchRow {
  /** The number of its first alert; the others follow it. */
  first_alert: number;
  /** Records, and those of them that are alerts; the rest are shadow decisions, which have numbers and are never listed. */
  count: number;
  alerts: number;
  node: string;
  epoch: string;
  first_seq: number;
  received_at_ms: number;
  /** Alert[], JSON. The ledger holds its digest. */
  body: string;
}

/** How far a node's stream of records has come. */
export interface AlertStreamRow {
  node: string;
  epoch: string;
  stored: number;
}

/** Alerts that say the same about the same thing at one node, counted as they come: a million of them are never read to be listed. */
export interface AlertGroupRow {
  id: Generated<number>;
  fingerprint: string;
  node: string;
  contract: string | null;
  condition: string | null;
  reason: string;
  subject: string;
  /** `severityRank` of the worst. */
  rank: number;
  count: number;
  first_at_ms: number;
  last_at_ms: number;
  last_alert: number;
  /** The one that stands open; null where none does. */
  incident: number | null;
  /** How many of `count` retention removed. */
  removed: Generated<number>;
}

/** From the first alert of a group until somebody acknowledges: what people answer to. */
export interface AlertIncidentRow {
  id: Generated<number>;
  group_id: number;
  first_alert: number;
  last_alert: number;
  count: number;
  /** `severityRank` of the worst. */
  rank: number;
  /** The hub's clock. */
  opened_at_ms: number;
  /** Of its first alert. */
  station: string | null;
  station_type: string | null;
  /** When people were told last. */
  told_at_ms: number;
  /** How often it was told that more came. */
  repeats: number;
  /** More that comes is told no earlier. */
  repeat_from_ms: number;
  /** When it is told; null where nothing came. */
  next_repeat_ms: number | null;
  /** When the first notice reached somebody. */
  noticed_at_ms: number | null;
  acknowledged_by: string | null;
  acknowledged_at_ms: number | null;
  note: string | null;
}

/** The alerts of one group in one batch. */
export interface AlertRunRow {
  /** Of the batch. */
  first_alert: number;
  group_id: number;
  incident: number;
  count: number;
  /** The worst of them, the earliest and the latest, by the node's clock. */
  rank: number;
  first_at_ms: number;
  last_at_ms: number;
}

/** One row: every batch up to the one with this first number is counted into streams, groups, incidents and runs. */
export interface AlertCountedRow {
  up_to: number;
}

/** Who is to be told of an incident, and when, while nobody acknowledges. */
export interface AlertStepRow {
  incident: number;
  /** The alert that asks for it: the first, or one that was worse than all before it. */
  alert: number;
  role: string;
  after_ms: number;
  rank: number;
  due_at_ms: number;
  sent_at_ms: number | null;
  /** 1: no longer needed. */
  dropped: number;
}

/** How many of an incident's alerts a role has been told of. */
export interface AlertToldRow {
  incident: number;
  role: string;
  alerts: number;
  rank: number;
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

/** One row, or none while all is kept: how much of alerts is, and who said so. */
export interface AlertRetentionRow {
  id: number;
  days: number | null;
  records: number | null;
  reason: string;
  set_by: string;
  set_at_ms: number;
}

/** Numbers without a gap that retention removed at once. The ledger says it too; this is how the hub finds it. */
export interface AlertRemovalRow {
  first_alert: number;
  last_alert: number;
  batches: number;
  /** Alerts among the numbers; the rest were trials. */
  alerts: number;
  /** When the alerts were, by their nodes' clocks; null where there were none. */
  from_ms: number | null;
  to_ms: number | null;
  /** Incidents that went with their last alert, and when they had begun. */
  incidents: number;
  opened_from_ms: number | null;
  opened_to_ms: number | null;
  at_ms: number;
  /** The first number of all that one entry of the ledger names, and how many entries there were before it. */
  entry_of: number;
  ledger_size: number;
}

const RANK =
  "case severity when 'medium' then 1 when 'high' then 2 when 'critical' then 3 when 'emergency' then 4 else 0 end";

/** What was a row an alert becomes a batch an alert, and an incident for all of a group that was acknowledged at once. */
const asBatches: readonly string[] = [
  "insert into alert_batch select id, 1, 1, node, epoch, seq, received_at_ms, '[' || body || ']' from alert",
  `insert into alert_stream select node, epoch, max(seq) from
    (select node, epoch, seq from alert union all select node, epoch, seq from shadow_decision) group by node, epoch`,
  `create temp table old_alert as
    select *, ${RANK} as rank from (select *, json_extract(body, '$.severity') as severity from alert)`,
  `insert into alert_group (fingerprint, node, contract, condition, reason, subject, rank, count, first_at_ms, last_at_ms, last_alert)
    select fingerprint, node, contract, json_extract(body, '$.condition'), json_extract(body, '$.reason'),
      json_extract(body, '$.subject'), max(rank), count(*), min(at_ms), max(at_ms), max(id)
    from old_alert group by fingerprint`,
  `insert into alert_incident (group_id, first_alert, last_alert, count, rank, opened_at_ms, station, station_type,
      told_at_ms, repeats, repeat_from_ms, acknowledged_by, acknowledged_at_ms, note)
    select g.id, min(a.id), max(a.id), count(*), max(a.rank), min(a.received_at_ms), json_extract(a.body, '$.stationId'),
      json_extract(a.body, '$.stationType'), max(a.received_at_ms), 0, max(a.received_at_ms), a.acknowledged_by,
      a.acknowledged_at_ms, a.acknowledgement_note
    from old_alert a join alert_group g using (fingerprint)
    group by a.fingerprint, a.acknowledged_at_ms, a.acknowledged_by order by min(a.id)`,
  `update alert_group set incident =
    (select id from alert_incident i where i.group_id = alert_group.id and i.acknowledged_at_ms is null)`,
  `insert into alert_run select a.id, i.group_id, i.id, 1, a.rank, a.at_ms, a.at_ms
    from old_alert a join alert_group g using (fingerprint)
    join alert_incident i on i.group_id = g.id and i.acknowledged_at_ms is a.acknowledged_at_ms
      and i.acknowledged_by is a.acknowledged_by`,
  `insert or ignore into alert_step
    select r.incident, a.id, p.value ->> 'role', p.value ->> 'afterMs', ${RANK.replace("severity", "p.value ->> 'severity'")},
      a.received_at_ms + (p.value ->> 'afterMs'), n.sent_at_ms, 0
    from old_alert a join alert_run r on r.first_alert = a.id, json_each(a.plan) p
    left join alert_notice n on n.alert_id = a.id and n.key = lower(p.value ->> 'role') || '@' || (p.value ->> 'afterMs')
    where a.raises = 1 and a.acknowledged_by is null`,
  `insert into alert_told select s.incident, s.role, i.count, max(s.rank) from alert_step s join alert_incident i on i.id = s.incident
    where s.sent_at_ms is not null group by s.incident, s.role`,
  "drop table old_alert",
];

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
    [
      "drop table alert_group",
      `create table alert_batch (
        first_alert integer primary key, count integer not null, alerts integer not null, node text not null,
        epoch text not null, first_seq integer not null, received_at_ms integer not null, body text not null
      ) strict`,
      `create table alert_stream (
        node text not null, epoch text not null, stored integer not null, primary key (node, epoch)
      ) strict, without rowid`,
      `create table alert_group (
        id integer primary key autoincrement, fingerprint text not null unique, node text not null, contract text,
        condition text, reason text not null, subject text not null, rank integer not null, count integer not null,
        first_at_ms integer not null, last_at_ms integer not null, last_alert integer not null, incident integer
      ) strict`,
      "create index alert_group_of_contract on alert_group (contract)",
      "create index alert_group_of_node on alert_group (node)",
      "create index alert_group_is_open on alert_group (incident) where incident is not null",
      `create table alert_incident (
        id integer primary key autoincrement, group_id integer not null references alert_group (id),
        first_alert integer not null, last_alert integer not null, count integer not null, rank integer not null,
        opened_at_ms integer not null, station text, station_type text,
        told_at_ms integer not null, repeats integer not null, repeat_from_ms integer not null, next_repeat_ms integer,
        noticed_at_ms integer, acknowledged_by text, acknowledged_at_ms integer, note text
      ) strict`,
      "create index alert_incident_of_group on alert_incident (group_id, first_alert)",
      "create index alert_incident_at on alert_incident (opened_at_ms)",
      "create index alert_incident_open on alert_incident (id) where acknowledged_at_ms is null",
      "create index alert_incident_repeats on alert_incident (next_repeat_ms) where next_repeat_ms is not null",
      `create table alert_run (
        first_alert integer not null, group_id integer not null, incident integer not null, count integer not null,
        rank integer not null, first_at_ms integer not null, last_at_ms integer not null,
        primary key (first_alert, group_id)
      ) strict, without rowid`,
      "create index alert_run_of_group on alert_run (group_id, first_alert)",
      `create table alert_step (
        incident integer not null references alert_incident (id), alert integer not null, role text not null collate nocase,
        after_ms integer not null, rank integer not null, due_at_ms integer not null, sent_at_ms integer,
        dropped integer not null, primary key (incident, alert, role, after_ms)
      ) strict, without rowid`,
      "create index alert_step_due on alert_step (due_at_ms) where sent_at_ms is null and dropped = 0",
      `create table alert_told (
        incident integer not null references alert_incident (id), role text not null collate nocase, alerts integer not null,
        rank integer not null, primary key (incident, role)
      ) strict, without rowid`,
      ...asBatches,
      "drop table alert_notice",
      "drop table alert",
    ],
    [
      "create table alert_counted (up_to integer not null) strict",
      "insert into alert_counted select coalesce(max(first_alert), 0) from alert_batch",
    ],
    [
      `create table alert_retention (
        id integer primary key check (id = 1), days integer, records integer, reason text not null, set_by text not null,
        set_at_ms integer not null
      ) strict`,
      `create table alert_removal (
        first_alert integer primary key, last_alert integer not null, batches integer not null, alerts integer not null,
        from_ms integer, to_ms integer, incidents integer not null, opened_from_ms integer, opened_to_ms integer,
        at_ms integer not null, entry_of integer not null, ledger_size integer not null
      ) strict`,
      "alter table alert_group add column removed integer not null default 0",
    ],
  ],
};
