import { MaintError } from "../base/maint-error.ts";
import { bodySchema, countSchema, instantSchema, objectSchema, orNull, textSchema } from "../model/json-schema.ts";
import { MAX_REASON_TEXT } from "../model/limits.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import { type Answer, refusal } from "./local-api.ts";
import type { HubHistory, Witness, WitnessView } from "./witness.ts";

const history = {
  size: countSchema("entries of the hub's ledger"),
  root: textSchema("of its Merkle tree", { contentEncoding: "base64" }),
  checkpoint: textSchema("signed note, as C2SP tlog-checkpoint"),
};

const docs = {
  view: {
    ...{
      id: "witnessedHistory",
      summary: "Where the hub's ledger stood when this node saw it, and what contradicts that",
    },
    answer: objectSchema<WitnessView>({
      hub: textSchema("the hub's id"),
      kept: orNull(objectSchema<HubHistory>(history)),
      other: orNull(
        objectSchema<NonNullable<WitnessView["other"]>>({
          ...{ ...history, why: textSchema("what contradicts what"), seenAt: instantSchema() },
        }),
      ),
    }),
  },
  accept: {
    ...{
      id: "acceptHistory",
      summary: "Go on from the other history that the hub showed; the one before stays as evidence",
    },
    body: bodySchema(
      {
        root: textSchema("of the other history, as it was shown to the person", { minLength: 1 }),
        reason: textSchema("why the two differ", { minLength: 1, maxLength: MAX_REASON_TEXT }),
      },
      {},
    ),
    answer: objectSchema<HubHistory>(history),
  },
} as const satisfies { readonly [name: string]: RouteDoc };

/** GET /v1/witness, and POST /v1/witness/accept: a person's word, with a reason. */
export function witnessRoutes(witness: Pick<Witness, "view" | "accept">): readonly DescribedRoute[] {
  return [
    {
      ...{ method: "GET", path: "/v1/witness", scope: "audit", doc: docs.view },
      handle: () => ({ status: 200, body: witness.view() }),
    },
    {
      ...{ method: "POST", path: "/v1/witness/accept", scope: "admin", doc: docs.accept },
      handle: (body, { id, person }) => {
        if (!person) return refusal(403, "MAINT_ERR_FORBIDDEN", "only a person accepts another history of the hub");
        const [root, reason] = [body.get("root"), body.get("reason")];
        if (typeof root !== "string" || typeof reason !== "string")
          return refusal(400, "MAINT_ERR_REQUEST", '"root" and "reason" are needed');
        if (reason.trim() === "" || reason.length > MAX_REASON_TEXT)
          return refusal(400, "MAINT_ERR_REQUEST", `"reason" is a sentence of at most ${MAX_REASON_TEXT} characters`);
        return accepted(() => witness.accept(root, id, reason.trim()));
      },
    },
  ];
}

const REFUSED: ReadonlySet<string> = new Set(["MAINT_ERR_NOTHING_TO_ACCEPT", "MAINT_ERR_CONFLICT"]);

function accepted(accept: () => HubHistory): Answer {
  try {
    return { status: 200, body: accept() };
  } catch (error) {
    if (!(error instanceof MaintError) || !REFUSED.has(error.code)) throw error;
    return refusal(409, error.code, error.message, error.help);
  }
}
