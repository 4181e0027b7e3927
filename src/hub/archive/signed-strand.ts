import { verifyHex } from "../../disk/key-file.ts";
import { checkpointKey, openCheckpoint, originOf } from "../../ledger/checkpoint.ts";
import { growEdge, leafHash, rootOfEdge, sameHash, type TreeEdge, type TreeHash } from "../../ledger/merkle.ts";
import type { LedgerFinding, StoredEntry } from "../../ledger/verify.ts";
import type { NodeCheckpoint, Strand } from "./archived-strand.ts";

export interface StrandFinding {
  readonly seq: number;
  readonly fault: LedgerFinding["fault"] | "columns-differ" | "apart";
  /** A sentence for a reader. */
  readonly message: string;
}

/** How much of a strand its node itself signed. */
export interface SignedByNode {
  readonly size: number;
  /** 64 hex digits. */
  readonly publicHex: string;
}

export interface SignedCheck {
  /** Lets the entries through and builds the tree from them. */
  readonly pass: (stored: Iterable<StoredEntry>) => Iterable<StoredEntry>;
  /** After the last entry. */
  readonly finding: () => StrandFinding | null;
  /** The largest that holds; null where the node signed nothing of it. */
  readonly signed: () => SignedByNode | null;
}

interface Opened extends SignedByNode {
  readonly root: TreeHash;
}

/**
 * Holds a strand against what its node signed: the hub cannot make such a signature, and without it an archive is the hub's word.
 * @param publicHex the node's key as the one who verifies knows it; else the one that the hub wrote down
 */
export function checkSigned(
  strand: Strand,
  kept: readonly NodeCheckpoint[],
  publicHex: string | undefined,
): SignedCheck {
  const { node, tree, firstKept, head } = strand;
  let found: StrandFinding | null = null;
  let signed: SignedByNode | null = null;
  let edge: TreeEdge | null = tree?.kept ?? null;
  const differs = (size: number, message: string): void => {
    found ??= { seq: Math.max(0, size - 1), fault: "checkpoint-differs", message };
  };
  const opened = new Map<number, Opened>();
  for (const checkpoint of kept.filter((one) => publicHex === undefined || one.publicHex === publicHex)) {
    const read = openedOf(node, checkpoint);
    if (typeof read === "string")
      differs(checkpoint.size, `the node's checkpoint of ${checkpoint.size} entries: ${read}`);
    else opened.set(read.size, read);
  }
  if (publicHex !== undefined && opened.size === 0)
    differs(head.size, `nothing of it is signed by the node's key ${publicHex}`);
  const compare = (at: TreeEdge): void => {
    const said = opened.get(at.size);
    if (said === undefined) return;
    if (sameHash(said.root, rootOfEdge(at))) signed = { size: said.size, publicHex: said.publicHex };
    else differs(said.size, `entries 0 to ${said.size - 1} do not have the root that the node signed for them`);
  };
  return {
    *pass(stored) {
      if (edge !== null) compare(edge);
      for (const one of stored) {
        if (edge !== null) {
          edge = growEdge(edge, [leafHash(one.bytes)]);
          compare(edge);
        }
        yield one;
      }
    },
    signed: () => signed,
    finding: () => {
      const last = Math.max(0, ...opened.keys());
      if (edge !== null && last > edge.size)
        differs(last, `the node signed ${last} entries, and the archive ends after ${edge.size}`);
      if (edge === null && last > firstKept)
        differs(last, "the tree that the node signed cannot be built: its beginning is lost");
      return found;
    },
  };
}

function openedOf(node: string, { size, publicHex, note }: NodeCheckpoint): Opened | string {
  const opened = openCheckpoint(note, originOf(node), [checkpointKey(node, publicHex)], verifyHex);
  if (!opened.ok) return opened.error;
  return opened.value.size === size ? { size, publicHex, root: opened.value.root } : "it is of another size";
}
