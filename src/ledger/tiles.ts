import { EMPTY_EDGE, growEdge, TREE_HASH_BYTES, type TreeEdge, type TreeHash } from "./merkle.ts";

/** A tile is 2^8 consecutive hashes of every eighth level of the tree. Source: C2SP tlog-tiles. */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;

/** In which tile a complete subtree's hash is found, or can be computed: a row of the tile at `level`, and how far above it. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
  /** Levels above the tile's own hashes, 0 to 7. */
  readonly height: number;
  /** Which subtree of that height inside the tile, from 0. */
  readonly place: number;
}

export function tileOf(treeLevel: number, treeIndex: number): TilePlace {
  const level = Math.floor(treeLevel / TILE_HEIGHT);
  const height = treeLevel - level * TILE_HEIGHT;
  const width = 2 ** (TILE_HEIGHT - height);
  const index = Math.floor(treeIndex / width);
  return { level, index, height, place: treeIndex - index * width };
}

/** How many hashes the tile has in a tree of `size` leaves: 256 for a full one, 0 where it is not there yet. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / 2 ** (TILE_HEIGHT * level)) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, hashes));
}

/** `tile/1/x001/234.p/17`, `tile/entries/000`: where it lies below a ledger's folder. `width` 256 is a full one. */
export function tilePath(level: number | "entries", index: number, width: number): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const parts = padded.match(/\d{3}/g) ?? [];
  const place = parts.map((part, at) => (at === parts.length - 1 ? part : `x${part}`)).join("/");
  return `tile/${level}/${place}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** The tile's own hashes and all that follows from them, level by level; a level ends where no complete subtree is left. */
export type ExpandedTile = readonly (readonly TreeHash[])[];

/** @param bytes hashes one after the other */
export function expandTile(bytes: Uint8Array): ExpandedTile {
  const levels: TreeHash[][] = Array.from({ length: TILE_HEIGHT + 1 }, () => []);
  growEdge(EMPTY_EDGE, hashesOf(bytes), (level, _index, hash) => levels[level]?.push(hash));
  return levels;
}

export const hashesOf = (bytes: Uint8Array): readonly TreeHash[] =>
  Array.from({ length: bytes.length / TREE_HASH_BYTES }, (_, index) =>
    bytes.subarray(index * TREE_HASH_BYTES, (index + 1) * TREE_HASH_BYTES),
  );

/** A tile that became full, and with it final. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  /** Its 256 hashes, one after the other. */
  readonly bytes: Uint8Array;
  /** The root over them: one hash of the tile above. */
  readonly root: TreeHash;
}

/** Lets a tree grow and hands out its tiles as they become full; what is not full yet it holds, 8 KiB a level. */
export class TileGrowth {
  #edge: TreeEdge = EMPTY_EDGE;
  readonly #partial: PartialTile[] = [];

  get edge(): TreeEdge {
    return this.#edge;
  }

  /** Goes on from a tree whose rightmost tiles are known, level 0 first; a level without hashes is an empty list. */
  static from(size: number, partials: readonly Uint8Array[]): TileGrowth {
    const growth = new TileGrowth();
    const peaks = partials.map((bytes) => growEdge(EMPTY_EDGE, hashesOf(bytes)).peaks);
    growth.#edge = { size, peaks: peaks.reverse().flat() };
    for (const [level, bytes] of partials.entries()) {
      const partial = growth.#level(level);
      partial.bytes.set(bytes);
      partial.width = bytes.length / TREE_HASH_BYTES;
    }
    return growth;
  }

  add(leaves: Iterable<TreeHash>): readonly FullTile[] {
    const full: FullTile[] = [];
    this.#edge = growEdge(this.#edge, leaves, (treeLevel, index, hash) => {
      if (treeLevel % TILE_HEIGHT !== 0) return;
      const level = treeLevel / TILE_HEIGHT;
      // A tile's root is the hash that follows in the level above, and nothing comes between.
      if (level > 0) full.push({ level: level - 1, index, bytes: this.#take(level - 1), root: hash });
      const partial = this.#level(level);
      partial.bytes.set(hash, partial.width * TREE_HASH_BYTES);
      partial.width += 1;
    });
    return full;
  }

  /** The hashes of the tile of this level that is not full yet; a view, good until the next `add`. */
  partial(level: number): Uint8Array {
    const { bytes, width } = this.#level(level);
    return bytes.subarray(0, width * TREE_HASH_BYTES);
  }

  #take(level: number): Uint8Array {
    const partial = this.#level(level);
    partial.width = 0;
    return partial.bytes.slice();
  }

  #level(level: number): PartialTile {
    for (let next = this.#partial.length; next <= level; next += 1)
      this.#partial.push({ bytes: new Uint8Array(TILE_WIDTH * TREE_HASH_BYTES), width: 0 });
    return this.#partial[level] as PartialTile;
  }
}

interface PartialTile {
  readonly bytes: Uint8Array;
  width: number;
}
