import { Hono } from "hono";
import { z } from "zod";
import type { ProposalService } from "../proposals/proposal-service.ts";
import { bodyOf, type HubEnv, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const MAX_REASON = 2_000;
export const createSchema = z.strictObject({ pattern: z.string().max(64) });
export const acceptSchema = z.strictObject({ reason: z.string().max(MAX_REASON).default("") });
export const rejectSchema = z.strictObject({
  reason: z.string().min(1, "a rejection needs its reason").max(MAX_REASON),
});

/** To be mounted at /v1/proposals. Only who may write or approve contracts decides. */
export function proposalsRoutes(proposals: ProposalService): Hono<HubEnv> {
  const decides = requireRole("author", "approver");
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => context.json({ proposals: await proposals.list() }))
    .get("/:id", requireRole(...READER_ROLES), async (context) =>
      context.json(await proposals.get(context.req.param("id"))),
    )
    .post("/", requireRole("author", "approver", "QA"), async (context) => {
      const { pattern } = await bodyOf(context, createSchema);
      return context.json(await proposals.create(pattern, context.get("principal")), 201);
    })
    .post("/:id/accept", decides, async (context) => {
      const { reason } = await bodyOf(context, acceptSchema);
      const { proposal, draft } = await proposals.accept(context.req.param("id"), context.get("principal"), reason);
      const { contract, status, parent, domain } = draft;
      return context.json({ proposal, draft: { contract, status, parent, domain } });
    })
    .post("/:id/reject", decides, async (context) => {
      const { reason } = await bodyOf(context, rejectSchema);
      return context.json(await proposals.reject(context.req.param("id"), context.get("principal"), reason));
    });
}
