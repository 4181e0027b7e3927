import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/disk/sqlite.ts";
import { type HubDatabase, openHubDatabase, type StoreArea } from "../../src/hub/store/database.ts";

interface Tables {
  readonly thing: { name: string };
}
const MAKE = "create table thing (name text primary key) strict";
const things: StoreArea = { name: "things", steps: [[MAKE]] };
const later: StoreArea = { name: "things", steps: [[MAKE], ["alter table thing add column size integer"]] };
const others: StoreArea = { name: "others", steps: [["create table other (name text primary key) strict"]] };

let folder: string;
const open = (): Database => openDatabase(join(folder, "hub.db"));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maint-database-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const add = (db: HubDatabase, ...names: readonly string[]): Promise<void> =>
  db.atomically<Tables, void>(async (transaction) => {
    for (const name of names) await transaction.insertInto("thing").values({ name }).execute();
  });
const namesIn = async (db: HubDatabase): Promise<readonly string[]> =>
  (await db.tables<Tables>().selectFrom("thing").select("name").orderBy("name").execute()).map(({ name }) => name);

async function written(areas: readonly StoreArea[]): Promise<void> {
  const db = await openHubDatabase(open(), areas);
  await add(db, "kept");
  await db.close();
}

test.each([
  { what: "of which an area is further", by: [later], reads: [things], named: '"things"' },
  { what: "with an area that this one does not know", by: [things, others], reads: [things], named: '"others"' },
])("a database $what is refused and stays as it is", async ({ by, reads, named }) => {
  await written(by);
  const connection = open();
  await expect(openHubDatabase(connection, reads)).rejects.toMatchObject({
    ...{ code: "MAINT_ERR_DATABASE_NEWER", exitCode: 69, message: expect.stringContaining(named) },
    help: expect.stringContaining("start the version that wrote it"),
  });
  expect(connection.isOpen, "the connection is closed").toBe(false);
  // An older version that counted the steps as its own would have the newer one run them twice.
  const db = await openHubDatabase(open(), by);
  expect(await namesIn(db)).toEqual(["kept"]);
  await db.close();
});

test("an older database gets what it lacks, once, and what it holds stays", async () => {
  await written([things]);
  for (let start = 0; start < 2; start += 1) {
    const db = await openHubDatabase(open(), [later, others]);
    expect(await db.tables<Tables>().selectFrom("thing").selectAll().execute()).toEqual([{ name: "kept", size: null }]);
    await db.close();
  }
});

test("a step that fails leaves the database as it was, and closes it", async () => {
  await written([things]);
  const connection = open();
  const broken: StoreArea = {
    name: "things",
    steps: [[MAKE], ["alter table thing add column size integer", "no sql"]],
  };
  await expect(openHubDatabase(connection, [broken])).rejects.toThrow(/syntax error/);
  expect(connection.isOpen).toBe(false);
  const db = await openHubDatabase(open(), [later]);
  expect(await namesIn(db)).toEqual(["kept"]);
  await db.close();
});

test("a full disk is called a full disk, nothing of the change is there, and the next one is made", async () => {
  const connection = open();
  const db = await openHubDatabase(connection, [things]);
  await add(db, "first");
  const { page_count: pages } = connection.prepare("PRAGMA page_count").get() as { readonly page_count: number };
  connection.exec(`PRAGMA max_page_count = ${pages + 2}`);
  const large = "x".repeat(1 << 20);
  // SQLite has rolled back by itself then: a second rollback fails, and its error would be all that people read.
  await expect(add(db, "second", large)).rejects.toThrow(/full/);
  expect(await namesIn(db)).toEqual(["first"]);
  // Those that wait behind it are made.
  const waiting = [add(db, large), add(db, "third"), add(db, "fourth")];
  expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual([
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  expect(await namesIn(db)).toEqual(["first", "fourth", "third"]);
  await db.close();
});

test("closing while a change is under way leaves nothing of it", async () => {
  const db = await openHubDatabase(open(), [things]);
  await add(db, "kept");
  let goOn = (): void => {};
  const pause = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let begun = (): void => {};
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const change = db.atomically<Tables, void>(async (transaction) => {
    await transaction.insertInto("thing").values({ name: "half" }).execute();
    begun();
    await pause;
    await transaction.insertInto("thing").values({ name: "whole" }).execute();
  });
  await hasBegun;
  await db.close();
  goOn();
  await expect(change).rejects.toThrow(/not open|closed|destroyed/);
  const again = await openHubDatabase(open(), [things]);
  expect(await namesIn(again)).toEqual(["kept"]);
  await again.close();
});

test("many texts of statements do not pile up, and each is still right", async () => {
  const db = await openHubDatabase(open(), [things]);
  await add(db, "a");
  for (let round = 0; round < 2; round += 1)
    for (let nth = 0; nth < 1_200; nth += 1) {
      const row = db.prepare(`select ${nth} as nth, name from thing`).get();
      expect(row).toEqual({ nth, name: "a" });
    }
  await db.close();
});
