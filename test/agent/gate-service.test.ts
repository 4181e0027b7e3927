import { expect, test } from "vitest";
import type { Standing } from "../../src/agent/activation.ts";
import { type GateOptions, type GateService, openGateService } from "../../src/agent/gate-service.ts";
import type { ReleaseSet } from "../../src/agent/release-set.ts";
import type { TestRuns } from "../../src/agent/test-runs.ts";
import { compile } from "../../src/compiler/index.ts";
import type { LedgerFile } from "../../src/disk/ledger-file.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { loadBundle } from "../../src/runtime/index.ts";
import { loadReference } from "../../src/runtime/reference.ts";
import { type Bench, bench, register } from "./evidence-bench.ts";

const text = `contract LAMP "A lamp" {
  for every station

  lamp is a uv-a-lamp, by default "Lamp-0"

  before every test {
    lamp-framed:
      the lamp must be checked before and after each use
  }
}
`;
const digest = `sha256:${"0".repeat(64)}`;
const by = { id: "STF-1", roles: ["operator"] };
const asking = (id: string) => ({
  ...{ test: id, kind: null, order: null, part: null },
  planned: { hours: null, cycles: null },
});

/** A gate over real files, with one release in force and whatever stands in for its ledger. */
async function gateOver(
  b: Bench,
  parts: Partial<Pick<GateOptions, "ledger" | "runs">> = {},
): Promise<{ readonly gate: GateService; readonly fatal: unknown[] }> {
  await loadReference();
  const [compiled] = compile([{ name: "LAMP.maint", text }]).contracts;
  const loaded = loadBundle(compiled?.bytes ?? "");
  if (!loaded.ok) throw new Error(loaded.error.message);
  const { bundle } = loaded.value;
  // What proves a set has no part in deciding; whatever else a set has, tsc asks for here.
  const set: Omit<ReleaseSet, "signed" | "mark" | "onlineKeys" | "freshUntilMs" | "assignments"> = {
    contracts: [
      {
        ...{ contract: bundle.contract, version: "v1.0", digest, mode: "enforce", from: null },
        ...{ offline: "accept", bundle, loaded: { ...loaded.value, digest } },
      },
    ],
    ...{
      shadows: [],
      shadowFaults: [],
      register,
      people: null,
      orders: null,
      zone: zoneFromIntl("America/Chicago") ?? null,
    },
  };
  const standing = { kind: "ready", set, accepted: { acceptedAtMs: 0 }, earlier: [] } as unknown as Standing;
  const fatal: unknown[] = [];
  const gate = openGateService({
    ...{ node: "Pen-1", engine: "both", clock: b.clock, ledger: b.ledger, runs: b.runs, standing: () => standing },
    evidence: b.store,
    ...{ highWaterMs: () => null, raise: () => undefined, onDecided: () => undefined },
    onFatal: (error) => void fatal.push(error),
    ...parts,
  });
  return { gate, fatal };
}

const start = (gate: GateService, id: string) => gate.start(asking(id), by, "STF-1");

test("of tests that start in the same instant and want the same lamp one has it", async () => {
  const { gate } = await gateOver(bench());
  const all = await Promise.all(["T-1", "T-2", "T-3"].map((id) => start(gate, id)));
  expect(all.map(({ decision }) => decision.reasons)).toEqual([
    [],
    ["check.after-use-missing:Lamp-1"],
    ["check.after-use-missing:Lamp-1"],
  ]);
  expect(all.map(({ running }) => running?.test ?? null)).toEqual(["T-1", null, null]);
});

const full = new Error("the disk is full");

test.each(["the decision", "the start"])(
  "AB-24: where %s is not on the disk nothing begins, and the next is decided still",
  async (what) => {
    const b = bench();
    const ledger: LedgerFile = {
      ...b.ledger,
      append: (records) => {
        if (records[0]?.target === "T-1") throw full;
        return b.ledger.append(records);
      },
    };
    const runs: TestRuns = {
      ...b.runs,
      start: (id, ...rest) => {
        if (id === "T-1") throw full;
        return b.runs.start(id, ...rest);
      },
    };
    const { gate, fatal } = await gateOver(b, what === "the decision" ? { ledger } : { runs });
    const [first, second] = await Promise.all([start(gate, "T-1"), start(gate, "T-2")]);
    expect(first).toMatchObject({ ledgerSeq: null, running: null, decision: { allow: false } });
    expect(first?.decision.reasons).toEqual(["runtime.unavailable:node"]);
    expect(fatal).toEqual([full]);
    expect(second).toMatchObject({ running: { test: "T-2" }, decision: { allow: true } });
  },
);

test("a start counts from the instant it was decided", async () => {
  const b = bench();
  const { gate } = await gateOver(b);
  const decided = b.hands.wallMs;
  const starting = start(gate, "T-1");
  await Promise.resolve();
  b.hands.wallMs += 5_000;
  const { decision, running } = await starting;
  expect(running?.startedAtMs).toBe(Date.parse(decision.atUtc));
  expect(running?.startedAtMs).toBe(decided);
});

test("no more tests run than the limit, and one that ends makes room", async () => {
  const b = bench();
  const full: TestRuns = {
    ...b.runs,
    hasRoomFor: (id) => b.runs.running().length < 1 || b.runs.runOf(id, b.hands.wallMs) !== undefined,
  };
  const { gate } = await gateOver(b, { runs: full });
  expect((await start(gate, "T-1")).running?.test).toBe("T-1");
  await expect(start(gate, "T-2")).rejects.toMatchObject({ code: "MAINT_ERR_CONFLICT" });
  expect((await start(gate, "T-1")).running?.test).toBe("T-1");
  gate.end("T-1", null, by);
  b.record('{"kind":"check","asset":"lamp","when":"closing","result":"pass"}');
  expect((await start(gate, "T-2")).running?.test).toBe("T-2");
});
