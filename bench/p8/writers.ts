/** Ways to make entries durable in groups, each on the same disk, with the same records: ours and what it is held against. */
import { createHash } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeSigningKey, signHex } from "../../src/disk/key-file.ts";
import { type LedgerFile, openLedgerFile } from "../../src/disk/ledger-file.ts";
import { openDatabase, transaction } from "../../src/disk/sqlite.ts";
import { openHubDatabase } from "../../src/hub/store/database.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";
import { LEDGER_CHECKPOINT_INTERVAL_MS } from "../../src/model/limits.ts";

export interface Writer {
  readonly what: string;
  /** One group, durable on return. */
  readonly write: (records: readonly LedgerRecord[]) => void | Promise<void>;
  readonly close: () => void | Promise<void>;
}

/** An alert as it is chained at the hub: about 500 bytes. */
export const recordOf = (index: number): LedgerRecord => ({
  ...{ action_type: "alert_raised", action: "raised", target: `LP-${index % 1_000}`, user_id: `LP-${index % 1_000}` },
  details: `uv-intensity 940 uW/cm2 is below 1000 uW/cm2 at lamp ${index}`,
  smart_id: "UV-DAILY",
  metadata: { epoch: "0123456789abcdef", seq: index, reason: "reading.out-of-limits:uv-intensity", test: `T-${index}` },
});

export function plainFile(folder: string): Writer {
  const fd = openSync(join(folder, "plain.log"), "a");
  return {
    what: "file append, one fdatasync a group",
    write: (records) => {
      writeSync(fd, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
      fdatasyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}

const TABLE = "CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT";

export function bareSqlite(folder: string): Writer {
  const db = openDatabase(join(folder, "bare.db"));
  db.exec(TABLE);
  const insert = db.prepare("INSERT INTO entry (bytes) VALUES (?)");
  return {
    what: "sqlite FULL, no chain",
    write: (records) =>
      transaction(db, () => {
        for (const record of records) insert.run(Buffer.from(JSON.stringify(record)));
      }),
    close: () => db.close(),
  };
}

/** What the market's best does: a hash chain, and a signature under each group. No tree, no canonical form, no proofs. */
export function chainedSqlite(folder: string): Writer {
  const db = openDatabase(join(folder, "chained.db"));
  db.exec(
    "CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash TEXT NOT NULL, signature TEXT) STRICT",
  );
  const insert = db.prepare("INSERT INTO entry (bytes, hash, signature) VALUES (?, ?, ?)");
  const key = makeSigningKey();
  let previous = "";
  return {
    what: "sqlite FULL, chain, signature",
    write: (records) =>
      transaction(db, () => {
        for (const [at, record] of records.entries()) {
          const bytes = Buffer.from(JSON.stringify({ ...record, previous }));
          previous = createHash("sha256").update(bytes).digest("hex");
          insert.run(bytes, previous, at === records.length - 1 ? signHex(key, previous) : null);
        }
      }),
    close: () => db.close(),
  };
}

/** A query builder, a row at a time, in one transaction a group. */
export async function kyselyRows(folder: string): Promise<Writer> {
  const db = await openHubDatabase(openDatabase(join(folder, "kysely.db")), [{ name: "bench", steps: [[TABLE]] }]);
  interface Tables {
    readonly entry: { readonly seq?: number; readonly bytes: Uint8Array };
  }
  return {
    what: "kysely, a row at a time",
    write: (records) =>
      db.atomically<Tables, void>(async (tables) => {
        for (const record of records)
          await tables
            .insertInto("entry")
            .values({ bytes: Buffer.from(JSON.stringify(record)) })
            .execute();
      }),
    close: () => db.close(),
  };
}

export interface Ours extends Writer {
  readonly ledger: LedgerFile;
  readonly path: string;
}

/** Signed as a hub signs: when the last signature is a second old. */
export function ours(folder: string): Ours {
  const path = join(folder, "ledger.db");
  const ledger = openLedgerFile(path, {
    ...{ owner: "hub-1", key: makeSigningKey() },
    clock: () => ({ timeMs: Date.now(), timeSource: "wall" }),
  });
  let signedAt = performance.now();
  return {
    ...{ what: "ours: chain, tree, checkpoints", ledger, path },
    write: (records) => {
      ledger.append(records);
      if (performance.now() - signedAt < LEDGER_CHECKPOINT_INTERVAL_MS) return;
      signedAt = performance.now();
      ledger.checkpoint();
    },
    close: () => ledger.close(),
  };
}
