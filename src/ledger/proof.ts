import { fail, ok, type Result } from "../base/result.ts";
import { levelOf, nodeHash, type ReadTree, sameHash, TREE_HASH_BYTES, type TreeHash } from "./merkle.ts";

/** Says that the leaf at `index` is in the tree of `size` leaves with this root. Source: RFC 9162 section 2.1.3. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: TreeHash;
  readonly root: TreeHash;
  /** From the leaf's sibling to the root's child. */
  readonly proof: readonly TreeHash[];
}

/** Says that the tree of `fromSize` leaves is the beginning of the one of `toSize`. Source: RFC 9162 section 2.1.4. */
export interface ConsistencyClaim {
  readonly fromSize: number;
  readonly toSize: number;
  readonly fromRoot: TreeHash;
  readonly toRoot: TreeHash;
  readonly proof: readonly TreeHash[];
}

/** Nobody has more leaves than a number holds exactly, so no proof is longer. */
export const MAX_PROOF_HASHES = 63;

/** @throws RangeError when there is no such leaf in a tree of this size: a mistake of ours, since who asks was checked before */
export function inclusionProof(index: number, size: number, read: ReadTree): readonly TreeHash[] {
  if (!isPlace(index, size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const proof: TreeHash[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      proof.push(rangeHash(middle, end, read));
      end = middle;
    } else {
      proof.push(rangeHash(start, middle, read));
      start = middle;
    }
  }
  return proof.reverse();
}

/** @throws RangeError unless 1 ≤ from ≤ to */
export function consistencyProof(fromSize: number, toSize: number, read: ReadTree): readonly TreeHash[] {
  if (!isPlace(fromSize - 1, toSize)) throw new RangeError(`no proof from ${fromSize} to ${toSize} leaves`);
  const proof: TreeHash[] = [];
  let start = 0;
  let end = toSize;
  while (fromSize !== end) {
    const middle = start + split(end - start);
    if (fromSize <= middle) {
      proof.push(rangeHash(middle, end, read));
      end = middle;
    } else {
      proof.push(rangeHash(start, middle, read));
      start = middle;
    }
  }
  // The old tree itself is known to who asks; what it ends in is not, unless it is the whole of it.
  if (start > 0) proof.push(rangeHash(start, end, read));
  return proof.reverse();
}

/** Never throws, whatever the claim. */
export function verifyInclusion({ index, size, leaf, root, proof }: InclusionClaim): Result<null, string> {
  if (!isPlace(index, size)) return fail(`there is no leaf ${index} in a tree of ${size}`);
  if (![leaf, root, ...proof].every(isTreeHash)) return fail("a hash is not 32 bytes long");
  let place = index;
  let last = size - 1;
  let found = leaf;
  for (const sibling of proof) {
    if (last === 0) return fail("the proof has more hashes than the tree has levels");
    const isRight = place % 2 === 1;
    if (isRight || place === last) {
      found = nodeHash(sibling, found);
      // Where the right edge has no sibling the tree has no level either.
      for (; place % 2 === 0 && place !== 0; place /= 2) last = half(last);
    } else found = nodeHash(found, sibling);
    place = half(place);
    last = half(last);
  }
  if (last !== 0) return fail("the proof has fewer hashes than the tree has levels");
  return sameHash(found, root) ? ok(null) : fail("the proof leads to another root");
}

/**
 * Never throws, whatever the claim. From no leaves to any tree is nothing to prove, and is refused: who relies on a proof must
 * have seen something before.
 */
export function verifyConsistency(claim: ConsistencyClaim): Result<null, string> {
  const { fromSize, toSize, fromRoot, toRoot, proof } = claim;
  if (!isPlace(fromSize - 1, toSize)) return fail(`a tree of ${fromSize} is not the beginning of one of ${toSize}`);
  if (![fromRoot, toRoot, ...proof].every(isTreeHash)) return fail("a hash is not 32 bytes long");
  if (fromSize === toSize) {
    if (proof.length > 0) return fail("nothing is to be proved between equal sizes, and hashes are given");
    return sameHash(fromRoot, toRoot) ? ok(null) : fail("two trees of the same size have two roots");
  }
  let place = fromSize - 1;
  let last = toSize - 1;
  for (; place % 2 === 1; place = half(place)) last = half(last);
  // Where the old tree is a complete subtree its root begins the proof, and nobody needs to send it.
  const [first, ...rest] = place === 0 ? [fromRoot, ...proof] : proof;
  if (first === undefined) return fail("the proof is empty");
  let from = first;
  let to = first;
  for (const hash of rest) {
    if (last === 0) return fail("the proof has more hashes than the tree has levels");
    if (place % 2 === 1 || place === last) {
      from = nodeHash(hash, from);
      to = nodeHash(hash, to);
      for (; place % 2 === 0 && place !== 0; place /= 2) last = half(last);
    } else to = nodeHash(to, hash);
    place = half(place);
    last = half(last);
  }
  if (last !== 0) return fail("the proof has fewer hashes than the tree has levels");
  if (!sameHash(from, fromRoot)) return fail("the proof does not lead to the older root");
  return sameHash(to, toRoot) ? ok(null) : fail("the proof does not lead to the newer root");
}

/** A tree's size or a leaf's place as text: decimal, one spelling only, at most 2^53 − 1. */
export function parseTreeNumber(text: string): number | undefined {
  if (!/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

const half = (value: number): number => Math.floor(value / 2);

const isPlace = (index: number, size: number): boolean =>
  Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;

const isTreeHash = (hash: TreeHash): boolean => hash.length === TREE_HASH_BYTES;

/** Where RFC 6962 divides `count` leaves: the largest power of two below. */
function split(count: number): number {
  let width = 1;
  while (width * 2 < count) width *= 2;
  return width;
}

function rangeHash(start: number, end: number, read: ReadTree): TreeHash {
  const count = end - start;
  const width = split(count);
  if (count === 1) return read(0, start);
  if (width * 2 === count) return read(levelOf(count), start / count);
  return nodeHash(rangeHash(start, start + width, read), rangeHash(start + width, end, read));
}
