import { expect, test } from "vitest";
import { makeSigningKey, verifyHex } from "../../../src/disk/key-file.ts";
import { proofsOf, unpackLines } from "../../../src/hub/reports/node-proof.ts";
import { fromBase64 } from "../../../src/ledger/base64.ts";
import { checkpointKey, openCheckpoint, originOf } from "../../../src/ledger/checkpoint.ts";
import { leafHash } from "../../../src/ledger/merkle.ts";
import { verifyInclusion } from "../../../src/ledger/proof.ts";
import { parseHashes } from "../../../src/ledger/proof-text.ts";
import { archiveBench } from "../archive/archive-fixture.ts";
import { batchOf, checkpointOf, cut, ledgerOf, plainRecord, type WrittenLedger } from "../archive/written-ledger.ts";

const key = makeSigningKey();
const plain = (count: number, from = 0) => Array.from({ length: count }, (_, index) => plainRecord(from + index));
const signedBatch = (ledger: WrittenLedger) => ({ ...batchOf(ledger, 0), checkpoint: checkpointOf(ledger, key) });

test("in a ledger that forked, and of which the beginning is gone, every cited entry leads to its own strand's signed root", async () => {
  const { archive } = archiveBench();
  const first = ledgerOf("LP-1", plain(21));
  const second = ledgerOf("LP-1", plain(14, 50), cut(first, 9));
  archive().append([signedBatch(first)]);
  archive().forgive("LP-1");
  archive().append([signedBatch(second)]);
  archive().append([signedBatch(second)]);
  const cited = async () => {
    const ports = { archive: archive(), nodes: { keyOf: async () => undefined } };
    const { proofs, facts } = await proofsOf(ports, ["LP-1"], [...archive().entries()]);
    return proofs.map(({ strand, entries, inclusion }) => {
      const fact = facts.find((one) => one.strand === strand);
      const opened = openCheckpoint(
        fact?.checkpoint ?? "",
        originOf("LP-1"),
        [checkpointKey("LP-1", key.publicHex)],
        verifyHex,
      );
      if (!opened.ok) expect.fail(opened.error);
      const { size, root } = opened.value;
      expect(fromBase64(fact?.root ?? "")).toEqual(root);
      const ways = unpackLines(inclusion);
      const proven = unpackLines(entries).map((line, index) => {
        const { seq } = JSON.parse(line) as { readonly seq: number };
        const proof = parseHashes((ways[index] ?? "").split(" ")) ?? [];
        const held = verifyInclusion({ index: seq, size, leaf: leafHash(Buffer.from(line)), root, proof });
        return held.ok ? seq : held.error;
      });
      return `${strand}: ${proven.join(" ")}`;
    });
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index).join(" ");
  expect(await cited()).toEqual([`0: ${range(0, 21)}`, `1: ${range(9, 23)}`]);
  archive().retain({ node: "LP-1", days: null, entries: 8 });
  await archive().removeExpired(0, async () => undefined);
  expect(await cited()).toEqual([`0: ${range(13, 21)}`, `1: ${range(15, 23)}`]);
});
