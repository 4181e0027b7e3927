import { fail, ok, type Result } from "../../base/result.ts";
import { verifyHex } from "../../disk/key-file.ts";
import { checkpointKey, openCheckpoint, originOf } from "../../ledger/checkpoint.ts";
import { entryHash, type LedgerHead } from "../../ledger/entry.ts";
import type { TreeHash } from "../../ledger/merkle.ts";
import { parseEntry } from "../../ledger/verify.ts";
import type { Digest } from "../../model/ids.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import type { NodeCheckpoint } from "./archived-strand.ts";

/** Consecutive entries of one node's ledger, as it wrote them. */
export interface LogBatch {
  readonly node: string;
  /** Seq of the first. */
  readonly from: number;
  readonly entries: readonly Uint8Array[];
  /** Where the node signed its ledger behind the last of them, and the key that it came with. */
  readonly checkpoint?: Pick<NodeCheckpoint, "note" | "publicHex"> | undefined;
}

/** One entry that was read; `hash` is what the next one names. */
export interface ReadEntry {
  readonly entry: LedgerEntry;
  readonly bytes: Uint8Array;
  readonly hash: Digest;
}

/** What a batch says, not held against what is archived yet. */
export interface ReadBatch {
  readonly entries: readonly ReadEntry[];
  /** Its signature holds, and it is of the ledger up to the batch's last entry. */
  readonly checkpoint: ReadCheckpoint | null;
}

export interface ReadCheckpoint extends NodeCheckpoint {
  readonly root: TreeHash;
}

/** Reads a batch without asking what is archived. An error is a sentence: these are no entries, or not those it says. */
export function readBatch({ node, from, entries, checkpoint }: LogBatch): Result<ReadBatch, string> {
  const read: ReadEntry[] = [];
  for (const [index, bytes] of entries.entries()) {
    const entry = parseEntry(bytes);
    if (typeof entry === "string") return fail(`entry ${from + index} cannot be read: ${entry}`);
    if (entry.seq !== from + index) return fail(`entry ${entry.seq} came where ${from + index} was said`);
    read.push({ entry, bytes, hash: entryHash(bytes) });
  }
  if (checkpoint === undefined) return ok({ entries: read, checkpoint: null });
  const { note, publicHex } = checkpoint;
  const opened = openCheckpoint(note, originOf(node), [checkpointKey(node, publicHex)], verifyHex);
  if (!opened.ok) return fail(`its checkpoint does not hold: ${opened.error}`);
  const { size, root } = opened.value;
  if (size !== from + read.length)
    return fail(`its checkpoint is of ${size} entries, and the batch ends at ${from + read.length}`);
  return ok({ entries: read, checkpoint: { size, root, note, publicHex } });
}

/** What is archived of the node that sent a batch. */
export interface ArchivedSoFar {
  readonly head: LedgerHead;
  /** Hash of an archived entry; undefined where retention removed it. Asked only below the head. */
  readonly hashAt: (seq: number) => Digest | undefined;
  /** Of what was archived before a fork that a person let go on: an entry that is in both is not kept twice. Null outside that. */
  readonly before: ((seq: number) => Digest | undefined) | null;
}

export type Followed =
  | {
      readonly kind: "follows";
      /** All that are new, in their order. */
      readonly added: readonly ReadEntry[];
      /** New ones, to be kept; may be none. */
      readonly kept: readonly ReadEntry[];
      /** New ones that the strand before has with the same bytes; they come before all of `kept`. */
      readonly shared: number;
      readonly head: LedgerHead;
    }
  | { readonly kind: "gap" }
  /** The node's ledger and the archive do not have the same past. */
  | { readonly kind: "fork"; readonly message: string };

/** Whether entries go on from what is archived. What is there already is compared and not taken again. */
export function follow({ head, hashAt, before }: ArchivedSoFar, read: readonly ReadEntry[]): Followed {
  const kept: ReadEntry[] = [];
  const added: ReadEntry[] = [];
  let shared = 0;
  let { size, hash } = head;
  for (const one of read) {
    const { seq, previous_hash: previous } = one.entry;
    if (seq > size) return { kind: "gap" };
    if (seq < size) {
      const known = seq < head.size ? hashAt(seq) : undefined;
      if (known !== undefined && known !== one.hash)
        return { kind: "fork", message: `its entry ${seq} is not the one that was archived` };
      continue;
    }
    if (previous !== hash) return { kind: "fork", message: forked(size) };
    if (kept.length === 0 && before?.(seq) === one.hash) shared += 1;
    else kept.push(one);
    added.push(one);
    size += 1;
    hash = one.hash;
  }
  return { kind: "follows", added, kept, shared, head: { size, hash } };
}

const forked = (size: number): string =>
  size === 0
    ? "its first entry follows another"
    : `its entry ${size} follows another entry ${size - 1} than the one that was archived`;

/** How far a node's ledger is archived. */
export interface ArchivedStanding {
  /** Size and hash; empty where nothing is. */
  readonly head: LedgerHead;
  /** Why nothing is taken of it until a person looked; null where it is. */
  readonly fork: string | null;
  /** A person looked: where it does not follow, another strand begins. */
  readonly mayRestart: boolean;
}

/** What a node says of its ledger when it comes, against what is archived; a sentence where it cannot be the same ledger. */
export function standsApart(
  archived: LedgerHead,
  said: { readonly size: number; readonly hash: string },
): string | undefined {
  if (said.size < archived.size)
    return `its ledger has ${said.size} entries and ${archived.size} are archived: it is a copy, or an older self`;
  if (said.size > 0 && said.size === archived.size && said.hash !== archived.hash)
    return `its ledger ends with another entry ${said.size - 1} than the one that was archived`;
  return undefined;
}
