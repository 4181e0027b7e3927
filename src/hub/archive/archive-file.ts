import { type Database, openDatabase, transaction } from "../../disk/sqlite.ts";
import { EMPTY_HEAD, entryHash, type LedgerHead } from "../../ledger/entry.ts";
import { parseEntry, verifyEntries } from "../../ledger/verify.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import { archiveIn } from "./archive-reader.ts";
import { ARCHIVE_SCHEMA } from "./archive-schema.ts";
import type { NodeArchive, RecordedMetadata } from "./archived.ts";

/** Consecutive entries of one node's ledger, as their bytes lie on its disk. */
export interface LogBatch {
  readonly node: string;
  /** Seq of the first of them. */
  readonly from: number;
  readonly entries: readonly Uint8Array[];
}

/** `size`: entries that are durable here without a gap. */
export type LogAnswer =
  | { readonly kind: "stored"; readonly size: number }
  /** Something is missing before them: the node sends again from `size`. */
  | { readonly kind: "gap"; readonly size: number }
  /** What it sends does not continue what it sent before: its ledger is another one now. */
  | { readonly kind: "fork"; readonly size: number; readonly fault: string };

export interface ArchiveFile extends NodeArchive {
  /** All batches in one commit, durable when it returns; each is taken or refused for itself. */
  readonly append: (batches: readonly LogBatch[]) => readonly LogAnswer[];
  /** Size and hash of what is archived of a node; an empty head for an unknown one. */
  readonly headOf: (node: string) => LedgerHead;
  /** What does not hold of it, in words; null where everything does. */
  readonly faultOf: (node: string) => string | null;
  /** Removes the bytes of a node's entries before `seq`; their number and the last one's hash stay. Answers how many went. */
  readonly removeBefore: (node: string, seq: number) => number;
  /** A person looked at a fork: what was archived is kept aside as `NODE~n`, and the node's ledger is taken anew. */
  readonly startOver: (node: string) => void;
  readonly close: () => void;
}

interface NodeRow {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly head_hash: string;
  readonly first_kept: number;
  readonly fault: string | null;
}

/** The hub's copy of its nodes' ledgers. The caller has locked the folder. @throws MaintError of `openDatabase` */
export function openArchiveFile(path: string): ArchiveFile {
  const db = openDatabase(path);
  db.exec(ARCHIVE_SCHEMA);
  const write = writer(db);
  const rowOf = (node: string): NodeRow | undefined =>
    db.prepare("SELECT id, name, size, head_hash, first_kept, fault FROM node WHERE name = ?").get(node) as
      | NodeRow
      | undefined;
  const known = (node: string): NodeRow => {
    db.prepare("INSERT OR IGNORE INTO node (name, size, head_hash, first_kept) VALUES (?, 0, ?, 0)").run(
      node,
      EMPTY_HEAD.hash,
    );
    return rowOf(node) as NodeRow;
  };
  return {
    ...archiveIn(db),
    append: (batches) => transaction(db, () => batches.map((batch) => appendOne(db, write, known(batch.node), batch))),
    headOf: (node) => {
      const row = rowOf(node);
      return row === undefined ? EMPTY_HEAD : { size: row.size, hash: row.head_hash };
    },
    faultOf: (node) => rowOf(node)?.fault ?? null,
    removeBefore: (node, seq) => transaction(db, () => removeBefore(db, rowOf(node), seq)),
    startOver: (node) => transaction(db, () => startOver(db, rowOf(node))),
    close: () => db.close(),
  };
}

type Write = (node: number, entry: LedgerEntry, bytes: Uint8Array) => void;

function writer(db: Database): Write {
  const entryRow = db.prepare(
    "INSERT INTO entry (node, seq, time_ms, action_type, target, user_id, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const decisionRow = db.prepare(
    "INSERT INTO decision (node, seq, at_ms, allow, test, client_order, part) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const contractRow = db.prepare(
    "INSERT OR IGNORE INTO decided_by (contract, at_ms, node, seq, allow) VALUES (?, ?, ?, ?, ?)",
  );
  return (node, entry, bytes) => {
    const { seq, action_type, target, user_id } = entry;
    entryRow.run(node, seq, Date.parse(entry.time), action_type, target, user_id, bytes);
    const given = decisionIn(entry);
    if (given === undefined) return;
    const { decision, part } = given;
    const atMs = Date.parse(decision.atUtc);
    const allow = decision.allow ? 1 : 0;
    decisionRow.run(node, seq, atMs, allow, decision.testId, decision.order, part ?? null);
    for (const { contract } of decision.contracts) contractRow.run(contract, atMs, node, seq, allow);
  };
}

/** A node writes its own entries: one that says it is a decision and has not the form of one is kept, and is none here. */
function decisionIn(entry: LedgerEntry): Pick<RecordedMetadata, "decision" | "part"> | undefined {
  if (entry.action_type !== "gate_decision") return undefined;
  const { decision, part = null, facts } = entry.metadata as Partial<RecordedMetadata>;
  const isText = (value: unknown): boolean => value === null || typeof value === "string";
  const isWhole =
    typeof facts === "object" &&
    typeof decision?.allow === "boolean" &&
    Number.isFinite(Date.parse(decision.atUtc)) &&
    [decision.testId, decision.order, part].every(isText) &&
    Array.isArray(decision.contracts) &&
    decision.contracts.every((one) => typeof one?.contract === "string");
  return isWhole ? { decision, part } : undefined;
}

function appendOne(db: Database, write: Write, row: NodeRow, { from, entries }: LogBatch): LogAnswer {
  const { id, size } = row;
  if (row.fault !== null) return { kind: "fork", size, fault: row.fault };
  if (from > size) return { kind: "gap", size };
  const overlap = Math.min(size - from, entries.length);
  const differs = firstDifference(db, row, from, entries.slice(0, overlap));
  const fresh = entries.slice(overlap).map((bytes, index) => ({ seq: size + index, bytes }));
  const head = { size, hash: row.head_hash };
  const { finding, head: after } = verifyEntries(fresh, { from: head });
  const fault = differs ?? (finding === null ? undefined : `entry ${finding.seq}: ${finding.message}`);
  if (fault !== undefined) {
    db.prepare("UPDATE node SET fault = ? WHERE id = ?").run(fault, id);
    return { kind: "fork", size, fault };
  }
  for (const { bytes } of fresh) {
    const entry = parseEntry(bytes);
    if (typeof entry !== "string") write(id, entry, bytes);
  }
  db.prepare("UPDATE node SET size = ?, head_hash = ? WHERE id = ?").run(after.size, after.hash, id);
  return { kind: "stored", size: after.size };
}

/** What was sent before must come again as it was; of what is kept no more nobody can say. */
function firstDifference(
  db: Database,
  { id, first_kept }: NodeRow,
  from: number,
  again: readonly Uint8Array[],
): string | undefined {
  const stored = db.prepare("SELECT bytes FROM entry WHERE node = ? AND seq = ?");
  for (const [index, bytes] of again.entries()) {
    const seq = from + index;
    if (seq < first_kept) continue;
    const known = stored.get(id, seq) as { readonly bytes: Uint8Array } | undefined;
    if (known === undefined || entryHash(known.bytes) !== entryHash(bytes))
      return `entry ${seq} is another than the one that was sent before`;
  }
  return undefined;
}

function removeBefore(db: Database, row: NodeRow | undefined, seq: number): number {
  if (row === undefined || seq <= row.first_kept) return 0;
  const before = Math.min(seq, row.size);
  const last = db.prepare("SELECT bytes FROM entry WHERE node = ? AND seq = ?").get(row.id, before - 1) as
    | { readonly bytes: Uint8Array }
    | undefined;
  if (last === undefined) return 0;
  db.prepare("DELETE FROM decided_by WHERE node = ? AND seq < ?").run(row.id, before);
  db.prepare("DELETE FROM decision WHERE node = ? AND seq < ?").run(row.id, before);
  const { changes } = db.prepare("DELETE FROM entry WHERE node = ? AND seq < ?").run(row.id, before);
  db.prepare("UPDATE node SET first_kept = ?, removed_hash = ? WHERE id = ?").run(
    before,
    entryHash(last.bytes),
    row.id,
  );
  return Number(changes);
}

/** The old ledger stays under a name of its own, fault and all: nobody can say it was never there. */
function startOver(db: Database, row: NodeRow | undefined): void {
  if (row?.fault == null) return;
  db.prepare("UPDATE node SET name = ? WHERE id = ?").run(`${row.name}~${row.id}`, row.id);
}
