import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { DAY_MS } from "../../src/base/civil-time.ts";
import { MaintError } from "../../src/base/maint-error.ts";
import { createAlertRetention } from "../../src/hub/alerts/alert-retention.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { textTools } from "../../src/hub/contracts/contract-tools.ts";
import type { HubEnv } from "../../src/hub/http/access.ts";
import { alertsRoutes } from "../../src/hub/http/alerts-routes.ts";
import { ordersRoutes } from "../../src/hub/http/orders-routes.ts";
import { patternsRoutes } from "../../src/hub/http/patterns-routes.ts";
import { proposalsRoutes } from "../../src/hub/http/proposals-routes.ts";
import { createNoticeService } from "../../src/hub/notices/notice-service.ts";
import { LOG_ONLY } from "../../src/hub/notices/notices-file.ts";
import { createOrderService } from "../../src/hub/orders/order-service.ts";
import { createPatternService } from "../../src/hub/patterns/pattern-service.ts";
import { createProposalService } from "../../src/hub/proposals/proposal-service.ts";
import { alertOf, contractShelf, EPOCH, emptyFloor, knownContract, noFloor, openLoopBench } from "./loop-fixture.ts";

const noDecisions = { decisions: () => [], countDecisions: () => ({ allowed: 0, blocked: 0 }) };

const text = `contract UV-DAILY "UV" {
  for every station

  uv-intensity is measured in uW/cm2

  before every test {
    uv-intensity-each-day:
      each day, uv-intensity must be at least 1000 uW/cm2
  }
}
`;

/** The four route files over real services; the caller's roles stand in for the token that the hub's own routes check. */
async function openRoutes() {
  const bench = await openLoopBench();
  const [bundle] = textTools.compile(text).bundles;
  if (bundle === undefined) throw new Error("the contract compiles");
  const contracts = contractShelf([knownContract(bundle, text)]);
  const alerts = createAlertService({ ...bench, contracts, hubId: "hub", post: () => {} });
  const patterns = createPatternService({
    ...bench,
    alerts,
    nodes: { ids: async () => ["LP-1"] },
    archive: null,
    floor: emptyFloor,
  });
  const notices = createNoticeService({
    ...{ ...bench, hubId: "hub", config: LOG_ONLY, peopleWith: () => [], chance: () => 1, log: () => {} },
    failed: (error) => expect.fail(String(error)),
  });
  const proposals = createProposalService({ ...bench, ...noFloor, contracts, alerts, patterns, tools: textTools });
  const alertRetention = createAlertRetention({
    ...{ ...bench, alerts, hubId: "hub", followed: patterns.followed, cited: proposals.citedAlerts },
  });
  const app = new Hono<HubEnv>()
    .use(async (context, next) => {
      context.set("principal", { id: "P-1", roles: (context.req.header("x-roles") ?? "").split(",") });
      await next();
    })
    .route("/v1/alerts", alertsRoutes({ ...bench, alerts, alertRetention, notices }))
    .route("/v1/patterns", patternsRoutes(patterns))
    .route("/v1/proposals", proposalsRoutes(proposals))
    .route(
      "/v1/orders",
      ordersRoutes(createOrderService({ ...bench, contracts, changed: async () => {}, archive: noDecisions })),
    );
  app.onError((error, context) => {
    if (!(error instanceof MaintError)) throw error;
    return context.json({ refused: error.code.replace("MAINT_ERR_", "") }, 400);
  });
  for (const node of ["LP-1", "LP-2"]) {
    const own = [1, 2].map((seq) => alertOf({ node, seq, testId: `T-${seq}` }));
    await alerts.receive(node, { epoch: EPOCH, alerts: own });
  }
  const ask = async (roles: string, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    const response = await app.request(path, { method, headers: { "x-roles": roles }, ...sent });
    return (await response.json()) as Record<string, unknown>;
  };
  return { ask, tick: bench.tick, tidy: alertRetention.tidy };
}

test("the loop by HTTP", async () => {
  const { ask } = await openRoutes();
  const listed = await ask("operator", "GET", "/v1/alerts?contract=UV-DAILY&state=open&limit=1");
  expect(listed).toMatchObject({ alerts: [{ id: "alert-4", node: "LP-2", count: 2, state: "open" }] });
  expect(listed["groups"]).toHaveLength(1);
  expect(await ask("supervisor", "POST", "/v1/alerts/alert-4/acknowledge", { note: "seen" })).toMatchObject({
    ids: ["alert-3", "alert-4"],
    by: "P-1",
  });
  const analysis = await ask("author", "POST", "/v1/patterns/analysis", {});
  expect(analysis).toMatchObject({ total_alerts: 4, unique_patterns: 1, recommended_updates: 1 });
  expect(await ask("auditor", "GET", "/v1/patterns")).toEqual(analysis);
  const [pattern] = analysis["patterns"] as { id: string }[];
  const shown = await ask("auditor", "GET", `/v1/patterns/${pattern?.id}`);
  expect(shown).toMatchObject({ decisions: 4, alertCount: 4, windows: [{ window: "1d" }, {}, {}, { window: "90d" }] });
  expect(await ask("author", "POST", "/v1/proposals", { pattern: pattern?.id })).toMatchObject({ id: "proposal-1" });
  expect(await ask("operator", "GET", "/v1/proposals")).toMatchObject({ proposals: [{ state: "open" }] });
  expect(await ask("operator", "GET", "/v1/proposals/proposal-1")).toMatchObject({ state: "open" });
  expect(await ask("approver", "POST", "/v1/proposals/proposal-1/accept", {})).toMatchObject({
    proposal: { state: "accepted" },
    draft: { status: "draft", parent: "v1.0" },
  });
  const order = "id: PO-1\ntests: [{name: t, maintenance: UV-DAILY}]\n";
  expect(await ask("author", "POST", "/v1/orders", order)).toMatchObject({ id: "PO-1", revision: 1 });
  expect(await ask("author", "POST", "/v1/orders", { text: order })).toMatchObject({ id: "PO-1", revision: 1 });
  expect(await ask("author", "POST", "/v1/orders/PO-1/close")).toMatchObject({ state: "closed" });
  expect(await ask("operator", "GET", "/v1/orders")).toMatchObject({ orders: [{ id: "PO-1" }] });
});

test("what an open proposal names stays, and goes when somebody decided; so does what patterns had not read", async () => {
  const { ask, tick, tidy } = await openRoutes();
  await ask("supervisor", "POST", "/v1/alerts/acknowledge", { ids: ["alert-1", "alert-3"], note: "seen" });
  tick(200 * DAY_MS);
  const change = { days: 100, records: null, reason: "as the manual says" };
  const nothing = { batches: 0, records: 0 };
  // Nobody asked for patterns yet.
  expect(await ask("admin", "PUT", "/v1/alerts/retention", change)).toMatchObject({ going: nothing });
  tick(-200 * DAY_MS);
  const analysis = await ask("author", "POST", "/v1/patterns/analysis", {});
  const [pattern] = analysis["patterns"] as { id: string }[];
  await ask("author", "POST", "/v1/proposals", { pattern: pattern?.id });
  tick(200 * DAY_MS);
  expect(await ask("operator", "GET", "/v1/alerts/retention")).toMatchObject({
    ...{ days: 100, records: null, set: { by: "P-1", reason: "as the manual says" }, going: nothing },
    held: { person: nothing, notice: nothing, proposal: { batches: 1, records: 2 } },
  });
  await tidy();
  expect(await ask("approver", "POST", "/v1/proposals/proposal-1/reject", { reason: "no" })).toMatchObject({});
  tick(DAY_MS);
  await tidy();
  expect(await ask("operator", "GET", "/v1/alerts/retention")).toMatchObject({
    ...{ removed: { batches: 1, records: 2, alerts: 2, incidents: 1 }, kept: { records: 2, first: "alert-3" } },
  });
  expect(await ask("operator", "GET", "/v1/alerts/metrics?since=2026-01-01T00:00:00Z")).toMatchObject({ removed: 1 });
  const { groups } = await ask("operator", "GET", "/v1/alerts");
  expect(groups).toMatchObject([
    { node: "LP-2", count: 2, removed: 0 },
    { node: "LP-1", count: 2, removed: 2 },
  ]);
});

describe("refusals", () => {
  const rows: readonly [roles: string, method: string, path: string, body: unknown, code: string][] = [
    ["", "GET", "/v1/alerts", undefined, "FORBIDDEN"],
    ["stranger", "GET", "/v1/orders", undefined, "FORBIDDEN"],
    ["author", "POST", "/v1/alerts/alert-1/acknowledge", { note: "x" }, "FORBIDDEN"],
    ["supervisor", "POST", "/v1/alerts/alert-1/acknowledge", { note: "x", by: "SUP-2" }, "BAD_REQUEST"],
    ["supervisor", "POST", "/v1/alerts/alert-1/acknowledge", {}, "BAD_REQUEST"],
    ["supervisor", "POST", "/v1/alerts/alert-1/acknowledge", "{", "BAD_REQUEST"],
    ["supervisor", "POST", "/v1/alerts/alert-99/acknowledge", { note: "x" }, "NOT_FOUND"],
    ["operator", "GET", "/v1/alerts?state=shut", undefined, "BAD_REQUEST"],
    ["operator", "GET", "/v1/alerts?limit=0", undefined, "BAD_REQUEST"],
    ["operator", "GET", "/v1/alerts?since=yesterday", undefined, "BAD_REQUEST"],
    ["operator", "GET", "/v1/alerts?contract=../x", undefined, "BAD_REQUEST"],
    ["operator", "GET", "/v1/alerts?colour=red", undefined, "BAD_REQUEST"],
    ["supervisor", "PUT", "/v1/alerts/retention", { days: 400, reason: "disk" }, "FORBIDDEN"],
    ["admin", "PUT", "/v1/alerts/retention", { days: 400 }, "BAD_REQUEST"],
    ["admin", "PUT", "/v1/alerts/retention", { days: 400, reason: " " }, "BAD_REQUEST"],
    ["admin", "PUT", "/v1/alerts/retention", { days: 0, reason: "disk" }, "BAD_REQUEST"],
    ["admin", "PUT", "/v1/alerts/retention", { records: 1.5, reason: "disk" }, "BAD_REQUEST"],
    ["admin", "PUT", "/v1/alerts/retention", { days: 400, reason: "x".repeat(1_001) }, "BAD_REQUEST"],
    ["operator", "GET", "/v1/patterns", undefined, "NOT_FOUND"],
    ["operator", "POST", "/v1/patterns/analysis", {}, "FORBIDDEN"],
    ["author", "POST", "/v1/patterns/analysis", { since: 5 }, "BAD_REQUEST"],
    ["author", "POST", "/v1/patterns/analysis", { since: "2020-01-01T00:00:00Z" }, "BAD_REQUEST"],
    ["author", "POST", "/v1/patterns/analysis", { windows: [] }, "BAD_REQUEST"],
    ["author", "POST", "/v1/patterns/analysis", { windows: ["a week"] }, "BAD_REQUEST"],
    ["author", "POST", "/v1/patterns/analysis", { windows: ["91d"] }, "BAD_REQUEST"],
    ["author", "POST", "/v1/patterns/analysis", { minAlerts: 0 }, "BAD_REQUEST"],
    ["author", "POST", "/v1/patterns/analysis", { minNodes: 1001 }, "BAD_REQUEST"],
    ["operator", "GET", "/v1/patterns/pattern-000000000000", undefined, "NOT_FOUND"],
    ["operator", "POST", "/v1/proposals", { pattern: "x" }, "FORBIDDEN"],
    ["author", "POST", "/v1/proposals", { pattern: "x" }, "NOT_FOUND"],
    ["QA", "POST", "/v1/proposals/proposal-1/accept", {}, "FORBIDDEN"],
    ["admin", "POST", "/v1/proposals/proposal-1/reject", { reason: "x" }, "FORBIDDEN"],
    ["author", "POST", "/v1/proposals/proposal-1/reject", {}, "BAD_REQUEST"],
    ["author", "GET", "/v1/proposals/proposal-1", undefined, "NOT_FOUND"],
    ["operator", "POST", "/v1/orders", { text: "id: PO-1" }, "FORBIDDEN"],
    ["author", "POST", "/v1/orders", "null", "BAD_REQUEST"],
    ["author", "POST", "/v1/orders", `# ${"x".repeat(300_000)}`, "TOO_LARGE"],
    ["author", "POST", "/v1/orders/PO-1/close", undefined, "NOT_FOUND"],
  ];
  test.each(rows)("%s %s %s", async (roles, method, path, body, code) => {
    const { ask } = await openRoutes();
    expect(await ask(roles, method, path, body)).toEqual({ refused: code });
  });
});
