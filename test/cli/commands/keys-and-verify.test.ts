import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommandLine } from "../../../src/cli/program.ts";
import { loadKeyFile } from "../../../src/disk/key-file.ts";
import { openLedgerFile } from "../../../src/disk/ledger-file.ts";
import { readTokenFile } from "../../../src/disk/read-token.ts";
import { openDatabase } from "../../../src/disk/sqlite.ts";
import { tokenMatches } from "../../../src/disk/token-file.ts";
import { openPolicyCentral } from "../../../src/hub/policy-central/policy-central.ts";
import { prepareRelease } from "../../../src/hub/release/sign-release.ts";

let folder = "";
let keys = "";
let data = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maint-cli-"));
  keys = join(folder, "keys");
  data = join(folder, "data");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** One command line in this process: exit code and what it printed. */
async function maint(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(String(text)) > 0);
  const code = await runCommandLine(args);
  vi.restoreAllMocks();
  process.exitCode = 0;
  return { code, out: out.join(""), err: err.join("") };
}
const init = () => maint("keys", "init", "--keys", keys, "--data", data);

test("keys init makes everything once, readable by its owner alone, and a folder that verifies", async () => {
  const made = await init();
  expect(made).toMatchObject({ code: 0, err: "" });
  for (const file of [
    join(keys, "root-1.key"),
    join(keys, "author.key"),
    join(keys, "admin.token"),
    join(data, "hub", "key"),
  ])
    expect([file, (statSync(file).mode & 0o777).toString(8)]).toEqual([file, "600"]);
  const people = JSON.parse(readFileSync(join(data, "hub", "people.json"), "utf8")) as { tokenSha256: string }[];
  expect(people).toEqual([{ id: "admin", roles: ["admin", "author", "approver"], tokenSha256: expect.any(String) }]);
  expect(tokenMatches(readTokenFile(join(keys, "admin.token")), people[0]?.tokenSha256 ?? "")).toBe(true);
  const before = readFileSync(join(keys, "root-1.key"), "utf8");
  expect(await init()).toMatchObject({ code: 2, err: expect.stringContaining("never replaced") });
  expect(readFileSync(join(keys, "root-1.key"), "utf8")).toBe(before);
  expect(await maint("release", "verify", "--all", "--data", data)).toMatchObject({ code: 0 });
});

test("nothing that is printed holds a private key or a token", async () => {
  const made = await maint("keys", "init", "--keys", keys, "--data", data, "--json");
  const listed = [
    await maint("keys", "list", "--keys", keys, "--data", data),
    await maint("keys", "list", "--keys", keys, "--json"),
  ];
  const secrets = ["root-1.key", "author.key"]
    .map((name) => readFileSync(join(keys, name), "utf8").split("\n")[1] as string)
    .concat(readTokenFile(join(keys, "admin.token")).split(":")[1] as string);
  for (const { out, err } of [made, ...listed])
    for (const secret of secrets) expect(`${out}${err}`).not.toContain(secret.slice(-20));
  expect(listed[0]?.out).toMatch(/root-1\.key {2}root {2}[0-9a-f]{64}/);
  expect(JSON.parse(listed[1]?.out ?? "")).toMatchObject({ tokens: [{ person: "admin" }] });
});

test("keys inside the data folder are refused, also through a link", async () => {
  const inside = join(data, "keys");
  expect(await maint("keys", "init", "--keys", inside, "--data", data)).toMatchObject({
    code: 2,
    err: expect.stringContaining("lies inside"),
  });
  expect(await maint("keys", "init", "--keys", data, "--data", data)).toMatchObject({ code: 2 });
  expect(existsSync(data)).toBe(false);
  await init();
  symlinkSync(data, join(folder, "link"));
  expect(await maint("keys", "init", "--keys", join(folder, "link", "k"), "--data", data)).toMatchObject({
    code: 2,
    err: expect.stringContaining("lies inside"),
  });
});

test("release verify says what was changed, and of one release only what concerns it", async () => {
  await init();
  const onlineKey = loadKeyFile(join(data, "hub", "key"));
  const clock = { nowMs: () => Date.now() };
  const policy = openPolicyCentral({ folder: join(data, "policy"), onlineKey, clock });
  for (const contract of ["UV-DAILY", "AMBIENT"]) {
    const prepared = prepareRelease({
      ...{ contract, version: "v1.0", domain: "penetrant", text: `contract ${contract}`, bundle: "{}" },
      ...{
        currentTargets: policy.metadata().delegated.get("penetrant")?.text ?? "",
        ...{ role: "penetrant", assignment: null, mark: { direction: "first", comparedWith: null, offline: "accept" } },
        keys: [loadKeyFile(join(keys, "author.key"))],
        nowMs: Date.now(),
      },
    });
    expect(prepared.ok && policy.store(prepared.value)).toMatchObject({ ok: true });
  }
  const file = join(data, "policy", "penetrant", "maintenance-contracts", "v1.0", "UV-DAILY.maint");
  chmodSync(file, 0o644);
  writeFileSync(file, "contract UV-DAILX");
  chmodSync(file, 0o444);
  const all = await maint("release", "verify", "--all", "--data", data);
  expect(all).toMatchObject({
    code: 1,
    out: expect.stringContaining("UV-DAILY.maint: is not the file that was signed (digest-mismatch)"),
  });
  expect(await maint("release", "verify", "UV-DAILY@v1.0", "--data", data)).toMatchObject({ code: 1 });
  expect(await maint("release", "verify", "AMBIENT@v1.0", "--data", data, "--json")).toMatchObject({
    code: 0,
    out: '{"ok":true,"findings":[]}\n',
  });
  expect(await maint("release", "verify", "AMBIENT@v1.1", "--data", data)).toMatchObject({ code: 2 });
});

test("ledger list and verify read beside the writer and name the first bad entry", async () => {
  await init();
  const path = join(data, "hub", "ledger.db");
  const ledger = openLedgerFile(path, {
    owner: "hub-1",
    clock: () => ({ timeMs: 1_795_000_000_000, timeSource: "wall" }),
  });
  const record = { action_type: "person", action: "added", user_id: "admin", smart_id: null, metadata: {} } as const;
  ledger.append(
    ["STF-1", "STF-2", "STF-3"].map((target) => ({ ...record, target, details: `${target}\u001b[2J was added` })),
  );
  const listed = await maint("ledger", "list", "--data", data, "--newest", "--limit", "2");
  expect(listed.out).toMatch(
    /^#2 {2}2026-11-18T\S+ {2}person added {2}STF-3 {2}by admin {2}STF-3 \[2J was added\n#1 .*\n$/,
  );
  expect(await maint("ledger", "verify", "--data", data)).toMatchObject({
    code: 0,
    out: expect.stringContaining("all 3 entries hold"),
  });
  ledger.close();
  const db = openDatabase(path);
  db.exec(
    "DROP TRIGGER entry_is_never_changed; UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'admin', 'nimda') AS BLOB) WHERE seq = 1",
  );
  db.close();
  expect(await maint("ledger", "verify", "--data", data)).toMatchObject({
    code: 1,
    out: expect.stringContaining("entry 1 is bad"),
  });
  const json = JSON.parse((await maint("ledger", "verify", "--data", data, "--json")).out) as object;
  expect(json).toMatchObject({ ok: false, finding: { seq: 1, fault: "edited" } });
  writeFileSync(path, Buffer.alloc(16_384, "x"));
  expect(await maint("ledger", "verify", "--data", data)).toMatchObject({
    code: 1,
    out: expect.stringContaining("damaged"),
  });
});

test("with --hub the hub is asked, as the person whose token is named", async () => {
  await init();
  const seen: (string | undefined)[] = [];
  const bad = { finding: { seq: 4, fault: "edited", message: "it was changed" }, head: { size: 4, hash: "sha256:00" } };
  const server = createServer((request, response) => {
    seen.push(request.url, request.headers.authorization?.split(":")[0]);
    response.end(JSON.stringify(request.url === "/v1/ledger/verify" ? bad : { entries: [] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const hub = ["--hub", `http://127.0.0.1:${(server.address() as AddressInfo).port}`, "--keys", keys];
  expect(await maint("ledger", "verify", ...hub)).toMatchObject({
    code: 1,
    out: expect.stringContaining("entry 4 is bad"),
  });
  expect(await maint("ledger", "list", "--from", "7", ...hub)).toMatchObject({ code: 0, out: "no entries\n" });
  expect(seen).toEqual(["/v1/ledger/verify", "Bearer admin", "/v1/ledger?from=7&limit=100", "Bearer admin"]);
  server.close();
  server.closeAllConnections();
  await once(server, "close");
  expect(await maint("ledger", "verify", ...hub)).toMatchObject({
    code: 69,
    err: expect.stringContaining("no hub answers"),
  });
});

test("wrong input is one clear line and exit code 2", async () => {
  const lines: readonly (readonly string[])[] = [
    ["ledger", "verify", "--data", join(folder, "none")],
    ["ledger", "list", "--data", data, "--node", "../hub"],
    ["ledger", "list", "--from", "-1"],
    ["ledger", "list", "--limit", "1e3"],
    ["ledger", "list", "--type", "nonsense"],
    ["ledger", "verify", "--no-such-option"],
    ["ledger", "list", "--limit", "0"],
    ["ledger", "prove"],
    ["ledger", "prove", "3", "--from", "2"],
    ["ledger", "prove", "3", "--to", "2"],
    ["ledger", "show", "-1"],
    ["ledger", "verify", "--key", "nobody"],
    ["ledger", "verify", "--proof", "x", "--tiles", "y"],
    ["ledger", "export"],
    ["ledger", "verify", "--hub", "http://127.0.0.1:9", "--node", "Pen-1", "--keys", keys],
    ["release", "verify"],
    ["release", "verify", "UV-DAILY@v1.0", "--all"],
    ["release", "verify", "--all", "--data", join(folder, "none")],
    ["release", "verify", "../x@v1.0", "--data", data],
    ["keys", "list", "--keys", join(folder, "none")],
    ["keys", "bogus"],
  ];
  await init();
  for (const args of lines) {
    const { code, out, err } = await maint(...args);
    expect([args.join(" "), code, out]).toEqual([args.join(" "), 2, ""]);
    expect(err.split("\n").length, err).toBeLessThanOrEqual(3);
    expect(err).not.toMatch(/\n\s+at /);
  }
});
