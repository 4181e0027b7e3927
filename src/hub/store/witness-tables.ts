import type { StoreArea } from "./database.ts";

export interface WitnessTables {
  readonly witness: WitnessRow;
}

/** The last checkpoint of the hub's own ledger that a node cosigned. */
export interface WitnessRow {
  node: string;
  size: number;
  /** Signature line, C2SP cosignature/v1. */
  line: string;
  at_ms: number;
}

export const witnessTables: StoreArea = {
  name: "witness",
  steps: [
    [
      "create table witness (node text primary key, size integer not null, line text not null, at_ms integer not null) strict",
    ],
  ],
};
