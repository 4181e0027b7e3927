import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { MaintError } from "../../base/maint-error.ts";
import { isWebToken } from "../../disk/read-token.ts";
import { CONNECTIONS_CHECK_INTERVAL_MS, HEADERS_TIMEOUT_MS, MAX_HTTP_BODY_BYTES } from "../../model/limits.ts";
import type { HubServices } from "../hub-services.ts";
import { badRequest, notFound, tooLarge, unauthorized } from "../refusals.ts";
import { refuseUpgrade } from "../session/peer-socket.ts";
import type { SessionServer } from "../session/session-server.ts";
import { type HubEnv, requireRole } from "./access.ts";
import { alertsRoutes } from "./alerts-routes.ts";
import { archiveRoutes } from "./archive-routes.ts";
import { contractsRoutes, deploymentsRoutes, releasesRoutes } from "./contracts-routes.ts";
import { enrolRoutes, nodesRoutes, peopleRoutes } from "./floor-routes.ts";
import { impactsRoutes } from "./impacts-routes.ts";
import { ledgerRoutes } from "./ledger-routes.ts";
import { openApiDocument } from "./openapi.ts";
import { ordersRoutes } from "./orders-routes.ts";
import { patternsRoutes } from "./patterns-routes.ts";
import { proposalsRoutes } from "./proposals-routes.ts";
import { READER_ROLES } from "./reader-roles.ts";
import { replaysRoutes } from "./replays-routes.ts";
import { reportsRoutes } from "./reports-routes.ts";
import { rolloutsRoutes, whyNotRoutes } from "./rollouts-routes.ts";
import { dueRoutes, standingRoutes, statusRoutes } from "./standing-routes.ts";

export interface ServerOptions {
  readonly services: HubServices;
  readonly sessions: SessionServer;
  readonly host: string;
  readonly port: number;
  /** HTTPS and WSS instead of plain; TLS 1.3 and nothing older. */
  readonly tls?: HubTls | undefined;
  /** A request that failed by our own mistake; the asker only learns that it did. */
  readonly failed: (error: unknown) => void;
}

export interface HubTls {
  /** PEM, the hub's own certificate first. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** What the certificate calls the hub; the address it listens on where this is left out. */
  readonly name?: string;
}

export interface ListeningServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const NODE_PATH = "/v1/node";
const BACKLOG = 4096;
const REQUEST_TIMEOUT_MS = 30_000;
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** What a refusal is in HTTP. What is not listed and is the asker's to mend is 400; the rest is 503. */
const STATUS_OF: { readonly [code: string]: ContentfulStatusCode } = {
  MAINT_ERR_UNAUTHORIZED: 401,
  MAINT_ERR_FORBIDDEN: 403,
  MAINT_ERR_NOT_FOUND: 404,
  MAINT_ERR_CONFLICT: 409,
  MAINT_ERR_IMPACT: 409,
  MAINT_ERR_TWO_SIGNATURES: 409,
  MAINT_ERR_TOO_LARGE: 413,
};

/** Serves HTTP and the nodes' WebSocket on one port. @throws Node's own error, EADDRINUSE above all */
export async function startHttpServer(options: ServerOptions): Promise<ListeningServer> {
  const { tls } = options;
  const answer = getRequestListener(hubApp(options).fetch, { errorHandler: (error) => refusalOfFrame(error, options) });
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
  };
  // Node waits two minutes for a TLS handshake where it is not told.
  const tlsLimits = { minVersion: "TLSv1.3", handshakeTimeout: HEADERS_TIMEOUT_MS } as const;
  const server =
    tls === undefined
      ? createServer(limits, answer)
      : createTlsServer({ ...limits, ...tlsLimits, cert: tls.cert, key: tls.key }, answer);
  server.on("upgrade", (request, socket, head) => {
    // What throws here ends the process, and of `//[` no URL can be made.
    if (URL.parse(request.url ?? "/", "http://hub")?.pathname === NODE_PATH)
      options.sessions.upgrade(request, socket, head);
    else refuseUpgrade(socket, "404 Not Found");
  });
  await listen(server, options);
  const { port, family, address } = server.address() as AddressInfo;
  const host = tls?.name ?? (family === "IPv6" ? `[${address}]` : address);
  return {
    url: `${tls === undefined ? "http" : "https"}://${host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const listen = (server: Server, { host, port }: ServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });

/** All routes. Exported for tests that ask without a socket. */
export function hubApp({ services, host, failed }: Omit<ServerOptions, "sessions" | "port" | "tls">): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.onError((error, context) => {
    if (!(error instanceof MaintError)) failed(error);
    const { body, status } = refusalOf(error);
    return context.json(body, status);
  });
  app.notFound((context) => {
    throw notFound(`there is no ${context.req.method} ${context.req.path}`);
  });
  app.use(hostCheck(host));
  app.use(bodyLimit({ maxSize: MAX_HTTP_BODY_BYTES, onError: () => refuseSize() }));
  app.get("/v1/health", (context) => context.json({ ok: true, hub: services.hubId }));
  app.route("/v1/enrol", enrolRoutes(services));
  app.use(authentication(services));
  app
    .route("/v1/contracts", contractsRoutes(services))
    .route("/v1/releases", releasesRoutes(services))
    .route("/v1/deployments", deploymentsRoutes(services))
    .route("/v1/rollouts", rolloutsRoutes(services))
    .route("/v1/why-not", whyNotRoutes(services))
    .route("/v1/nodes", nodesRoutes(services))
    .route("/v1/status", statusRoutes(services))
    .route("/v1/standing", standingRoutes(services.standing))
    .route("/v1/due", dueRoutes(services.standing, services.clock))
    .route("/v1/people", peopleRoutes(services))
    .route("/v1/archive", archiveRoutes(services.archiveDesk))
    .route("/v1/ledger", ledgerRoutes(services.ledgerDesk, services.witnesses))
    .route("/v1/alerts", alertsRoutes(services))
    .route("/v1/patterns", patternsRoutes(services.patterns))
    .route("/v1/proposals", proposalsRoutes(services.proposals))
    .route("/v1/replays", replaysRoutes(services))
    .route("/v1/impacts", impactsRoutes(services.impacts))
    .route("/v1/orders", ordersRoutes(services.orders))
    .route("/v1/reports", reportsRoutes(services.reports));
  app.get("/v1/openapi.json", requireRole(...READER_ROLES), (context) => context.json(openApiDocument(app.routes)));
  return app;
}

function refuseSize(): never {
  throw tooLarge(`the body is larger than ${MAX_HTTP_BODY_BYTES} bytes`);
}

/** A page in a browser on this machine must not reach a loopback hub by a name of its own. */
const hostCheck = (host: string) =>
  createMiddleware<HubEnv>(async (context, next) => {
    const asked = (context.req.header("host") ?? "").replace(/:\d+$/, "").toLowerCase();
    const loopbackOnly = LOOPBACK.includes(host) || host === "::1";
    if (loopbackOnly && !LOOPBACK.includes(asked)) throw badRequest(`this hub is not called "${asked}"`);
    await next();
  });

const authentication = ({ people, oidc }: HubServices) =>
  createMiddleware<HubEnv>(async (context, next) => {
    const [scheme, token] = (context.req.header("authorization") ?? "").split(" ");
    if (scheme !== "Bearer" || token === undefined)
      throw unauthorized("a token is needed", "name its file with --token");
    const principal =
      oidc !== null && isWebToken(token) ? await oidc.authenticate(token) : await people.authenticate(token);
    if (principal === undefined) throw unauthorized("this token is nobody's", "was it made by this hub?");
    context.set("principal", principal);
    await next();
  });

/** What reaches no route: a request of which no URL can be made. */
function refusalOfFrame(error: unknown, { failed }: Pick<ServerOptions, "failed">): Response {
  if (!(error instanceof RequestError)) failed(error);
  const { body, status } = refusalOf(error instanceof RequestError ? badRequest(error.message) : error);
  return Response.json(body, { status });
}

function refusalOf(error: unknown): { readonly body: object; readonly status: ContentfulStatusCode } {
  if (!(error instanceof MaintError)) {
    const message = "the hub failed at this; its log says how";
    return { body: { error: { code: "MAINT_ERR_INTERNAL", message, help: null } }, status: 500 };
  }
  const status = STATUS_OF[error.code] ?? (error.exitCode === 2 ? 400 : 503);
  return { body: { error: { code: error.code, message: error.message, help: error.help ?? null } }, status };
}
