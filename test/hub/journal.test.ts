import { expect, test } from "vitest";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { openHubDatabase, type StoreArea } from "../../src/hub/store/database.ts";
import { type JournalLedger, openJournal } from "../../src/hub/store/journal.ts";
import { recordTables } from "../../src/hub/store/record-tables.ts";
import type { LedgerEntry, LedgerRecord } from "../../src/model/ledger-entry.ts";

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
      const written = records.map((record, index) => ({
        ...record,
        seq: entries.length + index,
        time: "2026-11-24T00:00:00.000Z",
        timeSource: "wall" as const,
        previous_hash: "",
      }));
      entries.push(...written);
      if (fails.at === "after") throw new Error("power cut");
      return written;
    },
    list: ({ limit }) => entries.slice(-limit).reverse(),
  };
  return { ledger, targets: () => entries.map(({ target }) => target) };
}

async function bench(at: "before" | "after" | null) {
  const fails = { at };
  const db = await openHubDatabase(openDatabase(":memory:"), [recordTables, things]);
  const { ledger, targets } = ledgerThat(fails);
  const journal = openJournal(db, ledger);
  const add = (name: string, then?: () => void) =>
    journal.commit<Tables, void>(async ({ tables, record }) => {
      await tables.insertInto("thing").values({ name }).execute();
      record(recordOf(name));
      then?.();
    });
  const names = async () =>
    (await db.tables<Tables>().selectFrom("thing").selectAll().execute()).map(({ name }) => name);
  return { fails, journal, add, names, targets, restart: () => openJournal(db, ledger).recover() };
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

test("control: without the recovery the record would be missing", async () => {
  const { add, names, targets } = await bench("before");
  await expect(add("a")).rejects.toThrow("power cut");
  expect([await names(), targets()]).toEqual([["a"], []]);
});
