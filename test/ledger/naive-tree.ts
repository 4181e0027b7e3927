import { createHash } from "node:crypto";

/** RFC 6962 sections 2.1 to 2.1.2, word for word: shares no code with src/ledger. A range's root is remembered, nothing else. */
export interface NaiveTree {
  /** MTH(D[from:to]) */
  readonly root: (from: number, to: number) => Uint8Array;
  /** PATH(m, D[n]) */
  readonly path: (m: number, n: number) => readonly Uint8Array[];
  /** PROOF(m, D[n]) */
  readonly proof: (m: number, n: number) => readonly Uint8Array[];
}

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest();
};

export const naiveLeaf = (data: Uint8Array): Uint8Array => sha256(Buffer.from([0]), data);

function largestPowerBelow(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** @param leaves hashed already */
export function naiveTree(leaves: readonly Uint8Array[]): NaiveTree {
  const known = new Map<string, Uint8Array>();
  const root = (from: number, to: number): Uint8Array => {
    if (to === from) return sha256();
    if (to - from === 1) return leaves[from] as Uint8Array;
    const name = `${from}:${to}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    const middle = from + largestPowerBelow(to - from);
    const made = sha256(Buffer.from([1]), root(from, middle), root(middle, to));
    known.set(name, made);
    return made;
  };
  const path = (m: number, from: number, to: number): readonly Uint8Array[] => {
    if (to - from <= 1) return [];
    const k = largestPowerBelow(to - from);
    return m < k
      ? [...path(m, from, from + k), root(from + k, to)]
      : [...path(m - k, from + k, to), root(from, from + k)];
  };
  const subproof = (m: number, from: number, to: number, isWhole: boolean): readonly Uint8Array[] => {
    if (m === to - from) return isWhole ? [] : [root(from, to)];
    const k = largestPowerBelow(to - from);
    return m <= k
      ? [...subproof(m, from, from + k, isWhole), root(from + k, to)]
      : [...subproof(m - k, from + k, to, false), root(from, from + k)];
  };
  return { root, path: (m, n) => path(m, 0, n), proof: (m, n) => subproof(m, 0, n, true) };
}
