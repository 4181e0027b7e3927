import { Hono } from "hono";
import { z } from "zod";
import { isContractId, isDigest, isVersion } from "../../model/ids.ts";
import type { HubServices } from "../hub-services.ts";
import { conflict, notFound } from "../refusals.ts";
import { bodyOf, type HubEnv, queryOf, requireRole } from "./access.ts";
import { pageFields } from "./paging.ts";
import { READER_ROLES } from "./reader-roles.ts";
import { given, policySchema } from "./rollouts-routes.ts";

const contractId = z.string().refine(isContractId, "is no contract id");
const version = z.string().refine(isVersion, "is no version, write v1.0");
const text = z.string().max(1 << 20);
const reason = z.string().max(2_000);
const nodes = z.array(z.string().max(64)).max(10_000).optional();

export const draftSchema = z.strictObject({
  text,
  domain: z.string().max(64),
  changes: z.array(reason).max(100).default([]),
});
const signed = { role: z.string().max(80), targets: z.string() };
const assignmentSchema = z.strictObject({
  ...{ domain: z.string().max(64), contract: contractId, assignment: z.string().max(1 << 20), ...signed },
});
export const retireSchema = z.strictObject({ version, reason, assignment: assignmentSchema.optional() });
export const archiveSchema = z.strictObject({ version: version.optional(), reason });
export const releaseSchema = z.strictObject({
  ...{ domain: z.string().max(64), contract: contractId, version, text },
  ...{
    bundle: z.string(),
    assignment: z
      .string()
      .max(1 << 20)
      .nullable(),
    ...signed,
  },
  ...{ nodes, reason: reason.default(""), hold: z.boolean().default(false), rollout: policySchema.default({}) },
  impact: z.strictObject({ budget: z.number().min(0).max(1).optional(), accepted: reason.optional() }).optional(),
});
export const renewalSchema = z.strictObject(signed);
export const approvalSchema = z.strictObject({ targets: z.string(), reason });
export const withdrawalSchema = z.strictObject({ reason });
export const deploymentsQuery = z.strictObject({ contract: contractId, ...pageFields });
export const shownQuery = z.strictObject({
  version: z
    .string()
    .refine((text) => text === "draft" || isVersion(text), "is no version, write v1.0 or draft")
    .optional(),
});
export const deploymentSchema = z.strictObject({ contract: contractId, version, nodes });

/** To be mounted at /v1/contracts. Who may make a step is the lifecycle's to say; here stands who may ask. */
export function contractsRoutes({ contracts, staging }: HubServices): Hono<HubEnv> {
  const reads = requireRole(...READER_ROLES);
  const writes = requireRole("author", "approver");
  // As the lifecycle has it: an administrator may take out of use what he cannot write.
  const ends = requireRole("author", "approver", "admin");
  return new Hono<HubEnv>()
    .get("/", reads, async (context) => context.json({ contracts: await contracts.list() }))
    .get("/:id", reads, async (context) => {
      const { version: asked } = queryOf(context, shownQuery);
      const { bundle: _, ...shown } = await contracts.show(context.req.param("id"), asked);
      return context.json(shown);
    })
    .get("/:id/history", reads, async (context) =>
      context.json({ history: await contracts.history(context.req.param("id")) }),
    )
    .post("/", writes, async (context) => {
      const draft = { parent: null, ...(await bodyOf(context, draftSchema)) };
      const { contract } = await contracts.createDraft(draft, context.get("principal"));
      const { bundle: _, ...shown } = await contracts.show(contract, "draft");
      return context.json(shown, 201);
    })
    .post("/:id/validate", writes, async (context) =>
      context.json(await contracts.validate(context.req.param("id"), context.get("principal"))),
    )
    .post("/:id/retire", ends, async (context) => {
      const { version, reason, assignment } = await bodyOf(context, retireSchema);
      const end = { contract: context.req.param("id"), version, reason };
      return context.json(await staging.retire(end, assignment ?? null, context.get("principal")));
    })
    .post("/:id/archive", ends, async (context) => {
      const { version, reason } = await bodyOf(context, archiveSchema);
      const end = { version: version ?? null, reason };
      return context.json(await contracts.archive(context.req.param("id"), end, context.get("principal")));
    });
}

export const budgetSchema = z.strictObject({ budget: z.number().min(0).max(1).nullable(), reason });

/** To be mounted at /v1/releases: what PolicyCentral holds, and the way in. */
export function releasesRoutes({ policy, staging, rollout, impactBudgets }: HubServices): Hono<HubEnv> {
  const reads = requireRole(...READER_ROLES);
  return new Hono<HubEnv>()
    .get("/", reads, (context) => context.json({ releases: policy.releases() }))
    .get("/metadata", reads, (context) => {
      const { roots, targets, delegated } = policy.metadata();
      const roles = Object.fromEntries([...delegated].map(([role, { text }]) => [role, text]));
      const seen = policy.seen();
      return context.json({
        ...{ root: roots.at(-1)?.text, targets: targets.text, version: targets.version, roles },
        // Numbers that nodes have and this hub lost: what is signed next goes above them.
        floors: { roles: Object.fromEntries(seen.roles), contracts: Object.fromEntries(seen.contracts) },
      });
    })
    .get("/verify", reads, (context) => {
      const findings = policy.verifyAll();
      return context.json({ ok: findings.length === 0, findings });
    })
    .post("/", requireRole("author", "approver"), async (context) => {
      const {
        nodes: narrowed,
        reason: why,
        hold,
        rollout,
        impact,
        ...submission
      } = await bodyOf(context, releaseSchema);
      const more = { nodes: narrowed, reason: why, hold, rollout: given(rollout), impact };
      const answer = await staging.submit(submission, more, context.get("principal"));
      return context.json(answer, answer.published ? 201 : 202);
    })
    .post("/renew", requireRole("author", "approver"), async (context) => {
      const { role, targets } = await bodyOf(context, renewalSchema);
      const renewed = policy.renew(role, targets);
      if (!renewed.ok) throw conflict(`PolicyCentral refuses: ${renewed.error.message}`);
      await rollout.refresh();
      return context.json({ role, version: renewed.value.delegated.get(role)?.version ?? null });
    })
    .get("/budgets/:domain", reads, async (context) =>
      context.json(await impactBudgets.of(context.req.param("domain"))),
    )
    .put("/budgets/:domain", requireRole("approver", "admin"), async (context) => {
      const change = await bodyOf(context, budgetSchema);
      return context.json(await impactBudgets.set(context.req.param("domain"), change, context.get("principal")));
    })
    .get("/blobs/:digest", requireRole("admin"), (context) => {
      const digest = context.req.param("digest");
      const bytes = isDigest(digest) ? rollout.blob(digest) : undefined;
      if (bytes === undefined) throw notFound(`no blob ${digest} here`);
      return context.json({ digest, base64: Buffer.from(bytes).toString("base64") });
    })
    .get("/staged", reads, async (context) => context.json({ staged: await staging.list() }))
    .get("/staged/:contract", reads, async (context) =>
      context.json(await staging.waiting(context.req.param("contract"))),
    )
    .post("/staged/:contract/approve", requireRole("approver"), async (context) => {
      const approval = await bodyOf(context, approvalSchema);
      return context.json(await staging.approve(context.req.param("contract"), approval, context.get("principal")));
    })
    .post("/staged/:contract/publish", requireRole("author", "approver"), async (context) => {
      const { reason: why } = await bodyOf(context, withdrawalSchema);
      return context.json(await staging.publish(context.req.param("contract"), why, context.get("principal")));
    })
    .post("/staged/:contract/withdraw", requireRole("author", "approver"), async (context) => {
      const { reason: why } = await bodyOf(context, withdrawalSchema);
      return context.json(await staging.withdraw(context.req.param("contract"), why, context.get("principal")));
    });
}

/** To be mounted at /v1/deployments. */
export function deploymentsRoutes({ contracts, rollout, store }: HubServices): Hono<HubEnv> {
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => {
      const { contract, ...page } = queryOf(context, deploymentsQuery);
      // An empty answer would read as "no node runs it", where nobody knows the contract at all.
      await contracts.history(contract);
      return context.json(await rollout.deployments(contract, page));
    })
    .post("/", requireRole("author", "approver", "admin"), async (context) => {
      const { contract, version, nodes: narrowed } = await bodyOf(context, deploymentSchema);
      await store.deploy({ contract, version }, narrowed, context.get("principal"));
      return context.json(await rollout.deployments(contract));
    });
}
