import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AssignableRelease,
  assignmentsOf,
  progressOf,
  releaseProgress,
  type Target,
} from "../../../src/hub/core/rollout.ts";
import type { Phase, Report } from "../../../src/model/message.ts";

const digest = (mark: string): string => `sha256:${mark.repeat(64)}`;
const release = (change: Partial<AssignableRelease> = {}): AssignableRelease => {
  const version = change.version ?? "v1.0";
  return {
    contract: "UV-DAILY",
    version,
    order: 0,
    status: "active",
    stationType: "penetrant",
    nodes: null,
    open: "all",
    desired: { version, digest: digest("a"), size: 1, target: "t", mode: "enforce", from: null },
    ...change,
  };
};

const given = (releases: readonly AssignableRelease[], stationType = "penetrant", node = "LP-01") =>
  Object.values(assignmentsOf(node, stationType, releases)).map(({ version }) => version);

const assignments = [
  { what: "its station's contract", releases: [release()], versions: ["v1.0"] },
  { what: "not another station's", releases: [release({ stationType: "oven" })], versions: [] },
  { what: "a contract for every station", releases: [release({ stationType: null })], versions: ["v1.0"] },
  {
    what: "the later stored of two versions",
    releases: [release({ version: "v1.1", order: 1 }), release()],
    versions: ["v1.1"],
  },
  {
    what: "the older one where the later has not reached it yet",
    releases: [release(), release({ version: "v1.1", order: 1, open: new Set(["LP-02"]) })],
    versions: ["v1.0"],
  },
  {
    what: "the later one where it has",
    releases: [release(), release({ version: "v1.1", order: 1, open: new Set(["LP-01"]) })],
    versions: ["v1.1"],
  },
  {
    what: "what is only tried is not enforced",
    releases: [
      release(),
      release({ version: "v1.1", order: 1, desired: { ...release().desired, version: "v1.1", mode: "shadow" } }),
    ],
    versions: ["v1.0"],
  },
  {
    what: "the older one where the later is narrowed to others",
    releases: [release(), release({ version: "v1.1", order: 1, nodes: new Set(["LP-02"]) })],
    versions: ["v1.0"],
  },
  { what: "what is narrowed to it", releases: [release({ nodes: new Set(["LP-01"]) })], versions: ["v1.0"] },
];
test.each(assignments)("a node gets $what", ({ releases, versions }) => expect(given(releases)).toEqual(versions));

const report = (change: Partial<Report>): Report => ({
  node: "LP-01",
  counter: 1,
  observedGeneration: 1,
  attempted: {},
  active: {},
  documents: { register: null, people: null, orders: null, zone: null },
  ledgerHead: { size: 0, hash: "" },
  ...change,
});
const tried = (phase: Phase, mark = "a") => ({
  "UV-DAILY": {
    version: "v1.0",
    digest: digest(mark),
    phase,
    reason: phase === "rejected" ? ("disk" as const) : null,
    detail: null,
  },
});
const runs = (mark: string) => ({ "UV-DAILY": { version: "v1.0", digest: digest(mark) } });

const progress = [
  { what: "nothing", report: report({}), phase: null },
  { what: "an attempt at it", report: report({ attempted: tried("verified") }), phase: "verified" },
  { what: "an attempt at another digest", report: report({ attempted: tried("verified", "b") }), phase: null },
  { what: "a refusal", report: report({ attempted: tried("rejected") }), phase: "rejected" },
  { what: "that it runs", report: report({ active: runs("a") }), phase: "activated" },
  {
    what: "that it has decided by it",
    report: report({ active: runs("a"), attempted: tried("effective") }),
    phase: "effective",
  },
  {
    what: "that it runs while another is refused",
    report: report({ active: runs("a"), attempted: tried("rejected", "b") }),
    phase: "activated",
  },
  {
    what: "activated, while something else runs",
    report: report({ active: runs("b"), attempted: tried("activated") }),
    phase: null,
  },
];
test.each(progress)("a report that says $what", ({ report, phase }) =>
  expect(progressOf(report, "UV-DAILY", digest("a")).phase).toBe(phase),
);

const target = (node: string, phase: Phase | null, live = true, pushedAtMs = 0): Target => ({
  node,
  phase,
  live,
  pushedAtMs,
});
const standings = [
  { what: "no target", targets: [], complete: false },
  { what: "all activated", targets: [target("A", "activated"), target("B", "effective")], complete: true },
  { what: "one still at it", targets: [target("A", "activated"), target("B", "verified")], complete: false },
  { what: "one away", targets: [target("A", "activated"), target("B", null, false)], complete: true },
  { what: "all away", targets: [target("A", null, false)], complete: false },
  { what: "one refused a moment ago", targets: [target("A", "activated"), target("B", "rejected")], complete: false },
  {
    what: "one past its deadline",
    targets: [target("A", "activated"), target("B", "rejected", true, -101)],
    complete: true,
  },
];
test.each(standings)("with $what, complete is $complete", ({ targets, complete }) =>
  expect(releaseProgress(targets, 0, 100).complete).toBe(complete),
);

test("every target is in exactly one list", () => {
  const anyTarget = fc.record({
    node: fc.string(),
    phase: fc.constantFrom<Phase | null>(null, "received", "activated", "effective", "rejected"),
    live: fc.boolean(),
    pushedAtMs: fc.integer({ min: -200, max: 0 }),
  });
  fc.assert(
    fc.property(fc.array(anyTarget), (targets) => {
      const { activated, stalled, waiting } = releaseProgress(targets, 0, 100);
      return activated.length + stalled.length + waiting.length === targets.length;
    }),
  );
});
