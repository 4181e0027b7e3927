import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { openLedgerFile } from "../../src/disk/ledger-file.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { openHubDatabase, type StoreArea } from "../../src/hub/store/database.ts";
import { type JournalLedger, openJournal } from "../../src/hub/store/journal.ts";
import { type RecordTables, recordTables } from "../../src/hub/store/record-tables.ts";
import { EMPTY_HEAD, entryBytes } from "../../src/ledger/entry.ts";
import type { LedgerEntry, LedgerRecord } from "../../src/model/ledger-entry.ts";
import { MAX_LEDGER_BATCH, MAX_LEDGER_ENTRY_BYTES } from "../../src/model/limits.ts";

interface Tables {
  readonly thing: { name: string };
}
const things: StoreArea = { name: "things", steps: [["create table thing (name text primary key) strict"]] };

const recordOf = (target: string): LedgerRecord => ({
  action_type: "process",
  action: "tried",
  target,
  details: target,
  user_id: "hub",
  smart_id: null,
  metadata: { n: 1 },
});

/** A ledger in memory that can fail before or after it has written. */
function ledgerThat(fails: { at: "before" | "after" | null }) {
  const entries: LedgerEntry[] = [];
  const ledger: JournalLedger = {
    append: (records) => {
      if (fails.at === "before") throw new Error("power cut");
      if (records.length > MAX_LEDGER_BATCH) throw new Error(`${records.length} records in one group`);
      const written = records.map((record, index) => ({
        ...record,
        seq: entries.length + index,
        time: "2026-11-24T00:00:00.000Z",
        timeSource: "wall" as const,
        previous_hash: EMPTY_HEAD.hash,
      }));
      entries.push(...written);
      if (fails.at === "after") throw new Error("power cut");
      return written;
    },
    head: () => ({ size: entries.length }),
    stored: (from) => entries.slice(from).map((entry) => ({ seq: entry.seq, bytes: entryBytes(entry) })),
  };
  return { ledger, targets: () => entries.map(({ target }) => target) };
}

async function bench(at: "before" | "after" | null) {
  const fails = { at };
  const { ledger, targets } = ledgerThat(fails);
  return { fails, targets, ...(await benchOver(ledger)) };
}

async function benchOver(ledger: JournalLedger) {
  const db = await openHubDatabase(openDatabase(":memory:"), [recordTables, things]);
  const journal = openJournal(db, ledger);
  const add = (name: string, then?: () => void) =>
    journal.commit<Tables, void>(async ({ tables, record }) => {
      await tables.insertInto("thing").values({ name }).execute();
      record(recordOf(name));
      then?.();
    });
  /** Records that go with a change of their own. */
  const say = (...said: readonly string[]) =>
    journal.commit<Tables, void>(async ({ record }) => said.map(recordOf).forEach(record));
  const names = async () =>
    (await db.tables<Tables>().selectFrom("thing").selectAll().execute()).map(({ name }) => name);
  const left = async () =>
    (await db.tables<RecordTables>().selectFrom("unwritten_record").selectAll().execute()).map(
      ({ record }) => (JSON.parse(record) as LedgerRecord).target,
    );
  return { journal, add, say, names, left, restart: () => openJournal(db, ledger).recover() };
}

/** The same over a real ledger, which refuses what is no record. */
async function realBench() {
  const folder = mkdtempSync(join(tmpdir(), "maint-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const clock = () => ({ timeMs: Date.UTC(2026, 10, 24), timeSource: "wall" as const });
  const ledger = openLedgerFile(join(folder, "ledger.db"), { owner: "hub", clock });
  onTestFinished(() => ledger.close());
  return { ...(await benchOver(ledger)), targets: () => ledger.list().map(({ target }) => target) };
}

test("a change and its record are both there", async () => {
  const { add, names, targets } = await bench(null);
  await Promise.all([add("a"), add("b"), add("c")]);
  expect([await names(), targets()]).toEqual([
    ["a", "b", "c"],
    ["a", "b", "c"],
  ]);
});

test("a change that throws leaves neither", async () => {
  const { add, names, targets } = await bench(null);
  const refuse = (): never => {
    throw new Error("no");
  };
  await expect(add("a", refuse)).rejects.toThrow("no");
  expect([await names(), targets()]).toEqual([[], []]);
});

test.each(["before", "after"] as const)("a power cut %s the ledger's write loses and doubles nothing", async (at) => {
  const { fails, add, names, targets, restart } = await bench(at);
  await expect(add("a")).rejects.toThrow("power cut");
  fails.at = null;
  await restart();
  await restart();
  expect([await names(), targets()]).toEqual([["a"], ["a"]]);
});

test("a record that says the same as an earlier one is not taken for it", async () => {
  const { fails, say, targets, restart } = await bench(null);
  await say("a role given");
  await say("a role taken");
  fails.at = "before";
  await expect(say("a role given")).rejects.toThrow("power cut");
  fails.at = null;
  await restart();
  await restart();
  expect(targets()).toEqual(["a role given", "a role taken", "a role given"]);
});

test("two of the same that were written both are both known, and one that was not is written", async () => {
  const { fails, say, targets, restart } = await bench("after");
  await expect(say("x", "x")).rejects.toThrow("power cut");
  fails.at = "before";
  await expect(say("x")).rejects.toThrow("power cut");
  fails.at = null;
  await restart();
  expect(targets()).toEqual(["x", "x", "x"]);
});

test("more than one group may be left over, and others may have written meanwhile", async () => {
  const { fails, journal, say, targets, restart } = await bench("before");
  const many = Array.from({ length: MAX_LEDGER_BATCH }, (_, index) => `t${index}`);
  await Promise.allSettled([say(...many), say("one more")]);
  fails.at = null;
  await journal.append([recordOf("meanwhile")]);
  await restart();
  expect(targets()).toEqual(["meanwhile", ...many, "one more"]);
});

test("what is written is forgotten with the next change, and not written again by a start in between", async () => {
  const { add, left, targets, restart } = await bench(null);
  await add("a");
  await add("b");
  expect(await left()).toEqual(["b"]);
  const refuse = (): never => {
    throw new Error("no");
  };
  await expect(add("c", refuse)).rejects.toThrow("no");
  expect(await left()).toEqual(["b"]);
  await restart();
  await restart();
  expect([await left(), targets()]).toEqual([[], ["a", "b"]]);
});

test("a change after a power cut forgets nothing that is unwritten", async () => {
  const { fails, add, left, targets, restart } = await bench(null);
  await add("a");
  fails.at = "before";
  await expect(add("b")).rejects.toThrow("power cut");
  await expect(add("c")).rejects.toThrow("power cut");
  expect(await left()).toEqual(["b", "c"]);
  fails.at = null;
  await restart();
  expect(targets()).toEqual(["a", "b", "c"]);
});

describe("what the ledger would never take", () => {
  const oversized = { ...recordOf("large"), details: "x".repeat(MAX_LEDGER_ENTRY_BYTES) };
  const faulty = { ...recordOf("faulty"), action_type: "no such" as LedgerRecord["action_type"] };
  test.each([
    { what: "a record larger than an entry", record: oversized, as: { code: "MAINT_ERR_LEDGER_RECORD" } },
    { what: "a record of no known type", record: faulty, as: { code: "MAINT_ERR_LEDGER_RECORD" } },
    { what: "half a letter", record: { ...recordOf("half"), details: "\ud800" }, as: { name: "TypeError" } },
  ])("$what: neither it nor its change is there, and others go on", async ({ record: refused, as }) => {
    const { journal, add, names, targets, left, restart } = await realBench();
    const change = journal.commit<Tables, void>(async ({ tables, record }) => {
      await tables.insertInto("thing").values({ name: "refused" }).execute();
      record(refused);
    });
    await expect(change).rejects.toMatchObject(as);
    expect(await left()).toEqual([]);
    await add("a");
    await restart();
    expect([await names(), targets()]).toEqual([["a"], ["a"]]);
  });

  test("the largest record that is taken fits the ledger", async () => {
    const { journal, targets } = await realBench();
    const empty = canonicalJson({ ...recordOf("large"), details: "" }).length;
    const details = "x".repeat(MAX_LEDGER_ENTRY_BYTES - 1_024 - empty);
    await journal.commit(async ({ record }) => record({ ...recordOf("large"), details }));
    expect(targets()).toEqual(["large"]);
  });
});

test("control: without the recovery the record would be missing", async () => {
  const { add, names, targets } = await bench("before");
  await expect(add("a")).rejects.toThrow("power cut");
  expect([await names(), targets()]).toEqual([["a"], []]);
});
