import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { makeSigningKey, verifyHex } from "../../src/disk/key-file.ts";
import type { HistoryEntry } from "../../src/hub/index.ts";
import { contractText, type HubBench, hubBench, scriptedNode, until } from "./hub-fixture.ts";

let bench: HubBench;
beforeAll(async () => {
  bench = await hubBench();
});
afterAll(() => bench.close());

const draft = (id: string, limit = 1000, stationType?: string) =>
  bench.admin().post("/v1/contracts", { text: contractText(id, limit, stationType), domain: "penetrant" });
const validated = async (id: string, limit = 1000, stationType?: string): Promise<void> => {
  await draft(id, limit, stationType);
  expect(await bench.admin().post(`/v1/contracts/${id}/validate`, {})).toMatchObject({
    passed: true,
    status: "validated",
  });
};
const statusOf = async (id: string): Promise<readonly string[]> =>
  (await bench.hub().services.contracts.history(id)).map(({ version, status }) => `${version} ${status}`);
const entries = (smartId: string) => bench.hub().services.ledger.list({ smartId, limit: 100 });
const online = () => bench.hub().services.policy.metadata().roots[0]?.text ?? "";

test("a contract goes its whole way, and every step is in the ledger", async () => {
  const key = await bench.enrol("LP-01");
  await validated("UV-A");
  const node = scriptedNode(bench.hub().url, "LP-01", key);
  await node.hello();
  const first = await node.next("desired");
  expect(first.desired.contracts).toEqual({});
  await bench.store("UV-A");
  const { desired, signature, keyId } = await node.next("desired");
  expect(desired.generation).toBeGreaterThan(first.desired.generation);
  expect(verifyHex(onlineHex(keyId), canonicalJson(desired), signature)).toBe(true);
  const { digest } = desired.contracts["UV-A"] ?? { digest: "" };
  const { metadata, documents } = desired;
  const named = [
    digest,
    ...metadata.root,
    metadata.timestamp,
    metadata.snapshot,
    metadata.targets,
    ...Object.values(documents),
  ];
  node.send("want", { digests: named });
  await until(
    () => node.blobs.size,
    (count) => count === new Set(named).size,
  );
  expect(JSON.parse(Buffer.from(node.blobs.get(digest) ?? "").toString())).toMatchObject({ contract: "UV-A" });
  expect(await statusOf("UV-A")).toEqual(["v1.0 deployed"]);
  node.report(desired, 1, "effective");
  await until(
    () => statusOf("UV-A"),
    ([status]) => status === "v1.0 monitoring",
  );
  const actions = entries("UV-A").map(({ action_type, action }) => `${action_type} ${action}`);
  expect(actions.filter((one) => one.startsWith("rollout"))).toEqual(
    ["started", "wave-opened", "soak-began", "wave-passed", "finished"].map((action) => `rollout ${action}`),
  );
  const steps = entries("UV-A").filter(({ action_type }) => action_type !== "rollout");
  expect(steps.map(({ action_type }) => action_type)).toEqual([
    "contract_creation",
    "contract_validation",
    "contract_storage",
    "contract_deployment",
    "contract_acknowledgement",
    "contract_activation",
    "contract_monitoring",
  ]);
  expect(steps[0]?.metadata).toMatchObject({ equipment_type: "radiometer", step_count: 2 });
  expect(steps[5]?.metadata).toMatchObject({ node_list: ["LP-01"], success_count: 1, stalled: [] });
  node.end();
});

/** The public half of a key the root lists. */
function onlineHex(keyId: string): string {
  const { signed } = JSON.parse(online()) as { signed: { keys: { [id: string]: { keyval: { public: string } } } } };
  return signed.keys[keyId]?.keyval.public ?? "";
}

test("the next version deprecates the one before when it is active, and says why", async () => {
  const key = await bench.enrol("LP-02", "oven");
  await validated("UV-B", 1000, "oven");
  const node = scriptedNode(bench.hub().url, "LP-02", key);
  await node.hello();
  await node.next("desired");
  await bench.store("UV-B");
  const first = (await node.next("desired")).desired;
  node.report(first, 1);
  await until(
    () => statusOf("UV-B"),
    ([status]) => status === "v1.0 monitoring",
  );
  await validated("UV-B", 1200, "oven");
  const stored = (await bench.store("UV-B")) as HistoryEntry;
  expect(stored).toMatchObject({ version: "v1.1", parent: "v1.0", status: "deployed" });
  const second = (await node.next("desired")).desired;
  expect(second.contracts["UV-B"]?.version).toBe("v1.1");
  expect(await statusOf("UV-B")).toEqual(["v1.0 monitoring", "v1.1 deployed"]);
  const archive = () => bench.admin().post("/v1/contracts/UV-B/archive", { version: "v1.0", reason: "tidy" });
  await expect(archive()).rejects.toThrow(/monitoring does not become archived/);
  node.report(second, 2, "effective");
  await until(
    () => statusOf("UV-B"),
    ([one, two]) => one === "v1.0 deprecated" && two === "v1.1 monitoring",
  );
  const [ended] = entries("UV-B").filter(({ action_type }) => action_type === "contract_deprecation");
  expect(ended).toMatchObject({ target: "UV-B@v1.0", details: "superseded by v1.1", metadata: { active_days: 0 } });
  expect(await archive()).toMatchObject({ status: "archived" });
  node.end();
});

test("a failed validation is recorded and the draft stays a draft", async () => {
  const text = contractText("UV-C", 1000).replace("expect blocked", "expect allowed //");
  await bench.admin().post("/v1/contracts", { text, domain: "penetrant" });
  const result = await bench.admin().post("/v1/contracts/UV-C/validate", {});
  expect(result).toMatchObject({ passed: false, status: "draft", tests: { passed: false } });
  expect(entries("UV-C").at(-1)).toMatchObject({ action: "failed", metadata: { validation: { passed: false } } });
  await expect(bench.store("UV-C")).rejects.toThrow(/draft, not validated/);
});

test("a node that refuses keeps the release deployed and its reason is shown", async () => {
  const key = await bench.enrol("LP-03", "press");
  await validated("UV-D", 1000, "press");
  const node = scriptedNode(bench.hub().url, "LP-03", key);
  await node.hello();
  await node.next("desired");
  await bench.store("UV-D");
  node.report((await node.next("desired")).desired, 1, "rejected");
  const rows = await until(
    async () => (await bench.hub().services.rollout.deployments("UV-D")).deployments,
    ([row]) => row?.phase === "rejected",
  );
  expect(rows).toMatchObject([{ node: "LP-03", reason: "selftest-failed", state: "waiting", live: true }]);
  expect(await statusOf("UV-D")).toEqual(["v1.0 deployed"]);
  node.end();
});

test("a hub started again goes on, and a node that was away converges", async () => {
  const key = await bench.enrol("LP-04", "tank");
  await validated("UV-E", 1000, "tank");
  await bench.store("UV-E");
  const { deployments: before } = await bench.hub().services.rollout.deployments("UV-E");
  expect(before).toMatchObject([{ node: "LP-04", state: "stalled", live: false }]);
  // What a killed hub was in the middle of writing goes with the next start.
  const half = join(bench.data, "hub", "ledger.checkpoint.71.0123456789ab.tmp");
  writeFileSync(half, "half");
  await bench.start();
  expect(existsSync(half)).toBe(false);
  const node = scriptedNode(bench.hub().url, "LP-04", key);
  await node.hello();
  const { desired } = await node.next("desired");
  expect(Object.keys(desired.contracts)).toEqual(["UV-E"]);
  node.report(desired, 1);
  await until(
    () => statusOf("UV-E"),
    ([status]) => status === "v1.0 monitoring",
  );
  node.end();
});

test("a report whose counter goes back is refused and recorded", async () => {
  const key = await bench.enrol("LP-05", "rig");
  const node = scriptedNode(bench.hub().url, "LP-05", key);
  await node.hello();
  const { desired } = await node.next("desired");
  node.report(desired, 5);
  node.report(desired, 5);
  expect(await node.next("error")).toMatchObject({ message: expect.stringMatching(/quarantined/) });
  const [latest, before] = bench.hub().services.ledger.list({ target: "LP-05", newestFirst: true, limit: 2 });
  expect([before, latest]).toMatchObject([{ action: "counter-went-back" }, { action: "quarantined" }]);
  node.end();
});

test("a second session of one node is refused and the first one stays", async () => {
  const key = await bench.enrol("LP-06", "rig");
  const first = scriptedNode(bench.hub().url, "LP-06", key);
  await first.hello();
  await first.next("welcome");
  const second = scriptedNode(bench.hub().url, "LP-06", key);
  await second.hello();
  expect(await second.next("error")).toMatchObject({ code: "duplicate-session" });
  expect(await second.closed).toBe(1008);
  first.send("ping", { nonce: "p".repeat(22) });
  expect(await first.next("timestamp")).toMatchObject({ nonce: "p".repeat(22) });
  first.end();
});

test("an enrolment token works once, for one node", async () => {
  const enrol = (body: object) =>
    fetch(`${bench.hub().url}/v1/enrol`, { method: "POST", body: JSON.stringify(body) }).then(
      (response) => response.status,
    );
  const register = { station: { id: "LP-07", type: "rig" }, plantZone: "America/Chicago" };
  const { token } = (await bench.admin().post("/v1/nodes", register)) as { token: string };
  const publicKey = makeSigningKey().publicHex;
  expect(await enrol({ token: `${token}x`, node: "LP-07", publicKey })).toBe(403);
  expect(await enrol({ token, node: "LP-06", publicKey })).toBe(403);
  expect(await enrol({ token, node: "LP-07", publicKey: "no key" })).toBe(400);
  expect(await enrol({ token, node: "LP-07", publicKey })).toBe(201);
  expect(await enrol({ token, node: "LP-07", publicKey: makeSigningKey().publicHex })).toBe(403);
});

test("retiring needs the signers' mark; with it the nodes lose the contract", async () => {
  const { contracts } = bench.hub().services;
  const admin = { id: "admin", roles: ["admin", "approver", "author"] };
  const end = { version: "v1.0", reason: "line closed" };
  await expect(contracts.retire("UV-A", end, admin)).rejects.toThrow(/have not signed that nodes may lose it/);
  expect(await statusOf("UV-A")).toEqual(["v1.0 monitoring"]);
});

test("a hub that could sign releases does not start", async () => {
  const copy = join(bench.data, "author.key");
  writeFileSync(copy, readFileSync(join(bench.keys, "author.key")), { mode: 0o600 });
  await bench.hub().stop();
  await expect(bench.start()).rejects.toThrow(/a key that signs releases/);
  writeFileSync(copy, "gone");
  await bench.start();
  expect(existsSync(join(bench.data, "hub", "address.json"))).toBe(true);
});
