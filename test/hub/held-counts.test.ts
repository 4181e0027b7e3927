import { expect, test } from "vitest";
import { alertDraft } from "../../src/hub/alerts/alert-draft.ts";
import { fingerprintOf, severityRank } from "../../src/hub/alerts/alert-record.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { alertStatements } from "../../src/hub/alerts/alert-statements.ts";
import { heldCounts } from "../../src/hub/alerts/held-counts.ts";
import { verifyAlerts } from "../../src/hub/alerts/verify-alerts.ts";
import { openJournal } from "../../src/hub/store/journal.ts";
import { type Alert, SEVERITIES } from "../../src/model/alert.ts";
import { alertOf, contractShelf, EPOCH, openLoopBench, START_MS } from "./loop-fixture.ts";

const supervisor = { id: "SUP-1", roles: ["supervisor"] };
type Bench = Awaited<ReturnType<typeof openLoopBench>>;

const serve = (bench: Bench, journal: Bench["journal"] = bench.journal) =>
  createAlertService({ ...bench, journal, hubId: "hub", contracts: contractShelf([]), post: () => {} });

/** Numbers that are the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

/** Hands in batches of three nodes; in between people answer and look, and the hub is gone and starts again over what it stored. */
async function play(bench: Bench, seed: number): Promise<readonly Alert[]> {
  const draw = chance(seed);
  const taken: Alert[] = [];
  let alerts = serve(bench);
  for (let turn = 0; turn < 60; turn += 1) {
    const node = `LP-${draw(3)}`;
    const before = taken.filter((alert) => alert.node === node).length;
    const batch = Array.from({ length: 1 + draw(6) }, (_, index) =>
      alertOf({
        ...{ node, seq: before + index + 1, atMs: START_MS + draw(1_000), subject: `q-${draw(2)}` },
        ...{ severity: SEVERITIES[draw(turn < 10 ? SEVERITIES.length : 2)] ?? "info", testId: `T-${turn}` },
      }),
    );
    expect(await alerts.receive(node, { epoch: EPOCH, alerts: batch })).toMatchObject({ ok: true });
    taken.push(...batch);
    const next = draw(8);
    if (next === 0)
      await alerts.acknowledge(fingerprintOf(batch[0] as Alert), supervisor, "seen").catch(() => undefined);
    if (next === 1) await alerts.list({ limit: 3 });
    if (next === 2) await alerts.escalate();
    if (next > 4) alerts = serve(bench);
    expect(await alerts.ackedUpTo(node, EPOCH)).toBe(before + batch.length);
  }
  return taken;
}

/** What groups, incidents, runs and streams say, and what they should by the alerts alone. */
async function counted({ db }: Bench, alerts: ReturnType<typeof serve>, taken: readonly Alert[]) {
  const groups = await alerts.groups({});
  const listed = await alerts.list({});
  const sum = (sql: string) => (db.prepare(sql).get() as { readonly sum: number }).sum;
  const said = {
    groups: groups.map(({ fingerprint, count, severity, firstAtMs, lastAtMs }) => [
      ...[fingerprint, count, severity, firstAtMs, lastAtMs],
    ]),
    listed: listed.length,
    incidents: sum("select sum(count) as sum from alert_incident"),
    streams: sum("select sum(stored) as sum from alert_stream"),
  };
  const should = {
    groups: [...Map.groupBy(taken, fingerprintOf)].map(([fingerprint, own]) => [
      ...[fingerprint, own.length],
      SEVERITIES.find((one) => severityRank[one] === Math.max(...own.map(({ severity }) => severityRank[severity]))),
      ...[Math.min(...own.map(({ atMs }) => atMs)), Math.max(...own.map(({ atMs }) => atMs))],
    ]),
    ...{ listed: taken.length, incidents: taken.length, streams: taken.length },
  };
  said.groups.sort();
  should.groups.sort();
  return { said, should };
}

test.each([1, 2, 3, 4, 5])("however often a hub ends, each alert is counted once (%i)", async (seed) => {
  const bench = await openLoopBench();
  const taken = await play(bench, seed);
  const { said, should } = await counted(bench, serve(bench), taken);
  expect(said).toEqual(should);
  expect(await verifyAlerts(bench.db, bench.ledger)).toMatchObject({ records: taken.length, findings: [] });
});

const twoBatches = async () => {
  const bench = await openLoopBench();
  const taken = [1, 2].map((seq) => alertOf({ seq }));
  const alerts = serve(bench);
  for (const alert of taken) await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alert] });
  return { bench, taken, alerts };
};

test("planted: a hub that forgets at its end what it held is found out", async () => {
  const { bench, taken } = await twoBatches();
  bench.db.prepare("update alert_counted set up_to = 2").run();
  const { said, should } = await counted(bench, serve(bench), taken);
  expect(should.incidents).toBe(2);
  expect(said).toMatchObject({ incidents: 1, listed: 1, streams: 1 });
});

test("planted: a hub that counts again what it counted is found out", async () => {
  const { bench, taken, alerts } = await twoBatches();
  await alerts.groups({});
  bench.db.prepare("update alert_counted set up_to = 1").run();
  // A run has one row, so that the second count ends in an error, and writes nothing.
  await expect(serve(bench).groups({})).rejects.toThrow(/UNIQUE/);
  bench.db.prepare("delete from alert_run where first_alert = 2").run();
  const { said, should } = await counted(bench, serve(bench), taken);
  expect(should.incidents).toBe(2);
  expect(said).toMatchObject({ incidents: 3 });
});

test("a commit that fails counts nothing, and what it left in hub.db is counted once", async () => {
  const bench = await openLoopBench();
  const first = serve(bench);
  const own = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => alertOf({ seq: from + index }));
  await first.receive("LP-1", { epoch: EPOCH, alerts: own(1, 1) });
  let broken = true;
  const append: Bench["ledger"]["append"] = (records) => {
    if (broken) throw new Error("EIO");
    return bench.ledger.append(records);
  };
  const alerts = serve(bench, openJournal(bench.db, { ...bench.ledger, append }));
  await expect(alerts.receive("LP-1", { epoch: EPOCH, alerts: own(2, 3) })).rejects.toThrow("EIO");
  broken = false;
  expect(await alerts.receive("LP-1", { epoch: EPOCH, alerts: own(2, 4) })).toEqual({ ok: true, value: { upTo: 5 } });
  const { said, should } = await counted(bench, alerts, own(1, 5));
  expect(said).toEqual(should);
});

test("what more is told of waits from when it came, whenever it is counted", async () => {
  const bench = await openLoopBench();
  const alerts = serve(bench);
  await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf()] });
  bench.tick(3_600_000);
  await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq: 2 })] });
  bench.tick(5_000);
  await alerts.groups({});
  const { due } = bench.db.prepare("select next_repeat_ms as due from alert_incident").get() as {
    readonly due: number;
  };
  expect(due).toBe(START_MS + 3_600_000);
});

test("nothing that raises an incident is held", async () => {
  const { db } = await openLoopBench();
  const statements = alertStatements(db);
  const draft = alertDraft({ ...statements, group: () => undefined });
  expect(draft.add({ node: "LP-1", batch: { epoch: EPOCH, alerts: [alertOf()] } }).ok).toBe(true);
  expect(() => heldCounts(db, statements).hold(draft, START_MS)).toThrow(/raises nothing/);
});

test("no run is held without its group and its incident", async () => {
  const { db } = await openLoopBench();
  const statements = alertStatements(db);
  const draft = alertDraft({ ...statements, group: () => undefined });
  draft.add({ node: "LP-1", batch: { epoch: EPOCH, alerts: [alertOf()] } });
  const groupless = { ...draft, groups: new Map() };
  expect(() => heldCounts(db, statements).hold(groupless, START_MS)).toThrow(/an open incident/);
});
