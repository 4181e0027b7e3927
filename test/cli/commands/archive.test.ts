import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backUp } from "../../../src/disk/backup.ts";
import { makeSigningKey } from "../../../src/disk/key-file.ts";
import { openDatabase } from "../../../src/disk/sqlite.ts";
import { openArchiveReader } from "../../../src/hub/archive/archive-reader.ts";
import { checkpointKey } from "../../../src/ledger/checkpoint.ts";
import { verifierKeyText } from "../../../src/ledger/note.ts";
import { batchOf, checkpointOf, cut, decisionRecord, ledgerOf, plainRecord } from "../../hub/archive/written-ledger.ts";
import { type HubBench, hubBench } from "../../hub/hub-fixture.ts";
import { oneCommand, type Said } from "../one-command.ts";

let bench: HubBench;
const nodeKey = makeSigningKey();
const ledger = ledgerOf("LP-1", [
  plainRecord(0),
  decisionRecord("LP-1", { test: "T-1", order: "PO-1", part: "P-1" }),
  decisionRecord("LP-1", { test: "T-2", order: "PO-1", allow: false, user: "STF-2" }),
  plainRecord(3),
]);
beforeAll(async () => {
  bench = await hubBench();
  await bench.enrol("LP-1");
  await bench.enrol("LP-2");
  const forked = ledgerOf("LP-2", [plainRecord(9)], cut(ledgerOf("LP-2", [plainRecord(0), plainRecord(1)]), 1));
  bench
    .hub()
    .services.archive.append([
      { ...batchOf(ledger, 0), checkpoint: checkpointOf(ledger, nodeKey) },
      batchOf(ledgerOf("LP-2", [plainRecord(0), plainRecord(1)]), 0),
      batchOf(forked, 1),
    ]);
});
afterAll(() => bench.close());

const maint = (...words: readonly string[]): Promise<Said> =>
  oneCommand("archive", ...words, "--data", bench.data, ...(words[0] === "verify" ? [] : ["--keys", bench.keys]));
const lines = ({ out }: Said): readonly string[] => out.trimEnd().split("\n");
const reads = () => bench.hub().services.ledger.list({ actionType: "ledger_read", limit: 1_000 });

test("list says how far each ledger is, and exits with 1 where one does not hold", async () => {
  const said = await maint("list");
  expect(said.code).toBe(1);
  expect(lines(said)).toEqual([
    "LP-1  4 entries",
    "LP-2  2 entries  DOES NOT HOLD: its entry 1 is not the one that was archived",
  ]);
  expect(JSON.parse((await maint("list", "--json")).out).nodes[0]).toMatchObject({ node: "LP-1", size: 4, strands: 1 });
});

describe("what is archived", () => {
  const rows: readonly (readonly [words: string, found: readonly string[]])[] = [
    ["show --node LP-1", ["LP-1 #0", "LP-1 #1", "LP-1 #2", "LP-1 #3"]],
    ["show --type gate_decision", ["LP-1 #1", "LP-1 #2"]],
    ["show --node LP-1 --newest --limit 1", ["LP-1 #3"]],
    ["show --node LP-1 --seq 2", ["LP-1 #2"]],
    ["show --target T-2", ["LP-1 #2"]],
    ["show --by STF-2", ["LP-1 #2"]],
    ["show --node LP-1 --since 2026-11-23T09:02:00-06:00", ["LP-1 #2", "LP-1 #3"]],
    ["show --node LP-1 --from 3", ["LP-1 #3"]],
    ["show --node LP-1 --target nothing", ["no entries"]],
    ["decisions --order PO-1", ["LP-1 #1", "LP-1 #2"]],
    ["decisions --order PO-1 --blocked", ["LP-1 #2"]],
    ["decisions --part P-1", ["LP-1 #1"]],
    ["decisions --test T-9", ["no decisions"]],
    ["decisions --contract UV-DAILY --until 2026-11-23T09:02:00-06:00", ["LP-1 #1"]],
  ];
  test.each(rows)("%s", async (words, found) => {
    const before = reads().length;
    const said = await maint(...words.split(" "));
    expect(said).toMatchObject({ code: 0, err: "" });
    expect(lines(said).map((line) => /^(no \w+|\S+ #\d+)/.exec(line)?.[1])).toEqual(found);
    // Whoever reads is written down.
    expect(reads().length).toBe(before + 1);
  });

  const refused: readonly (readonly [words: string, code: string])[] = [
    ["show --seq 2", "MAINT_ERR_USAGE"],
    ["show --node LP-1 --seq 99", "MAINT_ERR_NOT_FOUND"],
    ["show --since yesterday", "MAINT_ERR_USAGE"],
    ["show --limit 0", "MAINT_ERR_USAGE"],
    ["show --limit 100000", "MAINT_ERR_BAD_REQUEST"],
    ["verify --node LP-9", "MAINT_ERR_NOT_FOUND"],
    ["retain --node LP-1", "MAINT_ERR_USAGE"],
    ["retain --node LP-9 --days 5", "MAINT_ERR_NOT_FOUND"],
    ["retain --node LP-1 --days 5 --forever", "MAINT_ERR_USAGE"],
  ];
  test.each(refused)("%s is refused", async (words, code) => {
    const said = await maint(...words.split(" "), "--json");
    expect(said.code).toBe(2);
    expect(said.err).toContain(code);
  });
});

test("verify walks the file, and says where it was changed", async () => {
  expect(await maint("verify", "--node", "LP-1")).toMatchObject({
    code: 0,
    out: expect.stringContaining(
      `LP-1: all 4 entries hold, the first 4 signed by the node, key ${nodeKey.publicHex}; head sha256`,
    ),
  });
  const asKnown = (key: string) => maint("verify", "--node", "LP-1", "--node-key", key);
  expect((await asKnown(nodeKey.publicHex)).code).toBe(0);
  expect((await asKnown(verifierKeyText(checkpointKey("LP-1", nodeKey.publicHex)))).code).toBe(0);
  expect(await asKnown(makeSigningKey().publicHex)).toMatchObject({
    code: 1,
    out: expect.stringContaining("nothing of it is signed by the node's key"),
  });
  for (const key of ["nonsense", verifierKeyText(checkpointKey("LP-2", nodeKey.publicHex))])
    expect(await asKnown(key)).toMatchObject({ code: 2, err: expect.stringContaining("maint ledger key --node LP-1") });
  expect((await maint("verify", "--node-key", nodeKey.publicHex)).err).toContain("--node-key needs --node");
  expect((await maint("verify")).code).toBe(1);
  const db = openDatabase(join(bench.data, "hub", "archive.db"), { unwalked: true });
  db.exec("UPDATE entry SET user_id = 'STF-9' WHERE user_id = 'STF-2'");
  const said = await maint("verify", "--node", "LP-1");
  db.exec("UPDATE entry SET user_id = 'STF-2' WHERE user_id = 'STF-9'");
  db.close();
  expect(said).toMatchObject({ code: 1, out: expect.stringMatching(/entry 2 is bad: .*user_id \(columns-differ\)/) });
});

test("a backup of a running hub has the archive, whole", () => {
  const to = join(bench.data, "..", "copy");
  backUp({ dataFolder: bench.data, parts: ["hub"], of: "hub", to, withKeys: false, nowMs: 0 });
  const copy = openArchiveReader(join(to, "hub", "archive.db"));
  expect([...copy.entries({ nodes: ["LP-1"] })].map(({ entry }) => entry.seq)).toEqual([0, 1, 2, 3]);
  expect(copy.verify("LP-1").strands[0]?.finding).toBeNull();
  copy.close();
});

test("retain says how much is kept, and what is beyond goes with a proof in the hub's ledger", async () => {
  const said = await maint("retain", "--node", "LP-1", "--entries", "2");
  expect(said).toMatchObject({ code: 0, out: "kept of LP-1: 2 entries\n" });
  await bench.hub().services.archiveDesk.tidy();
  // The hub looks once a minute; a hub that starts looks at once.
  await bench.start();
  await bench.hub().services.archiveDesk.tidy();
  const overview = await maint("list");
  expect(lines(overview)).toContain("LP-1  4 entries  from 2 on");
  expect(lines(overview)).toContain("kept of LP-1: 2 entries");
  const written = bench.hub().services.ledger.list({ actionType: "ledger_archive" });
  expect(written.map(({ action, metadata }) => [action, metadata["lastHash"]])).toEqual([
    ["retention-set", undefined],
    ["removed", ledger.heads[2]?.hash],
  ]);
  expect(await maint("verify", "--node", "LP-1")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^LP-1: entries 2 to 3 hold/),
  });
});
