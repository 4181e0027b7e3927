import { describe, expect, test } from "vitest";
import type { Agent, AgentOptions } from "../../src/agent/index.ts";
import type { Decision } from "../../src/model/decision.ts";
import { ask, bundleOf, inForce, openWorld, operator, qa, until, type World } from "../agent/agent-world.ts";

// Abuse cases 17 to 19 at a whole agent: whoever owns the clock of a node wants a lapsed calibration to look valid, or longer valid.
// test/agent/clock-abuse.test.ts has the same for the parts. A calibration that a clock set ahead dates is `provisional` in the
// threat model; in the design its day is the certificate's own, and one that lies ahead is `calibration.future-dated`.

const DAY_MS = 86_400_000;
const CONTRACT = `contract UV-DAILY "UV each day" {
  for every penetrant station

  lamp is a uv-a-lamp, by default "Lamp-1"

  before every test {
    lamp-calibrated:
      the lamp must be calibrated every 30 days
  }
}
`;

/** The wall clock of the machine, which its owner sets; it was started when the test was. */
function ownedClock() {
  const owner = { aheadMs: 0 };
  const time = {
    wallMs: () => Date.now() + owner.aheadMs,
    monotonicMs: () => performance.now(),
    bootMs: () => Math.round(performance.now()),
    bootId: "boot-1",
  } satisfies AgentOptions["time"];
  return { owner, time };
}

/** A node with the contract in force, then started anew without its hub: the wall clock is all it has. */
async function alone() {
  const w = await openWorld();
  const { owner, time } = ownedClock();
  await accept(w);
  const start = () => w.start({ hubUrl: null, time });
  return { w, owner, time, start };
}

async function accept(w: World): Promise<void> {
  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(CONTRACT)) });
  // Of another start of the machine: what the hub attested then says nothing now.
  const first = await w.start({ time: { ...ownedClock().time, bootId: "boot-0" } });
  await inForce(first, 1);
  await first.stop();
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

async function calibrated(agent: Agent, performedOn: string): Promise<number> {
  const body = { kind: "calibration", asset: "lamp", performedOn, result: "pass", certificate: `C-${performedOn}` };
  return (await ask(agent, "/v1/evidence", body, qa.token)).status;
}

async function reasons(agent: Agent): Promise<readonly string[]> {
  const { json } = await ask(agent, "/v1/gate", { test: "T-1" }, operator.token);
  return (json as Decision).reasons;
}

describe("AB-17: the clock is set back, so that what lapsed looks valid", () => {
  test("without a hub it is behind what the ledger has seen: blocked, told, and in the ledger", async () => {
    const { w, owner, start, time } = await alone();
    const agent = await start();
    expect(await calibrated(agent, day(Date.now() - 40 * DAY_MS))).toBe(200);
    expect(await reasons(agent)).toEqual(["calibration.overdue:Lamp-1"]);
    owner.aheadMs = -20 * DAY_MS;
    expect(await reasons(agent)).toEqual(["clock.went-back:node"]);
    await agent.stop();
    // The hub hears of both when there is one again.
    const linked = await w.start({ time });
    await until("both alerts", () => w.hub.alerts.size === 2);
    expect([...w.hub.alerts.values()].map(({ reason }) => reason)).toEqual(["calibration.overdue", "clock.went-back"]);
    // Signed time: the wall clock is nobody's business any more.
    await until("signed time", () => linked.status().clock.source === "attested");
    expect(await reasons(linked)).toEqual(["calibration.overdue:Lamp-1"]);
  });
});

describe("AB-18: the clock is set ahead when a calibration is recorded", () => {
  test("a day that lies ahead of the right clock is future-dated, and nothing starts by it", async () => {
    const { w, owner, start, time } = await alone();
    const agent = await start();
    owner.aheadMs = 20 * DAY_MS;
    expect(await calibrated(agent, day(Date.now() + 20 * DAY_MS))).toBe(200);
    await agent.stop();
    owner.aheadMs = 0;
    const right = await w.start({ time });
    await until("signed time", () => right.status().clock.source === "attested");
    expect(await reasons(right)).toEqual(["calibration.future-dated:Lamp-1"]);
  });

  test("with signed time a day ahead is not even recorded; control: today is, and counts", async () => {
    const w = await openWorld();
    const { owner, time } = ownedClock();
    await accept(w);
    const agent = await w.start({ time });
    await until("signed time", () => agent.status().clock.source === "attested");
    owner.aheadMs = 20 * DAY_MS;
    expect(await calibrated(agent, day(Date.now() + 20 * DAY_MS))).toBe(400);
    expect(await calibrated(agent, day(Date.now()))).toBe(200);
    expect(await reasons(agent)).toEqual([]);
  });
});

test("AB-19: a clock that was once ahead poisons no mark: with signed time the node decides as ever", async () => {
  const { w, owner, start, time } = await alone();
  const agent = await start();
  expect(await calibrated(agent, day(Date.now()))).toBe(200);
  owner.aheadMs = 400 * DAY_MS;
  expect(await reasons(agent)).toEqual(["calibration.overdue:Lamp-1"]);
  owner.aheadMs = 0;
  // Control: without a hub nobody knows which of the two was right, and the mark holds.
  expect(await reasons(agent)).toEqual(["clock.went-back:node"]);
  await agent.stop();
  const linked = await w.start({ time });
  await until("signed time", () => linked.status().clock.source === "attested");
  expect(await reasons(linked)).toEqual([]);
});
