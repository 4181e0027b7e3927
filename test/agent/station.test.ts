import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Agent } from "../../src/agent/index.ts";
import { nodeFolder } from "../../src/agent/index.ts";
import { PAGE_POLICY } from "../../src/agent/station-routes.ts";
import type { StationView } from "../../src/agent/station-view.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { root } from "../tidy/source-files.ts";
import { ask, auditor, bundleOf, inForce, NODE, openWorld, operator, until } from "./agent-world.ts";

// One clause of every kind that asks a person for something.
const CONTRACT = `contract UV-DAILY "UV each day" {
  for every penetrant station

  lamp         is a uv-a-lamp, by default "Lamp-0"
  meter        is a radiometer, by default "Meter-1"
  penetrant    is a material, by default "ZP-60D"
  uv-intensity is measured in uW/cm2
  uv-before    is measured in uW/cm2
  uv-loss      is uv-before minus uv-intensity

  before every test {
    checks:
      the meter must be calibrated every 12 months or 500 cycles, whichever comes first
      the meter must not have been dropped since its calibration
      the lamp must have been on for at least 10 minutes
      each day, uv-intensity read with the meter must be at least 1000 uW/cm2, settled for at least 5 minutes
      each day, uv-loss must be at most 100 uW/cm2
      each shift, the operator must acknowledge "materials checked"
      each week, two people must acknowledge "flaw shows"
      each day, the lamp must be checked: "glass is whole", "cable is whole"
      the lamp must be serviced every 1000 use-hours, with enough left for the whole test
      the penetrant must be within its shelf life
  }

  before every fluorescent-inspection test {
    frame:
      the meter must be checked before and after each use
  }
}
`;

async function station(agent: Agent, token = operator.token): Promise<StationView> {
  const { status, json } = await ask(agent, "/v1/station", undefined, token);
  expect(status).toBe(200);
  return json as StationView;
}

test("GET /v1/station names what the contracts in force ask for, by this station's own assets", async () => {
  const w = await openWorld();
  const agent = await w.start();
  const bare = (await ask(agent, "/v1/station", undefined, readTokenFile(nodeFolder(w.folder, NODE).token))).json;
  expect(bare).toMatchObject({ node: NODE, station: null, contracts: [], steps: [], you: { person: false } });

  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(CONTRACT)) });
  await until("a session", () => w.hub.hellos.length === 1);
  w.hub.push();
  await inForce(agent, 1);
  const view = await station(agent);
  expect(view).toMatchObject({
    station: { id: "LP-1", type: "penetrant", orderRequired: false },
    now: expect.stringMatching(/^20\d\d-.*(\+00:00|Z)$/),
    zone: "Etc/UTC",
    you: { id: "STF-1", person: true, roles: ["operator"], scopes: ["acknowledge", "gate", "record", "status"] },
    contracts: [
      {
        ...{ contract: "UV-DAILY", title: "UV each day", version: "v1.0", mode: "enforce" },
        conditions: [
          { name: "checks", testKind: null },
          { name: "frame", testKind: "fluorescent-inspection" },
        ],
      },
    ],
    kinds: ["fluorescent-inspection"],
    orders: [],
    planned: ["hours"],
    steps: [
      { step: "materials checked", who: "the operator" },
      { step: "flaw shows", who: "2 people" },
    ],
    checkLists: [{ asset: "Lamp-1", condition: "checks", items: ["glass is whole", "cable is whole"] }],
    useChecks: ["Meter-1"],
    materials: ["ZP-60D"],
    computed: [{ name: "uv-loss", from: ["uv-before", "uv-intensity"] }],
    ...{ latest: [], acknowledged: [], running: [] },
  });
  expect(view.equipment).toMatchObject([
    { asset: "Lamp-1", roles: ["lamp"], type: "uv-a-lamp", serial: "L1", events: [] },
    { asset: "Meter-1", roles: ["meter"], type: "radiometer", serial: null, events: ["dropped"] },
  ]);
  const [lamp, meter] = view.equipment;
  expect(lamp?.asks).toEqual(expect.arrayContaining(["hours", "warm-up", "check-list"]));
  expect(meter?.asks).toEqual(expect.arrayContaining(["calibration", "cycles", "before-and-after-use"]));
  const [intensity, before] = view.quantities;
  expect(intensity).toMatchObject({
    ...{ name: "uv-intensity", unit: "uW/cm2", settles: true },
    limits: ["at least 1000 uW/cm2"],
    instruments: ["Meter-1"],
  });
  expect(before).toMatchObject({ name: "uv-before", instruments: [], settles: false });
  expect(intensity?.units[0]).toBe("uW/cm2");
  expect(intensity?.units).toContain("mW/cm2");
});

test("it shows the latest readings and running tests, and follows who asks", async () => {
  const w = await openWorld();
  const agent = await w.start();
  const easy = `contract UV-DAILY "UV each day" {
  for every penetrant station
  uv-intensity is measured in uW/cm2
  before every test {
    uv:
      each day, uv-intensity must be at least 1000 uW/cm2
      each day, the operator must acknowledge "ready"
  }
}
`;
  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(easy)) });
  await until("a session", () => w.hub.hellos.length === 1);
  w.hub.push();
  await inForce(agent, 1);
  for (const value of ["940", "1500.50"]) {
    const body = { kind: "reading", quantity: "uv-intensity", value, unit: "uW/cm2" };
    expect((await ask(agent, "/v1/evidence", body, operator.token)).status).toBe(200);
  }
  await ask(agent, "/v1/evidence", { kind: "acknowledgement", step: "ready" }, operator.token);
  await ask(agent, "/v1/test/start", { test: "T-1", order: null, kind: "x" }, operator.token);
  const view = await station(agent, auditor.token);
  expect(view.you).toMatchObject({ id: "AUD-1", scopes: ["audit", "status"] });
  expect(view.latest).toMatchObject([{ quantity: "uv-intensity", value: "1500.50", takenWith: null, by: "STF-1" }]);
  expect(view.acknowledged).toMatchObject([{ step: "ready", by: "STF-1", at: expect.stringMatching(/T/) }]);
  expect(view.running).toMatchObject([{ test: "T-1", kind: "x", order: null }]);
  expect((await ask(agent, "/v1/station", undefined, "nobody")).status).toBe(401);
});

test("the page is served without a token, under a strict policy, and nothing beside it is", async () => {
  const w = await openWorld();
  const agent = await w.start();
  const folder = join(root, "src/agent/station-page");
  for (const file of readdirSync(folder)) {
    const path = file === "index.html" ? "/" : `/station/${file}`;
    const response = await fetch(new URL(path, agent.url));
    expect([path, response.status]).toEqual([path, 200]);
    expect(response.headers.get("content-security-policy")).toBe(PAGE_POLICY);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).toBe(readFileSync(join(folder, file), "utf8"));
  }
  for (const path of [
    "/station/",
    "/station/../agent.ts",
    "/station/%2e%2e/agent.ts",
    "/station/agent.ts",
    "/v1/station",
  ])
    expect((await fetch(new URL(path, agent.url))).status, path).toBe(401);
});

test("the page builds no markup from text, keeps nothing, and asks nobody else", () => {
  const folder = join(root, "src/agent/station-page");
  const forbidden =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|localStorage|sessionStorage|indexedDB|document\.cookie|\beval\b|new Function|setAttribute\("on|\bstyle=|<style|https?:\/\/(?!www\.w3\.org\/2000\/svg")/;
  const files = readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
  expect(files.filter(({ text }) => forbidden.test(text)).map(({ file }) => file)).toEqual([]);
  const inline = /<script(?![^>]*\bsrc=)|\son[a-z]+="/;
  expect(files.filter(({ file, text }) => file.endsWith(".html") && inline.test(text))).toEqual([]);
  // Controls: a planted break is found.
  expect(forbidden.test("node.innerHTML = text")).toBe(true);
  expect(inline.test('<button onclick="x()">')).toBe(true);
});
