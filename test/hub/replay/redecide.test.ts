import { expect, test } from "vitest";
import { parseInstant } from "../../../src/base/civil-time.ts";
import type { ReplayAnswer } from "../../../src/hub/replay/compare-verdicts.ts";
import { type Candidate, redecide } from "../../../src/hub/replay/redecide.ts";
import type { Release } from "../../../src/runtime/index.ts";
import { candidateOf, memoryArchive, releaseOf, shelfOf, type ToDecide, type Values, ZONE } from "./replay-fixture.ts";

const nine = parseInstant("2026-11-24T09:00:00-06:00") ?? 0;

const uv = (clauses: string, more = ""): string => `contract UV-DAILY "UV" {
  for every penetrant station
  light-meter is a radiometer, by default "LM-1"
  uv is measured in uW/cm2
  glare is measured in lx
  before every test {
    uv-each-day:
${clauses}
  }
${more}}
`;
const atLeast = (limit: number, verb = "must"): string => `      each day, uv ${verb} be at least ${limit} uW/cm2`;
const v1 = releaseOf(uv(atLeast(1000)), "v1.0");
const serviced = releaseOf(
  `contract METER "Meter" {
  for every station
  light-meter is a radiometer, by default "LM-1"
  before every test {
    in-service:
      the light-meter must be in service
  }
}
`,
  "v2.0",
);

const snapshot = (reading: number, change: Values = {}): Values => ({
  plantZone: ZONE,
  station: { id: "LP-1", type: "penetrant", roles: {} },
  test: { id: "T-1", operator: "STF-1" },
  equipment: { "LM-1": { serial: "7", status: "in-service", events: [] } },
  readings: { uv: { value: reading, unit: "uW/cm2", takenAt: "2026-11-24T06:20:00-06:00" } },
  ...change,
});

interface Case extends Partial<ToDecide> {
  readonly reading?: number;
  readonly values?: Values;
  /** What the hub still has. */
  readonly known?: readonly Release[];
}

function ask(candidate: Candidate, given: Case = {}): ReplayAnswer {
  const { reading = 1200, values = {}, known, ...more } = given;
  const releases = more.releases ?? [v1, serviced];
  const decision = memoryArchive().decide({
    ...{ node: "LP-1", atMs: nine, releases, snapshot: snapshot(reading, values) },
    ...more,
  });
  return redecide(decision, candidate, shelfOf(known ?? releases));
}

const changeIn = (answer: ReplayAnswer): string =>
  answer.kind === "judged" ? answer.change : answer.kind === "not-judged" ? answer.why : answer.kind;
const tighter = candidateOf(uv(atLeast(1250)));
const looser = candidateOf(uv(atLeast(900)));

test("a tighter limit blocks what lies between, and says where", () => {
  expect(ask(tighter)).toEqual({
    ...{ kind: "judged", change: "newly-blocked", allowed: true, before: [], now: ["reading.out-of-limits:uv"] },
    causes: [{ contract: "UV-DAILY", condition: "uv-each-day", reason: "reading.out-of-limits:uv" }],
    newlyWarned: false,
  });
  expect(changeIn(ask(tighter, { reading: 1250 }))).toBe("unchanged");
});

test("a looser limit allows what lies between, and says which reasons went", () => {
  expect(ask(looser, { reading: 950 })).toEqual({
    ...{ kind: "judged", change: "newly-allowed", allowed: false, before: ["reading.out-of-limits:uv"], now: [] },
    causes: [{ contract: "UV-DAILY", condition: "uv-each-day", reason: "reading.out-of-limits:uv" }],
    newlyWarned: false,
  });
  expect(changeIn(ask(looser, { reading: 899 }))).toBe("unchanged");
});

test("what another contract blocks stays blocked, by the others as they were recorded", () => {
  const locked = { equipment: { "LM-1": { serial: "7", status: "out", events: [] } } };
  const still = ask(looser, { reading: 950, values: locked });
  expect(still).toMatchObject({ change: "blocked-otherwise", now: ["equipment.not-in-service:LM-1"] });
  expect(ask(tighter, { values: locked })).toMatchObject({
    change: "blocked-otherwise",
    now: ["equipment.not-in-service:LM-1", "reading.out-of-limits:uv"],
  });
});

test("a decision that the contract binds in no version is not concerned", () => {
  const elsewhere = { station: { id: "MB-1", type: "magnetic", roles: {} } };
  expect(changeIn(ask(tighter, { values: elsewhere }))).toBe("unconcerned");
});

test("a contract that binds only in the candidate's scope is judged; what it alone asks for was asked of nobody", () => {
  const everywhere = (clauses: string) => candidateOf(uv(clauses).replace("every penetrant station", "every station"));
  const elsewhere = { station: { id: "MB-1", type: "magnetic", roles: {} } };
  const other = releaseOf(uv(atLeast(1)).replace("UV-DAILY", "OTHER").replace("every penetrant", "every magnetic"));
  const given = { releases: [other], values: elsewhere };
  expect(changeIn(ask(everywhere(atLeast(1250)), given))).toBe("newly-blocked");
  expect(changeIn(ask(everywhere(atLeast(1100)), given))).toBe("unchanged");
  const unread = everywhere("      each day, glare must be at most 20 lx");
  expect(changeIn(ask(unread, given))).toBe("not-asked-then");
  // With a reason of its own beside it, it is blocked all the same.
  expect(changeIn(ask(everywhere(`${atLeast(1250)}\n      each day, glare must be at most 20 lx`), given))).toBe(
    "newly-blocked",
  );
});

test("a contract where none was bound: the decision was blocked for that", () => {
  const answer = ask(candidateOf(uv(atLeast(1100))), { releases: [] });
  expect(answer).toMatchObject({ kind: "judged", change: "newly-allowed", before: ["contract.none-binding:node"] });
});

test("an order's conditions count as in the snapshot", () => {
  const two = (limit: number): string =>
    uv(`${atLeast(limit)}\n    glare-each-day:\n      each day, glare must be at most 20 lx`).replace(
      "every penetrant station",
      'order "PO-9"',
    );
  const ordered = {
    test: { id: "T-1", operator: "STF-1", clientPO: "PO-1" },
    orders: [
      {
        ...{ id: "PO-1", revision: 1, state: "open" },
        tests: [{ name: "any", maintenance: "UV-DAILY", maintenance_conditions: ["uv-each-day"] }],
      },
    ],
  };
  const given = { releases: [releaseOf(two(1000)), serviced], values: ordered };
  expect(ask(candidateOf(two(1250)), given)).toMatchObject({
    change: "newly-blocked",
    now: ["reading.out-of-limits:uv"],
  });
});

test("from an instant on: earlier decisions and tests under way keep the version they began with", () => {
  const from = (text: string) => candidateOf(uv(atLeast(1250)), { inForceFromMs: parseInstant(text) ?? 0 });
  const began = (text: string) => ({ values: { test: { id: "T-1", operator: "STF-1", startedAt: text } } });
  expect(changeIn(ask(from("2026-11-24T09:00:01-06:00")))).toBe("unchanged");
  expect(changeIn(ask(from("2026-11-24T09:00:00-06:00")))).toBe("newly-blocked");
  expect(changeIn(ask(from("2026-11-24T08:00:00-06:00"), began("2026-11-24T07:59:59-06:00")))).toBe("unchanged");
  expect(changeIn(ask(from("2026-11-24T08:00:00-06:00"), began("2026-11-24T08:00:00-06:00")))).toBe("newly-blocked");
  // From ever: it stands where the recorded version stood, also for a test that was under way.
  expect(changeIn(ask(tighter, began("2026-11-20T08:00:00-06:00")))).toBe("newly-blocked");
});

test("held against a version that was not in force then", () => {
  const against = releaseOf(uv(atLeast(1300)), "v0.9");
  expect(changeIn(ask(candidateOf(uv(atLeast(1250)), { against })))).toBe("unchanged");
  expect(changeIn(ask(candidateOf(uv(atLeast(1100)), { against })))).toBe("newly-allowed");
});

test("an override that lifts the reason lifts it under the candidate too, where the candidate lets it", () => {
  const may = "  QA may override reading.out-of-limits for at most 8 hours\n";
  const record = {
    ...{ id: "O-1", rule: "reading.out-of-limits", subject: "uv", reason: "spare lamp on its way" },
    ...{ grantedAt: "2026-11-24T08:00:00-06:00", expiresAt: "2026-11-24T12:00:00-06:00" },
    approvals: [{ by: "QA-1", role: "QA" }],
  };
  const given = { reading: 950, releases: [releaseOf(uv(atLeast(1000), may))], values: { overrides: [record] } };
  expect(changeIn(ask(candidateOf(uv(atLeast(1000), may)), given))).toBe("unchanged");
  expect(ask(candidateOf(uv(atLeast(1000))), given)).toMatchObject({
    change: "newly-blocked",
    now: ["override.not-allowed:O-1", "reading.out-of-limits:uv"],
  });
});

test("a release that is strict about time blocks where no hub had signed it", () => {
  const unattested = { values: { clock: { attested: false } } };
  const strict = { ...releaseOf(uv(atLeast(1000))), offline: "strict" as const };
  expect(changeIn(ask({ ...tighter, release: strict }, unattested))).toBe("newly-blocked");
});

test("a should that would warn is counted, one whose evidence nobody was asked for is not", () => {
  const warns = ask(candidateOf(uv(`${atLeast(1000)}\n${atLeast(1250, "should")}`)));
  expect(warns).toMatchObject({ change: "unchanged", allowed: true, newlyWarned: true });
  const unread = ask(candidateOf(uv(`${atLeast(1000)}\n      each day, glare should be at most 20 lx`)));
  expect(unread).toMatchObject({ change: "unchanged", newlyWarned: false });
});

test("what cannot be judged says why, and is never taken for unchanged", () => {
  const fault = (reason: string) => ({ decision: { allow: false, reasons: [reason], contracts: [] } });
  const why: readonly [string, Case][] = [
    ["snapshot-not-kept", { keepsSnapshot: false }],
    ["bundle-gone", { known: [v1] }],
    ["nothing-judged", fault("runtime.timeout:node")],
    ["nothing-judged", fault("bundle.rejected:node")],
    ["nothing-judged", fault("contract.none-in-force:METER")],
    ["not-asked-then", { values: { readings: {} }, releases: [serviced] }],
  ];
  for (const [expected, given] of why) expect([expected, changeIn(ask(tighter, given))]).toEqual([expected, expected]);
  const nowhere = memoryArchive().decide({ node: "LP-1", atMs: nine, releases: [v1], snapshot: snapshot(1200) });
  const moved = { ...nowhere.recorded, snapshot: { ...nowhere.recorded.snapshot, plantZone: "Moon/Base" } };
  expect(changeIn(redecide({ ...nowhere, recorded: moved }, tighter, shelfOf([v1])))).toBe("zone-unknown");
});

test("a verdict or reasons that the recorded releases do not give are not compared with anything", () => {
  const allowed = ask(tighter, { decision: { allow: false, reasons: ["reading.stale:uv"] } });
  expect(allowed).toEqual({ kind: "not-reproducible", before: ["reading.stale:uv"], now: [] });
  const blocked = ask(looser, { reading: 900, decision: { allow: true, reasons: [] } });
  expect(blocked).toEqual({ kind: "not-reproducible", before: [], now: ["reading.out-of-limits:uv"] });
});

test("a contract that waited for its hour at the node goes on waiting, unless it is the one that is tried", () => {
  const waits = { ...releaseOf(uv(atLeast(1000)).replace("UV-DAILY", "NEXT")), activeFromMs: nine + 1 };
  const given = { releases: [v1, waits], known: [v1] };
  expect(changeIn(ask(tighter, given))).toBe("blocked-otherwise");
  expect(ask(candidateOf(uv(atLeast(900)).replace("UV-DAILY", "NEXT")), given)).toMatchObject({
    ...{ change: "newly-allowed", before: ["contract.none-in-force:NEXT"] },
  });
});

test("a clock that went back is reproduced, and no version changes it", () => {
  const back = { values: { clock: { highWater: "2026-11-24T10:00:00-06:00" } } };
  expect(changeIn(ask(tighter, back))).toBe("unconcerned");
});
