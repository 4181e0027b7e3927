import type { DecisionMetadata } from "../../ledger/receipt.ts";
import type { LedgerActionType, LedgerEntry } from "../../model/ledger-entry.ts";

/**
 * What the hub keeps of its nodes' ledgers: the bytes as each node wrote them, proven to follow each other. Nothing here is
 * ever changed; retention removes the oldest entries of a node and keeps the proof that they were there.
 */
export interface NodeArchive {
  readonly nodes: () => readonly ArchivedNode[];
  /** By node, then by strand and seq, `newestFirst` by time over all; read from the disk as it is asked for. */
  readonly entries: (filter?: EntryFilter) => Iterable<ArchivedEntry>;
  /** The same of decisions alone, narrowed by what was decided. */
  readonly decisions: (filter?: DecisionFilter) => Iterable<ArchivedDecision>;
  /**
   * How many decisions each node gave by a contract, in buckets of time: what rates are rates of. By the instant that was decided;
   * the first bucket begins at `fromMs`, empty ones are left out. Cheap: it reads no bodies.
   */
  readonly exposure: (filter: ExposureFilter) => Iterable<Exposure>;
}

export interface ArchivedNode {
  readonly node: string;
  /** Entries that were ever archived, from seq 0 without a gap. */
  readonly size: number;
  /** Hash of the last of them; `EMPTY_HEAD.hash` where there is none. */
  readonly headHash: string;
  /** First seq whose bytes are still here; more than 0 where retention removed older ones. */
  readonly firstKept: number;
  /** What does not hold, in words: a gap, a fork, a head that went back. Null where nothing does. */
  readonly fault: string | null;
}

export interface ArchivedEntry {
  readonly node: string;
  /** Which line of the node's ledger; absent: its first. Another begins where it forked and a person let it go on. */
  readonly strand?: number | undefined;
  readonly entry: LedgerEntry;
}

/** Bounds are half-open, epoch milliseconds of the entry's own time; absent members ask nothing. */
export interface EntryFilter {
  readonly nodes?: readonly string[] | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly fromSeq?: number | undefined;
  readonly actionTypes?: readonly LedgerActionType[] | undefined;
  readonly target?: string | undefined;
  readonly userId?: string | undefined;
  /** Evidence records of these kinds, `calibration`, and nothing else. */
  readonly evidence?: readonly string[] | undefined;
  readonly newestFirst?: boolean | undefined;
  readonly limit?: number | undefined;
}

export interface DecisionFilter extends Omit<EntryFilter, "actionTypes" | "target" | "evidence"> {
  readonly contract?: string | undefined;
  readonly test?: string | undefined;
  readonly order?: string | undefined;
  readonly part?: string | undefined;
  readonly allow?: boolean | undefined;
  /**
   * Decisions that may have rested on one of these instruments or pieces of equipment: all whose snapshot knows them, and those
   * whose snapshot was too large to keep.
   */
  readonly assets?: readonly string[] | undefined;
  /**
   * About this share of the tests, 0 to 1, each with all of its tries: the same ones at every look, whatever their node and time. A
   * larger share holds a smaller one. `limit` counts before.
   */
  readonly share?: number | undefined;
}

/** A `gate_decision` entry. */
export interface ArchivedDecision extends ArchivedEntry {
  /** Epoch milliseconds of the instant that was decided. */
  readonly atMs: number;
  readonly recorded: RecordedMetadata;
}

/** `snapshot` is what was decided on, as `snapshotFromValues` reads it; null where it was too large to keep. */
export interface RecordedMetadata extends DecisionMetadata {
  readonly snapshot: { readonly [field: string]: unknown } | null;
}

export interface ExposureFilter {
  readonly contract?: string | undefined;
  readonly nodes?: readonly string[] | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucketMs: number;
}

export interface Exposure {
  readonly node: string;
  readonly bucketStartMs: number;
  readonly decisions: number;
  readonly blocked: number;
}
