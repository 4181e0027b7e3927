import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, enrolNode, startAgent } from "../../src/agent/index.ts";
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

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 1_000; waited++) {
    if (holds()) return;
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
}, 30_000);

test("a hub that is killed in between has nothing twice and misses nothing", async () => {
  await ask(60);
  // Not stopped: what was under way is cut off, as by a power cut.
  await bench.start();
  await until("all of it is archived", () => archived() === ownBytes().length);
  expect(archivedBytes()).toEqual(ownBytes());
}, 30_000);
