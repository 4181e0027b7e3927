import { z } from "zod";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { StationRegister } from "../../model/documents.ts";
import { isName, isTestNodeId } from "../../model/ids.ts";
import { badRequest } from "../refusals.ts";

const MAX_LISTED = 1_000;
const name = z.string().refine(isName, "is no kebab-case name");
const label = z.string().trim().min(1).max(200);

/** What a person writes to register a station; the node's id is the outer `id`, else the station's. */
const registerSchema = z.strictObject({
  id: z.string().refine(isTestNodeId, "is no node id").optional(),
  station: z.strictObject({
    id: z.string().refine(isTestNodeId, "is no station id"),
    type: name,
    attributes: z.array(name).max(MAX_LISTED).default([]),
    orderRequired: z.boolean().default(false),
  }),
  plantZone: z.string().refine((zone) => zoneFromIntl(zone) !== undefined, "is no time zone that is known"),
  shifts: z
    .array(z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "is no time such as 06:00"))
    .max(24)
    .default([]),
  roles: z.record(name, label).default({}),
  assets: z
    .array(
      z.strictObject({ id: label, serial: label, type: name, attributes: z.array(name).max(MAX_LISTED).default([]) }),
    )
    .max(MAX_LISTED)
    .default([]),
});

/**
 * A station's register out of what came over HTTP.
 * @throws MaintError BAD_REQUEST naming the field, a role bound to no asset, or an asset listed twice
 */
export function registerFrom(value: unknown): StationRegister {
  const checked = registerSchema.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw badRequest(`"${issue?.path.join(".") || "the body"}": ${issue?.message ?? "does not fit"}`);
  }
  const { id, ...register } = checked.data;
  const assets = register.assets.map((asset) => asset.id);
  const twice = assets.find((asset, index) => assets.indexOf(asset) !== index);
  if (twice !== undefined) throw badRequest(`asset "${twice}" is listed twice`);
  const loose = Object.entries(register.roles).find(([, asset]) => !assets.includes(asset));
  if (loose !== undefined)
    throw badRequest(`role "${loose[0]}" is bound to "${loose[1]}", which is no asset of this station`);
  return { format: "maint-station/1", node: id ?? register.station.id, ...register };
}
