import type { ClientOrder } from "../../../model/documents.ts";
import {
  countSchema,
  flagSchema,
  instantSchema,
  listSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
  wordSchema,
} from "../../../model/json-schema.ts";
import type { DecidedThere } from "../../archive/archive-desk.ts";
import type { OrderRevision, OrderView } from "../../orders/order-service.ts";
import { contract, timeMs } from "./answer-schemas.ts";
import type { RouteDocs } from "./route-doc.ts";

const text = textSchema();
const texts = listSchema(text);
const textOrNull = orNull(text);

const revision = objectSchema<OrderRevision>({
  ...{ revision: countSchema(), state: wordSchema(["open", "closed"]), by: text, atMs: timeMs },
  tests: listSchema(
    objectSchema<ClientOrder["tests"][number]>({ name: text, maintenance: contract, maintenance_conditions: texts }),
  ),
  unlinked: listSchema(text, "what it no longer asked"),
});
const decision = objectSchema<DecidedThere>({
  ...{ node: text, seq: countSchema("of the node's ledger"), at: instantSchema(), test: textOrNull },
  ...{ order: textOrNull, part: textOrNull, allow: flagSchema(), operator: textOrNull, reasons: texts },
  contracts: listSchema(objectSchema<DecidedThere["contracts"][number]>({ contract: text, version: textOrNull })),
});

/** One client order. */
export const orderDocs: RouteDocs = {
  "GET /v1/orders/:id": {
    ...{ id: "showOrder", summary: "An order with its revisions, its broken links and what was decided under it" },
    answer: objectSchema<OrderView>({
      ...{ order: refTo("Order"), revisions: listSchema(revision), problems: texts },
      decided: objectSchema<OrderView["decided"]>({
        ...{ allowed: countSchema(), blocked: countSchema(), latest: listSchema(decision, "the newest first") },
      }),
    }),
  },
};
