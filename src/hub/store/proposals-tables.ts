import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface ProposalTables {
  readonly proposal: ProposalRow;
}

/** `alerts`, `statistics`, `checks`, `related` and `edits` are JSON. `pattern` is what led to it: a pattern's id, or another cause's name. */
export interface ProposalRow {
  id: Generated<number>;
  contract: string;
  domain: string;
  from_version: string;
  pattern: string;
  alerts: string;
  text: string;
  diff: string;
  clause: string;
  statistics: string;
  reason: string;
  state: string;
  created_by: string;
  created_at_ms: number;
  decided_by: string | null;
  decided_at_ms: number | null;
  decision_note: string | null;
  deployed_version: string | null;
  kind: Generated<string>;
  /** The proposal that this one repeats for another contract. */
  after_proposal: string | null;
  checks: string | null;
  related: Generated<string>;
  edits: Generated<string>;
}

export const proposalTables: StoreArea = {
  name: "proposals",
  steps: [
    [
      `create table proposal (
        id integer primary key autoincrement, contract text not null, domain text not null, from_version text not null,
        pattern text not null, alerts text not null, text text not null, diff text not null, clause text not null,
        statistics text not null, reason text not null,
        state text not null check (state in ('open', 'accepted', 'rejected', 'deployed')),
        created_by text not null, created_at_ms integer not null,
        decided_by text, decided_at_ms integer, decision_note text, deployed_version text
      ) strict`,
      "create unique index proposal_open on proposal (pattern, from_version) where state in ('open', 'accepted')",
    ],
    [
      "alter table proposal add column kind text not null default 'early-warning'",
      "alter table proposal add column after_proposal text",
      "alter table proposal add column checks text",
      "alter table proposal add column related text not null default '[]'",
      "alter table proposal add column edits text not null default '[]'",
    ],
  ],
};
