import { afterEach, describe, expect, test } from "vitest";
import { changedContracts, mayTakeOver } from "../../src/agent/core/schedule.ts";
import { HEALTH_WINDOW_MS } from "../../src/model/limits.ts";
import type { Activation, Desired, DesiredContract } from "../../src/model/message.ts";
import { Plant } from "../tuf/plant.ts";
import { openStation, type Station } from "../tuf/station.ts";
import { ask, bundleOf, inForce, openWorld, operator, until } from "./agent-world.ts";

const contract = (change: Partial<DesiredContract> = {}): DesiredContract => ({
  ...{ version: "v1.1", digest: `sha256:${"b".repeat(64)}`, size: 1, target: "t", mode: "enforce", from: null },
  ...change,
});
const at = (activation: Partial<Activation>): DesiredContract =>
  contract({ activation: { notBefore: null, window: null, idleOnly: false, ...activation } });
const NIGHT = { window: { from: "22:00", to: "06:00" } };
const DAY = { window: { from: "06:00", to: "22:00" } };

const moments: readonly (readonly [string, readonly DesiredContract[], object, boolean])[] = [
  ["no schedule", [contract()], {}, true],
  ["nothing that changes", [], { testsRun: true }, true],
  [
    "before its instant",
    [at({ notBefore: "2026-11-24T12:00:00Z" })],
    { nowMs: Date.parse("2026-11-24T11:59:59.999Z") },
    false,
  ],
  ["at its instant", [at({ notBefore: "2026-11-24T12:00:00Z" })], { nowMs: Date.parse("2026-11-24T12:00:00Z") }, true],
  ["an instant that cannot be read", [at({ notBefore: "soon" })], { nowMs: Number.MAX_SAFE_INTEGER }, false],
  ["the first minute of a day window", [at(DAY)], { plantMinute: 360 }, true],
  ["the minute before it", [at(DAY)], { plantMinute: 359 }, false],
  ["the end of a day window", [at(DAY)], { plantMinute: 1_320 }, false],
  ["the first minute of a night window", [at(NIGHT)], { plantMinute: 1_320 }, true],
  ["after midnight in it", [at(NIGHT)], { plantMinute: 0 }, true],
  ["its last minute", [at(NIGHT)], { plantMinute: 359 }, true],
  ["its end", [at(NIGHT)], { plantMinute: 360 }, false],
  ["by day", [at(NIGHT)], { plantMinute: 720 }, false],
  ["a window where the plant's zone is not known", [at(DAY)], { plantMinute: null }, false],
  ["a window that cannot be read", [at({ window: { from: "24:00", to: "25:00" } })], { plantMinute: 0 }, false],
  ["while a test runs", [at({ idleOnly: true })], { testsRun: true }, false],
  ["while none runs", [at({ idleOnly: true })], { testsRun: false }, true],
  [
    "the last of several decides",
    [contract(), at(DAY), at({ idleOnly: true })],
    { plantMinute: 400, testsRun: true },
    false,
  ],
];
describe("whether a set may take over", () => {
  for (const [what, changed, moment, expected] of moments)
    test(what, () =>
      expect(mayTakeOver(changed, { nowMs: 0, plantMinute: 0, testsRun: false, ...moment })).toBe(expected),
    );
});

test("what is in force already waits for nothing, whatever hour it is given", () => {
  const inForceNow = { "UV-A": contract() };
  expect(changedContracts({ "UV-A": at({ notBefore: "2099-01-01T00:00:00Z" }) }, inForceNow)).toEqual([]);
  expect(changedContracts({ "UV-A": contract({ mode: "shadow" }) }, inForceNow)).toHaveLength(1);
  expect(changedContracts({ "UV-B": contract() }, inForceNow)).toHaveLength(1);
});

const open: Station[] = [];
afterEach(() => {
  for (const station of open.splice(0)) station.close();
});

/** v1.0 in force, v1.1 there with a schedule. */
async function waiting(activation: Partial<Activation>) {
  const plant = new Plant();
  const station = await openStation(plant);
  open.push(station);
  const one = plant.release("v1.0", "first");
  const send = (contracts: Desired["contracts"], assignments?: Desired["assignments"]) => {
    plant.generation += 1;
    return station.take(plant.sign(plant.desired(contracts, assignments)));
  };
  expect(await send({ "UV-A": one })).toBe("activated");
  const schedule = { notBefore: null, window: null, idleOnly: false, ...activation };
  const two = { ...plant.release("v1.1", "tightens"), activation: schedule };
  const assignment = plant.assign({ revertTo: [one.digest] }, "uv");
  return { plant, station, one, two, send, assignments: { "UV-A": assignment } };
}
const LATER = { notBefore: "2026-11-24T13:00:00Z" };
const HOUR_MS = 3_600_000;

test("a set that waits leaves the one before in force, and takes over at its hour", async () => {
  const { plant, station, two, send } = await waiting(LATER);
  expect(await send({ "UV-A": two })).toBe("scheduled");
  expect([station.inForce(), station.generation()]).toEqual(["v1.0", plant.generation]);
  expect(station.activation().takeOver()).toBe(undefined);
  plant.nowMs += HOUR_MS;
  expect(station.activation().takeOver()).toMatchObject({ generation: plant.generation });
  expect(station.inForce()).toBe("v1.1");
  expect(station.activation().takeOver()).toBe(undefined);
});

test("a restart forgets neither what waits nor what is in force", async () => {
  const { plant, station, two, send } = await waiting(LATER);
  await send({ "UV-A": two });
  expect(await station.restart()).toBe("ready");
  expect(station.inForce()).toBe("v1.0");
  plant.nowMs += HOUR_MS;
  expect(station.activation().takeOver()).toBeDefined();
  expect(await station.restart()).toBe("ready");
  expect(station.inForce()).toBe("v1.1");
});

test("however many sets come while one waits, what is in force stays kept", async () => {
  const { station, two, send } = await waiting(LATER);
  for (let count = 0; count < 20; count += 1) expect(await send({ "UV-A": two })).toBe("scheduled");
  expect(await station.restart()).toBe("ready");
  expect(station.inForce()).toBe("v1.0");
});

test("what was never in force can be taken away again, what is cannot", async () => {
  const { station, one, two, send } = await waiting(LATER);
  await send({ "UV-A": two });
  expect(await send({ "UV-A": one })).toBe("activated");
  expect(station.inForce()).toBe("v1.0");
  expect(await send({})).toBe("unassigned");
});

test("a hub that moves the hour of what is in force opens no gap", async () => {
  const { station, one, send } = await waiting(LATER);
  const moved = { ...one, activation: { notBefore: "2099-01-01T00:00:00Z", window: null, idleOnly: true } };
  expect(await send({ "UV-A": moved })).toBe("activated");
  expect(station.inForce()).toBe("v1.0");
});

describe("a fault under contracts that are new", () => {
  test("leads back to those before, where their signers allow it, and is not tried again", async () => {
    const { plant, station, one, two, send, assignments } = await waiting({});
    expect(await send({ "UV-A": two }, assignments)).toBe("activated");
    expect(station.activation().takeBack("runtime.error")).toMatchObject({ generation: plant.generation });
    expect(station.inForce()).toBe("v1.0");
    expect(await send({ "UV-A": two }, assignments)).toBe("rolledback");
    expect(await station.restart()).toBe("ready");
    expect(station.inForce()).toBe("v1.0");
    // The hub's own way back, and another try.
    expect(await send({ "UV-A": one }, assignments)).toBe("activated");
    expect(await send({ "UV-A": two }, assignments)).toBe("activated");
  });
  test("does not where nobody signed a way back", async () => {
    const { station, two, send } = await waiting({});
    await send({ "UV-A": two });
    expect(station.activation().takeBack("runtime.error")).toBe(undefined);
    expect(station.inForce()).toBe("v1.1");
  });
  test("does not once they are no longer new", async () => {
    const { plant, station, two, send, assignments } = await waiting({});
    await send({ "UV-A": two }, assignments);
    plant.nowMs += HEALTH_WINDOW_MS + 1;
    expect(station.activation().takeBack("runtime.error")).toBe(undefined);
  });
  test("does not for a set that only brought other documents", async () => {
    const { station, two, send, assignments } = await waiting({});
    await send({ "UV-A": two }, assignments);
    await send({ "UV-A": two }, assignments);
    expect(station.activation().takeBack("runtime.error")).toBe(undefined);
    expect(station.inForce()).toBe("v1.1");
  });
});

const text = (least: number): string => `contract UV-DAILY "UV each day" {
  for every penetrant station

  uv-intensity is measured in uW/cm2

  before every test {
    uv-each-day:
      each day, uv-intensity must be at least ${least} uW/cm2
  }
}
`;

test("an agent reports that it waits, decides by what was before, and swaps when the test has ended", async () => {
  const w = await openWorld();
  const release = (version: string, least: number) => w.repository.release("UV-DAILY", version, bundleOf(text(least)));
  w.set(1, { "UV-DAILY": release("v1.0", 1000) });
  const agent = await w.start();
  await inForce(agent, 1);
  const tell = async (path: string, body: object) => (await ask(agent, path, body, operator.token)).json;
  await tell("/v1/evidence", { kind: "reading", quantity: "uv-intensity", value: "1500", unit: "uW/cm2" });
  expect(await tell("/v1/test/start", { test: "T-1" })).toMatchObject({ allow: true });
  const idle: Activation = { notBefore: null, window: null, idleOnly: true };
  w.set(2, { "UV-DAILY": { ...release("v1.1", 2000), activation: idle } });
  w.hub.push();
  const last = () => w.hub.reports.at(-1);
  await until("it waits", () => last()?.attempted["UV-DAILY"]?.phase === "scheduled");
  expect(last()?.active["UV-DAILY"]?.version).toBe("v1.0");
  expect(await tell("/v1/gate", { test: "T-2" })).toMatchObject({ allow: true, contracts: [{ version: "v1.0" }] });
  expect(last()?.attempted["UV-DAILY"]?.phase).toBe("scheduled");
  await tell("/v1/test/end", { test: "T-1" });
  await until("it swapped", () => last()?.attempted["UV-DAILY"]?.phase === "activated");
  expect(last()?.active["UV-DAILY"]?.version).toBe("v1.1");
  expect(await tell("/v1/gate", { test: "T-3" })).toMatchObject({ allow: false, contracts: [{ version: "v1.1" }] });
  await until("it is effective", () => last()?.attempted["UV-DAILY"]?.phase === "effective");
});
