import { closeSync, existsSync, fchmodSync, fsyncSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { makeFolder, syncFolder } from "./atomic-write.ts";

/**
 * Makes a file that only its owner may read, 0600 in a folder of 0700, durable. Never replaces one.
 * @throws MaintError MAINT_ERR_SECRET_EXISTS when the file is there
 */
export function makeSecretFile(path: string, content: string): void {
  makeFolder(dirname(path), { mode: 0o700 });
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw isThere(path);
  }
  try {
    fchmodSync(fd, 0o600);
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncFolder(dirname(path));
}

/**
 * Refuses early what `makeSecretFile` would refuse: before somebody is asked for a secret that they give only once.
 * @throws MaintError MAINT_ERR_SECRET_EXISTS when the file is there; system errors where its folder cannot be made
 */
export function mustBeFree(path: string): void {
  makeFolder(dirname(path), { mode: 0o700 });
  if (existsSync(path)) throw isThere(path);
}

const isThere = (path: string): MaintError =>
  new MaintError("MAINT_ERR_SECRET_EXISTS", `${path}: is there already and is never replaced`, {
    help: "move it away first, or name another place",
  });
