import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { makeFolder, removeFile, writeAtomically } from "./atomic-write.ts";
import { lockExclusively } from "./sqlite.ts";

export interface FolderLock {
  /** Gives the folder free. A process that ends without calling it gives it free as well. */
  readonly release: () => void;
}

/**
 * Makes this process the only one that writes in `folder`, and makes the folder if it is not there. The lock is the operating
 * system's, so that one left by a killed process never has to be judged stale; `lock.pid` only says who holds it.
 * @param what a word for the message, `hub` or `node Pen-1`
 * @throws MaintError MAINT_ERR_FOLDER_LOCKED, exit code 69, naming the process that holds it
 */
export function lockFolder(folder: string, what: string): FolderLock {
  makeFolder(folder);
  const unlock = lockExclusively(join(folder, "lock"));
  const pidFile = join(folder, "lock.pid");
  if (unlock === undefined) {
    throw new MaintError(
      "MAINT_ERR_FOLDER_LOCKED",
      `${folder}: another ${what} process works there${holder(pidFile)}; one process owns a folder`,
      { exitCode: 69, help: "stop that process, or use another folder with --data" },
    );
  }
  writeAtomically(pidFile, `${process.pid}\n`);
  return {
    release: () => {
      removeFile(pidFile);
      unlock();
    },
  };
}

function holder(pidFile: string): string {
  try {
    return ` (pid ${readFileSync(pidFile, "utf8").trim()})`;
  } catch {
    return "";
  }
}
