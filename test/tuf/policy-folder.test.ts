import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Updater } from "tuf-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { applyCeremony, currentOf, standingOf } from "../../src/hub/policy-central/apply-ceremony.ts";
import { openPolicyCentral } from "../../src/hub/policy-central/policy-central.ts";
import { replaceKey, signCeremony } from "../../src/hub/release/ceremony.ts";
import { markFor, type PolicyBench, policyBench } from "../hub/release-fixture.ts";
import { NodeJudge, openStaticServer, type StaticServer } from "./judges.ts";

/** PolicyCentral's folder as it lies on the disk, on a server that knows nothing but files. */
let server: StaticServer;
beforeAll(async () => {
  server = await openStaticServer();
});
afterAll(() => server.close());

function filesOf(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    files.set(name.startsWith("metadata/") ? name : `targets/${name}`, readFileSync(path));
  }
  return files;
}

/** One client for all stages, as a client is that comes back. */
class Clients {
  readonly #bench: PolicyBench;
  readonly #folder: string;
  readonly #node: NodeJudge;
  constructor(bench: PolicyBench) {
    this.#bench = bench;
    this.#folder = mkdtempSync(join(dirname(bench.folder), "client-"));
    const root = join(bench.folder, "metadata", "1.root.json");
    copyFileSync(root, join(this.#folder, "root.json"));
    this.#node = new NodeJudge(readFileSync(root));
    server.folders.set("policy", (path) => {
      const file = join(bench.folder, decodeURIComponent(path));
      return existsSync(file) ? readFileSync(file) : undefined;
    });
  }
  async take(paths: readonly string[]): Promise<void> {
    const base = `${server.url}/policy`;
    const folders = { metadataDir: this.#folder, targetDir: this.#folder };
    const updater = new Updater({ ...folders, metadataBaseUrl: `${base}/metadata`, targetBaseUrl: base });
    await updater.refresh();
    for (const path of paths) {
      const info = await updater.getTargetInfo(path);
      expect(info, path).toBeDefined();
      if (info !== undefined) await updater.downloadTarget(info);
    }
    const verdict = this.#node.judge({ served: filesOf(this.#bench.folder), paths, atMs: Date.now() });
    expect(verdict).toEqual({ kind: "accepted", found: paths.map(() => true) });
  }
}

test("an unmodified client and a node take PolicyCentral's folder, with delegations and after each rotation", async () => {
  const bench = policyBench();
  bench.clock.nowMs = () => Date.now();
  const { author, approver, roots } = bench.keys;
  let { online } = bench.keys;
  const open = () => openPolicyCentral({ folder: bench.folder, onlineKey: online, clock: bench.clock });
  const paths: string[] = [];
  const store = (change: Parameters<PolicyBench["prepare"]>[1]): void => {
    const policy = open();
    const stored = policy.store(bench.prepare(policy, change));
    if (!stored.ok) throw new Error(stored.error.message);
    paths.push(stored.value.target);
  };
  const exchange = (old: SigningKey, next: SigningKey, signers: readonly SigningKey[]): void => {
    const standing = standingOf(currentOf(bench.folder));
    const made = replaceKey(standing, old.keyId, next, Date.now());
    if (!made.ok) throw new Error(made.error);
    const signed = signCeremony(made.value, standing, signers);
    if (!signed.ok) throw new Error(signed.error);
    applyCeremony(bench.folder, signed.value.ceremony, online, Date.now());
  };
  open();
  const clients = new Clients(bench);
  await clients.take([]);
  store({});
  store({ version: "v1.1", mark: markFor(open(), "UV-DAILY", "tightens") });
  await clients.take(paths);
  const loosens = { role: "penetrant-loosening", keys: [author, approver] };
  store({ ...loosens, version: "v1.2", mark: markFor(open(), "UV-DAILY", "loosens") });
  await clients.take(paths);
  const secondAuthor = makeSigningKey();
  exchange(author, secondAuthor, [...roots, author, approver, secondAuthor]);
  await clients.take(paths);
  store({ contract: "UV-WEEKLY", keys: [secondAuthor] });
  await clients.take(paths);
  const [first] = roots;
  const secondRoot = makeSigningKey();
  exchange(first as SigningKey, secondRoot, [...roots, secondRoot]);
  await clients.take(paths);
  const secondOnline = makeSigningKey();
  const before = online;
  online = secondOnline;
  exchange(before, secondOnline, [...roots.slice(1), secondRoot]);
  await clients.take(paths);
  store({ contract: "UV-MONTHLY", keys: [secondAuthor] });
  await clients.take(paths);
  expect(paths.length).toBe(5);
});
