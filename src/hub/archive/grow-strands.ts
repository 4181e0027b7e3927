import { EMPTY_HEAD, type LedgerHead } from "../../ledger/entry.ts";
import { EMPTY_EDGE, growEdge, leafHash, rootOfEdge, sameHash } from "../../ledger/merkle.ts";
import type { Digest } from "../../model/ids.ts";
import type { ArchiveWriter } from "./archive-writer.ts";
import type { Strand } from "./archived-strand.ts";
import { type ArchivedSoFar, follow, type ReadBatch, standsApart } from "./follow.ts";

/** `size`: entries that are archived of the node, all from the first. */
export type LogAnswer =
  | { readonly kind: "stored"; readonly size: number }
  /** Something is missing before them: the node sends again from `size`. */
  | { readonly kind: "gap"; readonly size: number }
  /** These are no entries, or not those it says; the next time they cannot be read either. */
  | { readonly kind: "unreadable"; readonly size: number; readonly fault: string }
  /** The node's ledger and the archive have not the same past. Nothing is taken until a person looked. `evidence`: what it signed. */
  | { readonly kind: "fork"; readonly size: number; readonly fault: string; readonly evidence?: string };

/** The strands of every node as they are on the disk. */
export interface KnownStrands {
  readonly of: (node: string) => readonly Strand[];
  readonly put: (strand: Strand) => void;
  readonly all: () => Iterable<Strand>;
  readonly nextId: () => number;
}

export function knownStrands(strands: readonly Strand[]): KnownStrands {
  const byNode = new Map<string, readonly Strand[]>();
  let lastId = 0;
  const put = (strand: Strand): void => {
    const others = (byNode.get(strand.node) ?? []).filter(({ id }) => id !== strand.id);
    byNode.set(
      strand.node,
      [...others, strand].sort((a, b) => a.number - b.number),
    );
    lastId = Math.max(lastId, strand.id);
  };
  for (const strand of strands) put(strand);
  return {
    put,
    of: (node) => byNode.get(node) ?? [],
    all: () => [...byNode.values()].flat(),
    nextId: () => lastId + 1,
  };
}

/** What becomes of strands within one commit. */
export interface Growing {
  readonly meet: (node: string, said: LedgerHead) => LogAnswer;
  readonly take: (node: string, read: ReadBatch) => LogAnswer;
  readonly note: (node: string, why: string) => LogAnswer;
  readonly forgive: (node: string) => void;
  readonly changed: () => Iterable<Strand>;
}

/** Runs inside a transaction of `file`; `known` stays as it is until that is on the disk. */
export function growing(file: ArchiveWriter, known: KnownStrands): Growing {
  const working = new Map<number, Strand>();
  let nextId = known.nextId();
  const strandsOf = (node: string): readonly Strand[] => {
    const begun = [...working.values()].filter((strand) => strand.node === node);
    const kept = known.of(node).map((strand) => working.get(strand.id) ?? strand);
    return [...kept, ...begun.filter(({ id }) => !kept.some((strand) => strand.id === id))];
  };
  const put = (strand: Strand): Strand => {
    working.set(strand.id, strand);
    return strand;
  };
  const begin = (node: string, number: number): Strand => {
    const strand = newStrand(nextId, node, number);
    nextId += 1;
    return put(strand);
  };
  const current = (node: string): Strand => strandsOf(node).at(-1) ?? begin(node, 0);
  const apart = (strand: Strand, message: string, evidence?: string): LogAnswer => {
    if (strand.mayRestart) {
      put({ ...strand, mayRestart: false });
      begin(strand.node, strand.number + 1);
      return { kind: "gap", size: 0 };
    }
    put({ ...strand, fault: message, isFork: true });
    return { kind: "fork", size: strand.head.size, fault: message, ...(evidence === undefined ? {} : { evidence }) };
  };
  return {
    changed: () => working.values(),
    meet: (node, said) => {
      const strand = current(node);
      if (strand.isFork) return forked(strand);
      const why = standsApart(strand.head, said);
      if (why !== undefined) return apart(strand, why);
      return { kind: "stored", size: strand.head.size };
    },
    take: (node, { entries, checkpoint }) => {
      const strand = current(node);
      if (strand.isFork) return forked(strand);
      const followed = follow(soFar(file, strand, strandsOf(node)), entries);
      if (followed.kind === "gap") return { kind: "gap", size: strand.head.size };
      if (followed.kind === "fork") return apart(strand, followed.message);
      const longer = grown(strand, followed);
      // One that ends below was archived, and compared, with an earlier batch.
      const signed = checkpoint?.size === longer.head.size ? checkpoint : null;
      if (signed !== null && longer.tree !== null && !sameHash(signed.root, rootOfEdge(longer.tree.end)))
        return apart(strand, `it signed another root of ${signed.size} entries than those it sends have`, signed.note);
      for (const one of followed.kept) file.add(strand.id, one);
      put(longer);
      if (signed !== null && longer.tree !== null) file.putCheckpoint(strand.id, signed);
      return { kind: "stored", size: followed.head.size };
    },
    note: (node, why) => {
      const strand = current(node);
      if (!strand.isFork) put({ ...strand, fault: why });
      return { kind: "unreadable", size: strand.head.size, fault: why };
    },
    forgive: (node) => {
      const strand = strandsOf(node).at(-1);
      if (strand !== undefined) put({ ...strand, fault: null, isFork: false, mayRestart: true });
    },
  };
}

const newStrand = (id: number, node: string, number: number): Strand => ({
  ...{ id, node, number, firstSeq: 0, head: EMPTY_HEAD, firstKept: 0, keptFromHash: EMPTY_HEAD.hash },
  ...{ fault: null, isFork: false, mayRestart: false, tree: { end: EMPTY_EDGE, kept: EMPTY_EDGE } },
});

const forked = ({ head, fault }: Strand): LogAnswer => ({ kind: "fork", size: head.size, fault: fault ?? "forked" });

function grown(
  strand: Strand,
  { added, kept, shared, head }: Extract<ReturnType<typeof follow>, { readonly kind: "follows" }>,
): Strand {
  const isNews = head.size > strand.head.size;
  const leaves = added.map(({ bytes }) => leafHash(bytes));
  const end = strand.tree === null ? null : growEdge(strand.tree.end, leaves);
  const grownTo: Strand = {
    ...{ ...strand, head, fault: null },
    tree: strand.tree === null || end === null ? null : { ...strand.tree, end },
    mayRestart: strand.mayRestart && !isNews,
  };
  if (shared === 0) return grownTo;
  const firstSeq = strand.firstSeq + shared;
  const keptFromHash = (kept[0]?.entry.previous_hash as Digest | undefined) ?? head.hash;
  const tree =
    strand.tree === null || end === null ? null : { end, kept: growEdge(strand.tree.end, leaves.slice(0, shared)) };
  return { ...grownTo, firstSeq, firstKept: firstSeq, keptFromHash, tree };
}

/** As `follow` asks for it. While a strand has nothing of its own, it is compared with those before it. */
function soFar(file: ArchiveWriter, strand: Strand, strands: readonly Strand[]): ArchivedSoFar {
  const hashIn =
    (before: number) =>
    (seq: number): Digest | undefined => {
      const holder = strands.findLast(
        ({ number, firstSeq, head }) => number <= before && firstSeq <= seq && seq < head.size,
      );
      return holder === undefined ? undefined : file.hashAt(holder.id, seq);
    };
  const traces = strand.number > 0 && strand.head.size === strand.firstSeq;
  return { head: strand.head, hashAt: hashIn(strand.number), before: traces ? hashIn(strand.number - 1) : null };
}
