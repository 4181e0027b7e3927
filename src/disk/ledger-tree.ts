import { leafHash, type ReadTree, rootAt, TREE_HASH_BYTES, type TreeHash } from "../ledger/merkle.ts";
import { type ExpandedTile, expandTile, type FullTile, TILE_WIDTH, TileGrowth, tileOf } from "../ledger/tiles.ts";
import type { LedgerFinding } from "../ledger/verify.ts";
import type { RememberedTile, RememberedTree } from "../ledger/verify-tree.ts";
import { MAX_CACHED_TILES } from "../model/limits.ts";
import { entryCount, storedEntries } from "./ledger-entries.ts";
import { type Database, transaction } from "./sqlite.ts";

/**
 * The tree lies beside the entries in full tiles, 256 hashes a row, each written once in the transaction that fills it: half a
 * per cent of what the entries take. What is no full tile yet is hashed again from the last few entries and tiles.
 */
export const TREE_SCHEMA = `
CREATE TABLE IF NOT EXISTS tile (
  level INTEGER NOT NULL,
  place INTEGER NOT NULL,
  root BLOB NOT NULL,
  high_water_ms INTEGER,
  hashes BLOB NOT NULL,
  PRIMARY KEY (level, place)
) STRICT;
CREATE TRIGGER IF NOT EXISTS tile_is_never_changed BEFORE UPDATE ON tile
  BEGIN SELECT RAISE(ABORT, 'a full tile is never changed'); END;
CREATE TRIGGER IF NOT EXISTS tile_is_never_deleted BEFORE DELETE ON tile
  BEGIN SELECT RAISE(ABORT, 'a full tile is never deleted'); END;
`;

/** A ledger's Merkle tree as it stands. */
export interface LedgerTree {
  readonly size: () => number;
  /** Roots of complete subtrees; what proofs are made of. */
  readonly read: ReadTree;
  /** Of the first `size` entries. @throws RangeError beyond the tree */
  readonly root: (size: number) => TreeHash;
}

/** A full tile that should be stored is not: somebody took it away. */
export class MissingTile extends Error {
  readonly firstLeaf: number;

  constructor(level: number, index: number) {
    super(`tile ${level}/${index} of the stored tree is missing`);
    this.firstLeaf = index * TILE_WIDTH ** (level + 1);
  }
}

interface TileRow {
  readonly root: Uint8Array;
  readonly hashes: Uint8Array;
}

/**
 * Reads subtrees out of tiles; the last few stay expanded in memory.
 * @param partial the hashes of the tile of this level that is not full yet
 */
export function openLedgerTree(
  db: Database,
  size: () => number,
  partial: (level: number, size: number) => Uint8Array,
): LedgerTree {
  const select = db.prepare("SELECT root, hashes FROM tile WHERE level = ? AND place = ?");
  const cached = new Map<string, { readonly width: number; readonly tile: ExpandedTile }>();
  const expanded = (level: number, index: number): ExpandedTile => {
    const now = size();
    const width = Math.min(TILE_WIDTH, Math.floor(now / TILE_WIDTH ** level) - index * TILE_WIDTH);
    const name = `${level}/${index}`;
    const known = cached.get(name);
    cached.delete(name);
    const bytes = (): Uint8Array => {
      if (width < TILE_WIDTH) return partial(level, now);
      const row = select.get(level, index) as TileRow | undefined;
      if (row === undefined) throw new MissingTile(level, index);
      return row.hashes;
    };
    const tile = known?.width === width ? known : { width, tile: expandTile(Uint8Array.from(bytes())) };
    cached.set(name, tile);
    if (cached.size > MAX_CACHED_TILES) cached.delete(cached.keys().next().value as string);
    return tile.tile;
  };
  const read: ReadTree = (level, index) => {
    const place = tileOf(level, index);
    const hash = expanded(place.level, place.index)[place.height]?.[place.place];
    if (hash === undefined) throw new RangeError(`the stored tree has no subtree ${level}/${index}`);
    return hash;
  };
  return { size, read, root: (upTo) => rootAt(upTo, read) };
}

/** The hashes of the rightmost tile of a level in a tree of `size` entries, from the entries or the tiles below. */
export function partialTile(db: Database, level: number, size: number): Uint8Array {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  const first = hashes - (hashes % TILE_WIDTH);
  const bytes = new Uint8Array((hashes - first) * TREE_HASH_BYTES);
  const rows = level === 0 ? leaves(db, first, hashes) : roots(db, level - 1, first, hashes);
  let at = 0;
  for (const hash of rows) {
    bytes.set(hash, at);
    at += TREE_HASH_BYTES;
  }
  if (at !== bytes.length) throw new MissingTile(level - 1, first + at / TREE_HASH_BYTES);
  return bytes;
}

function* leaves(db: Database, from: number, to: number): Iterable<TreeHash> {
  for (const { bytes } of storedEntries(db, from, to)) yield leafHash(bytes);
}

function* roots(db: Database, level: number, from: number, to: number): Iterable<TreeHash> {
  const select = db.prepare("SELECT root FROM tile WHERE level = ? AND place >= ? AND place < ? ORDER BY place");
  for (const { root } of select.iterate(level, from, to) as Iterable<unknown> as Iterable<{
    readonly root: Uint8Array;
  }>)
    yield root;
}

/** Grows the tree in the writer's transaction. */
export interface TreeWriter {
  readonly growth: TileGrowth;
  /** Call inside the transaction that writes the entries; what is thrown ends the ledger. */
  readonly add: (entries: readonly { readonly bytes: Uint8Array }[], highWaterMs: number) => void;
}

/** Goes on from the stored tree. @throws MissingTile */
export function openTreeWriter(db: Database, size: number): TreeWriter {
  const levels = Array.from({ length: levelsOf(size) }, (_, level) => partialTile(db, level, size));
  const growth = TileGrowth.from(size, levels);
  const keep = tileKeeper(db);
  return {
    growth,
    add: (entries, highWaterMs) => keep(growth.add(entries.map(({ bytes }) => leafHash(bytes))), highWaterMs),
  };
}

function tileKeeper(db: Database): (full: readonly FullTile[], highWaterMs: number | null) => void {
  const insert = db.prepare("INSERT INTO tile (level, place, root, high_water_ms, hashes) VALUES (?, ?, ?, ?, ?)");
  return (full, highWaterMs) => {
    for (const { level, index, root, bytes } of full)
      insert.run(level, index, root, level === 0 ? highWaterMs : null, bytes);
  };
}

/**
 * Makes the tree of a ledger that has entries and no tile, as those before there was a tree. It is made of what lies there: whether
 * that is what was signed is looked at afterwards, as always.
 */
export function makeMissingTree(db: Database): void {
  const size = entryCount(db);
  if (size < TILE_WIDTH || storedTiles(db, 0) > 0) return;
  const full = new TileGrowth().add(leaves(db, 0, size));
  transaction(db, () => tileKeeper(db)(full, null));
}

const levelsOf = (size: number): number => {
  let levels = 1;
  for (let width = TILE_WIDTH; width <= size; width *= TILE_WIDTH) levels += 1;
  return levels;
};

const storedTiles = (db: Database, level: number): number =>
  (db.prepare("SELECT count(*) AS count FROM tile WHERE level = ?").get(level) as { readonly count: number }).count;

/** What `TreeCheck` compares the entries with. */
export function rememberedTree(db: Database, signed: ReadonlyMap<number, TreeHash>): RememberedTree {
  const select = db.prepare(
    "SELECT root, hashes AS bytes, high_water_ms AS highWaterMs FROM tile WHERE level = ? AND place = ?",
  );
  // Counted before the entries are read: what is appended meanwhile does not look like hashes of nothing.
  const counts = Array.from({ length: levelsOf(Number.MAX_SAFE_INTEGER) }, (_, level) => storedTiles(db, level));
  return {
    tile: (level, index) => select.get(level, index) as unknown as RememberedTile | undefined,
    count: (level) => counts[level] ?? 0,
    roots: signed,
  };
}

/** Compares the leaves of the last entries with the full tiles they lie in. For `VerifyOptions.check`. */
export function leafCheck(
  db: Database,
): (stored: { readonly seq: number; readonly bytes: Uint8Array }) => LedgerFinding | null {
  const select = db.prepare("SELECT hashes FROM tile WHERE level = 0 AND place = ?");
  let tile: { readonly index: number; readonly hashes: Uint8Array | null } | null = null;
  return ({ seq, bytes }) => {
    const index = Math.floor(seq / TILE_WIDTH);
    if (tile?.index !== index)
      tile = { index, hashes: (select.get(index) as Pick<TileRow, "hashes"> | undefined)?.hashes ?? null };
    if (tile.hashes === null) return null;
    const at = (seq - index * TILE_WIDTH) * TREE_HASH_BYTES;
    const stored = tile.hashes.subarray(at, at + TREE_HASH_BYTES);
    return Buffer.compare(stored, leafHash(bytes)) === 0
      ? null
      : { seq, fault: "tree-differs", message: "its hash in the stored tree is another" };
  };
}

/** The latest time of the entries in full tiles, epoch ms, and the first entry after them; null where nothing says it. */
export function tiledHighWater(db: Database): { readonly highWaterMs: number | null; readonly from: number } {
  const row = db
    .prepare("SELECT place, high_water_ms AS ms FROM tile WHERE level = 0 ORDER BY place DESC LIMIT 1")
    .get() as { readonly place: number; readonly ms: number | null } | undefined;
  return row === undefined || row.ms === null
    ? { highWaterMs: null, from: 0 }
    : { highWaterMs: row.ms, from: (row.place + 1) * TILE_WIDTH };
}
