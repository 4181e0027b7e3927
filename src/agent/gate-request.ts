import { compare, parseJsonNumber, ZERO } from "../base/rational.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { isJsonNumber, isJsonObject, type Json, type JsonObject } from "../base/strict-json.ts";
import { MAX_NAME_LENGTH } from "../model/limits.ts";
import type { InputFault } from "./evidence-fields.ts";
import { refuseIdentity } from "./evidence-input.ts";
import type { GateRequest } from "./evidence-snapshot.ts";

const FIELDS = ["test", "kind", "order", "planned", "part"] as const;
/** What the body of POST /v1/gate has besides. */
const PREVIEW = "preview";
export const MAX_REQUEST_TEXT = 4 * MAX_NAME_LENGTH;
export const PLANNED_FIELDS = ["hours", "cycles"] as const;

/** `preview` of POST /v1/gate, and the body without it. */
export function takePreview(
  body: JsonObject,
): Result<{ readonly preview: boolean; readonly rest: JsonObject }, InputFault> {
  const preview = body.get(PREVIEW) ?? false;
  if (typeof preview !== "boolean") return fail({ message: '"preview" is neither true nor false' });
  return ok({ preview, rest: new Map([...body].filter(([name]) => name !== PREVIEW)) });
}

/** The body of POST /v1/gate and /v1/test/start. Who asks is not in it. */
export function parseGateRequest(body: JsonObject): Result<GateRequest, InputFault> {
  const identity = refuseIdentity(body);
  if (identity !== undefined) return fail(identity);
  const stray = [...body.keys()].find((name) => !(FIELDS as readonly string[]).includes(name));
  if (stray !== undefined)
    return fail({ message: `a gate request has no field "${stray}"`, help: `it has ${FIELDS.join(", ")}` });
  const bad = (["test", "kind", "order", "part"] as const).find((name) => !isText(body.get(name)));
  if (bad !== undefined) return fail({ message: `"${bad}" is no text of 1 to ${MAX_REQUEST_TEXT} characters` });
  const planned = body.get("planned") ?? new Map<string, Json>();
  if (!isJsonObject(planned))
    return fail({ message: '"planned" is no object', help: 'write {"hours": 2} or {"cycles": 40}' });
  for (const [name, value] of planned) {
    if (!(PLANNED_FIELDS as readonly string[]).includes(name))
      return fail({ message: `"planned" has no field "${name}"`, help: "it has hours, cycles" });
    if (decimal(value) === undefined) return fail({ message: `planned "${name}" is no number that is not negative` });
  }
  const text = (name: string): string | null => (body.get(name) as string | undefined) ?? null;
  return ok({
    test: text("test"),
    kind: text("kind"),
    order: text("order"),
    part: text("part"),
    planned: { hours: decimal(planned.get("hours")) ?? null, cycles: decimal(planned.get("cycles")) ?? null },
  });
}

const isText = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === "string" && value.length > 0 && value.length <= MAX_REQUEST_TEXT);

function decimal(value: Json | undefined): string | undefined {
  const text = isJsonNumber(value) ? value.text : typeof value === "string" ? value : undefined;
  const number = text === undefined ? undefined : parseJsonNumber(text);
  return number === undefined || compare(number, ZERO) < 0 ? undefined : text;
}
