import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubApp } from "../../src/hub/http/server.ts";
import { MAX_HTTP_BODY_BYTES } from "../../src/model/limits.ts";
import { contractText, type HubBench, hubBench } from "./hub-fixture.ts";

// What may stand in a request that no client of ours would make. The hub answers each with JSON and a code, and goes on.

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: object;
}
interface Answer {
  readonly status: number;
  readonly error?: { readonly code: string; readonly message: string; readonly help: string | null };
}

let bench: HubBench;
let app: ReturnType<typeof hubApp>;
let token: string;
let routes: readonly { readonly method: string; readonly path: string; readonly operation: Operation }[];
const failures: unknown[] = [];
beforeAll(async () => {
  bench = await hubBench();
  const roles = ["author", "approver", "QA", "admin", "operator", "supervisor", "auditor"];
  ({ token } = (await bench.admin().post("/v1/people", { id: "ALL-1", roles })) as { readonly token: string });
  app = hubApp({ services: bench.hub().services, host: "127.0.0.1", failed: (error) => failures.push(error) });
  await bench.admin().post("/v1/contracts", { text: contractText("UV-1", 1000), domain: "penetrant" });
  const { paths } = (await bench.admin().get("/v1/openapi.json")) as {
    readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  };
  routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
});
afterAll(() => bench.close());

async function ask(
  method: string,
  place: string,
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream,
): Promise<Answer> {
  const response = await app.request(`http://127.0.0.1${place}`, {
    ...{ method, headers: { host: "127.0.0.1", authorization: `Bearer ${token}` } },
    ...(body === undefined ? {} : { body, duplex: "half" }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

/** Refused or answered, and never by a mistake of ours. */
function isHonest(answer: Answer, said: string): void {
  expect(failures.splice(0), said).toEqual([]);
  expect(answer.status, said).toBeLessThan(500);
  if (answer.status < 400) return;
  expect(answer.error?.code, said).toMatch(/^MAINT_ERR_[A-Z_]+$/);
  expect(`${answer.error?.message} ${answer.error?.help}`, said).not.toMatch(/\n {4}at |\.ts:\d/);
}

const HOSTILE = [
  ...["%20", "0", "-1", "1e309", "NaN", "Infinity", "1.5", "9007199254740993", "99999999999999999999"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "%2e%2e",
    "%2e%2e%2fhub",
    "%00",
    "%FF",
    "%ED%A0%80",
    "%",
  ],
  ...["a".repeat(5_000), "alert-0", "alert-9007199254740993", "impact-1e9", "v99999999999999999999.1"],
  ...["2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59%2B14:00", "2026-01-01T00:00:00.0000005Z"],
];

describe.each(HOSTILE)("%.40s", (hostile) => {
  test("in every place of every path", async () => {
    for (const { method, path } of routes) {
      if (!path.includes("{")) continue;
      const place = path.replace(/\{\w+\}/g, hostile);
      isHonest(await ask(method, place, method === "GET" ? undefined : "{}"), `${method} ${place}`);
    }
  });

  test("in every parameter of every query", async () => {
    for (const { method, path, operation } of routes)
      for (const { name } of operation.parameters?.filter((one) => one.in === "query") ?? []) {
        const place = `${path.replace(/\{\w+\}/g, "UV-1")}?${name}=${hostile}`;
        isHonest(await ask(method, place), `${method} ${place}`);
      }
  });
});

test("a parameter that is given twice is refused, on every route with a query", async () => {
  let asked = 0;
  for (const { method, path, operation } of routes)
    for (const { name } of operation.parameters?.filter((one) => one.in === "query") ?? []) {
      const place = `${path.replace(/\{\w+\}/g, "UV-1")}?${name}=1&${name}=2`;
      expect(await ask(method, place), place).toMatchObject({
        status: 400,
        error: { message: `?${name}= is given twice` },
      });
      asked += 1;
    }
  expect(asked).toBeGreaterThan(40);
  expect(await ask("GET", "/v1/nodes?__proto__=1")).toMatchObject({ status: 400 });
});

test("a parameter with nothing in it is not taken for a number", async () => {
  for (const place of [
    "/v1/due?days=",
    "/v1/archive/entries?from=",
    "/v1/alerts/tail?wait=",
    "/v1/impacts/impact-1?from=",
  ])
    expect(await ask("GET", place), place).toMatchObject({
      status: 400,
      error: { message: expect.stringMatching(/= is empty$/) },
    });
  expect(await ask("GET", "/v1/nodes?after=")).toMatchObject({ status: 200 });
});

const BODIES = [
  ...["", "null", "[]", "1e999", '{"a":1,"a":2}', '{"__proto__":{}}', "\u0000", "{", "[".repeat(1_000), '"\\ud800"'],
];
test.each(BODIES)("as a body of every route: %.20j", async (body) => {
  for (const { method, path, operation } of routes) {
    if (operation.requestBody === undefined) continue;
    const place = path.replace(/\{\w+\}/g, "UV-1");
    const answer = await ask(method, place, body);
    isHonest(answer, `${method} ${place}`);
    expect(answer.status, `${method} ${place}`).toBeGreaterThanOrEqual(400);
  }
});

const order = (name: string): string =>
  JSON.stringify({ id: "PO-9", revision: 1, tests: [{ name, maintenance: "UV-1", maintenance_conditions: [] }] });
test.each([
  ["a contract", "/v1/contracts", JSON.stringify({ text: "contract \ud800", domain: "penetrant" })],
  [
    "a change of one",
    "/v1/contracts",
    JSON.stringify({ text: contractText("UV-2", 1), domain: "d", changes: ["\udc00"] }),
  ],
  ["an order", "/v1/orders", JSON.stringify({ text: `${order("T-1")} # \ud800` })],
  ["an order that is the body", "/v1/orders", order("T-\ud800")],
])("half a letter in %s is the asker's to mend", async (_, place, body) => {
  const answer = await ask("POST", place, body);
  isHonest(answer, place);
  expect(answer).toMatchObject({ status: 400, error: { code: "MAINT_ERR_BAD_REQUEST" } });
});

test.each(["/v1/contracts", "/v1/orders"])("bytes that are no text are refused, not mended: %s", async (place) => {
  const bytes = Uint8Array.from(
    Buffer.concat([Buffer.from('{"text":"'), Buffer.of(0xff, 0xc3), Buffer.from('","domain":"d"}')]),
  );
  expect(await ask("POST", place, bytes)).toMatchObject({
    status: 400,
    error: { message: "the body is no UTF-8 text" },
  });
});

test("a body without a length is cut off where it grows too large", async () => {
  const chunk = new TextEncoder().encode("x".repeat(64 << 10));
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      sent += chunk.length;
      if (sent > 4 * MAX_HTTP_BODY_BYTES) controller.close();
      else controller.enqueue(chunk);
    },
  });
  expect(await ask("POST", "/v1/orders", body)).toMatchObject({ status: 413, error: { code: "MAINT_ERR_TOO_LARGE" } });
  expect(sent).toBeLessThan(2 * MAX_HTTP_BODY_BYTES);
  expect(failures.splice(0)).toEqual([]);
});

/** Everything that the hub says to a request line that no URL can be made of. */
function rawly(target: string, headers: readonly string[]): Promise<string> {
  const { hostname, port, host } = new URL(bench.hub().url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let heard = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      heard += text;
    });
    socket.on("end", () => resolve(heard));
    socket.on("error", reject);
    const close = headers.length === 0 ? ["Connection: close"] : headers;
    socket.write(`${[`GET ${target} HTTP/1.1`, `Host: ${host}`, ...close].join("\r\n")}\r\n\r\n`);
  });
}

describe.each(["//[", "//", "//a:99999", "http://[", "/\\\\", "*"])("AB-32: the target %s", (target) => {
  test("is refused to who wants to upgrade, known or not, and the hub goes on", async () => {
    const heard = await rawly(target, ["Connection: Upgrade", "Upgrade: websocket"]);
    expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await bench.admin().get("/v1/health")).toMatchObject({ ok: true });
  });

  test("is refused with JSON and a code", async () => {
    const heard = await rawly(target, []);
    expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(heard).toMatch(/"code":"MAINT_ERR_/);
  });
});
