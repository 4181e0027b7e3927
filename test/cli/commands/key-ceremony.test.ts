import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Updater } from "tuf-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf, verifyMetadata } from "../../../src/agent/verification.ts";
import { runMaint } from "../../../src/cli/story/processes.ts";
import { loadKeyFile } from "../../../src/disk/key-file.ts";
import { openPolicyCentral, type PolicyCentral } from "../../../src/hub/policy-central/policy-central.ts";
import { prepareRelease } from "../../../src/hub/release/sign-release.ts";
import type { Digest } from "../../../src/model/ids.ts";
import { markFor } from "../../hub/release-fixture.ts";

let [folder, data, keys] = ["", "", ""];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "maint-ceremony-"));
  [data, keys] = [join(folder, "data"), join(folder, "keys")];
  expect((await runMaint(["keys", "init", "--keys", keys, "--data", data])).exitCode).toBe(0);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const maint = (...words: readonly string[]) =>
  runMaint(["keys", ...words, "--data", data, "--out", join(folder, "ceremony.json")]);
const key = (name: string): string => join(keys, `${name}.key`);
const make = async (name: string): Promise<void> =>
  void expect((await runMaint(["keys", "new", name, "--keys", keys])).exitCode).toBe(0);

const open = (): PolicyCentral =>
  openPolicyCentral({
    ...{ folder: join(data, "policy"), onlineKey: loadKeyFile(join(data, "hub", "key")) },
    clock: { nowMs: () => Date.now() },
  });

/** Stores the next version of UV-DAILY with this signer; the code of the refusal where it is refused. */
function store(signer: string, version: string, domain = "penetrant"): string {
  const policy = open();
  const contract = domain === "penetrant" ? "UV-DAILY" : "ULTRASONIC";
  const made = prepareRelease({
    ...{ domain, contract, version, text: `contract ${contract}`, bundle: JSON.stringify({ version }), role: domain },
    ...{ mark: markFor(policy, contract), assignment: null, keys: [loadKeyFile(key(signer))], nowMs: Date.now() },
    currentTargets: policy.metadata().delegated.get(domain)?.text ?? "{}",
  });
  if (!made.ok) return made.error;
  const stored = policy.store(made.value);
  return stored.ok ? "stored" : stored.error.code;
}

/** An unmodified client and a node, both of which begin at the first root, take what stands now. */
async function bothAccept(firstRoot: Buffer): Promise<void> {
  const policy = join(data, "policy");
  const server = createServer((request, response) => {
    const path = join(policy, decodeURIComponent(request.url ?? ""));
    if (existsSync(path)) response.end(readFileSync(path));
    else response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = mkdtempSync(join(folder, "client-"));
  writeFileSync(join(client, "root.json"), firstRoot);
  try {
    const places = { metadataDir: client, metadataBaseUrl: `${url}/metadata`, targetDir: client, targetBaseUrl: url };
    const updater = new Updater({ ...places, config: { fetchRetries: 0 } });
    await updater.refresh();
    for (const { target } of open().releases()) expect(await updater.getTargetInfo(target)).toBeDefined();
  } finally {
    server.close();
    server.closeAllConnections();
  }
  const { roots, targets, delegated, snapshot, timestamp } = open().metadata();
  const files = [...roots, targets, ...delegated.values(), snapshot, timestamp];
  const bytes = new Map<Digest, Buffer>(files.map(({ digest, text }) => [digest, Buffer.from(text)]));
  const verified = verifyMetadata({
    ...{ enrolledRoot: firstRoot, bytesOf: (digest) => bytes.get(digest), atMs: Date.now(), mark: null },
    digests: {
      root: roots.map(({ digest }) => digest),
      ...{ timestamp: timestamp.digest, snapshot: snapshot.digest, targets: targets.digest },
      delegated: Object.fromEntries([...delegated].map(([role, { digest }]) => [role, digest])),
    },
  });
  if (!verified.ok) throw new Error(`the node refuses: ${verified.error.reason}: ${verified.error.detail}`);
  for (const { target } of open().releases()) expect(verified.value.target(target)).toMatchObject({ ok: true });
}

describe("keys are exchanged", () => {
  test("each in one command, and nodes and plain clients follow from the first root", async () => {
    const firstRoot = readFileSync(join(data, "policy", "metadata", "1.root.json"));
    expect(digestOf(firstRoot)).toMatch(/^sha256:/);
    expect(store("author", "v1.0")).toBe("stored");
    const hubId = `hub-${loadKeyFile(join(data, "hub", "key")).keyId.slice(0, 12)}`;
    for (const [old, next] of [
      [key("author"), "author-2"],
      [key("root-3"), "root-4"],
      [key("approver"), "approver-2"],
      [join(data, "hub", "key"), "online-2"],
      [key("root-1"), "root-5"],
    ] as const) {
      await make(next);
      const rotated = await maint("rotate", "--old", old, "--new", key(next), "--keys", keys);
      expect(rotated, rotated.stdout + rotated.stderr).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/in force/),
      });
      expect(open().verifyAll()).toEqual([]);
      await bothAccept(firstRoot);
    }
    expect(readFileSync(join(data, "hub", "id"), "utf8").trim()).toBe(hubId);
    expect(loadKeyFile(join(data, "hub", "key")).keyId).toBe(loadKeyFile(key("online-2")).keyId);
    expect(store("author", "v1.1")).toBe("signature-missing");
    expect(store("author-2", "v1.1")).toBe("stored");
    await bothAccept(firstRoot);
  });

  test("by holders who never meet: each adds his signature to a file, the last one applies it", async () => {
    const [one, two, people] = ["root-1-safe", "root-2-safe", "people"].map((name) => join(folder, name));
    for (const [place = "", names] of [
      [one, ["root-1"]],
      [two, ["root-2"]],
      [people, ["author", "approver"]],
    ] as const) {
      mkdirSync(place);
      for (const name of names) renameSync(key(name), join(place, `${name}.key`));
    }
    await make("author-2");
    const old = join(people ?? "", "author.key");
    const begun = await maint("rotate", "--old", old, "--new", key("author-2"), "--keys", people ?? "");
    expect(begun).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/root carries no signature/) });
    const file = join(folder, "ceremony.json");
    const half = await maint("sign", file, "--keys", one ?? "");
    expect(half).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/root is signed by 1 of 2 signers/) });
    expect(open().metadata().roots).toHaveLength(1);
    const whole = await maint("sign", file, "--keys", two ?? "");
    expect(whole, whole.stdout + whole.stderr).toMatchObject({ exitCode: 0 });
    expect(open().metadata().roots).toHaveLength(2);
    const again = await maint("sign", file, "--keys", two ?? "");
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/made for another state/) });
    copyFileSync(join(people ?? "", "author.key"), key("author"));
    expect([store("author", "v1.0"), store("author-2", "v1.0")]).toEqual(["signature-missing", "stored"]);
  });

  test("a stolen key is taken away, but never so many that too few are left", async () => {
    const { keyId } = loadKeyFile(key("root-3"));
    expect(await maint("revoke", keyId, "--keys", keys)).toMatchObject({ exitCode: 0 });
    expect(await maint("revoke", key("root-2"), "--keys", keys)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/1 keys are left where 2 must sign/),
    });
    expect(await maint("revoke", keyId, "--keys", keys)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/named for no role/),
    });
  });

  test("a domain is opened by its two signers, and again where it is full", async () => {
    const firstRoot = readFileSync(join(data, "policy", "metadata", "1.root.json"));
    expect(store("author", "v1.0", "ultrasonic")).toMatch(/targets metadata/);
    for (const role of ["ultrasonic", "ultrasonic-2"]) {
      const opened = await maint("delegate", "ultrasonic", "--keys", keys);
      expect(opened, opened.stdout + opened.stderr).toMatchObject({ exitCode: 0 });
      expect([...open().metadata().delegated.keys()]).toContain(role);
    }
    expect(store("author", "v1.0", "ultrasonic")).toBe("stored");
    await bothAccept(firstRoot);
    for (const bad of ["x-loosening", "targets", "Ultra", "line-2"])
      expect(await maint("delegate", bad, "--keys", keys)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/is no domain/),
      });
  });

  test("what runs out is prolonged; nothing is done while nothing does", async () => {
    expect(await maint("renew", "--keys", keys)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/nothing runs out/),
    });
    expect(await maint("renew", "--within", "200", "--keys", keys)).toMatchObject({ exitCode: 0 });
    expect(open().metadata().targets.version).toBe(2);
    expect(open().metadata().delegated.get("penetrant")?.version).toBe(2);
    expect(open().verifyAll()).toEqual([]);
  });
});

describe("a change of keys is refused", () => {
  test("that was edited, or is none", async () => {
    const file = join(folder, "ceremony.json");
    writeFileSync(file, "{");
    expect(await maint("sign", file, "--keys", keys)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/is no JSON/),
    });
    writeFileSync(file, '{"format":"maint-ceremony/1"}');
    expect(await maint("sign", file, "--keys", keys)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/is no change of keys/),
    });
    await make("author-2");
    const empty = join(folder, "empty");
    mkdirSync(empty);
    await maint("rotate", "--old", key("author"), "--new", key("author-2"), "--keys", empty);
    const ceremony = JSON.parse(readFileSync(file, "utf8")) as { changes: { role: string; text: string }[] };
    for (const change of ceremony.changes)
      if (change.role === "penetrant") {
        const draft = JSON.parse(change.text) as { signed: { targets: object } };
        draft.signed.targets = { "penetrant/x": { length: 1, hashes: { sha256: "0".repeat(64) } } };
        change.text = JSON.stringify(draft);
      }
    writeFileSync(file, JSON.stringify(ceremony));
    const refused = await maint("sign", file, "--keys", keys);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/lists other files than it did|is not spelt/);
    expect(open().metadata().roots).toHaveLength(1);
    expect(basename(file)).toBe("ceremony.json");
  });
});
