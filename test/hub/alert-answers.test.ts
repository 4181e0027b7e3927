import { describe, expect, test } from "vitest";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { openOutbox } from "../../src/hub/notices/outbox.ts";
import { alertOf, contractShelf, EPOCH, openLoopBench, START_MS } from "./loop-fixture.ts";

const MINUTE_MS = 60_000;
const supervisor = { id: "SUP-1", roles: ["supervisor"] };

async function openAlerts() {
  const bench = await openLoopBench();
  const alerts = createAlertService({ ...bench, hubId: "hub", contracts: contractShelf([]), post: () => {} });
  let seq = 0;
  const raise = async (change: Parameters<typeof alertOf>[0] = {}): Promise<string> => {
    seq += 1;
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq, ...change })] });
    return `alert-${seq}`;
  };
  return { ...bench, alerts, raise };
}

describe("acknowledging several", () => {
  test("alerts and groups together, once each, with person and note", async () => {
    const { alerts, raise, entries } = await openAlerts();
    const ids = [await raise({ subject: "a" }), await raise({ subject: "a" }), await raise({ subject: "b" })];
    await raise({ subject: "c" });
    const group = (await alerts.groups()).find(({ subject }) => subject === "c")?.fingerprint ?? "";
    const done = await alerts.acknowledge([...ids, group], supervisor, "all seen");
    expect(done).toMatchObject({ count: 4, by: "SUP-1" });
    expect(done.incidents).toHaveLength(3);
    expect(entries().filter((entry) => entry.startsWith("alert_ack"))).toHaveLength(3);
    expect((await alerts.list()).map(({ acknowledgement }) => acknowledgement?.note)).toEqual(
      Array(4).fill("all seen"),
    );
  });
  test("one that is not there, or taken up already, stops all", async () => {
    const { alerts, raise } = await openAlerts();
    const [a, b] = [await raise({ subject: "a" }), await raise({ subject: "b" })];
    await expect(alerts.acknowledge([a, "alert-99"], supervisor, "x")).rejects.toThrow('no alert "alert-99"');
    await alerts.acknowledge(b, supervisor, "x");
    await expect(alerts.acknowledge([a, b], supervisor, "x")).rejects.toThrow("already");
    await expect(alerts.acknowledge("0123456789abcdef", supervisor, "x")).rejects.toThrow("stands open");
    expect(await alerts.list({ state: "open" })).toMatchObject([{ id: a }]);
  });
});

test("one alert is shown with its incident, its steps and who was told of how many", async () => {
  const { alerts, raise, tick } = await openAlerts();
  const id = await raise();
  tick(16 * MINUTE_MS);
  await alerts.escalate();
  await raise();
  await raise({ severity: "critical" });
  await alerts.acknowledge(id, supervisor, "seen");
  const { incident, steps, told } = await alerts.details(id);
  expect(incident).toMatchObject({
    count: 3,
    severity: "critical",
    firstAlert: "alert-1",
    lastAlert: "alert-3",
    nextRepeatMs: null,
  });
  expect(steps.map(({ alert, role, state }) => `${alert} ${role} ${state}`)).toEqual([
    "alert-1 supervisor sent",
    "alert-1 plant-manager sent",
    "alert-3 supervisor sent",
    "alert-3 plant-manager dropped",
  ]);
  expect(told).toEqual([
    { role: "plant-manager", alerts: 1 },
    { role: "supervisor", alerts: 3 },
  ]);
  await expect(alerts.details("alert-77")).rejects.toThrow("no alert");
});

describe("following alerts", () => {
  test("whoever waits gets the next one, and goes on where it ended", async () => {
    const { alerts, raise } = await openAlerts();
    await raise();
    const waiting = alerts.tail({ after: undefined, waitMs: 10_000, filter: { severity: "high" } });
    await raise({ severity: "info" });
    await raise({ severity: "critical" });
    const first = await waiting;
    expect(first).toMatchObject({ alerts: [{ id: "alert-3" }], next: "alert-3" });
    await raise();
    const rest = await alerts.tail({ after: 3, waitMs: 0, filter: {} });
    expect(rest).toMatchObject({ alerts: [{ id: "alert-4" }], next: "alert-4" });
    expect(await alerts.tail({ after: 4, waitMs: 0, filter: {} })).toEqual({ alerts: [], next: "alert-4" });
  });

  test("after an interruption nothing is missing and nothing comes twice", async () => {
    const { alerts, raise } = await openAlerts();
    const seen: string[] = [];
    let after = 0;
    for (let turn = 0; turn < 40; turn++) {
      if (turn % 3 !== 0) await raise({ subject: `q-${turn % 4}`, severity: turn % 2 === 0 ? "info" : "high" });
      const page = await alerts.tail({ after, waitMs: 0, filter: { severity: "high" } });
      seen.push(...page.alerts.map(({ id }) => id));
      after = Number(page.next.slice(6));
    }
    const all = (await alerts.list({ severity: "high" })).map(({ id }) => id).reverse();
    expect(seen).toEqual(all);
  });
});

test("response times are counted from what is stored, by severity, contract, station and role", async () => {
  const { alerts, raise, tick, db } = await openAlerts();
  const outbox = openOutbox(db);
  const rows: readonly [subject: string, station: string, ackAfterMin: number | null][] = [
    ["a", "ST-1", 1],
    ["b", "ST-1", 10],
    ["c", "ST-2", 20],
    ["d", "ST-2", null],
  ];
  for (const [subject, stationId, minutes] of rows) {
    const id = await raise({ subject, stationId });
    const incident = (await alerts.details(id)).incident.number;
    const notice = {
      kind: "first",
      channel: "book",
      recipient: "book",
      role: "supervisor",
      rank: 2,
      incident,
      alerts: 1,
    };
    const row = outbox.put({ ...notice, atMs: 0, body: "{}", maxAttempts: 1 });
    outbox.markDelivered(row, (await alerts.details(id)).incident.openedAtMs + 30_000);
    if (minutes === null) continue;
    tick(minutes * MINUTE_MS);
    await alerts.acknowledge(id, supervisor, "seen");
  }
  tick(60 * MINUTE_MS);
  const window = { fromMs: START_MS, toMs: START_MS + 1_000 * MINUTE_MS };
  const told = { count: 4, p50Ms: 30_000, p90Ms: 30_000, p99Ms: 30_000, maxMs: 30_000 };
  expect(alerts.metrics({ ...window, by: "severity" })).toEqual([
    {
      ...{ key: "high", incidents: 4, alerts: 4, open: 1, notice: told },
      acknowledgement: {
        count: 3,
        p50Ms: 10 * MINUTE_MS,
        p90Ms: 20 * MINUTE_MS,
        p99Ms: 20 * MINUTE_MS,
        maxMs: 20 * MINUTE_MS,
      },
      // Ten minutes were in time, twenty and an hour without an answer were not.
      inTime: { count: 2, of: 4, share: 0.5 },
    },
  ]);
  expect(alerts.metrics({ ...window, by: "contract" })).toMatchObject([{ key: "UV-DAILY", incidents: 4 }]);
  expect(alerts.metrics({ ...window, by: "station" }).map(({ key, inTime }) => [key, inTime.count, inTime.of])).toEqual(
    [
      ["ST-1", 2, 2],
      ["ST-2", 0, 2],
    ],
  );
  expect(alerts.metrics({ ...window, by: "role" })).toMatchObject([{ key: "supervisor", incidents: 4, notice: told }]);
  expect(alerts.metrics({ fromMs: 0, toMs: START_MS, by: "severity" })).toEqual([]);
});
