import { rmSync } from "node:fs";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { MaintError } from "../../base/maint-error.ts";
import { type Database, openDatabase, transaction } from "../../disk/sqlite.ts";
import type { Digest } from "../../model/ids.ts";
import { BLOCK_FORMAT, type Block, openBlock } from "./block.ts";

/**
 * replay-cache.db: what replay keeps of archived decisions, so that an entry's bytes are read once. Everything in it is made from
 * the archive and made again where it is missing, damaged, or of another runtime.
 */
export interface ProjectionFile {
  /** What is projected of a strand: entries, and the hash of the last; undefined where nothing is. */
  readonly head: (strand: StrandName) => ProjectedHead | undefined;
  readonly strands: () => readonly StrandName[];
  /** In the order of their decisions. */
  readonly blocks: (strand: StrandName) => readonly BlockHead[];
  readonly open: (id: number) => Block;
  /** All of one step durable, or nothing of it. */
  readonly write: (step: ProjectionStep) => void;
  /** Takes away what is projected of a strand. */
  readonly forget: (strand: StrandName) => void;
  readonly close: () => void;
}

/** One line of a node's ledger, as the archive numbers them. */
export interface StrandName {
  readonly node: string;
  readonly number: number;
}

export interface ProjectedHead {
  readonly size: number;
  readonly headHash: string;
}

export interface BlockHead extends StrandName {
  readonly id: number;
  readonly rows: number;
  /** Of its first and last decision; rows before the first are another block's by now. */
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Bundles it would take to judge all of it. */
  readonly missing: readonly Digest[];
}

export interface ProjectionStep {
  readonly strand: StrandName;
  readonly removes: readonly number[];
  /** Ends a block's say over decisions before this place: a new one has them. */
  readonly trims?: { readonly id: number; readonly fromSeq: number } | undefined;
  readonly adds: readonly NewBlock[];
  /** Undefined leaves it as it was. */
  readonly projected?: ProjectedHead | undefined;
}

export interface NewBlock extends Omit<BlockHead, "id" | "node" | "number"> {
  /** `numberOf` gives a test's id its number, the same for ever, from 1 on. */
  readonly body: (numberOf: (test: string) => number) => Uint8Array;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS made_by (runtime TEXT NOT NULL, block_format INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS strand (
  id INTEGER PRIMARY KEY, node TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, head_hash TEXT NOT NULL,
  UNIQUE (node, number)
) STRICT;
CREATE TABLE IF NOT EXISTS block (
  id INTEGER PRIMARY KEY, strand INTEGER NOT NULL, rows INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, missing TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS block_of ON block (strand, from_seq);
CREATE TABLE IF NOT EXISTS test (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
`;

/**
 * Opens the file for writing, and begins an empty one where it is another runtime's or damaged. Several threads of one process
 * may have it open, each writing other nodes. @throws MaintError MAINT_ERR_DATABASE_OPEN
 */
export function openProjectionFile(path: string, runtime: string): ProjectionFile {
  const kept = tryOpen(path, runtime);
  if (kept !== undefined) return projection(kept);
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  const made = tryOpen(path, runtime);
  if (made !== undefined) return projection(made);
  throw new MaintError("MAINT_ERR_DATABASE_OPEN", `${path}: cannot be made anew`, { exitCode: 69 });
}

function tryOpen(path: string, runtime: string): Database | undefined {
  let db: Database | undefined;
  try {
    db = openDatabase(path, { unwalked: true });
    db.exec(SCHEMA);
    const made = db.prepare("SELECT runtime, block_format FROM made_by").get() as
      | { readonly runtime: string; readonly block_format: number }
      | undefined;
    if (made === undefined) db.prepare("INSERT INTO made_by VALUES (?, ?)").run(runtime, BLOCK_FORMAT);
    else if (made.runtime !== runtime || made.block_format !== BLOCK_FORMAT) {
      db.close();
      return undefined;
    }
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof MaintError && error.code === "MAINT_ERR_DATABASE_DAMAGED") return undefined;
    throw error;
  }
}

interface BlockRow {
  readonly id: number;
  readonly rows: number;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly missing: string;
}

function projection(db: Database): ProjectionFile {
  const strandRow = db.prepare("SELECT id, size, head_hash FROM strand WHERE node = ? AND number = ?");
  const blockRows = db.prepare(
    "SELECT id, rows, from_seq, to_seq, from_ms, to_ms, missing FROM block WHERE strand = ? ORDER BY from_seq",
  );
  const body = db.prepare("SELECT body FROM block WHERE id = ?");
  const known = ({ node, number }: StrandName) =>
    strandRow.get(node, number) as { id: number; size: number; head_hash: string } | undefined;
  return {
    head: (strand) => {
      const row = known(strand);
      return row === undefined ? undefined : { size: row.size, headHash: row.head_hash };
    },
    strands: () =>
      db.prepare("SELECT node, number FROM strand ORDER BY node, number").all() as unknown as readonly StrandName[],
    blocks: (strand) => {
      const row = known(strand);
      if (row === undefined) return [];
      const { node, number } = strand;
      return (blockRows.all(row.id) as unknown as readonly BlockRow[]).map((one) => ({
        ...{ id: one.id, node, number, rows: one.rows, fromSeq: one.from_seq, toSeq: one.to_seq },
        ...{ fromMs: one.from_ms, toMs: one.to_ms, missing: JSON.parse(one.missing) as readonly Digest[] },
      }));
    },
    // The frame carries a checksum: what the disk spoiled is no block.
    open: (id) => openBlock(zstdDecompressSync((body.get(id) as { readonly body: Uint8Array }).body)),
    write: (step) => transaction(db, () => writeStep(db, step)),
    forget: (strand) =>
      transaction(db, () => {
        const row = known(strand);
        if (row === undefined) return;
        db.prepare("DELETE FROM block WHERE strand = ?").run(row.id);
        db.prepare("DELETE FROM strand WHERE id = ?").run(row.id);
      }),
    close: () => db.close(),
  };
}

function writeStep(db: Database, { strand, removes, trims, adds, projected }: ProjectionStep): void {
  const knownTest = db.prepare("SELECT number FROM test WHERE id = ?");
  const newTest = db.prepare("INSERT INTO test (id) VALUES (?) RETURNING number");
  const numberOf = (test: string): number =>
    ((knownTest.get(test) ?? newTest.get(test)) as { readonly number: number }).number;
  const { node, number } = strand;
  db.prepare("INSERT OR IGNORE INTO strand (node, number, size, head_hash) VALUES (?, ?, 0, '')").run(node, number);
  const { id } = db.prepare("SELECT id FROM strand WHERE node = ? AND number = ?").get(node, number) as {
    readonly id: number;
  };
  for (const block of removes) db.prepare("DELETE FROM block WHERE id = ?").run(block);
  if (trims !== undefined) {
    const taken = adds.reduce((sum, { rows }) => sum + rows, 0);
    db.prepare("UPDATE block SET from_seq = ?, rows = rows - ? WHERE id = ?").run(trims.fromSeq, taken, trims.id);
  }
  const insert = db.prepare(
    "INSERT INTO block (strand, rows, from_seq, to_seq, from_ms, to_ms, missing, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  for (const { rows, fromSeq, toSeq, fromMs, toMs, missing, body } of adds) {
    const packed = zstdCompressSync(body(numberOf), { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
    insert.run(id, rows, fromSeq, toSeq, fromMs, toMs, JSON.stringify(missing), packed);
  }
  if (projected !== undefined)
    db.prepare("UPDATE strand SET size = ?, head_hash = ? WHERE id = ?").run(projected.size, projected.headHash, id);
}
