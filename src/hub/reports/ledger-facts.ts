/** What a report says of one node's ledger, and what anybody can check without the hub. */
export interface LedgerFact {
  readonly node: string;
  /** 64 hex digits: the key that the node's own statements are signed with. */
  readonly publicHex: string | null;
  /** Entries archived at the hub when the report was made. */
  readonly size: number;
  readonly headHash: string;
  /** RFC 6962 root over the first `size` entries, base64; null where older entries are kept no more. */
  readonly root: string | null;
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
