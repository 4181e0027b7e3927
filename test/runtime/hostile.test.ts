import { expect, test } from "vitest";
import { jsonFromValue } from "../../src/base/strict-json.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import { parseSnapshot, snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import type { EvidenceStore, GateOptions, LoadedBundle, TestRequest } from "../../src/runtime/index.ts";
import { TestBlocked } from "../../src/runtime/index.ts";
import { bundles } from "../conformance/vectors.ts";
import { bright, gateWith, now, request, uv } from "./gate-fixture.ts";

const good: Snapshot = snapshotFromValues({ plantZone: "America/Chicago", readings: bright });
const throws = (): never => {
  throw new Error("planted");
};
const trap = new Proxy({}, { get: throws, has: throws, ownKeys: throws, getOwnPropertyDescriptor: throws });

/** A map that throws when it is asked. */
class Sabotaged<K, V> extends Map<K, V> {
  override get(): never {
    return throws();
  }
}

const given = (snapshot: unknown): Partial<GateOptions> => ({
  evidence: { snapshot: () => snapshot as Snapshot },
});
const withReadings = (readings: unknown): Partial<GateOptions> => given({ ...good, readings });

const manyFacts = (extra: object): Partial<GateOptions> => {
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`q${index}`, bright.uv]));
  const acks = Array.from({ length: 100_000 }, (_, index) => ({
    ...{ step: `s${index}`, by: "STF-1", at: "2026-11-23T06:20:00-06:00" },
  }));
  const equipment = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`A${index}`, { serial: "1" }]));
  return given(snapshotFromValues({ plantZone: "America/Chicago", readings: { ...many, ...extra }, acks, equipment }));
};

const brokenFacts: LoadedBundle = {
  ...uv,
  byCondition: new Map(
    [...uv.byCondition].map(([name, clauses]) => [name, clauses.map((clause) => ({ ...clause, facts: throws }))]),
  ),
};
const brokenEngine: LoadedBundle = { ...uv, rules: { ...uv.rules, refused: throws } };
const generousEngine: LoadedBundle = { ...uv, rules: { ...uv.rules, refused: () => [] } };
const silentFacts: LoadedBundle = {
  ...uv,
  byCondition: new Map(
    [...uv.byCondition].map(([name, clauses]) => [name, clauses.map((clause) => ({ ...clause, facts: () => [] }))]),
  ),
};
const using = (loaded: LoadedBundle): Partial<GateOptions> => ({
  bundles: [{ loaded, version: "v1.0", fromDay: null }],
});
const clock = (change: Partial<GateOptions["clock"]>): Partial<GateOptions> => ({
  clock: {
    nowMs: () => now,
    monotonicMs: () => 0,
    after: () => ({ elapsed: new Promise(() => {}), cancel: () => {} }),
    ...change,
  },
});
const dark = { value: 10, unit: "uW/cm2", takenAt: "2026-11-23T06:20:00-06:00" };
/** Answers something else every time it is asked: whoever asks twice may compare one and report another. */
const fickle = (): unknown => {
  let asked = 0;
  return {
    get: (name: string) =>
      (asked++ === 0 ? parseSnapshot(jsonFromValue({ readings: { uv: dark } })) : good).readings.get(name),
  };
};

interface Case {
  readonly name: string;
  readonly change: Partial<GateOptions>;
  readonly request?: unknown;
  readonly reason: string;
  /** Ports that answer at once are asked by `check` as well. */
  readonly only?: "decide";
}

const cases: readonly Case[] = [
  { name: "no snapshot at all", change: given(undefined), reason: "runtime.error:node" },
  { name: "a snapshot that is a string", change: given("allowed"), reason: "runtime.error:node" },
  { name: "a snapshot whose every member throws", change: given(trap), reason: "runtime.error:node" },
  { name: "readings that throw", change: withReadings(new Sabotaged()), reason: "runtime.error:node" },
  {
    name: "readings that are a plain object",
    change: withReadings({ uv: { value: 1500 } }),
    reason: "runtime.error:node",
  },
  { name: "a reading that is null", change: withReadings(new Map([["uv", null]])), reason: "runtime.error:node" },
  {
    name: "a reading whose value throws",
    change: withReadings(
      new Map([
        [
          "uv",
          {
            get value() {
              return throws();
            },
            takenAt: 1,
          },
        ],
      ]),
    ),
    reason: "runtime.error:node",
  },
  {
    name: "a double where exact numbers belong",
    change: withReadings(new Map([["uv", { value: { kind: "number", number: 1500 }, unit: "uW/cm2", takenAt: now }]])),
    reason: "runtime.error:node",
  },
  {
    name: "readings that change between two looks",
    change: { evidence: { snapshot: () => ({ ...good, readings: fickle() }) as Snapshot } },
    reason: "reading.out-of-limits:uv",
  },
  {
    name: "a fact that stands on the prototype",
    change: given(snapshotFromValues({ readings: Object.create({ uv: bright.uv }) as object })),
    reason: "reading.missing:uv",
  },
  {
    name: "a fact of the name __proto__",
    change: given(parseSnapshot(jsonFromValue(JSON.parse('{"readings":{"__proto__":{"uv":{"value":1500}}}}')))),
    reason: "reading.missing:uv",
  },
  {
    name: "a getter in the raw facts that throws",
    change: {
      evidence: {
        snapshot: () =>
          snapshotFromValues({
            readings: {
              get uv() {
                return throws();
              },
            },
          }),
      },
    },
    reason: "runtime.error:node",
  },
  {
    name: "evidence from the future",
    change: given(
      snapshotFromValues({
        plantZone: "America/Chicago",
        readings: { uv: { ...bright.uv, takenAt: "2026-11-23T09:00:06-06:00" } },
      }),
    ),
    reason: "reading.future-dated:uv",
  },
  {
    name: "100,000 facts of each kind, the one asked for missing",
    change: manyFacts({}),
    reason: "reading.missing:uv",
  },
  { name: "a store that throws", change: { evidence: { snapshot: throws } }, reason: "runtime.error:node" },
  {
    name: "a store that throws no error",
    change: {
      evidence: {
        snapshot: () => {
          throw trap;
        },
      },
    },
    reason: "runtime.error:node",
  },
  { name: "facts code that throws", change: using(brokenFacts), reason: "runtime.error:node" },
  { name: "facts code that judges nothing", change: using(silentFacts), reason: "runtime.error:node" },
  { name: "an evaluator that throws", change: using(brokenEngine), reason: "runtime.error:node" },
  {
    name: "an evaluator that permits everything",
    change: { ...using(generousEngine), ...given(snapshotFromValues({ readings: { uv: dark } })) },
    reason: "runtime.error:node",
  },
  { name: "a request that throws", change: {}, request: trap, reason: "runtime.error:node" },
  { name: "a request that is null", change: {}, request: null, reason: "runtime.error:node" },
  {
    name: "a request without planned use",
    change: {},
    request: { ...request, planned: undefined },
    reason: "runtime.error:node",
  },
  { name: "a clock that throws", change: clock({ nowMs: throws }), reason: "runtime.error:node" },
  { name: "a clock that shows NaN", change: clock({ nowMs: () => Number.NaN }), reason: "runtime.error:node" },
  {
    name: "a clock that shows half milliseconds",
    change: clock({ nowMs: () => now + 0.5 }),
    reason: "runtime.error:node",
  },
  { name: "a clock before the calendar", change: clock({ nowMs: () => -1 }), reason: "runtime.error:node" },
  { name: "a clock behind the calendar", change: clock({ nowMs: () => 8.64e15 }), reason: "runtime.error:node" },
  { name: "a monotonic clock that throws", change: clock({ monotonicMs: throws }), reason: "runtime.error:node" },
  {
    name: "a monotonic clock that shows NaN",
    change: clock({ monotonicMs: () => Number.NaN }),
    reason: "runtime.timeout:node",
  },
  {
    name: "a monotonic clock that goes back",
    change: clock({
      monotonicMs: (() => {
        let at = 10;
        return () => at--;
      })(),
    }),
    reason: "runtime.timeout:node",
  },
  {
    name: "work of 251 ms",
    change: clock({
      monotonicMs: (() => {
        let at = -251;
        return () => (at += 251);
      })(),
    }),
    reason: "runtime.timeout:node",
  },
  {
    name: "a timer that cannot be set",
    change: clock({ after: throws }),
    reason: "runtime.error:node",
    only: "decide",
  },
  {
    name: "a store that rejects",
    change: { evidence: { snapshot: () => Promise.reject(new Error("planted")) } },
    reason: "runtime.error:node",
    only: "decide",
  },
];

test.each(cases)("AB-22: $name blocks, and does not throw", async (one) => {
  const asked = ("request" in one ? one.request : request) as TestRequest;
  const decided = await gateWith(one.change).gate.decide(asked);
  expect({ reasons: decided.decision.reasons, allow: decided.decision.allow }).toEqual({
    reasons: [one.reason],
    allow: false,
  });
  if (one.only === "decide") return;
  const checked = gateWith(one.change).gate.check(asked);
  expect({ reasons: checked.decision.reasons, allow: checked.decision.allow }).toEqual({
    reasons: [one.reason],
    allow: false,
  });
  expect(() => gateWith(one.change).gate.guard(asked, throws)).toThrow(TestBlocked);
});

test("control: without the fault, each way of asking allows", async () => {
  for (const change of [
    {},
    manyFacts(bright),
    clock({
      monotonicMs: (() => {
        let at = -250;
        return () => (at += 250);
      })(),
    }),
  ]) {
    expect((await gateWith(change).gate.decide(request)).decision.reasons).toEqual([]);
    expect(gateWith(change).gate.check(request).decision.reasons).toEqual([]);
    expect(gateWith(change).gate.guard(request, () => "ran")).toBe("ran");
  }
});

/** As a gate might be written in a hurry: what cannot be judged gives no reason, and no reason is allowed. */
function careless({ evidence }: Partial<GateOptions>, asked: TestRequest): boolean {
  try {
    const { readings } = (evidence as EvidenceStore).snapshot(asked, now) as Snapshot;
    const { value } = readings.get("uv") as unknown as { value: { number: number } };
    return !(value.number < 1000);
  } catch {
    return true;
  }
}

test("control: a careless gate lets most of these through", () => {
  const passed = cases.filter(
    ({ change, only }) => only !== "decide" && careless({ ...given(good), ...change }, request),
  );
  expect(passed.length).toBeGreaterThan(cases.length / 2);
});

test("AB-25: a bundle swapped in mid-decision: the decision keeps the set it began with", async () => {
  const none = bundles.get("UV-GUARDED") ?? bundles.get("CAL-180");
  const arrived = Promise.withResolvers<Snapshot>();
  const { gate } = gateWith({ evidence: { snapshot: () => arrived.promise } });
  const before = gate.decide(request);
  gate.use([{ loaded: none as LoadedBundle, version: "v2.0", fromDay: null }]);
  arrived.resolve(good);
  const after = gate.decide(request);
  expect((await before).decision).toMatchObject({ allow: true, contracts: [{ version: "v1.0" }] });
  expect((await after).decision).toMatchObject({ allow: false, contracts: [{ version: "v2.0" }] });
});

test("a bundle swapped while the journal writes does not change what was decided", () => {
  const { gate } = gateWith({});
  const written: Decision[] = [];
  const swapping = gateWith({
    journal: {
      append: (decision) => {
        swapping.gate.use([]);
        written.push(decision);
        return { seq: written.length };
      },
    },
  });
  expect(gate.check(request).decision.allow).toBe(true);
  expect(swapping.gate.check(request).decision.allow).toBe(true);
  expect(swapping.gate.check(request).decision.reasons).toEqual(["bundle.none:node"]);
  expect(written.map(({ allow }) => allow)).toEqual([true, false]);
});

test.each([
  ["answers no position", () => ({}) as { seq: number }],
  ["answers a position that is none", () => ({ seq: Number.NaN })],
  ["answers a position before the first", () => ({ seq: -1 })],
  ["answers nothing", () => undefined as unknown as { seq: number }],
  ["throws", throws],
] as const)("a journal that %s gives no permission", async (_, append) => {
  const decided = await gateWith({ journal: { append } }).gate.decide(request);
  const checked = gateWith({ journal: { append } }).gate.check(request);
  for (const { decision, ledgerSeq } of [decided, checked])
    expect({ reasons: decision.reasons, ledgerSeq }).toEqual({
      reasons: ["runtime.unavailable:node"],
      ledgerSeq: null,
    });
  expect(() => gateWith({ journal: { append } }).gate.guard(request, throws)).toThrow("runtime.unavailable:node");
});

test("AB-23: ports that answer later block a check, and leave no rejection behind", async () => {
  const store = gateWith({ evidence: { snapshot: () => Promise.reject(new Error("later")) } }).gate.check(request);
  const journal = gateWith({ journal: { append: () => Promise.reject(new Error("later")) } }).gate.check(request);
  expect(store.decision.reasons).toEqual(["runtime.error:node"]);
  expect(store.decision.details[0]?.text).toContain("ask with decide");
  expect(journal).toMatchObject({ decision: { reasons: ["runtime.unavailable:node"] }, ledgerSeq: null });
  // Vitest fails a run with an unhandled rejection; give one the turn in which it would show.
  await new Promise((resolve) => setImmediate(resolve));
});

test("an alert that cannot be given is said, and blocks no less", async () => {
  const { gate } = gateWith({ ...given(snapshotFromValues({})), alerts: { blocked: throws } });
  const { decision, ledgerSeq } = await gate.decide(request);
  expect({ reasons: decision.reasons, ledgerSeq }).toEqual({
    reasons: ["reading.missing:uv", "runtime.error:node"],
    ledgerSeq: 1,
  });
  expect(decision.details.at(-1)?.text).toContain("the alert could not be given");
});
