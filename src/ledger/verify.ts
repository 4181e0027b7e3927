import { canonicalJson } from "../base/canonical-json.ts";
import { isDigest } from "../model/ids.ts";
import { LEDGER_ACTION_TYPES, type LedgerEntry } from "../model/ledger-entry.ts";
import { EMPTY_HEAD, entryHash, type LedgerHead } from "./entry.ts";

/** One stored entry: its place, and its bytes as they lie on the disk. */
export interface StoredEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export type LedgerFault = "edited" | "missing" | "reordered" | "bad-chain" | "not-canonical" | "truncated";

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
}

const MEMBERS = [
  "action",
  "action_type",
  "details",
  "metadata",
  "previous_hash",
  "seq",
  "smart_id",
  "target",
  "time",
  "timeSource",
  "user_id",
].join();
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/**
 * Walks a ledger and names the first bad entry and why. The chain shows every change below its last entry; a change to the
 * last entry, or a tail that was cut off, shows only against a head remembered elsewhere (`known`). Nothing here shows a
 * ledger that was rewritten together with every remembered head.
 */
export function verifyEntries(entries: Iterable<StoredEntry>, options: VerifyOptions = {}): LedgerVerification {
  const known = new Map((options.known ?? []).map(({ size, hash }) => [size, hash]));
  const start = options.from ?? EMPTY_HEAD;
  let head = start;
  const iterator = entries[Symbol.iterator]();
  for (let step = iterator.next(); step.done !== true; step = iterator.next()) {
    const parsed = parseStored(step.value, head.size);
    if ("fault" in parsed) return { finding: parsed, head };
    if (parsed.previous_hash !== head.hash) {
      const following = iterator.next();
      const next = following.done === true ? undefined : following.value;
      return { finding: brokenLink(step.value, next, head.size, start.size, known), head };
    }
    head = { size: head.size + 1, hash: entryHash(step.value.bytes) };
    const remembered = known.get(head.size);
    if (remembered !== undefined && remembered !== head.hash) {
      // The entry's own link holds, and the chain up to it does not end where it is remembered to have ended.
      const finding = bad(head.size - 1, "edited", `its hash is not the one remembered for entry ${head.size - 1}`);
      return { finding, head: { size: head.size - 1, hash: parsed.previous_hash } };
    }
  }
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

/** An entry from its stored bytes, or what is wrong with them. */
export function parseEntry(bytes: Uint8Array): LedgerEntry | string {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
    if (canonicalJson(value) !== text) return "its bytes are not canonical JSON: it was changed";
  } catch {
    return "its bytes are no JSON: it was changed";
  }
  if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== MEMBERS)
    return "it does not have the fields of a ledger entry: it was changed";
  return fieldsHold(value as LedgerEntry) ? (value as LedgerEntry) : "a field has a value that no ledger entry has";
}

function fieldsHold(entry: LedgerEntry): boolean {
  const texts: readonly unknown[] = [entry.action, entry.target, entry.details, entry.user_id];
  return (
    Number.isSafeInteger(entry.seq) &&
    typeof entry.time === "string" &&
    TIME.test(entry.time) &&
    (entry.timeSource === "wall" || entry.timeSource === "attested") &&
    (LEDGER_ACTION_TYPES as readonly unknown[]).includes(entry.action_type) &&
    texts.every((text) => typeof text === "string") &&
    (entry.smart_id === null || typeof entry.smart_id === "string") &&
    typeof entry.metadata === "object" &&
    entry.metadata !== null &&
    !Array.isArray(entry.metadata) &&
    isDigest(entry.previous_hash)
  );
}
