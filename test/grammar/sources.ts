import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const own = join(import.meta.dirname, "contracts");
const spec = join(import.meta.dirname, "../../../shared/spec");

const inFolder = (folder: string): readonly { readonly name: string; readonly text: string }[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".maint"))
        .sort()
        .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }))
    : [];

/** Contracts in the one format, each of which must print as it stands. */
export const ownGoldens = inFolder(own);
export const goldens = [...ownGoldens, ...inFolder(join(spec, "contracts"))];
/** Contracts with mistakes, where the specification is at hand. */
export const specBad = inFolder(join(spec, "bad"));
export const unformatted = readFileSync(join(own, "everything.unformatted.txt"), "utf8");

export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
