import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { Updater } from "tuf-js";
import { afterEach, describe, expect, test } from "vitest";
import { createKeyFile, makeSigningKey } from "../../src/disk/key-file.ts";
import type { PolicyCentral } from "../../src/hub/policy-central/policy-central.ts";
import { commitFiles } from "../../src/hub/policy-central/store-files.ts";
import { strayKeys } from "../../src/hub/policy-central/stray-keys.ts";
import { DAY_MS, type PolicyBench, policyBench, START_MS } from "./release-fixture.ts";

const benches: PolicyBench[] = [];
afterEach(() => {
  for (const { folder } of benches.splice(0)) rmSync(dirname(folder), { recursive: true, force: true });
});
const newBench = (): PolicyBench => {
  const bench = policyBench();
  benches.push(bench);
  return bench;
};
/** With two stored versions of UV-DAILY and one of AMBIENT. */
function filled(bench: PolicyBench): PolicyCentral {
  const policy = bench.open();
  for (const change of [{}, { version: "v1.1", bundle: "{}" }, { contract: "AMBIENT", domain: "general" }])
    expect(policy.store(bench.prepare(policy, change))).toMatchObject({ ok: true });
  return policy;
}
describe("a release is stored", () => {
  test("under its domain and version, readable, read-only, and found again after a restart", () => {
    const bench = newBench();
    const policy = filled(bench);
    const folder = join(bench.folder, "penetrant", "maintenance-contracts", "v1.0");
    expect(readdirSync(folder).filter((name) => /^[A-Z]/.test(name))).toEqual([
      "UV-DAILY.bundle.json",
      "UV-DAILY.maint",
    ]);
    expect(readdirSync(folder)).toHaveLength(4);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o444);
    const again = bench.open();
    expect(again.metadata()).toEqual(policy.metadata());
    expect(again.releases().map(({ contract, version }) => `${contract}@${version}`)).toEqual([
      "AMBIENT@v1.0",
      "UV-DAILY@v1.0",
      "UV-DAILY@v1.1",
    ]);
    expect(again.releases("UV-DAILY").at(-1)?.version).toBe("v1.1");
    expect(again.text("UV-DAILY", "v1.0")).toEqual({ ok: true, value: 'contract UV-DAILY "UV, 1000 µW/cm²"\n' });
    const bundle = again.bundle("UV-DAILY", "v1.1");
    expect(bundle.ok && Buffer.from(bundle.value).toString()).toBe("{}");
    expect(again.bundle("UV-DAILY", "v1.2")).toMatchObject({ error: { code: "unknown-release" } });
    expect(again.verifyAll()).toEqual([]);
  });

  test("and every byte a node needs is there by digest", () => {
    const policy = filled(newBench());
    const { roots, targets, snapshot, timestamp } = policy.metadata();
    for (const file of [...roots, targets, snapshot, timestamp])
      expect(Buffer.from(policy.blob(file.digest) ?? []).toString()).toBe(file.text);
    for (const { digest, size } of policy.releases()) expect(policy.blob(digest)?.length).toBe(size);
    expect(policy.blob(`sha256:${"0".repeat(64)}`)).toBeUndefined();
  });

  test("v2.0 may follow v1.x, by people", () => {
    const bench = newBench();
    const policy = filled(bench);
    expect(policy.store(bench.prepare(policy, { version: "v2.0" }))).toMatchObject({
      ok: true,
      value: { version: "v2.0" },
    });
  });
});

const inMetadata = (name: string): string => `metadata/${name}.json`;

describe("time", () => {
  test("the hub renews its own word, at half its life, and after any absence", () => {
    const bench = newBench();
    const policy = filled(bench);
    expect(policy.refreshTimestamp(START_MS + DAY_MS / 2)).toBe(false);
    const before = policy.metadata();
    expect(policy.refreshTimestamp(START_MS + DAY_MS / 2 + 1)).toBe(true);
    expect(policy.metadata().timestamp.version).toBe(before.timestamp.version + 1);
    expect(policy.metadata().snapshot).toEqual(before.snapshot);
    expect(policy.blob(before.timestamp.digest)).toBeDefined();
    bench.clock.nowMs = () => START_MS + 40 * DAY_MS;
    expect(policy.verifyAll().map(({ path, code }) => `${code} ${path}`)).toEqual([
      "expired metadata/4.snapshot.json",
      "expired metadata/timestamp.json",
    ]);
    const again = bench.open();
    expect(again.verifyAll()).toEqual([]);
    expect(again.metadata().snapshot.version).toBe(before.snapshot.version + 1);
    bench.clock.nowMs = () => START_MS + 400 * DAY_MS;
    expect(
      bench
        .open()
        .verifyAll()
        .map(({ path }) => path),
    ).toEqual([
      ...["root", "targets"].map((role) => `metadata/1.${role}.json`),
      ...["2.general", "1.general-loosening", "1.magnetic-particle", "1.magnetic-particle-loosening"].map(inMetadata),
      ...["3.penetrant", "1.penetrant-loosening", "1.thermal", "1.thermal-loosening"].map(inMetadata),
      ...["1.torque", "1.torque-loosening"].map(inMetadata),
    ]);
  });
});

describe("what somebody changed on the disk is found", () => {
  const damage = (folder: string, path: string, change: (bytes: Buffer) => Buffer): void => {
    chmodSync(join(folder, path), 0o644);
    writeFileSync(join(folder, path), change(readFileSync(join(folder, path))));
    chmodSync(join(folder, path), 0o444);
  };
  const flip =
    (place: number) =>
    (bytes: Buffer): Buffer => {
      const flipped = Buffer.from(bytes);
      flipped[place] = (bytes[place] as number) ^ 0x20;
      return flipped;
    };
  const BUNDLE = "penetrant/maintenance-contracts/v1.0/UV-DAILY.bundle.json";

  test("a flipped byte of a stored file, which is no longer served", () => {
    const bench = newBench();
    filled(bench);
    for (const path of [BUNDLE, BUNDLE.replace(".bundle.json", ".maint")]) damage(bench.folder, path, flip(5));
    const policy = bench.open();
    expect(policy.verifyAll().map(({ code }) => code)).toEqual(["digest-mismatch", "digest-mismatch"]);
    expect(policy.bundle("UV-DAILY", "v1.0")).toMatchObject({ error: { code: "damaged" } });
    expect(policy.text("UV-DAILY", "v1.0")).toMatchObject({ error: { code: "damaged" } });
    expect(policy.blob(policy.release("UV-DAILY", "v1.0")?.digest ?? "")).toBeUndefined();
    expect(policy.bundle("UV-DAILY", "v1.1")).toMatchObject({ ok: true });
  });

  test("a missing, an extra, a writable file, and a leftover of an older store", () => {
    const bench = newBench();
    const policy = filled(bench);
    rmSync(join(bench.folder, BUNDLE));
    mkdirSync(join(bench.folder, "general", "notes"));
    writeFileSync(join(bench.folder, "general", "notes", "todo"), "");
    chmodSync(join(bench.folder, BUNDLE.replace("v1.0", "v1.1")), 0o644);
    writeFileSync(join(bench.folder, "metadata", "9.targets.json"), "");
    expect(policy.verifyAll().map(({ path, code }) => `${code} ${path}`)).toEqual([
      `missing ${BUNDLE}`,
      `writable ${BUNDLE.replace("v1.0", "v1.1")}`,
      "unexpected-file general/notes/todo",
      "unexpected-file metadata/9.targets.json",
    ]);
  });

  test("any flipped byte of the metadata: PolicyCentral does not open", () => {
    const bench = newBench();
    filled(bench);
    for (const name of ["1.root", "1.targets", "3.penetrant", "1.torque-loosening", "4.snapshot", "timestamp"].map(
      (role) => `${role}.json`,
    )) {
      const path = join("metadata", name);
      const whole = readFileSync(join(bench.folder, path));
      for (let place = 0; place < whole.length; place += 7) {
        damage(bench.folder, path, () => flip(place)(whole));
        expect(() => bench.open(), `byte ${place} of ${name}`).toThrow(/does not hold|not the online key|no root/);
      }
      damage(bench.folder, path, () => whole);
    }
    expect(bench.open().verifyAll()).toEqual([]);
    const old = readFileSync(join(bench.folder, "metadata", "2.penetrant.json"));
    for (let place = 0; place < old.length; place += 7) {
      damage(bench.folder, "metadata/2.penetrant.json", () => flip(place)(old));
      expect(bench.open().verifyAll()).not.toEqual([]);
    }
  });

  test("old targets and snapshot put back: the timestamp still names the new ones", () => {
    const bench = newBench();
    filled(bench);
    const metadata = join(bench.folder, "metadata");
    chmodSync(join(metadata, "4.snapshot.json"), 0o644);
    copyFileSync(join(metadata, "3.snapshot.json"), join(metadata, "4.snapshot.json"));
    expect(() => bench.open()).toThrow(/4\.snapshot\.json carries version 3/);
  });

  test("control: a check of names and versions alone would see nothing", () => {
    const bench = newBench();
    const policy = filled(bench);
    damage(bench.folder, BUNDLE, flip(5));
    const blind = policy.releases().every(({ target }) => existsSync(join(bench.folder, target)));
    expect([blind, policy.verifyAll().length]).toEqual([true, 1]);
  });
});

describe("opening", () => {
  test("needs a root, and the online key that root names", () => {
    const bench = newBench();
    const stranger = { ...bench, keys: { ...bench.keys, online: makeSigningKey() } };
    expect(() => {
      Object.assign(bench.keys, stranger.keys);
      return bench.open();
    }).toThrow(/not the online key/);
    rmSync(join(bench.folder, "metadata", "1.root.json"));
    expect(() => bench.open()).toThrow(/no root of trust/);
  });

  test("undoes a store that a crash cut off before its commit, and keeps one that was committed", () => {
    const bench = newBench();
    const policy = filled(bench);
    const whole = join(dirname(bench.folder), "whole");
    cpSync(bench.folder, whole, { recursive: true });
    const submission = bench.prepare(policy, { version: "v1.2" });
    const paths = [
      "penetrant/maintenance-contracts/v1.2/UV-DAILY.maint",
      "metadata/4.penetrant.json",
      "metadata/5.snapshot.json",
    ];
    mkdirSync(join(bench.folder, dirname(paths[0] as string)), { recursive: true });
    writeFileSync(join(bench.folder, paths[0] as string), submission.text);
    writeFileSync(join(bench.folder, paths[1] as string), submission.targets);
    writeFileSync(join(bench.folder, `${paths[2]}.77.0123456789ab.tmp`), "{");
    writeFileSync(join(bench.folder, "storing.json"), JSON.stringify({ paths, timestamp: "never written" }));
    const again = bench.open();
    expect(again.verifyAll()).toEqual([]);
    expect(again.metadata()).toEqual(policy.metadata());
    expect(again.store(submission)).toMatchObject({ ok: true });
    const timestamp = again.metadata().timestamp.text;
    writeFileSync(join(bench.folder, "storing.json"), JSON.stringify({ paths, timestamp }));
    expect(bench.open().release("UV-DAILY", "v1.2")).toBeDefined();
    writeFileSync(join(bench.folder, "storing.json"), JSON.stringify({ paths: ["../../x"], timestamp }));
    expect(() => bench.open()).toThrow(/cannot be read/);
  });

  test("a store that fails half-way leaves nothing behind", () => {
    const bench = newBench();
    const policy = filled(bench);
    const file = { path: "general/maintenance-contracts/v9.9/X.maint", content: "x" };
    const blocked = { path: "metadata/3.penetrant.json/x", content: "x" };
    const taken = { path: "metadata/3.penetrant.json", content: "other" };
    for (const second of [blocked, taken]) {
      expect(() => commitFiles(bench.folder, [file, second], "{}")).toThrow();
      expect(policy.verifyAll()).toEqual([]);
      expect(bench.open().metadata()).toEqual(policy.metadata());
    }
  });

  test("finds release keys that lie where the hub could read them", () => {
    const bench = newBench();
    const data = dirname(bench.folder);
    expect(strayKeys(data, bench.folder)).toEqual([]);
    const author = String(bench.keys.author.privateKey.export({ format: "pem", type: "pkcs8" }));
    createKeyFile(join(data, "hub", "key"));
    mkdirSync(join(data, "nodes"));
    writeFileSync(join(data, "nodes", "other.txt"), "-----BEGIN PRIVATE KEY-----\nno key\n");
    expect(strayKeys(data, bench.folder)).toEqual([]);
    writeFileSync(join(data, "nodes", "notes.txt"), `my key:\n${author}`);
    expect(strayKeys(data, bench.folder)).toEqual([join(data, "nodes", "notes.txt")]);
  });
});

describe("the folder is a TUF repository", () => {
  test("that an unmodified client takes from a plain file server, release by release, and refuses when it was changed", async () => {
    const bench = newBench();
    // The client asks the real clock, so that this test does.
    const policy = { ...bench };
    policy.clock.nowMs = () => Date.now();
    const opened = filled(bench);
    const server = createServer((request, response) => {
      const path = join(bench.folder, decodeURIComponent(request.url ?? ""));
      if (!existsSync(path)) return response.writeHead(404).end();
      return response.end(readFileSync(path));
    }).listen(0, "127.0.0.1");
    const base = await new Promise<string>((resolve) =>
      server.once("listening", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
    );
    const client = (): { readonly updater: Updater; readonly folder: string } => {
      const folder = mkdtempSync(join(dirname(bench.folder), "client-"));
      copyFileSync(join(bench.folder, "metadata", "1.root.json"), join(folder, "root.json"));
      const options = {
        metadataDir: folder,
        metadataBaseUrl: `${base}/metadata`,
        targetDir: folder,
        targetBaseUrl: base,
      };
      return { folder, updater: new Updater({ ...options, config: { fetchRetries: 0 } }) };
    };
    try {
      const { updater } = client();
      await updater.refresh();
      for (const release of opened.releases()) {
        const info = await updater.getTargetInfo(release.target);
        const path = await updater.downloadTarget(info as NonNullable<typeof info>);
        expect(
          `sha256:${(await import("node:crypto")).createHash("sha256").update(readFileSync(path)).digest("hex")}`,
        ).toBe(release.digest);
      }
      const targets = join(bench.folder, "metadata", "3.penetrant.json");
      const whole = readFileSync(targets);
      chmodSync(targets, 0o644);
      writeFileSync(targets, whole.toString().replace('"length":2', '"length":3'));
      const late = client().updater;
      await late.refresh();
      await expect(late.getTargetInfo(opened.releases("UV-DAILY")[0]?.target ?? "")).rejects.toThrow();
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
