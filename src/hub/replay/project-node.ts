import { entryBytes, entryHash } from "../../ledger/entry.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import { REPLAY_BLOCK_BYTES, REPLAY_BLOCK_ROWS } from "../../model/limits.ts";
import type { ArchiveReader } from "../archive/archive-reader.ts";
import type { Strand } from "../archive/archived-strand.ts";
import { type BlockWriter, blockWriter } from "./block-writer.ts";
import { openRowReader, type ProjectedRow } from "./project-row.ts";
import type { BlockHead, ProjectedHead, ProjectionFile, ProjectionStep, StrandName } from "./projection-file.ts";
import type { ReplayShelf } from "./redecide.ts";

/** What replay reads of an archive. */
export interface ReplayArchive extends Pick<ArchiveReader, "decisions" | "entries"> {
  readonly strands: () => readonly Pick<Strand, "node" | "number" | "head" | "firstSeq" | "firstKept">[];
}

type ArchivedStrand = ReturnType<ReplayArchive["strands"]>[number];

/** A stretch of one strand that is still to be projected. */
export interface ProjectionTask {
  readonly strand: StrandName;
  readonly fromSeq: number;
  /** Behind the last. */
  readonly toSeq: number;
  /** Blocks that it takes the place of, or that are kept no more. */
  readonly removes: readonly number[];
  /** What is projected when it is done; null where an old stretch is only made anew. */
  readonly projected: ProjectedHead | null;
}

/** What is missing of the archive in the projection. What the archive has no more, or has otherwise, is taken away at once. */
export function outstanding(
  archive: Pick<ReplayArchive, "strands" | "entries">,
  file: ProjectionFile,
  shelf: Pick<ReplayShelf, "bundle">,
): readonly ProjectionTask[] {
  const archived = archive.strands();
  const isThere = ({ node, number }: StrandName): boolean =>
    archived.some((strand) => strand.node === node && strand.number === number);
  for (const strand of file.strands()) if (!isThere(strand)) file.forget(strand);
  return archived.flatMap((strand) => {
    const known = file.head(strand);
    if (known !== undefined && !continues(strand, known, archive)) file.forget(strand);
    return tasksOf(strand, file, shelf);
  });
}

/** First entry of the strand's own that is kept. */
const beginOf = ({ firstSeq, firstKept }: ArchivedStrand): number => Math.max(firstSeq, firstKept);

/** Whether what was projected is a beginning of what is archived. */
function continues(strand: ArchivedStrand, known: ProjectedHead, archive: Pick<ReplayArchive, "entries">): boolean {
  const { node, number, head } = strand;
  if (known.size === head.size) return known.headHash === head.hash;
  if (known.size > head.size || known.size < beginOf(strand)) return false;
  for (const { entry, strand: at = 0 } of archive.entries({ nodes: [node], fromSeq: known.size }))
    if (at === number) return entry.previous_hash === known.headHash;
  return false;
}

function tasksOf(
  archived: ArchivedStrand,
  file: ProjectionFile,
  shelf: Pick<ReplayShelf, "bundle">,
): readonly ProjectionTask[] {
  const strand: StrandName = { node: archived.node, number: archived.number };
  const [begin, end] = [beginOf(archived), archived.head.size];
  const blocks = file.blocks(strand);
  const gone = blocks.filter(({ toSeq }) => toSeq < begin).map(({ id }) => id);
  if (gone.length > 0) file.write({ strand, removes: gone, adds: [] });
  const kept = blocks.filter(({ toSeq }) => toSeq >= begin);
  const fresh = freshTask(file.head(strand)?.size ?? begin, end, kept);
  const again = kept.filter(
    ({ id, missing }) => !fresh?.removes.includes(id) && missing.some((digest) => shelf.bundle(digest) !== undefined),
  );
  return [
    ...again.map(({ id, fromSeq, toSeq }) => ({
      ...{ strand, fromSeq: Math.max(fromSeq, begin), toSeq: toSeq + 1, removes: [id], projected: null },
    })),
    ...(fresh === undefined ? [] : [{ ...fresh, strand, projected: { size: end, headHash: archived.head.hash } }]),
  ];
}

/** Last blocks that are no larger than what comes are made anew with it, so that there are never many small ones. */
function freshTask(
  fromSeq: number,
  toSeq: number,
  blocks: readonly BlockHead[],
): Pick<ProjectionTask, "fromSeq" | "toSeq" | "removes"> | undefined {
  if (fromSeq >= toSeq) return undefined;
  let [begin, rows] = [fromSeq, toSeq - fromSeq];
  const removes: number[] = [];
  for (const block of [...blocks].reverse()) {
    if (block.rows >= REPLAY_BLOCK_ROWS || block.rows > rows) break;
    removes.push(block.id);
    begin = block.fromSeq;
    rows += block.rows;
  }
  return { fromSeq: begin, toSeq, removes };
}

/** Does one task, block by block, each durable for itself. `progress` hears of entries that were gone through. */
export function project(
  { strand, fromSeq, toSeq, removes, projected }: ProjectionTask,
  archive: Pick<ReplayArchive, "decisions">,
  file: ProjectionFile,
  shelf: ReplayShelf,
  progress: (entries: number) => void,
): void {
  let left = removes;
  let gathered = gather();
  let told = fromSeq;
  const read = openRowReader(shelf);
  const flush = (step: Pick<ProjectionStep, "removes" | "trims" | "projected">): void => {
    file.write({ ...step, strand, adds: gathered.rows() === 0 ? [] : [gathered.block()] });
    gathered = gather();
  };
  // What ends here goes on later behind `seq`: the head says so, or of an old stretch what is left of its block.
  const flushUpTo = (entry: LedgerEntry): void => {
    const behind = entry.seq + 1;
    const [old] = left;
    if (projected === null && old !== undefined) flush({ removes: [], trims: { id: old, fromSeq: behind } });
    else {
      flush({ removes: left, projected: { size: behind, headHash: hashOf(entry) } });
      left = [];
    }
  };
  for (const decision of archive.decisions({ nodes: [strand.node], fromSeq })) {
    const { seq } = decision.entry;
    if ((decision.strand ?? 0) < strand.number) continue;
    if ((decision.strand ?? 0) > strand.number || seq >= toSeq) break;
    gathered.add(seq, decision.atMs, read(decision));
    if (gathered.rows() >= REPLAY_BLOCK_ROWS || gathered.size() >= REPLAY_BLOCK_BYTES) {
      flushUpTo(decision.entry);
      progress(seq + 1 - told);
      told = seq + 1;
    }
  }
  flush({ removes: left, projected: projected ?? undefined });
  progress(toSeq - told);
}

const hashOf = (entry: LedgerEntry): string => entryHash(entryBytes(entry));

/** Rows on their way into one block. */
function gather() {
  const writer: BlockWriter = blockWriter();
  const missing = new Set<string>();
  const span = { fromSeq: 0, toSeq: 0, fromMs: Number.POSITIVE_INFINITY, toMs: Number.NEGATIVE_INFINITY };
  return {
    rows: writer.rows,
    size: writer.size,
    add: (seq: number, atMs: number, { head, values, typed, missing: gone }: ProjectedRow): void => {
      if (writer.rows() === 0) span.fromSeq = seq;
      span.toSeq = seq;
      span.fromMs = Math.min(span.fromMs, atMs);
      span.toMs = Math.max(span.toMs, atMs);
      for (const digest of gone) missing.add(digest);
      writer.add(head, values, typed);
    },
    block: () => ({ ...span, rows: writer.rows(), missing: [...missing], body: writer.finish }),
  };
}
