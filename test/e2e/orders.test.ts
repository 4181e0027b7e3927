import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, enrolNode, startAgent } from "../../src/agent/index.ts";
import { oneCommand } from "../cli/one-command.ts";
import { type HubBench, hubBench } from "../hub/hub-fixture.ts";

// A client's order over a real hub and a real agent: what it adds at the gate, and that nothing of it goes by mistake.

const CONTRACT = `contract CHECK "Station check" {
  for every penetrant station

  before every test {
    station-ready:
      each day, the operator must acknowledge "station is ready"
  }

  before every final test {
    parts-clean:
      each day, the operator must acknowledge "parts are clean"
  }

  test "nothing was done" {
    at 2026-11-24 09:00 in America/Chicago
    operator is "STF-1"
    expect blocked by station-ready, parts-clean
  }
}
`;

let bench: HubBench;
let agent: Agent;
let operator = "";
const folder = mkdtempSync(join(tmpdir(), "orders-e2e-"));
beforeAll(async () => {
  bench = await hubBench();
  const admin = bench.admin();
  const register = { station: { id: "LP-01", type: "penetrant" }, plantZone: "America/Chicago" };
  const { token } = (await admin.post("/v1/nodes", register)) as { token: string };
  await enrolNode({ dataFolder: folder, node: "LP-01", hubUrl: bench.hub().url, token });
  ({ token: operator } = (await admin.post("/v1/people", { id: "STF-1", roles: ["operator"] })) as { token: string });
  await admin.post("/v1/contracts", { text: CONTRACT, domain: "penetrant" });
  await admin.post("/v1/contracts/CHECK/validate", {});
  await bench.store("CHECK");
  agent = await startAgent({ dataFolder: folder, node: "LP-01", hubUrl: bench.hub().url, engine: "fast" });
});
afterAll(async () => {
  await agent?.stop();
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(path: string, body: object): Promise<unknown> {
  const response = await fetch(new URL(path, agent.url), {
    ...{ method: "POST", body: JSON.stringify(body) },
    headers: { authorization: `Bearer ${operator}` },
  });
  return response.json();
}

/** Asked until the node has what the hub changed. */
async function gate(order: string | null, expected: string): Promise<void> {
  let said = "";
  for (let tries = 0; tries < 300; tries++) {
    const answer = (await ask("/v1/gate", { test: "T-1", kind: "visual", order })) as {
      readonly reasons?: readonly string[];
    };
    said = answer.reasons === undefined ? JSON.stringify(answer) : answer.reasons.join(" ") || "allowed";
    if (said === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(said).toBe(expected);
}

const maint = (...words: readonly string[]) =>
  oneCommand("order", ...words, "--hub", bench.hub().url, "--keys", bench.keys);
const orderFile = (text: string): string => {
  const path = join(folder, "order.yaml");
  writeFileSync(path, text);
  return path;
};
const order = (conditions: string, revision = ""): string =>
  `id: PO-1\n${revision}tests:\n  - name: visual\n    maintenance: CHECK\n    maintenance_conditions: [${conditions}]\n`;

test("an order tightens its own tests, and is unlinked by a new revision only", async () => {
  await gate(null, "ack.missing:station is ready");
  await ask("/v1/evidence", { kind: "acknowledgement", step: "station is ready" });
  await gate(null, "allowed");
  await gate("PO-1", "order.unknown:PO-1");
  expect(await maint("link", orderFile(order("parts-clean")))).toMatchObject({ code: 0 });
  // Only what comes under the order has to meet it.
  await gate("PO-1", "ack.missing:parts are clean");
  await gate(null, "allowed");
  const slip = await maint("link", orderFile(order("station-ready")));
  expect(slip).toMatchObject({
    code: 2,
    err: expect.stringContaining('this would unlink "visual": CHECK, parts-clean'),
  });
  expect(await maint("link", orderFile(order("part-clean")))).toMatchObject({
    ...{ code: 2, err: expect.stringContaining("did you mean parts-clean?") },
  });
  await gate("PO-1", "ack.missing:parts are clean");
  expect(await maint("link", orderFile(order("station-ready", "revision: 2\n")))).toMatchObject({ code: 0 });
  await gate("PO-1", "allowed");
  await maint("close", "PO-1");
  await gate("PO-1", "order.closed:PO-1");
  await gate(null, "allowed");
});

test("what was decided under it is found at the hub", async () => {
  let out = "";
  for (let tries = 0; tries < 200 && !out.includes("order.closed"); tries++) {
    ({ out } = await maint("show", "PO-1"));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(out).toMatch(/^PO-1 {2}revision 3 {2}closed/);
  expect(out).toContain('no longer asked: "visual": CHECK, parts-clean');
  expect(out).toMatch(/decided under it, by what is archived: \d+ allowed, \d+ blocked/);
  expect(out).toMatch(/LP-01 #\d+ {2}\S+ {2}T-1 {2}blocked {2}order PO-1 {2}order\.closed:PO-1/);
});
