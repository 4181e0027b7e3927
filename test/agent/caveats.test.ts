import { expect, test } from "vitest";
import { type CaveatSources, caveatsOf } from "../../src/agent/caveats.ts";
import { printUtc } from "../../src/base/civil-time.ts";

const NOW_MS = Date.parse("2026-11-24T08:00:00Z");
const HOUR_MS = 3_600_000;
const release = (contract: string, offline: "accept" | "strict", mode: "enforce" | "shadow" = "enforce") => ({
  ...{ contract, offline, mode },
});
const said = (change: Partial<CaveatSources>, contracts = [release("UV-DAILY", "accept")], freshForMs = HOUR_MS) =>
  caveatsOf({
    set: { freshUntilMs: NOW_MS + freshForMs, contracts },
    now: { nowMs: NOW_MS, source: "attested" },
    ...{ hub: "connected", print: printUtc, ...change },
  }).map(({ word, text }) => `${word}: ${text}`);
const wall = { nowMs: NOW_MS, source: "wall" } as const;

const rows: readonly (readonly [what: string, said: () => readonly string[], words: readonly RegExp[]])[] = [
  ["nothing where the hub answers and vouches", () => said({}), []],
  ["nothing where there is no set: the verdict says so", () => said({ set: null, hub: "away", now: wall }), []],
  ["a hub that is away", () => said({ hub: "away" }), [/^OFFLINE: The hub does not answer.* until 2026-11-24T09:00/]],
  ["no hub at all", () => said({ hub: "none" }), [/^OFFLINE: This station runs without a hub/]],
  [
    "a hub that is away for longer than it vouched",
    () => said({ hub: "away" }, undefined, -1),
    [/^OFFLINE: .*contracts it keeps\.$/, /^NOT VOUCHED FOR: .* since 2026-11-24T07:59:59/],
  ],
  ["a hub that answers and vouches no more", () => said({}, undefined, -1), [/^NOT VOUCHED FOR: /]],
  ["not yet at the very instant", () => said({}, undefined, 0), []],
  ["a clock that nobody signed", () => said({ now: wall }), [/^TIME NOT SIGNED: .*this computer's clock\.$/]],
  [
    "the same under contracts that are strict about it",
    () =>
      said({ now: wall }, [
        release("A", "strict"),
        release("B", "accept"),
        release("C", "strict"),
        release("D", "strict", "shadow"),
      ]),
    [/^TIME NOT SIGNED: .*: A, C block whatever rests on it until the hub answers\.$/],
  ],
];
test.each(rows)("a person at the station is told of %s", (_what, words, patterns) => {
  const found = words();
  expect(found).toHaveLength(patterns.length);
  for (const [index, pattern] of patterns.entries()) expect(found[index]).toMatch(pattern);
});
