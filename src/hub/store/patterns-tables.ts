import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface PatternTables {
  readonly pattern_analysis: PatternAnalysisRow;
  readonly pattern_follow: PatternFollowRow;
  readonly pattern_group: PatternGroupRow;
  readonly pattern_decision: PatternDecisionRow;
}

/** One row: up to which alert, by the hub's number, the state below takes account of, and how many decisions it holds. */
export interface PatternFollowRow {
  id: number;
  alert: number;
  decisions: number;
}

/** One contract, condition and reason; `pattern` is the id that this has everywhere. */
export interface PatternGroupRow {
  pattern: string;
  contract: string | null;
  condition: string | null;
  reason: string;
  /** Of the newest decision that a limit pushed out: counts of windows that begin before it are too low. 0 for none. */
  dropped_to_ms: number;
}

/** A blocked decision of a group, however often it was reported. It stands at its last alert. */
export interface PatternDecisionRow {
  pattern: string;
  decision: string;
  node: string;
  at_ms: number;
  /** KeptReport[], JSON, the newest first. */
  reports: string;
}

/** The newest analyses as they were answered, `body` as JSON; the ledger entry of each names its id and its digest. */
export interface PatternAnalysisRow {
  id: Generated<number>;
  at_ms: number;
  analysed_by: string;
  body: string;
}

export const patternTables: StoreArea = {
  name: "patterns",
  steps: [
    [
      `create table pattern_analysis (
        id integer primary key autoincrement, at_ms integer not null, analysed_by text not null, body text not null
      ) strict`,
    ],
    [
      "create table pattern_follow (id integer primary key check (id = 1), alert integer not null, decisions integer not null) strict",
      "insert into pattern_follow values (1, 0, 0)",
      `create table pattern_group (
        pattern text primary key, contract text, condition text, reason text not null, dropped_to_ms integer not null
      ) strict, without rowid`,
      `create table pattern_decision (
        pattern text not null, decision text not null, node text not null, at_ms integer not null, reports text not null,
        primary key (pattern, decision)
      ) strict, without rowid`,
      "create index pattern_group_dropped on pattern_group (dropped_to_ms) where dropped_to_ms > 0",
      "create index pattern_decision_at on pattern_decision (at_ms, pattern, node)",
      "create index pattern_decision_of on pattern_decision (pattern, at_ms)",
    ],
  ],
};
