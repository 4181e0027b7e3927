import { isDigest } from "../model/ids.ts";
import { LEDGER_ACTION_TYPES, type LedgerEntry, type LedgerRecord } from "../model/ledger-entry.ts";
import { EMPTY_HEAD, entryHash, entryText, type LedgerHead } from "./entry.ts";

/** One stored entry: its place, and its bytes as they lie on the disk. */
export interface StoredEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export type LedgerFault =
  | "edited"
  | "missing"
  | "reordered"
  | "bad-chain"
  | "not-canonical"
  | "truncated"
  /** A stored hash of the tree is not that of the entries. */
  | "tree-differs"
  /** A signed checkpoint has another root than the entries. */
  | "checkpoint-differs";

/** The first entry that does not hold. `seq` is its place in the ledger, from 0. */
export interface LedgerFinding {
  readonly seq: number;
  readonly fault: LedgerFault;
  /** A sentence for a reader. */
  readonly message: string;
}

export interface LedgerVerification {
  /** Null where every entry holds. */
  readonly finding: LedgerFinding | null;
  /** How far the chain holds, and its hash there: compare it with what others remember. */
  readonly head: LedgerHead;
}

export interface VerifyOptions {
  /** Where the entries begin; the start of the ledger unless told. */
  readonly from?: LedgerHead;
  /** Heads remembered elsewhere: the head file, a checkpoint, another party's. Each must lie on this chain. */
  readonly known?: readonly LedgerHead[];
  /**
   * Looks at each entry that holds, once the entry after it, or a remembered head, vouched for its bytes; the first thing it
   * finds ends the walk.
   */
  readonly check?: (stored: StoredEntry, entry: LedgerEntry) => LedgerFinding | null;
}

/** After so many bytes `verifyInSteps` gives others a turn: a few milliseconds of work. */
const STEP_BYTES = 256 << 10;

const MEMBERS = 11;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/**
 * Walks a ledger and names the first bad entry and why. The chain shows every change below its last entry; a change to the
 * last entry, or a tail that was cut off, shows only against a head remembered elsewhere (`known`). Nothing here shows a
 * ledger that was rewritten together with every remembered head.
 */
export function verifyEntries(entries: Iterable<StoredEntry>, options: VerifyOptions = {}): LedgerVerification {
  const steps = verifyInSteps(entries, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As `verifyEntries`, with a pause after each few milliseconds of work, for who must not hold others up. */
export function* verifyInSteps(
  entries: Iterable<StoredEntry>,
  options: VerifyOptions = {},
): Generator<undefined, LedgerVerification> {
  const known = new Map((options.known ?? []).map(({ size, hash }) => [size, hash]));
  const start = options.from ?? EMPTY_HEAD;
  let head = start;
  let bytes = 0;
  let last: readonly [StoredEntry, LedgerEntry] | null = null;
  const checked = (): LedgerFinding | null => (last === null ? null : (options.check?.(...last) ?? null));
  const iterator = entries[Symbol.iterator]();
  for (let step = iterator.next(); step.done !== true; step = iterator.next()) {
    const parsed = parseStored(step.value, head.size);
    if ("fault" in parsed) return { finding: parsed, head };
    if (parsed.previous_hash !== head.hash) {
      const following = iterator.next();
      const next = following.done === true ? undefined : following.value;
      return { finding: brokenLink(step.value, next, head.size, start.size, known), head };
    }
    const found = checked();
    if (found !== null) return { finding: found, head };
    head = { size: head.size + 1, hash: entryHash(step.value.bytes) };
    const remembered = known.get(head.size);
    if (remembered !== undefined && remembered !== head.hash) {
      // The entry's own link holds, and the chain up to it does not end where it is remembered to have ended.
      const finding = bad(head.size - 1, "edited", `its hash is not the one remembered for entry ${head.size - 1}`);
      return { finding, head: { size: head.size - 1, hash: parsed.previous_hash } };
    }
    last = [step.value, parsed];
    bytes += step.value.bytes.length;
    if (bytes < STEP_BYTES) continue;
    bytes = 0;
    yield;
  }
  const found = checked();
  if (found !== null) return { finding: found, head };
  const longest = Math.max(head.size, ...known.keys());
  const cut = `the ledger ends before it; ${longest} entries are remembered and ${head.size} are there`;
  return { finding: longest > head.size ? bad(head.size, "truncated", cut) : null, head };
}

const bad = (seq: number, fault: LedgerFault, message: string): LedgerFinding => ({ seq, fault, message });

/** Decides which side of a link was changed: an entry that the next one or a remembered head still vouches for is intact. */
function brokenLink(
  stored: StoredEntry,
  next: StoredEntry | undefined,
  seq: number,
  start: number,
  known: ReadonlyMap<number, string>,
): LedgerFinding {
  const hash = entryHash(stored.bytes);
  const vouched = next === undefined ? known.get(seq + 1) : linkOf(next, seq + 1);
  if (seq > start && (vouched === undefined || vouched === hash)) {
    const alone = vouched === undefined ? ", or the link of the entry after it was" : "";
    return bad(seq - 1, "edited", `its bytes are not those that entry ${seq} was chained to: it was changed${alone}`);
  }
  return bad(seq, "bad-chain", "its previous_hash is not the hash of the entry before it");
}

function linkOf(stored: StoredEntry, seq: number): string | undefined {
  const parsed = parseStored(stored, seq);
  return "fault" in parsed ? undefined : parsed.previous_hash;
}

function parseStored(stored: StoredEntry, seq: number): LedgerEntry | LedgerFinding {
  if (stored.seq > seq) return bad(seq, "missing", `there is none; the next one is ${stored.seq}`);
  if (stored.seq < seq) return bad(seq, "reordered", `entry ${stored.seq} comes again in its place`);
  const entry = parseEntry(stored.bytes);
  if (typeof entry === "string") return bad(seq, "not-canonical", entry);
  if (entry.seq !== seq) return bad(seq, "reordered", `entry ${entry.seq} lies in its place`);
  return entry;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An entry from its stored bytes, or what is wrong with them. */
export function parseEntry(bytes: Uint8Array): LedgerEntry | string {
  let value: unknown;
  let text: string;
  try {
    text = decoder.decode(bytes);
    value = JSON.parse(text);
  } catch {
    return "its bytes are no JSON: it was changed";
  }
  // Each of the eleven is looked at below, so that no twelfth can hide behind them.
  if (typeof value !== "object" || value === null || Object.keys(value).length !== MEMBERS)
    return "it does not have the fields of a ledger entry: it was changed";
  if (!fieldsHold(value as LedgerEntry)) return "a field has a value that no ledger entry has";
  return isSpelt(value as LedgerEntry, text)
    ? (value as LedgerEntry)
    : "its bytes are not canonical JSON: it was changed";
}

/** JSON that reads as an entry may have other spellings, and may hold text that no canonical JSON has. */
function isSpelt(entry: LedgerEntry, text: string): boolean {
  try {
    return entryText(entry) === text;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** What is wrong with a record that is to become an entry; undefined where it can. Its texts are looked at as they are written. */
export function recordFault(record: LedgerRecord): string | undefined {
  return recordHolds(record) ? undefined : "a field has a value that no ledger entry has";
}

/** Whether an instant as it is written fits an entry: a year of four digits. */
export const isEntryTime = (time: string): boolean => TIME.test(time);

function recordHolds({ action, target, details, user_id, action_type, smart_id, metadata }: LedgerRecord): boolean {
  const texts: readonly unknown[] = [action, target, details, user_id];
  return (
    ACTION_TYPES.has(action_type) &&
    texts.every((text) => typeof text === "string") &&
    (smart_id === null || typeof smart_id === "string") &&
    typeof metadata === "object" &&
    metadata !== null &&
    !Array.isArray(metadata)
  );
}

const ACTION_TYPES: ReadonlySet<unknown> = new Set(LEDGER_ACTION_TYPES);

const fieldsHold = (entry: LedgerEntry): boolean =>
  Number.isSafeInteger(entry.seq) &&
  typeof entry.time === "string" &&
  isEntryTime(entry.time) &&
  (entry.timeSource === "wall" || entry.timeSource === "attested") &&
  recordHolds(entry) &&
  isDigest(entry.previous_hash);
