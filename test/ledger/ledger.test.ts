import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { printUtc } from "../../src/base/civil-time.ts";
import {
  EMPTY_HEAD,
  entryHash,
  type LedgerHead,
  nextEntry,
  type StoredEntry,
  verifyEntries,
} from "../../src/ledger/index.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";

const record = (index: number): LedgerRecord => ({
  action_type: "gate_decision",
  action: "decided",
  target: `test-${index}`,
  details: `decision ${index}, "quoted", 1000 µW/cm²`,
  user_id: "STF-1",
  smart_id: index % 2 === 0 ? "UV-DAILY" : null,
  metadata: { index, nested: { b: 1, a: [true, null] } },
});

function ledger(size: number): {
  readonly entries: StoredEntry[];
  readonly head: LedgerHead;
  readonly heads: LedgerHead[];
} {
  let head = EMPTY_HEAD;
  const heads = [head];
  const entries: StoredEntry[] = [];
  for (let index = 0; index < size; index += 1) {
    const next = nextEntry(head, record(index), 1_795_000_000_000 + index, "wall");
    entries.push({ seq: index, bytes: next.bytes });
    head = next.head;
    heads.push(head);
  }
  return { entries, head, heads };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const edit = (entry: StoredEntry, from: string | RegExp, to: string): StoredEntry => ({
  seq: entry.seq,
  bytes: Buffer.from(text(entry.bytes).replace(from, to)),
});

const at = (entries: readonly StoredEntry[], index: number): StoredEntry => entries[index] as StoredEntry;
const relink = (entry: StoredEntry): StoredEntry => edit(entry, /"sha256:[0-9a-f]+"/, `"sha256:${"0".repeat(64)}"`);

interface Tampering {
  readonly name: string;
  readonly by: (entries: readonly StoredEntry[]) => readonly StoredEntry[];
  readonly seq: number;
  readonly fault: string;
  /** Only a head that somebody remembers shows it. */
  readonly needsHead?: boolean;
}

const change = (seq: number, from: string, to: string) => (entries: readonly StoredEntry[]) =>
  entries.with(seq, edit(at(entries, seq), from, to));
const swap = (a: number, b: number) => (entries: readonly StoredEntry[]) =>
  entries.with(a, { seq: a, bytes: at(entries, b).bytes }).with(b, { seq: b, bytes: at(entries, a).bytes });

const tamperings: readonly Tampering[] = [
  { name: "an edited field", by: change(5, "decision 5", "decision 6"), seq: 5, fault: "edited" },
  { name: "an edited first entry", by: change(0, "STF-1", "STF-2"), seq: 0, fault: "edited" },
  { name: "an edited last entry", by: change(11, "STF-1", "STF-2"), seq: 11, fault: "edited", needsHead: true },
  { name: "an edited link", by: (e) => e.with(5, relink(at(e, 5))), seq: 5, fault: "bad-chain" },
  { name: "a deleted entry", by: (e) => e.toSpliced(4, 1), seq: 4, fault: "missing" },
  { name: "a deleted entry, renumbered rows", by: (e) => e.toSpliced(4, 1).map(renumber), seq: 4, fault: "reordered" },
  { name: "two swapped bodies", by: swap(3, 4), seq: 3, fault: "reordered" },
  { name: "a doubled entry", by: (e) => e.toSpliced(6, 0, at(e, 5)), seq: 6, fault: "reordered" },
  { name: "white space", by: change(7, ":", ": "), seq: 7, fault: "not-canonical" },
  { name: "no JSON", by: change(7, "{", "("), seq: 7, fault: "not-canonical" },
  { name: "an extra field", by: change(2, "{", '{"a":1,'), seq: 2, fault: "not-canonical" },
  { name: "an unknown action type", by: change(2, "gate_decision", "gate_opinion"), seq: 2, fault: "not-canonical" },
  { name: "a cut tail", by: (e) => e.slice(0, 9), seq: 9, fault: "truncated", needsHead: true },
  { name: "nothing left", by: () => [], seq: 0, fault: "truncated", needsHead: true },
];

describe("verify names the first bad entry", () => {
  const whole = ledger(12);
  for (const { name, by, seq, fault, needsHead } of tamperings) {
    test(name, () => {
      const tampered = by(whole.entries);
      const seen = verifyEntries(tampered, { known: [whole.head] }).finding;
      expect(seen && { seq: seen.seq, fault: seen.fault }).toEqual({ seq, fault });
      if (needsHead === true) expect(verifyEntries(tampered).finding).toBeNull();
      else expect(verifyEntries(tampered).finding).toMatchObject({ seq, fault });
    });
  }

  test("an untouched ledger holds, from the start and from any head", () => {
    for (const from of whole.heads) {
      const verified = verifyEntries(whole.entries.slice(from.size), { from, known: whole.heads });
      expect(verified).toEqual({ finding: null, head: whole.head });
    }
  });

  test("a ledger that was rewritten from one entry on shows against any later head", () => {
    const forged = whole.entries.slice(0, 6);
    let head = whole.heads[6] as LedgerHead;
    for (let index = 6; index < 12; index += 1) {
      const next = nextEntry(head, { ...record(index), user_id: "STF-9" }, 1_795_000_000_000, "wall");
      forged.push({ seq: index, bytes: next.bytes });
      head = next.head;
    }
    expect(verifyEntries(forged).finding).toBeNull();
    expect(verifyEntries(forged, { known: [whole.heads[9] as LedgerHead] }).finding).toMatchObject({ seq: 8 });
  });

  test("any flipped byte is found, and none before the entry it lies in", () => {
    fc.assert(
      fc.property(fc.nat({ max: 11 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (seq, place, mask) => {
        const bytes = Uint8Array.from(at(whole.entries, seq).bytes);
        bytes[place % bytes.length] = (bytes[place % bytes.length] as number) ^ mask;
        const seen = verifyEntries(whole.entries.with(seq, { seq, bytes }), { known: [whole.head] }).finding;
        return seen?.seq === seq;
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });

  test("control: with a planted hash that says the same of every entry, the edit is not seen", async () => {
    vi.resetModules();
    vi.doMock("../../src/ledger/entry.ts", async (original) => ({
      ...(await original<typeof import("../../src/ledger/entry.ts")>()),
      entryHash: () => EMPTY_HEAD.hash,
    }));
    const append = await import("../../src/ledger/append.ts");
    const verify = await import("../../src/ledger/verify.ts");
    vi.doUnmock("../../src/ledger/entry.ts");
    let head = EMPTY_HEAD;
    const entries = Array.from({ length: 12 }, (_, seq) => {
      const next = append.nextEntry(head, record(seq), 1_795_000_000_000, "wall");
      head = next.head;
      return { seq, bytes: next.bytes };
    });
    const tampered = change(5, "decision 5", "decision 6")(entries);
    expect(verify.verifyEntries(tampered).finding).toBeNull();
    expect(verifyEntries(change(5, "decision 5", "decision 6")(whole.entries)).finding).toMatchObject({ seq: 5 });
  });
});

describe("entry bytes are final", () => {
  test("seq 0 is chained to the hash of nothing", () => {
    expect(EMPTY_HEAD.hash).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  test("one entry, byte for byte", () => {
    const { bytes, head } = nextEntry(EMPTY_HEAD, record(1), 1_795_478_700_123, "attested");
    const golden =
      '{"action":"decided","action_type":"gate_decision","details":"decision 1, \\"quoted\\", 1000 µW/cm²",' +
      '"metadata":{"index":1,"nested":{"a":[true,null],"b":1}},' +
      '"previous_hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",' +
      '"seq":0,"smart_id":null,"target":"test-1","time":"2026-11-24T00:05:00.123Z","timeSource":"attested","user_id":"STF-1"}';
    expect(text(bytes)).toBe(golden);
    expect(head).toEqual({ size: 1, hash: entryHash(bytes) });
  });

  test("what JSON cannot hold is refused", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "\ud800", new Date(0), 1n])
      expect(() => nextEntry(EMPTY_HEAD, { ...record(0), metadata: { value } }, 0, "wall")).toThrow(TypeError);
  });

  test("an instant prints as Date prints it, years 0 to 9999", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
        expect(printUtc(ms)).toBe(new Date(ms).toISOString());
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});

function renumber(entry: StoredEntry, index: number): StoredEntry {
  return { seq: index, bytes: entry.bytes };
}
