import { describe, expect, test } from "vitest";
import { makeSigningKey, verifyHex } from "../../src/disk/key-file.ts";
import { type LedgerDesk, openLedgerDesk } from "../../src/disk/ledger-desk.ts";
import { parseLedgerQuery } from "../../src/disk/ledger-questions.ts";
import { fromBase64 } from "../../src/ledger/base64.ts";
import { openCheckpoint, originOf } from "../../src/ledger/checkpoint.ts";
import { leafHash } from "../../src/ledger/merkle.ts";
import { parseVerifierKey } from "../../src/ledger/note.ts";
import { verifyConsistency, verifyInclusion } from "../../src/ledger/proof.ts";
import { parseHashes } from "../../src/ledger/proof-text.ts";
import { LEDGER_READ_QUIET_MS, MAX_REMEMBERED_READS } from "../../src/model/limits.ts";
import { fillLedger, newLedgerPath, openTestLedger } from "./ledger-fixture.ts";

const key = makeSigningKey();
const bytes = (text: string): Uint8Array => fromBase64(text) ?? expect.fail(`${text} is no base64`);

function openDesk(size: number) {
  const ledger = openTestLedger(newLedgerPath(), key);
  fillLedger(ledger, size);
  let nowMs = 1_795_000_000_000;
  const desk = openLedgerDesk(ledger, key, () => nowMs);
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  const reads = () => ledger.list({ actionType: "ledger_read", limit: 10_000 });
  return { ledger, desk, pass, reads };
}

describe("who reads is written down", () => {
  test("with who, how, and by what filter, before the answer", () => {
    const { desk, reads } = openDesk(20);
    const listed = desk.list({ userId: "QA-1", limit: 2, fromMs: 0 }, "AUD-1");
    expect(listed).toMatchObject({ owner: "hub-1", size: 20, entries: [{ seq: 0 }, { seq: 5 }], next: 6 });
    expect(reads()).toMatchObject([
      {
        ...{ action_type: "ledger_read", action: "listed", user_id: "AUD-1", target: "hub-1" },
        details: "AUD-1 reads entries from 0 on, by QA-1, since 1970-01-01T00:00:00.000Z",
        metadata: { filter: { userId: "QA-1", fromMs: 0, newestFirst: false } },
      },
    ]);
    desk.entry(3, "AUD-1");
    desk.inclusion(4, undefined, "AUD-1");
    expect(reads().map(({ action, details }) => [action, details])).toEqual([
      ["listed", expect.stringContaining("by QA-1")],
      ["shown", "AUD-1 reads entry 3"],
      ["proved", "AUD-1 takes entry 4 with its proof"],
    ]);
  });

  /** Asks for page after page, as a program that knows nothing of `size` and `next` would. */
  const readToTheEnd = (desk: LedgerDesk, pause: () => void = () => undefined): number => {
    for (let from = 0, pages = 1; ; pages += 1) {
      const { entries } = desk.list({ from, limit: 10 }, "AUD-1");
      const last = entries.at(-1);
      if (last === undefined || pages > 60) return pages;
      from = last.seq + 1;
      pause();
    }
  };

  test("reading to the end comes to an end, and is one entry", () => {
    const { desk, reads } = openDesk(95);
    expect(readToTheEnd(desk)).toBe(11);
    expect(reads()).toHaveLength(1);
  });

  test("control: were each page an entry of its own, the end would never come", () => {
    const { desk, pass } = openDesk(95);
    expect(readToTheEnd(desk, () => pass(LEDGER_READ_QUIET_MS))).toBe(61);
  });

  test("another person, another filter, an earlier place and a later hour are readings of their own", () => {
    const { desk, pass, reads } = openDesk(50);
    desk.list({ from: 10 }, "AUD-1");
    desk.list({ from: 20 }, "AUD-1");
    expect(reads()).toHaveLength(1);
    desk.list({ from: 5 }, "AUD-1");
    desk.list({ from: 10 }, "AUD-2");
    desk.list({ from: 10, target: "thing-1" }, "AUD-1");
    expect(reads()).toHaveLength(4);
    desk.list({ newestFirst: true, to: 40 }, "AUD-1");
    desk.list({ newestFirst: true, to: 30 }, "AUD-1");
    expect(reads()).toHaveLength(5);
    desk.list({ newestFirst: true }, "AUD-1");
    expect(reads()).toHaveLength(6);
    pass(LEDGER_READ_QUIET_MS);
    desk.list({ from: 20 }, "AUD-1");
    expect(reads()).toHaveLength(7);
  });

  test("hashes alone are nobody's secret: checkpoints and consistency leave no entry", async () => {
    const { desk, ledger, reads } = openDesk(50);
    desk.checkpoint();
    desk.consistency(3, undefined);
    expect(reads()).toEqual([]);
    expect(ledger.head().size).toBe(50);
    const [first, second] = await Promise.all([desk.verify("AUD-1"), desk.verify("AUD-1")]);
    expect(first).toBe(second);
    expect(first).toMatchObject({ finding: null });
    expect(reads()).toMatchObject([{ action: "verified" }]);
  });

  test("what is remembered of readings is bounded", () => {
    const { desk, reads } = openDesk(MAX_REMEMBERED_READS + 5);
    for (let seq = 0; seq <= MAX_REMEMBERED_READS; seq += 1) desk.entry(seq, "AUD-1");
    desk.entry(MAX_REMEMBERED_READS, "AUD-1");
    expect(reads()).toHaveLength(MAX_REMEMBERED_READS + 1);
    desk.entry(0, "AUD-1");
    expect(reads()).toHaveLength(MAX_REMEMBERED_READS + 2);
  });
});

describe("what is answered can be verified", () => {
  test("a proof leads to the signed root, and so does the growth from a root seen before", () => {
    const { desk, ledger } = openDesk(700);
    const before = desk.checkpoint();
    const { value: owner } = parseVerifierKey(before.key ?? "") as {
      value: Parameters<typeof openCheckpoint>[2][number];
    };
    const open = (note: string | null) => {
      const opened = openCheckpoint(note ?? "", originOf("hub-1"), [owner], verifyHex);
      return opened.ok ? opened.value : expect.fail(opened.error);
    };
    const old = open(before.checkpoint);
    expect(old.size).toBe(700);
    fillLedger(ledger, 900);
    const grown = desk.consistency(700, undefined);
    const now = open(grown.checkpoint);
    expect(now.size).toBe(900);
    const hashes = (texts: readonly string[]) => parseHashes(texts) ?? expect.fail("no hashes");
    const claim = { fromSize: 700, toSize: 900, fromRoot: old.root, toRoot: now.root, proof: hashes(grown.proof) };
    expect(verifyConsistency(claim).ok).toBe(true);
    const proved = desk.inclusion(123, undefined, "AUD-1");
    const at = open(proved.checkpoint);
    const inclusion = {
      index: 123,
      size: at.size,
      leaf: leafHash(bytes(proved.entry)),
      root: at.root,
      proof: hashes(proved.proof),
    };
    expect(verifyInclusion(inclusion).ok).toBe(true);
    expect(desk.inclusion(123, 500, "AUD-1")).toMatchObject({ size: 500, checkpoint: null });
  });

  test("what cannot be is refused by name", () => {
    const { desk } = openDesk(10);
    expect(() => desk.entry(10, "AUD-1")).toThrow(/has no entry 10/);
    expect(() => desk.inclusion(3, 3, "AUD-1")).toThrow(/not among the first 3/);
    expect(() => desk.inclusion(3, 11, "AUD-1")).toThrow(/has 1\d entries, not/);
    expect(() => desk.consistency(0, 3)).toThrow(/nothing is proved from 0/);
    expect(() => desk.consistency(4, 3)).toThrow(/nothing is proved from 4/);
    const asked = (text: string) => () => parseLedgerQuery(new URLSearchParams(text));
    for (const text of [
      "who=me",
      "type=nonsense",
      "newest=yes",
      "limit=0",
      "limit=10001",
      "from=-1",
      "from=1e3",
      "to=07",
      "since=yesterday",
    ])
      expect(asked(text), text).toThrow(expect.objectContaining({ code: "MAINT_ERR_LEDGER_QUERY" }));
    expect(
      asked(
        "from=3&to=9&limit=7&newest=1&type=person&action=added&target=STF-1&contract=UV&by=A&since=2026-11-24T00:00:00Z&until=2026-11-25T00:00:00.500Z",
      )(),
    ).toEqual({
      ...{ from: 3, to: 9, limit: 7, newestFirst: true, actionType: "person", action: "added", target: "STF-1" },
      ...{ smartId: "UV", userId: "A", fromMs: Date.UTC(2026, 10, 24), toMs: Date.UTC(2026, 10, 25) + 500 },
    });
  });
});
