import { realpath, stat } from "node:fs/promises";
import { writeAtomically } from "../disk/atomic-write.ts";

/** Puts another text into a file: through a link to the file itself, which keeps its permissions. */
export async function rewriteSource(name: string, text: string): Promise<void> {
  const path = await realpath(name);
  const { mode } = await stat(path);
  writeAtomically(path, text, { mode: mode & 0o777 });
}
