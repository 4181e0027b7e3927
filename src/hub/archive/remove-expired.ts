import { assert } from "../../base/assert.ts";
import { growEdge } from "../../ledger/merkle.ts";
import { MAX_REMOVED_PER_TURN } from "../../model/limits.ts";
import { nextTurn } from "../store/turns.ts";
import type { ArchiveWriter } from "./archive-writer.ts";
import type { Strand } from "./archived-strand.ts";
import type { KnownStrands } from "./grow-strands.ts";
import { keptBy, type Removal, type Retention } from "./retention.ts";

/** Removes what is beyond its node's retention, the oldest first, MAX_REMOVED_PER_TURN at a time. */
export async function removeExpired(
  file: ArchiveWriter,
  known: KnownStrands,
  nowMs: number,
  told: (removal: Removal) => Promise<void>,
): Promise<void> {
  const retentions = file.retentions();
  if (retentions.length === 0) return;
  for (const { id, node } of known.all()) {
    for (let more = true; more; await nextTurn())
      more = await removeSome(file, known, { id, node, nowMs, retentions, told });
  }
}

interface Expiry {
  readonly id: number;
  readonly node: string;
  readonly nowMs: number;
  readonly retentions: readonly Retention[];
  readonly told: (removal: Removal) => Promise<void>;
}

/** Answers whether there may be more. */
async function removeSome(
  file: ArchiveWriter,
  known: KnownStrands,
  { id, node, nowMs, retentions, told }: Expiry,
): Promise<boolean> {
  const now = (): Strand => {
    const strand = known.of(node).find((one) => one.id === id);
    assert(strand !== undefined, "a strand never goes");
    return strand;
  };
  const { firstKept: from, head, number } = now();
  const { fromSeq, fromMs } = keptBy(retentions, node, head.size, nowMs);
  const end = Math.min(head.size, from + MAX_REMOVED_PER_TURN);
  const upTo = Math.max(file.firstSince(id, from, end, fromMs), Math.min(end, fromSeq));
  if (upTo <= from) return false;
  const lastHash = file.hashAt(id, upTo - 1);
  assert(lastHash !== undefined, "what is removed was kept");
  await told({ node, strand: number, from, upTo, lastHash });
  // It may have grown while that was written down.
  const grown = now();
  const tree =
    grown.tree === null ? null : { ...grown.tree, kept: growEdge(grown.tree.kept, file.leaves(id, from, upTo)) };
  const removed: Strand = { ...grown, firstKept: upTo, keptFromHash: lastHash, tree };
  file.atomically(() => {
    file.putStrand(removed);
    file.remove(id, from, upTo);
  });
  known.put(removed);
  return upTo === end && end < head.size;
}
