import { Hono } from "hono";
import { z } from "zod";
import { SEVERITIES } from "../../model/alert.ts";
import { isContractId, isTestNodeId } from "../../model/ids.ts";
import { MAX_LISTED, MAX_REASON_TEXT, MAX_RETENTION_DAYS, MAX_RETENTION_RECORDS } from "../../model/limits.ts";
import { type AlertFilter, type AlertRecord, alertNumber } from "../alerts/alert-record.ts";
import { METRIC_PARTS } from "../alerts/metrics.ts";
import type { HubServices } from "../hub-services.ts";
import { MAIL_ADDRESS } from "../notices/notices-file.ts";
import { bodyOf, type HubEnv, queryOf, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const LISTED = 100;
/** They see people's addresses. */
const OUTBOX_ROLES = ["QA", "supervisor", "auditor", "admin"];

const ACKNOWLEDGERS = ["operator", "QA", "supervisor", "admin"];
const METRICS_WINDOW_MS = 30 * 24 * 3_600_000;
const MAX_WAIT_S = 25;

const chosen = {
  contract: z.string().refine(isContractId, "is no contract id").optional(),
  node: z.string().refine(isTestNodeId, "is no node id").optional(),
  reason: z.string().min(1).max(128).optional(),
  severity: z.enum(SEVERITIES).optional(),
};
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
export const filterSchema = z.strictObject({
  ...chosen,
  state: z.enum(["open", "acknowledged"]).optional(),
  since: instant.optional(),
  until: instant.optional(),
  before: z
    .string()
    .refine((id) => alertNumber(id) !== undefined, "is no alert's id")
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(LISTED),
});
export const tailSchema = z.strictObject({
  ...chosen,
  after: z
    .string()
    .regex(/^alert-(0|[1-9]\d{0,14})$/, "is no alert's id")
    .optional(),
  wait: z.coerce.number().int().min(0).max(MAX_WAIT_S).default(0),
});
export const metricsSchema = z.strictObject({
  ...{ since: instant.optional(), until: instant.optional(), by: z.enum(METRIC_PARTS).default("severity") },
});
export const outboxSchema = z.strictObject({
  state: z.enum(["waiting", "delivered", "dead", "summarised"]).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(LISTED),
});

export const acknowledgeSchema = z.strictObject({ note: z.string() });
export const acknowledgeManySchema = z.strictObject({
  ids: z.array(z.string().max(64)).min(1).max(MAX_LISTED),
  note: z.string(),
});
export const retrySchema = z.strictObject({
  ids: z.union([z.literal("all"), z.array(z.string().max(64)).min(1).max(MAX_LISTED)]),
});
export const trialSchema = z.strictObject({
  to: z.string().min(1).max(64),
  address: z.string().max(254).regex(MAIL_ADDRESS, "is no mail address").optional(),
});

const end = (most: number) => z.int().min(1).max(most).nullable().default(null);
export const alertRetentionSchema = z.strictObject({
  days: end(MAX_RETENTION_DAYS),
  records: end(MAX_RETENTION_RECORDS),
  reason: z.string().min(1).max(MAX_REASON_TEXT),
});

export type AlertRoutePorts = Pick<HubServices, "alerts" | "alertRetention" | "notices" | "clock">;

/** To be mounted at /v1/alerts. */
export function alertsRoutes({ alerts, alertRetention, notices, clock }: AlertRoutePorts): Hono<HubEnv> {
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => {
      const filter = filterOf(queryOf(context, filterSchema));
      const records = await alerts.list(filter);
      const counts = await alerts.groupCounts(records.map(({ fingerprint }) => fingerprint));
      const last = records.at(-1);
      return context.json({
        alerts: records.map((record) => alertView(record, counts.get(record.fingerprint) ?? 1)),
        groups: await alerts.groups(filter),
        // What comes behind this page: ask again with it as `before`.
        next: last !== undefined && records.length === filter.limit ? last.id : null,
      });
    })
    .get("/tail", requireRole(...READER_ROLES), async (context) => {
      const { after, wait, ...filter } = queryOf(context, tailSchema);
      const from = after === undefined ? undefined : Number(after.slice("alert-".length));
      const { alerts: records, next } = await alerts.tail({ after: from, waitMs: wait * 1_000, filter });
      const counts = await alerts.groupCounts(records.map(({ fingerprint }) => fingerprint));
      return context.json({
        alerts: records.map((record) => alertView(record, counts.get(record.fingerprint) ?? 1)),
        next,
      });
    })
    .get("/metrics", requireRole(...READER_ROLES), (context) => {
      const { since, until, by } = queryOf(context, metricsSchema);
      const toMs = until ?? clock.nowMs() + 1;
      const fromMs = since ?? toMs - METRICS_WINDOW_MS;
      const parts = alerts.metrics({ fromMs, toMs, by });
      return context.json({ by, fromMs, toMs, parts, removed: alerts.removed({ fromMs, toMs }).incidents });
    })
    .get("/verify", requireRole("auditor", "QA", "admin"), async (context) => context.json(await alerts.verify()))
    .get("/retention", requireRole(...READER_ROLES), async (context) => context.json(await alertRetention.show()))
    .put("/retention", requireRole("admin"), async (context) => {
      const change = await bodyOf(context, alertRetentionSchema);
      return context.json(await alertRetention.set(change, context.get("principal")));
    })
    .get("/outbox", requireRole(...OUTBOX_ROLES), (context) =>
      context.json({ notices: notices.list(queryOf(context, outboxSchema)) }),
    )
    .post("/outbox/retry", requireRole("supervisor", "admin"), async (context) => {
      const asked = await bodyOf(context, retrySchema);
      return context.json({ retried: await notices.retry(asked.ids, context.get("principal")) });
    })
    .post("/trial", requireRole("supervisor", "admin"), async (context) => {
      const { to, address } = await bodyOf(context, trialSchema);
      return context.json({ notices: await notices.trial(to, address, context.get("principal")) });
    })
    .post("/acknowledge", requireRole(...ACKNOWLEDGERS), async (context) => {
      const asked = await bodyOf(context, acknowledgeManySchema);
      return context.json(await alerts.acknowledge(asked.ids, context.get("principal"), asked.note));
    })
    .get("/:id", requireRole(...READER_ROLES), async (context) => {
      const { record, ...rest } = await alerts.details(context.req.param("id"));
      const counts = await alerts.groupCounts([record.fingerprint]);
      const told = notices.list({ incident: rest.incident.number, limit: MAX_LISTED });
      // Addresses are for those who may see the outbox.
      const withoutAddress = told.map(({ recipient: _recipient, ...notice }) => notice).reverse();
      return context.json({
        alert: alertView(record, counts.get(record.fingerprint) ?? 1),
        ...{ ...rest, notices: withoutAddress },
      });
    })
    .post("/:id/acknowledge", requireRole(...ACKNOWLEDGERS), async (context) => {
      const { note } = await bodyOf(context, acknowledgeSchema);
      return context.json(await alerts.acknowledge(context.req.param("id"), context.get("principal"), note));
    });
}

const filterOf = ({
  since: sinceMs,
  until: untilMs,
  before,
  ...filter
}: z.output<typeof filterSchema>): AlertFilter => ({
  ...{ ...filter, sinceMs, untilMs, beforeNumber: before === undefined ? undefined : alertNumber(before) },
});

/** The alert's own fields, and what the hub knows about it. `count` is how many its group has. */
const alertView = (record: AlertRecord, count: number) => ({
  id: record.id,
  ...record.alert,
  fingerprint: record.fingerprint,
  incident: record.incident,
  count,
  receivedAtMs: record.receivedAtMs,
  state: record.acknowledgement === null ? "open" : "acknowledged",
  acknowledgement: record.acknowledgement,
});
