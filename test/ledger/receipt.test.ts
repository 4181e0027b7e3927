import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { keyIdOf, makeSigningKey, signHex, verifyHex } from "../../src/disk/key-file.ts";
import { toBase64 } from "../../src/ledger/base64.ts";
import { originOf, signCheckpoint } from "../../src/ledger/checkpoint.ts";
import { EMPTY_HEAD, entryBytes, entryHash, type LedgerHead, nextEntry } from "../../src/ledger/index.ts";
import { leafHash, rootAt } from "../../src/ledger/merkle.ts";
import { inclusionProof } from "../../src/ledger/proof.ts";
import {
  digestFacts,
  type Receipt,
  type ReceiptInclusion,
  type ReceiptTrust,
  receiptBytes,
  receiptOf,
  type SignedReceipt,
  verifyReceipt,
} from "../../src/ledger/receipt.ts";
import type { LedgerEntry } from "../../src/model/ledger-entry.ts";
import { gateWith, now, request } from "../runtime/gate-fixture.ts";
import { treeOf } from "./read-tree.ts";

const key = makeSigningKey();
const snapshot = { plantZone: "America/Chicago", readings: { uv: { value: 1500 } }, absent: undefined };
const { decision } = gateWith({}).gate.check(request);

function entryOf(head: LedgerHead, change: object = {}): LedgerEntry {
  const record = {
    ...{ action_type: "gate_decision" as const, action: "allowed", target: "T1", details: "test T1 allowed" },
    ...{ user_id: "STF-1", smart_id: null },
    metadata: { decision, part: "P-7", facts: digestFacts(snapshot).facts, ...change },
  };
  return nextEntry(head, record, now, "wall").entry;
}

const entry = entryOf(EMPTY_HEAD);

function sign(receipt: Receipt, by = key): SignedReceipt {
  return { receipt, signature: signHex(by, receiptBytes(receipt)) };
}

function good(): SignedReceipt {
  const receipt = receiptOf(entry, key, "NODE-1");
  if (!receipt.ok) throw new Error(receipt.error);
  return JSON.parse(JSON.stringify(sign(receipt.value))) as SignedReceipt;
}

const trust: ReceiptTrust = { verify: verifyHex, keyIdOf, publicHex: key.publicHex };
const faultOf = (value: unknown, more: Partial<ReceiptTrust> = {}): string => {
  const checked = verifyReceipt(value, { ...trust, ...more });
  return checked.ok ? "holds" : checked.error.fault;
};

test("a receipt holds with the node's public key alone, and in its ledger", () => {
  expect(faultOf(good())).toBe("holds");
  expect(faultOf(good(), { entryAt: () => entry })).toBe("holds");
  const { receipt } = good();
  expect(receipt).toMatchObject({ part: "P-7", node: "NODE-1", ledger: { seq: 0 }, decision: { allow: true } });
  expect(receipt.decision.conditions[0]?.clauses[0]).toMatchObject({ reading: "1500 uW/cm2", state: "satisfied" });
  expect(JSON.stringify(receipt)).not.toContain('plantZone":"America');
  expect(Object.keys(receipt.facts.fields)).toEqual(["plantZone", "readings"]);
});

describe("a receipt with its place in the tree", () => {
  const signer = { name: originOf("NODE-1"), publicHex: key.publicHex, sign: (text: string) => signHex(key, text) };
  /** Ten entries; the decision is the fourth. */
  const entries: readonly LedgerEntry[] = Array.from({ length: 10 }, () => null).reduce<LedgerEntry[]>((before) => {
    const last = before.at(-1);
    const head = last === undefined ? EMPTY_HEAD : { size: before.length, hash: entryHash(entryBytes(last)) };
    return [...before, entryOf(head)];
  }, []);
  const leaves = entries.map((one) => leafHash(entryBytes(one)));
  const { read } = treeOf(leaves);
  const fourth = entries[3] as LedgerEntry;

  function placed(change: Partial<ReceiptInclusion> = {}, size = 10, by = key): SignedReceipt {
    const checkpoint = { origin: originOf("NODE-1"), size, root: rootAt(size, read), extensions: [] };
    const inclusion: ReceiptInclusion = {
      leafHash: toBase64(leaves[3] as Uint8Array),
      proof: inclusionProof(3, size, read).map(toBase64),
      checkpoint: signCheckpoint(checkpoint, { ...signer, publicHex: by.publicHex, sign: (text) => signHex(by, text) }),
      ...change,
    };
    const receipt = receiptOf(fourth, key, "NODE-1", inclusion);
    return receipt.ok ? sign(receipt.value) : expect.fail(receipt.error);
  }

  test("holds offline and in its ledger, and says so; an older one without stays valid", () => {
    const checked = verifyReceipt(placed(), { ...trust, entryAt: (seq) => entries[seq] });
    expect(checked).toMatchObject({
      ok: true,
      value: {
        holds: [/signed by/, /entry 3 is among the first 10 of NODE-1\/maint-ledger/, /is the same/].map((one) =>
          expect.stringMatching(one),
        ),
      },
    });
    expect(faultOf(placed({}, 4))).toBe("holds");
    expect(faultOf(good())).toBe("holds");
  });

  test("a node that signs a place that is none is caught", () => {
    const other = makeSigningKey();
    const wrong = inclusionProof(2, 10, read).map(toBase64);
    const hash = toBase64(leaves[4] as Uint8Array);
    const faults = [
      placed({ proof: wrong }),
      placed({ proof: [] }),
      placed({ proof: [...(placed().receipt.inclusion?.proof ?? []), hash] }),
      placed({ leafHash: hash }),
      placed({ leafHash: "AAAA" }),
      placed({ checkpoint: "nonsense" }),
      placed({}, 10, other),
      placed({ checkpoint: placed({}, 9).receipt.inclusion?.checkpoint ?? "" }),
    ].map((one) => faultOf(one));
    expect(faults).toEqual(faults.map(() => "inclusion-invalid"));
    for (const odd of [null, [], { leafHash: 1 }, { leafHash: hash, proof: [7], checkpoint: "" }])
      expect(faultOf(sign({ ...good().receipt, inclusion: odd as never }))).toBe("not-a-receipt");
  });

  test("another leaf than the ledger's entry is seen where the ledger is at hand, and only there", () => {
    const others = leaves.with(3, leafHash(Buffer.from("another story")));
    const tree = treeOf(others);
    const checkpoint = { origin: originOf("NODE-1"), size: 10, root: rootAt(10, tree.read), extensions: [] };
    const forged = placed({
      ...{ leafHash: toBase64(others[3] as Uint8Array), proof: inclusionProof(3, 10, tree.read).map(toBase64) },
      checkpoint: signCheckpoint(checkpoint, signer),
    });
    expect(faultOf(forged)).toBe("holds");
    expect(faultOf(forged, { entryAt: (seq) => entries[seq] })).toBe("ledger-differs");
  });

  test("nobody takes the place out of a receipt, and control: without the signature one could", () => {
    const { inclusion: _, ...without } = placed().receipt;
    expect(faultOf({ ...placed(), receipt: without })).toBe("signature-invalid");
    expect(careless({ ...placed(), receipt: without })).toBe("holds");
  });
});

test("the digests tell one snapshot from another", () => {
  const { facts, length } = digestFacts(snapshot);
  const other = digestFacts({ ...snapshot, readings: { uv: { value: 1501 } } }).facts;
  expect(other.snapshot).not.toBe(facts.snapshot);
  expect(other.fields["plantZone"]).toBe(facts.fields["plantZone"]);
  expect(digestFacts(null)).toEqual({ facts: { snapshot: null, fields: {} }, length: 0 });
  // The whole is put together from its parts: it must be the canonical JSON that anybody else computes.
  const whole = canonicalJson(snapshot);
  expect({ digest: facts.snapshot, length }).toEqual({
    digest: `sha256:${createHash("sha256").update(whole).digest("hex")}`,
    length: whole.length,
  });
});

/** Every place in a JSON value, as the keys that lead there. */
function placesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => placesOf(member, [...path, name]))];
}

function changedAt(value: unknown, path: readonly string[], change: (before: unknown) => unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return change(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[name] = changedAt(copy[name], rest, change);
  return copy;
}

const CHANGES: readonly ((before: unknown) => unknown)[] = [
  () => null,
  () => undefined,
  (before) => (typeof before === "string" ? `${before}x` : typeof before === "number" ? before + 1 : [before]),
  (before) => (typeof before === "boolean" ? !before : {}),
];

/** A checker with a mistake: it never looks at the signature. */
const careless = (value: unknown): string => faultOf(value, { verify: () => true });

test("no member can be changed, added or taken out, wherever it stands", () => {
  const signed = good();
  let changed = 0;
  let missed = 0;
  for (const path of placesOf(signed)) {
    for (const change of CHANGES) {
      const text = JSON.stringify(changedAt(signed, path, change)) ?? "null";
      const forged: unknown = JSON.parse(text);
      if (JSON.stringify(forged) === JSON.stringify(signed)) continue;
      changed += 1;
      expect(faultOf(forged), path.join(".")).not.toBe("holds");
      if (careless(forged) === "holds") missed += 1;
    }
    const extended = changedAt(signed, path, (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value, extra: 1 } : value,
    );
    if (JSON.stringify(extended) !== JSON.stringify(signed))
      expect(faultOf(extended), `${path.join(".")}.extra`).not.toBe("holds");
  }
  expect(changed).toBeGreaterThan(200);
  // The control: without the signature most of these changes would pass.
  expect(missed).toBeGreaterThan(changed / 2);
});

test.each([
  ["nothing", null, "not-a-receipt"],
  ["a list", [], "not-a-receipt"],
  ["a receipt without a signature", { receipt: good().receipt }, "not-a-receipt"],
  ["text that is no Unicode", { ...good(), receipt: { ...good().receipt, part: "\ud800" } }, "not-a-receipt"],
  ["another format", { ...good(), receipt: { ...good().receipt, format: "maint-receipt/2" } }, "not-a-receipt"],
  ["another node's key", sign(good().receipt, makeSigningKey()), "signature-invalid"],
] as const)("%s is refused", (_, value, fault) => {
  expect(faultOf(value)).toBe(fault);
});

test("a receipt that names its own key is not believed for that", () => {
  const stranger = makeSigningKey();
  const receipt = receiptOf(entry, stranger, "NODE-1");
  expect(receipt.ok && faultOf(sign(receipt.value, stranger))).toBe("key-not-trusted");
});

test("what a node signed by mistake is refused all the same", () => {
  const wrong = { ...decision, reasons: ["reading.stale:uv"] };
  const receipt = receiptOf(entryOf(EMPTY_HEAD, { decision: wrong }), key, "NODE-1");
  expect(receipt.ok && faultOf(sign(receipt.value))).toBe("decision-inconsistent");
  const others = receiptOf(entry, key, "NODE-2");
  expect(others.ok && faultOf(sign(others.value))).toBe("decision-inconsistent");
});

test("a ledger that has another entry there, or none, refuses it", () => {
  const other = entryOf(EMPTY_HEAD, { part: "P-8" });
  expect(faultOf(good(), { entryAt: () => other })).toBe("ledger-differs");
  expect(faultOf(good(), { entryAt: () => undefined })).toBe("not-in-ledger");
});

test("what is no decision has no receipt", () => {
  expect(receiptOf({ ...entry, action_type: "process" }, key, "NODE-1")).toMatchObject({ ok: false });
  expect(receiptOf({ ...entry, metadata: {} }, key, "NODE-1")).toMatchObject({ ok: false });
});
