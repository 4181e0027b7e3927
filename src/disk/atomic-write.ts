import { randomBytes } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { MaintError } from "../base/maint-error.ts";

export interface WriteOptions {
  /** Permission bits; 0644 unless told. */
  readonly mode?: number;
}

/**
 * Replaces a file so that a crash at any moment leaves the old bytes or the new ones, never a mixture: temporary file, fsync,
 * rename, fsync of the folder. After the return it survives a power cut.
 * @throws the operating system's error; the old file is then untouched
 */
export function writeAtomically(path: string, content: string | Uint8Array, options: WriteOptions = {}): void {
  const temporary = writeTemporary(path, content, options.mode ?? 0o644);
  try {
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * Makes a file that is never changed again, mode 0444 unless told. The same bytes a second time are fine and change nothing.
 * @throws MaintError MAINT_ERR_IMMUTABLE when the file is there with other bytes
 */
export function writeOnce(path: string, content: string | Uint8Array, options: WriteOptions = {}): void {
  const temporary = writeTemporary(path, content, options.mode ?? 0o444);
  try {
    // link, unlike rename, refuses to replace: two writers cannot both believe they were first.
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (!readFileSync(path).equals(Buffer.from(content)))
      throw new MaintError("MAINT_ERR_IMMUTABLE", `${path}: is there already with other content, and never changes`);
  } finally {
    unlinkSync(temporary);
  }
  syncFolder(dirname(path));
}

/** Makes a folder and what leads to it, and makes the new names durable. */
export function makeFolder(path: string, options: WriteOptions = {}): void {
  // A relative path ends in ".", whose parent is itself: the way up would have no end.
  const full = resolve(path);
  const first = mkdirSync(full, { recursive: true, mode: options.mode ?? 0o755 });
  if (first === undefined) return;
  for (let folder = full; folder.length >= first.length; folder = dirname(folder)) syncFolder(dirname(folder));
}

/** Removes a file if it is there, durably. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return;
    throw error;
  }
  syncFolder(dirname(path));
}

/** Makes a file's bytes durable that something else wrote; not its name, see `syncFolder`. */
export function syncFile(path: string): void {
  // Windows flushes only what may be written to.
  const fd = openSync(path, process.platform === "win32" ? "r+" : "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes the names inside a folder durable. Windows has no such call and needs none. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const TEMPORARY = /\.\d+\.[0-9a-f]{12}\.tmp$/;

/** Takes away what a killed process was in the middle of writing below `folder`. Only for a folder that nobody else writes in. */
export function sweepTemporary(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && TEMPORARY.test(entry.name)) removeFile(join(entry.parentPath, entry.name));
}

function writeTemporary(path: string, content: string | Uint8Array, mode: number): string {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const fd = openSync(temporary, "wx", 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(fd);
  }
  return temporary;
}
