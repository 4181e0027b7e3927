import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { z } from "zod";
import { parsePlainJson } from "../../base/strict-json.ts";
import { MAX_HTTP_BODY_BYTES, MAX_JSON_DEPTH } from "../../model/limits.ts";
import type { Principal } from "../ports.ts";
import { badRequest, forbidden } from "../refusals.ts";

/** What a route finds in its context: the person whose token was checked before the route was reached. */
export interface HubEnv {
  readonly Variables: { principal: Principal };
}

/** A guard says whom it lets through, so that the API's description can say it too. */
export type Guard = MiddlewareHandler<HubEnv> & { readonly roles: readonly string[] };

/** Lets only people with one of `roles` through. Roles are compared without case; `admin` is no master key. */
export const requireRole = (...roles: readonly string[]): Guard => {
  const guard = createMiddleware<HubEnv>(async (context, next) => {
    const principal = context.get("principal");
    const held = principal.roles.map((role) => role.toLowerCase());
    if (!roles.some((role) => held.includes(role.toLowerCase()))) {
      throw forbidden(`${principal.id} may not do this`, `it needs the role ${roles.join(" or ")}`);
    }
    await next();
  });
  return Object.assign(guard, { roles });
};

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The body. @throws MaintError MAINT_ERR_BAD_REQUEST where it is no text: a letter put in for another would be signed or judged. */
export async function textOf(context: Context<HubEnv>): Promise<string> {
  const bytes = await context.req.arrayBuffer();
  try {
    return UTF8.decode(bytes);
  } catch {
    throw badRequest("the body is no UTF-8 text");
  }
}

/**
 * The JSON body, checked against `schema`.
 * @throws MaintError MAINT_ERR_BAD_REQUEST naming the field that does not fit
 */
export async function bodyOf<T>(context: Context<HubEnv>, schema: z.ZodType<T>): Promise<T> {
  const value = parseJson(await textOf(context));
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "the body" : `"${issue.path.join(".")}"`;
  throw badRequest(`${where}: ${issue?.message ?? "does not fit"}`);
}

/** The query as it stands in the URL. @throws MaintError MAINT_ERR_BAD_REQUEST where a parameter is given twice: which one counts? */
export function paramsOf(context: Context<HubEnv>): URLSearchParams {
  const params = new URL(context.req.url).searchParams;
  for (const name of params.keys()) if (params.getAll(name).length > 1) throw badRequest(`?${name}= is given twice`);
  return params;
}

/** The query, checked against `schema`. @throws MaintError MAINT_ERR_BAD_REQUEST naming the parameter */
export function queryOf<T>(context: Context<HubEnv>, schema: z.ZodType<T>): T {
  const params = paramsOf(context);
  // As a number the empty text would be 0: nothing lapses within `?days=`. A page that begins behind nothing is the first one.
  for (const [name, text] of params) if (text === "" && name !== "after") throw badRequest(`?${name}= is empty`);
  const checked = schema.safeParse(Object.fromEntries(params));
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "the query" : `?${issue.path.join(".")}=`;
  throw badRequest(`${where} ${issue?.message ?? "does not fit"}`);
}

/** Refuses doubled keys, prototypes, deep nesting and halves of letters, which JSON.parse lets pass. */
function parseJson(text: string): unknown {
  if (text === "") throw badRequest("the body is empty, JSON was expected");
  const json = parsePlainJson(text, { maxLength: MAX_HTTP_BODY_BYTES, maxDepth: MAX_JSON_DEPTH });
  if (json.ok) {
    if (!isText(json.value)) throw badRequest("the body holds half a letter: a surrogate without its other one");
    return json.value;
  }
  const { message, line, column } = json.error;
  throw badRequest(`the body, line ${line}, column ${column}: ${message}`);
}

/** No entry of a ledger can hold half a letter, so that none may come in. */
function isText(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && isText(member));
}
