import { Hono } from "hono";
import { z } from "zod";
import { isContractId, isVersion } from "../../model/ids.ts";
import { MAX_REPLAY_EXAMPLES } from "../../model/limits.ts";
import type { HubServices } from "../hub-services.ts";
import { candidateBundle } from "../replay/candidate-bundle.ts";
import { bodyOf, type HubEnv, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

const instant = z.number().int().nonnegative().optional();
export const replaySchema = z.strictObject({
  contract: z.string().refine(isContractId, "is no contract id"),
  /** The candidate's text; without it a version that the hub has. */
  text: z
    .string()
    .max(1 << 20)
    .optional(),
  version: z
    .string()
    .refine((value) => value === "draft" || isVersion(value), "is no version, write v1.0 or draft")
    .optional(),
  against: z.string().refine(isVersion, "is no version, write v1.0").optional(),
  nodes: z.array(z.string().max(64)).max(10_000).optional(),
  fromMs: instant,
  toMs: instant,
  inForceFromMs: instant,
  examples: z.number().int().min(0).max(MAX_REPLAY_EXAMPLES).optional(),
});

/** To be mounted at /v1/replays. A replay reads and computes; it changes nothing. */
export function replaysRoutes({ replays, contracts }: Pick<HubServices, "replays" | "contracts">): Hono<HubEnv> {
  const asks = requireRole("author", "approver", "QA", "admin");
  const reads = requireRole(...READER_ROLES);
  return new Hono<HubEnv>()
    .get("/", reads, (context) => context.json({ replays: replays.jobs() }))
    .post("/", asks, async (context) => {
      const { contract, text, version, nodes, fromMs, toMs, ...more } = await bodyOf(context, replaySchema);
      const candidate = await candidateBundle(contracts, { contract, text, version });
      const job = replays.start({ candidate, filter: { nodes, fromMs, toMs }, ...more }, context.get("principal"));
      return context.json(job, 202);
    })
    .get("/:id", reads, (context) => context.json(replays.job(context.req.param("id"))))
    .delete("/:id", asks, (context) => context.json(replays.cancel(context.req.param("id"))));
}
