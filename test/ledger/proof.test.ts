import { describe, expect, test } from "vitest";
import type { Result } from "../../src/base/result.ts";
import { EMPTY_ROOT, leafHash, nodeHash, rootAt, type TreeHash } from "../../src/ledger/merkle.ts";
import {
  type ConsistencyClaim,
  consistencyProof,
  type InclusionClaim,
  inclusionProof,
  parseTreeNumber,
  verifyConsistency,
  verifyInclusion,
} from "../../src/ledger/proof.ts";
import { treeOf } from "./read-tree.ts";

/**
 * The cases of the public suite of transparency-dev/merkle, made anew from the same eight leaves: proofs that hold, and each of
 * them spoilt in every way that the suite knows.
 */
const DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const LEAVES = DATA.map((text) => leafHash(Buffer.from(text, "hex")));
const { read } = treeOf(LEAVES);
const rootOf = (size: number): TreeHash => rootAt(size, read);
const GARBAGE = Buffer.alloc(32, 0xa5);
const EMPTY = new Uint8Array(0);

interface Case<Claim> {
  readonly name: string;
  readonly claim: Claim;
  readonly holds: boolean;
}

const flipped = (hash: TreeHash, bit: number): TreeHash => {
  const copy = Uint8Array.from(hash);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
};

function inclusionCases(): readonly Case<InclusionClaim>[] {
  const places = [
    [0, 1],
    [0, 8],
    [5, 8],
    [2, 3],
    [1, 5],
  ] as const;
  return places.flatMap(([index, size]) => {
    const proof = inclusionProof(index, size, read);
    const good: InclusionClaim = { index, size, leaf: LEAVES[index] as TreeHash, root: rootOf(size), proof };
    const bad = (name: string, change: Partial<InclusionClaim>) => ({
      ...{ name: `${index} in ${size}: ${name}`, holds: false },
      claim: { ...good, ...change },
    });
    return [
      { name: `${index} in ${size}`, claim: good, holds: true },
      bad("the place before", { index: index - 1 }),
      bad("the place after", { index: index + 1 }),
      bad("another place", { index: index ^ 2 }),
      bad("a tree of twice the size", { size: size * 2 }),
      bad("a tree of half the size", { size: size >> 1 }),
      bad("another leaf", { leaf: GARBAGE }),
      bad("no root", { root: EMPTY }),
      bad("another root", { root: GARBAGE }),
      bad("garbage after it", { proof: [...proof, GARBAGE] }),
      bad("the root after it", { proof: [...proof, good.root] }),
      bad("an empty hash after it", { proof: [...proof, EMPTY] }),
      bad("a hash too many, and the root that leads to", {
        ...{ proof: [...proof, GARBAGE], root: nodeHash(GARBAGE, good.root) },
      }),
      bad("garbage before it", { proof: [GARBAGE, ...proof] }),
      bad("the root before it", { proof: [good.root, ...proof] }),
      bad("a hash put into it", { proof: proof.toSpliced(1, 0, GARBAGE) }),
      ...(proof.length === 0 ? [] : [bad("its last hash left out", { proof: proof.slice(0, -1) })]),
      ...(proof.length < 2 ? [] : [bad("its second hash left out", { proof: proof.toSpliced(1, 1) })]),
      ...proof.map((hash, at) => bad(`bit 3 of hash ${at}`, { proof: proof.with(at, flipped(hash, 3)) })),
    ];
  });
}

function consistencyCases(): readonly Case<ConsistencyClaim>[] {
  const pairs = [
    [1, 8],
    [6, 8],
    [2, 5],
    [6, 7],
    [4, 8],
    [3, 7],
  ] as const;
  return pairs.flatMap(([fromSize, toSize]) => {
    const proof = consistencyProof(fromSize, toSize, read);
    const good = { fromSize, toSize, fromRoot: rootOf(fromSize), toRoot: rootOf(toSize), proof };
    const bad = (name: string, change: Partial<ConsistencyClaim>) => ({
      ...{ name: `${fromSize} to ${toSize}: ${name}`, holds: false },
      claim: { ...good, ...change },
    });
    return [
      { name: `${fromSize} to ${toSize}`, claim: good, holds: true },
      bad("one less before", { fromSize: fromSize - 1 }),
      bad("one more before", { fromSize: fromSize + 1 }),
      bad("another size before", { fromSize: fromSize ^ 2 }),
      bad("twice the size after", { toSize: toSize * 2 }),
      bad("half the size after", { toSize: toSize >> 1 }),
      bad("another older root", { fromRoot: GARBAGE }),
      bad("another newer root", { toRoot: GARBAGE }),
      bad("the roots swapped", { fromRoot: good.toRoot, toRoot: good.fromRoot }),
      bad("no proof", { proof: [] }),
      bad("garbage after it", { proof: [...proof, GARBAGE] }),
      bad("the older root after it", { proof: [...proof, good.fromRoot] }),
      bad("the newer root after it", { proof: [...proof, good.toRoot] }),
      bad("a hash too many, and the roots that leads to", {
        ...{ proof: [...proof, GARBAGE], fromRoot: nodeHash(GARBAGE, good.fromRoot) },
        toRoot: nodeHash(GARBAGE, good.toRoot),
      }),
      bad("garbage before it", { proof: [GARBAGE, ...proof] }),
      bad("the older root before it", { proof: [good.fromRoot, ...proof] }),
      bad("the newer root before it", { proof: [good.toRoot, ...proof] }),
      bad("its first hash twice", { proof: [proof[0] as TreeHash, ...proof] }),
      bad("its last hash left out", { proof: proof.slice(0, -1) }),
      ...proof.map((hash, at) => bad(`bit 4 of hash ${at}`, { proof: proof.with(at, flipped(hash, 4)) })),
    ];
  });
}

const edge = (name: string, holds: boolean, claim: Partial<ConsistencyClaim>): Case<ConsistencyClaim> => ({
  ...{ name, holds },
  claim: { fromSize: 1, toSize: 1, fromRoot: rootOf(1), toRoot: rootOf(1), proof: [], ...claim },
});

/** Sizes that prove nothing, cannot be, or are equal. */
const edges: readonly Case<ConsistencyClaim>[] = [
  edge("from no leaves to none", false, { fromSize: 0, toSize: 0, fromRoot: EMPTY_ROOT, toRoot: EMPTY_ROOT }),
  edge("from no leaves to some", false, { fromSize: 0, toSize: 1, fromRoot: EMPTY_ROOT }),
  edge("from no leaves, with hashes", false, { fromSize: 0, toSize: 1, fromRoot: EMPTY_ROOT, proof: [GARBAGE] }),
  edge("equal sizes, equal roots", true, {}),
  edge("equal sizes, other roots", false, { toRoot: GARBAGE }),
  edge("equal sizes, a hash too many", false, { proof: [rootOf(1)] }),
  edge("equal sizes of eight, a hash too many", false, {
    ...{ fromSize: 8, toSize: 8, fromRoot: rootOf(8), toRoot: rootOf(8), proof: [rootOf(8)] },
  }),
  edge("back from eight to one", false, { fromSize: 8, fromRoot: rootOf(8), proof: consistencyProof(1, 8, read) }),
  edge("no hash between two sizes", false, { toSize: 2, toRoot: rootOf(2) }),
  edge("a size that is no number", false, { fromSize: Number.NaN }),
  edge("a size that is not whole", false, { fromSize: 0.5, toSize: 1.5 }),
  edge("a size that no number holds", false, { fromSize: 2 ** 53, toSize: 2 ** 53 }),
  edge("an infinite size", false, { toSize: Number.POSITIVE_INFINITY }),
];

const farPlaces: readonly Case<InclusionClaim>[] = [
  [2 ** 64 - 1, 8],
  [2 ** 53, 2 ** 53 + 2],
  [8, 8],
  [0, 0],
  [-1, 8],
  [Number.NaN, 8],
].map(([index, size]) => ({
  ...{ name: `leaf ${index} of ${size}`, holds: false },
  claim: { index: index as number, size: size as number, leaf: LEAVES[0] as TreeHash, root: rootOf(1), proof: [] },
}));

const wronglyJudged = <Claim>(
  cases: readonly Case<Claim>[],
  verify: (claim: Claim) => Result<null, string>,
): readonly string[] => cases.filter(({ claim, holds }) => verify(claim).ok !== holds).map(({ name }) => name);

describe("AB-37: proofs at their edges", () => {
  const inclusion = [...inclusionCases(), ...farPlaces];
  const consistency = [...consistencyCases(), ...edges];

  test("every inclusion proof of the suite is judged rightly", () => {
    expect(inclusion.length).toBeGreaterThan(90);
    expect(wronglyJudged(inclusion, verifyInclusion)).toEqual([]);
  });

  test("every consistency proof of the suite is judged rightly", () => {
    expect(consistency.length).toBeGreaterThan(120);
    expect(wronglyJudged(consistency, verifyConsistency)).toEqual([]);
  });

  test("control: each planted leniency is caught", () => {
    const fits = ({ index, size }: InclusionClaim) =>
      index >= 0 && index < size && size <= 8 ? inclusionProof(index, size, read).length : 0;
    const planted: readonly ((claim: InclusionClaim) => Result<null, string>)[] = [
      (claim) => verifyInclusion({ ...claim, proof: claim.proof.slice(0, fits(claim)) }),
      (claim) => verifyInclusion({ ...claim, index: claim.index % Math.max(1, claim.size) }),
      (claim) => verifyInclusion({ ...claim, index: Math.max(0, claim.index) }),
    ];
    for (const verify of planted) expect(wronglyJudged(inclusion, verify)).not.toEqual([]);
    const lenient: readonly ((claim: ConsistencyClaim) => Result<null, string>)[] = [
      (claim) => (claim.fromSize === 0 ? { ok: true, value: null } : verifyConsistency(claim)),
      (claim) => (claim.fromSize === claim.toSize ? { ok: true, value: null } : verifyConsistency(claim)),
      (claim) => verifyConsistency({ ...claim, proof: claim.fromSize === claim.toSize ? [] : claim.proof }),
      ({ fromSize, ...claim }) =>
        verifyConsistency({
          ...claim,
          fromSize,
          fromRoot: rootOf(fromSize > 0 && fromSize <= 8 ? Math.ceil(fromSize) : 1),
        }),
    ];
    for (const verify of lenient) expect(wronglyJudged(consistency, verify)).not.toEqual([]);
  });

  test("numbers have one spelling, and none beyond 2^53 - 1", () => {
    expect(["0", "7", "10", "9007199254740991"].map(parseTreeNumber)).toEqual([0, 7, 10, 2 ** 53 - 1]);
    const refused = [
      "",
      "00",
      "07",
      "+1",
      "-1",
      "1.0",
      "1e3",
      " 1",
      "1\n",
      "0x1",
      "9007199254740992",
      "18446744073709551615",
    ];
    expect(refused.map(parseTreeNumber)).toEqual(refused.map(() => undefined));
  });
});
