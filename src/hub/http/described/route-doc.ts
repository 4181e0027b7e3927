import type { z } from "zod";
import type { JsonSchema } from "../../../model/json-schema.ts";

/** What the OpenAPI document says of a route. Who may ask it takes from the route's own guard. */
export interface RouteDoc {
  /** The name of the operation in generated clients. */
  readonly id: string;
  readonly summary: string;
  /** As the route checks them. */
  readonly query?: z.ZodType | JsonSchema;
  readonly body?: z.ZodType | JsonSchema;
  readonly answer: JsonSchema;
  /** 200 unless told. */
  readonly status?: 201 | 202;
  /** The other one with the same answer, where there is one. */
  readonly orStatus?: 202;
}

/** By method and path, `GET /v1/nodes`. */
export type RouteDocs = { readonly [route: string]: RouteDoc };
