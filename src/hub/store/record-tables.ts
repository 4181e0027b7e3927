import type { Generated } from "kysely";
import type { StoreArea } from "./database.ts";

export interface RecordTables {
  readonly unwritten_record: UnwrittenRecordRow;
}

/** A LedgerRecord whose state change is durable here and whose ledger entry may not be: JSON. */
export interface UnwrittenRecordRow {
  id: Generated<number>;
  record: string;
  /** Entries the ledger had by then: its own cannot stand below. */
  ledger_size: number;
}

export const recordTables: StoreArea = {
  name: "records",
  steps: [
    ["create table unwritten_record (id integer primary key autoincrement, record text not null) strict"],
    ["alter table unwritten_record add column ledger_size integer not null default 0"],
  ],
};
