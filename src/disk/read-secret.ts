import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { MaintError } from "../base/maint-error.ts";

const MAX_SECRET_BYTES = 16 << 10;

/**
 * Reads a key or token file. Windows keeps no such bits, there the folder's own rights decide.
 * @throws MaintError MAINT_ERR_SECRET_MODE when group or others may read or write it
 */
export function readSecretFile(path: string, maxBytes = MAX_SECRET_BYTES): string {
  const fd = openSecret(path);
  try {
    const { mode, size } = fstatSync(fd);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new MaintError(
        "MAINT_ERR_SECRET_MODE",
        `${path}: others may read it (mode ${(mode & 0o777).toString(8)})`,
        {
          help: `chmod 600 ${path}`,
        },
      );
    }
    if (size > maxBytes) throw new MaintError("MAINT_ERR_SECRET", `${path}: too large for a key or a token`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

function openSecret(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new MaintError("MAINT_ERR_SECRET_MISSING", `${path}: no such key or token file`);
  }
}
