import { parseInstant } from "../base/civil-time.ts";
import type { LedgerEntry } from "../model/ledger-entry.ts";
import { leafHash, rootOfEdge, sameHash, TREE_HASH_BYTES, type TreeHash } from "./merkle.ts";
import { type FullTile, TILE_HEIGHT, TILE_WIDTH, TileGrowth } from "./tiles.ts";
import type { LedgerFinding, StoredEntry } from "./verify.ts";

/** What is remembered of a ledger's tree beside its entries. */
export interface RememberedTree {
  /** A full tile as it is stored; undefined where there is none. */
  readonly tile: (level: number, index: number) => RememberedTile | undefined;
  /** How many full tiles of a level are stored. */
  readonly count: (level: number) => number;
  /** Roots that were signed, by the tree's size. */
  readonly roots: ReadonlyMap<number, TreeHash>;
}

export interface RememberedTile extends Pick<FullTile, "bytes" | "root"> {
  /** The latest time of all entries up to the tile's last, epoch ms; null where it was not written down. */
  readonly highWaterMs: number | null;
}

/** Builds the tree again from the entries, one after the other, and compares it with what is remembered of it. */
export class TreeCheck {
  readonly #growth = new TileGrowth();
  readonly #remembered: RememberedTree;
  #highWater = "";

  constructor(remembered: RememberedTree) {
    this.#remembered = remembered;
  }

  /** For `VerifyOptions.check`. */
  take({ bytes }: StoredEntry, { time }: LedgerEntry): LedgerFinding | null {
    if (time > this.#highWater) this.#highWater = time;
    for (const tile of this.#growth.add([leafHash(bytes)])) {
      const finding = this.#compare(tile);
      if (finding !== null) return finding;
    }
    const { edge } = this.#growth;
    const signed = this.#remembered.roots.get(edge.size);
    if (signed === undefined || sameHash(signed, rootOfEdge(edge))) return null;
    const message = `entries 0 to ${edge.size - 1} do not have the root that was signed for them`;
    return { seq: edge.size - 1, fault: "checkpoint-differs", message };
  }

  /** After the last entry. */
  finish(): LedgerFinding | null {
    const { size } = this.#growth.edge;
    const signed = Math.max(0, ...this.#remembered.roots.keys());
    if (signed > size) {
      const message = `the ledger ends before it; a checkpoint of ${signed} entries was signed`;
      return { seq: size, fault: "truncated", message };
    }
    for (let level = 0, width = TILE_WIDTH; level === 0 || width <= size; level += 1, width *= TILE_WIDTH)
      if (this.#remembered.count(level) > Math.floor(size / width))
        return differs(size, "the stored tree has hashes of entries that are not there");
    return null;
  }

  /** Of the entries taken so far. */
  root(): TreeHash {
    return rootOfEdge(this.#growth.edge);
  }

  /** The hashes of the tile of a level that is not full yet. */
  partial(level: number): Uint8Array {
    return this.#growth.partial(level);
  }

  #compare({ level, index, bytes, root }: FullTile): LedgerFinding | null {
    const stored = this.#remembered.tile(level, index);
    const leaves = 2 ** (TILE_HEIGHT * level);
    const first = index * TILE_WIDTH * leaves;
    if (stored === undefined) return differs(first, `tile ${level}/${index} of the stored tree is missing`);
    const at = firstDifference(stored.bytes, bytes);
    if (at !== undefined)
      return differs(first + at * leaves, `hash ${at} of tile ${level}/${index} is not that of the entries`);
    if (!sameHash(stored.root, root))
      return differs(first, `the root of tile ${level}/${index} is not that of its hashes`);
    return level > 0 || stored.highWaterMs === null || stored.highWaterMs === parseInstant(this.#highWater)
      ? null
      : differs(first, `the latest time of tile ${level}/${index} is not that of the entries`);
  }
}

const differs = (seq: number, message: string): LedgerFinding => ({ seq, fault: "tree-differs", message });

/** The first hash in which two tiles differ. */
function firstDifference(stored: Uint8Array, made: Uint8Array): number | undefined {
  const length = Math.min(stored.length, made.length);
  for (let place = 0; place < length; place += 1)
    if (stored[place] !== made[place]) return Math.floor(place / TREE_HASH_BYTES);
  return stored.length === made.length ? undefined : Math.floor(length / TREE_HASH_BYTES);
}
