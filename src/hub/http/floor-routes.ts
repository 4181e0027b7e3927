import { Hono } from "hono";
import { z } from "zod";
import type { HubServices } from "../hub-services.ts";
import { bodyOf, type HubEnv, queryOf, requireRole } from "./access.ts";
import { pageFields } from "./paging.ts";
import { READER_ROLES } from "./reader-roles.ts";

/** Nodes of one fleet request; its commit holds up whatever else is written. */
const MAX_FLEET_BATCH = 500;
export const personSchema = z.strictObject({
  id: z.string().max(64),
  roles: z.array(z.string().max(32)).min(1).max(16),
});
export const enrolSchema = z.strictObject({
  token: z.string().max(256),
  node: z.string().max(64),
  publicKey: z.string().max(64),
});
export const fleetSchema = z.strictObject({ registers: z.array(z.unknown()).min(1).max(MAX_FLEET_BATCH) });
export const enrolFleetSchema = z.strictObject({ nodes: z.array(enrolSchema).min(1).max(MAX_FLEET_BATCH) });
export const pageSchema = z.strictObject(pageFields);
export const reasonSchema = z.strictObject({ reason: z.string().max(2_000) });

/** To be mounted at /v1/nodes: test nodes and what stands at their stations. */
export function nodesRoutes({ nodes, rollout }: HubServices): Hono<HubEnv> {
  const administers = requireRole("admin");
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => {
      const { nodes: known, next } = await nodes.page(queryOf(context, pageSchema));
      const shown = known.map(({ id, register, report, publicHex: _, keyId, ...rest }) => ({
        ...{ id, station: register.station, plantZone: register.plantZone, keyId, ...rest },
        live: rollout.isLive(id),
        active: report?.active ?? {},
      }));
      return context.json({ nodes: shown, next });
    })
    .post("/", administers, async (context) => {
      const body = await bodyOf(context, z.unknown());
      return context.json(await nodes.register(body, context.get("principal")), 201);
    })
    .post("/fleet", administers, async (context) => {
      const { registers } = await bodyOf(context, fleetSchema);
      return context.json({ nodes: await nodes.registerFleet(registers, context.get("principal")) }, 201);
    })
    .post("/:id/revoke", administers, async (context) => {
      const { reason } = await bodyOf(context, reasonSchema);
      const { id, revokedAtMs } = await nodes.revoke(context.req.param("id"), reason, context.get("principal"));
      return context.json({ id, revokedAtMs });
    })
    .post("/:id/release", administers, async (context) => {
      const { reason } = await bodyOf(context, reasonSchema);
      const { id, quarantined } = await nodes.release(context.req.param("id"), reason, context.get("principal"));
      return context.json({ id, quarantined });
    })
    .get("/:id/package", administers, async (context) => {
      const { signed, digests } = await rollout.packageFor(context.req.param("id"));
      return context.json({ signed, digests });
    })
    .put("/:id/register", administers, async (context) => {
      const body = await bodyOf(context, z.unknown());
      const { id, register } = await nodes.replaceRegister(context.req.param("id"), body, context.get("principal"));
      return context.json({ id, register });
    });
}

/** To be mounted at /v1/enrol, before anybody is asked for a person's token: the enrolment token is the proof. */
export function enrolRoutes({ nodes, policy, hubId }: HubServices): Hono<HubEnv> {
  const routes = new Hono<HubEnv>();
  routes.post("/fleet", async (context) => {
    const { nodes: asked } = await bodyOf(context, enrolFleetSchema);
    await nodes.enrolFleet(asked);
    return context.json({ nodes: asked.length, hub: hubId, root: policy.metadata().roots[0]?.text }, 201);
  });
  return routes.post("/", async (context) => {
    const { id } = await nodes.enrol(await bodyOf(context, enrolSchema));
    return context.json({ node: id, hub: hubId, root: policy.metadata().roots[0]?.text }, 201);
  });
}

/** To be mounted at /v1/people. The token is answered once and nowhere kept. */
export function peopleRoutes({ people }: HubServices): Hono<HubEnv> {
  const administers = requireRole("admin");
  return new Hono<HubEnv>()
    .get("/", administers, async (context) => context.json({ people: await people.list() }))
    .get("/me", requireRole(...READER_ROLES), (context) => {
      const { id, roles } = context.get("principal");
      return context.json({ id, roles });
    })
    .post("/", administers, async (context) => {
      const person = await bodyOf(context, personSchema);
      return context.json(await people.add(person, context.get("principal")), 201);
    });
}
