import { Hono } from "hono";
import { z } from "zod";
import { isTestNodeId } from "../../model/ids.ts";
import { STANDING_DAYS } from "../../model/limits.ts";
import type { HubServices } from "../hub-services.ts";
import type { Clock } from "../ports.ts";
import type { StandingService } from "../standing/standing-service.ts";
import { type HubEnv, queryOf, requireRole } from "./access.ts";
import { pageFields } from "./paging.ts";
import { READER_ROLES } from "./reader-roles.ts";

const DAY_MS = 86_400_000;
const MAX_LISTED = 10_000;
/** Stations of one answer: each brings why it is blocked. */
const MAX_STATIONS = 500;
const DAYS = `is a whole number from 0 to ${STANDING_DAYS}`;
const node = z.string().refine(isTestNodeId, "is no node id").optional();
const blocked = z.enum(["true", "false"]).default("false");
export const standingSchema = z.strictObject({ node, blocked, ...pageFields });
export const statusSchema = z.strictObject({
  ...{ station: z.string().max(64).optional(), blocked, after: pageFields.after },
  limit: z.coerce.number().int().min(1).max(MAX_STATIONS).default(MAX_STATIONS),
});
export const dueSchema = z.strictObject({
  node,
  days: z.coerce.number(DAYS).int(DAYS).min(0, DAYS).max(STANDING_DAYS, DAYS).default(30),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(1_000),
});

/** To be mounted at /v1/standing: which stations may test now, which not, and why, as the nodes said last. */
export function standingRoutes(standing: StandingService): Hono<HubEnv> {
  return new Hono<HubEnv>().get("/", requireRole(...READER_ROLES), async (context) => {
    const { node: only, blocked, ...page } = queryOf(context, standingSchema);
    const filter = { ...(only === undefined ? {} : { node: only }), blockedOnly: blocked === "true" };
    return context.json(await standing.list({ ...filter, ...page }));
  });
}

/** To be mounted at /v1/status: the floor in one answer, which stations may test now, which not, and why. */
export function statusRoutes({ status, hubId }: HubServices): Hono<HubEnv> {
  return new Hono<HubEnv>().get("/", requireRole(...READER_ROLES), async (context) => {
    const { blocked, ...asked } = queryOf(context, statusSchema);
    return context.json({ hub: hubId, ...(await status({ ...asked, blockedOnly: blocked === "true" })) });
  });
}

/** To be mounted at /v1/due: what lapses at the nodes within some days, as they said last. */
export function dueRoutes(standing: StandingService, clock: Clock): Hono<HubEnv> {
  return new Hono<HubEnv>().get("/", requireRole(...READER_ROLES), async (context) => {
    const { node: only, days, limit } = queryOf(context, dueSchema);
    const untilMs = clock.nowMs() + days * DAY_MS;
    return context.json({ due: await standing.due({ untilMs, limit, ...(only === undefined ? {} : { node: only }) }) });
  });
}
