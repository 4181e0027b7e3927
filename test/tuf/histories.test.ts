import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { caught, type History, historyOf, type Judged, runHistory } from "./histories.ts";
import { openStaticServer, type StaticServer } from "./judges.ts";
import { planted } from "./planted.ts";

const SEED = 1;
const COUNT = 200;
const judged: { readonly history: History; readonly steps: readonly Judged[] }[] = [];
const differences: string[] = [];
const words = new Set<string>();
let accepted = 0;

let server: StaticServer;
beforeAll(async () => {
  server = await openStaticServer();
  for (let index = 0; index < COUNT; index++) {
    const history = historyOf(SEED, index);
    const outcome = await runHistory(history, server);
    differences.push(...outcome.differences);
    accepted += outcome.accepted;
    for (const word of outcome.refused.keys()) words.add(word);
    judged.push({ history, steps: outcome.judged });
  }
}, 120_000);
afterAll(() => server.close());

test(`${COUNT} hostile histories: a node and an unmodified updater say the same`, () => {
  expect(differences).toEqual([]);
  expect(judged.length).toBe(COUNT);
  expect(accepted).toBeGreaterThan(COUNT);
});

test("the histories come to every word that metadata can be refused with", () => {
  const all = ["signature-missing", "signature-invalid", "threshold", "version-regression", "content-mismatch"];
  expect([...words]).toEqual(
    expect.arrayContaining([...all, "expired", "metadata-mismatch", "digest-mismatch", "format-unsupported"]),
  );
});

test("the same seed gives the same history", () => {
  const names = (history: History) => history.steps.map(({ acts, served }) => [acts, [...served.keys()]]);
  expect(names(historyOf(SEED, 3))).toEqual(names(historyOf(SEED, 3)));
});

describe("a planted mistake is found", () => {
  test.each(Object.entries(planted))("%s", (_bug, verifier) => {
    expect(judged.some(({ history, steps }) => caught(history, steps, verifier))).toBe(true);
  });
});
