import { readFileSync, statSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import type { CompileOptions, Source } from "../compiler/index.ts";
import { isZoneOfIntl } from "../disk/zone-from-intl.ts";
import { MAX_JSON_BYTES, MAX_SOURCE_BYTES } from "../model/limits.ts";

const EXTENSION = ".maint";
/** Folders that hold other people's files or our own data, never contracts to check. */
const SKIPPED = new Set(["node_modules", "maint-data", "maint-keys", "dist"]);
const MAX_FILES = 10_000;

/**
 * Reads the `.maint` files behind paths: a file is read whatever its name, a folder is searched, in one order everywhere.
 * A file above the compiler's limit is read no further than the compiler needs to refuse it.
 * @throws MaintError MAINT_ERR_NO_CONTRACTS, MAINT_ERR_NOT_UTF8, MAINT_ERR_TOO_MANY_FILES; system errors as they are
 */
export async function readContracts(paths: readonly string[]): Promise<Source[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = (await stat(path)).isDirectory() ? await contractsIn(path) : [path];
    if (found.length === 0) {
      throw new MaintError("MAINT_ERR_NO_CONTRACTS", `${path}: no ${EXTENSION} file in this folder`, {
        help: "name a contract file, or a folder that holds some",
      });
    }
    files.push(...found);
    if (files.length > MAX_FILES) {
      throw new MaintError("MAINT_ERR_TOO_MANY_FILES", `${path}: more than ${MAX_FILES} contract files`);
    }
  }
  const once = new Map(files.map((file) => [resolve(file), file]));
  const sources: Source[] = [];
  for (const file of once.values()) sources.push({ name: file, text: await readText(file) });
  return sources;
}

async function contractsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(".") && !SKIPPED.has(entry.name)) found.push(...(await contractsIn(path)));
    } else if (entry.isFile() && entry.name.endsWith(EXTENSION)) found.push(path);
  }
  return found;
}

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MAX_SOURCE_BYTES) return " ".repeat(MAX_SOURCE_BYTES + 1);
  return utf8(await readFile(file), file);
}

function utf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MaintError("MAINT_ERR_NOT_UTF8", `${file}: is not UTF-8 text`, { help: "save it as UTF-8" });
  }
}

/**
 * Reads `given facts "x.json"` beside the file that names it; undefined where no such file is there.
 * @throws MaintError where it is too large or no UTF-8, and what the system says of a file that cannot be read
 */
function readFactsBeside(file: string, from: string): string | undefined {
  const path = join(dirname(from), file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length > MAX_JSON_BYTES) {
    throw new MaintError("MAINT_ERR_TOO_LARGE", `${path}:1:1: larger than ${MAX_JSON_BYTES} bytes`);
  }
  return utf8(bytes, path);
}

/** What `maint check`, `build` and `test` compile with: facts files beside a contract, and the zones of this Node's tz data. */
export const compileOptions: CompileOptions = {
  readFacts: readFactsBeside,
  zones: { isKnown: isZoneOfIntl, names: () => Intl.supportedValuesOf("timeZone") },
};
