import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { makeSigningKey, verifyHex } from "../../src/disk/key-file.ts";
import { checkpointPath } from "../../src/disk/ledger-checkpoints.ts";
import { keepSigned, readLedgerFile } from "../../src/disk/ledger-file.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { checkpointKey, openCheckpoint, originOf } from "../../src/ledger/checkpoint.ts";
import { EMPTY_EDGE, growEdge, leafHash, rootOfEdge, type TreeHash } from "../../src/ledger/merkle.ts";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "../../src/ledger/proof.ts";
import { MAX_KEPT_CHECKPOINTS, MAX_LEDGER_SCAN } from "../../src/model/limits.ts";
import { fillLedger, newLedgerPath, openTestLedger, recordOf } from "./ledger-fixture.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const key = makeSigningKey();

describe("the stored tree", () => {
  const SIZE = 66_000;

  test("gives the roots and proofs of the entries, while it is written, read beside, and after a restart", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path);
    // Groups that end inside tiles, at their ends, and one that fills many.
    for (const size of [1, 2, 255, 256, 257, 300, 512, 1_000, 65_535, 65_536, 65_537, SIZE]) fillLedger(ledger, size);
    const leaves = [...ledger.stored(0)].map(({ bytes }) => leafHash(bytes));
    const sizes = [1, 2, 255, 256, 257, 511, 512, 1_000, 65_535, 65_536, 65_792, SIZE];
    const roots = new Map(sizes.map((size) => [size, rootOfEdge(growEdge(EMPTY_EDGE, leaves.slice(0, size)))]));
    const wrong: string[] = [];
    const beside = readLedgerFile(path);
    const look = (tree: typeof ledger.tree, who: string): void => {
      expect(tree.size()).toBe(SIZE);
      for (const [size, root] of roots) {
        if (hex(tree.root(size)) !== hex(root)) wrong.push(`${who}: root of ${size}`);
        for (const index of [0, 1, 254, 255, 256, 1_000, 65_535, 65_536, SIZE - 1].filter((one) => one < size)) {
          const proof = inclusionProof(index, size, tree.read);
          if (!verifyInclusion({ index, size, leaf: leaves[index] as TreeHash, root, proof }).ok)
            wrong.push(`${who}: ${index} in ${size}`);
        }
        for (const [fromSize, fromRoot] of roots) {
          if (fromSize > size) continue;
          const proof = consistencyProof(fromSize, size, tree.read);
          if (!verifyConsistency({ fromSize, toSize: size, fromRoot, toRoot: root, proof }).ok)
            wrong.push(`${who}: ${fromSize} to ${size}`);
        }
      }
    };
    look(ledger.tree, "writer");
    look(beside.tree, "reader");
    expect(ledger.verify()).toMatchObject({ finding: null, root: hex(roots.get(SIZE) as TreeHash) });
    beside.close();
    ledger.close();
    const again = openTestLedger(path);
    look(again.tree, "after a restart");
    again.append([recordOf(SIZE)]);
    expect(hex(again.tree.root(SIZE))).toBe(hex(roots.get(SIZE) as TreeHash));
    expect(again.verify().finding).toBeNull();
    again.close();
    expect(wrong).toEqual([]);
  });

  test("is made for a ledger that has none yet, and is the same", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path);
    fillLedger(ledger, 1_500);
    const root = hex(ledger.tree.root(1_500));
    const highWater = ledger.highWaterMs();
    ledger.close();
    const db = openDatabase(path);
    db.exec("DROP TABLE tile");
    db.close();
    const again = openTestLedger(path);
    expect(hex(again.tree.root(1_500))).toBe(root);
    expect(again.highWaterMs()).toBe(highWater);
    expect(again.verify().finding).toBeNull();
    again.close();
  });

  test("remembers the latest time of all entries, also when the clock went back since", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path);
    fillLedger(ledger, 300);
    const latest = ledger.highWaterMs();
    ledger.close();
    const again = openTestLedger(path);
    expect(again.highWaterMs()).toBe(latest);
    again.close();
  });

  test("refuses records that no entry can hold, and goes on", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path);
    const bad: readonly object[] = [
      { action_type: "gate_opinion" },
      { action: 1 },
      { details: "\ud800" },
      { smart_id: undefined },
      { metadata: [] },
      { metadata: null },
      { metadata: { at: new Date(0) } },
      { metadata: { at: Number.NaN } },
    ];
    for (const change of bad)
      expect(() => ledger.append([recordOf(0), { ...recordOf(1), ...change } as never])).toThrow(/cannot be written/);
    expect(ledger.append([recordOf(0)])[0]?.seq).toBe(0);
    expect(ledger.tree.size()).toBe(1);
    expect(ledger.verify().finding).toBeNull();
    ledger.close();
  });
});

describe("signed checkpoints", () => {
  const opened = (note: string | null) => {
    const checkpoint = openCheckpoint(
      note ?? "",
      originOf("hub-1"),
      [checkpointKey("hub-1", key.publicHex)],
      verifyHex,
    );
    return checkpoint.ok ? { size: checkpoint.value.size, root: hex(checkpoint.value.root) } : checkpoint.error;
  };

  test("say where the ledger stands, once for each size, in the file and in the ledger", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path, key);
    expect(ledger.checkpoint()).toBeNull();
    fillLedger(ledger, 300);
    const note = ledger.checkpoint();
    expect(opened(note)).toEqual({ size: 300, root: hex(ledger.tree.root(300)) });
    expect(ledger.checkpoint()).toBe(note);
    expect(readFileSync(checkpointPath(path), "utf8")).toBe(note);
    fillLedger(ledger, 310);
    expect(opened(ledger.checkpoint())).toMatchObject({ size: 310 });
    const { checkpoints } = ledger;
    expect([checkpoints.sizes(), opened(checkpoints.at(300)), checkpoints.at(301)]).toMatchObject([
      [300, 310],
      { size: 300 },
      null,
    ]);
    expect([opened(checkpoints.covering(301)), checkpoints.covering(311), opened(checkpoints.latest())]).toMatchObject([
      { size: 310 },
      null,
      { size: 310 },
    ]);
    expect(ledger.verify()).toMatchObject({ finding: null, checkpoints: 2 });
    ledger.close();
    openTestLedger(path, key).close();
  });

  test("a ledger without a key signs nothing, and one whose key was exchanged goes on", () => {
    const path = newLedgerPath();
    const unsigned = openTestLedger(path);
    fillLedger(unsigned, 3);
    expect(unsigned.checkpoint()).toBeNull();
    unsigned.close();
    const first = openTestLedger(path, key);
    first.checkpoint();
    first.close();
    const other = makeSigningKey();
    const second = openTestLedger(path, other);
    fillLedger(second, 5);
    expect(second.checkpoint()).toContain("\n5\n");
    expect(second.verify()).toMatchObject({ finding: null, checkpoints: 2 });
    second.close();
  });

  test("are kept in bounded number over the whole life of the ledger", { timeout: 60_000 }, () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path, key);
    for (let at = 0; at <= MAX_KEPT_CHECKPOINTS + 1; at += 1) {
      ledger.append([recordOf(at)]);
      ledger.checkpoint();
    }
    const sizes = ledger.checkpoints.sizes();
    expect(sizes.length).toBeLessThanOrEqual(MAX_KEPT_CHECKPOINTS);
    expect(sizes.length).toBeGreaterThan(MAX_KEPT_CHECKPOINTS / 2);
    expect([sizes[0], sizes.at(-1)]).toEqual([1, MAX_KEPT_CHECKPOINTS + 2]);
    expect(ledger.verify().finding).toBeNull();
    ledger.close();
  });

  test("are signed once more at the end; what fails is told", () => {
    const calls: string[] = [];
    const checkpoint = (): null => {
      calls.push("signed");
      return null;
    };
    const stop = keepSigned({ checkpoint }, () => calls.push("failed"));
    stop();
    expect(calls).toEqual(["signed"]);
    const failing = keepSigned(
      {
        checkpoint: () => {
          throw new Error("EIO");
        },
      },
      () => calls.push("failed"),
    );
    failing();
    expect(calls).toEqual(["signed", "failed"]);
  });
});

describe("entries by who, what and when", () => {
  test("a page says where to go on, either way, and none looks at more than its share", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path);
    fillLedger(ledger, MAX_LEDGER_SCAN + 700);
    const walk = (query: Parameters<typeof ledger.page>[0]): readonly number[] => {
      const found: number[] = [];
      let pages = 0;
      for (let next: number | null = null; ; ) {
        const place = next === null ? {} : query?.newestFirst === true ? { to: next } : { from: next };
        const page = ledger.page({ ...query, ...place });
        found.push(...page.entries.map(({ seq }) => seq));
        pages += 1;
        expect(pages).toBeLessThan(2_000);
        if (page.next === null) return found;
        next = page.next;
      }
    };
    const size = MAX_LEDGER_SCAN + 700;
    expect(walk({ limit: 10_000 })).toEqual(Array.from({ length: size }, (_, seq) => seq));
    expect(walk({ limit: 10_000, newestFirst: true })).toEqual(Array.from({ length: size }, (_, at) => size - 1 - at));
    expect(walk({ target: `thing-${size - 1}` })).toEqual([size - 1]);
    expect(walk({ target: "thing-0", newestFirst: true })).toEqual([0]);
    expect(walk({ target: "thing-7", userId: "QA-1" })).toEqual([]);
    expect(ledger.page({ target: "nothing" })).toEqual({ entries: [], size, next: MAX_LEDGER_SCAN });
    expect(walk({ from: 10, to: 20, userId: "QA-1" })).toEqual([10, 15]);
    expect(walk({ from: 10, to: 20, userId: "QA-1", newestFirst: true, limit: 1 })).toEqual([15, 10]);
    expect(ledger.page({ from: size + 5 })).toEqual({ entries: [], size, next: null });
    const [first, last] = [ledger.list({ from: 0, limit: 1 })[0], ledger.list({ from: 7_000, limit: 1 })[0]];
    const [fromMs, toMs] = [Date.parse(first?.time ?? ""), Date.parse(last?.time ?? "")];
    const between = walk({ fromMs, toMs, limit: 10_000 });
    expect([between.at(0), between.at(-1)]).toEqual([0, 4_999]);
    ledger.close();
  });

  test("what only stands in another field is not found, and quotes are found as they are spelt", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path);
    const said = { ...recordOf(1), details: 'said "user_id":"EVE"', metadata: { user_id: "EVE" } };
    ledger.append([said, { ...recordOf(2), target: 'a "quoted" µ\\thing' }]);
    expect(ledger.list({ userId: "EVE" })).toEqual([]);
    expect(ledger.list({ target: 'a "quoted" µ\\thing' }).map(({ seq }) => seq)).toEqual([1]);
    ledger.close();
  });
});

describe("AB-35: what an administrator may try on the tree and its checkpoints", () => {
  const SIZE = 3_000;
  interface Attack {
    readonly name: string;
    readonly sql?: string;
    readonly file?: (path: string) => void;
    /** What `verify` says. */
    readonly found: object;
    /** Whether a start refuses it as well. */
    readonly refused: boolean;
  }
  const flip = (column: string, at: number) =>
    `UPDATE tile SET ${column} = CAST(substr(${column}, 1, ${at}) || x'5a' || substr(${column}, ${at + 2}) AS BLOB)`;
  const attacks: readonly Attack[] = [
    {
      name: "a leaf hash in the middle",
      sql: `${flip("hashes", 40)} WHERE level = 0 AND place = 3`,
      found: { seq: 769, fault: "tree-differs" },
      refused: false,
    },
    {
      name: "the root of a tile under the edge",
      sql: `${flip("root", 0)} WHERE level = 0 AND place = 9`,
      found: { seq: 2_304, fault: "tree-differs" },
      refused: true,
    },
    {
      name: "a leaf hash among the last entries",
      sql: `${flip("hashes", 0)} WHERE level = 0 AND place = 10`,
      found: { seq: 2_560, fault: "tree-differs" },
      refused: true,
    },
    {
      name: "a tile taken away",
      sql: "DELETE FROM tile WHERE level = 0 AND place = 9",
      found: { seq: 2_304, fault: "tree-differs" },
      refused: true,
    },
    {
      name: "two tiles swapped",
      sql: "UPDATE tile SET place = -1 WHERE level = 0 AND place = 1; UPDATE tile SET place = 1 WHERE level = 0 AND place = 2; UPDATE tile SET place = 2 WHERE level = 0 AND place = -1",
      found: { seq: 256, fault: "tree-differs" },
      refused: true,
    },
    {
      name: "a tile of entries that are not there",
      sql: "INSERT INTO tile SELECT 0, 11, root, high_water_ms, hashes FROM tile WHERE level = 0 AND place = 1",
      found: { seq: 3_000, fault: "tree-differs" },
      refused: true,
    },
    {
      name: "the latest time put back",
      sql: "UPDATE tile SET high_water_ms = high_water_ms - 86400000 WHERE level = 0 AND place = 5",
      found: { seq: 1_280, fault: "tree-differs" },
      refused: false,
    },
    {
      name: "a kept checkpoint of another root",
      sql: "UPDATE checkpoint SET note = replace(note, substr(note, instr(note, '=') - 8, 8), 'AAAAAAAA') WHERE size = 600",
      found: { seq: 599, fault: "checkpoint-differs" },
      refused: false,
    },
    {
      name: "the checkpoint's file taken away",
      file: (path) => rmSync(checkpointPath(path)),
      found: { seq: 2_999, fault: "checkpoint-differs" },
      refused: true,
    },
    {
      name: "the checkpoint's file spoilt",
      file: (path) => writeFileSync(checkpointPath(path), "?"),
      found: { seq: 2_999, fault: "checkpoint-differs" },
      refused: true,
    },
    {
      name: "the checkpoint's file with a signature that does not hold",
      file: (path) =>
        writeFileSync(checkpointPath(path), readFileSync(checkpointPath(path), "utf8").replace("\n3000\n", "\n2999\n")),
      found: { seq: 2_999, fault: "checkpoint-differs" },
      refused: true,
    },
    {
      name: "another ledger's checkpoint",
      file: (path) => {
        const other = newLedgerPath();
        const ledger = openTestLedger(other, key);
        fillLedger(ledger, 600);
        ledger.checkpoint();
        ledger.close();
        writeFileSync(checkpointPath(path), readFileSync(checkpointPath(other)));
      },
      found: { seq: 599, fault: "checkpoint-differs" },
      refused: true,
    },
  ];

  const unlocked =
    "DROP TRIGGER tile_is_never_changed; DROP TRIGGER tile_is_never_deleted; DROP TRIGGER entry_is_never_changed;";
  const tamper = (path: string, sql: string): void => {
    const db = openDatabase(path);
    db.exec(`${unlocked} ${sql}`);
    db.close();
  };
  const signedLedger = (size = SIZE): string => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path, key);
    fillLedger(ledger, 600);
    ledger.checkpoint();
    fillLedger(ledger, size);
    ledger.checkpoint();
    ledger.close();
    return path;
  };

  test.each(attacks)("$name", ({ sql, file, found, refused }) => {
    const path = signedLedger();
    if (sql !== undefined) tamper(path, sql);
    file?.(path);
    const reader = readLedgerFile(path, { key });
    expect(reader.verify().finding).toMatchObject(found);
    reader.close();
    if (refused) expect(() => openTestLedger(path, key)).toThrow(/does not hold/);
    else openTestLedger(path, key).close();
  });

  test("a hash of a tile above the entries' own", () => {
    const path = signedLedger(66_000);
    tamper(path, `${flip("hashes", 64)} WHERE level = 1 AND place = 0`);
    const reader = readLedgerFile(path, { key });
    expect(reader.verify().finding).toMatchObject({ seq: 512, fault: "tree-differs" });
    reader.close();
  });

  /** Everything that lies in the ledger's own files, made anew for another story of entry 500. */
  function rewritten(path: string): void {
    const other = newLedgerPath();
    const forged = openTestLedger(other);
    const reader = readLedgerFile(path);
    for (const { bytes } of reader.stored(0)) {
      const {
        seq: _s,
        time: _t,
        timeSource: _c,
        previous_hash: _p,
        ...record
      } = JSON.parse(Buffer.from(bytes).toString());
      forged.append([record.metadata.index === 500 ? { ...record, user_id: "EVE" } : record]);
    }
    reader.close();
    forged.close();
    writeFileSync(path, readFileSync(other));
    writeFileSync(`${path}-head`, readFileSync(`${other}-head`));
  }

  test("a ledger written anew, chain, head file, tree and all, is not the one that was signed", () => {
    const path = signedLedger(700);
    rewritten(path);
    const reader = readLedgerFile(path, { key });
    expect(reader.verify().finding).toMatchObject({ seq: 699, fault: "checkpoint-differs" });
    reader.close();
    expect(() => openTestLedger(path, key)).toThrow(/do not have the root that was signed/);
  });

  test("an older copy put back, head file and all, ends before what was signed", () => {
    const path = newLedgerPath();
    const ledger = openTestLedger(path, key);
    fillLedger(ledger, 600);
    ledger.checkpoint();
    ledger.close();
    const copies = [path, `${path}-head`].map((file) => [file, readFileSync(file)] as const);
    const again = openTestLedger(path, key);
    fillLedger(again, 650);
    again.checkpoint();
    again.close();
    for (const [file, bytes] of copies) writeFileSync(file, bytes);
    const reader = readLedgerFile(path, { key });
    expect(reader.verify().finding).toMatchObject({ seq: 600, fault: "truncated" });
    reader.close();
    expect(() => openTestLedger(path, key)).toThrow(/a checkpoint of 650 entries was signed/);
  });

  test("control: it is the signed checkpoint that shows it, and nothing else", () => {
    const path = signedLedger(700);
    rewritten(path);
    rmSync(checkpointPath(path));
    openTestLedger(path, key).close();
  });
});
