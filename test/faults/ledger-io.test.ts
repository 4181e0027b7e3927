import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createKeyFile } from "../../src/disk/key-file.ts";
import { openLedgerFile } from "../../src/disk/ledger-file.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";

// strace lets the n-th write, fsync or rename of a ledger's files fail, as a dying or a full disk would.
const PROGRAM = join(import.meta.dirname, "ledger-io.ts");
const works = spawnSync("strace", ["-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=60000", "true"]);
const missing =
  works.error !== undefined ? "strace is not installed" : works.status === 0 ? null : "strace may not trace here";
if (missing !== null) console.warn(`skipped, no faults injected: ${missing}`);

const clock = () => ({ timeMs: Date.now(), timeSource: "wall" as const });
const record: LedgerRecord = {
  ...{ action_type: "process", action: "begun", target: "t", details: "", user_id: "n", smart_id: null, metadata: {} },
};

interface Fault {
  readonly call: "pwrite64" | "fsync" | "rename";
  readonly error: "EIO" | "ENOSPC";
  readonly when: number;
}

interface Outcome {
  readonly isInjected: boolean;
  /** Highest seq that was said to be durable; -1 for none. */
  readonly durable: number;
  readonly lines: readonly string[];
  /** What a start afterwards finds. */
  readonly size: number;
  readonly finding: unknown;
}

/** A ledger with 250 entries, so that a tile is filled while things fail; then the faulty run, then an honest start. */
function run({ call, error, when }: Fault, honesty: "honest" | "planted" = "honest"): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "maint-io-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "ledger.db");
  const key = createKeyFile(`${path}.key`);
  const before = openLedgerFile(path, { owner: "n", key, clock });
  before.append(Array.from({ length: 250 }, () => record));
  before.checkpoint();
  before.close();
  const log = join(folder, "strace.log");
  // A checkpoint is renamed from a name that nobody knows before: all renames are counted there, and nobody else renames.
  const files = call === "rename" ? [] : ["ledger.db", "ledger.db-wal", "ledger.db-head"];
  const traced = files.flatMap((name) => ["-P", join(folder, name)]);
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:error=${error}:when=${when}`];
  const { stdout } = spawnSync(
    "strace",
    ["-f", "-qq", "-o", log, ...traced, ...inject, process.execPath, PROGRAM, path, honesty],
    {
      encoding: "utf8",
    },
  );
  const lines = stdout.trim().split("\n");
  const durable = Math.max(-1, ...lines.map((line) => Number(/^durable (\d+)$/.exec(line)?.[1] ?? -1)));
  const after = openLedgerFile(path, { owner: "n", key, clock });
  const { finding, head } = after.verify();
  after.close();
  return { isInjected: readFileSync(log, "utf8").includes("INJECTED"), durable, lines, finding, size: head.size };
}

describe.skipIf(missing !== null)("AB-35: a disk that fails under a ledger", () => {
  const faults: readonly Fault[] = [
    { call: "pwrite64", error: "EIO", when: 3 },
    { call: "pwrite64", error: "EIO", when: 21 },
    { call: "pwrite64", error: "ENOSPC", when: 9 },
    { call: "pwrite64", error: "ENOSPC", when: 60 },
    { call: "fsync", error: "EIO", when: 2 },
    { call: "fsync", error: "EIO", when: 8 },
    { call: "rename", error: "ENOSPC", when: 1 },
  ];
  test.each(faults)(
    "$error at $call number $when: nothing acknowledged is lost, nothing is taken afterwards",
    (fault) => {
      const { isInjected, durable, lines, size, finding } = run(fault);
      expect(isInjected, lines.join()).toBe(true);
      expect([finding, size > durable]).toEqual([null, true]);
      const stopped = lines.findIndex((line) => line.startsWith("stopped"));
      if (lines[0]?.startsWith("unopened") === true) return;
      expect(stopped, lines.join()).toBeGreaterThan(0);
      expect(new Set(lines.slice(stopped))).toEqual(new Set(["stopped MAINT_ERR_LEDGER_STOPPED"]));
    },
  );

  test("control: a writer that says durable whatever came of it is caught", () => {
    const { isInjected, durable, size } = run({ call: "pwrite64", error: "EIO", when: 21 }, "planted");
    expect(isInjected).toBe(true);
    expect(size > durable).toBe(false);
  });
});
