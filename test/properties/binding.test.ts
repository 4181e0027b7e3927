/** Which contracts bind, in which version, for which order. Source: decisions.md B16, B21. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { DAY, HOUR, plantTime } from "../reference/interpreter-time.ts";
import { aMillisecondLate, contractWith, type Decide, day, days, gate, instant, rule, seeing, zones } from "./ask.ts";

const saying = (text: string): string => contractWith([], [`each day, QA must acknowledge "${text}"`]);

describe("B16", () => {
  rule(
    "a release is in force from plant midnight of its date; a running test keeps the one it began with",
    (decide) =>
      fc.property(
        zones,
        days,
        fc.integer({ min: -2, max: 2 }),
        fc.constantFrom(undefined, -HOUR, -1, 0, 1, HOUR),
        (zone, from, ms, began) => {
          const start = plantTime(zone).midnight(from);
          const contract = [
            { text: saying("Old"), version: "v1.0", from: day(from - 40) },
            { text: saying("New"), version: "v1.1", from: day(from) },
          ];
          const now = start + ms;
          const facts = began === undefined ? {} : { test: { startedAt: instant(now + began) } };
          // A start that lies ahead is ignored.
          const judgedAt = began !== undefined && began <= 0 ? now + began : now;
          const { reasons } = decide({ contract, facts, zone, now });
          expect(reasons).toEqual([judgedAt >= start ? "ack.missing:New" : "ack.missing:Old"]);
          const before = plantTime(zone).midnight(from - 40) - 1;
          expect(decide({ contract, facts: {}, zone, now: before - DAY }).reasons).toEqual([
            "contract.none-in-force:PROPERTY",
          ]);
        },
      ),
    aMillisecondLate,
  );
  const both = contractWith(
    ["uv is measured in uW/cm2"],
    [
      "from the latest readings, uv must be at least 1000 uW/cm2",
      'for order "PO-1", from the latest readings, uv must be at least 1200 uW/cm2',
    ],
  );
  rule(
    "a clause for an order is added to the shop's, and never takes its place",
    (decide) =>
      fc.property(
        fc.integer({ min: 900, max: 1300 }),
        fc.constantFrom("PO-1", "PO-2", undefined),
        (value, clientPO) => {
          const now = 20_781 * DAY;
          const facts = { test: { clientPO }, readings: { uv: { value, unit: "uW/cm2", takenAt: instant(now) } } };
          expect(decide({ contract: both, facts, now, zone: "UTC" }).allow).toBe(
            value >= (clientPO === "PO-1" ? 1200 : 1000),
          );
        },
      ),
    seeing((facts) => ({ ...facts, test: { clientPO: "PO-2" } })),
  );
});

describe("B21", () => {
  const text = [
    'contract PROPERTY "A property" {',
    "  for every penetrant station",
    "  before every tensile test {",
    '    first:\n      each day, QA must acknowledge "First"',
    '    second:\n      each day, QA must acknowledge "Second"',
    "  }",
    "}",
  ].join("\n");
  const places = fc.record({
    type: fc.constantFrom("penetrant", "magnetic"),
    kind: fc.constantFrom("tensile", "bending"),
    named: fc.subarray(["first", "second"]),
    isAsked: fc.boolean(),
  });
  const asking = (
    decide: Decide,
    { type, kind, named, isAsked }: { type: string; kind: string; named: string[]; isAsked: boolean },
  ) => {
    const tests = isAsked ? [{ name: kind, maintenance: "PROPERTY", maintenance_conditions: named }] : [];
    const facts = {
      station: { type },
      test: { kind, clientPO: "PO-1" },
      orders: [{ id: "PO-1", revision: 1, state: "open", tests }],
    };
    return decide({ contract: text, facts, now: 20_781 * DAY, zone: "UTC" }).reasons;
  };
  rule(
    "an order's test adds its contract, or the conditions it names, wherever it belongs; it removes none",
    (decide) =>
      fc.property(places, (place) => {
        const isBound = place.type === "penetrant" && place.kind === "tensile";
        const names = new Set(isBound ? ["first", "second"] : []);
        if (place.isAsked) for (const name of place.named) names.add(name);
        // Asked for as a whole, it says what it says for this kind of test.
        if (place.isAsked && place.named.length === 0 && place.kind === "tensile")
          for (const name of ["first", "second"]) names.add(name);
        const expected = ["first", "second"]
          .filter((name) => names.has(name))
          .map((name) => (name === "first" ? "ack.missing:First" : "ack.missing:Second"));
        expect(asking(decide, place)).toEqual(expected.length === 0 ? ["contract.none-binding:node"] : expected);
      }),
    seeing((facts) => ({ ...facts, orders: [{ id: "PO-1", state: "open", tests: [] }] })),
  );
  const open = contractWith([], ['each day, QA should acknowledge "First"']);
  rule(
    "an unknown order, a closed one, and none where one is required block; without orders none of it is judged",
    (decide) =>
      fc.property(
        fc.constantFrom("open", "closed", "cancelled", null),
        fc.constantFrom("PO-1", "PO-2", undefined),
        fc.boolean(),
        fc.boolean(),
        (state, clientPO, isRequired, hasOrders) => {
          const orders = hasOrders ? { orders: [{ id: "PO-1", revision: 1, state, tests: [] }] } : {};
          const facts = { station: { orderRequired: isRequired }, test: { clientPO }, ...orders };
          const { reasons } = decide({ contract: open, facts, now: 20_781 * DAY, zone: "UTC" });
          const ofOrder = clientPO === "PO-2" ? ["order.unknown:PO-2"] : state === "open" ? [] : ["order.closed:PO-1"];
          const expected = clientPO === undefined ? (isRequired ? ["order.missing:node"] : []) : ofOrder;
          expect(reasons).toEqual(hasOrders ? expected : []);
        },
      ),
    (question) => gate({ ...question, facts: { ...question.facts, orders: undefined } }),
  );
});
