/**
 * One entry of a hub's or a node's ledger. Its bytes are RFC 8785 JSON and final: they are the leaves of its Merkle tree. `previous_hash` is `sha256:` of the entry before, or of nothing for seq 0.
 * Field names are the SMART-Ledger's own. Source: distribution.md "Ledger".
 */
export interface LedgerEntry {
  /** From 0, without gaps. */
  readonly seq: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly timeSource: "wall" | "attested";
  readonly action_type: LedgerActionType;
  /** One past-tense word of the action type's own list: `created`, `validated`, `decided` … */
  readonly action: string;
  /** What it was done to: a contract id and version, a node id, an order id. */
  readonly target: string;
  /** A sentence for a reader. */
  readonly details: string;
  /** Who: a person's id, or the node's or hub's own id for what it did alone. */
  readonly user_id: string;
  /** The contract id, where there is one. */
  readonly smart_id: string | null;
  readonly metadata: { readonly [key: string]: unknown };
  readonly previous_hash: string;
}

/** What is recorded, by the part of the lifecycle it belongs to. */
export const LEDGER_ACTION_TYPES = [
  "contract_creation",
  "contract_validation",
  "contract_storage",
  "contract_deployment",
  "contract_acknowledgement",
  "contract_activation",
  "contract_rejection",
  "contract_monitoring",
  "contract_deprecation",
  "contract_archival",
  "contract_approval",
  "rollout",
  "node_enrolment",
  "node_session",
  "evidence_record",
  "gate_decision",
  "alert_raised",
  "alert_acknowledgement",
  "alert_notice",
  "alert_retention",
  "pattern_analysis",
  "proposal",
  "order",
  "impact",
  "person",
  "ledger_archive",
  "ledger_read",
  "process",
] as const;
export type LedgerActionType = (typeof LEDGER_ACTION_TYPES)[number];

/** What a caller says; the ledger adds seq, time and the chain. */
export type LedgerRecord = Omit<LedgerEntry, "seq" | "time" | "timeSource" | "previous_hash">;
