import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeSigningKey, signHex } from "../../../src/disk/key-file.ts";
import { checkpointKey } from "../../../src/ledger/checkpoint.ts";
import { EMPTY_HEAD, nextEntry } from "../../../src/ledger/index.ts";
import { verifierKeyText } from "../../../src/ledger/note.ts";
import { digestFacts, receiptBytes, receiptOf } from "../../../src/ledger/receipt.ts";
import { gateWith, now, request } from "../../runtime/gate-fixture.ts";
import { oneCommand } from "../one-command.ts";

const key = makeSigningKey();
const keyText = (node: string, publicHex = key.publicHex): string => verifierKeyText(checkpointKey(node, publicHex));
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "receipt-"));
  file = join(folder, "part-7.receipt.json");
  const { decision } = gateWith({}).gate.check(request);
  const metadata = { decision, part: "P-7", facts: digestFacts({ plantZone: "America/Chicago" }).facts };
  const said = { action: "allowed", target: "T1", details: "test T1 allowed", user_id: "STF-1", smart_id: null };
  const { entry } = nextEntry(EMPTY_HEAD, { action_type: "gate_decision", ...said, metadata }, now, "wall");
  const receipt = receiptOf(entry, key, "NODE-1");
  if (!receipt.ok) throw new Error(receipt.error);
  writeFileSync(file, JSON.stringify({ receipt: receipt.value, signature: signHex(key, receiptBytes(receipt.value)) }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const rows: readonly (readonly [what: string, given: () => string, code: number, said: string])[] = [
  ["hex digits", () => key.publicHex, 0, "HOLDS"],
  ["what `maint ledger key` prints", () => keyText("NODE-1"), 0, "HOLDS"],
  ["the same key under another node's name", () => keyText("LP-2"), 2, "that of LP-2/maint-ledger, not of NODE-1/"],
  ["another key", () => keyText("NODE-1", makeSigningKey().publicHex), 1, "key-not-trusted"],
  ["a damaged one", () => keyText("NODE-1").replace("NODE-1", "NODE-3"), 2, "is no Ed25519 public key of a node"],
  ["no key", () => "nonsense", 2, "is no Ed25519 public key of a node"],
];
test.each(rows)("verify by %s", async (_what, given, code, said) => {
  const answer = await oneCommand("receipt", "verify", file, "--key", given());
  expect({ code: answer.code, said: `${answer.out}${answer.err}` }).toEqual({
    code,
    said: expect.stringContaining(said),
  });
});
