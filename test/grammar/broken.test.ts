import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "../../grammar/parser.ts";
import { lineOf } from "./sources.ts";

const folder = join(import.meta.dirname, "broken");
/** Of each file: `code:line` of every diagnostic it must give, no more and no less, in order. */
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as { [name: string]: string[] };
const textOf = (name: string): string => readFileSync(join(folder, `${name}.maint`), "utf8");

test("every broken file has its expectation", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".maint"));
  expect(names.map((name) => name.slice(0, -".maint".length)).sort()).toEqual(Object.keys(expected).sort());
  expect(names.length).toBeGreaterThanOrEqual(30);
});

test.each(Object.keys(expected))("%s: as many diagnostics as mistakes", (name) => {
  const text = textOf(name);
  const found = parse(text).diagnostics.map(({ code, span }) => `${code}:${lineOf(text, span.start)}`);
  expect(found).toEqual(expected[name]);
});

test("every diagnostic of a broken file has a help line", () => {
  const silent = Object.keys(expected).flatMap((name) =>
    parse(textOf(name)).diagnostics.flatMap((one) => (one.help === undefined ? [`${name}: ${one.message}`] : [])),
  );
  expect(silent).toEqual([]);
});
