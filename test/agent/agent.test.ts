import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Agent, nodeFolder, startAgent } from "../../src/agent/index.ts";
import { loadKeyFile } from "../../src/disk/key-file.ts";
import { openLedgerFile, readLedgerFile } from "../../src/disk/ledger-file.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { makeToken } from "../../src/disk/token-file.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { Desired } from "../../src/model/message.ts";
import { recordOf } from "../disk/ledger-fixture.ts";
import { ask, auditor, bundleOf, inForce, NODE, openWorld, operator, until, type World } from "./agent-world.ts";

const contract = (least: number): string => `contract UV-DAILY "UV each day" {
  for every penetrant station

  lamp         is a uv-a-lamp, by default "Lamp-1"
  uv-intensity is measured in uW/cm2

  before every test {
    lamp-warmed-up:
      the lamp must have been on for at least 10 minutes

    uv-intensity-each-day:
      each day, uv-intensity must be at least ${least} uW/cm2
        because "the lamp fades"

    materials-checked:
      each day, the operator must acknowledge "materials checked"
  }

  when blocked, tell supervisor with severity high
}
`;

type Answer = Decision & { readonly ledgerSeq: number };
const gate = async (agent: Agent, token = operator.token): Promise<Answer> =>
  (await ask(agent, "/v1/gate", { test: "T-1", kind: "fluorescent-inspection" }, token)).json as Answer;

/** Records everything the contract asks for, with this intensity. */
async function makeReady(agent: Agent, value = "1500"): Promise<void> {
  const bodies = [
    { kind: "on-time", asset: "lamp", state: "on", forMinutes: 15 },
    { kind: "reading", quantity: "uv-intensity", value, unit: "uW/cm2" },
    { kind: "acknowledgement", step: "materials checked" },
  ];
  for (const body of bodies) expect((await ask(agent, "/v1/evidence", body, operator.token)).status).toBe(200);
}

const release = ({ repository }: World, version: string, least: number) => ({
  "UV-DAILY": repository.release("UV-DAILY", version, bundleOf(contract(least))),
});

test("a node fetches, verifies, activates, decides, alerts, and goes on without its hub", async () => {
  const w = await openWorld();
  const generations: number[] = [];
  const agent = await w.start({ onActivated: (generation) => generations.push(generation) });
  expect((await gate(agent, readTokenFile(nodeFolder(w.folder, NODE).token))).reasons).toEqual(["bundle.none:node"]);

  w.set(1, release(w, "v1.0", 1000));
  await until("a session", () => w.hub.hellos.length === 1);
  w.hub.push();
  await inForce(agent, 1);
  await until("the report", () => w.hub.reports.at(-1)?.attempted["UV-DAILY"]?.phase === "activated");
  expect(generations).toEqual([1]);

  const blocked = await gate(agent);
  expect(blocked.reasons).toEqual([
    "ack.missing:materials checked",
    "reading.missing:uv-intensity",
    "warmup.too-short:Lamp-1",
  ]);
  expect(blocked.operator).toBe("STF-1");
  await until("alerts", () => w.hub.alerts.size === 4);
  const alert = [...w.hub.alerts.values()].find(({ reason }) => reason === "reading.missing");
  expect(alert).toMatchObject({
    contract: "UV-DAILY",
    version: "v1.0",
    severity: "high",
    tell: ["supervisor"],
    stationType: "penetrant",
  });
  expect(alert?.ledgerSeq).toBe(blocked.ledgerSeq);

  await makeReady(agent);
  expect(await gate(agent)).toMatchObject({ allow: true, reasons: [], engine: "both" });
  await ask(
    agent,
    "/v1/evidence",
    { kind: "reading", quantity: "uv-intensity", value: "999.99999999999999999", unit: "uW/cm2" },
    operator.token,
  );
  expect((await gate(agent)).reasons).toEqual(["reading.out-of-limits:uv-intensity"]);
  await until("the reading travels", () =>
    [...w.hub.alerts.values()].some(({ reading }) => reading?.quantity === "uv-intensity"),
  );

  await agent.stop();
  await w.hub.close();
  const alone = await w.start();
  expect(alone.status()).toMatchObject({ standing: "ready", generation: 1 });
  expect((await gate(alone)).reasons).toEqual(["reading.out-of-limits:uv-intensity"]);
  await ask(
    alone,
    "/v1/evidence",
    { kind: "reading", quantity: "uv-intensity", value: 1200, unit: "uW/cm2" },
    operator.token,
  );
  expect((await gate(alone)).allow).toBe(true);
  await alone.stop();

  const ledger = readLedgerFile(nodeFolder(w.folder, NODE).ledger);
  expect(ledger.verify().finding).toBeNull();
  const kinds = new Set(ledger.list({ limit: 1000 }).map(({ action_type }) => action_type));
  expect([...kinds].sort()).toEqual([
    "contract_activation",
    "evidence_record",
    "gate_decision",
    "node_session",
    "process",
  ]);
  ledger.close();
});

test("alerts wait on the disk for their acknowledgement and arrive once", async () => {
  const w = await openWorld();
  w.hub.acknowledges = false;
  w.set(1, release(w, "v1.0", 1000));
  const agent = await w.start();
  await inForce(agent, 1);
  await gate(agent);
  await agent.stop();
  expect(w.hub.alerts.size).toBe(0);
  w.hub.acknowledges = true;
  const again = await w.start();
  await until("alerts", () => again.status().alerts.ackedSeq === 3);
  expect([...w.hub.alerts.keys()]).toEqual([1, 2, 3]);
  await gate(again);
  await until("more alerts", () => w.hub.alerts.size === 6);
});

test("a newer version replaces the older; a refused one leaves it in force", async () => {
  const w = await openWorld();
  w.set(1, release(w, "v1.0", 1000));
  const agent = await w.start();
  await inForce(agent, 1);
  w.set(2, release(w, "v1.1", 1100));
  w.hub.push();
  await inForce(agent, 2);

  const { desired } = w.hub.desired as { desired: Desired };
  w.hub.desired = w.repository.sign({ ...desired, generation: 3, contracts: {} });
  w.hub.push();
  await until("refusal", () => [...w.hub.alerts.values()].some(({ kind }) => kind === "release-rejected"));
  expect([...w.hub.alerts.values()].at(-1)).toMatchObject({ reason: "bundle.rejected", subject: "unassigned" });
  expect(agent.status()).toMatchObject({ generation: 2, standing: "ready" });

  w.hub.desired = { ...w.repository.sign({ ...desired, generation: 4 }), signature: "" };
  w.hub.push();
  await until("report", () => w.hub.reports.at(-1)?.attempted["UV-DAILY"]?.reason === "signature-missing");
  expect(agent.status()).toMatchObject({ generation: 2, standing: "ready" });
});

test("a bundle whose own test fails is not activated", async () => {
  const w = await openWorld();
  const failing = contract(1000).replace(
    /}\s*$/,
    `
  test "impossible" {
    at 2026-11-24 09:00 in America/Chicago
    expect allowed
  }
}
`,
  );
  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(failing)) });
  const agent = await w.start();
  await until("report", () => w.hub.reports.at(-1)?.attempted["UV-DAILY"]?.reason === "selftest-failed");
  expect(agent.status().standing).toBe("none");
});

test("a node that lost its connection comes back and converges", async () => {
  const w = await openWorld();
  w.set(1, release(w, "v1.0", 1000));
  const agent = await w.start();
  await inForce(agent, 1);
  w.set(2, release(w, "v1.1", 1100));
  w.hub.dropAll();
  await inForce(agent, 2);
  expect(w.hub.hellos.at(-1)).toMatchObject({ generation: 1, node: NODE });
  await until("attested time", () => agent.status().clock.source === "attested");
});

/** Flips bytes of one file, a few places in it, and starts the node without a hub: it must not decide by what it finds. */
async function flipped(path: string, w: World): Promise<readonly string[]> {
  const good = readFileSync(path);
  const outcomes: string[] = [];
  for (const part of [0.1, 0.5, 0.9]) {
    const bad = Buffer.from(good);
    const at = Math.floor(bad.length * part);
    bad[at] = (bad[at] as number) ^ 4;
    writeFileSync(path, bad);
    const agent = await startAgent({ dataFolder: w.folder, node: NODE, hubUrl: null });
    outcomes.push((await gate(agent, readTokenFile(nodeFolder(w.folder, NODE).token))).reasons.join());
    await agent.stop();
  }
  writeFileSync(path, good);
  return outcomes;
}

test("a flipped byte in what is kept blocks the gate, and the hub mends it", async () => {
  const w = await openWorld();
  w.set(1, release(w, "v1.0", 1000));
  const agent = await w.start();
  await inForce(agent, 1);
  await agent.stop();
  const { kept, state } = nodeFolder(w.folder, NODE);
  for (const path of [state, ...readdirSync(kept).map((name) => join(kept, name))])
    expect(await flipped(path, w)).toEqual(["bundle.rejected:node", "bundle.rejected:node", "bundle.rejected:node"]);

  const bundle = join(kept, (w.hub.desired?.desired.contracts["UV-DAILY"]?.digest ?? "").slice(7));
  writeFileSync(bundle, Buffer.concat([readFileSync(bundle), Buffer.from(" ")]));
  const mended = await w.start();
  await inForce(mended, 1);
  expect(mended.status().standing).toBe("ready");
});

test("an older state.json, and none, block the gate where the ledger remembers a newer set, and only that one mends it", async () => {
  const w = await openWorld();
  const { state, token } = nodeFolder(w.folder, NODE);
  const taken = async (generation: number): Promise<Buffer> => {
    const agent = await w.start();
    await inForce(agent, generation);
    await agent.stop();
    return readFileSync(state);
  };
  w.set(1, release(w, "v1.0", 1000));
  const older = await taken(1);
  const first = w.hub.desired;
  w.set(2, release(w, "v1.1", 1400));
  await taken(2);
  const second = w.hub.desired;
  const spoil: readonly (() => void)[] = [() => writeFileSync(state, older), () => rmSync(state)];
  for (const lose of spoil) {
    lose();
    const alone = await w.start({ hubUrl: null });
    expect((await gate(alone, readTokenFile(token))).reasons).toEqual(["bundle.rejected:node"]);
    expect(alone.status().rejection?.detail).toMatch(/the ledger remembers generation 2/);
    await alone.stop();
    // What was accepted last keeps its guard: the hub cannot lead back to what went before.
    w.hub.desired = first;
    const agent = await w.start();
    await until("a session", () => agent.status().hub?.link === "welcomed");
    const said = w.hub.reports.length;
    w.hub.push();
    await until("the older set is refused", () =>
      w.hub.reports.slice(said).some(({ attempted }) => attempted["UV-DAILY"]?.phase === "rejected"),
    );
    expect(agent.status().standing).toBe("rejected");
    w.hub.desired = second;
    w.hub.push();
    await inForce(agent, 2);
    await agent.stop();
  }
});

test("what a killed agent was in the middle of writing is gone with the next start, and nothing else", async () => {
  const w = await openWorld();
  const { path } = nodeFolder(w.folder, NODE);
  for (const name of ["hub.checkpoint.71.0123456789ab.tmp", "a-person-s.tmp"]) writeFileSync(join(path, name), "half");
  await w.start();
  expect(readdirSync(path).filter((name) => name.endsWith(".tmp"))).toEqual(["a-person-s.tmp"]);
});

test("a ledger that was put back without the evidence beside it is refused: a lock recorded then would count as old", async () => {
  const w = await openWorld();
  w.set(1, release(w, "v1.0", 1000));
  const { path } = nodeFolder(w.folder, NODE);
  const ledger = ["ledger.db", "ledger.db-head", "ledger.checkpoint"];
  const record = async (state: string): Promise<void> => {
    const agent = await w.start();
    await inForce(agent, 1);
    expect((await ask(agent, "/v1/evidence", { kind: "service", asset: "lamp", state }, operator.token)).status).toBe(
      200,
    );
    await agent.stop();
  };
  await record("locked");
  for (const name of ledger) copyFileSync(join(path, name), join(path, `${name}.kept`));
  await record("unlocked");
  const longer = ledger.map((name) => readFileSync(join(path, name)));
  for (const name of ledger) copyFileSync(join(path, `${name}.kept`), join(path, name));
  await expect(w.start()).rejects.toThrow(/ledger ends after .* and evidence of entry \d+ is kept: .*older copy/);
  // One that is long enough, and another.
  for (const name of ledger) rmSync(join(path, name));
  const other = openLedgerFile(join(path, "ledger.db"), {
    ...{ owner: NODE, key: loadKeyFile(join(path, "key")), clock: () => ({ timeMs: Date.now(), timeSource: "wall" }) },
  });
  other.append(Array.from({ length: 40 }, (_, index) => recordOf(index)));
  other.close();
  await expect(w.start()).rejects.toThrow(/entry \d+ does not hold: it is not the evidence that is kept of it/);
  for (const [index, name] of ledger.entries()) writeFileSync(join(path, name), longer[index] ?? "");
  await (await w.start()).stop();
  // The other way round it is put into the store again from the ledger.
  for (const name of ["evidence.db", "evidence.db-wal", "evidence.db-shm"]) rmSync(join(path, name), { force: true });
  const agent = await w.start();
  const { json } = await ask(agent, "/v1/evidence?kind=service", undefined, operator.token);
  expect((json as { evidence: { body: { state: string } }[] }).evidence.map(({ body }) => body.state)).toEqual([
    "unlocked",
    "locked",
  ]);
});

test("the local API refuses what it should", async () => {
  const w = await openWorld();
  w.set(1, release(w, "v1.0", 1000));
  const agent = await w.start();
  await inForce(agent, 1);
  const machine = readTokenFile(nodeFolder(w.folder, NODE).token);
  const reading = { kind: "reading", quantity: "uv-intensity", value: "1", unit: "uW/cm2" };
  const rows: readonly (readonly [string, string, unknown, string, number, RegExp])[] = [
    ["no token", "/v1/gate", {}, "", 401, /no valid token/],
    ["a wrong token", "/v1/gate", {}, makeToken("STF-1").token, 401, /no valid token/],
    ["an auditor at the gate", "/v1/gate", {}, auditor.token, 403, /does not cover gate/],
    ["a test program that records", "/v1/evidence", reading, machine, 403, /does not cover record/],
    ["another path", "/v1/doors", {}, operator.token, 404, /no \/v1\/doors/],
    ["another method", "/v1/gate", undefined, operator.token, 405, /takes POST/],
    ["no JSON", "/v1/gate", "{", operator.token, 400, /line 1, column 2/],
    ["a doubled key", "/v1/gate", '{"test":"a","test":"b"}', operator.token, 400, /stands twice/],
    ["__proto__", "/v1/gate", '{"__proto__":{}}', operator.token, 400, /__proto__/],
    ["deep nesting", "/v1/gate", `${'{"a":'.repeat(100)}1${"}".repeat(100)}`, operator.token, 400, /nested deeper/],
    ["a list", "/v1/gate", "[]", operator.token, 400, /no JSON object/],
    ["a large body", "/v1/gate", `{"test":"${"x".repeat(3 << 20)}"}`, operator.token, 413, /at most/],
    ["by in a gate request", "/v1/gate", { by: "QA-1" }, operator.token, 400, /comes from the token/],
    ["operator in a gate request", "/v1/gate", { operator: "QA-1" }, operator.token, 400, /comes from the token/],
    ["a stray field", "/v1/gate", { tset: "T" }, operator.token, 400, /no field \\"tset\\"/],
    ["negative use", "/v1/gate", { planned: { hours: -1 } }, operator.token, 400, /not negative/],
    ["by in evidence", "/v1/evidence", { ...reading, by: "QA-1" }, operator.token, 400, /comes from the token/],
    ["role in evidence", "/v1/evidence", { ...reading, role: "QA" }, operator.token, 400, /comes from the token/],
    ["an unknown kind", "/v1/evidence", { kind: "redding" }, operator.token, 400, /did you mean \\"reading\\"/],
    [
      "an unknown quantity",
      "/v1/evidence",
      { ...reading, quantity: "uv-intensty" },
      operator.token,
      400,
      /did you mean \\"uv-intensity\\"/,
    ],
    ["an unknown unit", "/v1/evidence", { ...reading, unit: "uW/cm3" }, operator.token, 400, /uW\/cm2/],
    ["a unit of another kind", "/v1/evidence", { ...reading, unit: "fc" }, operator.token, 400, /use uW\/cm2/],
    ["no number", "/v1/evidence", { ...reading, value: "UNAVAILABLE" }, operator.token, 400, /no decimal number/],
    ["infinity", "/v1/evidence", { ...reading, value: "Infinity" }, operator.token, 400, /no decimal number/],
    ["the future", "/v1/evidence", { ...reading, takenAt: "2999-01-01T00:00:00Z" }, operator.token, 400, /future/],
    [
      "a local time",
      "/v1/evidence",
      { ...reading, takenAt: "2026-11-24T09:00:00" },
      operator.token,
      400,
      /with its offset/,
    ],
    [
      "an unknown asset",
      "/v1/evidence",
      { kind: "on-time", asset: "lmap", state: "on" },
      operator.token,
      400,
      /did you mean \\"lamp\\"/,
    ],
    [
      "an unknown step",
      "/v1/evidence",
      { kind: "acknowledgement", step: "materials chekced" },
      operator.token,
      400,
      /materials checked/,
    ],
    ["a correction of nothing", "/v1/evidence", { ...reading, supersedes: "E999" }, operator.token, 400, /to correct/],
  ];
  for (const [what, path, body, token, status, says] of rows) {
    const answer = await ask(agent, path, body, token);
    expect([what, answer.status], what).toEqual([what, status]);
    expect(answer.text, what).toMatch(says);
  }
  const rebound = await fetch(new URL("/v1/doors", agent.url.replace("127.0.0.1", "localhost")), {
    headers: { authorization: `Bearer ${machine}` },
  });
  expect(rebound.status).toBe(404);
  const plain = await ask(agent, "/v1/gate", { test: "T-2" }, machine, { accept: "text/plain" });
  expect(plain.text).toMatch(
    /^BLOCK ack\.missing:materials checked reading\.missing:uv-intensity warmup\.too-short:Lamp-1\n$/,
  );
  expect(agent.status().alerts.lastSeq).toBe(3);
});
