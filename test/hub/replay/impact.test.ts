import { afterAll, beforeAll, expect, test } from "vitest";
import { storeRelease } from "../../../src/cli/store-release.ts";
import type { ArchiveFile } from "../../../src/hub/archive/archive-file.ts";
import type { HistoryEntry } from "../../../src/hub/contracts/contract-records.ts";
import { contractText, type HubBench, hubBench } from "../hub-fixture.ts";
import { memoryArchive, releaseOf, type Values, ZONE } from "./replay-fixture.ts";

const ID = "UV-DAILY";
const CALIBRATED_ON = new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 10);
let bench: HubBench;
const memory = memoryArchive();

/** A test a minute up to now, in which the lamp stood ever better; by the version in force. */
function decide(limit: number, readings: readonly number[], keepsSnapshot = true): void {
  const from = memory.bytesOf("LP-1").length;
  const startMs = Date.now() - 86_400_000 + from * 60_000;
  for (const [index, value] of readings.entries()) {
    const atMs = startMs + index * 60_000;
    const snapshot: Values = {
      ...{ plantZone: ZONE, station: { id: "LP-1", type: "penetrant", roles: {} }, test: { id: `T-${from + index}` } },
      equipment: { "Meter-1": { serial: "1", calibration: { performedOn: CALIBRATED_ON, result: "pass" } } },
      readings: { "uv-intensity": { value, unit: "uW/cm2", takenAt: new Date(atMs).toISOString() } },
    };
    memory.decide({ node: "LP-1", atMs, releases: [releaseOf(contractText(ID, limit))], snapshot, keepsSnapshot });
  }
  (bench.hub().services.archive as ArchiveFile).append([
    { node: "LP-1", from, entries: memory.bytesOf("LP-1").slice(from) },
  ]);
}

async function draft(text: string): Promise<void> {
  await bench.admin().post("/v1/contracts", { text, domain: "penetrant" });
  await bench.admin().post(`/v1/contracts/${ID}/validate`, {});
}

const store = (impact = {}) => storeRelease({ hub: bench.admin(), contract: ID, keys: bench.keys, impact });
const history = async (): Promise<readonly HistoryEntry[]> =>
  ((await bench.admin().get(`/v1/contracts/${ID}/history`)) as { readonly history: readonly HistoryEntry[] }).history;
const approvals = () =>
  bench
    .hub()
    .services.ledger.list({ actionType: "contract_approval" })
    .filter(({ smart_id }) => smart_id === ID)
    .map(({ action }) => action);

beforeAll(async () => {
  bench = await hubBench();
});
afterAll(() => bench.close());

test("without archived decisions nobody knows, and nothing is held up", async () => {
  await draft(contractText(ID, 1000));
  expect(await store()).toMatchObject({ published: true });
  expect((await history())[0]?.changes).toEqual([]);
});

test("a second version of which nothing recorded can say anything says so", async () => {
  const hub = bench.admin();
  const next = async (limit: number) => {
    await hub.post("/v1/contracts", { text: contractText("UV-WEEKLY", limit), domain: "penetrant" });
    await hub.post("/v1/contracts/UV-WEEKLY/validate", {});
    return storeRelease({ hub, contract: "UV-WEEKLY", keys: bench.keys });
  };
  await next(1000);
  expect(await next(1001)).toMatchObject({ published: true });
  const told = (await hub.get("/v1/contracts/UV-WEEKLY/history")) as { readonly history: readonly HistoryEntry[] };
  expect(told.history.at(-1)?.changes).toEqual(["impact: not known, no decision of the last 30 days is archived"]);
});

test("beyond the budget it is refused with figures, until somebody says why", async () => {
  decide(1000, [...Array.from({ length: 90 }, () => 1500), ...Array.from({ length: 10 }, () => 1050)]);
  await draft(contractText(ID, 1100));
  await expect(store()).rejects.toMatchObject({
    ...{ code: "MAINT_ERR_IMPACT", exitCode: 1 },
    message: expect.stringContaining("10 of 100 recorded decisions of the last 30 days would be newly blocked: 10.0 %"),
  });
  // A larger budget is nobody's to take.
  await expect(store({ budget: 0.5 })).rejects.toMatchObject({ code: "MAINT_ERR_IMPACT" });
  expect((await history()).map(({ version }) => version)).toEqual(["v1.0", null]);
  expect(await store({ accepted: "the new lamps are in" })).toMatchObject({ published: true });
  expect((await history()).at(-1)?.changes).toEqual([
    expect.stringMatching(/^impact: 10 of 100 .*accepted: the new lamps are in$/),
  ]);
  expect(approvals()).toEqual(["impact-accepted"]);
});

test("within the budget it is weighed and written down", async () => {
  await draft(contractText(ID, 1101));
  expect(await store()).toMatchObject({ published: true });
  expect((await history()).at(-1)?.changes).toEqual([expect.stringMatching(/^impact: 0 of 90 /)]);
  expect(approvals()).toEqual(["impact-accepted", "impact-weighed"]);
});

test("how much could not be judged stands beside the shares", async () => {
  decide(1101, [1500, 1500, 1500], false);
  await draft(contractText(ID, 1102));
  expect(await store()).toMatchObject({ published: true });
  expect((await history()).at(-1)?.changes).toEqual([
    expect.stringMatching(/^impact: 0 of 90 .*; 3 of 103 decisions could not be judged$/),
  ]);
});

test("a domain's own budget takes the place of the hub's, and an author still asks for less only", async () => {
  const budgets = "/v1/releases/budgets";
  const set = (domain: string, budget: number | null, reason = "a line in the making") =>
    bench.admin().put(`${budgets}/${domain}`, { budget, reason });
  expect(await bench.admin().get(`${budgets}/penetrant`)).toEqual({ domain: "penetrant", budget: 0.02, set: null });
  // The lamp stood at 1150 in eight of ninety-eight: 8.2 %.
  decide(
    1101,
    Array.from({ length: 8 }, () => 1150),
  );
  await draft(contractText(ID, 1160));
  await set("magnetic", 0.5);
  await expect(store()).rejects.toMatchObject({ message: expect.stringContaining("the budget is 2.0 %") });
  expect(await set("penetrant", 0.1)).toMatchObject({ budget: 0.1, set: { reason: "a line in the making" } });
  await expect(store({ budget: 0.05 })).rejects.toMatchObject({
    message: expect.stringContaining("the budget is 5.0 %"),
  });
  await set("penetrant", 0.01);
  await expect(store({ budget: 0.5 })).rejects.toMatchObject({
    message: expect.stringContaining("the budget is 1.0 %"),
  });
  await set("penetrant", 0.1);
  expect(await store()).toMatchObject({ published: true });
  expect(await set("penetrant", null)).toEqual({ domain: "penetrant", budget: 0.02, set: null });
  const said = bench.hub().services.ledger.list({ actionType: "contract_approval" });
  const entries = said.filter(({ action }) => action === "impact-budget-set");
  expect(entries.map(({ target, metadata }) => [target, metadata["before"], metadata["budget"]])).toEqual([
    ["magnetic", 0.02, 0.5],
    ["penetrant", 0.02, 0.1],
    ["penetrant", 0.1, 0.01],
    ["penetrant", 0.01, 0.1],
    ["penetrant", 0.1, null],
  ]);
});

test.each([
  ["penetrant", { budget: 1.5, reason: "x" }],
  ["penetrant", { budget: 0.1, reason: " " }],
  ["penetrant", { budget: 0.1 }],
  ["No Domain", { budget: 0.1, reason: "x" }],
])("a budget for %s of %j is refused", async (domain, body) => {
  const path = `/v1/releases/budgets/${encodeURIComponent(domain)}`;
  await expect(bench.admin().put(path, body)).rejects.toMatchObject({ code: "MAINT_ERR_BAD_REQUEST" });
});
