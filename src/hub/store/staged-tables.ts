import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface StagedTables {
  readonly staged: StagedRow;
  readonly impact_budget: ImpactBudgetRow;
}

/** What a domain's versions may newly block where somebody set it; every setting is a ledger entry. */
export interface ImpactBudgetRow {
  domain: string;
  /** 0 to 1. */
  share: number;
  reason: string;
  set_by: string;
  set_at_ms: number;
}

/** Something signed that waits for its second person, or what became of it. */
export interface StagedRow {
  id: Generated<number>;
  kind: "release" | "retirement";
  contract: string;
  /** Of a release: what it is to become; of a retirement: what is taken away. */
  version: string;
  /** ReleaseSubmission or AssignmentSubmission, JSON; the metadata carries the signatures that there are. */
  submission: string;
  direction: string;
  /** Sentences, JSON. */
  changes: string;
  /** Node ids it was narrowed to, JSON; null is every node it binds. */
  nodes: string | null;
  /** Where its rollout differs from the domain's default, JSON; null is nowhere. */
  rollout: string | null;
  reason: string;
  /** 1: stays here until somebody publishes it, however many have signed. */
  held: number;
  /** The second person; null before. */
  approved_by: string | null;
  state: "waiting" | "published" | "withdrawn";
  staged_by: string;
  staged_at_ms: number;
  ended_by: string | null;
  ended_at_ms: number | null;
  end_reason: string | null;
}

export const stagedTables: StoreArea = {
  name: "staged",
  steps: [
    [
      `create table staged (
        id integer primary key, kind text not null, contract text not null, version text not null,
        submission text not null, direction text not null, changes text not null, nodes text, reason text not null,
        held integer not null, approved_by text, state text not null, staged_by text not null, staged_at_ms integer not null,
        ended_by text, ended_at_ms integer, end_reason text
      ) strict`,
      "create unique index staged_one_waits on staged (contract) where state = 'waiting'",
    ],
    ["alter table staged add column rollout text"],
    [
      `create table impact_budget (
        domain text primary key, share real not null check (share between 0 and 1), reason text not null,
        set_by text not null, set_at_ms integer not null
      ) strict`,
    ],
  ],
};
