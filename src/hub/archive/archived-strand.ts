import type { Database } from "../../disk/sqlite.ts";
import type { LedgerHead } from "../../ledger/entry.ts";
import type { TreeEdge } from "../../ledger/merkle.ts";
import { hashesOf } from "../../ledger/tiles.ts";
import type { Digest } from "../../model/ids.ts";

/** Where the strand's Merkle tree stands, by leaves of the node's own entries. */
export interface StrandTree {
  /** Of all its entries, those it shares with the strands before included. */
  readonly end: TreeEdge;
  /** Of those below `firstKept`: the tree goes on from it where their bytes are gone. */
  readonly kept: TreeEdge;
}

/** The node's own word for its ledger, whose root was found to be that of the archived entries when it came. */
export interface NodeCheckpoint {
  readonly size: number;
  /** The key that the node came with, 64 hex digits. */
  readonly publicHex: string;
  /** C2SP tlog-checkpoint, a signed note. */
  readonly note: string;
}

/** The latest of each key that the node had, the largest last. */
export const readCheckpoints = (db: Database, strand: number): readonly NodeCheckpoint[] =>
  db
    .prepare("SELECT size, public_hex AS publicHex, note FROM node_checkpoint WHERE strand = ? ORDER BY size")
    .all(strand) as unknown as readonly NodeCheckpoint[];

/** One line of a node's ledger as archive.db has it. A node has a second one where its ledger forked and a person let it go on. */
export interface Strand {
  readonly id: number;
  readonly node: string;
  /** From 0; the latest is the one that grows. */
  readonly number: number;
  /** What lies below is the same as in the strands before. */
  readonly firstSeq: number;
  readonly head: LedgerHead;
  readonly firstKept: number;
  /** Hash of entry `firstKept - 1`: what the first that is kept must follow. */
  readonly keptFromHash: Digest;
  readonly fault: string | null;
  /** Null in a file that was written before there was one, where it cannot be made again. */
  readonly tree: StrandTree | null;
  /** The fault stays, and nothing is taken, until a person looked. */
  readonly isFork: boolean;
  /** A person looked: where the node's ledger does not follow, another strand begins. */
  readonly mayRestart: boolean;
}

interface StrandRow {
  readonly id: number;
  readonly node: string;
  readonly number: number;
  readonly first_seq: number;
  readonly size: number;
  readonly head_hash: string;
  readonly first_kept: number;
  readonly kept_from_hash: string;
  readonly fault: string | null;
  readonly is_fork: number;
  readonly may_restart: number;
  readonly tree_size: number | null;
  readonly peaks: Uint8Array | null;
  readonly kept_size: number | null;
  readonly kept_peaks: Uint8Array | null;
}

const STRANDS = `
  SELECT s.*, t.size AS tree_size, t.peaks, t.kept_size, t.kept_peaks
  FROM strand s LEFT JOIN strand_tree t ON t.strand = s.id ORDER BY s.node, s.number`;

/** All strands, by node and number. */
export function readStrands(db: Database): readonly Strand[] {
  const rows = db.prepare(STRANDS).all() as unknown as readonly StrandRow[];
  return rows.map((row) => ({
    ...{ id: row.id, node: row.node, number: row.number, firstSeq: row.first_seq },
    ...{ fault: row.fault, isFork: row.is_fork === 1, mayRestart: row.may_restart === 1 },
    head: { size: row.size, hash: row.head_hash as Digest },
    ...{ firstKept: row.first_kept, keptFromHash: row.kept_from_hash as Digest, tree: treeIn(row) },
  }));
}

/** A tree that is not of the strand as it stands is none. */
function treeIn({ size, first_kept, tree_size, peaks, kept_size, kept_peaks }: StrandRow): StrandTree | null {
  if (peaks === null || kept_peaks === null || tree_size !== size || kept_size !== first_kept) return null;
  return { end: edgeOf(size, peaks), kept: edgeOf(first_kept, kept_peaks) };
}

const edgeOf = (size: number, peaks: Uint8Array): TreeEdge => ({ size, peaks: hashesOf(peaks) });

export const TREE_PUT = `
  INSERT INTO strand_tree (strand, size, peaks, kept_size, kept_peaks) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (strand) DO UPDATE SET size = excluded.size, peaks = excluded.peaks, kept_size = excluded.kept_size,
    kept_peaks = excluded.kept_peaks`;

export const treeValues = (id: number, { end, kept }: StrandTree): (number | Uint8Array)[] => [
  ...[id, end.size, Buffer.concat(end.peaks)],
  ...[kept.size, Buffer.concat(kept.peaks)],
];

export const STRAND_PUT = `
  INSERT INTO strand (id, node, number, first_seq, size, head_hash, first_kept, kept_from_hash, fault, is_fork,
    may_restart) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET first_seq = excluded.first_seq, size = excluded.size, head_hash = excluded.head_hash,
    first_kept = excluded.first_kept, kept_from_hash = excluded.kept_from_hash, fault = excluded.fault,
    is_fork = excluded.is_fork, may_restart = excluded.may_restart`;

export const strandValues = (strand: Strand): (string | number | null)[] => [
  ...[strand.id, strand.node, strand.number, strand.firstSeq, strand.head.size, strand.head.hash],
  ...[strand.firstKept, strand.keptFromHash, strand.fault],
  ...[Number(strand.isFork), Number(strand.mayRestart)],
];
