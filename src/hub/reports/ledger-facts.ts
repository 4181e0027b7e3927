/** What a report says of one node's ledger, and what anybody can check without the hub. */
export interface LedgerFact {
  readonly node: string;
  /** Which line of the node's ledger, from 0; another begins where it forked and a person let it go on. */
  readonly strand: number;
  /** 64 hex digits: the key that the node's own statements are signed with. */
  readonly publicHex: string | null;
  /** Entries archived at the hub when the report was made. */
  readonly size: number;
  readonly headHash: string;
  /** RFC 6962 root over the first `size` entries, base64; null where it cannot be made. */
  readonly root: string | null;
  /** The node's own signed note (C2SP tlog-checkpoint) over the first entries or all of them; null where it sent none. */
  readonly checkpoint: string | null;
  readonly firstKept: number;
  /** Entries that this report rests on. */
  readonly cited: number;
  readonly firstCited: number | null;
  readonly lastCited: number | null;
  readonly firstHash: string | null;
  readonly lastHash: string | null;
  /** What does not hold, in words; null where everything does. */
  readonly fault: string | null;
}
