import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Caller } from "../../src/agent/local-access.ts";
import { type LocalApi, openLocalApi, type Route } from "../../src/agent/local-api.ts";
import { MAX_HTTP_BODY_BYTES } from "../../src/model/limits.ts";

const operator: Caller = { id: "STF-1", person: true, roles: ["operator"], scopes: new Set(["gate", "status"]) };
const faults: unknown[] = [];
const routes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/health",
    scope: "open",
    handle: (_, caller) => ({ status: 200, body: { by: caller.id } }),
  },
  {
    method: "GET",
    path: "/v1/status",
    scope: "status",
    handle: (_, { id }, query) => ({ status: 200, body: { id, at: query.get("at") } }),
  },
  {
    method: "POST",
    path: "/v1/gate",
    scope: "gate",
    handle: (body) => ({ status: 200, body: [...body.keys()], text: "ALLOW" }),
  },
  { method: "POST", path: "/v1/evidence", scope: "record", handle: () => ({ status: 200, body: {} }) },
  {
    method: "GET",
    path: "/page",
    scope: "open",
    handle: () => ({
      status: 200,
      body: null,
      content: { type: "text/html", bytes: Buffer.from("<p>") },
      headers: { "x-frame-options": "DENY" },
    }),
  },
  {
    method: "GET",
    path: "/broken",
    scope: "status",
    handle: () => {
      throw new Error("planted");
    },
  },
];

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "api-"));
  closers.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function open(socket: string | null = join(folder(), "agent.sock")): Promise<LocalApi> {
  const api = await openLocalApi({
    ...{ port: 0, socket, routes, whyNobody: () => undefined },
    authenticate: (header) => (header === "Bearer good" ? operator : undefined),
    onFault: (error) => faults.push(error),
  });
  closers.push(api.close);
  return api;
}

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

/** Over the socket where `socket` is one, else over TCP. */
function ask(api: LocalApi, over: "tcp" | "socket", { method = "GET", path, headers = {}, body }: Sent) {
  const { port } = new URL(api.url);
  const where = over === "tcp" ? { host: "127.0.0.1", port } : { socketPath: api.socket as string };
  const host = over === "tcp" ? `127.0.0.1:${port}` : "localhost";
  return new Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const call = request({ ...where, method, path, headers: { host, ...headers }, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: text.trim(), headers: response.headers }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

const signed = { authorization: "Bearer good" };

const cases: readonly (readonly [string, Sent, number, string])[] = [
  ["health needs no token, and its caller is nobody", { path: "/v1/health" }, 200, '{"by":"nobody"}'],
  ["a token opens its scopes", { path: "/v1/status?at=1%202", headers: signed }, 200, '{"id":"STF-1","at":"1 2"}'],
  ["no token opens nothing else", { path: "/v1/status" }, 401, "MAINT_ERR_UNAUTHORIZED"],
  [
    "a wrong token opens nothing",
    { path: "/v1/status", headers: { authorization: "Bearer bad" } },
    401,
    "UNAUTHORIZED",
  ],
  [
    "a scope that the token lacks",
    { method: "POST", path: "/v1/evidence", headers: signed, body: "{}" },
    403,
    "record",
  ],
  ["a strange host", { path: "/v1/health", headers: { host: "evil.example" } }, 400, "MAINT_ERR_HOST"],
  [
    "a strange host with a token",
    { path: "/v1/status", headers: { ...signed, host: "evil.example:80" } },
    400,
    "MAINT_ERR_HOST",
  ],
  ["an unknown path", { path: "/v2/gate", headers: signed }, 404, "there is no /v2/gate"],
  ["an unknown path without a token says no more", { path: "/v2/gate" }, 401, "UNAUTHORIZED"],
  ["another method", { method: "DELETE", path: "/v1/gate", headers: signed }, 405, "takes POST"],
  [
    "an open path by another method is not open",
    { method: "POST", path: "/v1/health", body: "{}" },
    401,
    "UNAUTHORIZED",
  ],
  [
    "plain text for a PLC",
    { method: "POST", path: "/v1/gate", headers: { ...signed, accept: "text/plain" }, body: '{"a":1}' },
    200,
    "ALLOW",
  ],
  ["JSON for the others", { method: "POST", path: "/v1/gate", headers: signed, body: '{"a":1}' }, 200, '["a"]'],
  ["doubled keys", { method: "POST", path: "/v1/gate", headers: signed, body: '{"a":1,"a":2}' }, 400, "MAINT_ERR_JSON"],
  ["no object", { method: "POST", path: "/v1/gate", headers: signed, body: "[1]" }, 400, "no JSON object"],
  [
    "a refusal in plain text",
    { method: "POST", path: "/v1/gate", headers: { ...signed, accept: "text/plain" }, body: "x" },
    400,
    "ERROR the body",
  ],
  ["a page", { path: "/page" }, 200, "<p>"],
];

test.each(cases.flatMap((one) => [["tcp", ...one] as const, ["socket", ...one] as const]))(
  "over %s: %s",
  async (over, _, sent, status, text) => {
    const answer = await ask(await open(), over, sent);
    expect(answer).toMatchObject({ status, text: expect.stringContaining(text) as string });
  },
);

/** What a connection answers to these pieces of a request, sent one after the other. */
async function inPieces(api: LocalApi, pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
  closers.push(() => socket.destroy());
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

const post = (api: LocalApi, ...headers: readonly string[]): string =>
  [`POST /v1/gate HTTP/1.1`, `host: ${new URL(api.url).host}`, "authorization: Bearer good", ...headers, "", ""].join(
    "\r\n",
  );

test("a body may come in pieces, and a letter in two of them", async () => {
  const api = await open();
  const body = Buffer.from('{"é":1}');
  const headers = post(api, `content-length: ${body.length}`, "connection: close");
  const answer = await inPieces(api, [headers, body.subarray(0, 3), body.subarray(3)]);
  expect(answer).toMatch(/^HTTP\/1.1 200 .*\["é"\]\n$/s);
});

test("a body that does not end is refused where it is too long, whatever its length was said to be", async () => {
  const api = await open();
  const said = await inPieces(api, [post(api, `content-length: ${MAX_HTTP_BODY_BYTES + 1}`)]);
  expect(said).toMatch(/^HTTP\/1.1 413 /);
  const piece = Buffer.alloc(1 << 18, " ");
  const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
  const many = Array.from({ length: MAX_HTTP_BODY_BYTES / piece.length + 1 }, () => chunk);
  expect(await inPieces(api, [post(api, "transfer-encoding: chunked"), ...many])).toMatch(/^HTTP\/1.1 413 /);
  expect(faults).toEqual([]);
});

test("whoever goes away in the middle of a body gets no answer, and others theirs", async () => {
  const api = await open();
  const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
  socket.write(`${post(api, "content-length: 100")}{"a":`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.destroy();
  await expect.poll(() => faults.length).toBe(1);
  faults.length = 0;
  expect((await ask(api, "tcp", { path: "/v1/health" })).status).toBe(200);
});

test("what goes out is never kept, never sniffed, and a page carries its headers", async () => {
  const { headers } = await ask(await open(), "tcp", { path: "/page" });
  expect(headers).toMatchObject({
    ...{ "cache-control": "no-store", "x-content-type-options": "nosniff", "x-frame-options": "DENY" },
    "content-type": "text/html",
  });
});

test("a mistake of ours is an answer and a line in the log, and nothing of it goes out", async () => {
  const answer = await ask(await open(), "tcp", { path: "/broken", headers: signed });
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain("planted");
  expect(faults.splice(0)).toMatchObject([{ message: "planted" }]);
});

test("only its owner may use the socket, and it is gone afterwards", async () => {
  const api = await open();
  expect(statSync(api.socket as string).mode & 0o777).toBe(0o600);
  await api.close();
  expect(existsSync(api.socket as string)).toBe(false);
});

test("what a dead process left is replaced; a socket that answers is not", async () => {
  const path = join(folder(), "agent.sock");
  writeFileSync(path, "left behind");
  const api = await open(path);
  expect((await ask(api, "socket", { path: "/v1/health" })).status).toBe(200);
  await expect(open(path)).rejects.toMatchObject({ code: "MAINT_ERR_EADDRINUSE" });
  expect((await ask(api, "socket", { path: "/v1/health" })).status).toBe(200);
});

const LISTENS = 'require("node:net").createServer().listen(process.argv[1], () => process.stdout.write("ready"))';

test("a socket that a killed process left is replaced", async () => {
  const path = join(folder(), "agent.sock");
  const child = spawn(process.execPath, ["-e", LISTENS, path], { stdio: ["ignore", "pipe", "inherit"] });
  closers.push(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  await expect(open(path)).rejects.toMatchObject({ code: "MAINT_ERR_EADDRINUSE" });
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(statSync(path).isSocket()).toBe(true);
  expect((await ask(await open(path), "socket", { path: "/v1/health" })).status).toBe(200);
});

test("a port in use is said, and opens no socket", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => void taken.listen(0, "127.0.0.1", resolve));
  closers.push(() => taken.close());
  const { port } = taken.address() as { port: number };
  const socket = join(folder(), "agent.sock");
  const opening = openLocalApi({
    ...{ port, socket, routes, whyNobody: () => undefined, authenticate: () => undefined, onFault: () => undefined },
  });
  await expect(opening).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(existsSync(socket)).toBe(false);
});
