import type { StoreArea } from "./database.ts";

export interface StandingTables {
  readonly standing: StandingRow;
  readonly standing_due: StandingDueRow;
}

/** The latest that a node said; the one before is replaced. */
export interface StandingRow {
  node: string;
  /** The node's time, and the hub's when it came. */
  at_ms: number;
  received_at_ms: number;
  operator: string | null;
  /** Kinds of test that would be blocked; 0 where all may start. */
  blocked: number;
  /** StandingTest[], JSON. */
  tests: string;
}

/** What lapses at the nodes, a row each, so that the floor is asked by date. */
export interface StandingDueRow {
  node: string;
  place: number;
  from_ms: number;
  severity: "reason" | "warning";
  /** StandingDue, JSON. */
  due: string;
}

export const standingTables: StoreArea = {
  name: "standing",
  steps: [
    [
      `create table standing (
        node text primary key, at_ms integer not null, received_at_ms integer not null, operator text,
        blocked integer not null, tests text not null
      ) strict`,
      "create index standing_by_blocked on standing (blocked, node)",
      `create table standing_due (
        node text not null, place integer not null, from_ms integer not null, severity text not null, due text not null,
        primary key (node, place)
      ) strict`,
      "create index standing_due_by_date on standing_due (from_ms, node)",
    ],
  ],
};
