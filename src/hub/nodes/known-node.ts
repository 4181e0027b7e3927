import type { Selectable } from "kysely";
import type { StationRegister } from "../../model/documents.ts";
import type { LedgerActionType, LedgerRecord } from "../../model/ledger-entry.ts";
import type { Report } from "../../model/message.ts";
import type { Clock, Random } from "../ports.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { NodeRow } from "../store/node-tables.ts";

export interface KnownNode {
  readonly id: string;
  readonly register: StationRegister;
  readonly enrolledAtMs: number | null;
  readonly publicHex: string | null;
  readonly keyId: string | null;
  readonly generation: number;
  readonly report: Report | null;
  readonly lastSeenMs: number | null;
  /** Why it is given nothing new; null where it is. */
  readonly quarantined: string | null;
  readonly revokedAtMs: number | null;
}

/** A node's key as a session asks for it, and what of it must not go back. */
export interface NodeKey {
  readonly publicHex: string;
  readonly keyId: string;
  readonly isRevoked: boolean;
  readonly quarantined: string | null;
  readonly reportCounter: number;
  readonly ledgerSize: number;
}

export interface NodePorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly random: Random;
  /** Registers or enrolled nodes changed: desired sets are made anew. */
  readonly changed: () => void;
  /** Ends a live session. */
  readonly drop: (node: string, why: string) => void;
  /** Has a live node say hello anew. */
  readonly recall: (node: string, why: string) => void;
  /** Where its ledger does not follow what is archived of it, it begins another line of it. Durable when it returns. */
  readonly forgiveLedger: (node: string) => void;
}

export const nodeOf = (row: Selectable<NodeRow>): KnownNode => ({
  id: row.id,
  register: JSON.parse(row.register) as StationRegister,
  enrolledAtMs: row.enrolled_at_ms,
  publicHex: row.public_hex,
  keyId: row.key_id,
  generation: row.generation,
  report: row.report === null ? null : (JSON.parse(row.report) as Report),
  lastSeenMs: row.last_seen_ms,
  quarantined: row.quarantined,
  revokedAtMs: row.revoked_at_ms,
});

export const nodeRecord = (
  type: LedgerActionType,
  action: string,
  register: StationRegister,
  by: string,
  more: { readonly [key: string]: unknown },
): LedgerRecord => ({
  action_type: type,
  action,
  target: register.node,
  details: `station ${register.station.id} (${register.station.type}) in ${register.plantZone}: ${action}`,
  user_id: by,
  smart_id: null,
  metadata: { station: register.station.id, station_type: register.station.type, ...more },
});
