import { describe, expect, test } from "vitest";
import { makeSigningKey } from "../../../src/disk/key-file.ts";
import { openDatabase } from "../../../src/disk/sqlite.ts";
import type { ArchiveFile, LogAnswer, LogBatch } from "../../../src/hub/archive/archive-file.ts";
import type { Strand } from "../../../src/hub/archive/archived-strand.ts";
import { EMPTY_HEAD } from "../../../src/ledger/entry.ts";
import { archiveBench } from "./archive-fixture.ts";
import { batchOf, checkpointOf, cut, ledgerOf, plainRecord, type WrittenLedger } from "./written-ledger.ts";

const key = makeSigningKey();
const take = (archive: ArchiveFile, batch: LogBatch) => archive.append([batch])[0] as LogAnswer;
const plain = (count: number, from = 0) => Array.from({ length: count }, (_, index) => plainRecord(from + index));
/** A batch up to `upTo`, with what the node signed behind it. */
const signedBatch = (ledger: WrittenLedger, from: number, upTo: number, by = key): LogBatch => ({
  ...batchOf(ledger, from, upTo),
  checkpoint: checkpointOf(ledger, by, upTo),
});
const strandOf = (archive: ArchiveFile): Strand => archive.strands().at(-1) as Strand;
const checks = (archive: ArchiveFile, publicHex?: string) =>
  archive.verify("LP-1", publicHex).strands.map(({ signed, finding }) => ({ signed: signed?.size ?? null, finding }));

describe("what a node signs of its ledger travels to the archive", () => {
  const whole = ledgerOf("LP-1", plain(9));
  const other = ledgerOf("LP-1", plain(6, 50), cut(whole, 3));

  test("the latest is kept, across a restart, and the archived entries lead to its root", () => {
    const { archive, reopen } = archiveBench();
    expect(take(archive(), signedBatch(whole, 0, 4))).toEqual({ kind: "stored", size: 4 });
    take(reopen(), signedBatch(whole, 4, 7));
    take(archive(), batchOf(whole, 7, 9));
    expect(archive().checkpoints(strandOf(archive()))).toEqual([{ size: 7, ...checkpointOf(whole, key, 7) }]);
    expect(checks(archive(), key.publicHex)).toEqual([{ signed: 7, finding: null }]);
  });

  test("a batch that comes again, and one without a signature, change nothing of it", () => {
    const { archive } = archiveBench();
    take(archive(), signedBatch(whole, 0, 6));
    expect(take(archive(), signedBatch(whole, 0, 4))).toEqual({ kind: "stored", size: 6 });
    expect(take(archive(), batchOf(whole, 6, 9))).toEqual({ kind: "stored", size: 9 });
    expect(checks(archive())).toEqual([{ signed: 6, finding: null }]);
  });

  const refused: readonly (readonly [what: string, batch: LogBatch, answer: object])[] = [
    [
      "of another key than the node came with",
      {
        ...batchOf(whole, 4, 6),
        checkpoint: { ...checkpointOf(whole, makeSigningKey(), 6), publicHex: key.publicHex },
      },
      { kind: "unreadable", size: 4, fault: expect.stringContaining("its checkpoint does not hold: no known key") },
    ],
    [
      "of another node",
      { ...batchOf(whole, 4, 6), checkpoint: checkpointOf({ ...whole, node: "LP-2" }, key, 6) },
      { kind: "unreadable", size: 4, fault: expect.stringContaining("its checkpoint does not hold") },
    ],
    [
      "of another size",
      { ...batchOf(whole, 4, 6), checkpoint: checkpointOf(whole, key, 7) },
      { kind: "unreadable", size: 4, fault: "its checkpoint is of 7 entries, and the batch ends at 6" },
    ],
    [
      "that is text",
      { ...batchOf(whole, 4, 6), checkpoint: { note: "nothing", publicHex: key.publicHex } },
      { kind: "unreadable", size: 4 },
    ],
    [
      "over other entries than those it sends",
      { ...batchOf(whole, 4, 6), checkpoint: checkpointOf(whole, key, 6, other) },
      { kind: "fork", size: 4, fault: "it signed another root of 6 entries than those it sends have" },
    ],
  ];
  test.each(refused)("a checkpoint %s: nothing of the batch is taken", (_what, batch, answer) => {
    const { archive, reopen } = archiveBench();
    take(archive(), signedBatch(whole, 0, 4));
    expect(take(archive(), batch)).toMatchObject(answer);
    expect(reopen().nodes()).toMatchObject([{ size: 4, fault: expect.any(String) }]);
    expect(checks(archive())).toEqual([{ signed: 4, finding: null }]);
  });

  test("a strand that begins where another was left, and one whose beginning went by retention, lead to the root too", async () => {
    const { archive, reopen } = archiveBench();
    take(archive(), signedBatch(whole, 0, 9));
    archive().forgive("LP-1");
    expect(archive().meet("LP-1", { size: 5, hash: EMPTY_HEAD.hash })).toMatchObject({
      kind: "gap",
    });
    take(archive(), signedBatch(other, 0, 2));
    take(reopen(), signedBatch(other, 2, 9));
    expect(checks(archive())).toEqual([
      { signed: 9, finding: null },
      { signed: 9, finding: null },
    ]);
    archive().retain({ node: "LP-1", days: null, entries: 4 });
    await archive().removeExpired(0, async () => undefined);
    expect(
      archive()
        .strands()
        .map(({ firstKept }) => firstKept),
    ).toEqual([5, 5]);
    expect(checks(reopen())).toEqual([
      { signed: 9, finding: null },
      { signed: 9, finding: null },
    ]);
    const longer = ledgerOf("LP-1", plain(2, 90), other);
    expect(take(archive(), signedBatch(longer, 9, 11))).toEqual({ kind: "stored", size: 11 });
    expect(checks(archive()).at(-1)).toEqual({ signed: 11, finding: null });
  });

  test("a hub that makes a history of its own, chain and all, cannot sign it", () => {
    const { archive, reopen, path } = archiveBench();
    take(archive(), signedBatch(whole, 0, 9));
    const { note } = checkpointOf(whole, key, 9);
    const forged = archiveBench();
    // The entries of the other history, chained as they should be, beside the signature over the true one.
    take(forged.archive(), batchOf(other, 0, 9));
    const db = openDatabase(forged.path);
    db.prepare("INSERT INTO node_checkpoint VALUES (1, ?, 9, ?)").run(key.publicHex, note);
    db.close();
    expect(checks(forged.reopen())).toEqual([
      {
        signed: null,
        finding: { seq: 8, fault: "checkpoint-differs", message: expect.stringContaining("node signed") },
      },
    ]);
    expect(checks(reopen(), key.publicHex)).toEqual([{ signed: 9, finding: null }]);
    // By the hub's own file a key of the hub's would do; whoever knows the node's is not taken in.
    const own = makeSigningKey();
    const third = archiveBench();
    take(third.archive(), signedBatch(other, 0, 9, own));
    expect(checks(third.archive())).toEqual([{ signed: 9, finding: null }]);
    expect(checks(third.archive(), key.publicHex)).toMatchObject([
      { signed: null, finding: { fault: "checkpoint-differs" } },
    ]);
    expect(path).not.toBe(third.path);
  });

  test("an archive that lost its end is found by the signature", () => {
    const { archive } = archiveBench();
    take(archive(), batchOf(whole, 0, 6));
    const db = openDatabase(archive().path);
    db.prepare("INSERT INTO node_checkpoint VALUES (1, ?, 9, ?)").run(key.publicHex, checkpointOf(whole, key, 9).note);
    db.close();
    expect(checks(archive())).toMatchObject([
      { signed: null, finding: { fault: "checkpoint-differs", message: expect.stringContaining("ends after 6") } },
    ]);
  });

  test("a file that was written before there were trees gets them", () => {
    const { archive, reopen } = archiveBench();
    take(archive(), batchOf(whole, 0, 6));
    const db = openDatabase(archive().path);
    db.exec("DELETE FROM strand_tree");
    db.close();
    expect(take(reopen(), signedBatch(whole, 6, 9))).toEqual({ kind: "stored", size: 9 });
    expect(checks(archive())).toEqual([{ signed: 9, finding: null }]);
  });
});
