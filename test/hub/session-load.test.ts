import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openAlertSpool } from "../../src/agent/alert-spool.ts";
import { admission } from "../../src/hub/session/admission.ts";
import { type Brake, createIntake } from "../../src/hub/session/intake.ts";
import { createSlices } from "../../src/hub/session/slices.ts";
import { createTimerWheel } from "../../src/hub/session/timer-wheel.ts";
import {
  FRAMES_PER_TURN,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_FRAMES,
  MAX_SPOOLED_ALERTS,
  NODE_FRAME_BURST,
} from "../../src/model/limits.ts";
import { alertOf, EPOCH, hubBench, scriptedNode, until } from "./hub-fixture.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a slice is what one turn takes, and a later value takes the place of the one that waits", async () => {
  const done: string[] = [];
  const slices = createSlices<number, string>(2, (key, value) => done.push(`${key}${value}`));
  for (const key of [1, 2, 3]) slices.put(key, "a");
  slices.put(3, "b");
  await turn();
  expect(done).toEqual(["1a", "2a"]);
  await turn();
  expect(done).toEqual(["1a", "2a", "3b"]);
  expect(slices.waiting()).toBe(0);
});

test("the wheel calls what was not cancelled, once, in order of time, also beyond one round", async () => {
  const wheel = createTimerWheel(1);
  onTestFinished(() => wheel.stop());
  const called: string[] = [];
  wheel.after(700, () => called.push("late"));
  wheel.after(5, () => called.push("soon"));
  wheel.after(5, () => called.push("never"))();
  await until(
    () => called.length,
    (count) => count === 2,
  );
  expect(called).toEqual(["soon", "late"]);
});

test("places are given back once, and one address does not take them all", () => {
  const places = admission({ total: 3, perAddress: 2 });
  const first = places.enter("a");
  places.enter("a");
  expect(places.enter("a")).toBeUndefined();
  expect(places.enter("b")).toBeDefined();
  expect(places.enter("c")).toBeUndefined();
  expect(places.retryAfterS()).toBe(1);
  first?.();
  first?.();
  expect(places.enter("a")).toBeDefined();
  expect(places.enter("b")).toBeUndefined();
});

test("AB-29: a node that floods is read no faster than its bucket fills, and the others are read beside it", async () => {
  let nowMs = 0;
  const wheel = createTimerWheel(1);
  onTestFinished(() => wheel.stop());
  const intake = createIntake<string>({ framesPerTurn: FRAMES_PER_TURN, wheel, nowMs: () => nowMs });
  const holds = { flood: 0, quiet: 0 };
  const brake = (who: "flood" | "quiet"): Brake => ({
    hold: () => {
      holds[who] += 1;
    },
    release: () => {
      holds[who] -= 1;
    },
  });
  const read: string[] = [];
  const flood = intake.line(brake("flood"), (frame) => read.push(frame));
  const quiet = intake.line(brake("quiet"), (frame) => read.push(frame));
  const sent = NODE_FRAME_BURST + MAX_QUEUED_FRAMES;
  for (let frame = 0; frame < sent; frame++) flood.put("f", 1);
  quiet.put("q", 1);
  await turn();
  // One frame of each in a turn: the flood of the one is no queue for the other.
  expect(read).toEqual(["f", "q"]);
  expect(holds).toEqual({ flood: 1, quiet: 0 });
  for (let more = 0; more < 2 * NODE_FRAME_BURST; more++) await turn();
  expect(read.length).toBe(NODE_FRAME_BURST + 1);
  // Nothing of it is lost: it waits for the bucket.
  nowMs += 60_000;
  await until(
    () => read.length,
    (count) => count === sent + 1,
  );
  expect(holds.flood).toBe(0);
});

test("AB-29: large frames are held back earlier than small ones: who is connected has little of the hub's memory", () => {
  const wheel = createTimerWheel(1);
  onTestFinished(() => wheel.stop());
  const intake = createIntake<string>({ framesPerTurn: FRAMES_PER_TURN, wheel, nowMs: () => 0 });
  const held: number[] = [];
  const framesUntilHeld = (bytes: number): number => {
    let holds = 0;
    const hold = (): void => {
      holds += 1;
    };
    const brake = { hold, release: () => undefined };
    const line = intake.line(brake, () => undefined);
    for (let frames = 1; ; frames++) {
      line.put("f", bytes);
      if (holds > 0) return frames;
    }
  };
  for (const bytes of [1, MAX_QUEUED_BYTES / 4, MAX_QUEUED_BYTES]) held.push(framesUntilHeld(bytes));
  expect(held).toEqual([MAX_QUEUED_FRAMES, 4, 1]);
});

test("AB-29: alerts of a flooding node all arrive, and another node's ping is answered meanwhile", async () => {
  const bench = await hubBench();
  onTestFinished(() => bench.close());
  const keys = [await bench.enrol("LP-01"), await bench.enrol("LP-02")] as const;
  const flood = scriptedNode(bench.hub().url, "LP-01", keys[0]);
  const quiet = scriptedNode(bench.hub().url, "LP-02", keys[1]);
  for (const node of [flood, quiet]) {
    await node.hello();
    await node.next("welcome");
  }
  const count = NODE_FRAME_BURST + 20;
  for (let seq = 1; seq <= count; seq++) flood.send("alert", { epoch: EPOCH, alerts: [alertOf("LP-01", seq)] });
  quiet.send("ping", { nonce: "p".repeat(22) });
  await quiet.next("timestamp");
  const acked = () => flood.heard.filter(({ t }) => t === "ack").length;
  expect(acked()).toBeLessThan(count);
  await until(acked, (so) => so === count);
  expect(flood.heard.some(({ t }) => t === "error")).toBe(false);
});

test("AB-29: a batch that comes a hundred times stands once, and each time it is acknowledged", async () => {
  const bench = await hubBench();
  onTestFinished(() => bench.close());
  const node = scriptedNode(bench.hub().url, "LP-01", await bench.enrol("LP-01"));
  await node.hello();
  await node.next("welcome");
  const alerts = [1, 2, 3].map((seq) => alertOf("LP-01", seq));
  const times = NODE_FRAME_BURST - 1;
  for (let turn = 0; turn < times; turn++) node.send("alert", { epoch: EPOCH, alerts });
  const acks = () => node.heard.flatMap((frame) => (frame.t === "ack" ? frame.body.upTo : []));
  expect(await until(acks, ({ length }) => length === times)).toEqual(Array(times).fill(3));
  const { alerts: kept, ledger } = bench.hub().services;
  expect((await kept.list()).map(({ alert }) => alert.seq).sort()).toEqual([1, 2, 3]);
  const raised = ledger.list({ actionType: "alert_raised", action: "raised" });
  expect(raised.map(({ metadata }) => metadata["alerts"])).toEqual([3]);
});

test("AB-29: a node keeps what it cannot deliver up to its limit, and says what it could not keep", () => {
  const folder = mkdtempSync(join(tmpdir(), "spool-"));
  const spool = openAlertSpool(join(folder, "spool.db"));
  onTestFinished(() => {
    spool.close();
    rmSync(folder, { recursive: true });
  });
  const { epoch: _, seq: __, ...alert } = alertOf("LP-01", 1);
  const full = spool.append(Array.from({ length: MAX_SPOOLED_ALERTS }, () => alert));
  expect(full).toEqual({ lastSeq: MAX_SPOOLED_ALERTS, dropped: 0 });
  expect(spool.append([alert, alert])).toEqual({ lastSeq: MAX_SPOOLED_ALERTS, dropped: 2 });
  spool.prune(1);
  expect(spool.append([alert, alert])).toEqual({ lastSeq: MAX_SPOOLED_ALERTS + 1, dropped: 1 });
  expect(spool.read(1, 3).map(({ seq }) => seq)).toEqual([2, 3]);
});

test("AB-34: fifty nodes that come at once all get their set, and again after all are cut; nothing acknowledged is lost", async () => {
  const bench = await hubBench();
  onTestFinished(() => bench.close());
  const ids = Array.from({ length: 50 }, (_, index) => `LP-${index}`);
  const fleet = await bench.hub().services.nodes.registerFleet(
    ids.map((id) => ({ station: { id, type: "penetrant" }, plantZone: "America/Chicago" })),
    { id: "ADM-1", roles: ["admin"] },
  );
  const { makeSigningKey } = await import("../../src/disk/key-file.ts");
  const keys = new Map(ids.map((id) => [id, makeSigningKey()]));
  await bench
    .hub()
    .services.nodes.enrolFleet(
      fleet.map(({ id, token }) => ({ node: id, token, publicKey: keys.get(id)?.publicHex ?? "" })),
    );
  for (const round of [1, 2]) {
    const nodes = ids.map((id) => scriptedNode(bench.hub().url, id, keys.get(id) ?? makeSigningKey()));
    const sets = await Promise.all(
      nodes.map(async (node) => {
        await node.hello();
        const { ackedSeq } = await node.next("welcome");
        const { desired } = await node.next("desired");
        node.send("alert", { epoch: EPOCH, alerts: [alertOf(desired.node, ackedSeq + 1)] });
        return [desired.node, ackedSeq, (await node.next("ack")).upTo];
      }),
    );
    expect(sets, `round ${round}`).toEqual(ids.map((id) => [id, round - 1, round]));
    for (const node of nodes) node.end();
    await until(
      () => ids.filter((id) => bench.hub().services.rollout.isLive(id)).length,
      (live) => live === 0,
    );
  }
});
