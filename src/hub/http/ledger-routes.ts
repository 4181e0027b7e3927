import { type Context, Hono } from "hono";
import type { LedgerDesk } from "../../disk/ledger-desk.ts";
import { numberIn, parseLedgerQuery } from "../../disk/ledger-questions.ts";
import type { HubServices } from "../hub-services.ts";
import { badRequest, notFound } from "../refusals.ts";
import { type HubEnv, paramsOf, requireRole } from "./access.ts";

/** To be mounted at /v1/ledger: the hub's own. Who reads entries is written into it. */
export function ledgerRoutes(desk: LedgerDesk, witnesses: HubServices["witnesses"]): Hono<HubEnv> {
  const reads = requireRole("auditor", "admin", "QA", "approver", "author");
  const who = (context: Context<HubEnv>): string => context.get("principal").id;
  return new Hono<HubEnv>()
    .get("/", reads, (context) => context.json(desk.list(parseLedgerQuery(paramsOf(context)), who(context))))
    .get("/entry", reads, (context) => context.json(desk.entry(needed(paramsOf(context), "seq"), who(context))))
    .get("/proof", reads, (context) => {
      const params = paramsOf(context);
      return context.json(desk.inclusion(needed(params, "seq"), numberIn(params, "size"), who(context)));
    })
    .get("/consistency", reads, (context) => {
      const params = paramsOf(context);
      return context.json(desk.consistency(needed(params, "from"), numberIn(params, "to")));
    })
    .get("/checkpoint", reads, (context) => context.json(desk.checkpoint()))
    .get("/cosigned", reads, async (context) => {
      const cosigned = await witnesses.cosignedCheckpoint();
      if (cosigned === null) throw notFound("no node has cosigned a checkpoint yet");
      return context.json(cosigned);
    })
    .get("/verify", reads, async (context) => context.json(await desk.verify(who(context))));
}

function needed(params: URLSearchParams, name: string): number {
  const value = numberIn(params, name);
  if (value === undefined) throw badRequest(`?${name}= is needed`);
  return value;
}
