import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface ImpactTables {
  readonly impact: ImpactRow;
  readonly impact_disposition: ImpactDispositionRow;
}

export interface ImpactRow {
  id: Generated<number>;
  asset: string;
  /** ImpactCause, JSON. */
  cause: string;
  from_ms: number | null;
  to_ms: number | null;
  note: string;
  state: string;
  opened_by: string;
  opened_at_ms: number;
  closed_by: string | null;
  closed_at_ms: number | null;
  closing_note: string | null;
  /** LastLook, JSON: what the archive showed when it was looked at last. */
  last_look: string;
}

/** Never changed; the latest of an item counts. */
export interface ImpactDispositionRow {
  id: Generated<number>;
  impact: number;
  item: string;
  disposition: string;
  note: string;
  by_whom: string;
  at_ms: number;
  /** The decisions that were known of the item then, JSON; null: all that there are. */
  decisions: string | null;
}

export const impactTables: StoreArea = {
  name: "impacts",
  steps: [
    [
      `create table impact (
        id integer primary key autoincrement, asset text not null, cause text not null, from_ms integer, to_ms integer,
        note text not null, state text not null check (state in ('open', 'closed')),
        opened_by text not null, opened_at_ms integer not null,
        closed_by text, closed_at_ms integer, closing_note text, last_look text not null
      ) strict`,
      `create table impact_disposition (
        id integer primary key autoincrement, impact integer not null references impact (id), item text not null,
        disposition text not null, note text not null, by_whom text not null, at_ms integer not null
      ) strict`,
      "create index impact_disposition_of on impact_disposition (impact, item)",
    ],
    ["alter table impact_disposition add column decisions text"],
  ],
};
