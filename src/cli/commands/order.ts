import { readFileSync } from "node:fs";
import { Command } from "commander";
import { printUtc } from "../../base/civil-time.ts";
import type { OrderRevision, OrderView } from "../../hub/orders/order-service.ts";
import type { ClientOrder } from "../../model/documents.ts";
import { shownDecision } from "../decided-line.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

/** `maint order`: SmartClientPO, which client order asks which test to meet which contract. */
export function command(): Command {
  const order = new Command("order").description("link and close client orders");
  withHubOptions(
    order.command("link <file>").description("bind an order's tests to contracts and conditions, YAML or JSON"),
  )
    .addHelpText("after", "\nExample:\n  maint order link order.yaml")
    .action(link);
  withHubOptions(order.command("list").description("list orders"))
    .addHelpText("after", "\nExample:\n  maint order list")
    .action(list);
  withHubOptions(
    order
      .command("show <id>")
      .description("an order's revisions, what is wrong with its links, and what was decided under it"),
  )
    .addHelpText("after", "\nExample:\n  maint order show PO-2026-118")
    .action(show);
  withHubOptions(order.command("close <id>").description("close an order: its tests are then blocked"))
    .addHelpText("after", "\nExample:\n  maint order close PO-2026-118")
    .action(close);
  return order.addHelpText("after", "\nExample:\n  maint order link order.yaml");
}

async function link(file: string, options: HubOptions): Promise<void> {
  const text = readFileSync(file, "utf8");
  const answer = (await hubClient(options).post("/v1/orders", { text })) as ClientOrder;
  printAnswer(options, answer, shown(answer));
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/orders")) as { readonly orders: readonly ClientOrder[] };
  printAnswer(options, answer, answer.orders.length === 0 ? ["no orders"] : answer.orders.flatMap(shown));
}

async function show(id: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get(`/v1/orders/${encodeURIComponent(id)}`)) as OrderView;
  const { order, revisions, problems, decided } = answer;
  const { allowed, blocked, latest } = decided;
  printAnswer(options, answer, [
    ...shown(order),
    ...problems.map((problem) => `  DOES NOT FIT: ${problem}`),
    ...revisions.flatMap(shownRevision),
    `decided under it, by what is archived: ${allowed} allowed, ${blocked} blocked`,
    ...latest.map(shownDecision),
  ]);
  if (problems.length > 0) process.exitCode = 1;
}

const shownRevision = ({ revision, state, by, atMs, unlinked }: OrderRevision): readonly string[] => [
  `  revision ${revision}, ${printUtc(atMs)}, by ${by}${state === "closed" ? ": closed" : ""}`,
  ...unlinked.map((link) => `      no longer asked: ${link}`),
];

async function close(id: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).post(`/v1/orders/${encodeURIComponent(id)}/close`, {})) as ClientOrder;
  printAnswer(options, answer, [`${answer.id} closed at revision ${answer.revision}`]);
}

const shown = ({ id, revision, state, tests }: ClientOrder): readonly string[] => [
  `${id}  revision ${revision}  ${state}`,
  ...tests.map(({ name, maintenance, maintenance_conditions }) => {
    const conditions = maintenance_conditions.length === 0 ? "all conditions" : maintenance_conditions.join(", ");
    return `    ${name}: ${maintenance}, ${conditions}`;
  }),
];
