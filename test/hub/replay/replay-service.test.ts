import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCommandLine } from "../../../src/cli/program.ts";
import { storeRelease } from "../../../src/cli/store-release.ts";
import type { ArchiveFile } from "../../../src/hub/archive/archive-file.ts";
import type { ReplayJob } from "../../../src/hub/replay/replay-service.ts";
import type { ReplaySummary } from "../../../src/hub/replay/replay-summary.ts";
import { contractText, type HubBench, hubBench, until } from "../hub-fixture.ts";
import { memoryArchive, releaseOf, type Values, ZONE } from "./replay-fixture.ts";

const ID = "UV-DAILY";
const START_MS = Date.parse("2026-11-24T15:00:00Z");
let bench: HubBench;

beforeAll(async () => {
  bench = await hubBench();
  const text = contractText(ID, 1000);
  await bench.admin().post("/v1/contracts", { text, domain: "penetrant" });
  await bench.admin().post(`/v1/contracts/${ID}/validate`, {});
  await bench.store(ID);
  const memory = memoryArchive();
  for (let turn = 0; turn < 30; turn += 1) {
    const atMs = START_MS + turn * 60_000;
    const snapshot: Values = {
      ...{ plantZone: ZONE, station: { id: "LP-1", type: "penetrant", roles: {} }, test: { id: `T-${turn}` } },
      equipment: { "Meter-1": { serial: "1", calibration: { performedOn: "2026-11-01", result: "pass" } } },
      readings: { "uv-intensity": { value: 980 + turn * 10, unit: "uW/cm2", takenAt: new Date(atMs).toISOString() } },
    };
    memory.decide({ node: "LP-1", atMs, releases: [releaseOf(text)], snapshot });
  }
  (bench.hub().services.archive as ArchiveFile).append([{ node: "LP-1", from: 0, entries: memory.bytesOf("LP-1") }]);
});
afterAll(() => bench.close());

const ask = (body: object): Promise<ReplayJob> =>
  bench.admin().post("/v1/replays", { contract: ID, ...body }) as Promise<ReplayJob>;
const ended = (id: string): Promise<ReplayJob> =>
  until(
    async () => (await bench.admin().get(`/v1/replays/${id}`)) as ReplayJob,
    ({ state }) => state !== "waiting" && state !== "running",
  );

test("a replay is asked for, followed and answered over HTTP", async () => {
  const asked = await ask({ text: contractText(ID, 1100) });
  expect(asked).toMatchObject({ contract: ID, summary: null });
  const { state, summary, progress } = await ended(asked.id);
  expect([state, progress]).toEqual(["done", { phase: "deciding", done: 30, total: 30 }]);
  expect(summary?.counts).toMatchObject({ decisions: 30, newlyBlocked: 10, newlyAllowed: 0, unchangedBlocked: 2 });
  expect(summary?.newlyBlocked).toMatchObject({ count: 10, of: 28 });
});

test("the stored version tried on what it decided changes nothing, and against itself neither", async () => {
  const { id } = await ask({ version: "v1.0", against: "v1.0" });
  const { summary } = await ended(id);
  expect(summary?.counts).toMatchObject({ unchangedAllowed: 28, unchangedBlocked: 2, notReproducible: 0 });
});

test("what does not fit is refused with a sentence", async () => {
  await expect(ask({ text: "contract X {" })).rejects.toMatchObject({ code: "MAINT_ERR_BAD_REQUEST" });
  await expect(ask({ text: contractText("OTHER", 1) })).rejects.toThrow("it is OTHER");
  await expect(ask({ against: "v7.0" })).rejects.toMatchObject({ code: "MAINT_ERR_NOT_FOUND" });
  await expect(ask({ nodes: "LP-1" })).rejects.toThrow('"nodes"');
  await expect(bench.admin().get("/v1/replays/replay-999")).rejects.toMatchObject({ code: "MAINT_ERR_NOT_FOUND" });
});

test("one that is cancelled says so and leaves the next its turn", async () => {
  const [first, second] = [await ask({ text: contractText(ID, 1100) }), await ask({ text: contractText(ID, 1200) })];
  const cancelled = (await bench.admin().delete(`/v1/replays/${first.id}`)) as ReplayJob;
  expect(["cancelled", "done"]).toContain(cancelled.state);
  const { summary } = await ended(second.id);
  expect(summary?.counts.newlyBlocked).toBe(20);
});

async function printed(...words: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    const where = ["--hub", bench.hub().url, "--keys", bench.keys];
    return { code: await runCommandLine(["replay", ID, ...words, ...where]), text };
  } finally {
    spy.mockRestore();
    process.exitCode = 0;
  }
}

test("maint replay prints counts, where, and examples; exit code 1 where a verdict would change", async () => {
  const file = join(bench.data, "candidate.maint");
  writeFileSync(file, contractText(ID, 1100));
  const { code, text } = await printed("--candidate", file, "--examples", "2");
  expect(code).toBe(1);
  expect(text).toContain("newly blocked  10 of 28 allowed: 35.7 %");
  expect(text).toContain("10        0  uv-each-day");
  expect(text.match(/allowed -> reading\.out-of-limits:uv-intensity/g)).toHaveLength(2);
  const json = await printed("--release", "v1.0", "--json", "--since", "2026-11-24T15:10:00Z");
  expect(json.code).toBe(0);
  expect((JSON.parse(json.text) as ReplaySummary).counts.decisions).toBe(20);
});

test("a rollout's plan says for each wave how many recorded decisions would change", async () => {
  await bench.enrol("LP-1");
  await bench.enrol("LP-2");
  await bench.admin().post("/v1/contracts", { text: contractText(ID, 1100), domain: "penetrant" });
  await bench.admin().post(`/v1/contracts/${ID}/validate`, {});
  // What it would block is known and accepted: how many at which wave is what the plan is asked for.
  const impact = { accepted: "a trial" };
  await storeRelease({ hub: bench.admin(), contract: ID, keys: bench.keys, rollout: { held: true }, impact });
  const ask = (days: number) =>
    bench.admin().post("/v1/rollouts/plan", {
      ...{ contract: ID, version: "v1.1", days, policy: { waves: ["node:LP-2", "100%"] } },
    });
  const flips = { concerned: 30, allowed: 28, newlyBlocked: 10, newlyAllowed: 0 };
  const days = Math.ceil((Date.now() - START_MS) / 86_400_000) + 1;
  expect(await ask(Math.max(1, days))).toMatchObject({
    waves: [{ nodes: ["LP-2"] }, { nodes: ["LP-1"] }],
    prediction: {
      ...{ kind: "predicted", decisions: 30 },
      waves: [
        { concerned: 0, nodes: [] },
        { ...flips, nodes: [{ node: "LP-1", ...flips }] },
      ],
    },
  });
  expect(await ask(0)).not.toHaveProperty("prediction");
});

test("what was archived since is read before anybody asks, and a replay that is asked for takes its place", async () => {
  const { replays } = bench.hub().services;
  await replays.catchUp();
  const reading = replays.catchUp();
  const { id } = await ask({ text: contractText(ID, 1100) });
  await reading;
  expect((await ended(id)).state).toBe("done");
});
