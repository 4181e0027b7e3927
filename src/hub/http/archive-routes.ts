import { Hono } from "hono";
import { z } from "zod";
import { parseInstant } from "../../base/civil-time.ts";
import { isTestNodeId } from "../../model/ids.ts";
import { LEDGER_ACTION_TYPES } from "../../model/ledger-entry.ts";
import { MAX_ARCHIVE_LISTED, MAX_RETENTION_DAYS } from "../../model/limits.ts";
import type { ArchiveDesk } from "../archive/archive-desk.ts";
import { EVERY_NODE } from "../archive/retention.ts";
import { badRequest } from "../refusals.ts";
import { bodyOf, type HubEnv, queryOf, requireRole } from "./access.ts";

const word = z.string().min(1).max(256);
const seq = z.coerce.number().int().min(0);
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const instant = z.string().transform((text, context) => {
  const ms = parseInstant(text);
  if (ms === undefined)
    context.addIssue({ code: "custom", message: "is no instant such as 2026-11-24T08:00:00-06:00" });
  return ms ?? 0;
});
const node = z.string().refine(isTestNodeId, "is no node id");
const limit = z.coerce.number().int().min(1).max(MAX_ARCHIVE_LISTED).default(100);
const common = { node: node.optional(), from: seq.optional(), since: instant.optional(), until: instant.optional() };
const more = { by: word.optional(), newest: flag.optional(), limit };
export const entriesSchema = z.strictObject({
  ...{ ...common, ...more, target: word.optional(), type: z.enum(LEDGER_ACTION_TYPES).optional() },
});
export const decisionsSchema = z.strictObject({
  ...{ ...common, ...more, contract: word.optional(), test: word.optional(), order: word.optional() },
  ...{ part: word.optional(), allow: flag.optional() },
});
const end = (most: number) => z.int().min(1).max(most).nullable().default(null);
export const retentionSchema = z.strictObject({
  node: z.union([node, z.literal(EVERY_NODE)]),
  days: end(MAX_RETENTION_DAYS),
  entries: end(2 ** 32),
});

/** To be mounted at /v1/archive: nodes' ledgers as they are archived here. Who reads entries is in the hub's own ledger. */
export function archiveRoutes(desk: ArchiveDesk): Hono<HubEnv> {
  const reads = requireRole("auditor", "admin", "QA", "approver", "author");
  return new Hono<HubEnv>()
    .get("/", reads, async (context) => context.json(await desk.overview()))
    .get("/entries", reads, async (context) => {
      const { node: only, from, since, until, by, type, newest, ...rest } = queryOf(context, entriesSchema);
      const filter = { ...rest, ...boundsOf(only, from, since, until), userId: by, newestFirst: newest };
      const asked = { ...filter, actionTypes: type === undefined ? undefined : [type] };
      return context.json({ entries: await desk.entries(asked, context.get("principal")) });
    })
    .get("/decisions", reads, async (context) => {
      const { node: only, from, since, until, by, newest, ...rest } = queryOf(context, decisionsSchema);
      const filter = { ...rest, ...boundsOf(only, from, since, until), userId: by, newestFirst: newest };
      return context.json({ decisions: await desk.decisions(filter, context.get("principal")) });
    })
    .get("/entries/:node/:seq", reads, async (context) => {
      const place = seq.safeParse(context.req.param("seq"));
      if (!place.success) throw badRequest("the place is a whole number from 0 on");
      return context.json(await desk.entry(context.req.param("node"), place.data, context.get("principal")));
    })
    .put("/retention", requireRole("admin"), async (context) => {
      const retention = await bodyOf(context, retentionSchema);
      return context.json(await desk.retain(retention, context.get("principal")));
    });
}

const boundsOf = (
  only: string | undefined,
  fromSeq: number | undefined,
  fromMs: number | undefined,
  toMs: number | undefined,
) => ({ fromSeq, fromMs, toMs, nodes: only === undefined ? undefined : [only] });
