import { leafHash, type TreeEdge, type TreeHash } from "../../ledger/merkle.ts";
import type { StoredEntry } from "../../ledger/verify.ts";
import type { ArchivedNode } from "./archived.ts";
import type { NodeCheckpoint, Strand } from "./archived-strand.ts";

/** One strand of a node's ledger as a Merkle tree: what proofs are made of, and what the node itself signed of it. */
export interface ArchivedTree extends ArchivedNode {
  readonly strand: number;
  /** Of the entries below `firstKept`; null where it is not known, and with it no root. */
  readonly kept: TreeEdge | null;
  /** From `firstKept` up to `size`; read from the disk as they are asked for. */
  readonly leaves: () => Iterable<TreeHash>;
  /** The largest; null where the node signed nothing. */
  readonly checkpoint: NodeCheckpoint | null;
}

export interface StrandSource {
  readonly stored: (strand: Strand, fromSeq?: number) => Iterable<StoredEntry>;
  readonly checkpoints: (strand: Strand) => readonly NodeCheckpoint[];
}

export function archivedTree(strand: Strand, { stored, checkpoints }: StrandSource): ArchivedTree {
  const { node, number, head, firstKept, fault, tree } = strand;
  return {
    ...{ node, strand: number, size: head.size, headHash: head.hash, firstKept, fault, kept: tree?.kept ?? null },
    checkpoint: checkpoints(strand).at(-1) ?? null,
    *leaves() {
      // An entry that arrives meanwhile is not of this tree.
      for (const { seq, bytes } of stored(strand, firstKept)) if (seq < head.size) yield leafHash(bytes);
    },
  };
}
