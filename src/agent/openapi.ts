import type { JsonSchema } from "../model/json-schema.ts";
import { namedSchemas } from "./answer-schemas.ts";
import { type DescribedRoute, isDescribed, type RouteDoc } from "./described-route.ts";
import type { Route } from "./local-api.ts";

const VERSION = "3.1.1";

const doc: RouteDoc = {
  ...{ id: "openapi", summary: "This document" },
  answer: {
    type: "object",
    required: ["openapi"],
    properties: { openapi: { const: VERSION } },
    additionalProperties: true,
  },
};

/** GET /v1/openapi.json: what the given routes say of themselves. */
export function openApiRoutes(routes: readonly Route[]): readonly DescribedRoute[] {
  const own: DescribedRoute = {
    ...{ method: "GET", path: "/v1/openapi.json", scope: "status", doc },
    handle: () => ({ status: 200, body: document }),
  };
  const document = openApiDocument([...routes, own]);
  return [own];
}

const ABOUT = [
  "What the agent of a test node answers on the loopback interface and on its Unix socket (nodes/ID/agent.sock).",
  "The Host header names 127.0.0.1 or localhost with the port, over the socket localhost.",
  "What is not answered with 200 and allow true must not start.",
].join(" ");

/** The OpenAPI 3.1 document of those routes that are described; pages are not. */
export function openApiDocument(routes: readonly Route[]): JsonSchema {
  const paths: { [path: string]: { [method: string]: JsonSchema } } = {};
  for (const route of routes.filter(isDescribed)) {
    const item = paths[route.path] ?? {};
    paths[route.path] = item;
    item[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: VERSION,
    info: { title: "SMART-MaintenanceHub agent", version: "1.0.0", description: ABOUT },
    servers: [
      { url: "http://127.0.0.1:{port}", variables: { port: { default: "80", description: "see address.json" } } },
    ],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: namedSchemas,
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "a person's token, or the node's own for test programs" },
      },
    },
  };
}

const json = (schema: JsonSchema): JsonSchema => ({ "application/json": { schema } });
const refused = { $ref: "#/components/schemas/Error" };

function operationOf({ doc: said, scope }: DescribedRoute): JsonSchema {
  const { id, summary, query = {}, body, answer, text } = said;
  const parameters = Object.entries(query).map(([name, { schema, required = false }]) => ({
    ...{ name, in: "query", required, schema },
  }));
  const line = text === undefined ? {} : { "text/plain": { schema: { type: "string", pattern: text } } };
  const plainRefusal = { "text/plain": { schema: { type: "string", pattern: "^ERROR .+\\n$" } } };
  return {
    ...{ operationId: id, summary },
    ...(scope === "open" ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: {
      "200": { description: "answered", content: { ...json(answer), ...line } },
      "4XX": { description: "refused: the caller can mend it", content: { ...json(refused), ...plainRefusal } },
      "5XX": { description: "could not be done: it does not count", content: { ...json(refused), ...plainRefusal } },
    },
  };
}
