import { existsSync } from "node:fs";
import { MaintError } from "../../base/maint-error.ts";
import { type Database, openDatabase } from "../../disk/sqlite.ts";
import type { StoredEntry } from "../../ledger/verify.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import { seqOf } from "./archive-schema.ts";
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
import { type NodeCheckpoint, readCheckpoints, readStrands, type Strand } from "./archived-strand.ts";
import { type ArchivedTree, archivedTree } from "./archived-tree.ts";
import { NOT_KEPT } from "./columns.ts";
import { unpackBody } from "./packed-body.ts";
import type { Retention } from "./retention.ts";
import { isInShare } from "./test-sample.ts";
import { type ArchiveVerification, type ColumnSource, type StoredColumns, verifyStrands } from "./verify-archive.ts";

/** An archive as anybody may read it, beside the hub that writes it or without one. */
export interface ArchiveReader extends NodeArchive {
  readonly strands: () => readonly Strand[];
  /** The bytes of one strand's entries from `fromSeq` on, as the node wrote them. */
  readonly stored: (strand: Strand, fromSeq?: number) => Iterable<StoredEntry>;
  /** How many decisions there are, without reading them. */
  readonly countDecisions: (filter: DecisionFilter) => { readonly allowed: number; readonly blocked: number };
  /** One entry; undefined where it is not there (any more). Of several strands that have it the latest. */
  readonly entryAt: (node: string, seq: number) => ArchivedEntry | undefined;
  /** Of each of a node's strands, in their order. */
  readonly trees: (node: string) => readonly ArchivedTree[];
  /** What the node signed of a strand, the largest last. */
  readonly checkpoints: (strand: Strand) => readonly NodeCheckpoint[];
  /** Walks everything that is archived of a node. `publicHex`: its key, where it is known from elsewhere than this file. */
  readonly verify: (node: string, publicHex?: string) => ArchiveVerification;
  readonly retention: () => readonly Retention[];
  readonly close: () => void;
}

/**
 * Opens an archive to read it; in a worker thread as well. It sees what the hub had committed when each question began.
 * @throws MaintError MAINT_ERR_ARCHIVE_MISSING when there is none
 */
export function openArchiveReader(path: string): ArchiveReader {
  const missing = (why: string): MaintError => new MaintError("MAINT_ERR_ARCHIVE_MISSING", `${path}: ${why}`);
  if (!existsSync(path)) throw missing("no archive of node ledgers there");
  const db = openDatabase(path, { readOnly: true, unwalked: true });
  const known = db.prepare("SELECT name FROM sqlite_schema WHERE name = 'strand'").get();
  if (known === undefined) {
    db.close();
    throw missing("is no archive of node ledgers");
  }
  return reader(db);
}

function reader(db: Database): ArchiveReader {
  const strands = (): readonly Strand[] => readStrands(db);
  const bodyAt = bodies(db);
  const entryOf = (row: EntryRow): ArchivedEntry => ({
    ...{ node: row.node, strand: row.number },
    entry: parsed(bodyAt(row.place), row),
  });
  const stored = (strand: Strand, fromSeq = 0): Iterable<StoredEntry> => storedOf(db, strand, fromSeq);
  const checkpoints = ({ id }: Strand): readonly NodeCheckpoint[] => readCheckpoints(db, id);
  return {
    strands,
    stored,
    nodes: () => nodesOf(strands()),
    *entries(filter = {}) {
      for (const row of rows<EntryRow>(db, entryQuery(filter))) yield entryOf(row);
    },
    *decisions(filter = {}) {
      const { share = 1 } = filter;
      for (const row of rows<DecisionRow>(db, decisionQuery(filter)))
        if (isInShare(share, row.node, row.test ?? `${row.place}`)) yield decisionOf(entryOf(row), row.at_ms);
    },
    exposure: (filter) => exposureOf(db, filter),
    countDecisions: (filter) => {
      const { tables, conditions } = decisionQuery(filter);
      const columns = "count(*) AS total, coalesce(sum(d.allow), 0) AS allowed";
      const [row] = rows<CountRow>(db, { tables, conditions, columns, order: "1" });
      const { total = 0, allowed = 0 } = row ?? {};
      return { allowed, blocked: total - allowed };
    },
    entryAt: (node, seq) => {
      const [row] = rows<EntryRow>(db, {
        ...{ tables: ENTRY_TABLES, columns: ENTRY_COLUMNS, order: "s.number DESC", limit: 1 },
        conditions: [condition("s.node = ?", node), condition("e.place = (s.id << 32) + ?", seq)],
      });
      return row === undefined ? undefined : entryOf(row);
    },
    checkpoints,
    trees: (node) =>
      strands()
        .filter((strand) => strand.node === node)
        .map((strand) => archivedTree(strand, { stored, checkpoints })),
    verify: (node, publicHex) =>
      atOneMoment(db, () =>
        verifyStrands(
          strands().filter((strand) => strand.node === node),
          { stored, columns: columnsIn(db), checkpoints, publicHex },
        ),
      ),
    retention: () =>
      db.prepare("SELECT node, days, entries FROM retention ORDER BY node").all() as unknown as Retention[],
    close: () => db.close(),
  };
}

/** Several questions about one state, while the hub goes on writing. */
function atOneMoment<T>(db: Database, ask: () => T): T {
  db.exec("BEGIN");
  try {
    return ask();
  } finally {
    db.exec("COMMIT");
  }
}

const nodesOf = (strands: readonly Strand[]): readonly ArchivedNode[] =>
  // By node and number: the last of a node's is the one that grows.
  strands
    .filter((strand, index) => strands[index + 1]?.node !== strand.node)
    .map(({ node, head, firstKept, fault }) => ({ node, size: head.size, headHash: head.hash, firstKept, fault }));

interface EntryRow {
  readonly node: string;
  readonly number: number;
  readonly place: number;
}

interface CountRow {
  readonly total: number;
  readonly allowed: number;
}

interface DecisionRow extends EntryRow {
  readonly at_ms: number;
  readonly test: string | null;
}

interface Query {
  readonly tables: string;
  readonly columns: string;
  readonly conditions: readonly Condition[];
  readonly order: string;
  readonly limit?: number | undefined;
}

interface Condition {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

const condition = (text: string, ...values: readonly (string | number)[]): Condition => ({ text, values });
/** A condition for what was asked, none for what was not. */
const asked = <T extends string | number>(value: T | undefined, text: string): readonly Condition[] =>
  value === undefined ? [] : [condition(text, value)];
const listed = (values: readonly string[] | undefined, column: string): readonly Condition[] =>
  values === undefined ? [] : [condition(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values))];

/** The strands' order is that of the answer, so that nothing is sorted and reading begins at once. */
const ENTRY_TABLES = "strand s CROSS JOIN entry e ON e.place >= (s.id << 32) AND e.place < ((s.id + 1) << 32)";
const ENTRY_COLUMNS = "s.node, s.number, e.place";
const OLDEST_FIRST = "s.node, s.number, e.place";

function entryQuery(filter: EntryFilter): Query {
  const { nodes, fromMs, toMs, fromSeq, actionTypes, target, userId, evidence, newestFirst, limit } = filter;
  return {
    tables: newestFirst === true ? "entry e CROSS JOIN strand s ON s.id = (e.place >> 32)" : ENTRY_TABLES,
    columns: ENTRY_COLUMNS,
    conditions: [
      ...listed(nodes, "s.node"),
      ...listed(actionTypes, "e.action_type"),
      ...listed(evidence, "e.evidence"),
      ...asked(fromMs, "e.time_ms >= ?"),
      ...asked(toMs, "e.time_ms < ?"),
      ...asked(fromSeq, "e.place >= (s.id << 32) + ?"),
      ...asked(target, "e.target = ?"),
      ...asked(userId, "e.user_id = ?"),
    ],
    order: newestFirst === true ? "e.time_ms DESC, e.place DESC" : OLDEST_FIRST,
    limit,
  };
}

const WITH_ASSET =
  "d.place IN (SELECT w.place FROM decided_with w WHERE w.asset IN (SELECT value FROM json_each(?)) AND w.strand = s.id)";

function decisionQuery(filter: DecisionFilter): Query {
  const { nodes, fromMs, toMs, fromSeq, userId, newestFirst, limit, contract, test, order, part, allow, assets } =
    filter;
  const ofTheirTime = newestFirst === true || [fromMs, toMs, userId].some((value) => value !== undefined);
  const tables = "strand s CROSS JOIN decision d ON d.place >= (s.id << 32) AND d.place < ((s.id + 1) << 32)";
  const byContract =
    "EXISTS (SELECT 1 FROM decided_by c WHERE c.contract = ? AND c.strand = s.id AND c.at_ms = d.at_ms AND c.place = d.place)";
  return {
    tables: ofTheirTime ? `${tables} CROSS JOIN entry e ON e.place = d.place` : tables,
    columns: "s.node, s.number, d.place, d.at_ms, d.test",
    conditions: [
      ...listed(nodes, "s.node"),
      ...asked(fromMs, "e.time_ms >= ?"),
      ...asked(toMs, "e.time_ms < ?"),
      ...asked(fromSeq, "d.place >= (s.id << 32) + ?"),
      ...asked(userId, "e.user_id = ?"),
      ...asked(test, "d.test = ?"),
      ...asked(order, "d.client_order = ?"),
      ...asked(part, "d.part = ?"),
      ...asked(allow === undefined ? undefined : Number(allow), "d.allow = ?"),
      ...asked(contract, byContract),
      ...(assets === undefined ? [] : [condition(WITH_ASSET, JSON.stringify([...assets, NOT_KEPT]))]),
    ],
    order: newestFirst === true ? "e.time_ms DESC, e.place DESC" : "s.node, s.number, d.place",
    limit,
  };
}

const textOf = ({ tables, columns, conditions, order, limit }: Query): string =>
  [
    `SELECT ${columns} FROM ${tables}`,
    conditions.length === 0 ? "" : `WHERE ${conditions.map(({ text }) => text).join(" AND ")}`,
    `ORDER BY ${order}`,
    limit === undefined ? "" : "LIMIT ?",
  ].join(" ");

function rows<Row>(db: Database, query: Query): Iterable<Row> {
  const values = query.conditions.flatMap((one) => one.values);
  const limit = query.limit === undefined ? [] : [Math.max(0, query.limit)];
  return db.prepare(textOf(query)).iterate(...values, ...limit) as Iterable<unknown> as Iterable<Row>;
}

interface BodyRow {
  readonly packed: number;
  readonly bytes: Uint8Array;
}

function bodies(db: Database): (place: number) => Uint8Array | undefined {
  const get = db.prepare("SELECT packed, bytes FROM body WHERE place = ?");
  return (place) => {
    const row = get.get(place) as unknown as BodyRow | undefined;
    return row === undefined ? undefined : unpackBody(row);
  };
}

function* storedOf(db: Database, { id }: Strand, fromSeq: number): Iterable<StoredEntry> {
  const select = db.prepare(
    "SELECT place, packed, bytes FROM body WHERE place >= (?1 << 32) + ?2 AND place < ((?1 + 1) << 32) ORDER BY place",
  );
  for (const row of select.iterate(id, fromSeq) as Iterable<unknown> as Iterable<BodyRow & { readonly place: number }>)
    yield { seq: seqOf(row.place), bytes: unpackBody(row) };
}

const decoder = new TextDecoder();

function parsed(bytes: Uint8Array | undefined, { node, place }: EntryRow): LedgerEntry {
  try {
    if (bytes === undefined) throw new Error("its bytes are gone");
    return JSON.parse(decoder.decode(bytes)) as LedgerEntry;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MaintError("MAINT_ERR_ARCHIVE_DAMAGED", `entry ${seqOf(place)} of ${node} cannot be read: ${why}`, {
      exitCode: 69,
      help: `maint archive verify --node ${node} says more; keep the file for examination and restore the folder from a backup`,
      cause: error,
    });
  }
}

function decisionOf(archived: ArchivedEntry, atMs: number): ArchivedDecision {
  const { decision, part = null, facts, snapshot = null } = archived.entry.metadata as unknown as RecordedMetadata;
  return { ...archived, atMs, recorded: { decision, part, facts, snapshot } };
}

interface ExposureRow {
  readonly node: string;
  readonly bucket: number;
  readonly decisions: number;
  readonly blocked: number;
}

function* exposureOf(db: Database, filter: ExposureFilter): Iterable<Exposure> {
  const { contract, nodes, fromMs, toMs, bucketMs } = filter;
  const table = contract === undefined ? "decision" : "decided_by";
  const conditions = [
    ...asked(contract, "d.contract = ?"),
    condition("d.at_ms >= ? AND d.at_ms < ?", fromMs, toMs),
    ...listed(nodes, "s.node"),
  ];
  const text = `
    SELECT s.node, (d.at_ms - CAST(? AS INTEGER)) / CAST(? AS INTEGER) AS bucket, count(*) AS decisions, sum(1 - d.allow) AS blocked
    FROM strand s CROSS JOIN ${table} d ON d.strand = s.id
    WHERE ${conditions.map((one) => one.text).join(" AND ")} GROUP BY s.node, bucket ORDER BY s.node, bucket`;
  const values = conditions.flatMap((one) => one.values);
  const found = db.prepare(text).iterate(fromMs, bucketMs, ...values) as Iterable<unknown> as Iterable<ExposureRow>;
  for (const { node, bucket, decisions, blocked } of found)
    yield { node, bucketStartMs: fromMs + bucket * bucketMs, decisions, blocked };
}

/** What the columns say, to be held against the bytes. */
function columnsIn(db: Database): ColumnSource {
  const ofStrand = db.prepare(
    `SELECT e.place, e.time_ms, e.action_type, e.target, e.user_id, e.evidence, d.at_ms, d.allow, d.test, d.client_order, d.part
     FROM entry e LEFT JOIN decision d ON d.place = e.place
     WHERE e.place >= (?1 << 32) AND e.place < ((?1 + 1) << 32) ORDER BY e.place`,
  );
  const contract = db.prepare(
    "SELECT allow FROM decided_by WHERE contract = ? AND strand = ? AND at_ms = ? AND place = ?",
  );
  const asset = db.prepare("SELECT 1 FROM decided_with WHERE asset = ? AND strand = ? AND at_ms = ? AND place = ?");
  const totals = ["decided_by", "decided_with"].map((table) =>
    db.prepare(`SELECT count(*) AS total FROM ${table} WHERE strand = ?`),
  );
  return {
    ofStrand: ({ id }) => ofStrand.iterate(id) as Iterable<unknown> as Iterable<StoredColumns>,
    allowBy: ({ id }, name, { place, at_ms }) =>
      (contract.get(name, id, at_ms, place) as { readonly allow: number } | undefined)?.allow,
    isWith: ({ id }, name, { place, at_ms }) => asset.get(name, id, at_ms, place) !== undefined,
    namesOf: ({ id }) =>
      totals.reduce((sum, total) => sum + (total.get(id) as unknown as { readonly total: number }).total, 0),
  };
}
