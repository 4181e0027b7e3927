import { type Database, transaction } from "../disk/sqlite.ts";
import type { EvidenceBody, EvidenceKind, EvidenceRecord } from "../model/evidence.ts";
import { rememberAnswers } from "./evidence-cache.ts";
import type { EvidenceStore } from "./evidence-port.ts";

export type { EvidenceStore, RecordedPage, WordedKind } from "./evidence-port.ts";

/** More signatures than this under one record are not read: no contract asks for as many. */
export const MAX_APPROVALS_READ = 64;

/** More records with nearly the highest value than this, and the exactly highest may be missed by less than a double shows. */
const HIGHEST_READ = 32;

const WORD = "coalesce(body ->> '$.state', body ->> '$.counter', body ->> '$.when', body ->> '$.event')";
const VALUE = "CAST(body ->> '$.value' AS REAL)";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS evidence (
  id TEXT PRIMARY KEY,
  ledger_seq INTEGER NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  taken_ms INTEGER NOT NULL,
  recorded_ms INTEGER NOT NULL,
  time_source TEXT NOT NULL,
  by TEXT NOT NULL,
  roles TEXT NOT NULL,
  supersedes TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS evidence_by_subject ON evidence (kind, subject, taken_ms DESC, ledger_seq DESC);
CREATE TABLE IF NOT EXISTS used (
  asset TEXT NOT NULL,
  ended_ms INTEGER NOT NULL,
  ledger_seq INTEGER NOT NULL,
  PRIMARY KEY (asset, ended_ms, ledger_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS evidence_by_word ON evidence (kind, subject, ${WORD}, taken_ms DESC, ledger_seq DESC)
  WHERE kind IN ('service', 'counter', 'check', 'event');
CREATE INDEX IF NOT EXISTS evidence_by_value ON evidence (subject, ${WORD}, ${VALUE} DESC) WHERE kind = 'counter';
CREATE INDEX IF NOT EXISTS evidence_by_kind_recorded ON evidence (kind, ledger_seq);
CREATE INDEX IF NOT EXISTS evidence_by_subject_recorded ON evidence (subject, ledger_seq);
CREATE INDEX IF NOT EXISTS evidence_by_both_recorded ON evidence (kind, subject, ledger_seq);
CREATE INDEX IF NOT EXISTS evidence_by_correction ON evidence (supersedes) WHERE supersedes IS NOT NULL;
CREATE TRIGGER IF NOT EXISTS evidence_is_never_changed BEFORE UPDATE ON evidence
  BEGIN SELECT RAISE(ABORT, 'evidence is never changed: a correction is a new record'); END;
CREATE TRIGGER IF NOT EXISTS evidence_is_never_deleted BEFORE DELETE ON evidence
  BEGIN SELECT RAISE(ABORT, 'evidence is never deleted'); END;
`;

interface Row {
  readonly id: string;
  readonly ledger_seq: number;
  readonly kind: string;
  readonly subject: string;
  readonly taken_ms: number;
  readonly recorded_ms: number;
  readonly time_source: string;
  readonly by: string;
  readonly roles: string;
  readonly supersedes: string | null;
  readonly body: string;
}

/** The store of a node's own database, whose rows nobody else adds: what it answered it may remember. */
export const openEvidenceStore = (db: Database): EvidenceStore => rememberAnswers(openRows(db));

function openRows(db: Database): EvidenceStore {
  db.exec(SCHEMA);
  const insert = db.prepare("INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const byId = db.prepare("SELECT * FROM evidence WHERE id = ?");
  const latest = db.prepare(`
    SELECT * FROM evidence AS e WHERE kind = ? AND subject = ? AND taken_ms <= ?
    AND NOT EXISTS (SELECT 1 FROM evidence AS c WHERE c.supersedes = e.id)
    ORDER BY taken_ms DESC, ledger_seq DESC LIMIT ?`);
  const subjects = db.prepare("SELECT DISTINCT subject FROM evidence WHERE kind = ? ORDER BY subject");
  const last = db.prepare("SELECT coalesce(max(ledger_seq), -1) AS seq FROM evidence");
  const use = db.prepare("INSERT OR IGNORE INTO used VALUES (?, ?, ?)");
  const lastUse = db.prepare("SELECT max(ended_ms) AS ms FROM used WHERE asset = ? AND ended_ms <= ?");
  const corrections = db.prepare("SELECT id FROM evidence WHERE supersedes = ? ORDER BY ledger_seq");
  const pages = preparePages(db);
  const { latestOf, words, highest } = prepareWorded(db);
  const unfinished = db.prepare(`
    SELECT * FROM evidence AS e WHERE kind = 'test-run' AND body LIKE '%"state":"started"%'
    AND NOT EXISTS (SELECT 1 FROM evidence AS l
      WHERE l.kind = 'test-run' AND l.subject = e.subject AND l.ledger_seq > e.ledger_seq)
    ORDER BY ledger_seq`);
  let additions = 0;
  return {
    state: () => additions,
    add: (records) => {
      additions += 1;
      transaction(db, () => {
        for (const r of records) {
          insert.run(
            ...[r.id, r.ledgerSeq, r.kind, r.subject, r.takenAtMs, r.recordedAtMs, r.timeSource, r.by],
            ...[JSON.stringify(r.roles), r.supersedes, JSON.stringify(r.body)],
          );
          if (r.body.kind === "test-run" && r.body.state === "ended")
            for (const asset of r.body.assets) use.run(asset, r.takenAtMs, r.ledgerSeq);
        }
      });
    },
    find: (id) => {
      const row = byId.get(id) as Row | undefined;
      return row === undefined ? undefined : recordOf(row);
    },
    latest: (kind, subject, limit, untilMs = Number.MAX_SAFE_INTEGER) =>
      (latest.all(kind, subject, untilMs, limit) as unknown as Row[]).map(recordOf),
    latestOf: (kind, subject, word, limit, untilMs = Number.MAX_SAFE_INTEGER) =>
      (latestOf.all(kind, subject, word, untilMs, limit) as unknown as Row[]).map(recordOf),
    words: (kind, subject) =>
      (words.all(kind, subject) as unknown as { readonly word: string | null }[]).flatMap(({ word }) => word ?? []),
    highest: (asset, counter, exceptId, untilMs = Number.MAX_SAFE_INTEGER) =>
      (highest.all(asset, counter, exceptId, untilMs) as unknown as Row[]).map(recordOf),
    unfinishedRuns: () => (unfinished.all() as unknown as Row[]).map(recordOf).filter(isStart),
    lastUse: (asset, untilMs = Number.MAX_SAFE_INTEGER) =>
      (lastUse.get(asset, untilMs) as { readonly ms: number | null }).ms ?? undefined,
    subjects: (kind) => (subjects.all(kind) as unknown as { readonly subject: string }[]).map(({ subject }) => subject),
    recorded: ({ kind, subject, beforeSeq, limit }) => {
      const page =
        subject === null ? pages[kind === null ? "all" : "ofKind"] : pages[kind === null ? "ofSubject" : "ofBoth"];
      const named = [kind, subject].filter((one) => one !== null);
      return (page.all(...named, beforeSeq ?? Number.MAX_SAFE_INTEGER, limit) as unknown as Row[]).map(recordOf);
    },
    correctionsOf: (id) => (corrections.all(id) as unknown as { readonly id: string }[]).map((row) => row.id),
    lastLedgerSeq: () => (last.get() as { readonly seq: number }).seq,
  };
}

function prepareWorded(db: Database) {
  const current = "taken_ms <= ? AND NOT EXISTS (SELECT 1 FROM evidence AS c WHERE c.supersedes = e.id)";
  const worded = "kind IN ('service', 'counter', 'check', 'event')";
  const ofSubject = `evidence INDEXED BY evidence_by_word WHERE ${worded} AND kind = ?1 AND subject = ?2`;
  return {
    latestOf: db.prepare(`
      SELECT * FROM evidence AS e INDEXED BY evidence_by_word
      WHERE ${worded} AND kind = ? AND subject = ? AND ${WORD} = ? AND ${current}
      ORDER BY taken_ms DESC, ledger_seq DESC LIMIT ?`),
    // From each word to the next by the index, however many records carry the same.
    words: db.prepare(`
      WITH RECURSIVE one(word) AS (
        SELECT min(${WORD}) FROM ${ofSubject}
        UNION ALL
        SELECT (SELECT min(${WORD}) FROM ${ofSubject} AND ${WORD} > one.word) FROM one WHERE one.word IS NOT NULL
      ) SELECT word FROM one`),
    highest: db.prepare(`
      SELECT * FROM evidence AS e INDEXED BY evidence_by_value
      WHERE kind = 'counter' AND subject = ? AND ${WORD} = ? AND id <> ? AND ${current}
      ORDER BY ${VALUE} DESC LIMIT ${HIGHEST_READ}`),
  };
}

function preparePages(db: Database) {
  const page = (where: string) =>
    db.prepare(`SELECT * FROM evidence ${where}ledger_seq < ? ORDER BY ledger_seq DESC LIMIT ?`);
  return {
    all: page("WHERE "),
    ofKind: page("WHERE kind = ? AND "),
    ofSubject: page("WHERE subject = ? AND "),
    ofBoth: page("WHERE kind = ? AND subject = ? AND "),
  };
}

/** The text search before is quick and may find the words inside a test's name. */
const isStart = ({ body }: EvidenceRecord): boolean => body.kind === "test-run" && body.state === "started";

const recordOf = (row: Row): EvidenceRecord => ({
  id: row.id,
  ledgerSeq: row.ledger_seq,
  kind: row.kind as EvidenceKind,
  subject: row.subject,
  takenAtMs: row.taken_ms,
  recordedAtMs: row.recorded_ms,
  timeSource: row.time_source as EvidenceRecord["timeSource"],
  by: row.by,
  roles: JSON.parse(row.roles) as readonly string[],
  supersedes: row.supersedes,
  body: JSON.parse(row.body) as EvidenceBody,
});
