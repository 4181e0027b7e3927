import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ArchiveFile, openArchiveFile } from "../../../src/hub/archive/archive-file.ts";
import { openArchiveReader } from "../../../src/hub/archive/archive-reader.ts";
import { nextEntry } from "../../../src/ledger/append.ts";
import { EMPTY_HEAD } from "../../../src/ledger/entry.ts";
import type { LedgerRecord } from "../../../src/model/ledger-entry.ts";

const START_MS = Date.UTC(2026, 10, 24, 15);

/** A ledger's bytes: every third entry is a decision, allowed where its number is even. */
function ledgerOf(count: number, word = "as it was"): readonly Uint8Array[] {
  const all: Uint8Array[] = [];
  let head = EMPTY_HEAD;
  for (let seq = 0; seq < count; seq++) {
    const next = nextEntry(
      head,
      seq % 3 === 0 ? decision(seq, word) : evidence(seq, word),
      START_MS + seq * 1_000,
      "wall",
    );
    all.push(next.bytes);
    head = next.head;
  }
  return all;
}

const common = { details: "", smart_id: null } as const;
const evidence = (seq: number, word: string): LedgerRecord => ({
  ...{ ...common, action_type: "evidence_record", action: "recorded", target: `thing-${seq % 2}`, user_id: "STF-1" },
  metadata: { word },
});

function decision(seq: number, word: string): LedgerRecord {
  const contracts = [{ contract: "UV-DAILY", version: "v1.0", digest: "sha256:0" }];
  const order = seq % 2 === 0 ? "PO-1" : null;
  const given = {
    allow: seq % 2 === 0,
    atUtc: new Date(START_MS + seq * 1_000).toISOString(),
    testId: `T-${seq}`,
    order,
    contracts,
  };
  const metadata = { decision: given, part: `P-${seq}`, facts: { snapshot: null, fields: {} }, snapshot: { word } };
  return { ...common, action_type: "gate_decision", action: "decided", target: `T-${seq}`, user_id: "STF-1", metadata };
}

function open(): { readonly archive: ArchiveFile; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), "archive-"));
  const path = join(folder, "archive.db");
  const archive = openArchiveFile(path);
  onTestFinished(() => {
    archive.close();
    rmSync(folder, { recursive: true });
  });
  return { archive, path };
}

const seqs = (found: Iterable<{ readonly node: string; readonly entry: { readonly seq: number } }>) =>
  [...found].map(({ node, entry }) => `${node} ${entry.seq}`);

describe("what nodes send", () => {
  test("is stored once, however often and in whatever slices it comes", () => {
    const { archive } = open();
    const bytes = ledgerOf(600);
    const send = (from: number, to: number) =>
      archive.append([{ node: "LP-01", from, entries: bytes.slice(from, to) }])[0];
    expect(send(0, 10)).toEqual({ kind: "stored", size: 10 });
    expect(send(0, 10)).toEqual({ kind: "stored", size: 10 });
    expect(send(5, 300)).toEqual({ kind: "stored", size: 300 });
    expect(send(301, 302)).toEqual({ kind: "gap", size: 300 });
    expect(send(300, 600)).toEqual({ kind: "stored", size: 600 });
    expect([...archive.entries()].map(({ entry }) => entry.seq)).toEqual(Array.from({ length: 600 }, (_, seq) => seq));
  });

  test("of many nodes goes in one commit, and one that lies spoils no other's", () => {
    const { archive } = open();
    const [good, other] = [ledgerOf(5), ledgerOf(5, "otherwise")];
    archive.append([{ node: "LP-01", from: 0, entries: good }]);
    const answers = archive.append([
      { node: "LP-01", from: 3, entries: other.slice(3) },
      { node: "LP-02", from: 0, entries: other },
      { node: "LP-03", from: 0, entries: [new TextEncoder().encode('{"seq":0}')] },
    ]);
    expect(answers.map(({ kind, size }) => `${kind} ${size}`)).toEqual(["fork 5", "stored 5", "unreadable 0"]);
    expect(archive.nodes().map(({ node, fault }) => [node, fault === null])).toEqual([
      ["LP-01", false],
      ["LP-02", true],
      ["LP-03", false],
    ]);
  });

  test("control: an entry that does not continue the chain is found", () => {
    const { archive } = open();
    const bytes = ledgerOf(6).toSpliced(3, 1);
    expect(archive.append([{ node: "LP-01", from: 0, entries: bytes }])[0]).toMatchObject({
      kind: "unreadable",
      size: 0,
    });
  });
});

describe("what is asked", () => {
  const { archive, path } = (() => {
    const folder = mkdtempSync(join(tmpdir(), "archive-"));
    const file = join(folder, "archive.db");
    return { archive: openArchiveFile(file), path: file };
  })();
  for (const node of ["LP-02", "LP-01"]) archive.append([{ node, from: 0, entries: ledgerOf(700) }]);

  test("entries by node, kind, target, person and time", () => {
    expect(seqs(archive.entries({ limit: 3 }))).toEqual(["LP-01 0", "LP-01 1", "LP-01 2"]);
    expect(seqs(archive.entries({ newestFirst: true, limit: 2 }))).toEqual(["LP-01 699", "LP-02 699"]);
    expect(seqs(archive.entries({ nodes: ["LP-02"], fromSeq: 698 }))).toEqual(["LP-02 698", "LP-02 699"]);
    expect(seqs(archive.entries({ nodes: [] }))).toEqual([]);
    const window = { nodes: ["LP-01"], fromMs: START_MS + 10_000, toMs: START_MS + 14_000 };
    expect(seqs(archive.entries(window))).toEqual([10, 11, 12, 13].map((seq) => `LP-01 ${seq}`));
    expect(seqs(archive.entries({ ...window, actionTypes: ["gate_decision"] }))).toEqual(["LP-01 12"]);
    expect(seqs(archive.entries({ ...window, target: "thing-1" }))).toEqual(["LP-01 11", "LP-01 13"]);
    expect(seqs(archive.entries({ ...window, userId: "STF-2" }))).toEqual([]);
    expect(seqs(archive.entries())).toHaveLength(1_400);
  });

  test("decisions by what was decided", () => {
    const window = { nodes: ["LP-01"], toMs: START_MS + 13_000 };
    expect(seqs(archive.decisions(window))).toEqual([0, 3, 6, 9, 12].map((seq) => `LP-01 ${seq}`));
    expect(seqs(archive.decisions({ ...window, allow: false }))).toEqual(["LP-01 3", "LP-01 9"]);
    expect(seqs(archive.decisions({ ...window, order: "PO-1", contract: "UV-DAILY" }))).toHaveLength(3);
    expect(seqs(archive.decisions({ ...window, contract: "OTHER" }))).toEqual([]);
    expect(seqs(archive.decisions({ part: "P-6", test: "T-6" }))).toEqual(["LP-01 6", "LP-02 6"]);
    expect([...archive.decisions({ test: "T-3", limit: 1 })][0]).toMatchObject({
      atMs: START_MS + 3_000,
      recorded: { part: "P-3", snapshot: { word: "as it was" } },
    });
  });

  test("exposure in buckets, of one contract or all", () => {
    const asked = { fromMs: START_MS, toMs: START_MS + 12_000, bucketMs: 6_000 };
    const expected = ["LP-01", "LP-02"].flatMap((node) => [
      { node, bucketStartMs: START_MS, decisions: 2, blocked: 1 },
      { node, bucketStartMs: START_MS + 6_000, decisions: 2, blocked: 1 },
    ]);
    expect([...archive.exposure(asked)]).toEqual(expected);
    expect([...archive.exposure({ ...asked, contract: "UV-DAILY" })]).toEqual(expected);
    expect([...archive.exposure({ ...asked, contract: "OTHER" })]).toEqual([]);
    expect([...archive.exposure({ ...asked, nodes: ["LP-02"] })]).toEqual(expected.slice(2));
  });

  test("somebody who reads beside the hub sees what is committed", () => {
    const reader = openArchiveReader(path);
    archive.append([{ node: "LP-03", from: 0, entries: ledgerOf(2) }]);
    expect(seqs(reader.entries({ nodes: ["LP-03"] }))).toEqual(["LP-03 0", "LP-03 1"]);
    reader.close();
  });
});
