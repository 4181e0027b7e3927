import { expect, test } from "vitest";
import { parseInstant } from "../../src/base/civil-time.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import type { ZoneTransitions } from "../../src/model/zone.ts";
import { type GateOptions, openGate, type TestRequest } from "../../src/runtime/index.ts";
import { bundles } from "../conformance/vectors.ts";

const now = parseInstant("2026-11-23T09:00:00-06:00") ?? 0;
const request: TestRequest = {
  test: "T1",
  kind: null,
  order: null,
  operator: "STF-1",
  planned: { hours: null, cycles: null },
};
const bright = { uv: { value: 1500, unit: "uW/cm2", takenAt: "2026-11-23T06:20:00-06:00" } };
const loaded = bundles.get("UV");
if (loaded === undefined) throw new Error("the vectors have a contract UV");

function gateWith(change: Partial<GateOptions>) {
  const written: boolean[] = [];
  const gate = openGate({
    bundles: [{ loaded: loaded as NonNullable<typeof loaded>, version: "v1.0", fromDay: null }],
    evidence: {
      snapshot: () => Promise.resolve(snapshotFromValues({ plantZone: "America/Chicago", readings: bright })),
    },
    journal: {
      append: (decision) => {
        written.push(decision.allow);
        return Promise.resolve({ seq: written.length });
      },
    },
    clock: {
      nowMs: () => now,
      monotonicMs: () => 0,
      after: () => ({ elapsed: new Promise(() => {}), cancel: () => {} }),
    },
    zone: zoneFromIntl("America/Chicago") as ZoneTransitions,
    node: "NODE-1",
    ...change,
  });
  return { gate, written };
}

const cases: readonly {
  readonly name: string;
  readonly change: Partial<GateOptions>;
  readonly reasons: readonly string[];
  readonly seq: number | null;
}[] = [
  { name: "good evidence is allowed, and written first", change: {}, reasons: [], seq: 1 },
  { name: "no bundle blocks", change: { bundles: [] }, reasons: ["bundle.none:node"], seq: 1 },
  {
    name: "evidence that throws blocks",
    change: { evidence: { snapshot: () => Promise.reject(new Error("disk")) } },
    reasons: ["runtime.error:node"],
    seq: 1,
  },
  {
    name: "evidence that never answers blocks",
    change: {
      evidence: { snapshot: () => new Promise(() => {}) },
      clock: {
        nowMs: () => now,
        monotonicMs: () => 0,
        after: () => ({ elapsed: Promise.resolve(), cancel: () => {} }),
      },
    },
    reasons: ["runtime.timeout:node"],
    seq: 1,
  },
  {
    name: "a decision that cannot be written is no permission",
    change: { journal: { append: () => Promise.reject(new Error("disk full")) } },
    reasons: ["runtime.unavailable:node"],
    seq: null,
  },
];

test.each(cases)("$name", async ({ change, reasons, seq }) => {
  const { gate } = gateWith(change);
  const { decision, ledgerSeq } = await gate.decide(request);
  expect({ reasons: decision.reasons, allow: decision.allow, ledgerSeq }).toEqual({
    reasons,
    allow: reasons.length === 0,
    ledgerSeq: seq,
  });
});

test("another set is used from the next decision on", async () => {
  const { gate } = gateWith({});
  gate.use([]);
  expect((await gate.decide(request)).decision.reasons).toEqual(["bundle.none:node"]);
});
