import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../src/compiler/index.ts";

/** A contract file with the findings that language.md's words ask for, `code:line`: all its errors, and these warnings at least. */
interface DiagnosticCase {
  readonly name: string;
  readonly expect: readonly string[];
  readonly text: string;
}

const cases = readFileSync(new URL("diagnostics.ndjson", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as DiagnosticCase);

describe("what a contract's mistakes are called, and where they stand", () => {
  test.each(cases)("$name", ({ name, expect: wanted, text }) => {
    const { diagnostics } = check([{ name: `${name}.maint`, text }]);
    const found = diagnostics.map(({ code, severity, place }) => ({ key: `${code}:${place.line}`, severity }));
    const kept = found
      .filter(({ key, severity }) => severity === "error" || wanted.includes(key))
      .map(({ key }) => key);
    expect([...new Set(kept)].sort()).toEqual([...wanted].sort());
  });

  test("half of them are mistakes, the others near them and none", () => {
    const clean = cases.filter(({ expect: wanted }) => wanted.length === 0).length;
    expect([clean > 15, cases.length - clean > 60]).toEqual([true, true]);
  });
});
