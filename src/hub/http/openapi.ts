import { z } from "zod";
import type { JsonSchema } from "../../model/json-schema.ts";
import { alertDocs } from "./described/alert-docs.ts";
import { namedSchemas } from "./described/answer-schemas.ts";
import { feedbackDocs, floorDocs } from "./described/floor-docs.ts";
import { impactDocs } from "./described/impact-docs.ts";
import { ledgerDocs } from "./described/ledger-docs.ts";
import { orderDocs } from "./described/order-docs.ts";
import { releaseDocs } from "./described/release-docs.ts";
import type { RouteDoc, RouteDocs } from "./described/route-doc.ts";

const VERSION = "3.1.1";

/** A route as the server serves it: one entry a handler, guards among them. */
export interface ServedRoute {
  readonly method: string;
  readonly path: string;
  readonly handler: unknown;
}

/** Every route has its description here; a test holds the two to each other. */
export const routeDocs: RouteDocs = {
  ...floorDocs,
  ...releaseDocs,
  ...alertDocs,
  ...feedbackDocs,
  ...ledgerDocs,
  ...impactDocs,
  ...orderDocs,
};

const ABOUT = [
  "The hub's API. A person's token, or one of the identity provider that the hub trusts, goes with every request but those to",
  "health and enrolment; x-roles says who may. Nodes speak maint.v1 over a WebSocket at /v1/node, see docs/protocol.md.",
  "A refusal is an Error with a code of docs/errors.md. Lists that can be long come in pages: after and limit, next in the answer.",
].join(" ");

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(served: readonly ServedRoute[]): JsonSchema {
  const paths: { [path: string]: { [method: string]: JsonSchema } } = {};
  for (const [route, handlers] of Map.groupBy(served, ({ method, path }) => `${method} ${path}`)) {
    const doc = routeDocs[route];
    const [{ method, path } = { method: "", path: "" }] = handlers;
    if (doc === undefined || method === "ALL") continue;
    const named = path.replace(/:(\w+)/g, "{$1}");
    paths[named] = { ...paths[named], [method.toLowerCase()]: operationOf(doc, path, rolesOf(handlers)) };
  }
  return {
    openapi: VERSION,
    info: { title: "SMART-MaintenanceHub hub", version: "1.0.0", description: ABOUT },
    servers: [
      { url: "http://127.0.0.1:{port}", variables: { port: { default: "8420", description: "--port of hub start" } } },
    ],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: namedSchemas,
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "a person's" } },
    },
  };
}

/** From the guard in front of the route; undefined where there is none. */
function rolesOf(handlers: readonly ServedRoute[]): readonly string[] | undefined {
  for (const { handler } of handlers)
    if (typeof handler === "function" && "roles" in handler) return handler.roles as readonly string[];
  return undefined;
}

const json = (schema: JsonSchema): JsonSchema => ({ "application/json": { schema } });
const refused = json({ $ref: "#/components/schemas/Error" });

function operationOf(doc: RouteDoc, path: string, roles: readonly string[] | undefined): JsonSchema {
  const { id, summary, query, body, answer, status = 200, orStatus } = doc;
  const answered = { description: "answered", content: json(answer) };
  const parameters = [...pathParameters(path), ...(query === undefined ? [] : queryParameters(query))];
  return {
    ...{ operationId: id, summary },
    ...(roles === undefined ? { security: [] } : { "x-roles": roles }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(schemaOf(body)) } }),
    responses: {
      ...{ [status]: answered, ...(orStatus === undefined ? {} : { [orStatus]: answered }) },
      "4XX": { description: "refused: the caller can mend it", content: refused },
      "5XX": { description: "could not be done", content: refused },
    },
  };
}

const pathParameters = (path: string): readonly JsonSchema[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true, schema: { type: "string" } },
  }));

function queryParameters(query: z.ZodType | JsonSchema): readonly JsonSchema[] {
  const { properties = {}, required = [] } = schemaOf(query) as {
    readonly properties?: { readonly [name: string]: JsonSchema };
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    ...{ name, in: "query", required: required.includes(name), schema },
  }));
}

/** What the route checks by, as JSON Schema; a rule that has no such form is left to the route. */
function schemaOf(body: z.ZodType | JsonSchema): JsonSchema {
  if (!(body instanceof z.ZodType)) return body;
  const { $schema: _, ...schema } = z.toJSONSchema(body, {
    ...{ io: "input", unrepresentable: "any" },
    override: ({ jsonSchema }) => {
      // Its pattern says in four hundred signs what the format says.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
    },
  });
  return schema;
}
