import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, enrolNode, startAgent } from "../../src/agent/index.ts";
import { loadKeyFile } from "../../src/disk/key-file.ts";
import { readLedgerFile } from "../../src/disk/ledger-file.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { entryBytes } from "../../src/ledger/entry.ts";
import { type HubBench, hubBench } from "../hub/hub-fixture.ts";

let bench: HubBench;
let agent: Agent | undefined;
const folder = mkdtempSync(join(tmpdir(), "archive-e2e-"));
beforeAll(async () => {
  bench = await hubBench();
  const register = { station: { id: "LP-01", type: "penetrant" }, plantZone: "America/Chicago" };
  const { token } = (await bench.admin().post("/v1/nodes", register)) as { token: string };
  await enrolNode({ dataFolder: folder, node: "LP-01", hubUrl: bench.hub().url, token });
});
afterAll(async () => {
  await agent?.stop();
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (): Promise<Agent> => {
  agent = await startAgent({ dataFolder: folder, node: "LP-01", hubUrl: () => bench.hub().url, engine: "fast" });
  return agent;
};

/** Asks as the test program; without a release every answer is a blocked decision, and all of them are written down. */
async function ask(count: number): Promise<void> {
  const token = readTokenFile(join(folder, "nodes", "LP-01", "token"));
  for (let index = 0; index < count; index++)
    await fetch(new URL("/v1/gate", agent?.url), {
      ...{ method: "POST", body: JSON.stringify({ test: `T-${index}` }) },
      headers: { authorization: `Bearer ${token}` },
    });
}

const until = (what: string, holds: () => boolean): Promise<void> => untilAsync(what, async () => holds());

async function untilAsync(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 2_000; waited++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never happened: ${what}`);
}

const archived = () =>
  bench
    .hub()
    .services.archive.nodes()
    .find(({ node }) => node === "LP-01")?.size ?? 0;
const ownBytes = (): readonly string[] => {
  const reader = readLedgerFile(join(folder, "nodes", "LP-01", "ledger.db"));
  const all = reader.list({ limit: 10_000 }).map((entry) => Buffer.from(entryBytes(entry)).toString());
  reader.close();
  return all;
};
const archivedBytes = (): readonly string[] =>
  [...bench.hub().services.archive.entries({ nodes: ["LP-01"] })].map(({ entry }) =>
    Buffer.from(entryBytes(entry)).toString(),
  );

test("what a node decided with a hub and without lies at the hub, byte for byte", async () => {
  await start();
  await ask(5);
  await until("the first entries are archived", () => archived() >= 6);
  await bench.hub().stop();
  await ask(200);
  await bench.start();
  await until("all of it is archived", () => archived() === ownBytes().length && archived() > 200);
  expect(archivedBytes()).toEqual(ownBytes());
  const decisions = [...bench.hub().services.archive.decisions({ nodes: ["LP-01"], allow: false })];
  expect(decisions).toHaveLength(205);
});

test("a hub that stops in between has nothing twice and misses nothing", async () => {
  await ask(60);
  await bench.start();
  await until("all of it is archived", () => archived() === ownBytes().length);
  expect(archivedBytes()).toEqual(ownBytes());
  // To the last entry it is the node's word, and not its hub's.
  const { publicHex } = loadKeyFile(join(folder, "nodes", "LP-01", "key"));
  expect(bench.hub().services.archive.verify("LP-01", publicHex).strands).toMatchObject([
    { finding: null, signed: { size: ownBytes().length, publicHex } },
  ]);
});

test("a node put back from an older copy of its disk is found, and goes on where a person lets it", async () => {
  const node = join(folder, "nodes", "LP-01");
  const copy = join(folder, "copy");
  await agent?.stop();
  cpSync(node, copy, { recursive: true });
  await start();
  await ask(20);
  await until("all of it is archived", () => archived() === ownBytes().length);
  await agent?.stop();
  const before = archivedBytes();
  rmSync(node, { recursive: true });
  cpSync(copy, node, { recursive: true });
  await start();
  const listed = async () =>
    ((await bench.admin().get("/v1/nodes")) as { nodes: { quarantined: string | null }[] }).nodes[0]?.quarantined;
  await untilAsync("it is quarantined", async () => typeof (await listed()) === "string");
  await ask(5);
  expect(bench.hub().services.archive.nodes()[0]?.fault).toMatch(/are archived: it is a copy, or an older self/);
  expect(archivedBytes()).toEqual(before);
  const forked = bench.hub().services.ledger.list({ actionType: "ledger_archive", action: "forked" });
  expect(forked).toHaveLength(1);
  await bench.admin().post("/v1/nodes/LP-01/release", { reason: "its disk was restored" });
  await until("its own ledger is archived beside", () => archived() === ownBytes().length);
  const strands = bench.hub().services.archive.strands();
  expect(strands.map(({ number, fault }) => [number, fault])).toEqual([
    [0, null],
    [1, null],
  ]);
  // What both strands share is there once.
  const shared = ownBytes().filter((one) => before.includes(one)).length;
  expect(strands[1]?.firstSeq).toBe(shared);
  expect(archivedBytes()).toEqual([...before, ...ownBytes().slice(shared)]);
  const verified = bench.hub().services.archive.verify("LP-01");
  expect(verified.strands.map(({ finding }) => finding)).toEqual([null, null]);
});
