import { describe, expect, test } from "vitest";
import { openRefusalBook, type Refusal } from "../../src/hub/session/refusal-book.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";
import { MAX_REFUSALS_NAMED, MAX_REFUSED_SHOWN, REFUSALS_SUMMED_MS } from "../../src/model/limits.ts";

function openBook() {
  let atMs = 0;
  const entries: LedgerRecord[] = [];
  const append = async (records: readonly LedgerRecord[]): Promise<void> => void entries.push(...records);
  const book = openRefusalBook({ hubId: "hub-1", append, monotonicMs: () => atMs });
  const pass = (ms: number): void => {
    atMs += ms;
  };
  return { book, entries, pass };
}

const refused = (node: string, address = "10.0.0.9"): Refusal => ({
  ...{ action: "refused", node, details: "unknown node or wrong key", address },
});

/** How many refusals the ledger says there were: an entry without a count is one. */
const countIn = (entries: readonly LedgerRecord[]): number =>
  entries.reduce((sum, { metadata }) => sum + Number((metadata as { readonly count?: number }).count ?? 1), 0);

const FLOOD = 10_000;

describe("refusals in the hub's ledger", () => {
  test("the first is an entry, what follows for the same reason is one sum a minute", async () => {
    const { book, entries, pass } = openBook();
    expect(await book.note(refused("LP-01"))).toBe("news");
    expect(await book.note(refused("LP-01", "10.0.0.7"))).toBe("counted");
    expect(await book.note(refused("LP-01"))).toBe("counted");
    await book.flush();
    expect(entries).toMatchObject([{ action: "refused", target: "LP-01", metadata: { address: "10.0.0.9" } }]);
    pass(REFUSALS_SUMMED_MS);
    await book.flush();
    expect(entries.slice(1)).toMatchObject([
      {
        ...{ action: "refused", target: "LP-01", details: "unknown node or wrong key: 2 more times within a minute" },
        metadata: { count: 2, nodes: ["LP-01"], addresses: ["10.0.0.7", "10.0.0.9"] },
      },
    ]);
    expect(await book.note(refused("LP-01"))).toBe("news");
    expect(countIn(entries)).toBe(4);
  });

  test("another reason, and another node, have entries of their own", async () => {
    const { book, entries } = openBook();
    await book.note(refused("LP-01"));
    await book.note({ ...refused("LP-01"), details: "this node's key was revoked" });
    await book.note(refused("LP-02"));
    expect(entries.map(({ target }) => target)).toEqual(["LP-01", "LP-01", "LP-02"]);
  });

  test.each([
    { what: "under one name", nodeOf: () => "LP-01", most: 2 },
    { what: "under as many names", nodeOf: (index: number) => `LP-${index}`, most: MAX_REFUSALS_NAMED + 1 },
  ])("a flood of 10,000 $what writes few entries, and loses none of the count", async ({ nodeOf, most }) => {
    const { book, entries } = openBook();
    await Promise.all(Array.from({ length: FLOOD }, (_, index) => book.note(refused(nodeOf(index)))));
    await book.close();
    expect(entries.length).toBeLessThanOrEqual(most);
    expect(countIn(entries)).toBe(FLOOD);
    const shown = entries.map(({ metadata }) => (metadata as { readonly nodes?: readonly string[] }).nodes ?? []);
    expect(Math.max(...shown.map(({ length }) => length))).toBeLessThanOrEqual(MAX_REFUSED_SHOWN);
    await book.close();
    expect(countIn(entries)).toBe(FLOOD);
  });

  test("a flood that goes on writes as little in every minute, and whoever comes in the next one is named", async () => {
    const { book, entries, pass } = openBook();
    for (let minute = 0; minute < 3; minute += 1) {
      for (let index = 0; index < FLOOD / 10; index += 1) await book.note(refused(`X-${index}`));
      pass(REFUSALS_SUMMED_MS);
      await book.flush();
    }
    expect(entries.length).toBe(3 * (MAX_REFUSALS_NAMED + 1));
    expect(countIn(entries)).toBe((3 * FLOOD) / 10);
    expect(await book.note(refused("LP-01"))).toBe("news");
  });

  test("a minute that nobody flushed is written before the next entry of the same", async () => {
    const { book, entries, pass } = openBook();
    await book.note(refused("LP-01"));
    await book.note(refused("LP-01"));
    pass(REFUSALS_SUMMED_MS);
    expect(await book.note(refused("LP-01"))).toBe("news");
    expect(entries.map(({ metadata }) => metadata)).toMatchObject([{ address: "10.0.0.9" }, { count: 1 }, {}]);
  });
});
