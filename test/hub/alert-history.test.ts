import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { type AlertFilter, type AlertRecord, fingerprintOf, severityRank } from "../../src/hub/alerts/alert-record.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { type AlertFinding, verifyAlerts } from "../../src/hub/alerts/verify-alerts.ts";
import { alertTables } from "../../src/hub/store/alerts-tables.ts";
import { openHubDatabase } from "../../src/hub/store/database.ts";
import { recordTables } from "../../src/hub/store/record-tables.ts";
import { type Alert, SEVERITIES } from "../../src/model/alert.ts";
import { alertOf, contractShelf, EPOCH, openLoopBench, START_MS } from "./loop-fixture.ts";

const supervisor = { id: "SUP-1", roles: ["supervisor"] };
const MINUTE_MS = 60_000;

async function openAlerts() {
  const bench = await openLoopBench();
  const alerts = createAlertService({ ...bench, hubId: "hub", contracts: contractShelf([]), post: () => {} });
  return { ...bench, alerts };
}

const trial = { allow: true, reasons: [], enforcedAllow: true, enforcedReasons: [] };

/** Batches of three nodes with few groups, shadow decisions between, some of them acknowledged. */
async function fill(alerts: ReturnType<typeof createAlertService>, count: number): Promise<readonly Alert[]> {
  const taken: Alert[] = [];
  const seqs = new Map<string, number>();
  for (let turn = 0; turn < count; turn++) {
    const node = `LP-${turn % 3}`;
    const batch: Alert[] = [];
    for (let index = 0; index <= (turn * 7) % 11; index++) {
      const seq = (seqs.get(node) ?? 0) + 1;
      seqs.set(node, seq);
      const mix = turn * 31 + index * 17;
      batch.push(
        alertOf({
          ...{ node, seq, atMs: START_MS + ((mix * 7_919) % 1_000) * MINUTE_MS, subject: `q-${mix % 5}` },
          ...{
            contract: mix % 4 === 0 ? null : `C-${mix % 3}`,
            reason: mix % 2 === 0 ? "reading.missing" : "lot.expired",
          },
          severity: SEVERITIES[mix % SEVERITIES.length] ?? "high",
          ...(mix % 6 === 5 ? { kind: "shadow-decision", shadow: trial } : {}),
        }),
      );
    }
    taken.push(...batch);
    expect(await alerts.receive(node, { epoch: EPOCH, alerts: batch })).toMatchObject({ ok: true });
    const [latest] = await alerts.list({ limit: 1 });
    if (turn % 5 === 4 && latest?.acknowledgement === null) await alerts.acknowledge(latest.id, supervisor, "seen");
  }
  return taken;
}

/** The same question asked of a list. */
function asked(all: readonly AlertRecord[], filter: AlertFilter): readonly string[] {
  const { contract, node, reason, severity, state, sinceMs, untilMs, beforeNumber, limit } = filter;
  return all
    .filter(({ number }) => beforeNumber === undefined || number < beforeNumber)
    .filter(({ alert }) => contract === undefined || alert.contract === contract)
    .filter(({ alert }) => node === undefined || alert.node === node)
    .filter(({ alert }) => reason === undefined || alert.reason === reason)
    .filter(({ alert }) => severity === undefined || severityRank[alert.severity] >= severityRank[severity])
    .filter(({ acknowledgement }) => state === undefined || (acknowledgement === null) === (state === "open"))
    .filter(
      ({ alert }) =>
        (sinceMs === undefined || alert.atMs >= sinceMs) && (untilMs === undefined || alert.atMs < untilMs),
    )
    .slice(0, limit)
    .map(({ id }) => id);
}

const orNone = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const filters: fc.Arbitrary<AlertFilter> = fc.record({
  ...{ contract: orNone(fc.constantFrom("C-0", "C-1", "C-9")), node: orNone(fc.constantFrom("LP-0", "LP-2")) },
  ...{ reason: orNone(fc.constantFrom("lot.expired")), severity: orNone(fc.constantFrom(...SEVERITIES)) },
  state: orNone(fc.constantFrom("open" as const, "acknowledged" as const)),
  sinceMs: orNone(fc.integer({ min: 0, max: 1_000 }).map((minute) => START_MS + minute * MINUTE_MS)),
  untilMs: orNone(fc.integer({ min: 0, max: 1_000 }).map((minute) => START_MS + minute * MINUTE_MS)),
  beforeNumber: orNone(fc.integer({ min: 1, max: 5_000 })),
  limit: orNone(fc.integer({ min: 1, max: 400 })),
});

describe("the history", () => {
  test("answers every filter as a look at each alert would", { timeout: 60_000 }, async () => {
    const { alerts } = await openAlerts();
    const taken = await fill(alerts, 400);
    const all = await alerts.list();
    const alarms = taken.filter(({ kind }) => kind !== "shadow-decision");
    expect(all.map(({ number }) => number)).toEqual([...all.map(({ number }) => number)].sort((a, b) => b - a));
    expect(all.map(({ alert }) => alert).reverse()).toEqual(alarms);
    expect(all.filter(({ acknowledgement }) => acknowledgement !== null).length).toBeGreaterThan(100);
    for (const filter of fc.sample(filters, { numRuns: 300, seed: 3 }))
      expect(
        (await alerts.list(filter)).map(({ id }) => id),
        JSON.stringify(filter),
      ).toEqual(asked(all, filter));
  });

  test("is read page by page without a gap, forwards and backwards", async () => {
    const { alerts } = await openAlerts();
    await fill(alerts, 60);
    const all = (await alerts.list()).map(({ number }) => number);
    const backwards: number[] = [];
    for (let beforeNumber: number | undefined; ; beforeNumber = backwards.at(-1)) {
      const page = await alerts.list({ beforeNumber, limit: 7 });
      backwards.push(...page.map(({ number }) => number));
      if (page.length < 7) break;
    }
    expect(backwards).toEqual(all);
    const forwards: number[] = [];
    for (;;) {
      const page = await alerts.after(forwards.at(-1) ?? 0, 7);
      forwards.push(...page.map(({ number }) => number));
      if (page.length < 7) break;
    }
    expect(forwards).toEqual([...all].reverse());
  });

  test("its counts add up to the records, of groups and of what stands open", async () => {
    const { alerts } = await openAlerts();
    await fill(alerts, 80);
    const all = await alerts.list();
    const groups = await alerts.groups();
    for (const { fingerprint, count, open } of groups) {
      const own = all.filter((record) => record.fingerprint === fingerprint);
      expect([count, open]).toEqual([own.length, own.filter(({ acknowledgement }) => acknowledgement === null).length]);
    }
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
  });
});

describe("what hub.db keeps is held to the ledger", () => {
  const planted: readonly [what: string, sql: string, finding: RegExp][] = [
    [
      "a letter changed",
      "update alert_batch set body = replace(body, '940', '941') where first_alert = 3",
      /not those/,
    ],
    ["an alert less", "update alert_batch set body = '[]' where first_alert = 3", /not those/],
    ["a batch gone", "delete from alert_batch where first_alert = 3", /gone/],
    [
      "the last batch gone",
      "delete from alert_batch where first_alert = (select max(first_alert) from alert_batch)",
      /gone/,
    ],
    ["another node", "update alert_batch set node = 'LP-9' where first_alert = 3", /the ledger says 2 records of LP-1/],
    [
      "a batch slipped in",
      "insert into alert_batch select 99, 1, 1, node, epoch, 9, 0, body from alert_batch limit 1",
      /no entry/,
    ],
  ];
  const filled = async () => {
    const bench = await openAlerts();
    for (const from of [1, 3, 5]) {
      const own = [from, from + 1].map((seq) => alertOf({ seq, testId: `T-${seq}` }));
      await bench.alerts.receive("LP-1", { epoch: EPOCH, alerts: own });
    }
    return bench;
  };
  test.each(planted)("%s is found", async (_what, sql, expected) => {
    const { db, ledger } = await filled();
    expect(await verifyAlerts(db, ledger)).toEqual({
      ...{ batches: 3, records: 6, removed: { batches: 0, records: 0, entries: [] }, findings: [], findingCount: 0 },
    });
    db.prepare(sql).run();
    const { findings } = await verifyAlerts(db, ledger);
    expect(findings.map(({ message }: AlertFinding) => message)).toEqual([expect.stringMatching(expected)]);
  });

  test("what waits to be written to the ledger holds, too", async () => {
    const bench = await filled();
    const { openJournal } = await import("../../src/hub/store/journal.ts");
    const broken = {
      ...bench.ledger,
      append: () => {
        throw new Error("EIO");
      },
    };
    const ports = { ...bench, journal: openJournal(bench.db, broken), hubId: "hub", post: () => {} };
    const alerts = createAlertService({ ...ports, contracts: contractShelf([]) });
    await expect(alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq: 7 })] })).rejects.toThrow("EIO");
    expect(await verifyAlerts(bench.db, bench.ledger)).toMatchObject({ batches: 4, findings: [] });
  });
});

test("alerts of a hub from before batches keep numbers, acknowledgements and steps", async () => {
  const connection = openDatabase(":memory:");
  const before = { ...alertTables, steps: alertTables.steps.slice(0, 3) };
  await openHubDatabase(connection, [recordTables, before]);
  const insert =
    connection.prepare(`insert into alert (node, epoch, seq, fingerprint, contract, at_ms, received_at_ms, body, plan,
    acknowledged_by, acknowledged_at_ms, acknowledgement_note, raises) values ('LP-1', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const plan = JSON.stringify([
    { role: "supervisor", severity: "high", afterMs: 0 },
    { role: "plant-manager", severity: "high", afterMs: 15 * MINUTE_MS },
  ]);
  const rows: readonly [seq: number, acked: string | null, raises: number][] = [
    [1, "SUP-1", 1],
    [2, "SUP-1", 0],
    [3, null, 1],
    [4, null, 0],
  ];
  for (const [seq, acked, raises] of rows) {
    const alert = alertOf({ seq });
    const note = acked === null ? null : "seen";
    const at = acked === null ? null : START_MS + 1;
    const own = [EPOCH, seq, fingerprintOf(alert), alert.contract, alert.atMs, START_MS + seq] as const;
    insert.run(...own, JSON.stringify(alert), plan, acked, at, note, raises);
  }
  connection.exec("insert into alert_notice values (3, 'supervisor@0', 5)");
  const db = await openHubDatabase(connection, [recordTables, alertTables]);
  const told: string[] = [];
  const bench = await openLoopBench();
  const { openJournal } = await import("../../src/hub/store/journal.ts");
  const alerts = createAlertService({
    ...{ db, journal: openJournal(db, bench.ledger), ledger: bench.ledger, clock: bench.clock },
    ...{ hubId: "hub", contracts: contractShelf([]) },
    post: (notices) => told.push(...notices.map(({ kind, role, count, fresh }) => `${kind} ${role} ${count} ${fresh}`)),
  });
  const ids = (await alerts.list()).map(({ id, acknowledgement }) => `${id} ${acknowledgement?.note ?? "open"}`);
  expect(ids).toEqual(["alert-4 open", "alert-3 open", "alert-2 seen", "alert-1 seen"]);
  expect(await alerts.groups()).toMatchObject([{ count: 4, open: 2 }]);
  expect(await alerts.ackedUpTo("LP-1", EPOCH)).toBe(4);
  bench.tick(16 * MINUTE_MS);
  await alerts.escalate();
  expect(told).toEqual(["escalation plant-manager 2 2"]);
  expect(await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq: 5 })] })).toEqual({
    ok: true,
    value: { upTo: 5 },
  });
  expect((await alerts.list({ limit: 1 }))[0]).toMatchObject({ id: "alert-5", acknowledgement: null });
  await db.close();
});
