import type { StoreArea } from "./database.ts";

export interface PersonTables {
  readonly person: PersonRow;
}

export interface PersonRow {
  id: string;
  /** JSON list of roles. */
  roles: string;
  /** SHA-256, hex, of the whole token string; the token itself is nowhere here. */
  token_sha256: string;
  added_at_ms: number;
}

export const personTables: StoreArea = {
  name: "people",
  steps: [
    [
      `create table person (
        id text primary key, roles text not null, token_sha256 text not null unique, added_at_ms integer not null
      ) strict`,
    ],
  ],
};
