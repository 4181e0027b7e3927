import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface PatternTables {
  readonly pattern_analysis: PatternAnalysisRow;
}

/** Every analysis as it was answered, `body` as JSON; the ledger entry of the same moment names its id. */
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
  ],
};
