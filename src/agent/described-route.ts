import type { JsonSchema } from "../model/json-schema.ts";
import type { Route } from "./local-api.ts";

/** What the OpenAPI document says of a route. */
export interface RouteDoc {
  /** The name of the operation in generated clients. */
  readonly id: string;
  readonly summary: string;
  readonly query?: { readonly [name: string]: { readonly schema: JsonSchema; readonly required?: true } };
  readonly body?: JsonSchema;
  /** Of status 200. */
  readonly answer: JsonSchema;
  /** Pattern of the one line that `Accept: text/plain` gets, where there is one. */
  readonly text?: string;
}

/** A route of the documented API; pages and what belongs to them are plain ones. */
export interface DescribedRoute extends Route {
  readonly doc: RouteDoc;
}

export const isDescribed = (route: Route): route is DescribedRoute => Object.hasOwn(route, "doc");
