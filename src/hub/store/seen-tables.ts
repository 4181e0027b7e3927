import type { StoreArea } from "./database.ts";

export interface SeenTables {
  readonly seen_metadata: SeenMetadataRow;
}

/** Signed metadata of which only nodes knew after this hub was restored: the highest version of each role. */
export interface SeenMetadataRow {
  name: string;
  text: string;
  node: string;
  at_ms: number;
  /** The version that this hub came back with. */
  known: number;
}

export const seenTables: StoreArea = {
  name: "seen",
  steps: [
    [
      "create table seen_metadata (name text primary key, text text not null, node text not null, at_ms integer not null) strict",
    ],
    ["alter table seen_metadata add column known integer not null default 0"],
  ],
};
