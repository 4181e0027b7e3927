/**
 * archive.db. An entry's place is its strand's id and its seq in one number, so that the entries of a strand lie side by side
 * and in order. Columns that questions are asked by stand apart from the bytes: a search reads no bodies.
 */
export const ARCHIVE_SCHEMA = `
CREATE TABLE IF NOT EXISTS strand (
  id INTEGER PRIMARY KEY,
  node TEXT NOT NULL,
  number INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  size INTEGER NOT NULL,
  head_hash TEXT NOT NULL,
  first_kept INTEGER NOT NULL,
  kept_from_hash TEXT NOT NULL,
  fault TEXT,
  is_fork INTEGER NOT NULL,
  may_restart INTEGER NOT NULL,
  UNIQUE (node, number)
) STRICT;
CREATE TABLE IF NOT EXISTS strand_tree (
  strand INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  peaks BLOB NOT NULL,
  kept_size INTEGER NOT NULL,
  kept_peaks BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS node_checkpoint (
  strand INTEGER NOT NULL,
  public_hex TEXT NOT NULL,
  size INTEGER NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (strand, public_hex)
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
  place INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  action_type TEXT NOT NULL,
  target TEXT NOT NULL,
  user_id TEXT NOT NULL,
  evidence TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS entry_by_evidence ON entry (evidence, place) WHERE evidence IS NOT NULL;
CREATE INDEX IF NOT EXISTS entry_by_time ON entry (time_ms, place);
CREATE INDEX IF NOT EXISTS entry_by_type ON entry (action_type, place);
CREATE INDEX IF NOT EXISTS entry_by_target ON entry (target, place);
CREATE TABLE IF NOT EXISTS body (
  place INTEGER PRIMARY KEY,
  packed INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS decision (
  place INTEGER PRIMARY KEY,
  strand INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  allow INTEGER NOT NULL,
  test TEXT,
  client_order TEXT,
  part TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS decision_by_time ON decision (strand, at_ms, allow);
CREATE INDEX IF NOT EXISTS decision_by_test ON decision (test, place) WHERE test IS NOT NULL;
CREATE INDEX IF NOT EXISTS decision_by_order ON decision (client_order, place) WHERE client_order IS NOT NULL;
CREATE INDEX IF NOT EXISTS decision_by_part ON decision (part, place) WHERE part IS NOT NULL;
CREATE TABLE IF NOT EXISTS decided_by (
  contract TEXT NOT NULL,
  strand INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  place INTEGER NOT NULL,
  allow INTEGER NOT NULL,
  PRIMARY KEY (contract, strand, at_ms, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decided_with (
  asset TEXT NOT NULL,
  strand INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (asset, strand, at_ms, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retention (
  node TEXT PRIMARY KEY,
  days INTEGER,
  entries INTEGER
) STRICT;
CREATE TRIGGER IF NOT EXISTS body_is_never_changed BEFORE UPDATE ON body
  BEGIN SELECT RAISE(ABORT, 'an archived entry is never changed'); END;
CREATE TRIGGER IF NOT EXISTS body_goes_by_retention_alone BEFORE DELETE ON body
  WHEN NOT EXISTS (SELECT 1 FROM strand WHERE id = OLD.place >> 32 AND first_kept > (OLD.place & 4294967295))
  BEGIN SELECT RAISE(ABORT, 'an archived entry is removed by retention alone'); END;
`;

/** Entries that one strand may have. */
const SEQS = 2 ** 32;

export const placeOf = (strand: number, seq: number): number => strand * SEQS + seq;
export const seqOf = (place: number): number => place % SEQS;
