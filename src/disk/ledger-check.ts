import { setImmediate } from "node:timers/promises";
import { EMPTY_HEAD, entryHash, type LedgerHead } from "../ledger/entry.ts";
import { sameHash, type TreeHash } from "../ledger/merkle.ts";
import { type LedgerFinding, type LedgerVerification, verifyEntries, verifyInSteps } from "../ledger/verify.ts";
import { TreeCheck } from "../ledger/verify-tree.ts";
import type { PublicKey } from "./key-file.ts";
import { signedRoots } from "./ledger-checkpoints.ts";
import { entryCount, storedEntries } from "./ledger-entries.ts";
import { type LedgerTree, leafCheck, MissingTile, rememberedTree } from "./ledger-tree.ts";
import type { Database } from "./sqlite.ts";

/** What came of a walk through a whole ledger. */
export interface LedgerFileVerification extends LedgerVerification {
  /** Of the tree over the entries that hold, 64 hex digits. */
  readonly root: string;
  /** How many signed checkpoints were compared with it. */
  readonly checkpoints: number;
}

/** Which ledger, and what is remembered of it. */
export interface CheckedLedger {
  readonly db: Database;
  readonly path: string;
  readonly owner: string;
  /** What the head file said when the ledger was opened: null for no file, undefined for an unreadable one. */
  readonly remembered: LedgerHead | null | undefined;
  /** Heads that others remember. */
  readonly known: readonly LedgerHead[];
  /** The owner's key, where it is at hand: its signatures are verified too. */
  readonly key?: Pick<PublicKey, "publicHex"> | undefined;
}

/** How much of the tail is chained again at every start; `verify` walks all of it. */
const TAIL_ENTRIES = 1_000;

const NO_HEAD_FILE: LedgerFinding = {
  seq: 0,
  fault: "truncated",
  message: "the head file is gone or unreadable, so that nobody can say whether a tail was cut off",
};

export function verifyAll(ledger: CheckedLedger): LedgerFileVerification {
  const steps = walk(ledger);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As `verifyAll`, with a turn for others after each few milliseconds. */
export async function verifyAllInTurns(ledger: CheckedLedger): Promise<LedgerFileVerification> {
  const steps = walk(ledger);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}

function* walk({
  db,
  path,
  owner,
  remembered,
  known,
  key,
}: CheckedLedger): Generator<undefined, LedgerFileVerification> {
  const signed = signedRoots(db, path, owner, key);
  const check = new TreeCheck(rememberedTree(db, signed.ok ? signed.value : new Map()));
  const chained = yield* verifyInSteps(storedEntries(db, 0), {
    known: remembered ? [...known, remembered] : known,
    check: (stored, entry) => check.take(stored, entry),
  });
  const lost = !remembered && chained.head.size > 0 ? { ...NO_HEAD_FILE, seq: chained.head.size } : null;
  const unsigned = signed.ok ? null : signed.error;
  const finding = chained.finding ?? check.finish() ?? unsigned ?? lost;
  const root = Buffer.from(check.root()).toString("hex");
  return { finding, head: chained.head, root, checkpoints: signed.ok ? signed.value.size : 0 };
}

/** What a start looks at: the chain of the last entries, and that their hashes are the leaves of the stored tree. */
export function verifyTail(ledger: CheckedLedger): LedgerVerification {
  const { db, remembered } = ledger;
  const size = entryCount(db);
  if (size <= TAIL_ENTRIES || !remembered) return verifyAll(ledger);
  const first = size - TAIL_ENTRIES;
  const before = db.prepare("SELECT bytes FROM entry WHERE seq = ?").get(first - 1) as
    | { readonly bytes: Uint8Array }
    | undefined;
  const from: LedgerHead = before === undefined ? EMPTY_HEAD : { size: first, hash: entryHash(before.bytes) };
  return verifyEntries(storedEntries(db, from.size), { from, known: [remembered], check: leafCheck(db) });
}

/** Whether the ledger goes on from what was signed last, by the stored tree: nothing is hashed again but its last few entries. */
export function signedFinding({ db, path, owner, key }: CheckedLedger, tree: LedgerTree): LedgerFinding | null {
  const signed = signedRoots(db, path, owner, key, 1);
  if (!signed.ok) return signed.error;
  const size = tree.size();
  for (const [signedSize, root] of signed.value) {
    if (signedSize > size) {
      const message = `the ledger ends before it; a checkpoint of ${signedSize} entries was signed: this is an older copy, or cut off`;
      return { seq: size, fault: "truncated", message };
    }
    const finding = rootFinding(tree, signedSize, root);
    if (finding !== null) return finding;
  }
  return null;
}

function rootFinding(tree: LedgerTree, size: number, root: TreeHash): LedgerFinding | null {
  try {
    const message = `entries 0 to ${size - 1} do not have the root that was signed for them`;
    return sameHash(tree.root(size), root) ? null : { seq: size - 1, fault: "checkpoint-differs", message };
  } catch (error) {
    if (error instanceof MissingTile) return { seq: size - 1, fault: "tree-differs", message: error.message };
    throw error;
  }
}
