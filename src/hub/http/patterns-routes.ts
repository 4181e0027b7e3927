import { Hono } from "hono";
import { z } from "zod";
import { MAX_PATTERN_WINDOWS } from "../../model/limits.ts";
import type { PatternService } from "../patterns/pattern-service.ts";
import { notFound } from "../refusals.ts";
import { bodyOf, type HubEnv, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

export const analysisSchema = z.strictObject({
  since: z.iso.datetime({ offset: true }).optional(),
  windows: z.array(z.string().max(16)).min(1).max(MAX_PATTERN_WINDOWS).optional(),
  minAlerts: z.int().min(1).optional(),
  minNodes: z.int().min(1).optional(),
});

/** To be mounted at /v1/patterns. An analysis is a ledger entry in the name of who asked for it; a look at one is none. */
export function patternsRoutes(patterns: PatternService): Hono<HubEnv> {
  const reads = requireRole(...READER_ROLES);
  return new Hono<HubEnv>()
    .get("/", reads, async (context) => {
      const latest = await patterns.latest();
      if (latest === undefined) throw notFound("no analysis was made yet", "maint pattern list makes one");
      return context.json(latest);
    })
    .get("/:id", reads, async (context) => context.json(await patterns.show(context.req.param("id"))))
    .post("/analysis", requireRole("author", "approver", "QA", "supervisor", "admin"), async (context) => {
      const { since, ...request } = await bodyOf(context, analysisSchema);
      const sinceMs = since === undefined ? undefined : Date.parse(since);
      return context.json(await patterns.analyse(context.get("principal"), { ...request, sinceMs }));
    });
}
