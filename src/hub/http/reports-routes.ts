import { Hono } from "hono";
import { z } from "zod";
import type { AuditScope } from "../reports/audit-report.ts";
import type { ReportService } from "../reports/report-service.ts";
import { bodyOf, type HubEnv, requireRole } from "./access.ts";

const instant = z.iso.datetime({ offset: true });
const id = z.string().min(1).max(256);
export const auditSchema = z.strictObject({
  scope: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("equipment"), id }),
    z.strictObject({ kind: z.literal("order"), id }),
    z.strictObject({ kind: z.literal("station"), id }),
    z.strictObject({ kind: z.literal("period") }),
  ]),
  from: instant,
  to: instant,
});

/** To be mounted at /v1/reports. A report is what an auditor takes away; that it was made is a ledger entry. */
export const reportsRoutes = (reports: ReportService): Hono<HubEnv> =>
  new Hono<HubEnv>().post("/audit", requireRole("auditor", "QA", "admin", "approver"), async (context) => {
    const { scope, from, to } = await bodyOf(context, auditSchema);
    const window = { fromMs: Date.parse(from), toMs: Date.parse(to) };
    return context.json(await reports.audit(scope satisfies AuditScope, window, context.get("principal")));
  });
