import { type Database, openDatabase, transaction } from "../../disk/sqlite.ts";
import { entryHash } from "../../ledger/entry.ts";
import { leafHash, type TreeHash } from "../../ledger/merkle.ts";
import { parseEntry } from "../../ledger/verify.ts";
import type { Digest } from "../../model/ids.ts";
import { ARCHIVE_SCHEMA, placeOf } from "./archive-schema.ts";
import {
  type NodeCheckpoint,
  readStrands,
  STRAND_PUT,
  type Strand,
  strandValues,
  TREE_PUT,
  treeValues,
} from "./archived-strand.ts";
import { columnsOf } from "./columns.ts";
import type { ReadEntry } from "./follow.ts";
import { type PackedBody, packBody, unpackBody } from "./packed-body.ts";
import type { Retention } from "./retention.ts";

/** archive.db as its hub writes it; one process, one writer. Nothing here decides anything. */
export interface ArchiveWriter {
  readonly strands: () => readonly Strand[];
  /** Everything that `work` writes is on the disk when this returns, nothing of it when it throws. */
  readonly atomically: (work: () => void) => void;
  readonly putStrand: (strand: Strand) => void;
  readonly add: (strand: number, one: ReadEntry) => void;
  /** Takes the place of the one before that the same key signed. */
  readonly putCheckpoint: (strand: number, checkpoint: NodeCheckpoint) => void;
  /** Leaves of the Merkle tree; those that are not kept are left out. */
  readonly leaves: (strand: number, from: number, upTo: number) => Iterable<TreeHash>;
  /** Undefined where it is not kept. */
  readonly hashAt: (strand: number, seq: number) => Digest | undefined;
  /** The first seq from `fromSeq` and below `upTo` that is of this instant or later; `upTo` where none is. */
  readonly firstSince: (strand: number, fromSeq: number, upTo: number, ms: number) => number;
  /** Removes entries that the strand has said it does not keep any more. */
  readonly remove: (strand: number, from: number, upTo: number) => void;
  readonly retentions: () => readonly Retention[];
  readonly putRetention: (retention: Retention) => void;
  readonly close: () => void;
}

interface BodyRow extends PackedBody {
  readonly place: number;
}

/** Makes the file where there is none. @throws what `openDatabase` throws */
export function openArchiveWriter(path: string): ArchiveWriter {
  const db = openDatabase(path, { unwalked: true });
  try {
    db.exec(ARCHIVE_SCHEMA);
    return writerOf(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

function writerOf(db: Database): ArchiveWriter {
  const putStrand = db.prepare(STRAND_PUT);
  const putTree = db.prepare(TREE_PUT);
  const putCheckpoint = db.prepare(
    "INSERT INTO node_checkpoint VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = excluded.size, note = excluded.note",
  );
  const bodies = db.prepare("SELECT place, packed, bytes FROM body WHERE place >= ? AND place < ? ORDER BY place");
  const body = db.prepare("SELECT place, packed, bytes FROM body WHERE place = ?");
  const since = db.prepare(
    "SELECT place - (?1 << 32) AS seq FROM entry WHERE place >= (?1 << 32) + ?2 AND place < (?1 << 32) + ?3 AND time_ms >= ?4 ORDER BY place LIMIT 1",
  );
  const putRetention = db.prepare(
    "INSERT INTO retention VALUES (?, ?, ?) ON CONFLICT (node) DO UPDATE SET days = excluded.days, entries = excluded.entries",
  );
  return {
    strands: () => readStrands(db),
    atomically: (work) => transaction(db, work),
    putStrand: (strand) => {
      putStrand.run(...strandValues(strand));
      if (strand.tree !== null) putTree.run(...treeValues(strand.id, strand.tree));
    },
    putCheckpoint: (strand, { publicHex, size, note }) => void putCheckpoint.run(strand, publicHex, size, note),
    *leaves(strand, from, upTo) {
      for (const row of bodies.iterate(placeOf(strand, from), placeOf(strand, upTo)) as Iterable<unknown>)
        yield leafHash(unpackBody(row as BodyRow));
    },
    add: adder(db),
    hashAt: (strand, seq) => {
      const row = body.get(placeOf(strand, seq)) as unknown as BodyRow | undefined;
      return row === undefined ? undefined : entryHash(unpackBody(row));
    },
    firstSince: (strand, fromSeq, upTo, ms) =>
      (since.get(strand, fromSeq, upTo, ms) as { readonly seq: number } | undefined)?.seq ?? upTo,
    remove: remover(db),
    retentions: () => db.prepare("SELECT node, days, entries FROM retention").all() as unknown as Retention[],
    putRetention: ({ node, days, entries }) => void putRetention.run(node, days, entries),
    close: () => db.close(),
  };
}

function adder(db: Database): ArchiveWriter["add"] {
  const addEntry = db.prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)");
  const addBody = db.prepare("INSERT INTO body VALUES (?, ?, ?)");
  const addDecision = db.prepare("INSERT INTO decision VALUES (?, ?, ?, ?, ?, ?, ?)");
  const addAsset = db.prepare("INSERT INTO decided_with VALUES (?, ?, ?, ?)");
  const addContract = db.prepare("INSERT INTO decided_by VALUES (?, ?, ?, ?, ?)");
  return (strand, { entry, bytes }) => {
    const place = placeOf(strand, entry.seq);
    const { timeMs, evidence, decision } = columnsOf(entry);
    addEntry.run(place, timeMs, entry.action_type, entry.target, entry.user_id, evidence);
    const packed = packBody(bytes);
    addBody.run(place, packed.packed, packed.bytes);
    if (decision === null) return;
    const { atMs, allow, test, order, part, contracts, assets } = decision;
    addDecision.run(place, strand, atMs, Number(allow), test, order, part);
    for (const contract of contracts) addContract.run(contract, strand, atMs, place, Number(allow));
    for (const asset of assets) addAsset.run(asset, strand, atMs, place);
  };
}

function remover(db: Database): ArchiveWriter["remove"] {
  const bodies = db.prepare("SELECT place, packed, bytes FROM body WHERE place >= ? AND place < ?");
  const dropContract = db.prepare(
    "DELETE FROM decided_by WHERE contract = ? AND strand = ? AND at_ms = ? AND place = ?",
  );
  const dropAsset = db.prepare("DELETE FROM decided_with WHERE asset = ? AND strand = ? AND at_ms = ? AND place = ?");
  const drops = ["body", "decision", "entry"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE place >= ? AND place < ?`),
  );
  return (strand, from, upTo) => {
    const range = [placeOf(strand, from), placeOf(strand, upTo)] as const;
    for (const row of bodies.all(...range) as unknown as readonly BodyRow[]) {
      const entry = parseEntry(unpackBody(row));
      const decision = typeof entry === "string" ? null : columnsOf(entry).decision;
      if (decision == null) continue;
      for (const contract of decision.contracts) dropContract.run(contract, strand, decision.atMs, row.place);
      for (const asset of decision.assets) dropAsset.run(asset, strand, decision.atMs, row.place);
    }
    for (const drop of drops) drop.run(...range);
  };
}
