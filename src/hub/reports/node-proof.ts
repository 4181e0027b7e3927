import { gunzipSync, gzipSync } from "node:zlib";
import { toBase64 } from "../../ledger/base64.ts";
import { EMPTY_HEAD, entryBytes, entryHash } from "../../ledger/entry.ts";
import {
  EMPTY_EDGE,
  EMPTY_ROOT,
  edgeAt,
  growEdge,
  type ReadTree,
  rootOfEdge,
  type TreeHash,
} from "../../ledger/merkle.ts";
import { inclusionProof } from "../../ledger/proof.ts";
import { MAX_REPORT_BYTES } from "../../model/limits.ts";
import type { ArchiveReader } from "../archive/archive-reader.ts";
import type { ArchivedEntry } from "../archive/archived.ts";
import type { ArchivedTree } from "../archive/archived-tree.ts";
import type { NodeService } from "../nodes/node-service.ts";
import type { LedgerFact } from "./ledger-facts.ts";
import { tooLargeToVerify } from "./too-much.ts";

/** The cited entries of one node as they were written, and the way from each to the root of the node's ledger. */
export interface NodeProof {
  readonly node: string;
  readonly strand: number;
  /** Lines of canonical JSON, gzip, base64; `unpackLines` reads them. */
  readonly entries: string;
  /** A line for each of them, in the same order: its siblings' hashes in base64, a blank between two; gzip, base64. */
  readonly inclusion: string;
}

interface ProofPorts {
  readonly archive: Pick<ArchiveReader, "trees">;
  readonly nodes: Pick<NodeService, "keyOf">;
}

/** For every node: what is cited of its ledger with its proof, and what the page says of that ledger. */
export async function proofsOf(
  { archive, nodes: service }: ProofPorts,
  nodes: readonly string[],
  entries: readonly ArchivedEntry[],
): Promise<{ readonly proofs: readonly NodeProof[]; readonly facts: readonly LedgerFact[] }> {
  const proofs: NodeProof[] = [];
  const facts: LedgerFact[] = [];
  for (const node of nodes) {
    const publicHex = (await service.keyOf(node))?.publicHex ?? null;
    const trees = archive.trees(node);
    for (const [index, archived] of (trees.length === 0 ? [nothingOf(node)] : trees).entries()) {
      const cited = entries
        .filter((one) => one.node === node && (one.strand ?? 0) === archived.strand)
        .sort((a, b) => a.entry.seq - b.entry.seq);
      // A strand that a person closed is named only where something is cited of it.
      if (cited.length === 0 && index < trees.length - 1) continue;
      const tree = treeOf(archived);
      facts.push(factOf(archived, cited, publicHex, tree));
      if (cited.length === 0) continue;
      const sizeFor = provenSize(archived.checkpoint?.size ?? 0, archived.size);
      const inclusion =
        tree === undefined ? [] : cited.map(({ entry }) => inclusionLine(entry.seq, sizeFor(entry.seq), tree));
      proofs.push({ node, strand: archived.strand, entries: packEntries(cited), inclusion: packLines(inclusion) });
    }
  }
  return { proofs, facts };
}

/** Which tree an entry is proven in: the one that its node signed, where that has it, else all that is archived. */
export const provenSize =
  (signed: number, size: number): ((seq: number) => number) =>
  (seq) =>
    seq < signed ? signed : size;

const nothingOf = (node: string): ArchivedTree => ({
  ...{ node, strand: 0, size: 0, headHash: EMPTY_HEAD.hash, firstKept: 0, fault: null },
  ...{ kept: EMPTY_EDGE, checkpoint: null, leaves: () => [] },
});

interface Tree {
  readonly read: ReadTree;
  readonly root: TreeHash;
}

/** All complete subtrees of what is archived of a strand: about 64 bytes an entry while the report is made. */
function treeOf({ kept, leaves }: ArchivedTree): Tree | undefined {
  if (kept === null) return undefined;
  const levels: Map<number, TreeHash>[] = [];
  const put = (level: number, index: number, hash: TreeHash): void => {
    const row = levels[level] ?? new Map<number, TreeHash>();
    levels[level] = row;
    row.set(index, hash);
  };
  // What is gone is there as the largest complete subtrees it fell into, and no proof of what is kept needs a smaller one.
  const known = kept.peaks.values();
  edgeAt(kept.size, (level, index) => {
    const hash = known.next().value ?? EMPTY_ROOT;
    put(level, index, hash);
    return hash;
  });
  const edge = growEdge(kept, leaves(), put);
  const read: ReadTree = (level, index) => {
    const hash = levels[level]?.get(index);
    if (hash === undefined) throw new RangeError(`no complete subtree ${index} at level ${level}`);
    return hash;
  };
  return { read, root: rootOfEdge(edge) };
}

const inclusionLine = (seq: number, size: number, { read }: Tree): string =>
  inclusionProof(seq, size, read).map(toBase64).join(" ");

function factOf(
  { node, strand, size, headHash, firstKept, fault, checkpoint }: ArchivedTree,
  cited: readonly ArchivedEntry[],
  publicHex: string | null,
  tree: Tree | undefined,
): LedgerFact {
  const [first, last] = [cited[0]?.entry, cited.at(-1)?.entry];
  const hashOf = (entry: typeof first): string | null => (entry === undefined ? null : entryHash(entryBytes(entry)));
  return {
    ...{ node, strand, publicHex: checkpoint?.publicHex ?? publicHex, checkpoint: checkpoint?.note ?? null },
    ...{ size, headHash, firstKept, fault, cited: cited.length },
    root: tree === undefined ? null : toBase64(tree.root),
    ...{ firstCited: first?.seq ?? null, lastCited: last?.seq ?? null },
    ...{ firstHash: hashOf(first), lastHash: hashOf(last) },
  };
}

/** Entries as lines of their own bytes. */
export const packEntries = (entries: readonly ArchivedEntry[]): string =>
  packLines(entries.map(({ entry }) => Buffer.from(entryBytes(entry)).toString("utf8")));

/** @throws MaintError CONFLICT where they are more than `unpackLines` unpacks */
export function packLines(lines: readonly string[], maxBytes = MAX_REPORT_BYTES): string {
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  if (bytes > maxBytes) throw tooLargeToVerify(maxBytes);
  return gzipSync(lines.map((line) => `${line}\n`).join("")).toString("base64");
}

/** The lines back. @throws where they are no gzip, or unpack to more than a report holds */
export function unpackLines(packed: string): readonly string[] {
  const text = gunzipSync(Buffer.from(packed, "base64"), { maxOutputLength: MAX_REPORT_BYTES }).toString("utf8");
  return text === "" ? [] : text.slice(0, -1).split("\n");
}
