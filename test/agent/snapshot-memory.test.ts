import { expect, test } from "vitest";
import type { SnapshotSources, SnapshotValues } from "../../src/agent/evidence-snapshot.ts";
import { openSnapshotMemory, type SnapshotMemory } from "../../src/agent/snapshot-memory.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { digestFacts, type SpelledFacts } from "../../src/ledger/receipt.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import { openSnapshotReader, snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { below, choose, type Random, randomOf } from "../fuzz/gate-random.ts";
import { gateWith, request } from "../runtime/gate-fixture.ts";
import { type Bench, bench, register, vocabulary } from "./evidence-bench.ts";

const { decision } = gateWith({}).gate.check(request);
const by = { id: "STF-1", roles: ["operator"] };
const STEPS = 120;

/** What an agent keeps from one decision to the next. */
interface Kept {
  readonly memory: SnapshotMemory;
  readonly read: (values: SnapshotValues) => Snapshot;
  readonly spelled: SpelledFacts;
}

const fresh = (): Kept => ({ memory: openSnapshotMemory(), read: openSnapshotReader(), spelled: new WeakMap() });

const ASSETS = ["lamp", "light-meter"];
const bodies: readonly ((next: Random, nowMs: number) => object)[] = [
  (next) => ({ kind: "reading", quantity: "uv-intensity", value: below(next, 2_000), unit: "uW/cm2" }),
  () => ({ kind: "acknowledgement", step: "materials checked" }),
  (next) => ({ kind: "on-time", asset: "lamp", state: choose(next, ["on", "on", "off"]) }),
  (next) => ({ kind: "service", asset: choose(next, ASSETS), state: choose(next, ["locked", "unlocked", "used"]) }),
  (next) => ({ kind: "event", asset: choose(next, ASSETS), event: choose(next, ["dropped", "overloaded"]) }),
  (next) => ({ kind: "counter", asset: "lamp", counter: "hours", value: below(next, 900) }),
  (next) => ({ kind: "check", asset: choose(next, ASSETS), when: "closing", result: choose(next, ["pass", "fail"]) }),
  (next) => ({
    kind: "calibration",
    asset: "light-meter",
    performedOn: `2026-0${1 + below(next, 9)}-01`,
    result: "pass",
  }),
  (_, nowMs) => ({
    ...{ kind: "override", rule: "reading.stale", subject: "uv-intensity", reason: "it is night" },
    expiresAt: new Date(nowMs + 3_600_000).toISOString(),
  }),
];

/** Something happens at the station, or only time passes. */
function happen(b: Bench, next: Random): void {
  b.hands.bootMs += choose(next, [0, 10, 400, 61_000]);
  b.hands.wallMs += choose(next, [0, 10, 3_600_000, 30 * 3_600_000]);
  const running = b.runs.running().map(({ test: id }) => id);
  switch (below(next, 6)) {
    case 0:
    case 1:
      b.record(JSON.stringify(choose(next, bodies)(next, b.hands.wallMs)));
      break;
    case 2:
      b.runs.start(`T-${below(next, 3)}`, decision, { assets: ["Lamp-1"], closingChecks: [] }, by, b.hands.wallMs);
      break;
    case 3:
      if (running.length > 0) b.runs.end(choose(next, running), "passed", by, b.hands.wallMs);
      break;
  }
}

/** The station's documents come in other versions too. */
const others: readonly Partial<SnapshotSources>[] = [
  {},
  {},
  { register: { ...register, shifts: ["14:00"], station: { ...register.station, attributes: ["dark"] } } },
  { vocabulary: { ...vocabulary, steps: new Set(["another step"]), assets: ["Lamp-1"] } },
  { orders: { format: "maint-orders/1", orders: [] } },
];

/** The first snapshot that is not what it is without anything kept; null where there is none. */
function firstDifference(kept: Kept, seed: number): string | null {
  const b = bench();
  const next = randomOf(seed, 0);
  for (let step = 0; step < STEPS; step += 1) {
    happen(b, next);
    const more = choose(next, others);
    const asked = choose(next, ["T-0", "T-1"]);
    const values = b.snapshotWith(kept.memory, more, asked);
    const alone = b.snapshotWith(openSnapshotMemory(), more, asked);
    if (canonicalJson(values) !== canonicalJson(alone)) return `step ${step}: ${canonicalJson(values)}`;
    const [typed, typedAlone] = [kept.read(values), snapshotFromValues(alone)];
    if (shown(typed) !== shown(typedAlone)) return `step ${step}: typed ${shown(typed)}`;
    const digests = canonicalJson(digestFacts(values, kept.spelled));
    if (digests !== canonicalJson(digestFacts(alone))) return `step ${step}: ${digests}`;
  }
  return null;
}

const shown = (snapshot: Snapshot): string =>
  JSON.stringify(snapshot, (_, value: unknown) =>
    value instanceof Map ? [...value] : typeof value === "bigint" ? `${value}n` : value,
  );

test("what is kept from snapshot to snapshot changes none of them", () => {
  for (const seed of [1, 2, 3]) expect(firstDifference(fresh(), seed)).toBeNull();
});

const planted: { readonly [mistake: string]: () => Kept } = {
  "a part is kept whatever it was made of": () => {
    const memory = openSnapshotMemory();
    return { ...fresh(), memory: { part: (name, _, make) => memory.part(name, [], make) } };
  },
  "a part is kept for as many sources, whichever they are": () => {
    const memory = openSnapshotMemory();
    return { ...fresh(), memory: { part: (name, from, make) => memory.part(name, [from.length, from[0]], make) } };
  },
  "one part is taken for another": () => {
    const memory = openSnapshotMemory();
    return { ...fresh(), memory: { part: (_, from, make) => memory.part("", from, make) } };
  },
  "the first snapshot is read for all": () => {
    let first: Snapshot | undefined;
    return { ...fresh(), read: (values) => (first ??= snapshotFromValues(values)) };
  },
  "one spelling is known for all": () => {
    const spelled: SpelledFacts = new WeakMap();
    const first: { known?: ReturnType<SpelledFacts["get"]> } = {};
    spelled.get = () => first.known;
    spelled.set = (_, made) => {
      first.known = made;
      return spelled;
    };
    return { ...fresh(), spelled };
  },
};

test.each(Object.keys(planted))("control: %s is found", (mistake) => {
  expect(firstDifference((planted[mistake] as () => Kept)(), 1)).not.toBeNull();
});

test("the same part is the same object while nothing changes, and what changed alone is another", () => {
  const b = bench();
  b.record('{"kind":"reading","quantity":"uv-intensity","value":1500,"unit":"uW/cm2"}');
  b.record('{"kind":"on-time","asset":"lamp","state":"on"}');
  const { memory, read } = fresh();
  const first = b.snapshotWith(memory, {}, "T-1") as { readonly [field: string]: { readonly [asset: string]: object } };
  b.hands.bootMs += 2_000;
  const second = b.snapshotWith(memory, {}, "T-1") as typeof first;
  for (const field of ["station", "shifts", "readings", "acks", "lots"]) expect(second[field]).toBe(first[field]);
  expect(second["equipment"]?.["Meter-1"]).toBe(first["equipment"]?.["Meter-1"]);
  expect(second["equipment"]?.["Lamp-1"]).not.toEqual(first["equipment"]?.["Lamp-1"]);
  const [a, c] = [read(first), read(second)];
  expect(c.readings).toBe(a.readings);
  expect(c.equipment.get("Meter-1")).toBe(a.equipment.get("Meter-1"));
  expect(c.equipment.get("Lamp-1")?.onSeconds).not.toEqual(a.equipment.get("Lamp-1")?.onSeconds);
});

test("the memory is not filled without end", () => {
  const memory = openSnapshotMemory();
  const made = Array.from({ length: 25_000 }, (_, index) => memory.part(`part ${index}`, [], () => ({ index })));
  expect(memory.part("part 24999", [], () => ({ index: -1 }))).toBe(made.at(-1));
  expect(memory.part("part 0", [], () => ({ index: -1 }))).toEqual({ index: -1 });
});
