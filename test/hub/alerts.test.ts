import { describe, expect, test } from "vitest";
import type { LedgerFile } from "../../src/disk/ledger-file.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import type { DueNotice } from "../../src/hub/alerts/escalation.ts";
import { verifyAlerts } from "../../src/hub/alerts/verify-alerts.ts";
import type { Alert, Severity } from "../../src/model/alert.ts";
import type { BundleNotice } from "../../src/model/bundle.ts";
import { alertOf, bundleOf, contractShelf, EPOCH, knownContract, openLoopBench } from "./loop-fixture.ts";

const MINUTE_MS = 60_000;
const supervisor = { id: "SUP-1", roles: ["supervisor"] };

async function openAlerts(whenBlocked: readonly BundleNotice[] = []) {
  const bench = await openLoopBench();
  const told: DueNotice[] = [];
  const alerts = createAlertService({
    db: bench.db,
    journal: bench.journal,
    ledger: bench.ledger,
    clock: bench.clock,
    contracts: contractShelf([knownContract(bundleOf({ whenBlocked }))]),
    hubId: "hub",
    post: (notices) => told.push(...notices),
  });
  return { ...bench, alerts, told };
}

/** The seqs that the ledger says were taken, in its order. */
const named = (ledger: Pick<LedgerFile, "list">): readonly number[] =>
  ledger
    .list({ actionType: "alert_raised" })
    .flatMap(({ metadata }) =>
      (metadata["batches"] as { from_seq: number; count: number }[]).flatMap(({ from_seq, count }) =>
        Array.from({ length: count }, (_, index) => from_seq + index),
      ),
    );

const seqs = (...numbers: readonly number[]): Alert[] => numbers.map((seq) => alertOf({ seq, testId: `T-${seq}` }));

describe("receipt", () => {
  // Each step: seqs sent, and what is answered: the highest durable seq, or the refusal with it.
  const rows: readonly {
    name: string;
    steps: readonly (readonly [readonly number[], number | string])[];
    kept: number[];
  }[] = [
    { name: "one batch", steps: [[[1, 2, 3], 3]], kept: [1, 2, 3] },
    {
      name: "the same batch again",
      steps: [
        [[1, 2], 2],
        [[1, 2], 2],
      ],
      kept: [1, 2],
    },
    {
      name: "an overlap",
      steps: [
        [[1, 2], 2],
        [[2, 3], 3],
      ],
      kept: [1, 2, 3],
    },
    {
      name: "old ones late",
      steps: [
        [[1, 2, 3], 3],
        [[1], 3],
      ],
      kept: [1, 2, 3],
    },
    { name: "out of order within a batch", steps: [[[2, 1, 3], 3]], kept: [1, 2, 3] },
    { name: "a gap at the start", steps: [[[2], "gap 0"]], kept: [] },
    {
      name: "a gap between batches",
      steps: [
        [[1], 1],
        [[3], "gap 1"],
        [[2, 3], 3],
      ],
      kept: [1, 2, 3],
    },
    { name: "a gap within a batch keeps nothing of it", steps: [[[1, 3], "gap 0"]], kept: [] },
    { name: "one twice in a batch", steps: [[[1, 1], "gap 0"]], kept: [] },
    { name: "an empty batch", steps: [[[], 0]], kept: [] },
  ];
  test.each(rows)("$name", async ({ steps, kept }) => {
    const { alerts, db, ledger } = await openAlerts();
    for (const [sent, expected] of steps) {
      const answer = await alerts.receive("LP-1", { epoch: EPOCH, alerts: seqs(...sent) });
      expect(answer.ok ? answer.value.upTo : `${answer.error.code} ${answer.error.upTo}`).toBe(expected);
    }
    expect((await alerts.list()).map(({ alert }) => alert.seq).sort()).toEqual(kept);
    expect(named(ledger)).toEqual(kept);
    expect(await verifyAlerts(db, ledger)).toMatchObject({ records: kept.length, findings: [] });
  });

  test("epochs and nodes count for themselves", async () => {
    const { alerts } = await openAlerts();
    const other = "ffeeddccbbaa0011";
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: seqs(1, 2) });
    await alerts.receive("LP-1", { epoch: other, alerts: [alertOf({ epoch: other })] });
    await alerts.receive("LP-2", { epoch: EPOCH, alerts: [alertOf({ node: "LP-2" })] });
    expect(await alerts.ackedUpTo("LP-1", EPOCH)).toBe(2);
    expect(await alerts.ackedUpTo("LP-1", other)).toBe(1);
    expect(await alerts.ackedUpTo("LP-2", EPOCH)).toBe(1);
    expect(await alerts.ackedUpTo("LP-3", EPOCH)).toBe(0);
  });

  test("batches that arrive together are taken one after the other", async () => {
    const { alerts } = await openAlerts();
    const answers = await Promise.all(
      [[1, 2], [3], [1, 2, 3, 4]].map((sent) => alerts.receive("LP-1", { epoch: EPOCH, alerts: seqs(...sent) })),
    );
    expect(answers.map((answer) => answer.ok && answer.value.upTo)).toEqual([2, 3, 4]);
    expect(await alerts.list()).toHaveLength(4);
  });

  const foreign: readonly [string, unknown][] = [
    ["another node's alert", { epoch: EPOCH, alerts: [alertOf({ node: "LP-2" })] }],
    ["another epoch's alert", { epoch: EPOCH, alerts: [alertOf({ epoch: "ffeeddccbbaa0011" })] }],
    ["no epoch", { alerts: [] }],
    ["no list", { epoch: EPOCH, alerts: "all" }],
    [
      "a reading that is no decimal",
      { epoch: EPOCH, alerts: [{ ...alertOf(), reading: { quantity: "q", value: "1e9", unit: "lx" } }] },
    ],
    ["an id that climbs out", { epoch: EPOCH, alerts: [{ ...alertOf(), contract: "../../etc" }] }],
    ["half a character", { epoch: EPOCH, alerts: [{ ...alertOf(), text: "lamp \ud83d" }] }],
    ["a text without end", { epoch: EPOCH, alerts: [{ ...alertOf(), text: "x".repeat(10_000) }] }],
  ];
  test.each(foreign)("refuses %s", async (_name, batch) => {
    const { alerts, entries } = await openAlerts();
    const answer = await alerts.receive("LP-1", batch as Parameters<typeof alerts.receive>[1]);
    expect(answer.ok ? "taken" : answer.error.code).toBe("bad-frame");
    expect(await alerts.list()).toEqual([]);
    expect(entries()).toEqual([]);
  });

  test("a ledger that fails keeps the alert unacknowledged, and the next batch writes its entry", async () => {
    const bench = await openLoopBench();
    let broken = true;
    const { openJournal } = await import("../../src/hub/store/journal.ts");
    const journal = openJournal(bench.db, {
      ...bench.ledger,
      append: (records) => {
        if (broken) throw new Error("EIO");
        return bench.ledger.append(records);
      },
    });
    const alerts = createAlertService({
      ...bench,
      journal,
      contracts: contractShelf([]),
      hubId: "hub",
      post: () => {},
    });
    const batch = { epoch: EPOCH, alerts: seqs(1) };
    await expect(alerts.receive("LP-1", batch)).rejects.toThrow("EIO");
    broken = false;
    expect(await alerts.receive("LP-1", batch)).toEqual({ ok: true, value: { upTo: 1 } });
    expect(bench.entries()).toEqual(["alert_raised raised LP-1"]);
  });
});

test("alerts that say the same are one group with a count, and every record stays", async () => {
  const { alerts } = await openAlerts();
  const differing = alertOf({ seq: 3, subject: "ambient-light", testId: "T-3", atMs: 7 });
  await alerts.receive("LP-1", { epoch: EPOCH, alerts: [...seqs(1, 2), differing] });
  expect((await alerts.groups()).map(({ subject, count, open }) => [subject, count, open])).toEqual([
    ["uv-intensity", 2, 2],
    ["ambient-light", 1, 1],
  ]);
  expect(await alerts.list()).toHaveLength(3);
});

test("the history is filtered, newest first", async () => {
  const { alerts } = await openAlerts();
  const own = seqs(1, 2, 3).map((alert) => ({ ...alert, atMs: 1_000 * alert.seq, subject: `q-${alert.seq}` }));
  await alerts.receive("LP-1", { epoch: EPOCH, alerts: own });
  await alerts.receive("LP-2", { epoch: EPOCH, alerts: [alertOf({ node: "LP-2", contract: "AMBIENT", atMs: 9_000 })] });
  await alerts.acknowledge("alert-2", supervisor, "lamp changed");
  const ids = async (filter: Parameters<typeof alerts.list>[0]) => (await alerts.list(filter)).map(({ id }) => id);
  expect(await ids({})).toEqual(["alert-4", "alert-3", "alert-2", "alert-1"]);
  expect(await ids({ contract: "AMBIENT" })).toEqual(["alert-4"]);
  expect(await ids({ node: "LP-1", state: "open" })).toEqual(["alert-3", "alert-1"]);
  expect(await ids({ state: "acknowledged" })).toEqual(["alert-2"]);
  expect(await ids({ sinceMs: 3_000 })).toEqual(["alert-4", "alert-3"]);
  expect(await ids({ limit: 1 })).toEqual(["alert-4"]);
});

test("an acknowledgement is given once, for the group, by name, in the ledger", async () => {
  const { alerts, entries } = await openAlerts();
  await alerts.receive("LP-1", { epoch: EPOCH, alerts: seqs(1, 2) });
  const { ids } = await alerts.acknowledge("alert-1", supervisor, " lamp changed ");
  expect(ids).toEqual(["alert-1", "alert-2"]);
  expect(entries().at(-1)).toBe("alert_acknowledgement acknowledged SUP-1");
  expect((await alerts.list())[0]?.acknowledgement).toMatchObject({ by: "SUP-1", note: "lamp changed" });
  await expect(alerts.acknowledge("alert-2", supervisor, "me too")).rejects.toThrow("acknowledged by SUP-1 already");
  await expect(alerts.acknowledge("alert-9", supervisor, "note")).rejects.toThrow('no alert "alert-9"');
  await expect(alerts.acknowledge("alert-1; drop", supervisor, "note")).rejects.toThrow("no alert");
  await expect(alerts.acknowledge("alert-1", supervisor, "  ")).rejects.toThrow("a note");
  expect(entries().filter((entry) => entry.startsWith("alert_ack"))).toHaveLength(1);
});

describe("escalation", () => {
  const contractNotices: readonly BundleNotice[] = [
    { role: "supervisor", severity: "high", afterMs: 0, line: 20 },
    { role: "plant-manager", severity: "high", afterMs: 15 * MINUTE_MS, line: 20 },
  ];
  const rows: readonly {
    name: string;
    severity?: Severity;
    kind?: Alert["kind"];
    tell?: readonly string[];
    notices?: readonly BundleNotice[];
    told: readonly string[];
  }[] = [
    { name: "the contract's own notices", notices: contractNotices, told: ["0 supervisor", "15 plant-manager"] },
    { name: "high without any", told: ["0 supervisor", "15 plant-manager"] },
    { name: "critical", severity: "critical", told: ["0 supervisor", "5 plant-manager"] },
    { name: "emergency", severity: "emergency", told: ["0 plant-manager", "0 supervisor"] },
    { name: "medium", severity: "medium", told: ["0 supervisor", "60 plant-manager"] },
    { name: "info goes no further", severity: "info", told: ["0 supervisor"] },
    { name: "whom the alert names", tell: ["QA"], told: ["0 QA", "15 plant-manager"] },
    { name: "nobody named", tell: [], told: ["0 supervisor", "15 plant-manager"] },
    {
      name: "a fault is not a blocked test",
      kind: "runtime-fault",
      notices: contractNotices.slice(1),
      tell: ["admin"],
      told: ["0 admin", "15 plant-manager"],
    },
    {
      name: "one role named twice is told once",
      notices: contractNotices,
      tell: ["Supervisor"],
      told: ["0 supervisor", "15 plant-manager"],
    },
  ];
  test.each(rows)(
    "$name",
    async ({ severity = "high", kind = "decision-blocked", tell = ["supervisor"], notices, told }) => {
      const bench = await openAlerts(notices);
      await bench.alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ severity, kind, tell })] });
      const seen = bench.told.map(({ role }) => `0 ${role}`);
      for (let minute = 1; minute <= 120; minute++) {
        bench.tick(MINUTE_MS);
        for (const { role } of await bench.alerts.escalate()) seen.push(`${minute} ${role}`);
      }
      expect(seen).toEqual(told);
    },
  );

  test("AB-29: a flood tells each role once, and an acknowledgement ends it", async () => {
    const { alerts, told, tick } = await openAlerts();
    for (let seq = 1; seq <= 30; seq++) await alerts.receive("LP-1", { epoch: EPOCH, alerts: seqs(seq) });
    expect(told).toHaveLength(1);
    await alerts.acknowledge("alert-7", supervisor, "seen");
    tick(60 * MINUTE_MS);
    expect(await alerts.escalate()).toEqual([]);
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: seqs(31) });
    expect(told).toHaveLength(2);
  });

  test("a worse alert of the same group is told again", async () => {
    const { alerts, told } = await openAlerts();
    const worse = alertOf({ seq: 2, severity: "critical", testId: "T-2" });
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf(), worse, { ...worse, seq: 3 }] });
    expect(told.map(({ severity }) => severity)).toEqual(["high", "critical"]);
  });
});
