import { afterAll, beforeAll, expect, test } from "vitest";
import { routeDocs } from "../../src/hub/http/openapi.ts";
import { hubApp } from "../../src/hub/http/server.ts";
import { PERSON_ROLES } from "../../src/model/documents.ts";
import { type HubBench, hubBench } from "./hub-fixture.ts";

// Every route there is, asked without a token and with a token of every role. A route that is not in the table fails.

const ALL = "author approver operator QA supervisor auditor admin";
const OPEN = ["GET /v1/health", "POST /v1/enrol", "POST /v1/enrol/fleet"];
/** Who may. */
const GUARDED: { readonly [route: string]: string } = {
  "GET /v1/contracts": ALL,
  "GET /v1/contracts/:id": ALL,
  "GET /v1/contracts/:id/history": ALL,
  "POST /v1/contracts": "author approver",
  "POST /v1/contracts/:id/validate": "author approver",
  "POST /v1/contracts/:id/retire": "author approver admin",
  "POST /v1/contracts/:id/archive": "author approver admin",
  "GET /v1/releases": ALL,
  "GET /v1/releases/metadata": ALL,
  "GET /v1/releases/verify": ALL,
  "POST /v1/releases": "author approver",
  "POST /v1/releases/renew": "author approver",
  "GET /v1/releases/budgets/:domain": ALL,
  "PUT /v1/releases/budgets/:domain": "approver admin",
  "GET /v1/releases/blobs/:digest": "admin",
  "GET /v1/releases/staged": ALL,
  "GET /v1/releases/staged/:contract": ALL,
  "POST /v1/releases/staged/:contract/approve": "approver",
  "POST /v1/releases/staged/:contract/publish": "author approver",
  "POST /v1/releases/staged/:contract/withdraw": "author approver",
  "GET /v1/deployments": ALL,
  "POST /v1/deployments": "author approver admin",
  "GET /v1/rollouts": ALL,
  "POST /v1/rollouts": "author approver admin",
  "POST /v1/rollouts/plan": ALL,
  "GET /v1/rollouts/defaults/:domain": ALL,
  "PUT /v1/rollouts/defaults/:domain": "approver admin",
  "GET /v1/rollouts/:contract/:version": ALL,
  "GET /v1/rollouts/:contract/:version/shadow": ALL,
  "POST /v1/rollouts/:contract/:version": "author approver admin",
  "GET /v1/why-not/:node": ALL,
  "GET /v1/nodes": ALL,
  "POST /v1/nodes": "admin",
  "POST /v1/nodes/fleet": "admin",
  "POST /v1/nodes/:id/revoke": "admin",
  "POST /v1/nodes/:id/release": "admin",
  "GET /v1/nodes/:id/package": "admin",
  "PUT /v1/nodes/:id/register": "admin",
  "GET /v1/standing": ALL,
  "GET /v1/status": ALL,
  "GET /v1/openapi.json": ALL,
  "GET /v1/due": ALL,
  "GET /v1/people": "admin",
  "POST /v1/people": "admin",
  "GET /v1/people/me": ALL,
  "GET /v1/ledger": "auditor admin QA approver author",
  "GET /v1/ledger/entry": "auditor admin QA approver author",
  "GET /v1/ledger/proof": "auditor admin QA approver author",
  "GET /v1/ledger/consistency": "auditor admin QA approver author",
  "GET /v1/ledger/checkpoint": "auditor admin QA approver author",
  "GET /v1/ledger/cosigned": "auditor admin QA approver author",
  "GET /v1/ledger/verify": "auditor admin QA approver author",
  "GET /v1/archive": "auditor admin QA approver author",
  "GET /v1/archive/entries": "auditor admin QA approver author",
  "GET /v1/archive/entries/:node/:seq": "auditor admin QA approver author",
  "GET /v1/archive/decisions": "auditor admin QA approver author",
  "PUT /v1/archive/retention": "admin",
  "POST /v1/reports/audit": "auditor QA admin approver",
  "GET /v1/alerts": ALL,
  "GET /v1/alerts/tail": ALL,
  "GET /v1/alerts/metrics": ALL,
  "GET /v1/alerts/verify": "auditor QA admin",
  "GET /v1/alerts/retention": ALL,
  "PUT /v1/alerts/retention": "admin",
  "GET /v1/alerts/:id": ALL,
  "POST /v1/alerts/acknowledge": "operator QA supervisor admin",
  "GET /v1/alerts/outbox": "QA supervisor auditor admin",
  "POST /v1/alerts/outbox/retry": "supervisor admin",
  "POST /v1/alerts/trial": "supervisor admin",
  "POST /v1/alerts/:id/acknowledge": "operator QA supervisor admin",
  "GET /v1/patterns": ALL,
  "GET /v1/patterns/:id": ALL,
  "POST /v1/patterns/analysis": "author approver QA supervisor admin",
  "GET /v1/proposals": ALL,
  "GET /v1/proposals/:id": ALL,
  "GET /v1/proposals/:id/effect": ALL,
  "GET /v1/proposals/effects": ALL,
  "GET /v1/proposals/study/:contract": ALL,
  "POST /v1/proposals/:id/edit": "author approver",
  "POST /v1/proposals": "author approver QA",
  "POST /v1/proposals/:id/accept": "author approver",
  "POST /v1/proposals/:id/reject": "author approver",
  "GET /v1/replays": ALL,
  "POST /v1/replays": "author approver QA admin",
  "GET /v1/replays/:id": ALL,
  "DELETE /v1/replays/:id": "author approver QA admin",
  "GET /v1/impacts": ALL,
  "GET /v1/impacts/:id": ALL,
  "POST /v1/impacts": "QA author approver",
  "POST /v1/impacts/:id/dispositions": "QA author approver",
  "POST /v1/impacts/:id/close": "QA author approver",
  "GET /v1/orders": ALL,
  "GET /v1/orders/:id": ALL,
  "POST /v1/orders": "author QA supervisor admin",
  "POST /v1/orders/:id/close": "author QA supervisor admin",
};

let bench: HubBench;
let app: ReturnType<typeof hubApp>;
const tokens = new Map<string, string>();
beforeAll(async () => {
  bench = await hubBench();
  for (const role of PERSON_ROLES) {
    const made = (await bench.admin().post("/v1/people", { id: `P-${role}`, roles: [role] })) as { token: string };
    tokens.set(role, made.token);
  }
  app = hubApp({ services: bench.hub().services, host: "127.0.0.1", failed: (error) => expect.fail(String(error)) });
});
afterAll(() => bench.close());

const ask = async (route: string, token: string | undefined) => {
  const [method = "", path = ""] = route.split(" ");
  const place = path.replace(/:\w+/g, "NOBODY");
  const headers = { host: "127.0.0.1", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const response = await app.request(`http://127.0.0.1${place}`, {
    method,
    headers,
    ...(method === "GET" ? {} : { body: "{}" }),
  });
  return response.status;
};

test("the table names every route that the hub serves, and no other; each is described as well", () => {
  const served = app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`);
  const routes = [...new Set(served)].sort();
  expect(routes).toEqual([...OPEN, ...Object.keys(GUARDED)].sort());
  expect(
    Object.keys(routeDocs).sort(),
    "src/hub/http/described/, then UPDATE=1 vitest run test/hub/openapi.test.ts",
  ).toEqual(routes);
});

test("without a token nothing but health and enrolment answers, nor with one that is nobody's", async () => {
  for (const route of Object.keys(GUARDED)) {
    expect(await ask(route, undefined), route).toBe(401);
    expect(await ask(route, `P-admin:${"x".repeat(43)}`), route).toBe(401);
  }
  for (const route of OPEN) expect(await ask(route, undefined), route).not.toBe(401);
});

for (const [route, allowed] of Object.entries(GUARDED))
  test(`${route}: ${allowed === ALL ? "everybody the hub knows" : allowed}`, async () => {
    const through: string[] = [];
    for (const role of PERSON_ROLES) if ((await ask(route, tokens.get(role))) !== 403) through.push(role);
    expect(through.sort()).toEqual(allowed.split(" ").sort());
  });
