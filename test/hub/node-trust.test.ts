import { afterAll, beforeAll, expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { makeSigningKey, type SigningKey, signBase64Url, signHex } from "../../src/disk/key-file.ts";
import { type Desired, helloBytes } from "../../src/model/message.ts";
import {
  contractText,
  EPOCH,
  type HubBench,
  hubBench,
  reportOf,
  type ScriptedNode,
  scriptedNode,
  until,
} from "./hub-fixture.ts";

// Abuse case 14, a copied node or an older self of it, and a key that was taken away.

let bench: HubBench;
beforeAll(async () => {
  bench = await hubBench();
});
afterAll(() => bench.close());

const connect = (node: string, key: SigningKey): ScriptedNode => scriptedNode(bench.hub().url, node, key);

/** Says hello with what a node's disk knows of itself. */
async function greet(
  link: ScriptedNode,
  node: string,
  key: SigningKey,
  counter: number,
  ledgerSize = counter,
): Promise<void> {
  const challenge = await link.next("challenge");
  const said = {
    ...{ node, keyId: key.keyId, runtimeVersion: "0.1.0", bundleFormats: [], capabilities: [], registerDigest: null },
    ...{ clockMs: 0, rootVersion: 1, generation: 0, active: {}, kept: [], epoch: EPOCH, counter },
    ledgerHead: { size: ledgerSize, hash: `sha256:${"0".repeat(64)}` },
  };
  const signature = signBase64Url(key, helloBytes(challenge.hub, challenge.nonce, said));
  link.send("hello", { ...said, signature });
}

function report(link: ScriptedNode, key: SigningKey, desired: Desired, counter: number): void {
  const said = {
    ...reportOf(desired.node, desired, counter, "effective"),
    ledgerHead: { size: counter, hash: `sha256:${"0".repeat(64)}` },
  };
  link.send("report", { report: said, signature: signHex(key, canonicalJson(said)) });
}

const known = (node: string) => bench.hub().services.nodes.get(node);
const quarantineOf = async (node: string) => (await known(node))?.quarantined ?? null;
const post = (path: string, body: object) => bench.admin().post(path, body);

/** A node that has reported up to `counter`, and is gone again. */
async function reported(node: string, counter: number): Promise<SigningKey> {
  const key = await bench.enrol(node, "trust");
  const link = connect(node, key);
  await greet(link, node, key, 0);
  const { desired } = await link.next("desired");
  report(link, key, desired, counter);
  await until(
    () => known(node),
    (one) => one?.report?.counter === counter,
  );
  link.end();
  await until(
    () => bench.hub().services.rollout.isLive(node),
    (live) => !live,
  );
  return key;
}

const older: readonly {
  readonly what: string;
  readonly node: string;
  readonly says: readonly [number, number];
  readonly why: RegExp;
}[] = [
  {
    what: "AB-14: an older copy of a node's disk",
    node: "TR-01",
    says: [3, 5],
    why: /last report is 3, and report 5 came before/,
  },
  {
    what: "AB-28: a ledger that lost its end",
    node: "TR-02",
    says: [5, 4],
    why: /ledger has 4 entries, and had 5 before/,
  },
];
for (const { what, node, says, why } of older)
  test(`${what} is quarantined: told, recorded, given nothing new, its records taken`, async () => {
    const key = await reported(node, 5);
    const link = connect(node, key);
    await greet(link, node, key, ...says);
    expect(await link.next("welcome")).toMatchObject({ quarantined: expect.stringMatching(why) });
    await until(
      () => quarantineOf(node),
      (reason) => reason !== null && why.test(reason),
    );
    const { ledger } = bench.hub().services;
    expect(ledger.list({ target: node, newestFirst: true, limit: 1 })).toMatchObject([{ action: "quarantined" }]);
    await bench.hub().services.rollout.refresh();
    link.send("ping", { nonce: "p".repeat(22) });
    await link.next("timestamp");
    expect(link.heard.filter(({ t }) => t === "desired")).toEqual([]);
    expect(await bench.admin().get(`/v1/why-not/${node}`)).toMatchObject({ node });
    link.end();

    await expect(post(`/v1/nodes/${node}/release`, { reason: " " })).rejects.toThrow(/say why/);
    await post(`/v1/nodes/${node}/release`, { reason: "restored on Monday, no copy" });
    await expect(post(`/v1/nodes/${node}/release`, { reason: "again" })).rejects.toThrow(/not quarantined/);
    const again = connect(node, key);
    await greet(again, node, key, ...says);
    expect(await again.next("welcome")).toMatchObject({ quarantined: null });
    await again.next("desired");
    again.end();
  });

test("control: one that only goes on is not", async () => {
  const key = await reported("TR-03", 5);
  for (const counter of [5, 9]) {
    const link = connect("TR-03", key);
    await greet(link, "TR-03", key, counter);
    expect(await link.next("welcome")).toMatchObject({ quarantined: null });
    link.end();
    await until(
      () => bench.hub().services.rollout.isLive("TR-03"),
      (live) => !live,
    );
  }
  expect(await quarantineOf("TR-03")).toBe(null);
});

test("AB-14: two live sessions of one key: the newcomer is refused, and the node is quarantined", async () => {
  const key = await bench.enrol("TR-04", "trust");
  const first = connect("TR-04", key);
  await greet(first, "TR-04", key, 0);
  await first.next("welcome");
  const second = connect("TR-04", key);
  await greet(second, "TR-04", key, 0);
  expect(await second.next("error")).toMatchObject({ code: "duplicate-session" });
  await until(
    () => quarantineOf("TR-04"),
    (why) => why !== null && /two sessions/.test(why),
  );
  // It goes on with what it has: time is still signed for it.
  first.send("ping", { nonce: "p".repeat(22) });
  await first.next("timestamp");
  first.end();
});

test("control: a stranger who claims to be a node quarantines nobody", async () => {
  const key = await bench.enrol("TR-05", "trust");
  const first = connect("TR-05", key);
  await greet(first, "TR-05", key, 0);
  await first.next("welcome");
  const stranger = connect("TR-05", makeSigningKey());
  await greet(stranger, "TR-05", makeSigningKey(), 0);
  expect(await stranger.next("error")).toMatchObject({ code: "unauthenticated" });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await quarantineOf("TR-05")).toBe(null);
  first.end();
});

test("a revoked key ends its session, is told so, enrols nobody, and the station comes back with another", async () => {
  const key = await bench.enrol("TR-06", "trust");
  const link = connect("TR-06", key);
  await greet(link, "TR-06", key, 0);
  await link.next("welcome");
  await post("/v1/nodes/TR-06/revoke", { reason: "its disk was sold" });
  expect(await link.next("error")).toMatchObject({
    code: "revoked",
    message: expect.stringMatching(/its disk was sold/),
  });
  await link.closed;
  const again = connect("TR-06", key);
  await greet(again, "TR-06", key, 0);
  expect(await again.next("error")).toMatchObject({ code: "revoked" });
  const stranger = connect("TR-06", makeSigningKey());
  await greet(stranger, "TR-06", makeSigningKey(), 0);
  expect(await stranger.next("error")).toMatchObject({ code: "unauthenticated" });
  await expect(post("/v1/nodes/TR-06/revoke", { reason: "twice" })).rejects.toThrow(/no key/);
  expect(await bench.admin().get("/v1/why-not/TR-06")).toMatchObject({ node: "TR-06" });

  const register = { station: { id: "TR-06", type: "trust" }, plantZone: "America/Chicago" };
  const { token } = (await post("/v1/nodes", register)) as { token: string };
  const { nodes } = bench.hub().services;
  await expect(nodes.enrol({ token, node: "TR-06", publicKey: key.publicHex })).rejects.toThrow(/was revoked/);
  const fresh = makeSigningKey();
  await nodes.enrol({ token, node: "TR-06", publicKey: fresh.publicHex });
  const back = connect("TR-06", fresh);
  await greet(back, "TR-06", fresh, 0);
  expect(await back.next("welcome")).toMatchObject({ quarantined: null });
  expect((await known("TR-06"))?.revokedAtMs).toBe(null);
  back.end();
});

test("a quarantined node holds no rollout up, and is told why it gets nothing", async () => {
  const key = await reported("TR-07", 5);
  const link = connect("TR-07", key);
  await greet(link, "TR-07", key, 1);
  await until(
    () => quarantineOf("TR-07"),
    (why) => why !== null,
  );
  const text = contractText("UV-TRUST", 1000, "trust-7");
  const register = { id: "TR-07", station: { id: "TR-07", type: "trust-7" }, plantZone: "America/Chicago" };
  await bench.admin().put("/v1/nodes/TR-07/register", register);
  await post("/v1/contracts", { text, domain: "penetrant" });
  await post("/v1/contracts/UV-TRUST/validate", {});
  await bench.store("UV-TRUST");
  expect(await bench.admin().get("/v1/rollouts/UV-TRUST/v1.0")).toMatchObject({
    status: "finished",
    waves: [{ nodes: 0 }],
  });
  expect(await bench.admin().get("/v1/why-not/TR-07")).toMatchObject({
    contracts: [
      { because: expect.stringMatching(/is quarantined/), toDo: expect.stringMatching(/release-node TR-07/) },
    ],
  });
  link.end();
});
