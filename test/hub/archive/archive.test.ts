import { describe, expect, test } from "vitest";
import { openDatabase } from "../../../src/disk/sqlite.ts";
import type { ArchiveFile, LogAnswer, LogBatch } from "../../../src/hub/archive/archive-file.ts";
import { openArchiveReader } from "../../../src/hub/archive/archive-reader.ts";
import type { DecisionFilter, EntryFilter, ExposureFilter } from "../../../src/hub/archive/archived.ts";
import type { Removal } from "../../../src/hub/archive/retention.ts";
import type { Digest } from "../../../src/model/ids.ts";
import { archiveBench, placesOf } from "./archive-fixture.ts";
import { batchOf, cut, decisionRecord, headOf, ledgerOf, MINUTE_MS, plainRecord, START_MS } from "./written-ledger.ts";

const take = (archive: ArchiveFile, batch: LogBatch) => archive.append([batch])[0] as LogAnswer;
const plain = (count: number, from = 0) => Array.from({ length: count }, (_, index) => plainRecord(from + index));
const DAY_MS = 86_400_000;

describe("taking a node's ledger", () => {
  const whole = ledgerOf("LP-1", plain(6));
  const other = ledgerOf("LP-1", [plainRecord(99)], cut(whole, 3));
  // Each step: a batch of this ledger from here to there, and what is answered.
  const rows: readonly {
    name: string;
    steps: readonly (readonly [ledger: typeof whole, from: number, upTo: number, answer: string])[];
    size: number;
  }[] = [
    {
      name: "in two batches",
      steps: [
        [whole, 0, 2, "stored 2"],
        [whole, 2, 6, "stored 6"],
      ],
      size: 6,
    },
    {
      name: "the same again",
      steps: [
        [whole, 0, 4, "stored 4"],
        [whole, 0, 4, "stored 4"],
      ],
      size: 4,
    },
    {
      name: "an overlap",
      steps: [
        [whole, 0, 4, "stored 4"],
        [whole, 2, 6, "stored 6"],
      ],
      size: 6,
    },
    { name: "nothing", steps: [[whole, 0, 0, "stored 0"]], size: 0 },
    { name: "a gap at the start", steps: [[whole, 1, 3, "gap 0"]], size: 0 },
    {
      name: "a gap that is sent again",
      steps: [
        [whole, 0, 2, "stored 2"],
        [whole, 3, 6, "gap 2"],
        [whole, 2, 6, "stored 6"],
      ],
      size: 6,
    },
    {
      name: "an entry that follows another",
      steps: [
        [whole, 0, 4, "stored 4"],
        [ledgerOf("LP-1", plain(1, 50), other), 4, 5, "fork 4"],
        [whole, 4, 6, "fork 4"],
      ],
      size: 4,
    },
    {
      name: "other bytes in the same place",
      steps: [
        [whole, 0, 4, "stored 4"],
        [other, 3, 4, "fork 4"],
      ],
      size: 4,
    },
    {
      name: "a beginning that is none",
      steps: [[{ ...whole, entries: whole.entries.slice(2) }, 0, 1, "unreadable 0"]],
      size: 0,
    },
  ];
  test.each(rows)("$name", async ({ steps, size }) => {
    const { archive, reopen } = archiveBench();
    for (const [ledger, from, upTo, answer] of steps) {
      const taken = take(archive(), batchOf(ledger, from, upTo));
      expect(`${taken.kind} ${taken.size}`).toBe(answer);
    }
    const [strand] = reopen().strands();
    expect(strand?.head).toEqual(whole.heads[size]);
    expect([...archive().stored(strand as NonNullable<typeof strand>)].map(({ bytes }) => Buffer.from(bytes))).toEqual(
      whole.entries.slice(0, size).map((bytes) => Buffer.from(bytes)),
    );
    expect(
      archive()
        .verify("LP-1")
        .strands.map(({ finding }) => finding),
    ).toEqual([null]);
  });

  test("a fork is a fault until a person looked, what cannot be read only until it can", async () => {
    const { archive, reopen } = archiveBench();
    take(archive(), batchOf(whole, 0, 4));
    take(archive(), { ...batchOf(whole, 4, 5), entries: [new Uint8Array([123])] });
    expect(archive().nodes()[0]?.fault).toContain("entry 4 cannot be read");
    take(archive(), batchOf(whole, 4, 5));
    expect(archive().nodes()[0]?.fault).toBeNull();
    take(archive(), batchOf(other, 3, 4));
    expect(reopen().nodes()).toEqual([
      {
        node: "LP-1",
        size: 5,
        headHash: whole.heads[5]?.hash,
        firstKept: 0,
        fault: "its entry 3 is not the one that was archived",
      },
    ]);
    expect(archive().meet("LP-1", headOf(whole)).kind).toBe("fork");
    expect(take(archive(), batchOf(whole, 5, 6)).kind).toBe("fork");
  });

  const met: readonly (readonly [name: string, size: number, hash: Digest | undefined, answer: string])[] = [
    ["as it was", 4, undefined, "stored 4"],
    ["longer", 9, undefined, "stored 4"],
    ["shorter", 3, undefined, "fork 4"],
    ["none", 0, undefined, "fork 4"],
    ["as long, with another end", 4, whole.heads[1]?.hash, "fork 4"],
  ];
  test.each(met)("a node comes back with its ledger %s", async (_name, size, hash, answer) => {
    const { archive } = archiveBench();
    take(archive(), batchOf(whole, 0, 4));
    const head = hash ?? whole.heads[size]?.hash ?? (`sha256:${"1".repeat(64)}` as Digest);
    const taken = archive().meet("LP-1", { size, hash: head });
    expect(`${taken.kind} ${taken.size}`).toBe(answer);
    expect(archive().nodes()[0]?.fault === null).toBe(taken.kind === "stored");
  });

  test("a restored node that a person let go on begins another strand where it left the first", async () => {
    const { archive, reopen } = archiveBench();
    take(archive(), batchOf(whole, 0, 6));
    expect(archive().meet("LP-1", headOf(other)).kind).toBe("fork");
    archive().forgive("LP-1");
    expect(archive().nodes()[0]?.fault).toBeNull();
    expect(archive().meet("LP-1", headOf(other))).toMatchObject({ kind: "gap", size: 0 });
    expect(take(archive(), batchOf(other, 0, 2))).toEqual({ kind: "stored", size: 2 });
    const longer = ledgerOf("LP-1", plain(2, 70), other);
    expect(take(reopen(), batchOf(longer, 2))).toEqual({ kind: "stored", size: 6 });
    expect(placesOf(archive().entries())).toBe("LP-1 0 1 2 3 4 5, LP-1/1 3 4 5");
    expect(archive().nodes()).toEqual([
      { node: "LP-1", size: 6, headHash: headOf(longer).hash, firstKept: 3, fault: null },
    ]);
    expect(
      archive()
        .verify("LP-1")
        .strands.map(({ from, finding }) => [from, finding]),
    ).toEqual([
      [0, null],
      [3, null],
    ]);
    expect(archive().entryAt("LP-1", 1)?.entry.target).toBe("thing-1");
    expect(archive().entryAt("LP-1", 3)?.entry.target).toBe("thing-99");
    // It was let go on once, not for ever.
    expect(take(archive(), batchOf(whole, 5, 6)).kind).toBe("fork");
  });

  test("a forgiven node whose ledger follows after all stays one strand, and is not forgiven another time", async () => {
    const { archive } = archiveBench();
    take(archive(), batchOf(whole, 0, 4));
    archive().meet("LP-1", headOf(cut(whole, 2)));
    archive().forgive("LP-1");
    expect(archive().meet("LP-1", headOf(whole)).kind).toBe("stored");
    expect(take(archive(), batchOf(whole, 4, 5)).kind).toBe("stored");
    expect(archive().meet("LP-1", headOf(cut(whole, 2))).kind).toBe("fork");
    expect(archive().strands()).toHaveLength(1);
  });

  test("batches of many nodes are one commit, and a commit that fails is nobody's", () => {
    const { archive, path } = archiveBench();
    const nodes = ["LP-1", "LP-2", "LP-3"];
    archive().append(nodes.map((node) => batchOf(ledgerOf(node, plain(3)), 0)));
    expect(placesOf(archive().entries())).toBe("LP-1 0 1 2, LP-2 0 1 2, LP-3 0 1 2");
    const spoiler = openDatabase(path, { unwalked: true });
    spoiler.exec(
      "CREATE TRIGGER full BEFORE INSERT ON body WHEN NEW.place & 4294967295 = 4 BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    const longer = (node: string) => batchOf(ledgerOf(node, plain(5)), 3);
    expect(() => archive().append([longer("LP-1"), longer("LP-2")])).toThrow("full");
    spoiler.exec("DROP TRIGGER full");
    spoiler.close();
    expect(archive().standingOf("LP-1").head.size).toBe(3);
    expect(take(archive(), longer("LP-1"))).toEqual({ kind: "stored", size: 5 });
  });

  test("one that lies spoils no other's", () => {
    const { archive } = archiveBench();
    const answers = archive().append([
      batchOf(whole, 0, 4),
      batchOf(other, 3, 4),
      batchOf(ledgerOf("LP-2", plain(2)), 0),
      { node: "LP-3", from: 0, entries: [new TextEncoder().encode('{"seq":0}')] },
    ]);
    expect(answers.map(({ kind, size }) => `${kind} ${size}`)).toEqual([
      "stored 4",
      "fork 4",
      "stored 2",
      "unreadable 0",
    ]);
  });
});

/** Two instruments, one in the register and one that a reading was taken with. */
const SEEN = {
  equipment: { "LAMP-1": {} },
  readings: { "uv-intensity": { takenWith: "LM-1" }, "ambient-light": null },
};

describe("reading", () => {
  const decided = (test: string, more: Partial<Parameters<typeof decisionRecord>[1]> = {}) =>
    decisionRecord("LP-1", { test, ...more });
  const records = [
    plainRecord(0),
    decided("T-1", { part: "P-1", order: "PO-1" }),
    decided("T-2", { allow: false, atMs: START_MS + DAY_MS, contracts: ["UV-DAILY", "LP-STATION"] }),
    plainRecord(3, { action_type: "process", user_id: "LP-1", target: "LP-1" }),
    decided("T-1", { contracts: ["LP-STATION"], user: "STF-2", part: "P-1", snapshot: SEEN }),
  ];
  async function filled() {
    const bench = archiveBench();
    take(bench.archive(), batchOf(ledgerOf("LP-2", records), 0));
    take(bench.archive(), batchOf(ledgerOf("LP-1", records.slice(0, 3)), 0));
    return openArchiveReader(bench.path);
  }

  const entryRows: readonly (readonly [EntryFilter, string])[] = [
    [{}, "LP-1 0 1 2, LP-2 0 1 2 3 4"],
    [{ nodes: ["LP-2", "LP-9"] }, "LP-2 0 1 2 3 4"],
    [{ nodes: [] }, ""],
    [{ fromMs: START_MS + MINUTE_MS, toMs: START_MS + 3 * MINUTE_MS }, "LP-1 1 2, LP-2 1 2"],
    [{ fromSeq: 2 }, "LP-1 2, LP-2 2 3 4"],
    [{ actionTypes: ["process", "evidence_record"] }, "LP-1 0, LP-2 0 3"],
    [{ target: "T-1" }, "LP-1 1, LP-2 1 4"],
    [{ userId: "STF-2" }, "LP-2 4"],
    [{ evidence: ["reading", "calibration"] }, "LP-1 0, LP-2 0"],
    [{ evidence: ["calibration"] }, ""],
    [{ limit: 4 }, "LP-1 0 1 2, LP-2 0"],
    [{ nodes: ["LP-2"], newestFirst: true, limit: 2 }, "LP-2 4 3"],
    [{ newestFirst: true, limit: 3 }, "LP-2 4 3, LP-1 2"],
  ];
  test.each(entryRows)("entries %j", async (filter, expected) => {
    const reader = await filled();
    expect(placesOf(reader.entries(filter)).split(", ").sort()).toEqual(expected.split(", ").sort());
    reader.close();
  });

  const decisionRows: readonly (readonly [DecisionFilter, string])[] = [
    [{}, "LP-1 1 2, LP-2 1 2 4"],
    [{ contract: "LP-STATION" }, "LP-1 2, LP-2 2 4"],
    [{ test: "T-1" }, "LP-1 1, LP-2 1 4"],
    [{ order: "PO-1" }, "LP-1 1, LP-2 1"],
    [{ part: "P-1", nodes: ["LP-2"] }, "LP-2 1 4"],
    [{ allow: false }, "LP-1 2, LP-2 2"],
    [{ fromMs: START_MS + 3 * MINUTE_MS }, "LP-2 4"],
    [{ fromSeq: 2, userId: "STF-1" }, "LP-1 2, LP-2 2"],
    [{ nodes: ["LP-2"], newestFirst: true, limit: 2 }, "LP-2 4 2"],
    [{ limit: 1 }, "LP-1 1"],
    [{ assets: ["LM-1"] }, "LP-1 1 2, LP-2 1 2 4"],
    [{ assets: ["LM-1"], nodes: ["LP-2"], fromSeq: 3 }, "LP-2 4"],
    [{ assets: ["OTHER"] }, "LP-1 1 2, LP-2 1 2"],
  ];
  test.each(decisionRows)("decisions %j", async (filter, expected) => {
    const reader = await filled();
    expect(placesOf(reader.decisions(filter))).toBe(expected);
    const all = [...reader.decisions({ ...filter, limit: undefined })];
    const blocked = all.filter(({ recorded }) => !recorded.decision.allow).length;
    expect(reader.countDecisions(filter)).toEqual({ allowed: all.length - blocked, blocked });
    reader.close();
  });

  test("a decision comes with what was decided on", async () => {
    const reader = await filled();
    const [first] = reader.decisions({ nodes: ["LP-2"], fromSeq: 4 });
    expect(first?.recorded.snapshot).toEqual(SEEN);
    expect([first?.atMs, first?.recorded.part, first?.entry.action]).toEqual([START_MS, "P-1", "allowed"]);
    reader.close();
  });

  const exposures: readonly (readonly [Partial<ExposureFilter>, string])[] = [
    [{}, "LP-1 +0 1/0, LP-1 +1 1/1, LP-2 +0 2/0, LP-2 +1 1/1"],
    [{ contract: "UV-DAILY" }, "LP-1 +0 1/0, LP-1 +1 1/1, LP-2 +0 1/0, LP-2 +1 1/1"],
    [{ contract: "LP-STATION", nodes: ["LP-2"] }, "LP-2 +0 1/0, LP-2 +1 1/1"],
    [{ toMs: START_MS + DAY_MS }, "LP-1 +0 1/0, LP-2 +0 2/0"],
    [{ bucketMs: 10 * DAY_MS, nodes: ["LP-2"] }, "LP-2 +0 3/1"],
    [{ contract: "UNKNOWN" }, ""],
  ];
  test.each(exposures)("exposure %j", async (filter, expected) => {
    const reader = await filled();
    const asked = { fromMs: START_MS, toMs: START_MS + 5 * DAY_MS, bucketMs: DAY_MS, ...filter };
    const said = [...reader.exposure(asked)].map(
      ({ node, bucketStartMs, decisions, blocked }) =>
        `${node} +${(bucketStartMs - START_MS) / asked.bucketMs} ${decisions}/${blocked}`,
    );
    expect(said.join(", ")).toBe(expected);
    reader.close();
  });

  test("goes on while the hub writes, and sees what there was when it began", async () => {
    const bench = archiveBench();
    const ledger = ledgerOf("LP-1", plain(4));
    take(bench.archive(), batchOf(ledger, 0, 2));
    const reader = openArchiveReader(bench.path);
    const seen: number[] = [];
    for (const { entry } of reader.entries()) {
      seen.push(entry.seq);
      take(bench.archive(), batchOf(ledger, 2));
    }
    expect(seen).toEqual([0, 1]);
    expect(placesOf(reader.entries())).toBe("LP-1 0 1 2 3");
    reader.close();
  });
});

describe("what lies in the file", () => {
  const ledger = ledgerOf("LP-1", [
    ...plain(2),
    decisionRecord("LP-1", { test: "T-1", snapshot: SEEN }),
    ...plain(2, 3),
  ]);
  async function damaged(sql: string) {
    const bench = archiveBench();
    take(bench.archive(), batchOf(ledger, 0));
    const db = openDatabase(bench.path, { unwalked: true });
    db.exec(sql);
    db.close();
    return bench.reopen();
  }
  const place = (seq: number): number => 2 ** 32 + seq;
  const off = "DROP TRIGGER body_is_never_changed; DROP TRIGGER body_goes_by_retention_alone;";

  const rows: readonly (readonly [name: string, sql: string, finding: string])[] = [
    [
      "an entry that was changed",
      `${off} UPDATE body SET bytes = CAST(replace(CAST(bytes AS TEXT), 'the 1th', 'the 9th') AS BLOB) WHERE place = ${place(1)}`,
      "1 edited",
    ],
    ["an entry that is gone", `${off} DELETE FROM body WHERE place = ${place(1)}`, "1 missing"],
    [
      "a tail that was cut off",
      `${off} DELETE FROM body WHERE place >= ${place(4)}; DELETE FROM entry WHERE place >= ${place(4)}`,
      "4 truncated",
    ],
    [
      "a beginning that retention did not take",
      `UPDATE strand SET first_kept = 2; DELETE FROM body WHERE place < ${place(2)}; DELETE FROM entry WHERE place < ${place(2)}`,
      "2 bad-chain",
    ],
    ["another user", `UPDATE entry SET user_id = 'STF-9' WHERE place = ${place(3)}`, "3 columns-differ"],
    ["a verdict turned round", `UPDATE decision SET allow = 0 WHERE place = ${place(2)}`, "2 columns-differ"],
    ["a decision hidden from its contract", `DELETE FROM decided_by`, "2 columns-differ"],
    ["a contract that nobody named", `INSERT INTO decided_by VALUES ('OTHER', 1, 5, 5, 1)`, "5 columns-differ"],
    ["an instrument hidden from its decision", "DELETE FROM decided_with WHERE asset = 'LM-1'", "2 columns-differ"],
    ["an instrument that nobody used", "INSERT INTO decided_with VALUES ('LM-9', 1, 5, 5)", "5 columns-differ"],
    ["columns that are gone", `DELETE FROM entry WHERE place = ${place(4)}`, "4 columns-differ"],
  ];
  test.each(rows)("%s is found", async (_name, sql, finding) => {
    const archive = await damaged(sql);
    const [strand] = archive.verify("LP-1").strands;
    expect(`${strand?.finding?.seq} ${strand?.finding?.fault}`).toBe(finding);
  });

  test.each([
    ["changed", `UPDATE body SET packed = 0 WHERE place = ${place(1)}`],
    ["removed", `DELETE FROM body WHERE place = ${place(1)}`],
  ])("an entry is not %s by a statement alone", async (_name, sql) => {
    await expect(damaged(sql)).rejects.toThrow(/never changed|retention alone/);
  });

  test("a body that cannot be read is said, not skipped", async () => {
    const archive = await damaged(`${off} UPDATE body SET bytes = x'00' WHERE place = ${place(1)}`);
    expect(() => [...archive.entries()]).toThrow(/entry 1 of LP-1 cannot be read/);
  });

  test("there is none", () => {
    expect(() => openArchiveReader("nowhere/archive.db")).toThrow(/no archive of node ledgers/);
  });
});

describe("retention", () => {
  const ledger = ledgerOf("LP-1", [...plain(4), decisionRecord("LP-1", { test: "T-1" }), ...plain(5, 5)]);
  const rows: readonly {
    name: string;
    retentions: readonly { node: string; days: number | null; entries: number | null }[];
    afterMs: number;
    kept: string;
    removed: readonly string[];
  }[] = [
    { name: "none keeps all", retentions: [], afterMs: 900 * DAY_MS, kept: "LP-1 0 1 2 3 4 5 6 7 8 9", removed: [] },
    {
      name: "entries",
      retentions: [{ node: "LP-1", days: null, entries: 4 }],
      afterMs: 0,
      kept: "LP-1 6 7 8 9",
      removed: ["0-6"],
    },
    {
      name: "days",
      retentions: [{ node: "*", days: 1, entries: null }],
      afterMs: DAY_MS + 3 * MINUTE_MS,
      kept: "LP-1 3 4 5 6 7 8 9",
      removed: ["0-3"],
    },
    {
      name: "all of it by days",
      retentions: [{ node: "*", days: 1, entries: null }],
      afterMs: 9 * DAY_MS,
      kept: "",
      removed: ["0-10"],
    },
    {
      name: "a node's own goes before that of every node",
      retentions: [
        { node: "*", days: null, entries: 1 },
        { node: "LP-1", days: null, entries: 8 },
      ],
      afterMs: 0,
      kept: "LP-1 2 3 4 5 6 7 8 9",
      removed: ["0-2"],
    },
    {
      name: "more than there is",
      retentions: [{ node: "LP-1", days: 3, entries: 50 }],
      afterMs: 0,
      kept: "LP-1 0 1 2 3 4 5 6 7 8 9",
      removed: [],
    },
  ];
  test.each(rows)("$name", async ({ retentions, afterMs, kept, removed }) => {
    const { archive, reopen } = archiveBench();
    take(archive(), batchOf(ledger, 0));
    for (const one of retentions) archive().retain(one);
    const told: Removal[] = [];
    await reopen().removeExpired(START_MS + afterMs, async (removal) => void told.push(removal));
    expect(told.map(({ from, upTo }) => `${from}-${upTo}`)).toEqual(removed);
    for (const { upTo, lastHash } of told) expect(lastHash).toBe(ledger.heads[upTo]?.hash);
    expect(placesOf(archive().entries())).toBe(kept);
    expect(archive().verify("LP-1").strands[0]?.finding).toBeNull();
    // What is gone is still known to have been there: the ledger goes on from it, and another in its place is no fork of ours.
    const longer = ledgerOf("LP-1", plain(1, 50), ledger);
    expect(take(archive(), batchOf(longer, 0))).toEqual({ kind: "stored", size: 11 });
    expect(reopen().verify("LP-1").strands[0]?.finding).toBeNull();
  });

  test("a removal that was not written down does not happen", async () => {
    const { archive } = archiveBench();
    take(archive(), batchOf(ledger, 0));
    archive().retain({ node: "*", days: null, entries: 1 });
    const refusing = archive().removeExpired(START_MS, () => Promise.reject(new Error("disk full")));
    await expect(refusing).rejects.toThrow("disk full");
    expect([...archive().entries()]).toHaveLength(10);
  });
});
