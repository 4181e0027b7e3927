import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { MaintError } from "../base/maint-error.ts";
import { isJsonObject, type JsonObject, parseStrictJson } from "../base/strict-json.ts";
import {
  CONNECTIONS_CHECK_INTERVAL_MS,
  HEADERS_TIMEOUT_MS,
  MAX_HTTP_BODY_BYTES,
  MAX_JSON_DEPTH,
} from "../model/limits.ts";
import type { Caller, Scope } from "./local-access.ts";

/** What a route answers. `text` is the one line for callers that asked for text/plain. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text?: string;
  /** Sent as it is instead of `body`: a page, a style sheet. */
  readonly content?: { readonly type: string; readonly bytes: Uint8Array };
  readonly headers?: { readonly [name: string]: string };
}

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** `open` asks for no token: such a route holds nothing of the station, and its caller is `NOBODY`. */
  readonly scope: Scope | "open";
  /** `body` is empty for GET. */
  readonly handle: (body: JsonObject, caller: Caller, query: URLSearchParams) => Promise<Answer> | Answer;
}

export const NOBODY: Caller = { id: "nobody", person: false, roles: [], scopes: new Set() };

export interface LocalApiOptions {
  readonly port: number;
  /** Where a Unix socket is opened beside the port; null where the system has none. */
  readonly socket: string | null;
  readonly routes: readonly Route[];
  readonly authenticate: (authorization: string | undefined) => Caller | undefined;
  /** Why this node knows nobody at all, for one whose token is therefore nobody's; undefined where it knows people. */
  readonly whyNobody: () => string | undefined;
  /** Our own mistakes on the way to an answer; the caller hears `internal` and no more. */
  readonly onFault: (error: unknown) => void;
}

export interface LocalApi {
  readonly url: string;
  readonly socket: string | null;
  readonly close: () => Promise<void>;
}

const HOST = "127.0.0.1";
const REQUEST_TIMEOUT_MS = 10_000;

export const refusal = (status: number, code: string, message: string, help?: string): Answer => ({
  status,
  body: { error: { code, message, help: help ?? null } },
  text: `ERROR ${message}`,
});

/**
 * The agent's HTTP API on the loopback interface and on a Unix socket. It answers only requests that name it as their host (a
 * web page that a browser on this machine shows cannot) and that carry a token.
 * @throws MaintError or the system's error when the port is taken, or another process answers on the socket
 */
export async function openLocalApi(options: LocalApiOptions): Promise<LocalApi> {
  const hosts: string[] = [];
  const overTcp = serve(options, hosts);
  await listening(overTcp, () => overTcp.listen(options.port, HOST));
  hosts.push(`${HOST}:${portOf(overTcp)}`, `localhost:${portOf(overTcp)}`);
  let overSocket: Server | undefined;
  try {
    if (options.socket !== null) overSocket = await openSocket(options.socket, options);
  } catch (error) {
    await closed(overTcp);
    throw error;
  }
  return {
    url: `http://${HOST}:${portOf(overTcp)}`,
    socket: options.socket,
    close: async () => {
      await Promise.all([overTcp, overSocket].flatMap((server) => (server === undefined ? [] : [closed(server)])));
    },
  };
}

function serve(options: LocalApiOptions, hosts: readonly string[]): Server {
  return createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
    },
    (request, response) => {
      answer(hosts, request, options).then(
        (result) => send(request, response, result),
        (error: unknown) => {
          options.onFault(error);
          send(request, response, refusal(500, "MAINT_ERR_INTERNAL", "the agent made a mistake; its log says more"));
        },
      );
    },
  );
}

/** A socket that a dead process left behind is replaced; one that answers is not. Only its owner may connect. */
async function openSocket(path: string, options: LocalApiOptions): Promise<Server> {
  if (await answers(path))
    throw new MaintError("MAINT_ERR_EADDRINUSE", `${path}: another process answers on this socket`, { exitCode: 69 });
  rmSync(path, { force: true });
  const server = serve(options, ["localhost"]);
  await listening(server, () => server.listen(path));
  chmodSync(path, 0o600);
  return server;
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    // What is full or forbidden is somebody's all the same.
    probe.once("error", ({ code }: NodeJS.ErrnoException) => resolve(!NOBODY_THERE.has(code ?? "")));
  });

/** No file, a file without a process behind it, and a file that is no socket. */
const NOBODY_THERE: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK"]);

const listening = (server: Server, listen: () => unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    listen();
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function answer(hosts: readonly string[], request: IncomingMessage, options: LocalApiOptions): Promise<Answer> {
  const host = request.headers.host?.toLowerCase();
  if (host === undefined || !hosts.includes(host))
    return refusal(400, "MAINT_ERR_HOST", "the Host header does not name this agent");
  const [path, ...rest] = (request.url ?? "").split("?");
  const query = new URLSearchParams(rest.join("?"));
  const routes = options.routes.filter((route) => route.path === path);
  const open = routes.find(({ method, scope }) => scope === "open" && method === request.method);
  if (open !== undefined) return open.handle(new Map(), NOBODY, query);
  const caller = options.authenticate(request.headers.authorization);
  if (caller === undefined)
    return refusal(
      401,
      "MAINT_ERR_UNAUTHORIZED",
      options.whyNobody() ?? "no valid token",
      "send Authorization: Bearer with the text of a token file",
    );
  if (routes.length === 0)
    return refusal(
      404,
      "MAINT_ERR_NOT_FOUND",
      `there is no ${path}`,
      `there are ${options.routes.map((known) => known.path).join(", ")}`,
    );
  const route = routes.find(({ method }) => method === request.method);
  if (route === undefined)
    return refusal(405, "MAINT_ERR_METHOD", `${path} takes ${routes.map(({ method }) => method).join(", ")}`);
  if (route.scope !== "open" && !caller.scopes.has(route.scope))
    return refusal(403, "MAINT_ERR_FORBIDDEN", `the token of ${caller.id} does not cover ${route.scope}`);
  if (route.method === "GET") return route.handle(new Map(), caller, query);
  const body = await readBody(request);
  return body instanceof Map ? route.handle(body, caller, query) : (body as Answer);
}

async function readBody(request: IncomingMessage): Promise<JsonObject | Answer> {
  const tooLarge = refusal(413, "MAINT_ERR_TOO_LARGE", `a body has at most ${MAX_HTTP_BODY_BYTES} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > MAX_HTTP_BODY_BYTES) return tooLarge;
  const bytes = await bytesOf(request);
  if (bytes === undefined) return tooLarge;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refusal(400, "MAINT_ERR_JSON", "the body is no UTF-8");
  }
  const parsed = parseStrictJson(text, { maxDepth: MAX_JSON_DEPTH });
  if (!parsed.ok) {
    const { message, line, column } = parsed.error;
    return refusal(400, "MAINT_ERR_JSON", `the body is no JSON: line ${line}, column ${column}: ${message}`);
  }
  return isJsonObject(parsed.value) ? parsed.value : refusal(400, "MAINT_ERR_JSON", "the body is no JSON object");
}

/** The whole body, undefined where it is longer than it may be. Rejects where its sender goes away. */
function bytesOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_HTTP_BODY_BYTES) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("close", () => {
      if (!request.complete) reject(new Error("the connection was closed before the body had ended"));
    });
  });
}

function send(request: IncomingMessage, response: ServerResponse, answered: Answer): void {
  if (response.writableEnded || response.destroyed) return;
  const { status, body, text, content, headers = {} } = answered;
  const plain = text !== undefined && wantsText(request);
  const bytes = content?.bytes ?? Buffer.from(plain ? `${text}\n` : `${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    "content-length": bytes.length,
    "content-type": content?.type ?? (plain ? "text/plain; charset=utf-8" : "application/json; charset=utf-8"),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
    // A body that was refused half read leaves the connection unusable.
    ...(status === 413 ? { connection: "close" } : {}),
  });
  response.end(bytes);
}

const wantsText = ({ headers }: IncomingMessage): boolean =>
  (headers.accept ?? "").trim().toLowerCase().startsWith("text/plain");

/** A MaintError that the caller can do something about, as an answer. */
export const answerOf = (error: MaintError): Answer =>
  refusal(error.exitCode === 69 ? 503 : 400, error.code, error.message, error.help);
