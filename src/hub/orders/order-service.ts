import { canonicalJson } from "../../base/canonical-json.ts";
import { oneAtATime } from "../../base/one-at-a-time.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { ClientOrder, OrdersDocument } from "../../model/documents.ts";
import type { ContractId } from "../../model/ids.ts";
import { type DecidedThere, decidedThere } from "../archive/archive-desk.ts";
import type { ArchiveReader } from "../archive/archive-reader.ts";
import type { Clock, ContractSource, Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { OrderTables } from "../store/orders-tables.ts";
import { brokenLinks } from "./link-order.ts";
import { type OrderDraft, parseOrder } from "./parse-order.ts";
import { unlinked } from "./unlink.ts";

export interface OrderPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly contracts: Pick<ContractSource, "current" | "ids">;
  readonly archive: Pick<ArchiveReader, "decisions" | "countDecisions">;
  /** The orders changed: nodes are to get the new document. */
  readonly changed: () => Promise<void>;
}

/** SmartClientPO: which client order asks which test to meet which contract. */
export interface OrderService {
  /**
   * Links the order in a YAML or JSON text. The same text again changes nothing; a text that asks less than the revision before
   * must name its own revision.
   * @throws MaintError BAD_REQUEST naming the line, or each link that leads nowhere with the nearest names;
   *   CONFLICT when its revision does not grow, when it unlinks without saying a revision, or the order is closed
   */
  readonly link: (text: string, by: Principal) => Promise<ClientOrder>;
  /** @throws MaintError NOT_FOUND, CONFLICT when it is closed already */
  readonly close: (id: string, by: Principal) => Promise<ClientOrder>;
  /**
   * An order with its past, the links that lead nowhere today, and what was decided under it at all nodes.
   * @throws MaintError NOT_FOUND
   */
  readonly get: (id: string) => Promise<OrderView>;
  /** The latest revision of each order, by id. */
  readonly list: () => Promise<readonly ClientOrder[]>;
  /** What every node gets: all orders, closed ones too, because a test for a closed order has its own reason. */
  readonly document: () => Promise<OrdersDocument>;
}

export interface OrderView {
  readonly order: ClientOrder;
  /** The oldest first. */
  readonly revisions: readonly OrderRevision[];
  /** Links that lead nowhere with what is in force now, a sentence each. */
  readonly problems: readonly string[];
  /** By nodes' archived ledgers. */
  readonly decided: { readonly allowed: number; readonly blocked: number; readonly latest: readonly DecidedThere[] };
}

export interface OrderRevision {
  readonly revision: number;
  readonly state: ClientOrder["state"];
  readonly tests: ClientOrder["tests"];
  /** What it no longer asked, a sentence each. */
  readonly unlinked: readonly string[];
  readonly by: string;
  readonly atMs: number;
}

/** Decisions that a look at an order shows; all are counted. */
const LATEST = 20;

export function createOrderService(ports: OrderPorts): OrderService {
  const serially = oneAtATime();
  return {
    link: (text, by) => serially(() => link(ports, text, by)),
    close: (id, by) => serially(() => close(ports, id, by)),
    get: (id) => get(ports, id),
    list: () => listAll(ports.db),
    document: async () => ({ format: "maint-orders/1", orders: await listAll(ports.db) }),
  };
}

async function link(ports: OrderPorts, text: string, by: Principal): Promise<ClientOrder> {
  const parsed = parseOrder(text);
  if (!parsed.ok) {
    const [first, ...others] = parsed.error.map(({ line, message }) =>
      line === null ? message : `line ${line}: ${message}`,
    );
    throw badRequest(first ?? "no order", others.length > 0 ? others.join("; ") : undefined);
  }
  const draft = parsed.value;
  await refuseBrokenLinks(ports, draft);
  const before = (await listAll(ports.db)).find(({ id }) => id === draft.id);
  if (before?.state === "closed") throw conflict(`order ${draft.id} is closed`, "link the work under a new order id");
  const same = before !== undefined && canonicalJson(before.tests) === canonicalJson(draft.tests);
  if (before !== undefined && same && (draft.revision ?? before.revision) === before.revision) return before;
  if (before !== undefined && draft.revision !== null && draft.revision <= before.revision) {
    const help = `raise it to ${before.revision + 1}, or leave it out`;
    throw conflict(`order ${draft.id} stands at revision ${before.revision}, ${draft.revision} does not follow`, help);
  }
  const gone = unlinked(before?.tests ?? [], draft.tests);
  const revision = draft.revision ?? (before?.revision ?? 0) + 1;
  // A line that was left out by mistake must not loosen what the client asked for.
  if (gone.length > 0 && draft.revision === null)
    throw conflict(
      `this would unlink ${gone.join("; ")}`,
      `where that is meant, the file says so: revision: ${revision}`,
    );
  const order: ClientOrder = { id: draft.id, revision, state: "open", tests: draft.tests };
  const links = order.tests.length === 1 ? "1 test" : `${order.tests.length} tests`;
  const without = gone.length === 0 ? "" : `; no longer asked: ${gone.join("; ")}`;
  const details = `${links} linked, revision ${revision}${without}`;
  await keep(ports, order, { text, by, action: "linked", details, unlinked: gone });
  return order;
}

async function get(ports: OrderPorts, id: string): Promise<OrderView> {
  const orders = await listAll(ports.db);
  const order = orders.find((one) => one.id === id);
  if (order === undefined) throw unknownOrder(id, orders);
  const query = ports.db.tables<OrderTables>().selectFrom("client_order").selectAll();
  const rows = await query.where("id", "=", id).orderBy("revision").execute();
  const bodies = rows.map((row) => JSON.parse(row.body) as ClientOrder);
  const revisions = rows.map((row, index): OrderRevision => {
    const { revision, state, tests } = bodies[index] as ClientOrder;
    const gone = unlinked(bodies[index - 1]?.tests ?? [], tests);
    return { revision, state, tests, unlinked: gone, by: row.changed_by, atMs: row.changed_at_ms };
  });
  const latest = [...ports.archive.decisions({ order: id, newestFirst: true, limit: LATEST })].map(decidedThere);
  const decided = { ...ports.archive.countDecisions({ order: id }), latest };
  return { order, revisions, problems: await brokenNow(ports, order), decided };
}

async function refuseBrokenLinks(ports: OrderPorts, draft: OrderDraft): Promise<void> {
  const broken = await brokenNow(ports, draft);
  if (broken[0] !== undefined) throw badRequest(broken[0], broken.slice(1).join("; ") || undefined);
}

async function brokenNow(ports: OrderPorts, draft: OrderDraft): Promise<readonly string[]> {
  const bundles = new Map<ContractId, Bundle>();
  for (const id of new Set(draft.tests.map(({ maintenance }) => maintenance))) {
    const bundle = (await ports.contracts.current(id))?.bundle;
    if (bundle) bundles.set(id, bundle);
  }
  return brokenLinks(draft, { ids: await ports.contracts.ids(), bundles });
}

const unknownOrder = (id: string, orders: readonly ClientOrder[]) =>
  unknownId(
    "order",
    id,
    orders.map((order) => order.id),
  );

async function close(ports: OrderPorts, id: string, by: Principal): Promise<ClientOrder> {
  const orders = await listAll(ports.db);
  const before = orders.find((order) => order.id === id);
  if (before === undefined) throw unknownOrder(id, orders);
  if (before.state === "closed") throw conflict(`order ${id} is closed already`);
  const order: ClientOrder = { ...before, revision: before.revision + 1, state: "closed" };
  await keep(ports, order, {
    text: "",
    by,
    action: "closed",
    details: `closed at revision ${order.revision}`,
    unlinked: [],
  });
  return order;
}

interface Change {
  readonly text: string;
  readonly by: Principal;
  readonly action: "linked" | "closed";
  readonly details: string;
  readonly unlinked: readonly string[];
}

async function keep(
  ports: OrderPorts,
  order: ClientOrder,
  { text, by, action, details, ...change }: Change,
): Promise<void> {
  const { id, revision, state, tests } = order;
  await ports.journal.commit<OrderTables, void>(async ({ tables, record }) => {
    const body = canonicalJson(order);
    const row = { id, revision, body, text, changed_by: by.id, changed_at_ms: ports.clock.nowMs() };
    await tables.insertInto("client_order").values(row).execute();
    record({
      action_type: "order",
      action,
      target: id,
      details,
      user_id: by.id,
      smart_id: tests[0]?.maintenance ?? null,
      metadata: { order: id, revision, state, tests, unlinked: change.unlinked },
    });
  });
  await ports.changed();
}

async function listAll(db: HubDatabase): Promise<readonly ClientOrder[]> {
  const rows = await db.tables<OrderTables>().selectFrom("client_order").selectAll().orderBy("revision").execute();
  const latest = new Map(rows.map((row) => [row.id, JSON.parse(row.body) as ClientOrder]));
  return [...latest.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
