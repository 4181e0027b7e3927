import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { severityRank } from "../../src/hub/alerts/alert-record.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import type { DueNotice } from "../../src/hub/alerts/escalation.ts";
import { type DueMessage, planDeliveries, retryDelayMs } from "../../src/hub/notices/delivery-plan.ts";
import type { Message } from "../../src/hub/notices/notice.ts";
import { createNoticeService } from "../../src/hub/notices/notice-service.ts";
import { type NoticesConfig, readNoticesFile } from "../../src/hub/notices/notices-file.ts";
import { type NewMessage, type Outbox, type OutboxLimits, openOutbox } from "../../src/hub/notices/outbox.ts";
import { recipientsOf } from "../../src/hub/notices/routes.ts";
import { SEVERITIES } from "../../src/model/alert.ts";
import { alertOf, contractShelf, EPOCH, openLoopBench } from "./loop-fixture.ts";

const MINUTE_MS = 60_000;
const supervisor = { id: "SUP-1", roles: ["supervisor"] };

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "notices-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

describe("the file that says who is told", () => {
  const good = `channels:
  mail: {kind: email, host: smtp.plant.example, port: 587, from: hub@plant.example}
  book:
    kind: file
    path: notices.jsonl
people:
  SUP-1: anna@plant.example
routes:
  - role: supervisor
    channels: [mail, book]
    severity: high
  - {role: "*", channels: [book]}
`;
  const read = (text: string): NoticesConfig => {
    const path = join(temporaryFolder(), "notices.yaml");
    writeFileSync(path, text);
    return readNoticesFile(path);
  };

  test("is read with its defaults, and its files lie beside it", () => {
    const { channels, routes } = read(good);
    expect(channels["mail"]).toMatchObject({ security: "starttls", timeoutMs: 10_000, attempts: 25 });
    expect(channels["book"]).toMatchObject({ path: expect.stringMatching(/^\/.*notices\.jsonl$/), keep: 5 });
    expect(routes[1]).toMatchObject({ role: "*", severity: "info", to: [] });
    expect(
      read(JSON.stringify({ channels: { log: { kind: "log" } }, routes: [{ role: "*", channels: ["log"] }] })),
    ).toBeTruthy();
  });

  const wrong: readonly [what: string, text: string, expected: RegExp][] = [
    [
      "a channel that is not there",
      good.replace("[mail, book]", "[mail, bok]"),
      /line 10: routes\.0\.channels\.1: .*"bok"/,
    ],
    ["an unknown kind", good.replace("kind: file", "kind: pigeon"), /line 4: channels\.book/],
    ["a field that is none", good.replace("    path:", "    pat:"), /line [45]: channels\.book/],
    ["no address", good.replace("anna@plant.example", "anna"), /line 7: people\.SUP-1: is no mail address/],
    ["a severity that is none", good.replace("severity: high", "severity: awful"), /line 11: routes\.0\.severity/],
    [
      "mail in the clear",
      good.replace("port: 587,", "port: 25, security: none,"),
      /line 2: channels\.mail\.security: beyond this machine/,
    ],
    ["no YAML", good.replace("channels:", "channels: ["), /line \d+: /],
    ["a key twice", `${good}routes: []\n`, /line 13/],
    [
      "http to another machine",
      good.replace("kind: file\n    path: notices.jsonl", "kind: webhook\n    url: http://plant.example/x"),
      /line 5: channels\.book\.url: beyond this machine only https/,
    ],
    [
      "another protocol",
      good.replace("kind: file\n    path: notices.jsonl", "kind: webhook\n    url: file:///etc/passwd"),
      /only http and https/,
    ],
    [
      "a password in the address",
      good.replace("kind: file\n    path: notices.jsonl", "kind: webhook\n    url: https://a:b@plant.example"),
      /no user and password/,
    ],
  ];
  test.each(wrong)("%s is refused with its line", (_what, text, expected) => {
    expect(text).not.toBe(good);
    expect(() => read(text)).toThrow(expected);
  });
});

describe("routes", () => {
  const config: NoticesConfig = {
    channels: {
      mail: {
        ...{ kind: "email", host: "h", port: 25, security: "none", from: "a@b", user: null },
        ...{ passwordFile: null, caFile: null, timeoutMs: 1 },
        limit: { messages: 1, perMinutes: 1 },
        attempts: 1,
      },
      book: {
        ...{ kind: "file", path: "p", maxBytes: 1, keep: 1 },
        limit: { messages: 1, perMinutes: 1 },
        attempts: 1,
      },
    },
    people: { "SUP-1": "anna@x", "SUP-2": "ben@x", "QA-1": "cleo@x" },
    routes: [
      { role: "Supervisor", channels: ["mail"], severity: "high", to: [] },
      { role: "QA", channels: ["mail", "book"], severity: "info", to: ["Cleo@x", "box@x"] },
      { role: "nobody", channels: ["mail"], severity: "info", to: [] },
      { role: "*", channels: ["book"], severity: "medium", to: [] },
    ],
  };
  const people = (role: string): readonly string[] =>
    ({ supervisor: ["SUP-1", "SUP-2", "SUP-3"], qa: ["QA-1"] })[role.toLowerCase()] ?? [];
  const rows: readonly [
    role: string,
    severity: DueNotice["severity"],
    to: readonly string[],
    missing: readonly string[],
  ][] = [
    ["supervisor", "high", ["mail anna@x", "mail ben@x"], []],
    ["supervisor", "medium", [], []],
    ["qa", "info", ["mail cleo@x", "mail box@x", "book book"], []],
    ["nobody", "high", [], ["nobody with the role nobody has an address"]],
    ["plant-manager", "high", ["book book"], []],
    ["plant-manager", "info", [], []],
  ];
  test.each(rows)("%s, %s", (role, severity, to, missing) => {
    const found = recipientsOf(config, { role, severity }, people);
    expect(found.recipients.map(({ channel, recipient }) => `${channel} ${recipient}`)).toEqual(to);
    expect(found.missing.map(({ recipient }) => recipient)).toEqual(missing);
  });
  test("a person's id is no member of every object", () => {
    const mailed = { ...config, routes: [{ role: "QA", channels: ["mail"], severity: "info", to: [] }] } as const;
    const { recipients, missing } = recipientsOf(mailed, { role: "QA", severity: "high" }, () => ["constructor"]);
    expect([recipients, missing.length]).toEqual([[], 1]);
  });

  test("a role without any route is a finding, not silence", () => {
    const { missing } = recipientsOf({ ...config, routes: [] }, { role: "QA", severity: "high" }, people);
    expect(missing).toEqual([{ channel: "", recipient: "no route for the role QA" }]);
  });
});

describe("what goes out now", () => {
  const messages = fc
    .array(fc.record({ recipient: fc.constantFrom("a", "b"), rank: fc.integer({ min: 0, max: 4 }) }))
    .map((list) => list.map((one, id) => ({ ...one, id })));
  const rooms = fc.record({ a: fc.integer({ min: -1, max: 12 }), b: fc.integer({ min: 0, max: 12 }) });
  const check =
    (plan: typeof planDeliveries) => (due: readonly DueMessage[], room: { readonly a: number; readonly b: number }) => {
      const roomOf = (recipient: string): number => room[recipient as "a" | "b"];
      const { send, together } = plan(due, roomOf);
      const taken = [...send, ...together.flat()].map(({ id }) => id);
      if (new Set(taken).size !== taken.length) return "twice";
      if (due.some(({ rank, id }) => rank === severityRank.emergency && !send.some((one) => one.id === id)))
        return "an emergency waits";
      for (const recipient of ["a", "b"]) {
        const own = due.filter((one) => one.recipient === recipient && one.rank < severityRank.emergency);
        const out = own.filter(({ id }) => taken.includes(id)).length;
        const single = send.filter((one) => one.recipient === recipient && one.rank < severityRank.emergency).length;
        const joined = together.filter(([first]) => first?.recipient === recipient).length;
        if (own.length > 0 && out !== (roomOf(recipient) < 1 ? 0 : own.length)) return "something was left out";
        if (single + joined > Math.max(0, roomOf(recipient))) return "more than there is room for";
      }
      return null;
    };
  test("an emergency always, of the rest no more than there is room for, and nothing is left out", () => {
    fc.assert(fc.property(messages, rooms, (due, room) => void expect(check(planDeliveries)(due, room)).toBeNull()));
  });
  test("planted: a plan that loses one of a storm is found out", () => {
    const lossy: typeof planDeliveries = (due, roomOf) => {
      const plan = planDeliveries(due, roomOf);
      return { ...plan, together: plan.together.map((rows) => rows.slice(1)) };
    };
    const found = fc
      .sample(fc.tuple(messages, rooms), { numRuns: 500, seed: 1 })
      .map(([due, room]) => check(lossy)(due, room));
    expect(found).toContain("something was left out");
  });
  test("retries wait a random part of a time that doubles up to its cap", () => {
    const times = { firstMs: 2_000, maxMs: 60_000 };
    expect([1, 2, 3, 6, 40].map((attempts) => retryDelayMs(attempts, 1, times))).toEqual([
      2_000, 4_000, 8_000, 60_000, 60_000,
    ]);
    expect(retryDelayMs(3, 0.25, times)).toBe(2_000);
  });
});

const put = (outbox: Outbox, change: Partial<NewMessage>): number =>
  outbox.put({
    ...{ kind: "first", channel: "mail", recipient: "anna@x", role: "supervisor", rank: severityRank.high },
    ...{ incident: null, alerts: 1, atMs: 1, body: "{}", maxAttempts: 1, ...change },
  });

/** Alerts and notices over a real file, on a clock of the test's own. */
async function openFloor(
  change: {
    readonly path?: string;
    readonly messages?: number;
    readonly attempts?: number;
    readonly limits?: OutboxLimits;
  } = {},
) {
  const bench = await openLoopBench();
  const path = change.path ?? join(temporaryFolder(), "book.jsonl");
  const limit = { messages: change.messages ?? 1_000, perMinutes: 10 };
  const book = { kind: "file", path, maxBytes: 10 << 20, keep: 2, limit, attempts: change.attempts ?? 25 } as const;
  const open = (name = "book", role = "*") =>
    createNoticeService(
      {
        ...{ ...bench, hubId: "hub", peopleWith: () => [], chance: () => 1, log: () => {} },
        config: {
          ...{ channels: { [name]: book }, people: {} },
          routes: [{ role, channels: [name], severity: "info", to: [] }],
        },
        failed: (error) => expect.fail(String(error)),
      },
      change.limits,
    );
  const service = { notices: open() };
  const posted: DueNotice[] = [];
  const alerts = createAlertService({
    ...{ ...bench, hubId: "hub", contracts: contractShelf([]) },
    post: (due, record) => {
      posted.push(...due);
      service.notices.post(due, record);
    },
  });
  /** Until nothing that is due is left, or it is left on purpose. */
  const settle = async (): Promise<void> => {
    let before = "";
    for (let [same, enough] = [0, 1]; same < enough; ) {
      service.notices.work();
      await new Promise((resolve) => setTimeout(resolve, 15));
      const entries = service.notices.list({ limit: 10_000 });
      const isDue = entries.some(({ nextAtMs }) => nextAtMs !== null && nextAtMs <= bench.clock.nowMs());
      // On a busy machine a message may be under way over many looks.
      enough = isDue ? 40 : 4;
      const now = JSON.stringify(entries);
      same = now === before ? same + 1 : 0;
      before = now;
    }
  };
  const written = (): readonly Message[] => {
    try {
      return readFileSync(path, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Message);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  };
  onTestFinished(() => service.notices.stop());
  return { ...bench, alerts, posted, settle, written, service, open, path };
}

describe("the outbox", () => {
  test("a notice is written down with its alert, goes out once, and its delivery is in the ledger", async () => {
    const { alerts, settle, written, service, ledger, db } = await openFloor();
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf(), alertOf({ seq: 2 })] });
    await settle();
    expect(written()).toMatchObject([{ id: "notice-1", kind: "first", role: "supervisor", alerts: 2 }]);
    expect(service.notices.list({ limit: 9 })).toMatchObject([{ state: "delivered", attempts: 1 }]);
    const ended = ledger.list({ actionType: "alert_notice" });
    expect(ended.map(({ action, target }) => `${action} ${target}`)).toEqual(["delivered notice-1"]);
    expect(db.prepare("select noticed_at_ms is not null as told from alert_incident").all()).toEqual([{ told: 1 }]);
  });

  test("what cannot be delivered is tried again later and later, given up, listed, and sent again when a person says so", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "wall"), "");
    const { alerts, settle, written, service, ledger, tick } = await openFloor({
      path: join(folder, "wall", "book.jsonl"),
      attempts: 3,
    });
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf()] });
    const attempts: number[] = [];
    for (const seconds of [0, 1, 1, 3, 1]) {
      tick(seconds * 1_000);
      await settle();
      attempts.push(service.notices.list({ limit: 1 })[0]?.attempts ?? 0);
    }
    expect(attempts).toEqual([1, 1, 2, 2, 3]);
    expect(service.notices.list({ state: "dead", limit: 9 })).toMatchObject([
      { id: "notice-1", error: expect.stringContaining("wall") },
    ]);
    expect(ledger.list({ actionType: "alert_notice" }).map(({ action }) => action)).toEqual(["given-up"]);
    rmSync(join(folder, "wall"));
    expect(await service.notices.retry("all", supervisor)).toEqual(["notice-1"]);
    await settle();
    expect(written()).toMatchObject([{ id: "notice-1" }]);
    await expect(service.notices.retry(["notice-1"], supervisor)).rejects.toThrow("is delivered");
    await expect(service.notices.retry(["notice-9"], supervisor)).rejects.toThrow("there is no notice");
    expect(ledger.list({ actionType: "alert_notice" }).map(({ action }) => action)).toEqual([
      "given-up",
      "retried",
      "delivered",
    ]);
  });

  test("what waits outlives the process", async () => {
    const floor = await openFloor();
    await floor.service.notices.stop();
    await floor.alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf()] });
    expect(floor.service.notices.list({ limit: 9 })).toMatchObject([{ state: "waiting" }]);
    floor.service.notices = floor.open();
    await floor.settle();
    expect(floor.written()).toHaveLength(1);
  });

  test("what waits for a channel that is configured no more is given up, not forgotten", async () => {
    const floor = await openFloor();
    await floor.service.notices.stop();
    await floor.alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf()] });
    floor.service.notices = floor.open("diary");
    await floor.settle();
    const [dead] = floor.service.notices.list({ state: "dead", limit: 9 });
    expect(dead).toMatchObject({ id: "notice-1", error: 'the channel "book" is configured no more' });
    expect(floor.ledger.list({ actionType: "alert_notice" })).toMatchObject([
      { action: "given-up", target: "notice-1", metadata: { channel: "book", attempts: 0 } },
    ]);
    await expect(floor.service.notices.retry(["notice-1"], supervisor)).rejects.toThrow(/"book" is configured no more/);
    expect(await floor.service.notices.retry("all", supervisor)).toEqual([]);
    floor.service.notices = floor.open("book");
    expect(await floor.service.notices.retry("all", supervisor)).toEqual(["notice-1"]);
    await floor.settle();
    expect(floor.written()).toMatchObject([{ id: "notice-1" }]);
  });

  test("whom nobody could tell stands in the ledger", async () => {
    const floor = await openFloor();
    floor.service.notices = floor.open("book", "janitor");
    await floor.alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf()] });
    expect(floor.ledger.list({ actionType: "alert_notice" })).toMatchObject([
      {
        ...{ action: "given-up", target: "notice-1" },
        metadata: { role: "supervisor", attempts: 0, error: "no route for the role supervisor" },
      },
    ]);
  });

  test("one recipient's thousands hold up nobody else's", async () => {
    const { db } = await openFloor();
    const outbox = openOutbox(db);
    await db.atomically(async () => {
      for (let index = 0; index < 40; index++) put(outbox, { recipient: "anna@x" });
      put(outbox, { recipient: "ben@x" });
      put(outbox, { recipient: "anna@x", rank: severityRank.emergency });
    });
    const due = outbox.due("mail", 10, 20);
    expect(due).toHaveLength(20);
    expect(due[0]?.rank).toBe(severityRank.emergency);
    expect(due.filter(({ recipient }) => recipient === "ben@x")).toHaveLength(1);
    expect(due.map(({ id }) => id).filter((id) => id <= 18)).toEqual(Array.from({ length: 18 }, (_, id) => id + 1));
  });

  describe("forgets what is over", () => {
    const limits = { keptMs: 1_000, endedRows: 3, rowsPerTurn: 2, everyMs: 0 };
    const put3 = async () => {
      const floor = await openFloor({ limits });
      for (let seq = 1; seq <= 3; seq++)
        await floor.alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq, subject: `q-${seq}` })] });
      await floor.settle();
      return floor;
    };
    const ids = ({ service }: Awaited<ReturnType<typeof openFloor>>) =>
      service.notices.list({ limit: 99 }).map(({ id }) => id);

    test("after its time, and says so in the ledger", async () => {
      const floor = await put3();
      await floor.service.notices.tidy();
      expect(ids(floor)).toHaveLength(3);
      floor.tick(1_001);
      await floor.alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq: 4, subject: "q-4" })] });
      await floor.settle();
      await floor.service.notices.tidy();
      expect(ids(floor)).toEqual(["notice-4"]);
      const said = floor.ledger.list({ actionType: "alert_notice" }).filter(({ action }) => action === "forgotten");
      expect(said.map(({ metadata }) => metadata)).toMatchObject([
        { notices: 2, first: "notice-1", last: "notice-2" },
        { notices: 1, first: "notice-3", last: "notice-3" },
      ]);
      const kept = floor.ledger.list({ actionType: "alert_notice" }).filter(({ action }) => action === "delivered");
      expect(kept).toHaveLength(4);
    });

    test("beyond its number, the oldest first; never what waits", async () => {
      const floor = await put3();
      await floor.service.notices.stop();
      for (let seq = 4; seq <= 7; seq++)
        await floor.alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq, subject: `q-${seq}` })] });
      floor.service.notices = floor.open();
      await floor.service.notices.tidy();
      expect(ids(floor)).toHaveLength(7);
      await floor.settle();
      await floor.service.notices.tidy();
      expect(ids(floor)).toEqual(["notice-7", "notice-6", "notice-5"]);
    });

    test("parts go with what they were told in, not before", async () => {
      const { db } = await openFloor();
      const outbox = openOutbox(db);
      await db.atomically(async () => {
        const parts = [put(outbox, {}), put(outbox, {})];
        const whole = put(outbox, { kind: "summary" });
        outbox.joinInto(parts, whole);
        expect(outbox.forget(5_000, { keptMs: 0, endedRows: 0, rowsPerTurn: 9, everyMs: 0 })).toEqual([]);
        outbox.markDelivered(whole, 2_000);
        expect(outbox.forget(5_000, { keptMs: 3_000, endedRows: 9, rowsPerTurn: 9, everyMs: 0 })).toEqual([1, 2, 3]);
        expect(outbox.list({ limit: 9 })).toEqual([]);
      });
    });
  });

  test("a transaction that fails leaves no notice behind", async () => {
    const floor = await openFloor();
    const alerts = createAlertService({
      ...{ ...floor, hubId: "hub", contracts: contractShelf([]) },
      post: (due, record) => {
        floor.service.notices.post(due, record);
        throw new Error("planted");
      },
    });
    await expect(alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf()] })).rejects.toThrow("planted");
    expect(floor.service.notices.list({ limit: 9 })).toEqual([]);
    expect(await alerts.list()).toEqual([]);
  });

  test("a line that a crash cut off takes the next one with it no more", async () => {
    const { alerts, settle, path } = await openFloor();
    writeFileSync(path, '{"id":"notice-0","te');
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf()] });
    await settle();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ id: "notice-1" });
  });

  test("a trial says what became of it", async () => {
    const { service, ledger } = await openFloor();
    expect(await service.notices.trial("supervisor", undefined, supervisor)).toMatchObject([
      { state: "delivered", kind: "trial" },
    ]);
    expect(await service.notices.trial("book", undefined, supervisor)).toMatchObject([{ state: "delivered" }]);
    const tried = ledger.list({ actionType: "alert_notice" }).filter(({ action }) => action === "tried");
    expect(tried.map(({ user_id, target, details }) => [user_id, target, details])).toEqual([
      ["SUP-1", "notice-1", "a trial notice to supervisor"],
      ["SUP-1", "notice-2", "a trial notice to book"],
    ]);
  });
});

describe("floods", () => {
  const burst = (from: number, count: number, change = {}) =>
    Array.from({ length: count }, (_, index) => alertOf({ seq: from + index, testId: `T-${from + index}`, ...change }));

  test("one notice, then how many more came, at growing gaps, until somebody acknowledges", async () => {
    const { alerts, posted, tick } = await openFloor();
    for (let minute = 0; minute < 180; minute++) {
      await alerts.receive("LP-1", { epoch: EPOCH, alerts: burst(minute + 1, 1) });
      await alerts.escalate();
      tick(MINUTE_MS);
    }
    const told = posted.filter(({ role }) => role === "supervisor").map(({ kind, fresh }) => `${kind} ${fresh}`);
    expect(told).toEqual(["first 1", "repeat 10", "repeat 30", "repeat 60"]);
    await alerts.acknowledge("alert-1", supervisor, "seen");
    tick(24 * 60 * MINUTE_MS);
    expect(await alerts.escalate()).toEqual([]);
  });

  test("an emergency is told at once, and its repeats a second later at the most", async () => {
    const { alerts, posted, tick } = await openFloor();
    const mine = () => posted.filter(({ role }) => role === "supervisor").map(({ kind, fresh }) => `${kind} ${fresh}`);
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: burst(1, 3) });
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: burst(4, 1, { severity: "emergency" }) });
    expect(mine()).toEqual(["first 3", "worse 1"]);
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: burst(5, 2, { severity: "emergency" }) });
    await alerts.escalate();
    tick(1_000);
    await alerts.escalate();
    expect(mine()).toEqual(["first 3", "worse 1", "repeat 2"]);
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: burst(7, 1, { severity: "high" }) });
    tick(1_000);
    await alerts.escalate();
    expect(mine()).toHaveLength(3);
  });

  test("a storm over many groups is one message, an emergency in it goes out by itself", async () => {
    const { alerts, settle, written, tick, service } = await openFloor({ messages: 3 });
    const storm = Array.from({ length: 40 }, (_, index) =>
      alertOf({ seq: index + 1, subject: `q-${index}`, severity: index === 17 ? "emergency" : "high" }),
    );
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: storm });
    await settle();
    const emergencies = written().filter(({ body }) => body.severity === "emergency");
    expect(emergencies.map(({ role, kind }) => `${kind} ${role}`).sort()).toEqual([
      "first plant-manager",
      "first supervisor",
    ]);
    expect(written().filter(({ kind }) => kind === "summary")).toMatchObject([{ alerts: 39, body: { partCount: 39 } }]);
    expect(service.notices.list({ state: "summarised", limit: 99 })).toHaveLength(39);
    // Two messages are left in these ten minutes; then what is more waits, and is told together.
    for (let seq = 41; seq <= 60; seq++) {
      await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq, subject: `q-${seq}` })] });
      await settle();
    }
    const before = written().length;
    expect(service.notices.list({ state: "waiting", limit: 99 }).length).toBeGreaterThan(10);
    tick(11 * MINUTE_MS);
    await settle();
    expect(written().slice(before)).toMatchObject([{ kind: "summary" }]);
    expect(written().reduce((sum, { role, alerts: own }) => sum + (role === "plant-manager" ? 0 : own), 0)).toBe(60);
  });

  /** What a role has heard, and what is still to be told, against what there is. */
  async function accounts(floor: Awaited<ReturnType<typeof openFloor>>, told: (notice: DueNotice) => number) {
    const wrong: string[] = [];
    const groups = Map.groupBy(floor.posted, ({ incident, role }) => `${incident} ${role.toLowerCase()}`);
    for (const [key, own] of groups) {
      const [incident = "", role = ""] = key.split(" ");
      const row = floor.db.prepare("select count from alert_incident where id = ?").get(Number(incident)) as {
        count: number;
      };
      const known = floor.db
        .prepare("select alerts from alert_told where incident = ? and role = ?")
        .get(Number(incident), role) as { alerts: number };
      const heard = own.reduce((sum, notice) => sum + told(notice), 0);
      if (heard !== known.alerts) wrong.push(`${key} heard of ${heard}, and ${known.alerts} were told`);
      if (known.alerts > row.count) wrong.push(`${key} was told of more than there are`);
    }
    const records = (await floor.alerts.list()).length;
    const counted = (floor.db.prepare("select sum(count) as sum from alert_incident").get() as { sum: number }).sum;
    if (counted !== records) wrong.push(`${counted} alerts in incidents, ${records} records`);
    await floor.settle();
    const top = floor.service.notices.list({ limit: 10_000 }).filter(({ partOf }) => partOf === null);
    const inMessages = top.reduce((sum, { alerts }) => sum + alerts, 0);
    const posted = floor.posted.reduce((sum, notice) => sum + told(notice), 0);
    if (inMessages !== posted) wrong.push(`messages tell of ${inMessages}, ${posted} were due`);
    return wrong;
  }

  /** A day of random alerts, waits and acknowledgements. */
  async function live(floor: Awaited<ReturnType<typeof openFloor>>, seed: number): Promise<void> {
    let state = seed;
    const below = (limit: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * limit);
    };
    let seq = 1;
    for (let step = 0; step < 60; step++) {
      const count = 1 + below(6);
      const own = Array.from({ length: count }, () => {
        const severity = SEVERITIES[below(SEVERITIES.length)] ?? "high";
        const alert = alertOf({ seq, subject: `q-${below(8)}`, severity });
        seq += 1;
        return alert;
      });
      await floor.alerts.receive("LP-1", { epoch: EPOCH, alerts: own });
      if (below(3) === 0) floor.tick(below(50) * MINUTE_MS);
      if (below(3) === 0) await floor.alerts.escalate();
      if (below(6) === 0) await floor.settle();
      const [open] = await floor.alerts.list({ state: "open", limit: 1 });
      if (open !== undefined && below(5) === 0) await floor.alerts.acknowledge(open.id, supervisor, "seen");
    }
  }

  test("nothing is lost: what was told, what is to be told and the records add up", { timeout: 120_000 }, async () => {
    for (const seed of [1, 2, 3]) {
      const floor = await openFloor({ messages: 4 });
      await live(floor, seed);
      expect(await accounts(floor, ({ fresh }) => fresh)).toEqual([]);
      expect(floor.posted.some(({ kind }) => kind === "repeat")).toBe(true);
      expect(floor.written().some(({ kind }) => kind === "summary")).toBe(true);
    }
  });

  test("planted: a repeat that counts one too few is found out", { timeout: 60_000 }, async () => {
    const floor = await openFloor();
    await live(floor, 1);
    expect(await accounts(floor, ({ kind, fresh }) => (kind === "repeat" ? fresh - 1 : fresh))).not.toEqual([]);
  });
});
