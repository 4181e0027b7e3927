import { expect, test } from "vitest";
import type { Agent } from "../../src/agent/index.ts";
import type { DesiredContract } from "../../src/model/message.ts";
import { ask, bundleOf, inForce, openWorld, operator, until, type World } from "./agent-world.ts";

const text = (least: number, fails = false): string => `contract UV-DAILY "UV each day" {
  for every penetrant station

  uv-intensity is measured in uW/cm2

  before every test {
    uv-each-day:
      each day, uv-intensity must be at least ${least} uW/cm2
  }
${
  fails
    ? `
  test "never" {
    at 2026-11-24 09:00 in Etc/UTC
    operator is "STF-1"
    uv-intensity reads 5000 uW/cm2 at 06:20
    expect blocked by uv-each-day
  }
`
    : ""
}}
`;

const release = ({ repository }: World, version: string, least: number, fails = false): DesiredContract =>
  repository.release("UV-DAILY", version, bundleOf(text(least, fails)));
const tried = (one: DesiredContract): DesiredContract => ({ ...one, mode: "shadow" });
const gate = async (agent: Agent, id: string) => (await ask(agent, "/v1/gate", { test: id }, operator.token)).json;

async function ready(w: World): Promise<Agent> {
  const agent = await w.start();
  await inForce(agent, 1);
  const reading = { kind: "reading", quantity: "uv-intensity", value: "1500", unit: "uW/cm2" };
  await ask(agent, "/v1/evidence", reading, operator.token);
  return agent;
}

test("a version in the shadow decides beside the enforced one, says so to the hub, and changes nothing", async () => {
  const w = await openWorld();
  const one = release(w, "v1.0", 1000);
  w.set(1, { "UV-DAILY": one }, { shadows: { "UV-DAILY": tried(release(w, "v1.1", 2000)) } });
  const agent = await ready(w);
  expect(await gate(agent, "T-1")).toMatchObject({ allow: true, contracts: [{ version: "v1.0" }] });
  await until("the trial is told", () => w.hub.alerts.size === 1);
  expect([...w.hub.alerts.values()]).toMatchObject([
    {
      kind: "shadow-decision",
      contract: "UV-DAILY",
      version: "v1.1",
      testId: "T-1",
      text: "UV-DAILY@v1.1 would have blocked it",
      shadow: {
        allow: false,
        enforcedAllow: true,
        reasons: ["reading.out-of-limits:uv-intensity"],
        enforcedReasons: [],
      },
    },
  ]);
  const last = () => w.hub.reports.at(-1);
  await until("it is effective", () => last()?.shadows?.["UV-DAILY"]?.phase === "effective");
  expect(last()?.active["UV-DAILY"]?.version).toBe("v1.0");
  // A restart keeps it, and a preview tries nothing.
  await agent.stop();
  const again = await w.start();
  await ask(again, "/v1/gate/preview", { test: "T-2" }, operator.token);
  await gate(again, "T-3");
  await until("it is tried again", () => w.hub.alerts.size === 2);
  expect(w.hub.alerts.get(2)?.testId).toBe("T-3");
});

test("one that fails its own tests, or is no shadow, is not tried and refuses nothing else", async () => {
  const w = await openWorld();
  const one = release(w, "v1.0", 1000);
  w.set(1, { "UV-DAILY": one }, { shadows: { "UV-DAILY": tried(release(w, "v1.1", 2000, true)) } });
  const agent = await ready(w);
  const last = () => w.hub.reports.at(-1);
  expect(last()?.shadows?.["UV-DAILY"]).toMatchObject({ phase: "rejected", reason: "selftest-failed" });
  w.set(2, { "UV-DAILY": one }, { shadows: { "UV-DAILY": release(w, "v1.2", 2000) } });
  w.hub.push();
  await inForce(agent, 2);
  await until("it is refused", () => last()?.shadows?.["UV-DAILY"]?.reason === "metadata-mismatch");
  expect(await gate(agent, "T-1")).toMatchObject({ allow: true, contracts: [{ version: "v1.0" }] });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(w.hub.alerts.size).toBe(0);
});

test("a set whose contracts are refused tries nothing either", async () => {
  const w = await openWorld();
  const one = release(w, "v1.0", 1000);
  w.set(1, { "UV-DAILY": one });
  const agent = await ready(w);
  const shadows = { "UV-DAILY": tried(release(w, "v1.1", 2000)) };
  w.set(2, {}, { shadows });
  w.hub.push();
  const last = () => w.hub.reports.at(-1);
  await until("it is refused", () => last()?.shadows?.["UV-DAILY"]?.phase === "rejected");
  expect(await gate(agent, "T-1")).toMatchObject({ allow: true });
});
