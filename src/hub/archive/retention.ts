import { DAY_MS } from "../../base/civil-time.ts";
import type { Digest } from "../../model/ids.ts";

/** How much of a node's ledger is kept; null: no end. `*` is every node that has none of its own. */
export interface Retention {
  readonly node: string;
  readonly days: number | null;
  readonly entries: number | null;
}

export const EVERY_NODE = "*";

/** Entries of one strand that go; `lastHash`, that of the last of them, proves that they were there. */
export interface Removal {
  readonly node: string;
  readonly strand: number;
  readonly from: number;
  /** The first that stays. */
  readonly upTo: number;
  readonly lastHash: Digest;
}

/** What a node's retention asks to keep: entries from this seq on, and from this instant on. */
export function keptBy(
  retentions: readonly Retention[],
  node: string,
  size: number,
  nowMs: number,
): { readonly fromSeq: number; readonly fromMs: number } {
  const own = retentions.find((one) => one.node === node) ?? retentions.find((one) => one.node === EVERY_NODE);
  const { days = null, entries = null } = own ?? {};
  return {
    fromSeq: entries === null ? 0 : Math.max(0, size - entries),
    fromMs: days === null ? Number.NEGATIVE_INFINITY : nowMs - days * DAY_MS,
  };
}
