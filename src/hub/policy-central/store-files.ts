import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MaintError } from "../../base/maint-error.ts";
import { makeFolder, removeFile, writeAtomically, writeOnce } from "../../disk/atomic-write.ts";
import { METADATA_FOLDER } from "./current-metadata.ts";

/**
 * Writing a release is many files and one commit: the rename of `timestamp.json`. A journal names the files of a release under
 * way, so that after a crash before the commit they are taken away again and the same version can be stored anew.
 */

export interface NewFile {
  /** Below `policy/`. */
  readonly path: string;
  readonly content: string;
}

const JOURNAL = "storing.json";
const TIMESTAMP = `${METADATA_FOLDER}/timestamp.json`;

/** @throws the operating system's error; nothing was committed then, and `undoUnfinished` has cleaned up */
export function commitFiles(folder: string, files: readonly NewFile[], timestamp: string): void {
  // Only what was not there before may ever be taken away again.
  const fresh = files.filter(({ path, content }) => !isThere(join(folder, path), content));
  const journal = JSON.stringify({ paths: fresh.map(({ path }) => path), timestamp });
  writeAtomically(join(folder, JOURNAL), journal);
  try {
    for (const { path, content } of fresh) {
      makeFolder(dirname(join(folder, path)));
      writeOnce(join(folder, path), content);
    }
    writeAtomically(join(folder, TIMESTAMP), timestamp);
  } catch (error) {
    undoUnfinished(folder);
    throw error;
  }
  removeFile(join(folder, JOURNAL));
}

function isThere(path: string, content: string): boolean {
  if (!existsSync(path)) return false;
  if (readFileSync(path, "utf8") === content) return true;
  throw new MaintError("MAINT_ERR_IMMUTABLE", `${path}: is there already with other content, and never changes`, {
    help: "`maint release verify --all` says whether anybody signed for it",
  });
}

/** Replaces `timestamp.json` alone. */
export const commitTimestamp = (folder: string, timestamp: string): void =>
  writeAtomically(join(folder, TIMESTAMP), timestamp);

/** Takes away what a store that never committed left behind; true where there was something. */
export function undoUnfinished(folder: string): boolean {
  const path = join(folder, JOURNAL);
  if (!existsSync(path)) return false;
  const { paths, timestamp } = readJournal(path);
  const committed = existsSync(join(folder, TIMESTAMP)) && readFileSync(join(folder, TIMESTAMP), "utf8") === timestamp;
  if (!committed) for (const file of paths) removeFile(join(folder, file));
  removeFile(path);
  return true;
}

const SAFE_PATH = /^[A-Za-z0-9][A-Za-z0-9.-]*(\/[A-Za-z0-9][A-Za-z0-9.-]*){1,3}$/;

function readJournal(path: string): { readonly paths: readonly string[]; readonly timestamp: string } {
  try {
    const { paths, timestamp } = JSON.parse(readFileSync(path, "utf8")) as { paths?: unknown; timestamp?: unknown };
    if (
      Array.isArray(paths) &&
      paths.every((one) => typeof one === "string" && SAFE_PATH.test(one)) &&
      typeof timestamp === "string"
    )
      return { paths: paths as readonly string[], timestamp };
  } catch {
    // Falls through to the same refusal: the file was renamed into place, so that a torn one is somebody's edit.
  }
  throw new MaintError(
    "MAINT_ERR_POLICY_DAMAGED",
    `${path}: cannot be read; it says which unfinished files to take away`,
    {
      exitCode: 69,
      help: "compare the folder with a backup; `maint release verify --all` names what is not signed for",
    },
  );
}
