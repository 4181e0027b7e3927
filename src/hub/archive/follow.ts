import { fail, ok, type Result } from "../../base/result.ts";
import { entryHash, type LedgerHead } from "../../ledger/entry.ts";
import { parseEntry } from "../../ledger/verify.ts";
import type { Digest } from "../../model/ids.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";

/** Consecutive entries of one node's ledger, as it wrote them. */
export interface LogBatch {
  readonly node: string;
  /** Seq of the first. */
  readonly from: number;
  readonly entries: readonly Uint8Array[];
}

/** One entry that was read; `hash` is what the next one names. */
export interface ReadEntry {
  readonly entry: LedgerEntry;
  readonly bytes: Uint8Array;
  readonly hash: Digest;
}

/** Reads a batch's entries without asking what is archived. An error is a sentence: these are no entries, or not those it says. */
export function readBatch({ from, entries }: LogBatch): Result<readonly ReadEntry[], string> {
  const read: ReadEntry[] = [];
  for (const [index, bytes] of entries.entries()) {
    const entry = parseEntry(bytes);
    if (typeof entry === "string") return fail(`entry ${from + index} cannot be read: ${entry}`);
    if (entry.seq !== from + index) return fail(`entry ${entry.seq} came where ${from + index} was said`);
    read.push({ entry, bytes, hash: entryHash(bytes) });
  }
  return ok(read);
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
    size += 1;
    hash = one.hash;
  }
  return { kind: "follows", kept, shared, head: { size, hash } };
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
