import { describe, expect, test } from "vitest";
import { brokenLinks } from "../../src/hub/orders/link-order.ts";
import { createOrderService } from "../../src/hub/orders/order-service.ts";
import { MAX_ORDER_BYTES, parseOrder } from "../../src/hub/orders/parse-order.ts";
import { unlinked } from "../../src/hub/orders/unlink.ts";
import { bundleOf, contractShelf, ENGINEER, knownContract, openLoopBench } from "./loop-fixture.ts";

const MAIN = bundleOf({
  contract: "MAIN-PEN-CHECK-001",
  conditions: ["must-calibrate-before-test", "lamp-warmed-up"].map((name) => ({ name, testKind: null, line: 1 })),
});

const order = `id: PO-2026-118
tests:
  - name: fluorescent-inspection
    maintenance: MAIN-PEN-CHECK-001
    maintenance_conditions: [must-calibrate-before-test]
`;

const tests = [
  {
    name: "fluorescent-inspection",
    maintenance: "MAIN-PEN-CHECK-001",
    maintenance_conditions: ["must-calibrate-before-test"],
  },
];

describe("reading an order", () => {
  test.each([
    ["YAML", order],
    ["JSON", JSON.stringify({ id: "PO-2026-118", tests })],
    ["JSON with tabs", JSON.stringify({ id: "PO-2026-118", tests }, null, "\t")],
    [
      "with what a SmartClientPO also carries",
      `contract_type: SmartClientPO\nclient: ACME\ntitle: Blades\nstate: open\n${order}`,
    ],
  ])("%s", (_name, text) =>
    expect(parseOrder(text)).toEqual({ ok: true, value: { id: "PO-2026-118", revision: null, tests } }),
  );

  test("conditions may be left out: then all of the contract's are meant", () => {
    const parsed = parseOrder("id: PO-1\nrevision: 3\ntests: [{name: t, maintenance: UV-DAILY}]");
    expect(parsed).toEqual({
      ok: true,
      value: { id: "PO-1", revision: 3, tests: [{ name: "t", maintenance: "UV-DAILY", maintenance_conditions: [] }] },
    });
  });

  const bad: readonly [string, string, string][] = [
    ["nothing", "", "the order: "],
    ["a list", "- a", "1 the order: "],
    ["no id", order.replace("id: PO-2026-118", "client: ACME"), "id: "],
    ["an empty id", order.replace("PO-2026-118", '""'), "1 id: is empty"],
    ["an id that climbs", order.replace("PO-2026-118", "../x"), "1 id: is no order id"],
    ["an id that is a number", order.replace("PO-2026-118", "118"), "1 id: a text"],
    ["no tests", "id: PO-1\n", "tests: a list"],
    ["empty tests", "id: PO-1\ntests: []\n", "2 tests: names no test"],
    ["tests that are a text", "id: PO-1\ntests: all\n", "2 tests: a list"],
    ["an unknown field", `${order}priority: 1\n`, "6 priority: is not known"],
    [
      "an unknown field in a test",
      order.replace("maintenance_conditions", "conditions"),
      "5 tests.0.conditions: is not known",
    ],
    [
      "a contract id in small letters",
      order.replace("MAIN-PEN-CHECK-001", "uv-daily"),
      "4 tests.0.maintenance: is no contract id",
    ],
    [
      "a condition in capitals",
      order.replace("must-calibrate", "MUST-calibrate"),
      "5 tests.0.maintenance_conditions.0: is no condition",
    ],
    [
      "a condition that is a text",
      order.replace("[must-calibrate-before-test]", "all"),
      "5 tests.0.maintenance_conditions: ",
    ],
    ["revision 0", `revision: 0\n${order}`, "1 revision: "],
    ["revision 1.5", `revision: 1.5\n${order}`, "1 revision: "],
    ["a closed one", `state: closed\n${order}`, '1 state: is "open" here'],
    ["another kind of contract", `contract_type: SmartSP\n${order}`, "1 contract_type: "],
    ["a doubled key", `id: PO-1\n${order}`, "2 Map keys must be unique"],
    ["a doubled test", `${order}${order.split("\n").slice(2).join("\n")}`, '6 "fluorescent-inspection" names'],
    ["broken YAML", "id: [PO-1\ntests: x", "2 "],
    ["broken JSON", '{"id": "PO-1", "tests": [}', "1 "],
    ["two documents", `${order}---\n${order}`, "6 "],
    ["an alias", "id: PO-1\ntests: [&a {name: t, maintenance: UV-DAILY}, *a]", "aliases"],
    ["__proto__", `__proto__: {x: 1}\n${order}`, "1 __proto__: is not known"],
    ["a text that turns around", order.replace("fluorescent-inspection", '"a\\u202eb"'), "3 tests.0.name: holds"],
    ["too large", `# ${"x".repeat(MAX_ORDER_BYTES)}\n${order}`, "larger than"],
    ["too deep", "[".repeat(100_000), ""],
  ];
  test.each(bad)("refuses %s", (_name, text, expected) => {
    const parsed = parseOrder(text);
    const problems = parsed.ok ? [] : parsed.error;
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.map(({ line, message }) => (line === null ? message : `${line} ${message}`)).join("\n")).toContain(
      expected,
    );
  });
});

describe("links", () => {
  const known = { ids: ["MAIN-PEN-CHECK-001", "UV-DAILY"], bundles: new Map([[MAIN.contract, MAIN]]) };
  const rows: readonly [string, string, readonly string[], readonly string[]][] = [
    ["good", "MAIN-PEN-CHECK-001", ["lamp-warmed-up"], []],
    ["no conditions", "MAIN-PEN-CHECK-001", [], []],
    ["a typing mistake in the contract", "MAIN-PEN-CHEK-001", [], ["did you mean MAIN-PEN-CHECK-001?"]],
    ["a contract like none", "TORQUE", [], ["there is MAIN-PEN-CHECK-001, UV-DAILY"]],
    ["a typing mistake in a condition", "MAIN-PEN-CHECK-001", ["lamp-warmd-up"], ["did you mean lamp-warmed-up?"]],
    [
      "two bad conditions",
      "MAIN-PEN-CHECK-001",
      ["lamp", "must-calibrat-before-test"],
      ["has no condition lamp; there is", "did you mean must-calibrate-before-test?"],
    ],
  ];
  test.each(rows)("%s", (_name, maintenance, maintenance_conditions, expected) => {
    const found = brokenLinks(
      { id: "PO-1", revision: null, tests: [{ name: "t", maintenance, maintenance_conditions }] },
      known,
    );
    expect(found).toHaveLength(expected.length);
    for (const [index, part] of expected.entries()) expect(found[index]).toContain(part);
  });
});

const archiveOf = (decided: { readonly allowed: number; readonly blocked: number }) => ({
  decisions: () => [],
  countDecisions: () => decided,
});

async function openOrders() {
  const bench = await openLoopBench();
  let published = 0;
  const inForce = [knownContract(MAIN)];
  const orders = createOrderService({
    ...bench,
    contracts: contractShelf(inForce),
    archive: archiveOf({ allowed: 3, blocked: 1 }),
    changed: async () => {
      published++;
    },
  });
  return { ...bench, orders, inForce, published: () => published };
}

const withRevision = (revision: number, text = order): string => `revision: ${revision}\n${text}`;

describe("the life of an order", () => {
  test("it is linked, kept, published and in the ledger", async () => {
    const { orders, entries, published, ledger } = await openOrders();
    expect(await orders.link(order, ENGINEER)).toEqual({ id: "PO-2026-118", revision: 1, state: "open", tests });
    expect(await orders.document()).toEqual({
      format: "maint-orders/1",
      orders: [{ id: "PO-2026-118", revision: 1, state: "open", tests }],
    });
    expect(entries()).toEqual(["order linked ENG-1"]);
    expect(ledger.list()[0]).toMatchObject({ target: "PO-2026-118", metadata: { revision: 1, tests } });
    expect(published()).toBe(1);
  });

  test("the same order again changes nothing", async () => {
    const { orders, entries, published } = await openOrders();
    const first = await orders.link(order, ENGINEER);
    expect(await orders.link(order, ENGINEER)).toEqual(first);
    expect(await orders.link(withRevision(1), ENGINEER)).toEqual(first);
    expect(entries()).toHaveLength(1);
    expect(published()).toBe(1);
  });

  test("a revision only grows", async () => {
    const { orders } = await openOrders();
    const other = order.replace("must-calibrate-before-test", "lamp-warmed-up");
    expect((await orders.link(withRevision(5), ENGINEER)).revision).toBe(5);
    await expect(orders.link(withRevision(4, other), ENGINEER)).rejects.toThrow("stands at revision 5");
    await expect(orders.link(withRevision(5, other), ENGINEER)).rejects.toThrow("stands at revision 5");
    expect((await orders.link(withRevision(6, other), ENGINEER)).revision).toBe(6);
    const more = other.replace("[lamp-warmed-up]", "[lamp-warmed-up, must-calibrate-before-test]");
    expect((await orders.link(more, ENGINEER)).revision).toBe(7);
    expect((await orders.list()).map(({ revision }) => revision)).toEqual([7]);
  });

  test("a closed order stays in the document and takes no revision", async () => {
    const { orders, entries } = await openOrders();
    await orders.link(order, ENGINEER);
    expect(await orders.close("PO-2026-118", ENGINEER)).toMatchObject({ state: "closed", revision: 2 });
    await expect(orders.close("PO-2026-118", ENGINEER)).rejects.toThrow("closed already");
    await expect(orders.link(withRevision(9), ENGINEER)).rejects.toThrow("is closed");
    expect((await orders.document()).orders).toMatchObject([{ state: "closed", tests }]);
    expect(entries()).toEqual(["order linked ENG-1", "order closed ENG-1"]);
  });

  test.each([
    ["a link to an unknown contract", order.replace("CHECK", "CHEK"), "no contract MAIN-PEN-CHEK-001 is in force"],
    ["a link to an unknown condition", order.replace("must-", "may-"), "has no condition may-calibrate-before-test"],
    ["no order at all", "hello", "the order: "],
  ])("refuses %s and keeps nothing", async (_name, text, expected) => {
    const { orders, entries, published } = await openOrders();
    await expect(orders.link(text, ENGINEER)).rejects.toThrow(expected);
    expect(await orders.list()).toEqual([]);
    expect(entries()).toEqual([]);
    expect(published()).toBe(0);
  });

  test("closing an unknown order names the nearest", async () => {
    const { orders } = await openOrders();
    await orders.link(order, ENGINEER);
    await expect(orders.close("PO-2026-181", ENGINEER)).rejects.toMatchObject({ help: "did you mean PO-2026-118?" });
  });

  test("what is left out is unlinked only where the file says a revision", async () => {
    const { orders, ledger } = await openOrders();
    const both = order.replace("[must", "[lamp-warmed-up, must");
    await orders.link(both, ENGINEER);
    const refusal = orders.link(order, ENGINEER);
    await expect(refusal).rejects.toThrow(
      'this would unlink "fluorescent-inspection": MAIN-PEN-CHECK-001, lamp-warmed-up',
    );
    await expect(refusal).rejects.toMatchObject({ help: expect.stringContaining("revision: 2") });
    expect((await orders.list())[0]?.tests).toEqual([
      { ...tests[0], maintenance_conditions: expect.arrayContaining(["lamp-warmed-up"]) },
    ]);
    expect((await orders.link(withRevision(2), ENGINEER)).revision).toBe(2);
    expect(ledger.list().at(-1)).toMatchObject({
      details: expect.stringContaining("no longer asked"),
      metadata: { unlinked: ['"fluorescent-inspection": MAIN-PEN-CHECK-001, lamp-warmed-up'] },
    });
  });

  test("is shown with its past, what does not fit any more, and what was decided under it", async () => {
    const { orders, inForce } = await openOrders();
    await orders.link(order, ENGINEER);
    const other = order.replace("must-calibrate-before-test", "lamp-warmed-up");
    await orders.link(withRevision(2, other), ENGINEER);
    expect(await orders.get("PO-2026-118")).toMatchObject({
      order: { revision: 2 },
      revisions: [
        { revision: 1, state: "open", by: "ENG-1", unlinked: [] },
        { revision: 2, unlinked: ['"fluorescent-inspection": MAIN-PEN-CHECK-001, must-calibrate-before-test'] },
      ],
      problems: [],
      decided: { allowed: 3, blocked: 1, latest: [] },
    });
    inForce.splice(0);
    expect((await orders.get("PO-2026-118")).problems).toEqual([
      expect.stringContaining("no contract MAIN-PEN-CHECK-001"),
    ]);
    await expect(orders.get("PO-1")).rejects.toThrow('there is no order "PO-1"');
  });
});

describe("what a later revision no longer asks", () => {
  const asked = (...conditions: readonly string[]) => ({
    name: "t",
    maintenance: "UV-1",
    maintenance_conditions: conditions,
  });
  const rows: readonly (readonly [
    what: string,
    before: ReturnType<typeof asked>[],
    after: ReturnType<typeof asked>[],
    gone: readonly string[],
  ])[] = [
    ["nothing", [asked("a")], [asked("a")], []],
    ["a condition more", [asked("a")], [asked("a", "b")], []],
    ["all of them", [asked("a")], [asked()], []],
    ["another test beside", [asked("a")], [asked("a"), { ...asked(), name: "u" }], []],
    ["a condition less", [asked("a", "b")], [asked("b")], ['"t": UV-1, a']],
    ["one instead of all", [asked()], [asked("a")], ['"t": all of UV-1 but a']],
    ["the test gone", [asked("a")], [], ['"t": UV-1']],
    ["another contract", [asked("a")], [{ ...asked("a"), maintenance: "UV-2" }], ['"t": UV-1']],
    ["another test's name", [asked("a")], [{ ...asked("a"), name: "u" }], ['"t": UV-1']],
  ];
  test.each(rows)("%s", (_what, before, after, gone) => {
    expect(unlinked(before, after)).toEqual(gone);
  });
});
