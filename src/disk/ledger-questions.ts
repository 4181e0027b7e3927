import { parseInstant } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import { toBase64 } from "../ledger/base64.ts";
import { checkpointKey } from "../ledger/checkpoint.ts";
import { verifierKeyText } from "../ledger/note.ts";
import { consistencyProof, inclusionProof, parseTreeNumber } from "../ledger/proof.ts";
import { parseEntry } from "../ledger/verify.ts";
import { LEDGER_ACTION_TYPES, type LedgerActionType, type LedgerEntry } from "../model/ledger-entry.ts";
import { MAX_LEDGER_LISTED } from "../model/limits.ts";
import type { PublicKey } from "./key-file.ts";
import type { LedgerPage, LedgerQuery, LedgerReader } from "./ledger-file.ts";
import { MissingTile } from "./ledger-tree.ts";

/** What anybody may ask a ledger, the same at a hub, at an agent, and of a file. Hashes are base64, as C2SP writes them. */
export interface ListAnswer extends LedgerPage {
  readonly owner: string;
}

export interface EntryAnswer {
  readonly owner: string;
  readonly entry: LedgerEntry;
}

export interface InclusionAnswer {
  readonly owner: string;
  readonly seq: number;
  readonly size: number;
  /** The entry's bytes, base64: what was hashed. */
  readonly entry: string;
  readonly proof: readonly string[];
  readonly root: string;
  /** Signed note of this size; null where none was kept. */
  readonly checkpoint: string | null;
}

export interface ConsistencyAnswer {
  readonly owner: string;
  readonly from: number;
  readonly to: number;
  readonly fromRoot: string;
  readonly toRoot: string;
  readonly proof: readonly string[];
  /** Signed note of the newer size; null where none was kept. */
  readonly checkpoint: string | null;
}

export interface CheckpointAnswer {
  readonly owner: string;
  /** Signed note; null where nothing was signed yet. */
  readonly checkpoint: string | null;
  /** `name+hash+base64` of the key that signs now; null where it is not at hand. Who verifies must know it from elsewhere. */
  readonly key: string | null;
}

/** Names in a query, and on the command line. */
const QUERY_NAMES = ["from", "to", "limit", "newest", "type", "action", "target", "contract", "by", "since", "until"];

const wrong = (message: string, help?: string): MaintError =>
  new MaintError("MAINT_ERR_LEDGER_QUERY", message, help === undefined ? {} : { help });
const missing = (message: string, help?: string): MaintError =>
  new MaintError("MAINT_ERR_NOT_FOUND", message, help === undefined ? {} : { help });

/** @throws MaintError MAINT_ERR_LEDGER_QUERY naming the parameter that does not fit */
export function parseLedgerQuery(params: URLSearchParams): LedgerQuery {
  const unknown = [...params.keys()].find((name) => !QUERY_NAMES.includes(name));
  if (unknown !== undefined) throw wrong(`a ledger is not asked by "${unknown}"`, `by ${QUERY_NAMES.join(", ")}`);
  const type = params.get("type") ?? undefined;
  if (type !== undefined && !(LEDGER_ACTION_TYPES as readonly string[]).includes(type))
    throw wrong(`there is no action type "${type}"`, LEDGER_ACTION_TYPES.join(", "));
  const newest = params.get("newest");
  if (newest !== null && newest !== "1") throw wrong(`"newest" is 1, or left out`);
  const limit = numberIn(params, "limit");
  if (limit !== undefined && (limit < 1 || limit > MAX_LEDGER_LISTED))
    throw wrong(`"limit" is a whole number from 1 to ${MAX_LEDGER_LISTED}`);
  return {
    ...{ from: numberIn(params, "from"), to: numberIn(params, "to"), limit, newestFirst: newest === "1" },
    actionType: type as LedgerActionType | undefined,
    ...{ action: params.get("action") ?? undefined, target: params.get("target") ?? undefined },
    ...{ smartId: params.get("contract") ?? undefined, userId: params.get("by") ?? undefined },
    ...{ fromMs: instantIn(params, "since"), toMs: instantIn(params, "until") },
  };
}

/** A whole number from 0 on; undefined where it was not given. @throws MaintError MAINT_ERR_LEDGER_QUERY */
export function numberIn(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null) return undefined;
  const value = parseTreeNumber(text);
  if (value === undefined) throw wrong(`"${name}" is a whole number from 0 on, not "${text}"`);
  return value;
}

function instantIn(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null) return undefined;
  const ms = parseInstant(text);
  if (ms === undefined) throw wrong(`"${name}" is no instant`, "write it with its offset: 2026-11-24T06:20:00-06:00");
  return Math.trunc(ms);
}

export const listOf = (ledger: LedgerReader, query: LedgerQuery): ListAnswer => ({
  owner: ledger.owner,
  ...ledger.page(query),
});

/** @throws MaintError MAINT_ERR_NOT_FOUND, MAINT_ERR_LEDGER_DAMAGED */
export function entryOf(ledger: LedgerReader, seq: number): EntryAnswer {
  const entry = parseEntry(bytesOf(ledger, seq));
  if (typeof entry === "string") throw damagedAt(seq, entry);
  return { owner: ledger.owner, entry };
}

function bytesOf(ledger: LedgerReader, seq: number): Uint8Array {
  for (const { bytes } of ledger.stored(seq, seq + 1)) return bytes;
  throw missing(`the ledger has no entry ${seq}`, `it has ${ledger.tree.size()}`);
}

/**
 * That entry `seq` stands among the first `size`; without a size in the latest tree that was signed and holds it.
 * @throws MaintError MAINT_ERR_NOT_FOUND, MAINT_ERR_LEDGER_DAMAGED
 */
export function inclusionOf(ledger: LedgerReader, seq: number, asked: number | undefined): InclusionAnswer {
  const bytes = bytesOf(ledger, seq);
  const size = asked ?? sizeSigned(ledger, seq + 1);
  if (size <= seq) throw wrong(`entry ${seq} is not among the first ${size}`);
  mustHold(ledger, size);
  return intact(() => ({
    ...{ owner: ledger.owner, seq, size, entry: toBase64(bytes) },
    proof: inclusionProof(seq, size, ledger.tree.read).map(toBase64),
    ...{ root: toBase64(ledger.tree.root(size)), checkpoint: ledger.checkpoints.at(size) },
  }));
}

/** That the first `from` entries are the beginning of the first `to`. @throws as `inclusionOf` */
export function consistencyOf(ledger: LedgerReader, from: number, asked: number | undefined): ConsistencyAnswer {
  const to = asked ?? sizeSigned(ledger, from);
  if (from < 1 || from > to) throw wrong(`nothing is proved from ${from} to ${to} entries`, "from 1 on, and upwards");
  mustHold(ledger, to);
  const { read, root } = ledger.tree;
  return intact(() => ({
    ...{ owner: ledger.owner, from, to, fromRoot: toBase64(root(from)), toRoot: toBase64(root(to)) },
    proof: consistencyProof(from, to, read).map(toBase64),
    checkpoint: ledger.checkpoints.at(to),
  }));
}

export const checkpointOf = (ledger: LedgerReader, key: PublicKey | null): CheckpointAnswer => ({
  owner: ledger.owner,
  checkpoint: ledger.checkpoints.latest(),
  key: key === null ? null : verifierKeyText(checkpointKey(ledger.owner, key.publicHex)),
});

/** The latest signed size, where it covers so many entries; else all there are. */
function sizeSigned(ledger: LedgerReader, least: number): number {
  const latest = ledger.checkpoints.sizes().at(-1) ?? 0;
  return latest >= least ? latest : ledger.tree.size();
}

function mustHold(ledger: LedgerReader, size: number): void {
  const all = ledger.tree.size();
  if (size > all) throw missing(`the ledger has ${all} entries, not ${size}`);
}

function intact<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MissingTile) throw damagedAt(error.firstLeaf, error.message);
    throw error;
  }
}

const damagedAt = (seq: number, message: string): MaintError =>
  new MaintError("MAINT_ERR_LEDGER_DAMAGED", `entry ${seq} does not hold: ${message}`, {
    exitCode: 69,
    help: "maint ledger verify says more",
  });
