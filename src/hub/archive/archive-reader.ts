import { existsSync } from "node:fs";
import { MaintError } from "../../base/maint-error.ts";
import { type Database, openDatabase } from "../../disk/sqlite.ts";
import { parseEntry } from "../../ledger/verify.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import type {
  ArchivedDecision,
  ArchivedEntry,
  ArchivedNode,
  DecisionFilter,
  EntryFilter,
  Exposure,
  ExposureFilter,
  NodeArchive,
  RecordedMetadata,
} from "./archived.ts";

/** A page is read whole, so that whoever asks may take his time while entries are added. */
const PAGE = 256;

/**
 * Opens archive.db to read it beside the hub, in a worker or from the command line.
 * @throws MaintError MAINT_ERR_ARCHIVE_MISSING where there is none
 */
export function openArchiveReader(path: string): NodeArchive & { readonly close: () => void } {
  if (!existsSync(path)) throw new MaintError("MAINT_ERR_ARCHIVE_MISSING", `${path}: no archive of node ledgers there`);
  const db = openDatabase(path, { readOnly: true });
  return { ...archiveIn(db), close: () => db.close() };
}

/** The archive in an open database. */
export function archiveIn(db: Database): NodeArchive {
  return {
    nodes: () => nodesIn(db),
    entries: (filter = {}) => entriesIn(db, filter),
    decisions: (filter = {}) => decisionsIn(db, filter),
    exposure: (filter) => exposureIn(db, filter),
  };
}

interface NodeRow {
  readonly name: string;
  readonly size: number;
  readonly head_hash: string;
  readonly first_kept: number;
  readonly fault: string | null;
}

const nodesIn = (db: Database): readonly ArchivedNode[] =>
  (db.prepare("SELECT * FROM node ORDER BY name").all() as unknown as readonly NodeRow[]).map((row) => ({
    ...{ node: row.name, size: row.size, headHash: row.head_hash, firstKept: row.first_kept, fault: row.fault },
  }));

type Value = string | number;

interface Where {
  readonly terms: string[];
  readonly values: Value[];
}

function commonTerms(filter: Omit<EntryFilter, "actionTypes" | "target">, time: string): Where {
  const where: Where = { terms: [], values: [] };
  const add = (term: string, ...values: readonly Value[]): void => {
    where.terms.push(term);
    where.values.push(...values);
  };
  if (filter.nodes !== undefined) add(`n.name IN (${filter.nodes.map(() => "?").join(", ")})`, ...filter.nodes);
  if (filter.fromMs !== undefined) add(`${time} >= ?`, filter.fromMs);
  if (filter.toMs !== undefined) add(`${time} < ?`, filter.toMs);
  if (filter.fromSeq !== undefined) add("e.seq >= ?", filter.fromSeq);
  if (filter.userId !== undefined) add("e.user_id = ?", filter.userId);
  return where;
}

function entriesIn(db: Database, filter: EntryFilter): Iterable<ArchivedEntry> {
  const where = commonTerms(filter, "e.time_ms");
  if (filter.actionTypes !== undefined) {
    where.terms.push(`e.action_type IN (${filter.actionTypes.map(() => "?").join(", ")})`);
    where.values.push(...filter.actionTypes);
  }
  if (filter.target !== undefined) {
    where.terms.push("e.target = ?");
    where.values.push(filter.target);
  }
  return paged(db, "entry e JOIN node n ON n.id = e.node", where, filter);
}

function* decisionsIn(db: Database, filter: DecisionFilter): Iterable<ArchivedDecision> {
  const where = commonTerms(filter, "d.at_ms");
  const add = (term: string, value: Value | undefined): void => {
    if (value === undefined) return;
    where.terms.push(term);
    where.values.push(value);
  };
  add("d.test = ?", filter.test);
  add("d.client_order = ?", filter.order);
  add("d.part = ?", filter.part);
  add("d.allow = ?", filter.allow === undefined ? undefined : Number(filter.allow));
  add(
    "EXISTS (SELECT 1 FROM decided_by c WHERE c.contract = ? AND c.at_ms = d.at_ms AND c.node = d.node AND c.seq = d.seq)",
    filter.contract,
  );
  const from = "decision d JOIN node n ON n.id = d.node JOIN entry e ON e.node = d.node AND e.seq = d.seq";
  for (const { node, entry } of paged(db, from, where, filter)) {
    const recorded = entry.metadata as unknown as RecordedMetadata;
    const { decision, part, facts, snapshot = null } = recorded;
    yield { node, entry, atMs: Date.parse(decision.atUtc), recorded: { decision, part, facts, snapshot } };
  }
}

interface EntryRow {
  readonly name: string;
  readonly seq: number;
  readonly bytes: Uint8Array;
}

function* paged(
  db: Database,
  from: string,
  where: Where,
  { newestFirst, limit }: EntryFilter,
): Iterable<ArchivedEntry> {
  const [order, beyond] = newestFirst === true ? ["DESC", "<"] : ["ASC", ">"];
  const terms = [...where.terms, `(n.name, e.seq) ${beyond} (?, ?)`].join(" AND ");
  const page = db.prepare(
    `SELECT n.name, e.seq, e.bytes FROM ${from} WHERE ${terms} ORDER BY n.name ${order}, e.seq ${order} LIMIT ?`,
  );
  // No node is called by the last sign there is.
  let last: readonly [string, number] = newestFirst === true ? ["\uffff", 0] : ["", -1];
  let left = limit ?? Number.MAX_SAFE_INTEGER;
  while (left > 0) {
    const rows = page.all(...where.values, ...last, Math.min(PAGE, left)) as unknown as readonly EntryRow[];
    for (const { name, seq, bytes } of rows) yield { node: name, entry: entryFrom(name, seq, bytes) };
    left -= rows.length;
    const end = rows.at(-1);
    if (end === undefined || rows.length < Math.min(PAGE, left + rows.length)) return;
    last = [end.name, end.seq];
  }
}

function entryFrom(node: string, seq: number, bytes: Uint8Array): LedgerEntry {
  const entry = parseEntry(bytes);
  if (typeof entry !== "string") return entry;
  throw new MaintError("MAINT_ERR_LEDGER_DAMAGED", `the archive's entry ${seq} of ${node} does not hold: ${entry}`, {
    exitCode: 69,
  });
}

interface ExposureRow {
  readonly name: string;
  readonly bucket: number;
  readonly decisions: number;
  readonly blocked: number;
}

function* exposureIn(db: Database, filter: ExposureFilter): Iterable<Exposure> {
  const { contract, nodes, fromMs, toMs, bucketMs } = filter;
  const table = contract === undefined ? "decision" : "decided_by";
  const terms = [
    "d.at_ms >= ? AND d.at_ms < ?",
    ...(contract === undefined ? [] : ["d.contract = ?"]),
    ...(nodes === undefined ? [] : [`n.name IN (${nodes.map(() => "?").join(", ")})`]),
  ];
  const values = [fromMs, toMs, ...(contract === undefined ? [] : [contract]), ...(nodes ?? [])];
  const rows = db
    .prepare(
      `SELECT n.name, CAST((d.at_ms - ?) / ? AS INTEGER) AS bucket, count(*) AS decisions, sum(d.allow = 0) AS blocked
       FROM ${table} d JOIN node n ON n.id = d.node WHERE ${terms.join(" AND ")} GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    .all(fromMs, bucketMs, ...values) as unknown as readonly ExposureRow[];
  for (const { name: node, bucket, decisions, blocked } of rows)
    yield { node, bucketStartMs: fromMs + bucket * bucketMs, decisions, blocked };
}
