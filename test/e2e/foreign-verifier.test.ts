import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { proofFile } from "../../src/cli/ledger-proofs.ts";
import { createKeyFile } from "../../src/disk/key-file.ts";
import { consistencyOf, inclusionOf } from "../../src/disk/ledger-questions.ts";
import { exportTiles } from "../../src/disk/tile-export.ts";
import { checkpointKey } from "../../src/ledger/checkpoint.ts";
import { verifierKeyText } from "../../src/ledger/note.ts";
import { fillLedger, openTestLedger } from "../disk/ledger-fixture.ts";

// Go's own note and tlog packages read what we write. Debian: golang-go and golang-golang-x-mod-dev.
const GO = {
  ...process.env,
  GO111MODULE: "off",
  GOPATH: "/usr/share/gocode",
  GOFLAGS: "",
  GOCACHE: join(tmpdir(), "maint-go-cache"),
};
const SOURCE = join(import.meta.dirname, "../ledger/foreign/verify.go");

let folder = "";
let program = "";
const built = (() => {
  folder = mkdtempSync(join(tmpdir(), "maint-foreign-"));
  program = join(folder, "verify");
  return spawnSync("go", ["build", "-o", program, SOURCE], { env: GO, encoding: "utf8" });
})();
/** Why there is no foreign verifier here; null where there is one. */
const missing =
  built.error !== undefined
    ? "go is not installed"
    : /cannot find package/.test(built.stderr)
      ? built.stderr.trim()
      : null;
if (missing !== null) console.warn(`skipped, no foreign verifier: ${missing}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the foreign verifier compiles where it can be had", () => {
  expect(missing === null ? [built.status, built.stderr] : [0, ""]).toEqual([0, ""]);
});

describe.skipIf(missing !== null)("Go's sumdb reads an exported ledger", () => {
  const SIZE = 70_000;
  const SIZES = [1, 2, 255, 256, 257, 1_000, 65_536, SIZE];
  const tiles = (): string => join(folder, "tiles");
  let vkey = "";
  const proofs: string[] = [];
  beforeAll(() => {
    const key = createKeyFile(join(folder, "key"));
    vkey = verifierKeyText(checkpointKey("hub-1", key.publicHex));
    const ledger = openTestLedger(join(folder, "ledger.db"), key);
    const notes = new Map<number, string>();
    for (const size of SIZES) {
      fillLedger(ledger, size);
      notes.set(size, ledger.checkpoint() ?? expect.fail("nothing was signed"));
    }
    exportTiles(ledger, tiles());
    const keep = (name: string, text: string | undefined): void => {
      const file = join(folder, name);
      writeFileSync(file, text ?? expect.fail(`${name} has no checkpoint`));
      if (!name.endsWith(".old")) proofs.push(file);
    };
    for (const size of SIZES) {
      for (const seq of [0, 1, 254, 256, 999, size - 1].filter((one) => one < size))
        keep(`${seq}-in-${size}`, proofFile(inclusionOf(ledger, seq, size)));
      for (const from of SIZES.filter((one) => one <= size)) {
        keep(`${from}-to-${size}`, proofFile(consistencyOf(ledger, from, size)));
        keep(`${from}-to-${size}.old`, notes.get(from));
      }
    }
    ledger.close();
  });

  const go = (...files: readonly string[]) => spawnSync(program, [tiles(), vkey, ...files], { encoding: "utf8" });

  test("every entry, proof and growth holds there", () => {
    const { status, stdout, stderr } = go(...proofs);
    expect([status, stderr]).toEqual([0, ""]);
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toBe(`entries ${SIZE}`);
    expect(lines).toHaveLength(1 + proofs.length);
    expect(lines).toContain("entry 999 in 65536");
    expect(lines).toContain(`grew from 257 to ${SIZE}`);
  });

  test("control: what was changed does not", () => {
    const [file = ""] = proofs.filter((name) => name.endsWith("/254-in-70000"));
    const changed = join(folder, "changed");
    writeFileSync(changed, readFileSync(file, "utf8").replace("index 254", "index 255"));
    expect(go(changed)).toMatchObject({ status: 1, stderr: expect.stringContaining("invalid transparency proof") });
    writeFileSync(changed, readFileSync(file, "utf8").replace("\n70000\n", "\n70001\n"));
    expect(go(changed)).toMatchObject({ status: 1, stderr: expect.stringContaining("invalid signature") });
    const bundle = join(tiles(), "tile/entries/100");
    const bytes = readFileSync(bundle);
    bytes[500] = (bytes[500] as number) ^ 1;
    writeFileSync(bundle, bytes);
    expect(go()).toMatchObject({ status: 1, stderr: expect.stringContaining("entry 25601: another leaf") });
  });
});
