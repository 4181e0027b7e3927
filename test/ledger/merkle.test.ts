import { describe, expect, test, vi } from "vitest";
import {
  EMPTY_EDGE,
  EMPTY_ROOT,
  edgeAt,
  growEdge,
  leafHash,
  nodeHash,
  rootAt,
  rootOfEdge,
  sameHash,
  type TreeHash,
} from "../../src/ledger/merkle.ts";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "../../src/ledger/proof.ts";
import { naiveLeaf, naiveTree } from "./naive-tree.ts";
import { treeOf } from "./read-tree.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => Buffer.from(text, "hex");

/** The eight leaves that every implementation of RFC 6962 is tried with, and the root after each. */
const KNOWN = [
  ["", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
  ["00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
  ["10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"],
  ["2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
  ["3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"],
  ["40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"],
  ["5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"],
  ["606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"],
] as const;

const manyLeaves = (count: number): readonly TreeHash[] =>
  Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`leaf ${index}`)));

describe("the tree is RFC 6962's", () => {
  test("hashes of nothing, a leaf and a node", () => {
    expect(hex(EMPTY_ROOT)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(hex(rootOfEdge(EMPTY_EDGE))).toBe(hex(EMPTY_ROOT));
    expect(hex(leafHash(Buffer.from("L123456")))).toBe(
      "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
    );
    // Its children are shorter than a hash there, which no tree of ours can hold: the naive one says the same of real ones.
    const [left, right] = [leafHash(Buffer.from("N123")), leafHash(Buffer.from("N456"))];
    expect(hex(nodeHash(left, right))).toBe(hex(naiveTree([left, right]).root(0, 2)));
  });

  test("the known leaves have the known roots, grown one by one or at once", () => {
    let edge = EMPTY_EDGE;
    for (const [data, root] of KNOWN) {
      edge = growEdge(edge, [leafHash(unhex(data))]);
      expect(hex(rootOfEdge(edge))).toBe(root);
    }
    const leaves = KNOWN.map(([data]) => leafHash(unhex(data)));
    const { edge: whole, read } = treeOf(leaves);
    expect(hex(rootOfEdge(whole))).toBe(KNOWN[7][1]);
    for (const [index, [, root]] of KNOWN.entries()) expect(hex(rootAt(index + 1, read))).toBe(root);
  });

  test("a leaf larger than any before it is hashed whole", () => {
    for (const length of [4_095, 4_096, 4_097, 100_000]) {
      const data = Buffer.alloc(length, 7);
      expect(hex(leafHash(data))).toBe(hex(naiveLeaf(data)));
    }
  });

  test("up to 300 leaves every root, every edge and every proof is the naive one's, and holds", () => {
    const leaves = manyLeaves(300);
    const { edge, read } = treeOf(leaves);
    const naive = naiveTree(leaves);
    expect(hex(rootOfEdge(edge))).toBe(hex(naive.root(0, 300)));
    const same = (a: readonly TreeHash[], b: readonly TreeHash[]) =>
      a.length === b.length && a.every((hash, at) => sameHash(hash, b[at] as TreeHash));
    const wrong: string[] = [];
    for (let size = 1; size <= 300; size += 1) {
      const root = naive.root(0, size);
      if (!sameHash(rootAt(size, read), root)) wrong.push(`root of ${size}`);
      expect(edgeAt(size, read)).toEqual(growEdge(EMPTY_EDGE, leaves.slice(0, size)));
      for (let index = 0; index < size; index += 1) {
        const inclusion = inclusionProof(index, size, read);
        if (!same(inclusion, naive.path(index, size))) wrong.push(`path of ${index} in ${size}`);
        if (!verifyInclusion({ index, size, leaf: leaves[index] as TreeHash, root, proof: inclusion }).ok)
          wrong.push(`${index} in ${size}`);
        const fromSize = index + 1;
        const proof = consistencyProof(fromSize, size, read);
        if (!same(proof, naive.proof(fromSize, size))) wrong.push(`proof of ${fromSize} in ${size}`);
        if (!verifyConsistency({ fromSize, toSize: size, fromRoot: naive.root(0, fromSize), toRoot: root, proof }).ok)
          wrong.push(`${fromSize} to ${size}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("a proof that cannot be is not made", () => {
    const { read } = treeOf(manyLeaves(3));
    for (const [index, size] of [
      [3, 3],
      [-1, 3],
      [0, 0],
      [0.5, 3],
    ] as const)
      expect(() => inclusionProof(index, size, read)).toThrow(RangeError);
    for (const [from, to] of [
      [0, 3],
      [4, 3],
      [-1, 3],
    ] as const)
      expect(() => consistencyProof(from, to, read)).toThrow(RangeError);
  });

  test("control: a tree that does not tell leaves from nodes has other roots", async () => {
    vi.resetModules();
    vi.doMock("node:crypto", async (original) => {
      const real = await original<typeof import("node:crypto")>();
      return {
        ...real,
        hash: (name: string, bytes: Uint8Array, as: "binary") => real.hash(name, bytes.subarray(1), as),
      };
    });
    const planted = await import("../../src/ledger/merkle.ts");
    vi.doUnmock("node:crypto");
    const edge = planted.growEdge(
      planted.EMPTY_EDGE,
      KNOWN.map(([data]) => planted.leafHash(unhex(data))),
    );
    expect(hex(planted.rootOfEdge(edge))).not.toBe(KNOWN[7][1]);
  });
});
