import type { StoreArea } from "./database.ts";

export interface OrderTables {
  readonly client_order: OrderRow;
}

/** One row a revision, none is ever changed; the order is its highest. `body` is the ClientOrder as JSON, `text` as it was handed in. */
export interface OrderRow {
  id: string;
  revision: number;
  body: string;
  text: string;
  changed_by: string;
  changed_at_ms: number;
}

export const orderTables: StoreArea = {
  name: "orders",
  steps: [
    [
      `create table client_order (
        id text not null, revision integer not null, body text not null, text text not null,
        changed_by text not null, changed_at_ms integer not null,
        primary key (id, revision)
      ) strict`,
    ],
  ],
};
