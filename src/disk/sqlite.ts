import { DatabaseSync, type StatementSync } from "node:sqlite";
import { MaintError } from "../base/maint-error.ts";

/** The one file that names node:sqlite. Everything durable that is not a plain file goes through here. */
export type Database = DatabaseSync;

export interface OpenOptions {
  /** Reads beside a process that writes; makes no file. */
  readonly readOnly?: boolean;
  /** How long to wait for another connection's lock. */
  readonly busyTimeoutMs?: number;
  /** Of a file that is made now: large ones for rows of many KiB, which then take fewer. SQLite's own, 4 KiB, unless told. */
  readonly pageBytes?: number;
  /** Does not walk the file first: for one whose content proves itself and that may be larger than a start can wait for. */
  readonly unwalked?: boolean;
}

const BUSY_TIMEOUT_MS = 5_000;
/** Below it a checkpoint could lose committed pages. Source: sqlite.org/wal.html, "The WAL-reset bug". */
const MIN_SQLITE = [3, 51, 3] as const;

/**
 * Opens a database file as everything here needs it: write-ahead log, an fsync at every commit, foreign keys on.
 * @throws MaintError MAINT_ERR_DATABASE_DAMAGED when SQLite finds the file damaged, MAINT_ERR_DATABASE_OPEN when it cannot open it
 */
export function openDatabase(path: string, options: OpenOptions = {}): Database {
  let db: Database | undefined;
  try {
    db = new DatabaseSync(path, {
      readOnly: options.readOnly ?? false,
      timeout: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
    });
    refuseOldSqlite(db);
    if (options.pageBytes !== undefined) db.exec(`PRAGMA page_size = ${options.pageBytes}`);
    if (options.readOnly !== true)
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    if (options.unwalked !== true) walk(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw openError(path, error);
  }
}

function walk(db: Database, path: string): void {
  const answer = db.prepare("PRAGMA quick_check(1)").get();
  const verdict = String(Object.values(answer ?? {})[0]);
  if (verdict !== "ok") throw damaged(path, verdict);
}

/**
 * Runs `work` in one transaction: after the return everything in it is on the disk, after a throw nothing is.
 * @throws whatever `work` or the commit throws
 */
export function transaction<T>(db: Database, work: () => T): T {
  const frame = frames.get(db) ?? frameOf(db);
  frame.begin.run();
  try {
    const value = work();
    frame.commit.run();
    return value;
  } catch (error) {
    // SQLite rolls back by itself after some errors; a second ROLLBACK would hide the first error.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

interface Frame {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
}

/** Prepared once a database: a commit is on the way of every answer. */
const frames = new WeakMap<Database, Frame>();

function frameOf(db: Database): Frame {
  const frame: Frame = { begin: db.prepare("BEGIN IMMEDIATE"), commit: db.prepare("COMMIT") };
  frames.set(db, frame);
  return frame;
}

/**
 * Takes the operating system's lock on `path` for as long as this process lives or until the answer is called; undefined when
 * another process, or this one, holds it. The lock ends with the process, however that ends.
 */
export function lockExclusively(path: string): (() => void) | undefined {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    held.add(db);
    return () => {
      held.delete(db);
      db.close();
    };
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw openError(path, error);
  }
}

/** A connection that nobody refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

const SQLITE_BUSY = 5;
const DAMAGED = new Set([11, 26]);
const primaryCode = (error: unknown): number | undefined => {
  const { errcode } = error as { readonly errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
};
const isBusy = (error: unknown): boolean => primaryCode(error) === SQLITE_BUSY;

function openError(path: string, error: unknown): unknown {
  if (error instanceof MaintError) return error;
  const code = primaryCode(error);
  if (code === undefined) return error;
  const words = error instanceof Error ? error.message : String(error);
  if (DAMAGED.has(code)) return damaged(path, words);
  return new MaintError("MAINT_ERR_DATABASE_OPEN", `${path}: cannot be opened: ${words}`, {
    exitCode: 69,
    cause: error,
  });
}

const damaged = (path: string, words: string): MaintError =>
  new MaintError("MAINT_ERR_DATABASE_DAMAGED", `${path}: the file is damaged: ${words}`, {
    exitCode: 69,
    help: "keep the file for examination and restore the folder from a backup",
  });

function refuseOldSqlite(db: Database): void {
  const { version } = db.prepare("SELECT sqlite_version() AS version").get() as { version: string };
  const parts = version.split(".").map(Number);
  const older = MIN_SQLITE.findIndex((part, index) => (parts[index] ?? 0) !== part);
  if (older === -1 || (parts[older] ?? 0) > (MIN_SQLITE[older] ?? 0)) return;
  throw new MaintError(
    "MAINT_ERR_SQLITE_OLD",
    `this Node carries SQLite ${version}; ${MIN_SQLITE.join(".")} is needed`,
    {
      exitCode: 69,
      help: "use Node 24.21 or newer",
    },
  );
}

/**
 * Copies a database, another process writing it or not, as it stood at one moment: one file, whole, without its log.
 * @throws MaintError as `openDatabase`; the operating system's error where `to` is there already
 */
export function copyDatabase(from: string, to: string): void {
  const db = openDatabase(from, { readOnly: true });
  try {
    db.prepare("VACUUM INTO ?").run(to);
  } finally {
    db.close();
  }
}
