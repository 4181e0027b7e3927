import type { Database } from "../../disk/sqlite.ts";
import type { LedgerHead } from "../../ledger/entry.ts";
import type { Digest } from "../../model/ids.ts";

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
}

/** All strands, by node and number. */
export function readStrands(db: Database): readonly Strand[] {
  const rows = db.prepare("SELECT * FROM strand ORDER BY node, number").all() as unknown as readonly StrandRow[];
  return rows.map((row) => ({
    ...{ id: row.id, node: row.node, number: row.number, firstSeq: row.first_seq },
    ...{ fault: row.fault, isFork: row.is_fork === 1, mayRestart: row.may_restart === 1 },
    head: { size: row.size, hash: row.head_hash as Digest },
    ...{ firstKept: row.first_kept, keptFromHash: row.kept_from_hash as Digest },
  }));
}

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
