import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { redrawn } from "../../src/cli/redrawn.ts";
import { eventLine, rolloutLines, waveKey } from "../../src/cli/rollout-lines.ts";
import { DEFAULT_POLICY } from "../../src/hub/core/rollout-policy.ts";
import type { RolloutView, WaveView } from "../../src/hub/rollout/rollout-views.ts";

const wave = (change: Partial<WaveView>): WaveView => ({
  ...{ name: "100%", state: "open", nodes: 10, succeeded: 0, failed: 0, forgiven: 0, away: 0, waiting: 10 },
  ...{ proving: 0, scheduled: 0, ...change },
});
const view = (change: Partial<RolloutView>): RolloutView => ({
  ...{ contract: "UV-DAILY", version: "v1.1", status: "running", because: null, policy: DEFAULT_POLICY },
  ...{ startedBy: "QA-1", startedAtMs: 0, wave: 1, waves: [wave({})], soaksUntilMs: null, failures: [], ...change },
});
const failure = (node: string) => ({ node, phase: "rejected", reason: "disk" });

test("a wave says what it waits for: an empty bar alone looks like one that hangs", () => {
  const waves = [
    wave({ name: "1", nodes: 1, succeeded: 1, waiting: 0, state: "passed" }),
    wave({ name: "50%", succeeded: 2, failed: 1, waiting: 7, proving: 3, scheduled: 1 }),
    wave({ name: "rest", state: "closed", away: 4, waiting: 6 }),
  ];
  expect(rolloutLines(view({ waves }), 0)).toEqual([
    "UV-DAILY@v1.1  running",
    "   1  1     [##############################] passed  1 of 1",
    "   2  50%   [######!!!=========------------] open    2 of 10, 1 failed, 3 run it and prove it, 1 waits for its hour",
    "   3  rest  [............------------------] closed  0 of 10, 4 away",
  ]);
});

const endings: readonly (readonly [RolloutView["status"], RegExp])[] = [
  ["held", /to do: maint rollout start UV-DAILY@v1.1/],
  ["paused", /to do: maint rollout resume UV-DAILY@v1.1 --reason "…" .* abort --revert/],
  ["reverted", /to do: mend what failed .*maint rollout start UV-DAILY@v1.1\), or store a better version/],
];
test.each(endings)("%s says what to do", (status, says) =>
  expect(rolloutLines(view({ status }), 0).join("\n")).toMatch(says),
);

test("failures are named up to eight, and where the others are", () => {
  const failures = Array.from({ length: 20 }, (_, index) => failure(`LP-${index}`));
  const lines = rolloutLines(view({ failures }), 0);
  expect(lines.filter((line) => line.includes("failed: "))).toHaveLength(8);
  expect(lines.slice(-2)).toEqual([
    "  and 12 more: maint rollout show UV-DAILY@v1.1 --json",
    "  more of a node: maint why-not LP-0",
  ]);
});

test("one node more among ten thousand is no news, one failure is", () => {
  const floor = wave({ nodes: 10_000, succeeded: 5_000, waiting: 5_000 });
  expect(waveKey(wave({ ...floor, succeeded: 5_001, waiting: 4_999 }))).toBe(waveKey(floor));
  expect(waveKey(wave({ ...floor, succeeded: 6_000, waiting: 4_000 }))).not.toBe(waveKey(floor));
  expect(waveKey(wave({ ...floor, failed: 1, waiting: 4_999 }))).not.toBe(waveKey(floor));
});

test("an event says which wave, and who gave it why", () => {
  const waves = [wave({ name: "node:LP-01" })];
  expect(eventLine({ kind: "wave-opened", wave: 0, atMs: 0 }, waves)).toMatch(/wave-opened {2}1 node:LP-01$/);
  expect(eventLine({ kind: "paused", by: "QA-1", reason: "lunch", atMs: 0 }, waves)).toMatch(
    /paused {2}by QA-1: lunch$/,
  );
});

const ESCAPE = "\u001b";
const CODES = new RegExp(`${ESCAPE}\\[(\\d*)([AJK])|\\r|\\n|([^${ESCAPE}\\r\\n]|${ESCAPE}\\[\\d+m)+`, "g");

/** A terminal of rows and columns that knows the few codes that are used, and scrolls nothing. */
function screen(columns: number, rows: number) {
  const shown: string[] = [];
  let at = 0;
  let writes = 0;
  const write = (text: string): void => {
    writes += 1;
    const parts = text.matchAll(CODES);
    for (const [whole, count, code] of parts) {
      if (code === "A") at -= Number(count);
      else if (code === "J") shown.length = at;
      else if (code === "K") shown[at] = "";
      else if (whole === "\n") at += 1;
      else if (whole !== "\r") shown[at] = whole;
    }
    expect(at).toBeGreaterThanOrEqual(0);
  };
  return { columns, rows, write, shown, writes: () => writes };
}

test("a picture is drawn over, shrinks without a rest, and is written only when it changed", () => {
  const terminal = screen(80, 24);
  const draw = redrawn(terminal);
  draw(["head", "one", "two"]);
  draw(["head", "one", "two"]);
  expect(terminal.writes()).toBe(1);
  draw(["head", "ONE", "two"]);
  expect(terminal.shown).toEqual(["head", "ONE", "two"]);
  draw(["end"]);
  expect(terminal.shown).toEqual(["end"]);
});

test("what would wrap or scroll away is left out, so that drawing over it holds", () => {
  const terminal = screen(30, 6);
  const draw = redrawn(terminal);
  const lines = Array.from({ length: 12 }, (_, index) => `\u001b[1mwave ${index} ${"#".repeat(60)}\u001b[22m`);
  draw(lines);
  expect(terminal.shown).toHaveLength(5);
  expect(terminal.shown.at(-1)).toBe("  … 8 more lines");
  draw(lines, true);
  expect(terminal.shown).toHaveLength(12);
  const unsized = screen(0, 0);
  redrawn(unsized)(lines);
  expect(unsized.shown).toHaveLength(12);
  for (const line of unsized.shown) expect(stripVTControlCharacters(line).length).toBeLessThan(80);
  draw(lines);
  for (const line of terminal.shown.slice(0, 5)) expect(stripVTControlCharacters(line).length).toBeLessThan(30);
});
