import { Hono } from "hono";
import { z } from "zod";
import type { PatternService } from "../patterns/pattern-service.ts";
import { notFound } from "../refusals.ts";
import { bodyOf, type HubEnv, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const analysisSchema = z.strictObject({ since: z.iso.datetime({ offset: true }).optional() });

/** To be mounted at /v1/patterns. An analysis is a ledger entry in the name of who asked for it. */
export function patternsRoutes(patterns: PatternService): Hono<HubEnv> {
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => {
      const latest = await patterns.latest();
      if (latest === undefined) throw notFound("no analysis was made yet", "maint pattern list makes one");
      return context.json(latest);
    })
    .post("/analysis", requireRole("author", "approver", "QA", "supervisor", "admin"), async (context) => {
      const { since } = await bodyOf(context, analysisSchema);
      const sinceMs = since === undefined ? undefined : Date.parse(since);
      return context.json(await patterns.analyse(context.get("principal"), sinceMs));
    });
}
