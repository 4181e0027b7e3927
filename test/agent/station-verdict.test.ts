import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { root } from "../tidy/source-files.ts";

interface Asked {
  readonly decision: unknown;
  readonly ageMs: number;
  readonly refusal: string | null;
}

// The page's own files are JavaScript for browsers; these functions of theirs touch no document.
const load = (file: string): Promise<unknown> =>
  import(pathToFileURL(join(root, "src/agent/station-page", file)).href) as Promise<unknown>;
const { verdictOf } = (await load("verdict.js")) as {
  readonly verdictOf: (asked: Asked) => { readonly state: string; readonly word: string; readonly note: string };
};
const { byPlantClock } = (await load("elements.js")) as {
  readonly byPlantClock: (instant: string, like: string) => string;
};

const at = "2026-11-24T09:00:12.345-06:00";
const allowed = { allow: true, reasons: [], warnings: [], at };
const warned = { ...allowed, warnings: ["calibration.due-soon:Meter-1"] };
const blocked = { ...allowed, allow: false, reasons: ["reading.missing:uv", "ack.missing:x"] };

const cases: readonly (readonly [string, Asked, string, string])[] = [
  ["a fresh answer that allows", { decision: allowed, ageMs: 15_000, refusal: null }, "MAY START", "in order"],
  ["one with a warning", { decision: warned, ageMs: 0, refusal: null }, "MAY START", "With 1 warning."],
  ["a fresh answer that blocks", { decision: blocked, ageMs: 0, refusal: null }, "BLOCKED", "2 reasons"],
  ["an old answer", { decision: allowed, ageMs: 15_001, refusal: null }, "NOT CURRENT", "was said at 09:00:12"],
  ["none yet", { decision: null, ageMs: 0, refusal: null }, "ASKING", ""],
  ["a refusal, whatever was said before", { decision: allowed, ageMs: 0, refusal: "gone" }, "BLOCKED", "gone"],
  [
    "an answer that is no clear yes",
    { decision: { ...allowed, allow: "true" }, ageMs: 0, refusal: null },
    "BLOCKED",
    "",
  ],
];

test.each(cases)("%s", (_, asked, word, note) => {
  const verdict = verdictOf(asked);
  expect(verdict.word).toBe(word);
  expect(verdict.note).toContain(note);
});

test("no two of the verdicts share a state that looks the same", () => {
  const states = cases.map(([, asked]) => verdictOf(asked)).map(({ state, word }) => `${state} ${word}`);
  expect([...new Set(states)].sort()).toEqual([
    "allowed MAY START",
    "asking ASKING",
    "blocked BLOCKED",
    "old NOT CURRENT",
  ]);
});

test("an answer in UTC is shown by the plant's clock, any other as it is", () => {
  expect(byPlantClock("2026-11-24T03:30:00.000Z", at)).toBe("2026-11-23T21:30:00.000-06:00");
  expect(byPlantClock("2026-11-24T20:00:00.000Z", "2026-11-24T01:00:00.000+05:45")).toBe(
    "2026-11-25T01:45:00.000+05:45",
  );
  expect(byPlantClock(at, "2026-11-24T01:00:00.000+05:45")).toBe(at);
  expect(byPlantClock("2026-11-24T03:30:00.000Z", "2026-11-24T03:30:00.000Z")).toBe("2026-11-24T03:30:00.000Z");
});
