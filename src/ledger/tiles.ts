import { EMPTY_EDGE, growEdge, TREE_HASH_BYTES, type TreeHash } from "./merkle.ts";

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
