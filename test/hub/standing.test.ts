import { afterEach, expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { parseNodeFrame } from "../../src/hub/core/wire-frame.ts";
import { createStandingService } from "../../src/hub/standing/standing-service.ts";
import { openHubDatabase } from "../../src/hub/store/database.ts";
import { standingTables } from "../../src/hub/store/standing-tables.ts";
import type { Standing, StandingDue, StandingTest } from "../../src/model/message.ts";
import { hubBench, scriptedNode } from "./hub-fixture.ts";

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const tested = (allow: boolean, kind: string | null = null): StandingTest => ({
  ...{ kind, allow, reasons: allow ? [] : ["reading.missing:uv"], warnings: [], toDo: allow ? null : "Read uv" },
});
const lapsing = (fromMs: number, subject = "LM-1"): StandingDue => ({
  ...{ code: "calibration.overdue", subject, severity: "reason", fromMs, from: "2026-12-01T00:00:00-06:00" },
  ...{ holdsAlready: false, text: "due", contract: "UV-DAILY", condition: "calibrated", toDo: null, who: null },
});
const standingOf = (tests: readonly StandingTest[], due: readonly StandingDue[] = []): Standing => ({
  ...{ atMs: 1_000, operator: "STF-1", tests, due },
});

async function openService() {
  const db = await openHubDatabase(openDatabase(":memory:"), [standingTables]);
  onTestFinished(() => db.close());
  return createStandingService({
    ...{ db, clock: { nowMs: () => 2_000 } },
    failed: (error) => {
      throw error;
    },
  });
}

test("the latest of each node counts, and is written with all others that came", async () => {
  const standing = await openService();
  standing.take("LP-1", standingOf([tested(false)], [lapsing(50), lapsing(10)]));
  standing.take("LP-2", standingOf([tested(true, "final"), tested(false, "visual")], [lapsing(20)]));
  standing.take("LP-1", standingOf([tested(true)], [lapsing(30)]));
  expect(await standing.list()).toEqual({ standing: [], next: null });
  await standing.flush();
  expect((await standing.list()).standing.map(({ node, tests }) => [node, tests.map(({ allow }) => allow)])).toEqual([
    ["LP-1", [true]],
    ["LP-2", [true, false]],
  ]);
  expect((await standing.list({ blockedOnly: true })).standing.map(({ node }) => node)).toEqual(["LP-2"]);
  expect((await standing.list({ node: "LP-1" })).standing[0]).toMatchObject({
    atMs: 1_000,
    receivedAtMs: 2_000,
    operator: "STF-1",
  });
  expect((await standing.due({ untilMs: 30, limit: 9 })).map(({ node, fromMs }) => [node, fromMs])).toEqual([
    ["LP-2", 20],
    ["LP-1", 30],
  ]);
  expect(await standing.due({ untilMs: 29, node: "LP-1", limit: 9 })).toEqual([]);
  standing.take("LP-2", standingOf([tested(true)]));
  await standing.flush();
  expect((await standing.due({ untilMs: 99, limit: 9 })).map(({ node }) => node)).toEqual(["LP-1"]);
});

test("a frame that says too much, or no sense, is refused", () => {
  const frame = (body: unknown) => parseNodeFrame(JSON.stringify({ v: 1, t: "standing", id: "n1", seq: 1, body }));
  expect(frame(standingOf([tested(true)], [lapsing(5)]))).toMatchObject({ ok: true });
  for (const body of [
    standingOf(Array.from({ length: 65 }, () => tested(true))),
    standingOf(
      [],
      Array.from({ length: 61 }, () => lapsing(1)),
    ),
    standingOf([{ ...tested(true), toDo: "x".repeat(201) }]),
    { ...standingOf([]), operator: undefined },
    { ...standingOf([]), atMs: "now" },
  ])
    expect(frame(body)).toMatchObject({ ok: false, error: { code: "bad-frame" } });
});

test("what a node says stands at the hub's API, also after the hub's restart", async () => {
  const bench = await hubBench();
  closers.push(() => bench.close());
  const key = await bench.enrol("LP-01");
  const node = scriptedNode(bench.hub().url, "LP-01", key);
  await node.hello();
  await node.next("welcome");
  const inThreeDays = Date.now() + 3 * 86_400_000;
  node.send("standing", standingOf([tested(false)], [lapsing(inThreeDays)]));
  node.send("ping", { nonce: "p".repeat(22) });
  await node.next("timestamp");
  node.end();
  await bench.start();
  expect(await bench.admin().get("/v1/standing?blocked=true")).toMatchObject({ standing: [{ node: "LP-01" }] });
  expect(await bench.admin().get("/v1/due?days=4")).toMatchObject({ due: [{ node: "LP-01", subject: "LM-1" }] });
  expect(await bench.admin().get("/v1/due?days=2")).toEqual({ due: [] });
  await expect(bench.admin().get("/v1/due?days=91")).rejects.toThrow(/from 0 to 90/);
});
