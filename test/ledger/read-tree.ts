import { EMPTY_EDGE, growEdge, type ReadTree, type TreeEdge, type TreeHash } from "../../src/ledger/merkle.ts";

/** A tree in memory, every complete subtree of which can be read. */
export function treeOf(leaves: readonly TreeHash[]): {
  readonly edge: TreeEdge;
  readonly read: ReadTree;
  /** By level, then by index. */
  readonly levels: readonly (readonly TreeHash[])[];
} {
  const levels: TreeHash[][] = [];
  const edge = growEdge(EMPTY_EDGE, leaves, (level, index, hash) => {
    levels[level] ??= [];
    const row = levels[level] as TreeHash[];
    if (row.length !== index) throw new Error(`subtree ${level}/${index} came when ${row.length} was due`);
    row.push(hash);
  });
  const read: ReadTree = (level, index) => {
    const found = levels[level]?.[index];
    if (found === undefined) throw new Error(`no subtree ${level}/${index}`);
    return found;
  };
  return { edge, read, levels };
}
