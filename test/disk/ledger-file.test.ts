import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type LedgerFile, openLedgerFile, readLedgerFile } from "../../src/disk/ledger-file.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const newPath = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "maint-ledger-"));
  folders.push(folder);
  return join(folder, "ledger.db");
};

let now = 1_795_000_000_000;
const open = (path: string, owner = "hub-1"): LedgerFile =>
  openLedgerFile(path, { owner, clock: () => ({ timeMs: now++, timeSource: "wall" }) });
const record = (index: number): LedgerRecord => ({
  action_type: index % 3 === 0 ? "contract_creation" : "gate_decision",
  action: index % 3 === 0 ? "created" : "decided",
  target: `thing-${index}`,
  details: `the ${index}th thing`,
  user_id: "STF-1",
  smart_id: index % 2 === 0 ? "UV-DAILY" : null,
  metadata: { index },
});
const filled = (path: string, size: number): void => {
  const ledger = open(path);
  ledger.append(Array.from({ length: size }, (_, index) => record(index)));
  ledger.close();
};

describe("a ledger file", () => {
  test("continues its chain after a restart and lists by filter", () => {
    const path = newPath();
    filled(path, 7);
    const ledger = open(path);
    expect(ledger.append([record(7)])[0]).toMatchObject({ seq: 7, target: "thing-7" });
    expect(ledger.head().size).toBe(8);
    expect(ledger.verify()).toMatchObject({ finding: null, head: ledger.head() });
    expect(ledger.list({ from: 2, limit: 3 }).map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(ledger.list({ actionType: "contract_creation" }).map(({ seq }) => seq)).toEqual([0, 3, 6]);
    expect(ledger.list({ smartId: "UV-DAILY", newestFirst: true, limit: 2 }).map(({ seq }) => seq)).toEqual([6, 4]);
    expect(ledger.list({ target: "thing-5", userId: "STF-1", action: "decided" })).toHaveLength(1);
    expect(ledger.highWaterMs()).toBe(now - 1);
    expect(ledger.append([])).toEqual([]);
    ledger.close();
  });

  test("is read by others while its process writes", () => {
    const path = newPath();
    const ledger = open(path);
    ledger.append([record(0), record(1)]);
    const reader = readLedgerFile(path);
    ledger.append([record(2)]);
    expect(reader.owner).toBe("hub-1");
    expect(reader.verify()).toMatchObject({ finding: null, head: ledger.head() });
    expect(reader.list().map(({ seq }) => seq)).toEqual([0, 1, 2]);
    reader.close();
    ledger.close();
  });

  test("refuses UPDATE and DELETE, another owner, and records that no entry can hold", () => {
    const path = newPath();
    filled(path, 3);
    const db = openDatabase(path);
    expect(() => db.exec("UPDATE entry SET bytes = x'00' WHERE seq = 1")).toThrow("never changed");
    expect(() => db.exec("DELETE FROM entry WHERE seq = 1")).toThrow("never deleted");
    db.close();
    expect(() => open(path, "Pen-1")).toThrow(/ledger of hub-1, not of Pen-1/);
    const ledger = open(path);
    expect(() => ledger.append([record(3), { ...record(4), details: "\ud800" }])).toThrow(/cannot be written/);
    expect(ledger.append([record(3)])[0]?.seq).toBe(3);
    ledger.close();
  });

  test("takes nothing more after a write error", () => {
    const path = newPath();
    const ledger = open(path);
    ledger.append([record(0)]);
    const other = openDatabase(path);
    // The place is taken behind the writer's back: the stand-in for any failing write.
    other.exec("INSERT INTO entry (seq, bytes) VALUES (1, x'7b7d')");
    other.close();
    expect(() => ledger.append([record(1)])).toThrow(/writing failed/);
    expect(() => ledger.append([record(1)])).toThrow(/takes nothing more/);
    ledger.close();
    expect(() => open(path)).toThrow(/entry 1 does not hold/);
  });
});

interface Damage {
  readonly name: string;
  readonly sql?: string;
  readonly file?: (path: string) => void;
  readonly seq: number;
  readonly fault: string;
}

const unlocked = "DROP TRIGGER entry_is_never_changed; DROP TRIGGER entry_is_never_deleted;";
const damages: readonly Damage[] = [
  {
    name: "an edited entry",
    sql: "UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'STF-1', 'STF-2') AS BLOB) WHERE seq = 4",
    seq: 4,
    fault: "edited",
  },
  {
    name: "an edited last entry",
    sql: "UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'STF-1', 'STF-2') AS BLOB) WHERE seq = 9",
    seq: 9,
    fault: "edited",
  },
  { name: "a deleted entry", sql: "DELETE FROM entry WHERE seq = 3", seq: 3, fault: "missing" },
  { name: "a cut tail", sql: "DELETE FROM entry WHERE seq > 6", seq: 7, fault: "truncated" },
  { name: "an emptied ledger", sql: "DELETE FROM entry", seq: 0, fault: "truncated" },
  {
    name: "swapped entries",
    sql: "UPDATE entry SET seq = -1 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 5; UPDATE entry SET seq = 5 WHERE seq = -1",
    seq: 2,
    fault: "reordered",
  },
  { name: "a removed head file", file: (path) => rmSync(`${path}-head`), seq: 10, fault: "truncated" },
  { name: "an unreadable head file", file: (path) => writeFileSync(`${path}-head`, "?"), seq: 10, fault: "truncated" },
];

describe("what somebody changed on the disk is found and the ledger is not opened", () => {
  for (const { name, sql, file, seq, fault } of damages) {
    test(name, () => {
      const path = newPath();
      filled(path, 10);
      if (sql !== undefined) {
        const db = openDatabase(path);
        db.exec(`${unlocked} ${sql}`);
        db.close();
      }
      file?.(path);
      const reader = readLedgerFile(path);
      expect(reader.verify().finding).toMatchObject({ seq, fault });
      reader.close();
      expect(() => open(path)).toThrow(`entry ${seq} does not hold`);
    });
  }

  test("a byte edited in the file itself", () => {
    const path = newPath();
    filled(path, 10);
    const bytes = readFileSync(path);
    const place = bytes.indexOf("the 4th thing");
    expect(place).toBeGreaterThan(0);
    bytes[place + 4] = "5".charCodeAt(0);
    writeFileSync(path, bytes);
    const reader = readLedgerFile(path);
    expect(reader.verify().finding).toMatchObject({ seq: 4, fault: "edited" });
    reader.close();
  });

  test("a whole ledger put back from an old copy shows against the head file", () => {
    const path = newPath();
    filled(path, 5);
    copyFileSync(path, `${path}.old`);
    const ledger = open(path);
    ledger.append([record(5)]);
    ledger.close();
    copyFileSync(`${path}.old`, path);
    expect(() => open(path)).toThrow(/entry 5 does not hold: the ledger ends before it/);
    rmSync(path);
    expect(() => open(path)).toThrow(/the file is gone/);
  });

  test("a torn head file slot leaves the other one", () => {
    const path = newPath();
    filled(path, 4);
    const head = readFileSync(`${path}-head`, "latin1");
    writeFileSync(`${path}-head`, `?${head.slice(1)}`);
    expect(readLedgerFile(path).verify().finding).toBeNull();
  });

  test("a file of noise is refused, not overwritten", () => {
    const path = newPath();
    writeFileSync(path, Buffer.alloc(8192, "noise"));
    expect(() => open(path)).toThrow(/damaged/);
    expect(readFileSync(path).includes("noise")).toBe(true);
    expect(() => readLedgerFile(join(path, "..", "none.db"))).toThrow(/no ledger there/);
  });
});
