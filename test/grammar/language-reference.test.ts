import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { childKeys, walk } from "../../grammar/child-keys.ts";
import { parse } from "../../grammar/parser.ts";
import { check } from "../../src/compiler/index.ts";

const page = readFileSync("grammar/LANGUAGE.md", "utf8");
const blocks = [...page.matchAll(/```maint ?(\w*)\n([\s\S]*?)```/g)].map(([, tag = "", text = ""]) => whole(tag, text));

/** A fragment is wrapped by a contract that declares what the page speaks of. */
function whole(tag: string, text: string): string {
  if (tag === "") return text;
  const head =
    'contract EXAMPLE "x" {\n  for every station\n  meter is a radiometer\n  wrench is a torque-wrench\n  lamp is a lamp\n  bench is a bench\n  dye is a material\n  uv is measured in uW/cm2\n  air is measured in degC\n  oven is measured in degC\n  heat is oven minus air\n  before every test {\n    named:\n';
  const clause = "the meter must be in service\n";
  if (tag === "clause") return `${head}${text}  }\n}\n`;
  return `${head}${clause}  }\n  test "t" {\n${text}  }\n}\n`;
}

test.each(blocks.map((text, index) => [index, text] as const))("block %i has no error", (_, text) => {
  const readFacts = (): string => "{}";
  const { diagnostics } = check([{ name: "x.maint", text }], { readFacts });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.map(({ code, place, message }) => `${code} ${place.line}: ${message}`)).toEqual([]);
});

test("every kind of the syntax tree has an example", () => {
  const seen = new Set<string>();
  for (const text of blocks) walk(parse(text).file, ({ kind }) => seen.add(kind));
  expect(Object.keys(childKeys).filter((kind) => kind !== "broken" && !seen.has(kind))).toEqual([]);
});
