import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { MAX_HTTP_BODY_BYTES } from "../../src/model/limits.ts";
import { contractText, type HubBench, hubBench } from "./hub-fixture.ts";

let bench: HubBench;
let tokens: { readonly [who: string]: string };
beforeAll(async () => {
  bench = await hubBench();
  const { token } = (await bench.admin().post("/v1/people", { id: "STF-1", roles: ["operator"] })) as { token: string };
  tokens = {
    admin: readTokenFile(join(bench.keys, "admin.token")),
    operator: token,
    stranger: `STF-9:${"x".repeat(43)}`,
  };
});
afterAll(() => bench.close());

interface Asked {
  readonly what: string;
  readonly method?: string;
  readonly path: string;
  readonly body?: string | object;
  readonly who?: string | null;
  readonly host?: string;
  readonly status: number;
  readonly says?: RegExp;
}

/** Over a plain socket: `fetch` would not let a test name another host. */
function ask({ method = "GET", path, body, who = "admin", host }: Asked): Promise<{ status: number; text: string }> {
  const content = typeof body === "object" ? JSON.stringify(body) : (body ?? "");
  const headers = {
    ...(who === null ? {} : { authorization: `Bearer ${tokens[who] ?? who}` }),
    ...(host === undefined ? {} : { host }),
    ...(content === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(content) }),
  };
  return new Promise((resolve, reject) => {
    const asking = request(new URL(path, bench.hub().url), { method, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.on("error", reject);
    asking.end(content);
  });
}

const post = (path: string, body: string | object): Pick<Asked, "method" | "path" | "body"> => ({
  method: "POST",
  path,
  body,
});
const station = { id: "LP-01", type: "penetrant" };
const register = { station, plantZone: "America/Chicago" };
const table: readonly Asked[] = [
  { what: "health asks nobody", path: "/v1/health", who: null, status: 200 },
  { what: "no token", path: "/v1/contracts", who: null, status: 401 },
  { what: "a stranger's token", path: "/v1/contracts", who: "stranger", status: 401 },
  { what: "a token of no form", path: "/v1/contracts", who: "admin", status: 200 },
  { what: "half a token", path: "/v1/contracts", who: "admin:short", status: 401 },
  { what: "an unknown path", path: "/v1/nowhere", status: 404 },
  { what: "another name for this machine", path: "/v1/health", host: "evil.example", status: 400 },
  { what: "an operator who reads", path: "/v1/contracts", who: "operator", status: 200 },
  { what: "an operator who writes a contract", ...post("/v1/contracts", {}), who: "operator", status: 403 },
  {
    what: "an operator who adds people",
    ...post("/v1/people", { id: "X", roles: ["admin"] }),
    who: "operator",
    status: 403,
  },
  { what: "an operator who registers a station", ...post("/v1/nodes", register), who: "operator", status: 403 },
  { what: "an empty body", ...post("/v1/contracts", ""), status: 400, says: /empty/ },
  { what: "no JSON", ...post("/v1/contracts", "{"), status: 400 },
  { what: "a doubled key", ...post("/v1/people", '{"id":"A","id":"B","roles":["QA"]}'), status: 400 },
  { what: "a prototype", ...post("/v1/people", '{"__proto__":{},"id":"A","roles":["QA"]}'), status: 400 },
  { what: "deep nesting", ...post("/v1/people", "[".repeat(100_000)), status: 400 },
  { what: "a field too many", ...post("/v1/people", { id: "A", roles: ["QA"], by: "B" }), status: 400 },
  { what: "a body too large", ...post("/v1/contracts", "x".repeat(MAX_HTTP_BODY_BYTES + 1)), status: 413 },
  {
    what: "a text without a contract",
    ...post("/v1/contracts", { text: "// none", domain: "penetrant" }),
    status: 400,
    says: /no contract/,
  },
  {
    what: "two contracts in one text",
    ...post("/v1/contracts", { text: contractText("A", 5) + contractText("B", 5), domain: "penetrant" }),
    status: 400,
  },
  {
    what: "a domain that leaves its folder",
    ...post("/v1/contracts", { text: contractText("A", 5), domain: "../up" }),
    status: 400,
  },
  {
    what: "the metadata's own folder",
    ...post("/v1/contracts", { text: contractText("A", 5), domain: "metadata" }),
    status: 400,
  },
  { what: "an unknown contract", path: "/v1/contracts/NONE", status: 404 },
  { what: "a contract id that is a path", path: "/v1/contracts/..%2F..%2Fetc", status: 404 },
  { what: "no version", path: "/v1/contracts/NONE?version=1", status: 400 },
  { what: "deployments of nothing", path: "/v1/deployments", status: 400 },
  {
    what: "a deployment of what is not stored",
    ...post("/v1/deployments", { contract: "NONE", version: "v1.0" }),
    status: 404,
  },
  { what: "a release of nothing", ...post("/v1/releases", { contract: "NONE" }), status: 400 },
  { what: "an unknown role letter", ...post("/v1/people", { id: "A", roles: ["QA!"] }), status: 400 },
  { what: "a person's id that is a path", ...post("/v1/people", { id: "../a", roles: ["QA"] }), status: 400 },
  { what: "a known person again", ...post("/v1/people", { id: "STF-1", roles: ["QA"] }), status: 409 },
  {
    what: "an unknown zone",
    ...post("/v1/nodes", { station, plantZone: "Mars/Olympus" }),
    status: 400,
    says: /plantZone/,
  },
  {
    what: "a role without its asset",
    ...post("/v1/nodes", { ...register, roles: { lamp: "L1" } }),
    status: 400,
    says: /L1/,
  },
  {
    what: "a station id that is a path",
    ...post("/v1/nodes", { ...register, station: { ...station, id: "../x" } }),
    status: 400,
  },
  {
    what: "a register of an unknown node",
    method: "PUT",
    path: "/v1/nodes/LP-99/register",
    body: register,
    status: 404,
  },
  { what: "a ledger page that is too long", path: "/v1/ledger?limit=100000", status: 400 },
  { what: "a ledger that is read", path: "/v1/ledger/verify", status: 200 },
  { what: "PolicyCentral verified", path: "/v1/releases/verify", status: 200, says: /"ok":true/ },
  { what: "an alert that is not there", ...post("/v1/alerts/alert-1/acknowledge", { note: "seen" }), status: 404 },
  { what: "an enrolment without a token", ...post("/v1/enrol", { node: "LP-01" }), who: null, status: 400 },
];
test.each(table)("$what is $status", async (asked) => {
  const { status, text } = await ask(asked);
  expect({ status, text: status < 400 ? "" : text }).toMatchObject({ status: asked.status });
  if (asked.says !== undefined) expect(text).toMatch(asked.says);
  if (status < 400) return;
  const { error } = JSON.parse(text) as { error: { code: string; message: string } };
  expect(error.code).toMatch(/^MAINT_ERR_/);
  expect(error.message).not.toMatch(/\n|at .*\.ts:/);
});

test("after all this the ledger holds and nothing was made", async () => {
  expect(bench.hub().services.ledger.verify().finding).toBeNull();
  expect(await bench.hub().services.contracts.list()).toEqual([]);
});

test("a draft that is there is not replaced", async () => {
  const body = { text: contractText("UV-X", 1000), domain: "penetrant" };
  expect(await ask({ what: "", ...post("/v1/contracts", body), status: 201 })).toMatchObject({ status: 201 });
  expect(await ask({ what: "", ...post("/v1/contracts", body), status: 409 })).toMatchObject({ status: 409 });
  const archived = await bench.admin().post("/v1/contracts/UV-X/archive", { reason: "wrong line" });
  expect(archived).toMatchObject({ status: "archived", version: null });
  expect(await ask({ what: "", ...post("/v1/contracts", body), status: 201 })).toMatchObject({ status: 201 });
});
