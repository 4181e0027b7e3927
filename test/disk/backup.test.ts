import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { backUp, readBackup, restore } from "../../src/disk/backup.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A data folder with everything that a hub's may hold, files of later versions among them. */
function dataFolder(): { readonly data: string; readonly to: string } {
  const folder = mkdtempSync(join(tmpdir(), "maint-backup-"));
  folders.push(folder);
  const data = join(folder, "data");
  mkdirSync(join(data, "hub", "later", "deep"), { recursive: true });
  mkdirSync(join(data, "policy"));
  for (const name of ["hub.db", "archive.db", "later/deep/more.db"]) {
    const db = openDatabase(join(data, "hub", name));
    db.exec("create table t (n integer) strict; insert into t values (7)");
    db.close();
  }
  for (const name of [
    "hub/people.json",
    "hub/key",
    "hub/later/token",
    "hub/address.json",
    "hub/lock",
    "policy/1.root.json",
  ])
    writeFileSync(join(data, name), name, { mode: 0o600 });
  writeFileSync(join(data, "hub", "large.bin"), Buffer.alloc((3 << 20) + 17, 7));
  return { data, to: join(folder, "copy") };
}

const ask = { parts: ["hub", "policy"], of: "hub", withKeys: false, nowMs: 0 };

test("whatever lies in the folders is copied, but for what a running process makes anew, and keys", () => {
  const { data, to } = dataFolder();
  const paths = backUp({ ...ask, dataFolder: data, to }).files.map(({ path }) => path);
  expect(paths.sort()).toEqual([
    "hub/archive.db",
    "hub/hub.db",
    "hub/large.bin",
    "hub/later/deep/more.db",
    "hub/people.json",
    "policy/1.root.json",
  ]);
  rmSync(to, { recursive: true });
  const withKeys = backUp({ ...ask, withKeys: true, dataFolder: data, to }).files.map(({ path }) => path);
  expect(withKeys).toEqual(expect.arrayContaining(["hub/key", "hub/later/token"]));
});

test("a large file has the digest of all of it, and a change in its last byte is seen", () => {
  const { data, to } = dataFolder();
  const { files } = backUp({ ...ask, dataFolder: data, to });
  const large = join(to, "hub", "large.bin");
  const whole = createHash("sha256").update(readFileSync(large)).digest("hex");
  expect(files.find(({ path }) => path === "hub/large.bin")).toMatchObject({ sha256: whole, bytes: (3 << 20) + 17 });
  const bytes = readFileSync(large);
  bytes[bytes.length - 1] = 8;
  writeFileSync(large, bytes);
  expect(() => readBackup(to)).toThrow(/large.bin is not what was backed up/);
});

test("what comes back is what was there", () => {
  const { data, to } = dataFolder();
  backUp({ ...ask, dataFolder: data, to });
  const into = join(data, "..", "restored");
  restore(to, into);
  const db = openDatabase(join(into, "hub", "later", "deep", "more.db"), { readOnly: true });
  expect(db.prepare("select n from t").get()).toEqual({ n: 7 });
  db.close();
  expect(existsSync(join(into, "hub", "address.json"))).toBe(false);
  expect(() => restore(to, into)).toThrow(/is there already/);
});
