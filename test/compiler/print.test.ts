import { expect, test } from "vitest";
import type { Clause } from "../../grammar/ast.ts";
import { walk } from "../../grammar/child-keys.ts";
import { parse } from "../../grammar/parser.ts";
import { formatSource, printClause, printContract, printFile } from "../../src/compiler/print.ts";
import { findUnit } from "../../src/model/units.ts";
import { mutated, seeded } from "../grammar/mutations.ts";
import { goldens, ownGoldens, unformatted } from "../grammar/sources.ts";

const RUNS = 3_000;

/** The tree without places, and with what the formatter may change made equal. */
function bare(text: string): string {
  return JSON.stringify(parse(text).file, (key, value: unknown) => {
    if (key === "span" || key === "impliedOne" || key === "doc") return undefined;
    const node = value as { kind?: unknown; text?: unknown } | null;
    if (node?.kind !== "unit" || typeof node.text !== "string") return value;
    return findUnit(node.text)?.symbol ?? node.text.replace(/s$/, "");
  });
}

/** What any text must satisfy: parsing never throws, and a sound text keeps its meaning and comments and prints stably. */
function broken(
  text: string,
  format: (text: string) => ReturnType<typeof formatSource> = formatSource,
): string | undefined {
  const formatted = format(text);
  if (!formatted.ok) return formatted.diagnostics.length > 0 ? undefined : "refused without a reason";
  const again = format(formatted.text);
  if (!again.ok) return "its print does not parse";
  if (again.text !== formatted.text) return "printing twice differs";
  if (bare(text) !== bare(formatted.text)) return "the meaning changed";
  const comments = (source: string) =>
    parse(source)
      .comments.map((one) => one.text)
      .sort();
  return comments(text).join("\n") === comments(formatted.text).join("\n") ? undefined : "a comment is lost";
}

test.each(goldens)("$name prints as it stands", ({ text }) => {
  expect(formatSource(text)).toEqual({ ok: true, text });
});

test("an unformatted file comes out as its golden", () => {
  const golden = goldens.find(({ name }) => name === "EVERYTHING.maint");
  expect(formatSource(unformatted)).toEqual({ ok: true, text: golden?.text });
  expect(broken(unformatted)).toBeUndefined();
});

test("a file with a mistake is not printed", () => {
  expect(formatSource('contract A "x" {')).toMatchObject({ ok: false });
});

test("a clause prints on one line, without its because", () => {
  const clauses: string[] = [];
  const text = goldens.find(({ name }) => name === "TORQUE-WRENCH.maint")?.text ?? "";
  walk(parse(text).file, (node) => {
    if ("strictness" in node) clauses.push(printClause(node as Clause));
  });
  expect(clauses).toEqual([
    "the wrench must be calibrated every 12 months or 5000 cycles, whichever comes first, warn 250 cycles before",
    "the wrench must not have been dropped or overloaded since its calibration",
  ]);
});

test("a tree without its comments keeps its docs", () => {
  const text = goldens.find(({ name }) => name === "MAIN-PEN-CHECK-001.maint")?.text ?? "";
  const { file } = parse(text);
  const contract = file.items[0];
  expect(printFile(file)).toBe(text);
  expect(contract?.kind === "contract" ? printContract(contract) : "").toBe(text);
});

const sources = [...ownGoldens.map(({ text }) => text), unformatted];

test("any text parses without throwing, and prints stably where it is sound", () => {
  const below = seeded(20_261_124);
  let sound = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const text = mutated(sources, below);
    const why = broken(text);
    if (why !== undefined) expect.fail(`run ${run}: ${why}\n${text}`);
    if (formatSource(text).ok) sound += 1;
  }
  expect(sound).toBeGreaterThan(RUNS / 50);
});

test("control: a formatter that drops a modifier, a comment or stability is caught", () => {
  const planted: readonly ((text: string) => string)[] = [
    (text) => text.replace(", never overridable", ""),
    (text) => text.replace(/^ *\/\/ .*\n/m, ""),
    (text) => text.replace('" {', ' " {'),
  ];
  for (const plant of planted) {
    const format = (text: string): ReturnType<typeof formatSource> => {
      const formatted = formatSource(text);
      return formatted.ok ? { ok: true, text: plant(formatted.text) } : formatted;
    };
    const below = seeded(7);
    const caught = Array.from({ length: 300 }, () => broken(mutated(sources, below), format)).some(
      (why) => why !== undefined,
    );
    expect(caught || broken(unformatted, format) !== undefined).toBe(true);
  }
});
