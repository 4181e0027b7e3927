import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.ts";

const folder = import.meta.dirname;

/** `UPDATE=1 vitest run test/golden` rewrites the bundles; the difference is then read by a person. */
const isUpdating = process.env["UPDATE"] === "1";

for (const name of readdirSync(folder).filter((file) => file.endsWith(".maint"))) {
  test(`${name} compiles to the bundle beside it`, () => {
    const { contracts, diagnostics } = compile([{ name, text: readFileSync(join(folder, name), "utf8") }]);
    expect(diagnostics).toEqual([]);
    const bytes = `${contracts.map(({ bytes }) => bytes).join("\n")}\n`;
    const golden = join(folder, name.replace(/\.maint$/, ".bundle.json"));
    if (isUpdating) writeFileSync(golden, bytes);
    expect(bytes).toBe(readFileSync(golden, "utf8"));
  });
}
