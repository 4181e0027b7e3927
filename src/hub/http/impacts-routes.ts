import { Hono } from "hono";
import { z } from "zod";
import { parseInstant } from "../../base/civil-time.ts";
import { DISPOSITIONS } from "../impact/impact-model.ts";
import type { ImpactService } from "../impact/impact-service.ts";
import { bodyOf, type HubEnv, queryOf, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const MAX_LISTED = 10_000;
const name = z.string().trim().min(1).max(256);
const note = z.string().max(2_000);
const instant = z.string().transform((text, context) => {
  const ms = parseInstant(text);
  if (ms === undefined)
    context.addIssue({ code: "custom", message: "is no instant such as 2026-11-24T08:00:00-06:00" });
  return ms ?? 0;
});
export const openImpactSchema = z.strictObject({
  ...{ asset: name, certificate: name.optional(), since: instant.optional(), until: instant.optional(), note },
});
export const disposeSchema = z.strictObject({
  items: z.union([z.literal("all"), z.array(z.string().max(600)).min(1).max(MAX_LISTED)]),
  disposition: z.enum(DISPOSITIONS),
  note,
});
export const closeSchema = z.strictObject({ note });
export const pageSchema = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(1_000),
});

/** To be mounted at /v1/impacts: what rested on an instrument that was found bad, and what people decide about it. */
export function impactsRoutes(impacts: ImpactService): Hono<HubEnv> {
  const reads = requireRole(...READER_ROLES);
  const decides = requireRole("QA", "author", "approver");
  return new Hono<HubEnv>()
    .get("/", reads, async (context) => context.json(await impacts.list()))
    .post("/", decides, async (context) => {
      const { since: sinceMs, until: untilMs, ...rest } = await bodyOf(context, openImpactSchema);
      return context.json(await impacts.open({ ...rest, sinceMs, untilMs }, context.get("principal")), 201);
    })
    .get("/:id", reads, async (context) => {
      const { from, limit } = queryOf(context, pageSchema);
      return context.json(await impacts.get(context.req.param("id"), from, limit));
    })
    .post("/:id/dispositions", decides, async (context) => {
      const disposition = await bodyOf(context, disposeSchema);
      return context.json(await impacts.dispose(context.req.param("id"), disposition, context.get("principal")));
    })
    .post("/:id/close", decides, async (context) => {
      const { note: why } = await bodyOf(context, closeSchema);
      return context.json(await impacts.close(context.req.param("id"), why, context.get("principal")));
    });
}
