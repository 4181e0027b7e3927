import { Hono } from "hono";
import { z } from "zod";
import { isContractId, isTestNodeId } from "../../model/ids.ts";
import type { AlertFilter, AlertRecord } from "../alerts/alert-record.ts";
import type { AlertService } from "../alerts/alert-service.ts";
import { badRequest } from "../refusals.ts";
import { bodyOf, type HubEnv, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const MAX_LISTED = 1_000;
const LISTED = 100;

export const filterSchema = z.strictObject({
  contract: z.string().refine(isContractId, "is no contract id").optional(),
  node: z.string().refine(isTestNodeId, "is no node id").optional(),
  state: z.enum(["open", "acknowledged"]).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(LISTED),
});

export const acknowledgeSchema = z.strictObject({ note: z.string() });

/** To be mounted at /v1/alerts. */
export function alertsRoutes(alerts: AlertService): Hono<HubEnv> {
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => {
      const filter = filterOf(context.req.query());
      const records = await alerts.list(filter);
      const counts = await alerts.groupCounts(records.map(({ fingerprint }) => fingerprint));
      return context.json({
        alerts: records.map((record) => alertView(record, counts.get(record.fingerprint) ?? 1)),
        groups: await alerts.groups(filter),
      });
    })
    .post("/:id/acknowledge", requireRole("operator", "QA", "supervisor", "admin"), async (context) => {
      const { note } = await bodyOf(context, acknowledgeSchema);
      return context.json(await alerts.acknowledge(context.req.param("id"), context.get("principal"), note));
    });
}

function filterOf(query: Readonly<Record<string, string>>): AlertFilter {
  const checked = filterSchema.safeParse(query);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw badRequest(`"${issue?.path.join(".") ?? ""}": ${issue?.message ?? "does not fit"}`);
  }
  const { since, ...filter } = checked.data;
  return { ...filter, sinceMs: since === undefined ? undefined : Date.parse(since) };
}

/** The alert's own fields, and what the hub knows about it. `count` is how many its group has. */
const alertView = ({ id, alert, fingerprint, receivedAtMs, acknowledgement }: AlertRecord, count: number) => ({
  id,
  ...alert,
  fingerprint,
  count,
  receivedAtMs,
  state: acknowledgement === null ? "open" : "acknowledged",
  acknowledgement,
});
