import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { makeFolder, syncFile, syncFolder, writeOnce } from "./atomic-write.ts";
import { copyDatabase } from "./sqlite.ts";

/** What a backup holds; it is written last, so that a copy that was cut off has none. */
export interface BackupManifest {
  readonly format: "maint-backup/1";
  /** `hub`, or `node LP-01`. */
  readonly of: string;
  /** RFC 3339, UTC. */
  readonly takenAt: string;
  readonly withKeys: boolean;
  readonly files: readonly BackupFile[];
}

export interface BackupFile {
  /** Below the data folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Permission bits. */
  readonly mode: number;
}

export interface BackupRequest {
  readonly dataFolder: string;
  /** Folders below it, in the order in which they must be copied: what a later one is ahead by is made good at the next start. */
  readonly parts: readonly string[];
  readonly of: string;
  readonly to: string;
  readonly withKeys: boolean;
  readonly nowMs: number;
}

const MANIFEST = "backup.json";
/** Whoever reads them can act as this hub, this node or this test program. */
const SECRETS = ["key", "token"];
/** Of a running process, what is made anew from the rest, or what belongs to a database that is copied whole. */
const LEFT_OUT =
  /(^|\/)(replay-cache\.db|lock[^/]*|address\.json|agent\.sock|[^/]*\.tmp(-[^/]*)?|[^/]*-(wal|shm|journal))$/;

/**
 * Copies a hub's or a node's folders while its process runs, or not. Answers the manifest.
 * @throws MaintError MAINT_ERR_BACKUP where `to` is there already or nothing is to be copied
 */
export function backUp(request: BackupRequest): BackupManifest {
  const { dataFolder, parts, to, withKeys } = request;
  if (existsSync(to)) throw new MaintError("MAINT_ERR_BACKUP", `${to}: is there already and is never replaced`);
  const paths = parts.flatMap((part) => filesBelow(dataFolder, part)).filter((path) => withKeys || !isSecret(path));
  if (paths.length === 0) throw new MaintError("MAINT_ERR_BACKUP", `${dataFolder}: nothing of ${request.of} is there`);
  try {
    for (const path of paths) copyOne(join(dataFolder, path), join(to, path));
    const files = paths.filter((path) => existsSync(join(to, path))).map((path) => describe(to, path, dataFolder));
    syncAll(files.map(({ path }) => join(to, path)));
    const takenAt = new Date(request.nowMs).toISOString();
    const manifest: BackupManifest = { format: "maint-backup/1", of: request.of, takenAt, withKeys, files };
    writeOnce(join(to, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } catch (error) {
    rmSync(to, { recursive: true, force: true });
    throw error;
  }
}

const isSecret = (path: string): boolean => SECRETS.includes(path.slice(path.lastIndexOf("/") + 1));

/** A head file and a checkpoint come before their ledger: one that is behind is no sign of a cut-off tail. What is pointed at comes after its pointer. */
const rank = (path: string): number => (/-head$|\.checkpoint$|timestamp\.json$|hub\.db$/.test(path) ? 0 : 1);

const filesBelow = (dataFolder: string, part: string): readonly string[] =>
  !existsSync(join(dataFolder, part))
    ? []
    : readdirSync(join(dataFolder, part), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(dataFolder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
        .filter((path) => !LEFT_OUT.test(path))
        .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

function copyOne(from: string, to: string): void {
  makeFolder(dirname(to));
  if (from.endsWith(".db")) {
    copyDatabase(from, to);
    return;
  }
  try {
    copyFileSync(from, to);
  } catch (error) {
    // Bytes that nobody points at any more go at any moment; whatever is pointed at is verified at the next start.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function describe(to: string, path: string, dataFolder: string): BackupFile {
  const source = join(dataFolder, path);
  const mode = statSync(existsSync(source) ? source : join(to, path)).mode & 0o777;
  return { path, bytes: statSync(join(to, path)).size, sha256: sha256Of(join(to, path)), mode };
}

/** Neither a copy by the system nor one by SQLite is on the disk by itself; whoever hears that it was made relies on it. */
function syncAll(paths: readonly string[]): void {
  for (const path of paths) syncFile(path);
  for (const folder of new Set(paths.map((path) => dirname(path)))) syncFolder(folder);
}

const READ_BYTES = 1 << 20;

/** A piece at a time: an archive of node ledgers is larger than what fits into memory. */
function sha256Of(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(READ_BYTES);
  const file = openSync(path, "r");
  try {
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece))
      hash.update(piece.subarray(0, count));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

/** @throws MaintError MAINT_ERR_BACKUP where it is none, or not what was written */
export function readBackup(from: string): BackupManifest {
  const wrong = (why: string): MaintError => new MaintError("MAINT_ERR_BACKUP", `${from}: ${why}`);
  const file = join(from, MANIFEST);
  if (!existsSync(file)) throw wrong("is no backup, or one that was cut off: it has no backup.json");
  let manifest: BackupManifest;
  try {
    manifest = JSON.parse(readFileSync(file, "utf8")) as BackupManifest;
  } catch {
    throw wrong("backup.json cannot be read");
  }
  if (manifest.format !== "maint-backup/1" || !Array.isArray(manifest.files)) throw wrong("is no backup of this form");
  for (const { path, sha256 } of manifest.files) {
    if (/(^|\/)\.\.(\/|$)|^\/|\\/.test(path)) throw wrong(`${path} leads out of it`);
    const full = join(from, path);
    if (!existsSync(full)) throw wrong(`${path} is missing`);
    if (sha256Of(full) !== sha256) throw wrong(`${path} is not what was backed up`);
  }
  return manifest;
}

/**
 * Puts a backup back into a data folder that holds none of it. Answers its manifest.
 * @throws MaintError MAINT_ERR_BACKUP; nothing is written where it is not whole or something is in its way
 */
export function restore(from: string, dataFolder: string): BackupManifest {
  const manifest = readBackup(from);
  const tops = new Set(
    manifest.files.map(({ path }) =>
      path
        .split("/")
        .slice(0, path.startsWith("nodes/") ? 2 : 1)
        .join("/"),
    ),
  );
  for (const top of tops)
    if (existsSync(join(dataFolder, top)))
      throw new MaintError("MAINT_ERR_BACKUP", `${join(dataFolder, top)}: is there already`, {
        help: "move it away first, and keep it: what it knows beyond the backup is nowhere else",
      });
  for (const { path, mode } of manifest.files) {
    const to = join(dataFolder, path);
    makeFolder(dirname(to));
    copyFileSync(join(from, path), to);
    chmodSync(to, mode);
  }
  syncAll(manifest.files.map(({ path }) => join(dataFolder, path)));
  return manifest;
}
