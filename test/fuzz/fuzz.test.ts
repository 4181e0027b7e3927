import { expect, test } from "vitest";
import { type FuzzPlan, fuzz } from "./fuzz-loop.ts";
import { fuzzInWorkers } from "./fuzz-workers.ts";
import { ourSubject, type Subject } from "./invariants.ts";
import { fuzzCase, fuzzSources } from "./mutator.ts";

const sources = fuzzSources();
const still = (): number => 0;
const plan = (end: number, rest: Partial<FuzzPlan> = {}): FuzzPlan => ({
  ...{ seed: 3, first: 0, step: 1, end, compileEvery: 5, limitMs: 1000 },
  ...rest,
});
/** What the loop says of a planted bug, case numbers left out. */
const found = (subject: Partial<Subject>, clock = still): ReadonlySet<string> =>
  new Set(
    fuzz(plan(400, { compileEvery: 1 }), sources, { ...ourSubject, ...subject }, clock).findings.map(
      ({ what }) => what.split("\n")[0] ?? "",
    ),
  );

test("mutated sources are parsed, formatted and compiled without a finding", () => {
  const { runs, compiled, sound, findings } = fuzz(plan(5000), sources, ourSubject, still);
  expect(findings).toEqual([]);
  expect([runs, compiled]).toEqual([5000, 1000]);
  // A mutator that breaks everything would leave the formatter and the checks untested.
  expect(sound).toBeGreaterThan(300);
});

test("a case is the same each time, and differs from the next", () => {
  const texts = Array.from({ length: 200 }, (_, index) => fuzzCase(sources, 9, index));
  expect(Array.from({ length: 200 }, (_, index) => fuzzCase(sources, 9, index))).toEqual(texts);
  expect(new Set(texts).size).toBeGreaterThan(190);
});

// Controls: each planted bug must be found.

test("finds a parser that throws", () => {
  const parse: Subject["parse"] = (text, limits) => {
    if (text.includes("\ud800")) throw new TypeError("planted");
    return ourSubject.parse(text, limits);
  };
  expect(found({ parse })).toContain("parseViolation threw: TypeError: planted");
});

test("finds a formatter that drops comments, and one that never settles", () => {
  const drops: Subject["format"] = (text) => {
    const formatted = ourSubject.format(text);
    return formatted.ok ? { ok: true, text: formatted.text.replaceAll("// note", "// not") } : formatted;
  };
  expect(found({ format: drops })).toContain("formatViolation: a comment is lost");
  const grows: Subject["format"] = (text) => {
    const formatted = ourSubject.format(text);
    return formatted.ok ? { ok: true, text: `${formatted.text}// more\n` } : formatted;
  };
  expect(found({ format: grows })).toContain("formatViolation: printing twice differs");
});

test("finds a formatter that changes a number", () => {
  const format: Subject["format"] = (text) => {
    const formatted = ourSubject.format(text);
    return formatted.ok ? { ok: true, text: formatted.text.replace(/at least 1000\b/, "at least 999") } : formatted;
  };
  expect(found({ format })).toContain("formatViolation: the meaning changed");
});

test("finds a compiler that gives a bundle beside an error", () => {
  const sound = ourSubject.compile([{ name: "a.maint", text: sources.find((text) => !text.includes("BAD")) ?? "" }]);
  const always: Subject["compile"] = (files, options) => ({
    ...ourSubject.compile(files, options),
    contracts: sound.contracts,
  });
  expect(sound.contracts.length).toBeGreaterThan(0);
  expect(found({ compile: always })).toContain("compileViolation: a file with an error gave a bundle");
});

test("finds a call that takes too long, by the clock it is given", () => {
  let now = 0;
  const parse: Subject["parse"] = (text, limits) => {
    if (text.includes("\0")) now += 1001;
    return ourSubject.parse(text, limits);
  };
  expect(found({ parse }, () => now)).toContain("parseViolation took 1001 ms");
});

test("finds a call that never comes back, and ends", async () => {
  const reports = await fuzzInWorkers({ seed: 3, end: 40, compileEvery: 0, limitMs: 250, workers: 2, hangsAt: 7 });
  const hangs = reports.flatMap(({ findings }) => findings).filter(({ what }) => what.startsWith("hangs"));
  expect(hangs).toEqual([{ index: 7, what: "hangs: not back after 250 ms" }]);
});
