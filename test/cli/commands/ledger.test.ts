import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runCommandLine } from "../../../src/cli/program.ts";
import { makeFolder } from "../../../src/disk/atomic-write.ts";
import { createKeyFile, makeSigningKey } from "../../../src/disk/key-file.ts";
import type { LedgerFile } from "../../../src/disk/ledger-file.ts";
import { checkpointKey } from "../../../src/ledger/checkpoint.ts";
import { verifierKeyText } from "../../../src/ledger/note.ts";
import type { LedgerEntry } from "../../../src/model/ledger-entry.ts";
import { fillLedger, openTestLedger, recordOf } from "../../disk/ledger-fixture.ts";

let folder = "";
let data = "";
let ledger: LedgerFile;
let vkey = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maint-cli-ledger-"));
  data = join(folder, "data");
  makeFolder(join(data, "hub"));
  const key = createKeyFile(join(data, "hub", "key"));
  vkey = verifierKeyText(checkpointKey("hub-1", key.publicHex));
  ledger = openTestLedger(join(data, "hub", "ledger.db"), key);
});
afterEach(() => {
  vi.restoreAllMocks();
  ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One command line in this process: exit code and what it printed. */
async function maint(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(String(text)) > 0);
  const code = await runCommandLine(["ledger", ...args]);
  vi.restoreAllMocks();
  process.exitCode = 0;
  return { code, out: out.join(""), err: err.join("") };
}
const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await maint(...args, "--data", data, "--json")).out);
const seqs = async (...args: readonly string[]): Promise<readonly number[]> =>
  ((await json("list", ...args)) as { readonly entries: readonly LedgerEntry[] }).entries.map(({ seq }) => seq);

describe("list and show", () => {
  test("by who, what and when, from a folder nobody works in", async () => {
    fillLedger(ledger, 10);
    ledger.append([{ ...recordOf(10), user_id: "STF-7", action_type: "person", target: "x\u001b[2J" }]);
    expect(await seqs("--by", "QA-1")).toEqual([0, 5]);
    expect(await seqs("--type", "contract_creation", "--newest", "--limit", "2")).toEqual([9, 6]);
    expect(await seqs("--contract", "UV-DAILY", "--from", "3", "--to", "8")).toEqual([4, 6]);
    expect(await seqs("--target", "thing-4", "--action", "decided")).toEqual([4]);
    const [first, last] = [ledger.list()[0]?.time ?? "", ledger.list({ from: 10 })[0]?.time ?? ""];
    expect(await seqs("--since", first, "--until", last)).toHaveLength(10);
    expect(await seqs("--since", last)).toEqual([10]);
    expect((await maint("list", "--since", "yesterday", "--data", data)).code).toBe(2);
    const shown = await maint("show", "10", "--data", data);
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining("user_id: STF-7\n") });
    expect(shown.out).toContain("target: x [2J\n");
    expect(await json("show", "3")).toMatchObject({ owner: "hub-1", entry: { seq: 3, target: "thing-3" } });
    expect(await maint("show", "11", "--data", data)).toMatchObject({
      code: 2,
      err: expect.stringContaining("no entry 11"),
    });
  });

  test("an address that a killed process left behind is none", async () => {
    fillLedger(ledger, 3);
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    writeFileSync(join(data, "hub", "address.json"), JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: 1 }));
    const keys = join(folder, "keys");
    makeFolder(keys);
    writeFileSync(join(keys, "admin.token"), `admin:${"x".repeat(43)}\n`, { mode: 0o600 });
    expect(await seqs("--keys", keys)).toEqual([0, 1, 2]);
    expect((await maint("list", "--data", data)).code).toBe(2);
  });

  test("a hub that leads in circles is not followed", async () => {
    const server = createServer((_, response) =>
      response.end(JSON.stringify({ owner: "x", entries: [], size: 9, next: 4 })),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const keys = join(folder, "keys");
    makeFolder(keys);
    writeFileSync(join(keys, "admin.token"), `admin:${"x".repeat(43)}\n`, { mode: 0o600 });
    const at = ["--hub", `http://127.0.0.1:${port}`, "--keys", keys];
    expect(await maint("list", ...at)).toMatchObject({ code: 0, out: "no entries\n" });
    expect(await maint("list", "--newest", ...at)).toMatchObject({ code: 0, out: "no entries\n" });
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
});

describe("proofs travel and hold with the key alone", () => {
  test("an entry, and the growth from a checkpoint that one has", async () => {
    fillLedger(ledger, 300);
    ledger.checkpoint();
    const old = join(folder, "old.checkpoint");
    const note = await maint("checkpoint", "--data", data);
    expect(note).toMatchObject({ code: 0, out: expect.stringMatching(/^hub-1\/maint-ledger\n300\n/) });
    writeFileSync(old, note.out);
    expect(await maint("key", "--data", data)).toMatchObject({ code: 0, out: `${vkey}\n` });
    fillLedger(ledger, 400);
    ledger.checkpoint();
    const proof = join(folder, "123.tlog-proof");
    expect(await maint("prove", "123", "--data", data, "-o", proof)).toMatchObject({ code: 0 });
    expect((await maint("prove", "123", "--data", data, "-o", proof)).code).toBe(2);
    const held = await maint("verify", "--proof", proof, "--key", vkey);
    expect(held).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^HOLDS .*\n.* 400 entries of hub-1.*\n {2}#123 /),
    });
    const growth = join(folder, "growth");
    writeFileSync(growth, (await maint("prove", "--from", "300", "--data", data)).out);
    expect(await maint("verify", "--proof", growth, "--key", vkey, "--old", old)).toMatchObject({
      code: 0,
      out: expect.stringContaining("of 400 entries goes on from the one of 300"),
    });
    expect(await maint("verify", "--proof", growth, "--key", vkey)).toMatchObject({
      code: 1,
      out: expect.stringContaining("--old"),
    });
    expect(await json("prove", "5", "--size", "350")).toMatchObject({ size: 350, checkpoint: null });
    expect(await maint("prove", "5", "--size", "350", "--data", data)).toMatchObject({
      code: 2,
      err: expect.stringContaining("no checkpoint"),
    });
    expect(await maint("prove", "5", "--size", "300", "--data", data)).toMatchObject({ code: 0 });
  });

  test("a proof that was changed, of another key, or of another place does not", async () => {
    fillLedger(ledger, 300);
    ledger.checkpoint();
    const { out } = await maint("prove", "123", "--data", data);
    const file = join(folder, "proof");
    const judged = async (text: string, key = vkey): Promise<number> => {
      writeFileSync(file, text);
      return (await maint("verify", "--proof", file, "--key", key)).code;
    };
    const [, extra = ""] = /^extra (.*)$/m.exec(out) ?? [];
    const entry = Buffer.from(extra, "base64").toString();
    const forged = Buffer.from(entry.replace("STF-1", "STF-2")).toString("base64");
    expect(await judged(out)).toBe(0);
    expect(await judged(out.replace(extra, forged))).toBe(1);
    expect(await judged(out.replace("index 123", "index 122"))).toBe(1);
    expect(await judged(out.replace(/^extra .*\n/m, ""))).toBe(1);
    expect(await judged(out.replace("\n300\n", "\n301\n"))).toBe(1);
    expect(await judged("nonsense")).toBe(1);
    const stranger = verifierKeyText(checkpointKey("hub-1", makeSigningKey().publicHex));
    expect(await judged(out, stranger)).toBe(1);
    expect((await maint("verify", "--proof", file)).code).toBe(2);
    expect((await maint("verify", "--proof", join(folder, "none"), "--key", vkey)).code).toBe(2);
  });

  test("verify with a key asks for its signature", async () => {
    fillLedger(ledger, 3);
    ledger.checkpoint();
    expect(await maint("verify", "--data", data, "--key", vkey)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/all 3 entries hold; head sha256:\S+; root [0-9a-f]{64}, 1 signed checkpoints agree/),
    });
    const stranger = verifierKeyText(checkpointKey("hub-1", makeSigningKey().publicHex));
    expect(await maint("verify", "--data", data, "--key", stranger)).toMatchObject({
      code: 1,
      out: expect.stringContaining("does not hold with this key"),
    });
  });
});

describe("export", () => {
  const tiles = (): string => join(folder, "tiles");
  const exported = () => maint("export", "--data", data, "--to", tiles());
  const verified = () => maint("verify", "--tiles", tiles(), "--key", vkey);
  const files = (): readonly string[] =>
    readdirSync(tiles(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(tiles().length + 1))
      .sort();

  test("tiles, entries and checkpoint; a second one goes on with the first", async () => {
    expect((await exported()).code).toBe(2);
    fillLedger(ledger, 600);
    ledger.checkpoint();
    expect(await exported()).toMatchObject({ code: 0, out: expect.stringContaining("600 entries") });
    expect(files()).toEqual([
      ...["checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"],
      ...["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"],
    ]);
    expect(await verified()).toMatchObject({
      code: 0,
      out: expect.stringContaining("all 600 entries of hub-1/maint-ledger hold"),
    });
    fillLedger(ledger, 800);
    ledger.checkpoint();
    expect((await exported()).code).toBe(0);
    expect(files()).toContain("tile/0/003.p/32");
    expect(files()).not.toContain("tile/0/002.p/88");
    expect(await verified()).toMatchObject({ code: 0, out: expect.stringContaining("all 800 entries") });
    expect(await exported()).toMatchObject({ code: 0, out: expect.stringContaining("0 files written") });
  });

  test("an entry that two bytes of length cannot say lies in lines, and verifies", async () => {
    fillLedger(ledger, 300);
    ledger.append([{ ...recordOf(300), metadata: { long: "µ".repeat(40_000) } }]);
    fillLedger(ledger, 320);
    ledger.checkpoint();
    expect(await exported()).toMatchObject({
      code: 0,
      out: expect.stringContaining("1 bundles hold an entry of more than 65535 bytes"),
    });
    expect(files().filter((name) => !name.startsWith("tile/0") && !name.startsWith("tile/1"))).toEqual([
      ...["checkpoint", "lines/001.p/64.ndjson", "tile/entries/000"],
    ]);
    expect(await verified()).toMatchObject({ code: 0 });
  });

  interface Damage {
    readonly name: string;
    readonly by: (folder: string) => void;
    readonly says: string;
  }
  const flip = (path: string, at: number) => (folder: string) => {
    const bytes = readFileSync(join(folder, path));
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(join(folder, path), bytes);
  };
  const damages: readonly Damage[] = [
    { name: "an entry", by: flip("tile/entries/001", 60), says: "entry 256 is bad" },
    { name: "the last entry", by: flip("tile/entries/002.p/88", 88 * 300), says: "is bad" },
    { name: "a leaf hash", by: flip("tile/0/001", 32 * 7), says: "entry 263 is bad" },
    { name: "a hash on the right edge", by: flip("tile/0/002.p/88", 0), says: "entry 512 is bad" },
    { name: "a hash above", by: flip("tile/1/000.p/2", 40), says: "entry 0 is bad" },
    {
      name: "a tile taken away",
      by: (at) => rmSync(join(at, "tile/0/000")),
      says: "tile 0/0 of the stored tree is missing",
    },
    {
      name: "entries taken away",
      by: (at) => rmSync(join(at, "tile/entries/001")),
      says: "entry 256 is bad: the ledger ends",
    },
    { name: "the checkpoint", by: flip("checkpoint", 20), says: "its checkpoint" },
    { name: "a bundle cut off", by: (at) => writeFileSync(join(at, "tile/entries/000"), "\u0000"), says: "is cut off" },
  ];
  test.each(damages)("$name that was damaged is found", async ({ by, says }) => {
    fillLedger(ledger, 600);
    ledger.checkpoint();
    await exported();
    by(tiles());
    const { code, out, err } = await verified();
    expect(code).not.toBe(0);
    expect(out + err).toContain(says);
  });

  test("another history is not gone on with, and a damaged ledger is not exported", async () => {
    fillLedger(ledger, 300);
    ledger.checkpoint();
    await exported();
    const other = openTestLedger(join(folder, "ledger.db"), makeSigningKey());
    other.append([{ ...recordOf(0), user_id: "EVE" }]);
    fillLedger(other, 400);
    other.checkpoint();
    other.close();
    const from = ["--file", join(folder, "ledger.db")];
    expect(await maint("export", ...from, "--to", tiles())).toMatchObject({
      code: 2,
      err: expect.stringContaining("another history"),
    });
    expect(await maint("export", ...from, "--to", join(folder, "none"), "--hub", "http://127.0.0.1:1")).toMatchObject({
      code: 2,
    });
    expect(existsSync(join(folder, "none"))).toBe(false);
    expect((await maint("verify", "--tiles", join(folder, "none"), "--key", vkey)).code).toBe(2);
  });
});
