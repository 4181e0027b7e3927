import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadKeyFile, makeSigningKey } from "../../../src/disk/key-file.ts";
import { checkpointKey } from "../../../src/ledger/checkpoint.ts";
import { verifierKeyText } from "../../../src/ledger/note.ts";
import { batchOf, checkpointOf, ledgerOf, plainRecord } from "../../hub/archive/written-ledger.ts";
import { type HubBench, hubBench } from "../../hub/hub-fixture.ts";
import { oneCommand } from "../one-command.ts";

let bench: HubBench;
let file: string;
const nodeKey = makeSigningKey();
beforeAll(async () => {
  bench = await hubBench();
  await bench.enrol("LP-1");
  const ledger = ledgerOf("LP-1", [plainRecord(0), plainRecord(1), plainRecord(2)]);
  bench.hub().services.archive.append([{ ...batchOf(ledger, 0), checkpoint: checkpointOf(ledger, nodeKey) }]);
  file = join(bench.data, "..", "lp-1.html");
  const words = ["--station", "LP-1", "--from", "2026-11-20", "--to", "2026-11-30", "-o", file];
  expect((await oneCommand("report", "audit", ...words, "--data", bench.data, "--keys", bench.keys)).err).toBe("");
});
afterAll(() => bench.close());

const rows: readonly (readonly [what: string, given: () => readonly string[], code: number, said: string])[] = [
  ["no node's key", () => [], 0, "HOLDS"],
  ["the node's key", () => [`LP-1=${nodeKey.publicHex}`], 0, "3 of them to one that the node itself signed"],
  [
    "the same as its ledger names it",
    () => [`LP-1=${verifierKeyText(checkpointKey("LP-1", nodeKey.publicHex))}`],
    0,
    "HOLDS",
  ],
  [
    "another key",
    () => [`LP-1=${makeSigningKey().publicHex}`],
    1,
    "node-signature-invalid: LP-1: its checkpoint does not hold",
  ],
  ["no name", () => [nodeKey.publicHex], 2, "NODE=KEY is needed"],
  ["no key", () => ["LP-1=nonsense"], 2, "is no Ed25519 public key of a node"],
];
test.each(rows)("verify by %s", async (_what, given, code, said) => {
  const { publicHex } = loadKeyFile(join(bench.data, "hub", "key"));
  const keys = given().flatMap((one) => ["--node-key", one]);
  const answer = await oneCommand("report", "verify", file, "--key", publicHex, ...keys);
  expect({ code: answer.code, said: `${answer.out}${answer.err}` }).toEqual({
    code,
    said: expect.stringContaining(said),
  });
});

const hubRows: readonly (readonly [what: string, given: (key: string) => string, code: number, said: string])[] = [
  ["its hex digits", () => loadKeyFile(join(bench.data, "hub", "key")).publicHex, 0, "HOLDS"],
  ["what `maint ledger key` prints", (key) => key, 0, "HOLDS"],
  [
    "the same key under a node's name",
    () => verifierKeyText(checkpointKey("LP-1", loadKeyFile(join(bench.data, "hub", "key")).publicHex)),
    2,
    "the key given is that of LP-1/maint-ledger, not of hub-",
  ],
  ["a node's key", () => verifierKeyText(checkpointKey("LP-1", nodeKey.publicHex)), 1, "key-not-trusted"],
  ["a damaged one", (key) => key.replace(/^hub-/, "hut-"), 2, "is no Ed25519 public key of a hub"],
];
test.each(hubRows)("verify by %s of the hub", async (_what, given, code, said) => {
  const printed = await oneCommand("ledger", "key", "--data", bench.data, "--keys", bench.keys);
  const answer = await oneCommand("report", "verify", file, "--key", given(printed.out.trim()));
  expect({ code: answer.code, said: `${answer.out}${answer.err}` }).toEqual({
    code,
    said: expect.stringContaining(said),
  });
});
