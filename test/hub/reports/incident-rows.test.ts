import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAlertService } from "../../../src/hub/alerts/alert-service.ts";
import type { IncidentHistory } from "../../../src/hub/alerts/incident-history.ts";
import { createNoticeService, type OutboxEntry } from "../../../src/hub/notices/notice-service.ts";
import { alertsTable, incidentsTable } from "../../../src/hub/reports/alert-section.ts";
import type { AlertRow, IncidentRow } from "../../../src/hub/reports/audit-report.ts";
import { incidentRow, incidentRows } from "../../../src/hub/reports/incident-rows.ts";
import { createReportService } from "../../../src/hub/reports/report-service.ts";
import { until } from "../hub-fixture.ts";
import { alertOf, contractShelf, EPOCH, openLoopBench, START_MS } from "../loop-fixture.ts";
import { reportPorts } from "./report-ports.ts";

const MINUTE_MS = 60_000;
const supervisor = { id: "SUP-1", roles: ["supervisor"] };

/** Alerts of one node and what people are told of them, over a file; the plant manager has no route. */
async function openFloor() {
  const bench = await openLoopBench();
  const folder = mkdtempSync(join(tmpdir(), "incidents-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const limit = { messages: 1_000, perMinutes: 10 };
  const book = {
    kind: "file",
    path: join(folder, "book.jsonl"),
    maxBytes: 1 << 20,
    keep: 2,
    limit,
    attempts: 3,
  } as const;
  const notices = createNoticeService({
    ...{ ...bench, hubId: "hub", peopleWith: () => [], chance: () => 1, log: () => {} },
    config: {
      ...{ channels: { book }, people: {} },
      routes: [{ role: "supervisor", channels: ["book"], severity: "info", to: [] }],
    },
    failed: (error) => expect.fail(String(error)),
  });
  onTestFinished(notices.stop);
  const alerts = createAlertService({
    ...{ ...bench, hubId: "hub", contracts: contractShelf([]), post: notices.post },
  });
  let seq = 0;
  const raise = async (change: Parameters<typeof alertOf>[0] = {}): Promise<void> => {
    seq += 1;
    await alerts.receive("LP-1", { epoch: EPOCH, alerts: [alertOf({ seq, ...change })] });
  };
  const carried = () =>
    until(
      () => {
        notices.work();
        return notices.list({ state: "waiting", limit: 100 }).length;
      },
      (count) => count === 0,
    );
  return { ...bench, alerts, notices, raise, carried };
}

const tellText = ({ told }: IncidentRow): readonly string[] =>
  told.map(
    ({ at, role, why, state, messages }) =>
      `${at.slice(11, 16)} ${role} ${why}: ${state}${messages.map((one) => `, ${one.channel} ${one.state}${one.error === null ? "" : ` (${one.error})`}`).join("")}`,
  );

test("a report shows who was told of an incident, when, how that went, and who acknowledged", async () => {
  const { alerts, notices, raise, tick, carried } = await openFloor();
  await raise();
  await carried();
  tick(16 * MINUTE_MS);
  await alerts.escalate();
  await raise();
  tick(10 * MINUTE_MS);
  await alerts.escalate();
  await carried();
  await raise({ severity: "critical" });
  await carried();
  tick(2 * MINUTE_MS);
  await alerts.acknowledge("alert-1", supervisor, "lamp <changed>");
  const window = { fromMs: START_MS - MINUTE_MS, toMs: START_MS + MINUTE_MS };
  const service = createReportService({ ...reportPorts([]), alerts, notices });
  const { html } = await service.audit({ kind: "station", id: "LP-1" }, window, { id: "AUD-1", roles: ["auditor"] });

  const rows: readonly Pick<AlertRow, "incident">[] = [{ incident: "incident-1" }, { incident: "incident-1" }];
  const [row, ...more] = await incidentRows({ alerts, notices }, rows as readonly AlertRow[]);
  expect(more).toEqual([]);
  expect(row).toMatchObject({
    ...{ id: "incident-1", count: 3, firstAlert: "alert-1", lastAlert: "alert-3", more: 0 },
    acknowledged: { by: "SUP-1", at: "2026-11-24T15:28:00.000Z", note: "lamp <changed>" },
  });
  expect(row === undefined ? [] : tellText(row)).toEqual([
    "15:00 supervisor first: told, book delivered",
    "15:16 plant-manager escalation: told,  given up (no route for the role plant-manager)",
    "15:26 plant-manager repeat: told,  given up (no route for the role plant-manager)",
    "15:26 supervisor worse: told, book delivered",
    "15:26 supervisor repeat: told, book delivered",
    "15:31 plant-manager escalation: not needed",
  ]);
  const page = html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  expect(page).toContain("supervisor 2026-11-24 15:00:00 Z, plant-manager 2026-11-24 15:16:00 Z; incident-1");
  expect(page).toContain("nobody had acknowledged it after 15 minutes, high given up");
  expect(page).toContain("2026-11-24 15:28:00 Z SUP-1 acknowledged it lamp &lt;changed&gt;");
});

const history: IncidentHistory = {
  ...{ id: "incident-4", number: 4, count: 12, severity: "high", firstAlert: "alert-3", lastAlert: "alert-14" },
  ...{ openedAtMs: START_MS, told: [], repeats: 0, toldAtMs: START_MS + MINUTE_MS, acknowledgement: null },
  steps: [
    {
      ...{ alert: "alert-3", role: "Supervisor", severity: "high", afterMs: 0, dueAtMs: START_MS, sentAtMs: START_MS },
      state: "sent",
    },
  ],
};
const message: OutboxEntry = {
  ...{ id: "notice-1", kind: "first", recipient: "anna@plant.example", role: "supervisor", atMs: START_MS, alerts: 1 },
  ...{ channel: "mail", state: "dead", partOf: null, attempts: 1, nextAtMs: null, endedAtMs: START_MS },
  error: "550 no mailbox anna@plant.example",
  body: {
    ...{ text: "", severity: "high", node: null, station: null, contract: null, condition: null, reason: null },
    ...{ alert: "alert-3", incident: "incident-4", count: 1, sinceMs: null },
  },
};

const told = (row: IncidentRow): readonly string[] =>
  incidentsTable([row]).rows.map((cells) => cells.flat().join(" | "));

const rows: readonly {
  readonly what: string;
  readonly history?: Partial<IncidentHistory>;
  readonly messages?: readonly OutboxEntry[];
  readonly more?: number;
  readonly says: string;
}[] = [
  {
    what: "an address stays in the plant",
    messages: [message],
    says: "incident-4 | 2026-11-24 15:00:00 Z | Supervisor | it began, high | mail: given up 2026-11-24 15:00:00 Z, 550 no mailbox the recipient",
  },
  {
    what: "a step without a message says so",
    says: "incident-4 | 2026-11-24 15:00:00 Z | Supervisor | it began, high | no message of it is on record",
  },
  {
    what: "messages that the hub forgot are counted",
    history: { repeats: 7 },
    says: "incident-4 | 2026-11-24 15:01:00 Z | – | more of the same came | told again, 7 times; the messages are kept no more",
  },
  {
    what: "messages beyond the limit are counted",
    more: 5_000,
    says: "incident-4 | 2026-11-24 15:01:00 Z | – | more of the same came | 5000 more messages",
  },
  {
    what: "nobody acknowledged it",
    says: "incident-4 | – | nobody | not acknowledged when the report was made | –",
  },
];
test.each(rows)("$what", ({ history: change = {}, messages = [], more = 0, says }) => {
  expect(told(incidentRow({ ...history, ...change }, messages, more))).toContain(says);
});

test("what an acknowledgement made needless comes behind it", () => {
  const later = { alert: "alert-3", role: "plant-manager", severity: "high", afterMs: 15 * MINUTE_MS, sentAtMs: null };
  const acknowledgement = { by: "SUP-1", atMs: START_MS + MINUTE_MS, note: "seen" };
  const steps = [...history.steps, { ...later, dueAtMs: START_MS + 15 * MINUTE_MS, state: "dropped" as const }];
  expect(told(incidentRow({ ...history, steps, acknowledgement }, [], 0)).slice(2)).toEqual([
    "incident-4 | 2026-11-24 15:01:00 Z | SUP-1 | acknowledged it | seen",
    "incident-4 | 2026-11-24 15:15:00 Z | plant-manager | nobody had acknowledged it after 15 minutes, high | not told: acknowledged before, or told sooner",
  ]);
});

test("an alert of which nothing is known says that, and one that nobody was told of says so", () => {
  const alert: AlertRow = {
    ...{ id: "alert-3", incident: "incident-4", node: "LP-1", at: "2026-11-24T15:00:00.000Z", severity: "info" },
    ...{ reason: "r", subject: "s", words: "w", acknowledgedBy: null, minutesToAcknowledge: null, note: null },
  };
  const toldCell = (incidents: readonly IncidentRow[]) => alertsTable([alert], incidents).rows[0]?.[5]?.[0];
  expect(toldCell([])).toBe("not recorded");
  expect(toldCell([incidentRow({ ...history, steps: [] }, [], 0)])).toBe("nobody; ");
});
