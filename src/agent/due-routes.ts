import { parseInstant } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import { countSchema, instantSchema, listSchema, objectSchema, refTo, textSchema } from "../model/json-schema.ts";
import { MAX_DUE_DAYS } from "../model/limits.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import type { GateService } from "./gate-service.ts";
import { type Answer, answerOf, refusal } from "./local-api.ts";

const DAY_MS = 86_400_000;

const doc: RouteDoc = {
  ...{ id: "due", summary: "What lapses and will block here, by the evidence there is" },
  query: {
    days: { schema: countSchema("how far ahead", { maximum: MAX_DUE_DAYS, default: 30 }) },
    at: { schema: instantSchema("from when, with offset; else now") },
    kind: { schema: textSchema("only what a test of this kind asks for") },
  },
  answer: objectSchema<{ due: readonly unknown[] }>({ due: listSchema(refTo("DueItem")) }),
};

/** GET /v1/due?days=30&at=2026-11-23T09:00:00-06:00&kind=final: what lapses and will block here. */
export function dueRoutes(gate: GateService): readonly DescribedRoute[] {
  return [
    { ...{ method: "GET", path: "/v1/due", scope: "status", doc }, handle: (_, __, query) => dueAnswer(query, gate) },
  ];
}

function dueAnswer(query: URLSearchParams, gate: GateService): Answer {
  const days = query.get("days") ?? "30";
  if (!/^\d{1,4}$/.test(days) || Number(days) > MAX_DUE_DAYS)
    return refusal(400, "MAINT_ERR_REQUEST", `"days" is a whole number from 0 to ${MAX_DUE_DAYS}`);
  const at = query.get("at");
  const fromMs = at === null ? null : parseInstant(at);
  if (fromMs === undefined)
    return refusal(
      400,
      "MAINT_ERR_REQUEST",
      '"at" is no instant',
      "write it with its offset: 2026-11-24T06:20:00-06:00",
    );
  try {
    return { status: 200, body: { due: gate.due(query.get("kind"), fromMs, Number(days) * DAY_MS) } };
  } catch (error) {
    if (error instanceof MaintError) return answerOf(error);
    if (error instanceof RangeError) return refusal(400, "MAINT_ERR_REQUEST", error.message, "ask for fewer days");
    throw error;
  }
}
