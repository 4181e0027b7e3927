import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, printUtc } from "../../src/base/civil-time.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { createAlertRetention } from "../../src/hub/alerts/alert-retention.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { alertStore } from "../../src/hub/alerts/alert-store.ts";
import { createTail } from "../../src/hub/alerts/tail.ts";
import { verifyAlerts } from "../../src/hub/alerts/verify-alerts.ts";
import { openOutbox } from "../../src/hub/notices/outbox.ts";
import { type AlertTables, alertTables } from "../../src/hub/store/alerts-tables.ts";
import { openHubDatabase } from "../../src/hub/store/database.ts";
import { openJournal } from "../../src/hub/store/journal.ts";
import { noticeTables } from "../../src/hub/store/notice-tables.ts";
import { recordTables } from "../../src/hub/store/record-tables.ts";
import type { Alert } from "../../src/model/alert.ts";
import { ALERT_RETENTION_CHECK_MS, ALERTS_HELD_MS, MAX_ALERT_BATCHES_PER_TURN } from "../../src/model/limits.ts";
import { alertOf, contractShelf, EPOCH, openLoopBench, START_MS } from "./loop-fixture.ts";

const admin = { id: "ADM-1", roles: ["admin"] };
const supervisor = { id: "SUP-1", roles: ["supervisor"] };
const HELD_DAYS = ALERTS_HELD_MS / DAY_MS;
const trial = { allow: true, reasons: [], enforcedAllow: true, enforcedReasons: [] };
type Bench = Pick<Awaited<ReturnType<typeof openLoopBench>>, "db" | "ledger" | "journal" | "clock" | "tick">;

/** A hub's alerts and their retention; `followed` and `cited` stand in for patterns and proposals. */
function serve(bench: Bench, journal: Bench["journal"] = bench.journal) {
  const known = { followed: Number.MAX_SAFE_INTEGER, cited: [] as string[] };
  const ports = { ...bench, journal, hubId: "hub" };
  const alerts = createAlertService({ ...ports, contracts: contractShelf([]), post: () => {} });
  const retention = createAlertRetention({
    ...{ ...ports, alerts, followed: async () => known.followed, cited: async () => known.cited },
  });
  const seqs = new Map<string, number>();
  const raise = async (count: number, change: Partial<Alert> = {}): Promise<void> => {
    const { node = "LP-1" } = change;
    const from = seqs.get(node) ?? 0;
    seqs.set(node, from + count);
    const own = Array.from({ length: count }, (_, index) =>
      alertOf({ seq: from + index + 1, atMs: bench.clock.nowMs(), ...change }),
    );
    expect(await alerts.receive(node, { epoch: EPOCH, alerts: own })).toMatchObject({ ok: true });
  };
  return { ...bench, alerts, retention, known, raise };
}

type Floor = ReturnType<typeof serve>;
const openFloor = async (): Promise<Floor> => serve(await openLoopBench());

const batchesIn = ({ db }: Pick<Floor, "db">): readonly number[] =>
  (db.prepare("select first_alert from alert_batch order by first_alert").all() as { first_alert: number }[]).map(
    ({ first_alert }) => first_alert,
  );
const change = ({ db }: Pick<Floor, "db">, sql: string): void => void db.prepare(sql).run();
const count = ({ db }: Pick<Floor, "db">, table: string): number =>
  (db.prepare(`select count(*) as count from ${table}`).get() as { readonly count: number }).count;
const acknowledgeAll = async ({ alerts }: Pick<Floor, "alerts">): Promise<void> => {
  const open = (await alerts.groups({ state: "open" })).map(({ fingerprint }) => fingerprint);
  if (open.length > 0) await alerts.acknowledge(open, supervisor, "seen");
};
const removals = ({ ledger }: Pick<Floor, "ledger">) =>
  ledger.list({ actionType: "alert_retention", action: "removed", limit: 1_000 });

/** Three batches, 1 to 3, 4 to 5 and 6, acknowledged and a hundred days old. */
async function agedFloor(): Promise<Floor> {
  const floor = await openFloor();
  await floor.raise(3);
  await acknowledgeAll(floor);
  await floor.raise(2, { subject: "other" });
  await floor.raise(1);
  await acknowledgeAll(floor);
  floor.tick(100 * DAY_MS);
  return floor;
}

const forDays = (days: number) => ({ days, records: null, reason: "the disk is small" });

describe("what is kept is a person's word", () => {
  test("nothing goes unless somebody says so, however old it is", async () => {
    const floor = await agedFloor();
    floor.tick(30_000 * DAY_MS);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([1, 4, 6]);
    const nothing = { batches: 0, records: 0 };
    expect(await floor.retention.show()).toEqual({
      ...{ days: null, records: null, set: null },
      kept: { records: 6, first: "alert-1", sinceMs: START_MS },
      removed: { batches: 0, records: 0, alerts: 0, incidents: 0 },
      going: nothing,
      held: { person: nothing, notice: nothing, proposal: nothing },
    });
  });

  test("who set it, why, and what it was before stand in the ledger; it can be taken back", async () => {
    const floor = await agedFloor();
    const atMs = floor.clock.nowMs();
    expect(await floor.retention.set(forDays(400), admin)).toMatchObject({
      ...{ days: 400, records: null, set: { by: "ADM-1", atMs, reason: "the disk is small" } },
      going: { batches: 0, records: 0 },
    });
    const other = { id: "ADM-2", roles: ["admin"] };
    expect(await floor.retention.set({ days: null, records: 2, reason: " fewer " }, other)).toMatchObject({
      ...{ days: null, records: 2, set: { by: "ADM-2", reason: "fewer" } },
      going: { batches: 1, records: 3 },
    });
    await floor.retention.set({ days: null, records: null, reason: "an audit" }, admin);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([1, 4, 6]);
    const set = floor.ledger.list({ actionType: "alert_retention" });
    expect(set.map(({ action, user_id, details }) => `${action} ${user_id} ${details}`)).toEqual([
      "retention-set ADM-1 of alerts at most 400 days is kept, instead of everything: the disk is small",
      "retention-set ADM-2 of alerts at most 2 records is kept, instead of at most 400 days: fewer",
      "retention-set ADM-1 of alerts everything is kept, instead of at most 2 records: an audit",
    ]);
    expect(set[1]?.metadata).toEqual({
      ...{ days: null, records: 2, reason: "fewer" },
      before: { days: 400, records: null, set_by: "ADM-1" },
    });
  });

  test.each([
    [{ days: 400, records: null, reason: " " }, /reason/],
    [{ days: 400, records: null, reason: "x".repeat(1_001) }, /reason/],
    [{ days: 0, records: null, reason: "x" }, /days/],
    [{ days: 1.5, records: null, reason: "x" }, /days/],
    [{ days: 36_526, records: null, reason: "x" }, /days/],
    [{ days: null, records: 0, reason: "x" }, /records/],
  ])("%j is refused", async (asked, says) => {
    const { retention, ledger } = await agedFloor();
    await expect(retention.set(asked, admin)).rejects.toThrow(says);
    expect(await retention.show()).toMatchObject({ days: null, records: null, set: null });
    expect(ledger.list({ actionType: "alert_retention" })).toEqual([]);
  });
});

describe("what goes", () => {
  const rows: readonly (readonly [what: string, days: number | null, records: number | null, left: number[]])[] = [
    ["by days", 99, null, [6]],
    ["by days that are not over", 101, null, [1, 4, 6]],
    ["by number", null, 3, [4, 6]],
    ["by number, in the middle of a batch", null, 4, [1, 4, 6]],
    ["the last batch never", null, 1, [6]],
    ["by both: what one of them lets go goes", 400, 3, [4, 6]],
  ];
  test.each(rows)("%s", async (_what, days, records, left) => {
    const floor = await agedFloor();
    await floor.retention.set({ days, records, reason: "x" }, admin);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual(left);
    expect(await floor.alerts.verify()).toMatchObject({ batches: left.length, findings: [] });
  });

  test("numbers go on, streams know what they had, and groups what they counted", async () => {
    const floor = await agedFloor();
    const before = await floor.alerts.groups();
    await floor.retention.set(forDays(99), admin);
    await floor.retention.tidy();
    expect(await floor.alerts.ackedUpTo("LP-1", EPOCH)).toBe(6);
    expect(await floor.alerts.groups()).toEqual(
      before.map((group) => ({ ...group, removed: group.subject === "other" ? 2 : 3 })),
    );
    await floor.raise(1);
    expect((await floor.alerts.list({ limit: 1 }))[0]?.id).toBe("alert-7");
    expect(await floor.retention.show()).toMatchObject({
      kept: { records: 2, first: "alert-6", sinceMs: START_MS },
      removed: { batches: 2, records: 5, alerts: 5, incidents: 2 },
    });
  });

  test("trials go with their batch, and incidents with their last alert", async () => {
    const floor = await openFloor();
    await floor.raise(2, { kind: "shadow-decision", shadow: trial });
    await floor.raise(1);
    await floor.raise(1);
    floor.tick(50 * DAY_MS);
    await floor.raise(1);
    await acknowledgeAll(floor);
    await floor.raise(1, { kind: "shadow-decision", shadow: trial });
    const version = { contract: "UV-DAILY", version: "v1.0" } as const;
    expect(await floor.alerts.shadow(version.contract, version.version)).toMatchObject({ decisions: 3 });
    floor.tick(50 * DAY_MS);
    await floor.retention.set(forDays(91), admin);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([5, 6]);
    expect(await floor.alerts.shadow(version.contract, version.version)).toMatchObject({ decisions: 1 });
    // Its last alert is there, so that it is.
    const { incident } = await floor.alerts.details("alert-5");
    expect(incident).toMatchObject({ count: 3, firstAlert: "alert-3", lastAlert: "alert-5" });
    floor.tick(50 * DAY_MS);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([6]);
    for (const table of ["alert_incident", "alert_run", "alert_step", "alert_told"])
      expect(count(floor, table), table).toBe(0);
    expect(count(floor, "shadow_decision")).toBe(1);
  });
});

describe("what stays although it is beyond", () => {
  const waiting = (floor: Floor, other: object = {}): number =>
    openOutbox(floor.db).put({
      ...{ kind: "first", channel: "book", recipient: "book", role: "supervisor", rank: 2, incident: 1, alerts: 1 },
      ...{ atMs: 0, body: "{}", maxAttempts: 1, ...other },
    });
  const rows: readonly (readonly [
    what: string,
    hold: (floor: Floor) => unknown,
    left: readonly number[],
    held: object,
  ])[] = [
    [
      "nobody acknowledged",
      (floor) => change(floor, "update alert_incident set acknowledged_at_ms = null where id = 1"),
      [1, 6],
      { person: { batches: 1, records: 3 } },
    ],
    ["a notice waits", (floor) => waiting(floor), [1, 6], { notice: { batches: 1, records: 3 } }],
    [
      "a summary waits of which its notice is part",
      (floor) => openOutbox(floor.db).joinInto([waiting(floor)], waiting(floor, { incident: null })),
      [1, 6],
      { notice: { batches: 1, records: 3 } },
    ],
    ["an open proposal names one", ({ known }) => known.cited.push("alert-5"), [4, 6], { proposal: { records: 2 } }],
    [
      "patterns do not know them yet",
      ({ known }) => {
        known.followed = 4;
      },
      [4, 6],
      {},
    ],
    ["they are not counted yet", (floor) => change(floor, "update alert_counted set up_to = 3"), [4, 6], {}],
    [
      "the hub's clock was ahead when they came",
      (floor) =>
        change(floor, `update alert_batch set received_at_ms = ${START_MS + 9_000 * DAY_MS} where first_alert = 1`),
      [1, 6],
      {},
    ],
    ["they are of a time that patterns count", ({ tick }) => tick(-(100 - HELD_DAYS) * DAY_MS - 1), [1, 4, 6], {}],
  ];
  test.each(rows)("%s", async (_what, hold, left, held) => {
    const floor = await agedFloor();
    await hold(floor);
    expect(await floor.retention.set(forDays(10), admin)).toMatchObject({ held });
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual(left);
    expect(await floor.alerts.verify()).toMatchObject({ findings: [] });
  });

  test("a notice that came through holds nothing", async () => {
    const floor = await agedFloor();
    openOutbox(floor.db).markDelivered(waiting(floor), 1);
    await floor.retention.set(forDays(10), admin);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([6]);
  });

  test("it goes when it is acknowledged", async () => {
    const floor = await openFloor();
    await floor.raise(2);
    await floor.raise(1, { subject: "other" });
    floor.tick(200 * DAY_MS);
    expect(await floor.retention.set(forDays(100), admin)).toMatchObject({
      held: { person: { batches: 1, records: 2 } },
    });
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([1, 3]);
    await floor.alerts.acknowledge("alert-2", supervisor, "seen at last");
    floor.tick(ALERT_RETENTION_CHECK_MS);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([3]);
  });
});

test("a slice a turn, each with its entry that names what went; then it rests", async () => {
  const floor = await openFloor();
  const batches = 2 * MAX_ALERT_BATCHES_PER_TURN + 3;
  for (let batch = 0; batch < batches; batch += 1) await floor.raise(1);
  await acknowledgeAll(floor);
  floor.tick(100 * DAY_MS);
  await floor.retention.set(forDays(91), admin);
  const left: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    await floor.retention.tidy();
    left.push(count(floor, "alert_batch"));
  }
  expect(left).toEqual([batches - MAX_ALERT_BATCHES_PER_TURN, 3, 1, 1]);
  expect(removals(floor).map(({ target, user_id, details }) => `${target} ${user_id} ${details}`)).toEqual([
    "alert-1 hub 256 records from alert-1 to alert-256 are removed by retention",
    "alert-257 hub 256 records from alert-257 to alert-512 are removed by retention",
    "alert-513 hub 2 records from alert-513 to alert-514 are removed by retention",
  ]);
  expect(removals(floor)[0]?.metadata).toMatchObject({
    ...{ retention: { days: 91, records: null }, batches: 256, records: 256, alerts: 256, incidents: 0 },
    ranges: [{ first_alert: 1, last_alert: 256, batches: 256, records: 256 }],
  });
  // What is beyond it by now is seen at the next look.
  await floor.raise(1);
  await acknowledgeAll(floor);
  await floor.retention.tidy();
  expect(count(floor, "alert_batch")).toBe(2);
  floor.tick(ALERT_RETENTION_CHECK_MS);
  await floor.retention.tidy();
  expect(count(floor, "alert_batch")).toBe(1);
  expect(await floor.alerts.verify()).toMatchObject({
    ...{ batches: 1, records: 1, findings: [] },
    removed: { batches, records: batches, entries: [removals(floor)[0]?.seq, removals(floor).at(-1)?.seq] },
  });
});

describe("reads of what is gone", () => {
  const tidied = async () => {
    const floor = await agedFloor();
    await floor.retention.set(forDays(99), admin);
    await floor.retention.tidy();
    return floor;
  };
  test("whoever asks for one is told that it was removed, when, and by which entry", async () => {
    const floor = await tidied();
    const [entry] = removals(floor);
    const said = `alert-2 was removed by retention, ${printUtc(floor.clock.nowMs())}: entry ${entry?.seq} of the hub's ledger`;
    await expect(floor.alerts.details("alert-2")).rejects.toMatchObject({
      ...{ code: "MAINT_ERR_NOT_FOUND", message: said, help: `maint ledger show ${entry?.seq}` },
    });
    await expect(floor.alerts.acknowledge("alert-5", supervisor, "late")).rejects.toThrow(/^alert-5 was removed/);
    await expect(floor.alerts.details("alert-7")).rejects.toThrow('there is no alert "alert-7"');
    await expect(floor.alerts.details("alert-0")).rejects.toThrow("there is no alert");
    expect(await floor.alerts.details("alert-6")).toMatchObject({ record: { id: "alert-6" } });
  });

  test("lists and whoever follows from an old number go on with what is there", async () => {
    const floor = await tidied();
    expect((await floor.alerts.list()).map(({ id }) => id)).toEqual(["alert-6"]);
    expect(await floor.alerts.list({ beforeNumber: 5 })).toEqual([]);
    for (const after of [0, 2, 5])
      expect(await floor.alerts.tail({ after, waitMs: 0, filter: {} })).toMatchObject({
        ...{ alerts: [{ id: "alert-6" }], next: "alert-6" },
      });
  });

  test("a time of which something is gone is told apart, for reports, effects and response times", async () => {
    const floor = await tidied();
    const { removed } = floor.alerts;
    const none = { alerts: 0, incidents: 0 };
    expect(removed({ fromMs: START_MS, toMs: START_MS + 1 })).toEqual({ alerts: 5, incidents: 2 });
    expect(removed({ fromMs: 0, toMs: START_MS })).toEqual(none);
    expect(removed({ fromMs: START_MS + 1, toMs: Number.MAX_SAFE_INTEGER })).toEqual(none);
  });

  test("whoever follows is told nothing of what goes after a page was read", async () => {
    const { db } = await agedFloor();
    const store = alertStore(db);
    const find: typeof store.find = (id) => (id === "alert-1" ? undefined : store.find(id));
    const page = await createTail({ after: store.after, find }, () => 6).read({ after: 0, waitMs: 0, filter: {} });
    expect(page.alerts.map(({ number }) => number)).toEqual([2, 3, 4, 5, 6]);
    expect(page.next).toBe("alert-6");
  });

  test("a list that is under way while they go leaves them out", async () => {
    const floor = await agedFloor();
    const tables = floor.db.tables<AlertTables>();
    const selectFrom = (from: "alert_batch" | "alert_run as r") => {
      // Runs were read before, bodies are read next.
      if (from === "alert_batch") change(floor, "delete from alert_batch where first_alert < 6");
      return tables.selectFrom(from);
    };
    const between = { ...floor.db, tables: () => ({ selectFrom }) } as unknown as Floor["db"];
    expect((await alertStore(between).list({})).map(({ id }) => id)).toEqual(["alert-6"]);
  });
});

describe("what the ledger says of it", () => {
  const planted: readonly (readonly [what: string, before: string, after: string, findings: RegExp[]])[] = [
    ["nothing", "", "", []],
    ["a batch gone that no retention removed", "", "delete from alert_batch where first_alert = 6", [/it is gone/]],
    ["one that was gone before", "delete from alert_batch where first_alert = 4", "", [/it is gone/]],
    [
      "one that was changed before",
      "update alert_batch set body = replace(body, '940', '941') where first_alert = 4",
      "",
      [/not what the ledger says had come/],
    ],
    [
      "one that was put back",
      "",
      "insert into alert_batch select 2, 1, 1, node, epoch, 9, 0, body from alert_batch",
      [/no entry of the ledger names/, /it is in hub.db/],
    ],
    [
      "one that nobody had acknowledged, before what was removed",
      "update alert_incident set acknowledged_at_ms = null where id = 1",
      "delete from alert_batch where first_alert = 1",
      [/it is gone/],
    ],
    // The table is for those who ask; it proves nothing.
    [
      "a removal that only hub.db knows",
      "",
      "insert into alert_removal values (6, 6, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0)",
      [],
    ],
    [
      "the same, and the batch gone",
      "",
      "insert into alert_removal values (6, 6, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0); delete from alert_batch where first_alert = 6",
      [/it is gone/],
    ],
  ];
  test.each(planted)("%s", async (_what, before, after, findings) => {
    const floor = await agedFloor();
    const run = (sql: string): void => {
      for (const one of sql.split("; ")) if (one !== "") change(floor, one);
    };
    run(before);
    await floor.retention.set(forDays(99), admin);
    await floor.retention.tidy();
    run(after);
    const verified = await floor.alerts.verify();
    expect(verified.findings.map(({ message }) => message)).toEqual(
      findings.map((finding) => expect.stringMatching(finding)),
    );
    expect(verified.findingCount).toBe(findings.length);
  });

  test("what was put back as it was is in hub.db, and not removed", async () => {
    const floor = await agedFloor();
    change(floor, "create temp table own as select * from alert_batch where first_alert = 1");
    await floor.retention.set(forDays(99), admin);
    await floor.retention.tidy();
    change(floor, "insert into alert_batch select * from own");
    const { findings, removed } = await floor.alerts.verify();
    expect(findings.map(({ firstAlert, message }) => `${firstAlert} ${message}`)).toEqual([
      "alert-1 the ledger says that retention removed it, and it is in hub.db",
    ]);
    expect(removed).toEqual({ batches: 1, records: 2, entries: removals(floor).map(({ seq }) => seq) });
    // A restored hub does so, and removes it again.
    floor.tick(ALERT_RETENTION_CHECK_MS);
    change(floor, "delete from alert_removal");
    change(floor, "insert into alert_run values (1, 1, 1, 3, 2, 0, 0)");
    await floor.retention.tidy();
    expect(await floor.alerts.verify()).toMatchObject({ removed: { batches: 2, records: 5 }, findings: [] });
  });

  test("a limit that nobody had set is found by what it removed", async () => {
    const floor = await agedFloor();
    await floor.retention.set(forDays(400), admin);
    change(floor, "update alert_retention set days = 99");
    await floor.retention.tidy();
    expect((await floor.alerts.verify()).findings).toMatchObject([
      { firstAlert: "alert-1", message: "retention removed it by a limit that nobody had set" },
    ]);
  });

  test("what goes while it is looked at is no finding", async () => {
    const floor = await openFloor();
    for (let batch = 0; batch < 3 * MAX_ALERT_BATCHES_PER_TURN; batch += 1) await floor.raise(1);
    await acknowledgeAll(floor);
    floor.tick(100 * DAY_MS);
    await floor.retention.set(forDays(99), admin);
    const tidying = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn += 1) await floor.retention.tidy();
    };
    let under: Promise<void> | undefined;
    const prepare: Floor["db"]["prepare"] = (text) => {
      // The first page of batches is read; the others go before they are.
      if (/select first_alert, .* body from alert_batch/.test(text)) under ??= tidying();
      return floor.db.prepare(text);
    };
    const verified = await verifyAlerts({ prepare }, floor.ledger);
    await under;
    expect(batchesIn(floor)).toHaveLength(1);
    expect(verified.findings).toEqual([]);
    expect(verified.removed.batches).toBeGreaterThan(0);
  });
});

describe("removal and its entry are one", () => {
  test("what a crash kept from the ledger is written at the next start", async () => {
    const floor = await agedFloor();
    await floor.retention.set(forDays(99), admin);
    let broken = true;
    const append: typeof floor.ledger.append = (records) => {
      if (broken) throw new Error("EIO");
      return floor.ledger.append(records);
    };
    const cut = serve(floor, openJournal(floor.db, { ...floor.ledger, append }));
    await expect(cut.retention.tidy()).rejects.toThrow("EIO");
    expect(batchesIn(floor)).toEqual([6]);
    expect(removals(floor)).toEqual([]);
    // It waits in hub.db, and that is known.
    expect(await floor.alerts.verify()).toMatchObject({ removed: { batches: 2, records: 5 }, findings: [] });
    await expect(floor.alerts.details("alert-2")).rejects.toThrow("alert-2 was removed by retention");
    broken = false;
    await openJournal(floor.db, floor.ledger).recover();
    expect(removals(floor)).toHaveLength(1);
    expect(await floor.alerts.verify()).toMatchObject({ removed: { batches: 2, records: 5 }, findings: [] });
    await expect(floor.alerts.details("alert-2")).rejects.toThrow(/entry \d+ of the hub's ledger/);
  });

  test("a removal that fails removes nothing and says nothing", async () => {
    const floor = await agedFloor();
    await floor.retention.set(forDays(99), admin);
    change(floor, "create trigger planted before delete on alert_incident begin select raise(abort, 'planted'); end");
    await expect(floor.retention.tidy()).rejects.toThrow("planted");
    expect(batchesIn(floor)).toEqual([1, 4, 6]);
    expect(removals(floor)).toEqual([]);
    expect(await floor.alerts.verify()).toMatchObject({ removed: { batches: 0 }, findings: [] });
    change(floor, "drop trigger planted");
    await floor.retention.set(forDays(99), admin);
    await floor.retention.tidy();
    expect(batchesIn(floor)).toEqual([6]);
  });
});

const acts = fc.array(
  fc.record({
    node: fc.constantFrom("LP-0", "LP-1", "LP-2"),
    size: fc.integer({ min: 1, max: 5 }),
    subject: fc.integer({ min: 0, max: 3 }),
    isTrial: fc.boolean(),
    days: fc.integer({ min: 0, max: 40 }),
    acknowledged: fc.boolean(),
    tidied: fc.boolean(),
  }),
  { minLength: 5, maxLength: 30 },
);

test("whatever came and went, what is left is what was there, and nothing else changed", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(acts, fc.integer({ min: 1, max: 200 }), async (all, days) => {
      const floor = await openFloor();
      await floor.retention.set(forDays(days), admin);
      const seen = new Map<string, object>();
      for (const { node, size, subject, isTrial, days: later, acknowledged, tidied } of all) {
        const own = { node, subject: `q-${subject}` };
        await floor.raise(size, isTrial && size % 2 === 1 ? { ...own, kind: "shadow-decision", shadow: trial } : own);
        for (const { id, alert } of await floor.alerts.list()) seen.set(id, alert);
        if (acknowledged) {
          const [first] = await floor.alerts.list({ state: "open", limit: 1 });
          if (first !== undefined) await floor.alerts.acknowledge(first.id, supervisor, "seen");
        }
        floor.tick(later * DAY_MS);
        if (!tidied) continue;
        const open = (await floor.alerts.list({ state: "open" })).map(({ id }) => id);
        await floor.retention.tidy();
        expect((await floor.alerts.list({ state: "open" })).map(({ id }) => id)).toEqual(open);
      }
      await floor.alerts.groups();
      const listed = await floor.alerts.list();
      for (const { id, alert } of listed) expect(alert).toEqual(seen.get(id));
      const { removed, kept } = await floor.retention.show();
      expect(listed.length).toBe(seen.size - removed.alerts);
      const sum = (sql: string) => (floor.db.prepare(sql).get() as { readonly sum: number | null }).sum ?? 0;
      expect(sum("select sum(count) as sum from alert_batch")).toBe(kept.records);
      expect(sum("select sum(count - removed) as sum from alert_group")).toBe(listed.length);
      expect(sum("select sum(count) as sum from alert_run")).toBe(listed.length);
      expect(sum("select count(*) as sum from shadow_decision")).toBe(kept.records - listed.length);
      // No incident without an alert, and no alert without its incident.
      expect(count(floor, "alert_incident")).toBe(sum("select count(distinct incident) as sum from alert_run"));
      for (const id of seen.keys())
        if (!listed.some((one) => one.id === id))
          await expect(floor.alerts.details(id)).rejects.toThrow(/removed by retention, .*: entry \d+/);
      expect(await floor.alerts.verify()).toMatchObject({ removed: { records: removed.records }, findings: [] });
    }),
    { numRuns: 40, seed: 7 },
  );
});

test("alerts of a hub from before retention are kept, and go when somebody says so", async () => {
  const bench = await openLoopBench();
  const connection = openDatabase(":memory:");
  const before = { ...alertTables, steps: alertTables.steps.slice(0, 5) };
  await openHubDatabase(connection, [recordTables, before, noticeTables]);
  const insert = (table: string, ...values: readonly (string | number | null)[]) =>
    connection.prepare(`insert into ${table} values (${values.map(() => "?").join(", ")})`).run(...values);
  const alerts = [1, 2].map((seq) => alertOf({ seq }));
  for (const [index, alert] of alerts.entries())
    insert("alert_batch", index + 1, 1, 1, "LP-1", EPOCH, index + 1, START_MS, JSON.stringify([alert]));
  insert("alert_stream", "LP-1", EPOCH, 2);
  const said = ["f".repeat(16), "LP-1", "UV-DAILY", "uv-intensity-each-day", "reading.out-of-limits", "uv-intensity"];
  insert("alert_group", 1, ...said, 2, 2, START_MS, START_MS, 2, null);
  insert("alert_incident", 1, 1, 1, 2, 2, 2, START_MS, null, null, 0, 0, 0, null, null, "SUP-1", START_MS + 1, "seen");
  for (const first of [1, 2]) insert("alert_run", first, 1, 1, 1, 2, START_MS, START_MS);
  connection.exec("update alert_counted set up_to = 2");
  const db = await openHubDatabase(connection, [recordTables, alertTables, noticeTables]);
  const floor = serve({ ...bench, db, journal: openJournal(db, bench.ledger) });
  expect(await floor.alerts.groups()).toMatchObject([{ count: 2, removed: 0 }]);
  expect(await floor.retention.show()).toMatchObject({ days: null, records: null, set: null, kept: { records: 2 } });
  floor.tick(100 * DAY_MS);
  await floor.retention.set(forDays(99), admin);
  await floor.retention.tidy();
  expect(batchesIn(floor)).toEqual([2]);
  expect(await floor.alerts.groups()).toMatchObject([{ count: 2, removed: 1 }]);
  await db.close();
});
