import { readFileSync, writeFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseInstant } from "../../src/base/civil-time.ts";
import { retireContract, storeRelease } from "../../src/cli/store-release.ts";
import { makeSigningKey } from "../../src/disk/key-file.ts";
import { openApiDocument } from "../../src/hub/http/openapi.ts";
import { hubApp } from "../../src/hub/http/server.ts";
import { batchOf, ledgerOf } from "./archive/written-ledger.ts";
import { alertOf, contractText, EPOCH, type HubBench, hubBench, scriptedNode, until } from "./hub-fixture.ts";
import { decisionWith } from "./impact/impact-fixture.ts";

type Plain = { readonly [key: string]: unknown };
interface Operation {
  readonly operationId: string;
  readonly "x-roles"?: readonly string[];
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: { readonly [status: string]: { readonly content: Content } };
}
type Content = { readonly [type: string]: { readonly schema: object } | undefined };
interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: { readonly schemas: Plain };
}

const FILE = "docs/hub-openapi.json";
/** `UPDATE=1 vitest run test/hub/openapi.test.ts` rewrites the file; `biome check --write docs` then formats it. */
const isUpdating = process.env["UPDATE"] === "1";

/** The same schema, in which no object may have a member that it does not name. */
function closed<T>(node: T): T {
  if (Array.isArray(node)) return node.map(closed) as T;
  if (typeof node !== "object" || node === null) return node;
  const members = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value)]));
  const isOpen = members["type"] === "object" && members["properties"] !== undefined;
  return (
    isOpen && members["additionalProperties"] === undefined ? { ...members, additionalProperties: false } : members
  ) as T;
}

function checkerOf(document: Document) {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
  ajv.addFormat("date-time", (text: string) => parseInstant(text) !== undefined);
  const local = <T>(node: T): T =>
    JSON.parse(JSON.stringify(node).replaceAll('"#/components/schemas/', '"#/$defs/')) as T;
  const $defs = local(closed(document.components.schemas));
  const compiled = new Map<object, ValidateFunction>();
  /** What is wrong with the value, null where it fits the schema. */
  return (value: unknown, schema: object): string | null => {
    const validate = compiled.get(schema) ?? ajv.compile({ ...local(closed(schema)), $defs });
    compiled.set(schema, validate);
    return validate(value) ? null : `${JSON.stringify(validate.errors)} ${JSON.stringify(value).slice(0, 400)}`;
  };
}

let bench: HubBench;
let app: ReturnType<typeof hubApp>;
let document: Document;
let check: ReturnType<typeof checkerOf>;
let token: string;
beforeAll(async () => {
  bench = await hubBench();
  const person = { id: "ALL-1", roles: ["author", "approver", "QA", "admin", "operator"] };
  ({ token } = (await bench.admin().post("/v1/people", person)) as { readonly token: string });
  app = hubApp({ services: bench.hub().services, host: "127.0.0.1", failed: (error) => expect.fail(String(error)) });
  document = (await bench.admin().get("/v1/openapi.json")) as Document;
  check = checkerOf(document);
});
afterAll(() => bench.close());

const operations = (): readonly (readonly [string, Operation])[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, one]) => [`${method.toUpperCase()} ${path}`, one] as const),
  );

test("the published document is what the hub says of itself", () => {
  if (isUpdating) writeFileSync(FILE, `${JSON.stringify(document, null, 2)}\n`);
  expect(document, "stale: UPDATE=1 vitest run test/hub/openapi.test.ts").toEqual(
    JSON.parse(readFileSync(FILE, "utf8")),
  );
});

test("every route is described, once, with who may, and every name in it leads somewhere", () => {
  const served = app.routes.filter(({ method }) => method !== "ALL");
  const routes = served.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  expect(
    operations()
      .map(([route]) => route)
      .sort(),
  ).toEqual([...new Set(routes)].sort());
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const open = operations().flatMap(([route, one]) => (one["x-roles"] === undefined ? [route] : []));
  expect(open.sort()).toEqual(["GET /v1/health", "POST /v1/enrol", "POST /v1/enrol/fleet"]);
  const named = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect([...new Set(named)].sort()).toEqual(Object.keys(document.components.schemas).sort());
});

test("what a route takes in its query, and that a release may wait, is said", () => {
  const asked = (path: string) => document.paths[path]?.["get"]?.parameters?.map(({ name }) => name);
  expect(asked("/v1/contracts/{id}")).toEqual(["id", "version"]);
  expect(asked("/v1/why-not/{node}")).toEqual(["node", "contract"]);
  expect(Object.keys(document.paths["/v1/releases"]?.["post"]?.responses ?? {})).toEqual(["201", "202", "4XX", "5XX"]);
});

test("a route that nobody described is seen", () => {
  const more = openApiDocument([...app.routes, { method: "GET", path: "/v1/later", handler: () => undefined }]);
  expect(more["paths"]).not.toHaveProperty("/v1/later");
});

const seen = new Set<string>();
const pathFor = (path: string): string => {
  const [place = ""] = path.split("?");
  if (document.paths[place] !== undefined) return place;
  const fits = (known: string): boolean => new RegExp(`^${known.replace(/\{\w+\}/g, "[^/]+")}$`).test(place);
  return Object.keys(document.paths).find(fits) ?? expect.fail(`${place} is not described`);
};

/** Asks, and holds question and answer against the document. */
async function fits(method: string, path: string, body?: unknown, status?: number): Promise<Plain> {
  const response = await app.request(`http://127.0.0.1${path}`, {
    method,
    headers: { host: "127.0.0.1", authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const route = pathFor(path);
  const operation = document.paths[route]?.[method.toLowerCase()] ?? expect.fail(`${method} ${route} is not described`);
  const answer = (await response.json()) as Plain;
  const said = `${method} ${path} ${response.status} ${JSON.stringify(answer).slice(0, 300)}`;
  if (status === undefined) expect(response.status, said).toBeLessThan(300);
  else expect(response.status, said).toBe(status);
  const kind = response.status < 300 ? Object.keys(operation.responses)[0] : `${String(response.status)[0]}XX`;
  const schema = operation.responses[kind ?? ""]?.content["application/json"]?.schema ?? expect.fail(said);
  expect(check(answer, schema), said).toBeNull();
  const asked = operation.requestBody?.content["application/json"]?.schema;
  if (response.status < 300) {
    seen.add(`${method} ${route}`);
    if (asked !== undefined) expect(check(body, asked), `the body of ${method} ${route}`).toBeNull();
  }
  return answer;
}

async function floorOf(): Promise<void> {
  await fits("GET", "/v1/health");
  await fits("GET", "/v1/openapi.json");
  const register = { station: { id: "LP-01", type: "penetrant" }, plantZone: "UTC" };
  const { token: once } = await fits("POST", "/v1/nodes", register);
  const key = makeSigningKey();
  await fits("POST", "/v1/enrol", { token: once, node: "LP-01", publicKey: key.publicHex });
  const many = ["LP-02", "LP-03"].map((id) => ({ ...register, station: { id, type: "penetrant" } }));
  const { nodes } = (await fits("POST", "/v1/nodes/fleet", { registers: many })) as {
    readonly nodes: readonly { readonly id: string; readonly token: string }[];
  };
  const enrolled = nodes.map(({ id, token: one }) => ({ token: one, node: id, publicKey: makeSigningKey().publicHex }));
  await fits("POST", "/v1/enrol/fleet", { nodes: enrolled });
  await fits("PUT", "/v1/nodes/LP-01/register", { ...register, shifts: ["06:00"] });
  await bench.hub().services.rollout.refresh();
  const node = scriptedNode(bench.hub().url, "LP-01", key);
  await node.hello();
  const { desired } = await node.next("desired");
  node.report(desired, 1);
  const lapses = { code: "calibration.overdue", subject: "LM-1", severity: "reason", fromMs: Date.now(), from: "now" };
  const due = [{ ...lapses, holdsAlready: true, text: "LM-1", contract: null, condition: null, toDo: null, who: null }];
  const tests = [{ kind: null, allow: false, reasons: ["a.b:c"], warnings: [], toDo: "do it" }];
  node.send("standing", { atMs: Date.now(), operator: null, tests, due });
  node.send("alert", { epoch: EPOCH, alerts: [alertOf("LP-01", 1)] });
  await node.next("ack");
  await until(
    () => bench.hub().services.standing.list(),
    ({ standing }) => standing.length === 1,
  );
  for (const path of [
    "status",
    "status?blocked=true&limit=1",
    "nodes",
    "standing?blocked=true",
    "due",
    "people",
    "people/me",
  ])
    await fits("GET", `/v1/${path}`);
  await fits("GET", "/v1/nodes/LP-01/package");
  await fits("POST", "/v1/nodes/LP-03/revoke", { reason: "its disk was sold" });
  await bench.hub().services.nodes.quarantine("LP-02", "two sessions");
  await fits("POST", "/v1/nodes/LP-02/release", { reason: "looked at" });
  node.end();
}

async function releases(): Promise<void> {
  const hub = bench.admin();
  await fits("POST", "/v1/contracts", { text: contractText("UV-1", 1000), domain: "penetrant" });
  await fits("POST", "/v1/contracts/UV-1/validate", {});
  await storeRelease({ hub, contract: "UV-1", keys: bench.keys, rollout: { held: true } });
  await fits("POST", "/v1/rollouts/plan", { contract: "UV-1", version: "v1.0", policy: { waves: ["1", "100%"] } });
  await fits("POST", "/v1/rollouts", { contract: "UV-1", version: "v1.0" });
  await fits("GET", "/v1/rollouts");
  await fits("POST", "/v1/rollouts/UV-1/v1.0", { kind: "pause", reason: "lunch" });
  await fits("GET", "/v1/rollouts/UV-1/v1.0");
  await fits("GET", "/v1/rollouts/UV-1/v1.0/shadow");
  await fits("PUT", "/v1/rollouts/defaults/penetrant", { soakMs: 0 });
  await fits("GET", "/v1/rollouts/defaults/penetrant");
  await fits("PUT", "/v1/releases/budgets/penetrant", { budget: 0.01, reason: "in series" });
  await fits("GET", "/v1/releases/budgets/penetrant");
  await fits("POST", "/v1/deployments", { contract: "UV-1", version: "v1.0" });
  for (const path of [
    "deployments?contract=UV-1&limit=1",
    "why-not/LP-01",
    "contracts",
    "contracts/UV-1",
    "contracts/UV-1/history",
    "proposals/effects?contract=UV-1",
    "proposals/study/UV-1",
  ])
    await fits("GET", `/v1/${path}`);
  for (const path of ["releases", "releases/metadata", "releases/verify"]) await fits("GET", `/v1/${path}`);
  const [{ digest } = { digest: "" }] = bench.hub().services.policy.releases();
  await fits("GET", `/v1/releases/blobs/${digest}`);
  // A lower limit loosens, and waits for somebody else.
  await hub.post("/v1/contracts", { text: contractText("UV-1", 900), domain: "penetrant" });
  await hub.post("/v1/contracts/UV-1/validate", {});
  expect(await storeRelease({ hub, contract: "UV-1", keys: bench.keys })).toMatchObject({ published: false });
  await fits("GET", "/v1/releases/staged");
  await fits("GET", "/v1/releases/staged/UV-1");
  await fits("POST", "/v1/releases/staged/UV-1/withdraw", { reason: "not now" });
  await fits("POST", "/v1/contracts/UV-1/archive", { reason: "turned down" });
  await retireContract({ hub, contract: "UV-1", version: "v1.0", reason: "line closed", keys: bench.keys });
}

async function feedback(): Promise<void> {
  const { alerts } = (await fits("GET", "/v1/alerts?limit=5")) as {
    readonly alerts: readonly { readonly id: string }[];
  };
  const [first] = alerts;
  for (const path of ["tail?after=alert-0", "metrics", "verify", "retention", "outbox", `${first?.id}`])
    await fits("GET", `/v1/alerts/${path}`);
  await fits("POST", `/v1/alerts/${first?.id}/acknowledge`, { note: "lamp ordered" });
  await fits("PUT", "/v1/alerts/retention", { days: 400, records: null, reason: "the disk is small" });
  await fits("POST", "/v1/alerts/acknowledge", { ids: [first?.id], note: "twice" }, 409);
  await fits("POST", "/v1/alerts/outbox/retry", { ids: "all" });
  await fits("POST", "/v1/alerts/trial", { to: "supervisor" });
  await fits("POST", "/v1/patterns/analysis", {});
  await fits("GET", "/v1/patterns");
  for (const path of ["replays", "proposals", "ledger?limit=100&newest=1", "ledger/verify", "orders"])
    await fits("GET", `/v1/${path}`);
  for (const path of ["archive", "archive/entries", "archive/decisions"]) await fits("GET", `/v1/${path}`);
  for (const path of ["entry?seq=0", "checkpoint", "proof?seq=0&size=2", "consistency?from=1&to=2"])
    await fits("GET", `/v1/ledger/${path}`);
  const tests = [{ name: "T-1", maintenance: "UV-1", maintenance_conditions: [] }];
  await fits("POST", "/v1/orders", { text: JSON.stringify({ id: "PO-1", revision: 1, tests }) });
  await fits("POST", "/v1/orders/PO-1/close");
  await fits("GET", "/v1/orders/PO-1");
}

async function archived(): Promise<void> {
  const ledger = ledgerOf("LP-01", [decisionWith("LP-01", "LM-1", "P-1")]);
  bench.hub().services.archive.append([batchOf(ledger, 0)]);
  await fits("GET", "/v1/archive/entries/LP-01/0");
  await fits("PUT", "/v1/archive/retention", { node: "LP-01", days: 3650, entries: null });
  await fits("POST", "/v1/impacts", { asset: "LM-1", since: "2026-01-01T00:00:00Z", note: "dropped" });
  await fits("POST", "/v1/impacts/impact-1/dispositions", { items: ["part:P-1"], disposition: "retest", note: "soon" });
  await fits("POST", "/v1/impacts/impact-1/close", { note: "tested again" });
  await fits("GET", "/v1/impacts/impact-1?limit=5");
  await fits("GET", "/v1/impacts");
}

test("question and answer of the routes fit what the document says of them", async () => {
  await floorOf();
  await releases();
  await feedback();
  await archived();
  await fits("POST", "/v1/people", { id: "STF-7", roles: ["operator"] });
  await fits("GET", "/v1/contracts/NONE", undefined, 404);
  await fits("POST", "/v1/people", { id: 7 }, 400);
  await fits("POST", "/v1/releases/staged/NONE/withdraw", { reason: "x" }, 404);
  const unseen = operations().flatMap(([route]) => (seen.has(route) ? [] : [route]));
  // What needs a second person's key, an archive, a witness or a pattern: other tests go that way.
  expect(unseen.sort()).toEqual([
    "DELETE /v1/replays/{id}",
    "GET /v1/ledger/cosigned",
    "GET /v1/patterns/{id}",
    "GET /v1/proposals/{id}",
    "GET /v1/proposals/{id}/effect",
    "GET /v1/replays/{id}",
    "POST /v1/alerts/acknowledge",
    "POST /v1/contracts/{id}/retire",
    "POST /v1/proposals",
    "POST /v1/proposals/{id}/accept",
    "POST /v1/proposals/{id}/edit",
    "POST /v1/proposals/{id}/reject",
    "POST /v1/releases",
    "POST /v1/releases/renew",
    "POST /v1/releases/staged/{contract}/approve",
    "POST /v1/releases/staged/{contract}/publish",
    "POST /v1/replays",
    "POST /v1/reports/audit",
  ]);
});

test("what does not fit is seen", async () => {
  const schema = document.paths["/v1/status"]?.["get"]?.responses["200"]?.content["application/json"]?.schema ?? {};
  const status = (await bench.admin().get("/v1/status")) as Plain;
  expect(check(status, schema)).toBeNull();
  const { counts: _, ...without } = status;
  for (const broken of [without, { ...status, more: 1 }, { ...status, next: 7 }, { ...status, stations: [{}] }])
    expect(check(broken, schema)).not.toBeNull();
});
