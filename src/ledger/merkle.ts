import { hash } from "node:crypto";

/** 32 bytes of SHA-256: a leaf, or the root of a subtree. Source: RFC 6962 section 2.1. */
export type TreeHash = Uint8Array;

export const TREE_HASH_BYTES = 32;

/** One-shot hashing into a binary text is three times as fast as into a Buffer of its own, and says the same bytes. */
const sha256 = (bytes: Uint8Array): TreeHash => Buffer.from(hash("sha256", bytes, "binary"), "binary");

const LEAF = 0;
const NODE = 1;
/** Written anew at each call and read before the call ends; nothing of it is handed out. */
const pair = new Uint8Array(1 + 2 * TREE_HASH_BYTES).fill(NODE, 0, 1);
let prefixed = new Uint8Array(4_096);

/** SHA-256(0x00 || bytes). */
export function leafHash(bytes: Uint8Array): TreeHash {
  if (prefixed.length <= bytes.length) prefixed = new Uint8Array(2 * (bytes.length + 1));
  prefixed[0] = LEAF;
  prefixed.set(bytes, 1);
  return sha256(prefixed.subarray(0, bytes.length + 1));
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: TreeHash, right: TreeHash): TreeHash {
  pair.set(left, 1);
  pair.set(right, 1 + TREE_HASH_BYTES);
  return sha256(pair);
}

/** The root of a tree without leaves: the hash of nothing. */
export const EMPTY_ROOT: TreeHash = sha256(new Uint8Array(0));

/**
 * All that is needed to let a tree grow: how many leaves it has, and the roots of the complete subtrees they fall into, the
 * largest first. One peak for each one-bit of `size`.
 */
export interface TreeEdge {
  readonly size: number;
  readonly peaks: readonly TreeHash[];
}

export const EMPTY_EDGE: TreeEdge = { size: 0, peaks: [] };

/** Hears of each subtree that became complete: leaves index · 2^level up to (index + 1) · 2^level. Level 0 is the leaf itself. */
export type Completed = (level: number, index: number, hash: TreeHash) => void;

/** The edge after `leaves` were added, in time linear in them and memory logarithmic in the tree. */
export function growEdge(edge: TreeEdge, leaves: Iterable<TreeHash>, completed?: Completed): TreeEdge {
  const peaks = [...edge.peaks];
  let { size } = edge;
  for (const leaf of leaves) {
    let hash = leaf;
    let level = 0;
    let index = size;
    completed?.(level, index, hash);
    for (; index % 2 === 1; level += 1) {
      hash = nodeHash(peaks.pop() as TreeHash, hash);
      index = (index - 1) / 2;
      completed?.(level + 1, index, hash);
    }
    peaks.push(hash);
    size += 1;
  }
  return { size, peaks };
}

/** The root of the tree that ends at this edge. */
export function rootOfEdge({ peaks }: TreeEdge): TreeHash {
  const last = peaks.at(-1);
  return last === undefined ? EMPTY_ROOT : peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** Answers the root of a complete subtree: leaves index · 2^level up to (index + 1) · 2^level. */
export type ReadTree = (level: number, index: number) => TreeHash;

/**
 * The edge of the first `size` leaves of a tree whose complete subtrees can be read.
 * @throws RangeError when `size` is no count
 */
export function edgeAt(size: number, read: ReadTree): TreeEdge {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`no tree has ${size} leaves`);
  const peaks: TreeHash[] = [];
  let start = 0;
  for (let level = levelOf(size); start < size; level -= 1) {
    const width = 2 ** level;
    if (start + width > size) continue;
    peaks.push(read(level, start / width));
    start += width;
  }
  return { size, peaks };
}

/** The root of the first `size` leaves. */
export const rootAt = (size: number, read: ReadTree): TreeHash => rootOfEdge(edgeAt(size, read));

/** The highest level of which `size` leaves hold a complete subtree; 0 for none. */
export function levelOf(size: number): number {
  let level = 0;
  for (let width = 2; width <= size; width *= 2) level += 1;
  return level;
}

export const sameHash = (a: TreeHash, b: TreeHash): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
