import { Hono } from "hono";
import type { OrderService } from "../orders/order-service.ts";
import { MAX_ORDER_BYTES } from "../orders/parse-order.ts";
import { tooLarge } from "../refusals.ts";
import { type HubEnv, requireRole } from "./access.ts";
import { READER_ROLES } from "./reader-roles.ts";

/** To be mounted at /v1/orders. The body of a POST is the order itself, YAML or JSON, so that a problem keeps its line. */
export function ordersRoutes(orders: OrderService): Hono<HubEnv> {
  const plans = requireRole("author", "QA", "supervisor", "admin");
  return new Hono<HubEnv>()
    .get("/", requireRole(...READER_ROLES), async (context) => context.json({ orders: await orders.list() }))
    .post("/", plans, async (context) => {
      const text = await context.req.text();
      if (Buffer.byteLength(text) > MAX_ORDER_BYTES) throw tooLarge(`an order has at most ${MAX_ORDER_BYTES} bytes`);
      return context.json(await orders.link(text, context.get("principal")), 201);
    })
    .post("/:id/close", plans, async (context) =>
      context.json(await orders.close(context.req.param("id"), context.get("principal"))),
    );
}
