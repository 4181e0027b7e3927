import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";
import { type Checkpoint, checkpointKey, originOf, parseCheckpoint } from "../ledger/checkpoint.ts";
import type { TreeHash } from "../ledger/merkle.ts";
import { parseNote, signatureBy, verifiedBy } from "../ledger/note.ts";
import type { LedgerFinding } from "../ledger/verify.ts";
import { MAX_KEPT_CHECKPOINTS } from "../model/limits.ts";
import { writeAtomically } from "./atomic-write.ts";
import { type PublicKey, verifyHex } from "./key-file.ts";
import { type Database, transaction } from "./sqlite.ts";

/** What was signed, by size; the latest one lies beside the ledger as well, where a ledger put back from a copy does not bring it. */
export const CHECKPOINT_SCHEMA = `
CREATE TABLE IF NOT EXISTS checkpoint (
  size INTEGER PRIMARY KEY,
  note TEXT NOT NULL
) STRICT;
`;

/** Signed notes of a ledger, see `signCheckpoint`. */
export interface KeptCheckpoints {
  readonly latest: () => string | null;
  /** Signed at exactly this size. */
  readonly at: (size: number) => string | null;
  /** The earliest that covers so many entries. */
  readonly covering: (size: number) => string | null;
  /** All that are kept, the smallest first. */
  readonly sizes: () => readonly number[];
}

/** `ledger.checkpoint` beside `ledger.db`. */
export const checkpointPath = (ledger: string): string =>
  join(dirname(ledger), `${basename(ledger, ".db")}.checkpoint`);

export function keptCheckpoints(db: Database): KeptCheckpoints {
  const one = (sql: string, ...values: readonly number[]): string | null =>
    (db.prepare(sql).get(...values) as { readonly note: string } | undefined)?.note ?? null;
  return {
    latest: () => one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"),
    at: (size) => one("SELECT note FROM checkpoint WHERE size = ?", size),
    covering: (size) => one("SELECT note FROM checkpoint WHERE size >= ? ORDER BY size LIMIT 1", size),
    sizes: () =>
      (db.prepare("SELECT size FROM checkpoint ORDER BY size").all() as unknown as { readonly size: number }[]).map(
        ({ size }) => size,
      ),
  };
}

/**
 * Writes it beside the ledger, then into the table: a crash in between leaves a file that is ahead of the table, and never a
 * table without a file. Durable on return.
 */
export function keepCheckpoint(db: Database, ledger: string, size: number, note: string): void {
  writeAtomically(checkpointPath(ledger), note);
  // An empty ledger has its file from the beginning on; nobody asks for a proof of it.
  if (size === 0) return;
  transaction(db, () => {
    db.prepare("INSERT INTO checkpoint (size, note) VALUES (?, ?) ON CONFLICT DO NOTHING").run(size, note);
    const sizes = keptCheckpoints(db).sizes();
    if (sizes.length <= MAX_KEPT_CHECKPOINTS) return;
    // The older they are, the farther apart: the whole life of a ledger stays covered.
    const forget = db.prepare("DELETE FROM checkpoint WHERE size = ?");
    for (let at = 1; at < sizes.length / 2; at += 2) forget.run(sizes[at] as number);
  });
}

/**
 * The roots that were signed, by size, or what is wrong with what is kept of them.
 * @param key the owner's, where it is at hand
 * @param latest only so many of the latest ones
 */
export function signedRoots(
  db: Database,
  ledger: string,
  owner: string,
  key: Pick<PublicKey, "publicHex"> | undefined,
  latest = MAX_KEPT_CHECKPOINTS,
): Result<ReadonlyMap<number, TreeHash>, LedgerFinding> {
  const wrong = (size: number, message: string) =>
    fail<LedgerFinding>({ seq: Math.max(0, size - 1), fault: "checkpoint-differs", message });
  const roots = new Map<number, TreeHash>();
  const rows = db
    .prepare("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT ?")
    .all(latest) as unknown as readonly {
    readonly size: number;
    readonly note: string;
  }[];
  for (const { size, note } of rows) {
    const read = readNote(note, owner, key);
    if (!read.ok || read.value.size !== size)
      return wrong(size, `the kept checkpoint of ${size} entries does not hold${read.ok ? "" : `: ${read.error}`}`);
    roots.set(size, read.value.root);
  }
  const file = checkpointPath(ledger);
  const last = rows[0]?.size ?? 0;
  if (!existsSync(file))
    return last === 0
      ? ok(roots)
      : wrong(last, `${basename(file)} is gone, so that nobody can say whether all this is an older copy`);
  const read = readNote(readFileSync(file, "utf8"), owner, key);
  if (!read.ok) return wrong(last, `${basename(file)} cannot be believed: ${read.error}`);
  const known = roots.get(read.value.size);
  if (known !== undefined && Buffer.compare(known, read.value.root) !== 0)
    return wrong(
      read.value.size,
      `${basename(file)} and the ledger hold two checkpoints of ${read.value.size} entries`,
    );
  roots.set(read.value.size, read.value.root);
  return ok(roots);
}

/** A signature of a key that is not at hand is no reason to refuse: keys are exchanged, and what was signed stays. */
function readNote(
  text: string,
  owner: string,
  key: Pick<PublicKey, "publicHex"> | undefined,
): Result<Checkpoint, string> {
  const note = parseNote(text);
  if (!note.ok) return note;
  const checkpoint = parseCheckpoint(note.value.text);
  if (!checkpoint.ok) return checkpoint;
  if (checkpoint.value.origin !== originOf(owner)) return fail(`it is of ${checkpoint.value.origin}`);
  const own = key === undefined ? undefined : checkpointKey(owner, key.publicHex);
  if (own === undefined || signatureBy(note.value, own) === undefined) return checkpoint;
  const signed = verifiedBy(note.value, [own], verifyHex);
  return signed.ok ? checkpoint : signed;
}
