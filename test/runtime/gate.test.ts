import { expect, test } from "vitest";
import { type GateOptions, TestBlocked } from "../../src/runtime/index.ts";
import type { TestRuns } from "../../src/runtime/ports.ts";
import { gateWith, now, request } from "./gate-fixture.ts";

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

/** A gate that keeps what `guard` tells. */
function guarded() {
  const told: string[] = [];
  const runs: TestRuns = {
    started: ({ test }, seq, atMs) => void told.push(`${test} started under ${seq} at ${atMs - now}`),
    ended: ({ test }, result, atMs) => void told.push(`${test} ${result} at ${atMs - now}`),
  };
  return { told, gate: gateWith({ runs }).gate };
}

test("guard runs the test, tells start and end, and answers what the test answers", async () => {
  const { told, gate } = guarded();
  expect(gate.guard(request, () => 42)).toBe(42);
  expect(await gate.guard({ ...request, test: "T2" }, () => Promise.resolve("later"))).toBe("later");
  expect(told).toEqual(["T1 started under 1 at 0", "T1 finished at 0", "T2 started under 2 at 0", "T2 finished at 0"]);
});

test("a test that throws or rejects has ended, and its error is the test's own", async () => {
  const { told, gate } = guarded();
  const wrong = new Error("the part cracked");
  const fails = (): never => {
    throw wrong;
  };
  expect(() => gate.guard(request, fails)).toThrow(wrong);
  await expect(gate.guard({ ...request, test: "T2" }, () => Promise.reject(wrong))).rejects.toBe(wrong);
  expect(told.filter((line) => line.includes("aborted"))).toEqual(["T1 aborted at 0", "T2 aborted at 0"]);
});

test("a test whose start cannot be kept does not run", () => {
  const broken = (): never => {
    throw new Error("disk full");
  };
  const { gate } = gateWith({ runs: { started: broken, ended: broken } });
  let ran = false;
  expect(() =>
    gate.guard(request, () => {
      ran = true;
    }),
  ).toThrow("disk full");
  expect(ran).toBe(false);
});

test("what guard throws names the reasons and what to do", () => {
  const { gate } = gateWith({ bundles: [] });
  let thrown: unknown;
  try {
    gate.guard(request, () => undefined);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TestBlocked);
  expect(thrown).toMatchObject({ code: "MAINT_ERR_TEST_BLOCKED", ledgerSeq: 1 });
  expect((thrown as Error).message).toBe(
    "the test must not start: bundle.none:node\n  to do: Deploy a contract to this node (admin)",
  );
});
