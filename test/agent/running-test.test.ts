import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Agent, nodeFolder } from "../../src/agent/index.ts";
import { readLedgerFile } from "../../src/disk/ledger-file.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import type { Decision } from "../../src/model/decision.ts";
import { ask, auditor, bundleOf, inForce, NODE, openWorld, operator, until, type World } from "./agent-world.ts";

const contract = (least: number): string => `contract UV-DAILY "UV each day" {
  for every penetrant station

  lamp         is a uv-a-lamp, by default "Lamp-0"
  uv-intensity is measured in uW/cm2

  before every test {
    lamp-framed:
      the lamp must be checked before and after each use

    uv-intensity-each-day:
      each day, uv-intensity must be at least ${least} uW/cm2
  }
}
`;

const release = ({ repository }: World, version: string, least: number) => ({
  "UV-DAILY": repository.release("UV-DAILY", version, bundleOf(contract(least))),
});

type Told = Decision & {
  readonly ledgerSeq: number | null;
  readonly running?: { readonly test: string; readonly startedAt: string } | null;
  readonly preview?: boolean;
};

const tell = async (agent: Agent, path: string, body: object, token = operator.token) =>
  (await ask(agent, path, body, token)).json as Told;
const gate = (agent: Agent, id: string) => tell(agent, "/v1/gate", { test: id });
const start = (agent: Agent, id: string) => tell(agent, "/v1/test/start", { test: id });
const end = (agent: Agent, id: string, more = {}) => ask(agent, "/v1/test/end", { test: id, ...more }, operator.token);
const versions = ({ contracts }: Told) => contracts.map(({ version }) => version);

async function record(agent: Agent, body: object): Promise<void> {
  expect((await ask(agent, "/v1/evidence", body, operator.token)).status).toBe(200);
}
const checked = (agent: Agent, when: "opening" | "closing", result = "pass") =>
  record(agent, { kind: "check", asset: "lamp", when, result });

/** A node with version v1.0 in force, a reading that both versions allow, and a lamp that was checked. */
async function ready(w: World): Promise<Agent> {
  w.set(1, release(w, "v1.0", 1000));
  const agent = await w.start();
  await inForce(agent, 1);
  await record(agent, { kind: "reading", quantity: "uv-intensity", value: "1500", unit: "uW/cm2" });
  await checked(agent, "opening");
  return agent;
}

async function upgrade(w: World, agent: Agent, generation: number, version: string, least: number): Promise<void> {
  w.set(generation, release(w, version, least));
  w.hub.push();
  await inForce(agent, generation);
}

test("a test starts, runs on under the release it began with, ends, and asks for its closing check", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  const started = await start(agent, "T-1");
  expect(started).toMatchObject({ allow: true, running: { test: "T-1" } });
  const startedAt = started.running?.startedAt ?? "";

  await upgrade(w, agent, 2, "v1.1", 2000);
  expect(await gate(agent, "T-2")).toMatchObject({ allow: false, contracts: [{ version: "v1.1" }] });
  expect(await gate(agent, "T-1")).toMatchObject({ allow: true, contracts: [{ version: "v1.0" }] });
  expect(await start(agent, "T-1")).toMatchObject({ allow: true, running: { test: "T-1", startedAt } });

  await agent.stop();
  const again = await w.start({ hubUrl: null });
  expect(await gate(again, "T-1")).toMatchObject({ allow: true, contracts: [{ version: "v1.0" }] });

  const ended = await end(again, "T-1", { result: "passed" });
  expect(ended).toMatchObject({
    status: 200,
    json: { test: "T-1", result: "passed", startedAt, usedAssets: ["Lamp-1"], closingChecks: ["Lamp-1"] },
  });
  expect(ended.json.endedAt >= startedAt).toBe(true);
  expect(versions(await gate(again, "T-1"))).toEqual(["v1.1"]);
});

test("a use wants a closing check after its end, also when the test never ended, but not of itself", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  expect((await gate(agent, "T-2")).allow).toBe(true);
  await start(agent, "T-1");
  expect((await gate(agent, "T-1")).allow).toBe(true);
  expect((await gate(agent, "T-2")).reasons).toEqual(["check.after-use-missing:Lamp-1"]);
  await end(agent, "T-1");
  for (const id of ["T-1", "T-2"])
    expect((await gate(agent, id)).reasons, id).toEqual(["check.after-use-missing:Lamp-1"]);
  await checked(agent, "closing", "fail");
  expect((await gate(agent, "T-2")).reasons).toEqual(["check.after-use-failed:Lamp-1"]);
  await checked(agent, "closing");
  expect((await gate(agent, "T-2")).allow).toBe(true);
});

test("of tests that start at the same time and want the same lamp one has it", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  const all = await Promise.all(["T-1", "T-2", "T-3", "T-4"].map((id) => start(agent, id)));
  expect(all.filter(({ allow }) => allow)).toHaveLength(1);
  for (const { allow, reasons } of all) expect(reasons).toEqual(allow ? [] : ["check.after-use-missing:Lamp-1"]);
});

test("an alert about a running test names the release that decided it", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  expect((await start(agent, "T-1")).allow).toBe(true);
  await upgrade(w, agent, 2, "v1.1", 1200);
  await record(agent, { kind: "reading", quantity: "uv-intensity", value: "900", unit: "uW/cm2" });
  expect(versions(await gate(agent, "T-1"))).toEqual(["v1.0"]);
  await until("the alert", () => w.hub.alerts.size > 0);
  expect([...w.hub.alerts.values()]).toMatchObject([
    { reason: "reading.out-of-limits", version: "v1.0", reading: { value: "900" }, testId: "T-1" },
  ]);
});

test("a test that is blocked does not start, and one that does not run cannot end", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  await record(agent, { kind: "reading", quantity: "uv-intensity", value: "1", unit: "uW/cm2" });
  expect(await start(agent, "T-1")).toMatchObject({ allow: false, running: null });
  expect(await end(agent, "T-1")).toMatchObject({ status: 409, json: { error: { code: "MAINT_ERR_CONFLICT" } } });
  const bad: readonly (readonly [string, object, string, number])[] = [
    ["/v1/test/start", {}, operator.token, 400],
    ["/v1/test/start", { test: "T-1", preview: true }, operator.token, 400],
    ["/v1/test/start", { test: "T-1" }, auditor.token, 403],
    ["/v1/test/end", {}, operator.token, 400],
    ["/v1/test/end", { test: "T-1", result: "so-so" }, operator.token, 400],
    ["/v1/test/end", { test: "T-1", by: "QA-1" }, operator.token, 400],
  ];
  for (const [path, body, token, status] of bad)
    expect([path, body, (await ask(agent, path, body, token)).status]).toEqual([path, body, status]);
});

test("a preview says what the gate would say, and is written nowhere", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  await record(agent, { kind: "reading", quantity: "uv-intensity", value: "1", unit: "uW/cm2" });
  const before = agent.status();
  const preview = await tell(agent, "/v1/gate", { test: "T-1", preview: true });
  expect(preview).toMatchObject({ allow: false, preview: true, ledgerSeq: null });
  expect(agent.status()).toMatchObject({ ledger: before.ledger, alerts: before.alerts });
  const plain = { accept: "text/plain" };
  const text = async (path: string, body: object) => (await ask(agent, path, body, operator.token, plain)).text;
  expect(await text("/v1/gate", { test: "T-1", preview: true })).toMatch(/^PREVIEW BLOCK reading\.out-of-limits:/);
  await record(agent, { kind: "reading", quantity: "uv-intensity", value: "1500", unit: "uW/cm2" });
  expect(await text("/v1/gate", { test: "T-1", preview: true })).toBe("PREVIEW ALLOW\n");
  expect(await text("/v1/test/start", { test: "T-1" })).toBe("ALLOW\n");
  expect(await text("/v1/test/end", { test: "T-1" })).toBe("ENDED T-1\n");
});

test("starts and ends stand in the ledger, and come back from it when the store is lost", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  await start(agent, "T-1");
  await start(agent, "T-2");
  await end(agent, "T-1", { result: "aborted" });
  await agent.stop();
  const { ledger, evidence } = nodeFolder(w.folder, NODE);
  const reader = readLedgerFile(ledger);
  const runs = reader
    .list({ actionType: "evidence_record", limit: 100 })
    .map(({ metadata }) => (metadata["record"] as { kind: string; body: { state: string } }) ?? {})
    .filter(({ kind }) => kind === "test-run");
  expect(runs.map(({ body }) => body.state)).toEqual(["started", "ended"]);
  expect(runs.at(-1)).toMatchObject({ by: "STF-1", body: { result: "aborted", contracts: [{ version: "v1.0" }] } });
  reader.close();
  for (const path of [evidence, `${evidence}-wal`, `${evidence}-shm`]) if (existsSync(path)) rmSync(path);
  const again = await w.start({ hubUrl: null });
  expect((await gate(again, "T-2")).reasons).toEqual(["check.after-use-missing:Lamp-1"]);
});

test("where the release of a running test is gone, the test is blocked, not judged by another", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  await start(agent, "T-1");
  const first = w.hub.desired?.desired.contracts["UV-DAILY"]?.digest ?? "";
  await upgrade(w, agent, 2, "v1.1", 1200);
  await agent.stop();
  const { kept } = nodeFolder(w.folder, NODE);
  const bytes = readdirSync(kept).find((name) => first.endsWith(name));
  rmSync(join(kept, bytes ?? expect.fail("the earlier release is not kept")));
  const again = await w.start({ hubUrl: null });
  expect((await gate(again, "T-1")).reasons).toEqual(["contract.none-in-force:UV-DAILY"]);
  expect((await gate(again, "T-2")).reasons).toEqual(["check.after-use-missing:Lamp-1"]);
  expect((await end(again, "T-1", { result: "aborted" })).status).toBe(200);
  await checked(again, "closing");
  expect(await gate(again, "T-1")).toMatchObject({ allow: true, contracts: [{ version: "v1.1" }] });
});

/** Over the Unix socket, as a program does that may hold no port. */
function overSocket(socketPath: string, path: string, token: string, body: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: "localhost", authorization: `Bearer ${token}`, accept: "text/plain" };
    const call = request({ socketPath, path, method: "POST", headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    call.on("error", reject);
    call.end(JSON.stringify(body));
  });
}

test("a test program starts and ends tests over the socket, which is gone with the agent", async () => {
  const w = await openWorld();
  const agent = await ready(w);
  const folder = nodeFolder(w.folder, NODE);
  const address = JSON.parse(readFileSync(folder.address, "utf8")) as object;
  expect(address).toEqual({ url: agent.url, pid: process.pid, socket: folder.socket });
  const tellIt = (path: string) => overSocket(folder.socket, path, readTokenFile(folder.token), { test: "T-1" });
  expect(await tellIt("/v1/test/start")).toBe("ALLOW\n");
  expect(await tellIt("/v1/gate")).toBe("ALLOW\n");
  expect(await tellIt("/v1/test/end")).toBe("ENDED T-1\n");
  expect(await tellIt("/v1/gate")).toBe("BLOCK check.after-use-missing:Lamp-1\n");
  await agent.stop();
  expect([folder.socket, folder.address].filter((path) => existsSync(path))).toEqual([]);
});
