import { describe, expect, test } from "vitest";
import type { ArchivedDecision } from "../../src/hub/archive/archived.ts";
import { collectCases, type FactorContext } from "../../src/hub/patterns/factor-cases.ts";
import { type FactorCase, overRepresented, type Trait } from "../../src/hub/patterns/factors.ts";
import { byDigits } from "../../src/hub/patterns/serial-order.ts";

const factorCases = (decisions: Iterable<ArchivedDecision>, context: FactorContext): readonly FactorCase[] => {
  const collected = collectCases(context);
  for (const decision of decisions) collected.add(decision);
  return collected.cases();
};
const trait = (kind: string, value: string, unit: string, change: Partial<Trait> = {}): Trait => ({
  ...{ kind, value, unit, unitKind: "asset", isOrdered: false },
  ...change,
});
const cases = (count: number, isBlocked: boolean, traits: (index: number) => readonly Trait[]): FactorCase[] =>
  Array.from({ length: count }, (_, index) => ({ isBlocked, traits: traits(index) }));

describe("what is over-represented", () => {
  // Twenty lamps, five of them LED; four LEDs and no other are blocked: C(5,4)·C(15,0) / C(20,4) by hand.
  const type = (index: number) => [trait("type of lamp", index < 5 ? "LED" : "mercury", `lamp-${index}`)];
  const lamps = [...cases(20, false, type), ...cases(4, true, type)];

  test("a type, by its assets and not by their tests", () => {
    const { factors, asked } = overRepresented([...lamps, ...lamps, ...lamps]);
    expect(asked).toBe(2);
    expect(factors).toMatchObject([
      { kind: "type of lamp", value: "LED", with: { blocked: 4, units: 5 }, without: { blocked: 0, units: 15 } },
    ]);
    // The other type could never stand out with these counts, and so costs nothing.
    expect(factors[0]?.p).toBeCloseTo(5 / 4_845, 9);
  });

  test("one lamp that blocks a hundred tests is one lamp", () => {
    const one = cases(100, true, () => type(0));
    expect(overRepresented([...cases(20, false, type), ...one]).factors).toEqual([]);
  });

  test("a kind that has one value says nothing", () => {
    const same = (index: number) => [trait("type of lamp", "LED", `lamp-${index}`)];
    expect(overRepresented([...cases(20, false, same), ...cases(9, true, same)])).toMatchObject({
      factors: [],
      asked: 0,
    });
  });

  test("what is so of the same tests cannot be told apart, and is said to be so", () => {
    const both = (index: number) => [
      ...type(index),
      trait("shift", index < 5 ? "22:00" : "06:00", `day-${index}`, { unitKind: "node-day" }),
    ];
    const { factors } = overRepresented([...cases(20, false, both), ...cases(4, true, both)]);
    expect(factors.map(({ kind, sameAs }) => [kind, sameAs])).toEqual([
      ["shift", ["type of lamp LED"]],
      ["type of lamp", ["shift 22:00"]],
    ]);
  });

  test("a range of serial numbers, in the order of their digits", () => {
    const serial = (index: number) => [
      trait("serial of lamp", `SN-${index + 95}`, `lamp-${index}`, { isOrdered: true }),
    ];
    const fleet = cases(40, false, serial);
    const weak = [12, 13, 14, 16, 17].flatMap((index) => cases(1, true, () => serial(index)));
    const { factors } = overRepresented([...fleet, ...weak]);
    expect(factors).toMatchObject([
      { value: "SN-107 to SN-112", with: { blocked: 5, units: 6 }, without: { blocked: 0, units: 34 } },
    ]);
    const spread = [1, 9, 18, 27, 36].flatMap((index) => cases(1, true, () => serial(index)));
    expect(overRepresented([...fleet, ...spread]).factors).toEqual([]);
  });

  test.each([
    ["A-9", "A-10", -1],
    ["A-010", "A-10", -1],
    ["A-2", "B-1", -1],
    ["7", "07a", -1],
    ["99999999999999999999", "100000000000000000000", -1],
    ["X", "X", 0],
  ])("%s before %s", (a, b, order) => {
    expect(Math.sign(byDigits(a, b))).toBe(order);
    expect(Math.sign(byDigits(b, a))).toBe(order === 0 ? 0 : 1);
  });

  test("where chance alone blocks, anything at all is named in at most one look of twenty", () => {
    let state = 7;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const pick = (values: readonly string[]): string => values[Math.floor(random() * values.length)] ?? "";
    const assets = Array.from({ length: 30 }, (_, index) => ({
      ...{ unit: `lamp-${index}`, serial: `${index}`, type: pick(["a", "b", "c"]), attribute: pick(["x", "y"]) },
    }));
    let wrong = 0;
    const rounds = 400;
    for (let round = 0; round < rounds; round += 1) {
      const seen = assets.map(
        ({ unit, serial, type, attribute }): FactorCase => ({
          isBlocked: random() < 0.2,
          traits: [
            trait("type", type, unit),
            trait("attribute", attribute, unit),
            trait("serial", serial, unit, { isOrdered: true }),
            trait("shift", pick(["06", "14", "22"]), unit, { unitKind: "node-day" }),
          ],
        }),
      );
      if (overRepresented(seen).factors.length > 0) wrong += 1;
    }
    expect(wrong / rounds).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / rounds));
  });
});

const SNAPSHOT = {
  shifts: ["06:00", "14:00", "22:00"],
  station: { id: "ST-1", type: "penetrant", roles: { lamp: "UV-7" } },
  equipment: { "UV-7": { serial: "4711", attributes: ["battery-powered"] } },
  lots: { dye: { lot: "L-9" } },
};
const archived = (
  test: string | null,
  seq: number,
  reasons: readonly string[],
  at = "2026-11-24T09:00:00-06:00",
  snapshot: { readonly [field: string]: unknown } | null = SNAPSHOT,
): ArchivedDecision => {
  const details = reasons.map((code) => ({
    ...{ severity: "reason" as const, code, subject: "uv", contract: "UV-DAILY", condition: "bright" },
    ...{ line: 1, text: "", because: null },
  }));
  const decision = {
    ...{ allow: reasons.length === 0, reasons, warnings: [], details, conditions: [], getToGreen: [], at },
    ...{
      atUtc: new Date(at).toISOString(),
      contracts: [{ contract: "UV-DAILY", version: "v1.0", digest: "sha256:0" }],
    },
    ...{ engine: "both", node: "LP-1", operator: "STF-1", order: "PO-1", testId: test, testKind: "final" },
  };
  return {
    ...{ node: "LP-1", atMs: Date.parse(at), entry: { seq } },
    recorded: { decision, part: null, facts: { snapshot: null, fields: {} }, snapshot },
  } as unknown as ArchivedDecision;
};

describe("cases from the archive", () => {
  const context: FactorContext = {
    ...{ contract: "UV-DAILY", condition: "bright", reason: "reading.out-of-limits" },
    equipment: [
      { name: "lamp", asset: null },
      { name: "meter", asset: "M-1" },
      { name: "gauge", asset: null },
    ],
    typeOf: (_node, asset) => (asset === "UV-7" ? "uv-a-lamp" : undefined),
    rolesOf: () => ["operator", "QA"],
  };
  const kindsOf = (one: FactorCase | undefined) =>
    Object.fromEntries((one?.traits ?? []).map(({ kind, value, unit }) => [kind, `${value} @ ${unit}`]));

  test("carry what the decision, its snapshot and the register say", () => {
    const [one] = factorCases([archived("T-1", 1, ["reading.out-of-limits"])], context);
    const day = `LP-1 ${Math.floor(Date.UTC(2026, 10, 24, 15) / 86_400_000)}`;
    expect(one?.isBlocked).toBe(true);
    expect(kindsOf(one)).toEqual({
      station: `LP-1 @ ${day}`,
      "station type": "penetrant @ LP-1",
      shift: `06:00 @ ${day}`,
      "kind of test": `final @ ${day}`,
      order: `PO-1 @ ${day}`,
      version: `v1.0 @ ${day}`,
      "role of the operator": `QA and operator @ ${day}`,
      "lot of dye": `L-9 @ ${day}`,
      "type of lamp": "uv-a-lamp @ UV-7",
      "attributes of lamp": "battery-powered @ UV-7",
      "serial of lamp": "4711 @ UV-7",
      "attributes of meter": "none @ M-1",
    });
  });

  test.each([
    ["2026-11-24T13:59:59-06:00", "06:00"],
    ["2026-11-24T14:00:00-06:00", "14:00"],
    ["2026-11-24T05:00:00-06:00", "22:00"],
  ])("the shift at %s began at %s", (at, shift) =>
    expect(kindsOf(factorCases([archived("T-1", 1, [], at)], context)[0])["shift"]).toMatch(shift),
  );

  test("a test tried again is one case, blocked where any try was; other reasons do not block it", () => {
    const tried = [
      archived("T-1", 1, ["reading.out-of-limits"]),
      archived("T-1", 2, []),
      archived("T-2", 3, ["reading.stale"]),
    ];
    expect(factorCases(tried, context).map(({ isBlocked }) => isBlocked)).toEqual([true, false]);
    expect(factorCases([archived(null, 1, []), archived(null, 2, [])], context)).toHaveLength(2);
  });

  test("a snapshot that was not kept, or of another form, gives fewer traits and no crash", () => {
    for (const odd of [null, { station: 5, shifts: "x", lots: [1], equipment: { "UV-7": null } }])
      expect(kindsOf(factorCases([archived("T-1", 1, [], undefined, odd)], context)[0])["station"]).toBeDefined();
  });
});
