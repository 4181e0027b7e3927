import { EMPTY_HEAD, type LedgerHead } from "../../ledger/entry.ts";
import { EMPTY_EDGE, growEdge } from "../../ledger/merkle.ts";
import { type ArchiveReader, openArchiveReader } from "./archive-reader.ts";
import { type ArchiveWriter, openArchiveWriter } from "./archive-writer.ts";
import type { Strand } from "./archived-strand.ts";
import { type ArchivedStanding, type LogBatch, readBatch } from "./follow.ts";
import { type Growing, growing, type KnownStrands, knownStrands, type LogAnswer } from "./grow-strands.ts";
import { removeExpired } from "./remove-expired.ts";
import type { Removal, Retention } from "./retention.ts";

export type { ArchivedStanding, LogBatch } from "./follow.ts";
export type { LogAnswer } from "./grow-strands.ts";

/** archive.db as its hub has it: to read, and to let grow. What a method answers is on the disk when it returns. */
export interface ArchiveFile extends ArchiveReader {
  /** For workers, which open it themselves: `openArchiveReader`. */
  readonly path: string;
  /** All batches in one commit; each is taken or refused for itself. */
  readonly append: (batches: readonly LogBatch[]) => readonly LogAnswer[];
  /** What a node says of its ledger when it comes, held against what is archived of it. */
  readonly meet: (node: string, said: LedgerHead) => LogAnswer;
  /** Asks no disk. */
  readonly standingOf: (node: string) => ArchivedStanding;
  /** A person looked: where the node's ledger does not follow when it comes next, another strand begins. */
  readonly forgive: (node: string) => void;
  readonly retain: (retention: Retention) => void;
  /** Removes what is beyond its node's retention, the oldest first, some at a time. `told` hears of each removal before it happens. */
  readonly removeExpired: (nowMs: number, told: (removal: Removal) => Promise<void>) => Promise<void>;
}

/** Opens the archive for the one process that writes it, and makes it where there is none. @throws what `openDatabase` throws */
export function openArchiveFile(path: string): ArchiveFile {
  const writer = openArchiveWriter(path);
  const known = knownStrands(writer.strands().map((strand) => withTree(writer, strand)));
  // Read over a connection of its own: a long reading sees one state and holds no commit up.
  const reader = openArchiveReader(path);
  return {
    ...reader,
    path,
    append: (batches) => {
      const read = batches.map((batch) => ({ node: batch.node, read: readBatch(batch) }));
      return grow(writer, known, (group) =>
        read.map((one) => (one.read.ok ? group.take(one.node, one.read.value) : group.note(one.node, one.read.error))),
      );
    },
    meet: (node, said) => grow(writer, known, (group) => group.meet(node, said)),
    forgive: (node) => grow(writer, known, (group) => group.forgive(node)),
    standingOf: (node) => {
      const { head = EMPTY_HEAD, fault = null, isFork = false, mayRestart = false } = known.of(node).at(-1) ?? {};
      return { head, fork: isFork ? fault : null, mayRestart };
    },
    retain: writer.putRetention,
    removeExpired: (nowMs, told) => removeExpired(writer, known, nowMs, told),
    close: () => {
      reader.close();
      writer.close();
    },
  };
}

/** Of a file that was written before strands had trees; where entries are gone it stays without. */
function withTree(writer: ArchiveWriter, strand: Strand): Strand {
  const { id, tree, firstKept, head } = strand;
  if (tree !== null || firstKept > 0) return strand;
  const made: Strand = {
    ...strand,
    tree: { end: growEdge(EMPTY_EDGE, writer.leaves(id, 0, head.size)), kept: EMPTY_EDGE },
  };
  writer.atomically(() => writer.putStrand(made));
  return made;
}

/** One commit; what is known of the strands changes when it is on the disk. */
function grow<T>(writer: ArchiveWriter, known: KnownStrands, work: (group: Growing) => T): T {
  const group = growing(writer, known);
  let answer: { readonly value: T } | undefined;
  writer.atomically(() => {
    answer = { value: work(group) };
    for (const strand of group.changed()) writer.putStrand(strand);
  });
  for (const strand of group.changed()) known.put(strand);
  return (answer as { readonly value: T } | undefined)?.value as T;
}
