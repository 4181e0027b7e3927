import { Hono } from "hono";
import { z } from "zod";
import { isContractId, isVersion } from "../../model/ids.ts";
import type { HubServices } from "../hub-services.ts";
import { badRequest } from "../refusals.ts";
import { predictFlips } from "../rollout/predict-flips.ts";
import type { NamedRelease } from "../rollout/rollout-commands.ts";
import { bodyOf, type HubEnv, queryOf, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const MAX_WAVES = 100;
const time = z.string().max(8);

/** What may differ from a domain's default; what makes sense together is the rollout's to say. */
export const policySchema = z
  .strictObject({
    waves: z.array(z.string().max(80)).min(1).max(MAX_WAVES),
    successPercent: z.number(),
    errorPercent: z.number(),
    soakMs: z.number(),
    onBreach: z.enum(["pause", "revert"]),
    mode: z.enum(["enforce", "shadow"]),
    activation: z.strictObject({
      notBefore: z.string().max(40).nullable(),
      window: z.strictObject({ from: time, to: time }).nullable(),
      idleOnly: z.boolean(),
    }),
    held: z.boolean(),
  })
  .partial();
const release = {
  contract: z.string().refine(isContractId, "is no contract id"),
  version: z.string().refine(isVersion, "is no version, write v1.0"),
};
export const startSchema = z.strictObject({ ...release, policy: policySchema.default({}) });
/** `days`: so many of recorded decisions are decided again to say what would change. */
export const planSchema = startSchema.extend({ days: z.number().int().min(0).max(3_660).default(0) });
const reason = z.string().max(2_000);
export const orderSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["pause", "resume", "advance"]), reason }),
  z.strictObject({ kind: z.literal("abort"), revert: z.boolean().default(false), reason }),
]);

export const whyNotQuery = z.strictObject({ contract: release.contract.optional() });

/** Who may move a rollout: it changes what stations run, within what release signers allow. */
const MOVERS = ["author", "approver", "admin"] as const;

/** To be mounted at /v1/rollouts. A rollout is named by its release: the latest one of it. */
export function rolloutsRoutes({ rollout, alerts, ...more }: HubServices): Hono<HubEnv> {
  const reads = requireRole(...READER_ROLES);
  const moves = requireRole(...MOVERS);
  return new Hono<HubEnv>()
    .get("/", reads, async (context) => context.json({ rollouts: await rollout.list() }))
    .post("/", moves, async (context) => {
      const { policy, ...named } = await bodyOf(context, startSchema);
      return context.json(await rollout.start(named, given(policy), context.get("principal")), 201);
    })
    .post("/plan", reads, async (context) => {
      const { policy, days, ...named } = await bodyOf(context, planSchema);
      const plan = await rollout.plan(named, given(policy));
      const prediction = days === 0 ? {} : { prediction: await predictFlips(plan, days, more) };
      return context.json({ ...plan, ...prediction });
    })
    .get("/defaults/:domain", reads, async (context) => {
      const domain = context.req.param("domain");
      return context.json({ domain, policy: await rollout.default(domain) });
    })
    .put("/defaults/:domain", requireRole("approver", "admin"), async (context) => {
      const change = given(await bodyOf(context, policySchema));
      const domain = context.req.param("domain");
      return context.json({ domain, policy: await rollout.setDefault(domain, change, context.get("principal")) });
    })
    .get("/:contract/:version/shadow", reads, async (context) => {
      const { contract, version } = named(context.req.param());
      return context.json(await alerts.shadow(contract, version));
    })
    .get("/:contract/:version", reads, async (context) => context.json(await rollout.show(named(context.req.param()))))
    .post("/:contract/:version", moves, async (context) => {
      const order = await bodyOf(context, orderSchema);
      return context.json(await rollout.order(named(context.req.param()), order, context.get("principal")));
    });
}

/** To be mounted at /v1/why-not: why a node does not run what it should. */
export function whyNotRoutes({ rollout }: HubServices): Hono<HubEnv> {
  return new Hono<HubEnv>().get("/:node", requireRole(...READER_ROLES), async (context) =>
    context.json(await rollout.whyNot(context.req.param("node"), queryOf(context, whyNotQuery).contract)),
  );
}

function named({ contract, version }: { readonly contract: string; readonly version: string }): NamedRelease {
  if (!isContractId(contract)) throw badRequest(`"${contract}" is no contract id`);
  if (!isVersion(version)) throw badRequest(`"${version}" is no version`, "write v1.0");
  return { contract, version };
}

type Given<T> = { readonly [key in keyof T]?: Exclude<T[key], undefined> };

/** Without what was left out, which must not stand over the default. */
export const given = <T extends object>(policy: T): Given<T> =>
  Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined)) as Given<T>;
