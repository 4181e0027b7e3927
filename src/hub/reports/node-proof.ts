import { gunzipSync, gzipSync } from "node:zlib";
import { toBase64 } from "../../ledger/base64.ts";
import { EMPTY_HEAD, entryBytes, entryHash } from "../../ledger/entry.ts";
import { EMPTY_EDGE, growEdge, leafHash, type ReadTree, rootOfEdge, type TreeHash } from "../../ledger/merkle.ts";
import { inclusionProof } from "../../ledger/proof.ts";
import { MAX_REPORT_BYTES } from "../../model/limits.ts";
import type { ArchivedEntry, ArchivedNode, NodeArchive } from "../archive/archived.ts";
import type { NodeService } from "../nodes/node-service.ts";
import type { LedgerFact } from "./ledger-facts.ts";

/** The cited entries of one node as they were written, and the way from each to the root of the node's ledger. */
export interface NodeProof {
  readonly node: string;
  /** Lines of canonical JSON, gzip, base64; `unpackLines` reads them. */
  readonly entries: string;
  /** A line for each of them, in the same order: its siblings' hashes in base64, a blank between two; gzip, base64. */
  readonly inclusion: string;
}

interface ProofPorts {
  readonly archive: Pick<NodeArchive, "entries" | "nodes">;
  readonly nodes: Pick<NodeService, "keyOf">;
}

/** For every node: what is cited of its ledger with its proof, and what the page says of that ledger. */
export async function proofsOf(
  { archive, nodes: service }: ProofPorts,
  nodes: readonly string[],
  entries: readonly ArchivedEntry[],
): Promise<{ readonly proofs: readonly NodeProof[]; readonly facts: readonly LedgerFact[] }> {
  const known = new Map(archive.nodes().map((one) => [one.node, one]));
  const proofs: NodeProof[] = [];
  const facts: LedgerFact[] = [];
  for (const node of nodes) {
    const cited = entries.filter((one) => one.node === node).sort((a, b) => a.entry.seq - b.entry.seq);
    const archived = known.get(node) ?? nothingOf(node);
    const tree = archived.firstKept === 0 ? treeOf(archive, archived) : undefined;
    const publicHex = (await service.keyOf(node))?.publicHex ?? null;
    facts.push(factOf(archived, cited, publicHex, tree));
    if (cited.length === 0) continue;
    const inclusion = tree === undefined ? [] : cited.map(({ entry }) => inclusionLine(entry.seq, archived.size, tree));
    proofs.push({ node, entries: packEntries(cited), inclusion: packLines(inclusion) });
  }
  return { proofs, facts };
}

const nothingOf = (node: string): ArchivedNode => {
  return { node, size: 0, headHash: EMPTY_HEAD.hash, firstKept: 0, fault: null };
};

interface Tree {
  readonly read: ReadTree;
  readonly root: TreeHash;
}

/** All complete subtrees of what is archived of a node: about 64 bytes an entry while the report is made. */
function treeOf(archive: Pick<NodeArchive, "entries">, { node, size }: ArchivedNode): Tree {
  const levels: TreeHash[][] = [];
  const leaves = function* (): Iterable<TreeHash> {
    // An entry that arrives meanwhile is not of the tree that the report names.
    for (const { entry } of archive.entries({ nodes: [node] })) if (entry.seq < size) yield leafHash(entryBytes(entry));
  };
  const edge = growEdge(EMPTY_EDGE, leaves(), (level, index, hash) => {
    const row = levels[level] ?? [];
    levels[level] = row;
    row[index] = hash;
  });
  const read: ReadTree = (level, index) => {
    const hash = levels[level]?.[index];
    if (hash === undefined) throw new RangeError(`no complete subtree ${index} at level ${level}`);
    return hash;
  };
  return { read, root: rootOfEdge(edge) };
}

const inclusionLine = (seq: number, size: number, { read }: Tree): string =>
  inclusionProof(seq, size, read).map(toBase64).join(" ");

function factOf(
  { node, size, headHash, firstKept, fault }: ArchivedNode,
  cited: readonly ArchivedEntry[],
  publicHex: string | null,
  tree: Tree | undefined,
): LedgerFact {
  const [first, last] = [cited[0]?.entry, cited.at(-1)?.entry];
  const hashOf = (entry: typeof first): string | null => (entry === undefined ? null : entryHash(entryBytes(entry)));
  return {
    ...{ node, publicHex, size, headHash, firstKept, fault, cited: cited.length },
    root: tree === undefined ? null : toBase64(tree.root),
    ...{ firstCited: first?.seq ?? null, lastCited: last?.seq ?? null },
    ...{ firstHash: hashOf(first), lastHash: hashOf(last) },
  };
}

/** Entries as lines of their own bytes. */
export const packEntries = (entries: readonly ArchivedEntry[]): string =>
  packLines(entries.map(({ entry }) => Buffer.from(entryBytes(entry)).toString("utf8")));

export const packLines = (lines: readonly string[]): string =>
  gzipSync(lines.map((line) => `${line}\n`).join("")).toString("base64");

/** The lines back. @throws where they are no gzip, or unpack to more than a report holds */
export function unpackLines(packed: string): readonly string[] {
  const text = gunzipSync(Buffer.from(packed, "base64"), { maxOutputLength: MAX_REPORT_BYTES }).toString("utf8");
  return text === "" ? [] : text.slice(0, -1).split("\n");
}
