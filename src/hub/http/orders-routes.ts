import { Hono } from "hono";
import type { OrderService } from "../orders/order-service.ts";
import { MAX_ORDER_BYTES } from "../orders/parse-order.ts";
import { badRequest, tooLarge } from "../refusals.ts";
import { type HubEnv, requireRole, textOf } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

/** To be mounted at /v1/orders. A POST brings the order as its body, YAML or JSON, or as `{"text": …}`: a problem keeps its line. */
export function ordersRoutes(orders: OrderService): Hono<HubEnv> {
  const plans = requireRole("author", "QA", "supervisor", "admin");
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => context.json({ orders: await orders.list() }))
    .get("/:id", requireRole(...READER_ROLES), async (context) =>
      context.json(await orders.get(context.req.param("id"))),
    )
    .post("/", plans, async (context) => {
      const text = orderText(await textOf(context));
      if (Buffer.byteLength(text) > MAX_ORDER_BYTES) throw tooLarge(`an order has at most ${MAX_ORDER_BYTES} bytes`);
      if (!text.isWellFormed()) throw badRequest("the order holds half a letter: a surrogate without its other one");
      return context.json(await orders.link(text, context.get("principal")), 201);
    })
    .post("/:id/close", plans, async (context) =>
      context.json(await orders.close(context.req.param("id"), context.get("principal"))),
    );
}

function orderText(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    const text = (value as { readonly text?: unknown } | null)?.text;
    return typeof text === "string" ? text : body;
  } catch {
    // No JSON: then it is YAML, and the order's own parser says what is wrong with it.
    return body;
  }
}
