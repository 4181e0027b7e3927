import { Hono } from "hono";
import { z } from "zod";
import { isContractId } from "../../model/ids.ts";
import { MAX_SOURCE_BYTES } from "../../model/limits.ts";
import type { ProposalService } from "../proposals/proposal-service.ts";
import { badRequest } from "../refusals.ts";
import { bodyOf, type HubEnv, queryOf, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const MAX_REASON = 2_000;
const contractId = z.string().refine(isContractId, "is no contract id");
export const effectsSchema = z.strictObject({ contract: contractId });
export const createSchema = z.union([
  z.strictObject({ pattern: z.string().max(64) }),
  z.strictObject({
    contract: contractId,
    kind: z.enum(["shorter-interval", "missing-condition"]),
    equipment: z.string().max(64).optional(),
  }),
]);
export const acceptSchema = z.strictObject({
  reason: z.string().max(MAX_REASON).default(""),
  tests: z.boolean().default(false),
});
export const rejectSchema = z.strictObject({
  reason: z.string().min(1, "a rejection needs its reason").max(MAX_REASON),
});
export const editSchema = z.strictObject({
  text: z.string().max(MAX_SOURCE_BYTES),
  reason: z.string().min(1, "an edit needs its reason").max(MAX_REASON),
});

/** To be mounted at /v1/proposals. Only who may write or approve contracts changes and decides. */
export function proposalsRoutes(proposals: ProposalService): Hono<HubEnv> {
  const reads = requireRole(...READER_ROLES);
  const decides = requireRole("author", "approver");
  return new Hono<HubEnv>()
    .get("/", reads, async (context) => context.json({ proposals: await proposals.list() }))
    .get("/effects", reads, async (context) => {
      const { contract } = queryOf(context, effectsSchema);
      return context.json({ effects: await proposals.effects(contract) });
    })
    .get("/study/:contract", reads, async (context) => {
      const contract = context.req.param("contract");
      if (!isContractId(contract)) throw badRequest(`"${contract}" is no contract id`);
      return context.json(await proposals.study(contract));
    })
    .get("/:id", reads, async (context) => context.json(await proposals.get(context.req.param("id"))))
    .get("/:id/effect", reads, async (context) => context.json(await proposals.effect(context.req.param("id"))))
    .post("/", requireRole("author", "approver", "QA"), async (context) => {
      const asked = await bodyOf(context, createSchema);
      const request = "pattern" in asked ? { kind: "pattern" as const, pattern: asked.pattern } : asked;
      return context.json(await proposals.create(request, context.get("principal")), 201);
    })
    .post("/:id/edit", decides, async (context) => {
      const edit = await bodyOf(context, editSchema);
      return context.json(await proposals.edit(context.req.param("id"), edit, context.get("principal")));
    })
    .post("/:id/accept", decides, async (context) => {
      const { reason, tests } = await bodyOf(context, acceptSchema);
      const by = context.get("principal");
      const accepted = await proposals.accept(context.req.param("id"), by, reason, { withTests: tests });
      const { contract, status, parent, domain } = accepted.draft;
      const { proposal, spread } = accepted;
      return context.json({ proposal, draft: { contract, status, parent, domain }, spread });
    })
    .post("/:id/reject", decides, async (context) => {
      const { reason } = await bodyOf(context, rejectSchema);
      return context.json(await proposals.reject(context.req.param("id"), context.get("principal"), reason));
    });
}
