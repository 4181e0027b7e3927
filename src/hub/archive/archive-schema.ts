/**
 * archive.db. An entry's bytes are as its node wrote them; every other column says what stands in them, so that nobody has to
 * read the bytes to find them. `node` is a small number for the node's id.
 */
export const ARCHIVE_SCHEMA = `
CREATE TABLE IF NOT EXISTS node (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  head_hash TEXT NOT NULL,
  first_kept INTEGER NOT NULL,
  removed_hash TEXT,
  fault TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
  node INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  action_type TEXT NOT NULL,
  target TEXT NOT NULL,
  user_id TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS entry_place ON entry (node, seq);
CREATE INDEX IF NOT EXISTS entry_action ON entry (action_type, node, seq);
CREATE INDEX IF NOT EXISTS entry_target ON entry (target, node, seq);
CREATE TABLE IF NOT EXISTS decision (
  node INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  allow INTEGER NOT NULL,
  test TEXT,
  client_order TEXT,
  part TEXT,
  PRIMARY KEY (node, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS decision_at ON decision (at_ms);
CREATE INDEX IF NOT EXISTS decision_order ON decision (client_order) WHERE client_order IS NOT NULL;
CREATE INDEX IF NOT EXISTS decision_part ON decision (part) WHERE part IS NOT NULL;
CREATE INDEX IF NOT EXISTS decision_test ON decision (test) WHERE test IS NOT NULL;
CREATE TABLE IF NOT EXISTS decided_by (
  contract TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  node INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  allow INTEGER NOT NULL,
  PRIMARY KEY (contract, at_ms, node, seq)
) STRICT, WITHOUT ROWID;
`;
