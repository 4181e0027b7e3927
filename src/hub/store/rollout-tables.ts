import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface RolloutTables {
  readonly rollout: RolloutRow;
  readonly rollout_event: RolloutEventRow;
  readonly rollout_default: RolloutDefaultRow;
}

/** One way of one version to its nodes. A version may have several, one after the other; the latest decides. */
export interface RolloutRow {
  id: Generated<number>;
  contract: string;
  version: string;
  started_at_ms: number;
}

/** What happened, in order; a rollout is where these lead. Never changed, never removed. */
export interface RolloutEventRow {
  rollout: number;
  /** From 0, without gaps. */
  seq: number;
  /** RolloutEvent, JSON. */
  event: string;
}

/** How versions of a domain are rolled out where nobody says otherwise. */
export interface RolloutDefaultRow {
  domain: string;
  /** RolloutPolicy, JSON. */
  policy: string;
  set_by: string;
  set_at_ms: number;
}

export const rolloutTables: StoreArea = {
  name: "rollouts",
  steps: [
    [
      `create table rollout (
        id integer primary key autoincrement, contract text not null, version text not null, started_at_ms integer not null
      ) strict`,
      "create index rollout_of on rollout (contract, version)",
      `create table rollout_event (
        rollout integer not null references rollout (id), seq integer not null, event text not null,
        primary key (rollout, seq)
      ) strict, without rowid`,
      `create table rollout_default (
        domain text primary key, policy text not null, set_by text not null, set_at_ms integer not null
      ) strict`,
    ],
  ],
};
