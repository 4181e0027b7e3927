import type { StoreArea } from "./database.ts";

export interface NodeTables {
  readonly node: NodeRow;
  readonly enrolment: EnrolmentRow;
  readonly revoked_key: RevokedKeyRow;
}

export interface NodeRow {
  id: string;
  /** StationRegister, canonical JSON. */
  register: string;
  /** Ed25519, 64 hex digits; null until the node is enrolled. */
  public_hex: string | null;
  key_id: string | null;
  enrolled_at_ms: number | null;
  /** Of the last desired set; only grows. */
  generation: number;
  /** The last SignedDesired, JSON; null before the first. */
  desired: string | null;
  /** The last accepted Report, JSON; null before the first. */
  report: string | null;
  /** Of the last accepted report; only grows. */
  report_counter: number;
  last_seen_ms: number | null;
  /** Why it is given nothing new; null where it is. */
  quarantined: string | null;
  /** When its last key was revoked; null again once it is enrolled with another. */
  revoked_at_ms: number | null;
  /** Entries of its ledger, by its last report; only grows. */
  ledger_size: number;
}

/** A key that will never be a node's again. */
export interface RevokedKeyRow {
  public_hex: string;
  node: string;
  at_ms: number;
  by_whom: string;
  reason: string;
}

/** A token is kept as its hash, for one node, once, for ENROLMENT_TOKEN_LIFE_MS. */
export interface EnrolmentRow {
  token_sha256: string;
  node: string;
  expires_at_ms: number;
  used_at_ms: number | null;
}

export const nodeTables: StoreArea = {
  name: "nodes",
  steps: [
    [
      `create table node (
        id text primary key, register text not null,
        public_hex text unique, key_id text, enrolled_at_ms integer,
        generation integer not null, desired text, report text, report_counter integer not null, last_seen_ms integer
      ) strict`,
      `create table enrolment (
        token_sha256 text primary key, node text not null references node (id),
        expires_at_ms integer not null, used_at_ms integer
      ) strict`,
    ],
    [
      "alter table node add column quarantined text",
      "alter table node add column revoked_at_ms integer",
      "alter table node add column ledger_size integer not null default 0",
      `create table revoked_key (
        public_hex text primary key, node text not null, at_ms integer not null, by_whom text not null, reason text not null
      ) strict`,
    ],
    ["create index node_by_station on node (json_extract(register, '$.station.id'))"],
  ],
};
