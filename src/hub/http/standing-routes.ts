import { Hono } from "hono";
import { z } from "zod";
import { isTestNodeId } from "../../model/ids.ts";
import { STANDING_DAYS } from "../../model/limits.ts";
import type { Clock } from "../ports.ts";
import { badRequest } from "../refusals.ts";
import type { StandingService } from "../standing/standing-service.ts";
import { type HubEnv, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const DAY_MS = 86_400_000;
const MAX_LISTED = 10_000;
const node = z.string().refine(isTestNodeId, "is no node id").optional();
const standingSchema = z.strictObject({ node, blocked: z.enum(["true", "false"]).default("false") });
const dueSchema = z.strictObject({
  node,
  days: z.coerce.number().int().min(0).max(STANDING_DAYS).default(30),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(1_000),
});

/** To be mounted at /v1/standing: which stations may test now, which not, and why, as the nodes said last. */
export function standingRoutes(standing: StandingService): Hono<HubEnv> {
  return new Hono<HubEnv>().get("/", requireRole(...READER_ROLES), async (context) => {
    const query = standingSchema.safeParse(context.req.query());
    if (!query.success) throw badRequest("?node= is a node id, ?blocked= is true or false");
    const { node: only, blocked } = query.data;
    const filter = { ...(only === undefined ? {} : { node: only }), blockedOnly: blocked === "true" };
    return context.json({ standing: await standing.list(filter) });
  });
}

/** To be mounted at /v1/due: what lapses at the nodes within some days, as they said last. */
export function dueRoutes(standing: StandingService, clock: Clock): Hono<HubEnv> {
  return new Hono<HubEnv>().get("/", requireRole(...READER_ROLES), async (context) => {
    const query = dueSchema.safeParse(context.req.query());
    if (!query.success) throw badRequest(`?days= is a whole number from 0 to ${STANDING_DAYS}, ?node= a node id`);
    const { node: only, days, limit } = query.data;
    const untilMs = clock.nowMs() + days * DAY_MS;
    return context.json({ due: await standing.due({ untilMs, limit, ...(only === undefined ? {} : { node: only }) }) });
  });
}
