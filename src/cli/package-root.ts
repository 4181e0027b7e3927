import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../base/assert.ts";

/** The folder that holds `package.json`, `docs/` and `contracts/`: the clone's root, or the installed package's. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  // In a clone this file lies in src/cli, in the package in dist/src/cli: walking up serves both.
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    assert(parent !== folder, "package.json lies above the command line's own code");
    folder = parent;
  }
  return folder;
}
