import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/disk/sqlite.ts";

// strace says what was fsynced, and when: a backup that a power cut may take back is none.
const PROGRAM = join(import.meta.dirname, "backup-io.ts");
const tried = spawnSync("strace", ["-f", "-y", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"]);
const missing =
  tried.error !== undefined || tried.status !== 0 ? "strace is not installed, or may not trace here" : null;
if (missing !== null) console.warn(`skipped, nothing traced: ${missing}`);

const FILES = ["hub/deep/ledger.db", "hub/hub.db", "hub/key", "hub/people.json"];

describe.skipIf(missing !== null)("a backup and what is put back from it survive a power cut", () => {
  test("every file and folder is on the disk before it is said to be whole", () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "maint-backup-io-")));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [data, copy, again, log] = ["data", "copy", "again", "log"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    mkdirSync(join(data, "hub", "deep"), { recursive: true });
    for (const name of FILES)
      if (name.endsWith(".db")) openDatabase(join(data, name)).close();
      else writeFileSync(join(data, name), name, { mode: 0o400 });
    const words = [
      "-f",
      "-y",
      "-qq",
      "-o",
      log,
      "-e",
      "trace=fsync,link,linkat",
      process.execPath,
      PROGRAM,
      data,
      copy,
      again,
    ];
    expect(spawnSync("strace", words, { encoding: "utf8" })).toMatchObject({ status: 0 });
    const calls = readFileSync(log, "utf8").split("\n");
    const synced = (path: string): number =>
      calls.findLastIndex((call) => call.includes("fsync(") && call.includes(`<${path}>`));
    const whole = calls.findIndex((call) => call.includes("link") && call.includes("backup.json"));
    expect(whole).toBeGreaterThan(0);
    for (const root of [copy, again])
      for (const path of FILES) {
        const [file, name] = [synced(join(root, path)), synced(join(root, dirname(path)))];
        expect([path, file >= 0, name > file]).toEqual([path, true, true]);
        if (root === copy) expect([path, name < whole]).toEqual([path, true]);
      }
  });
});
