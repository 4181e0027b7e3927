import { describe, expect, test } from "vitest";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import type { HistoryEntry } from "../../src/hub/contracts/contract-records.ts";
import { textTools } from "../../src/hub/contracts/contract-tools.ts";
import { DAY_MS } from "../../src/hub/patterns/exposure.ts";
import { createPatternService } from "../../src/hub/patterns/pattern-service.ts";
import type { KnownContract } from "../../src/hub/ports.ts";
import { missingConditions } from "../../src/hub/proposals/missing-conditions.ts";
import { createProposalService } from "../../src/hub/proposals/proposal-service.ts";
import { changedTemplate, templatesIn, withTemplate } from "../../src/hub/proposals/templates.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { StationRegister } from "../../src/model/documents.ts";
import {
  alertOf,
  contractShelf,
  ENGINEER,
  EPOCH,
  emptyFloor,
  knownContract,
  noFloor,
  openLoopBench,
  START_MS,
} from "./loop-fixture.ts";
import { type RecordedDecision, type RecordedEvidence, recordedFloor } from "./recorded-floor.ts";

const bundleFrom = (text: string): Bundle => {
  const { bundles, problems } = textTools.compile(text);
  const [bundle] = bundles;
  if (bundle === undefined) throw new Error(JSON.stringify(problems));
  return bundle;
};
const known = (text: string, change: Partial<KnownContract> = {}): KnownContract =>
  knownContract(bundleFrom(text), text, change);

const TESTS = `
test "a good lamp" of UV-DAILY {
  at 2026-11-24 09:00 in UTC
  uv-intensity reads 1500 uW/cm2 at 06:20
  expect allowed
}
`;
const UV = `contract UV-DAILY "UV" {
  for every penetrant station

  uv-intensity is measured in uW/cm2, plausible from 0 to 100000

  before every test {
    uv-intensity-each-day:
      each day, uv-intensity must be at least 1000 uW/cm2
  }
}
${TESTS}`;

interface Setting {
  readonly contracts: readonly KnownContract[];
  readonly recorded?: readonly (RecordedDecision | RecordedEvidence)[];
  readonly registers?: readonly StationRegister[];
  readonly history?: readonly HistoryEntry[];
  readonly replay?: Parameters<typeof createProposalService>[0]["replay"];
}

async function open({ contracts: shelf, recorded = [], registers = [], history = [], replay = null }: Setting) {
  const bench = await openLoopBench();
  const contracts = contractShelf(shelf, history);
  const archive = recordedFloor(recorded);
  const alerts = createAlertService({ ...bench, contracts, hubId: "hub", post: () => {} });
  const patterns = createPatternService({
    ...bench,
    alerts,
    nodes: { ids: async () => [] },
    archive,
    floor: emptyFloor,
  });
  const proposals = createProposalService({
    ...{ ...bench, ...noFloor, contracts, alerts, patterns, archive, registers: async () => registers, replay },
    tools: textTools,
  });
  return { ...bench, contracts, alerts, patterns, proposals };
}

/** Three tests at two nodes that a lamp of so much blocked, ending so many days ago. */
async function blockedAt(bench: Awaited<ReturnType<typeof open>>, values: readonly string[], daysAgo = 0) {
  for (const [nth, node] of ["LP-1", "LP-2"].entries()) {
    const own = values.filter((_, index) => index % 2 === nth);
    await bench.alerts.receive(node, {
      epoch: EPOCH,
      alerts: own.map((value, index) =>
        alertOf({
          ...{ node, seq: index + 1, testId: `B-${index}`, atMs: START_MS - daysAgo * DAY_MS - index * 60_000 },
          reading: { quantity: "uv-intensity", value, unit: "uW/cm2" },
        }),
      ),
    });
  }
  const { patterns } = await bench.patterns.analyse(ENGINEER);
  return patterns[0]?.id ?? "";
}

const reading = (value: string, takenAt: string, unit = "uW/cm2") => ({
  readings: { "uv-intensity": { value: { $number: value }, unit, takenAt } },
});

describe("a warning from archived readings", () => {
  /** Each reading serves three tests of its day. */
  const days = (count: number, value: (day: number) => string): RecordedDecision[] =>
    Array.from({ length: count * 3 }, (_, index) => {
      const day = Math.floor(index / 3);
      const takenAt = new Date(START_MS - (day + 1) * DAY_MS).toISOString();
      return {
        node: "LP-3",
        atMs: START_MS - (day + 1) * DAY_MS + index,
        test: `T-${index}`,
        snapshot: reading(value(day), takenAt),
      };
    });

  test("59 good readings are enough, a reading counts once, and what it rests on is said", async () => {
    const bench = await open({ contracts: [known(UV)], recorded: days(59, (day) => String(1200 + 10 * day)) });
    const pattern = await blockedAt(bench, ["940", "920", "960"]);
    const made = await bench.proposals.create({ kind: "pattern", pattern }, ENGINEER);
    expect(made.clause).toBe("each day, uv-intensity should be at least 1200 uW/cm2");
    expect(made.statistics).toMatchObject({ basis: "passing-quantile", passingReadings: 59, failingReadings: 3 });
    expect(made.statistics).toMatchObject({ quantile: { share: 0.05, rank: 1 } });
    expect(made.reason).toContain("95 % sure from 59 recorded ones");
  });

  test.each([
    ["58 are too few", days(58, () => "1200"), 58],
    [
      "another unit converts",
      days(2, () => "1.2").map((one) => ({ ...one, snapshot: reading("1.2", "a", "mW/cm2") })),
      1,
    ],
    [
      "what is no number is none",
      days(2, () => "1200").map((one) => ({ ...one, snapshot: { readings: { "uv-intensity": { value: "x" } } } })),
      0,
    ],
    ["what is not plausible is none", days(2, () => "200000"), 0],
    [
      "what is older than 90 days is none",
      days(2, () => "1200").map((one) => ({ ...one, atMs: one.atMs - 91 * DAY_MS })),
      0,
    ],
  ])("%s", async (_name, recorded, passingReadings) => {
    const bench = await open({ contracts: [known(UV)], recorded });
    const pattern = await blockedAt(bench, ["940", "920", "960"]);
    const made = await bench.proposals.create({ kind: "pattern", pattern }, ENGINEER);
    expect(made.statistics).toMatchObject({ basis: "failing-spread", passingReadings, failingReadings: 3 });
  });
});

describe("what is tried on it before people look", () => {
  test("its own tests, and tests made for what is new, which may go into the draft", async () => {
    const bench = await open({ contracts: [known(UV)] });
    const made = await bench.proposals.create(
      { kind: "pattern", pattern: await blockedAt(bench, ["940", "920", "960"]) },
      ENGINEER,
    );
    expect(made.checks).toMatchObject({
      ownTests: { passed: 1, failing: [] },
      madeTests: { failing: [] },
      replay: null,
    });
    expect(made.checks?.madeTests.count).toBeGreaterThan(3);
    await bench.proposals.accept(made.id, ENGINEER, "good", { withTests: true });
    const [draft] = bench.contracts.drafts;
    expect(bundleFrom(draft?.text ?? "").tests).toHaveLength(1 + (made.checks?.madeTests.count ?? 0));
  });

  test("a test that the new version breaks is named", async () => {
    const text = `contract TORQUE "Wrenches" {
  for every torque station

  wrench is a torque-wrench

  before every test {
    calibrated:
      the wrench must be calibrated every 12 months
  }
}

test "ten months are fine" of TORQUE {
  at 2026-11-24 09:00 in UTC
  wrench was calibrated on 2026-01-24 with result pass
  expect allowed
}
`;
    const calibrated = (year: number): RecordedEvidence => ({
      ...{ node: "TQ-1", atMs: Date.UTC(year, 5, 1), subject: "W-1" },
      body: { kind: "calibration", performedOn: `${year}-06-01`, result: "pass", asFound: "out-of-tolerance" },
    });
    const register: StationRegister = {
      ...{ format: "maint-station/1" as const, node: "TQ-1", plantZone: "UTC", shifts: [], roles: { wrench: "W-1" } },
      station: { id: "TQ-1", type: "torque", attributes: [], orderRequired: false },
      assets: [{ id: "W-1", serial: "1", type: "torque-wrench", attributes: [] }],
    };
    const bench = await open({
      ...{ contracts: [known(text)], recorded: [calibrated(2024), calibrated(2025)], registers: [register] },
    });
    const study = await bench.proposals.study("TORQUE");
    expect(study).toMatchObject({
      intervals: [{ assets: 1, findings: 2, outOfTolerance: 2, shorter: { cycles: null } }],
    });
    const made = await bench.proposals.create({ kind: "shorter-interval", contract: "TORQUE" }, ENGINEER);
    expect(made).toMatchObject({ kind: "shorter-interval", pattern: null, alerts: [] });
    expect(made.clause).toBe("the wrench must be calibrated every 6 months");
    expect(made.checks?.ownTests.failing.map(({ name }) => name)).toEqual(["ten months are fine"]);
    expect(made.checks?.madeTests.failing).toEqual([]);
    expect(await bench.proposals.create({ kind: "shorter-interval", contract: "TORQUE" }, ENGINEER)).toEqual(made);
    await expect(
      bench.proposals.create({ kind: "shorter-interval", contract: "TORQUE", equipment: "gauge" }, ENGINEER),
    ).rejects.toMatchObject({ code: "MAINT_ERR_BAD_REQUEST" });
    await bench.proposals.accept(made.id, ENGINEER, "");
    expect(bench.contracts.drafts[0]?.text).toContain("every 6 months");
  });

  test("recorded decisions under it, as the replay says", async () => {
    const asked: unknown[] = [];
    const summary = { counts: { concerned: 7 } } as never;
    const replay = {
      summarize: async (request: unknown) => {
        asked.push(request);
        return summary;
      },
    };
    const bench = await open({ contracts: [known(UV)], replay });
    const made = await bench.proposals.create(
      { kind: "pattern", pattern: await blockedAt(bench, ["940", "920", "960"]) },
      ENGINEER,
    );
    expect(made.checks?.replay).toEqual({ counts: { concerned: 7 } });
    expect(asked).toMatchObject([{ candidate: { contract: "UV-DAILY" }, filter: { fromMs: START_MS - 90 * DAY_MS } }]);
  });
});

describe("a person edits", () => {
  async function proposed() {
    const bench = await open({ contracts: [known(UV)] });
    const made = await bench.proposals.create(
      { kind: "pattern", pattern: await blockedAt(bench, ["940", "920", "960"]) },
      ENGINEER,
    );
    return { ...bench, made };
  }

  test("another value: the draft is kept beside it, tried again, accepted with who and why", async () => {
    const { proposals, made, contracts, ledger } = await proposed();
    const text = made.text.replace("should be at least 1100", "should be at least 1150");
    const edited = await proposals.edit(made.id, { text, reason: "1150 is early enough" }, ENGINEER);
    expect(edited).toMatchObject({
      ...{ text, state: "open", clause: "each day, uv-intensity should be at least 1150 uW/cm2" },
      edits: [{ by: "ENG-1", reason: "1150 is early enough", before: made.text }],
    });
    expect(edited.diff).toContain("+      each day, uv-intensity should be at least 1150 uW/cm2");
    expect(edited.checks?.madeTests.text).toContain("1150");
    await proposals.accept(made.id, ENGINEER, "");
    expect(contracts.drafts[0]?.changes).toContain("edited by ENG-1: 1150 is early enough");
    const actions = ledger.list({ actionType: "proposal" }).map(({ action }) => action);
    expect(actions.sort()).toEqual(["accepted", "drafted", "edited"]);
  });

  test("it may tighten more than the machine would", async () => {
    const { proposals, made } = await proposed();
    const text = made.text.replace("must be at least 1000", "must be at least 1050");
    await proposals.edit(made.id, { text, reason: "both" }, ENGINEER);
    expect(await proposals.accept(made.id, ENGINEER, "")).toMatchObject({ proposal: { state: "accepted" } });
  });

  const refused: readonly [string, (text: string) => string, string][] = [
    ["a lower limit", (text) => text.replace("must be at least 1000", "must be at least 900"), "no looser"],
    ["fewer stations", (text) => text.replace("penetrant station", "torque station"), "no looser"],
    ["nothing new", () => UV, "changes nothing"],
    ["the same", (text) => text, "is proposed already"],
    ["broken text", (text) => text.replace("before every", "after any"), "does not hold"],
    ["another contract", (text) => text.replaceAll("UV-DAILY", "UV-WEEKLY"), "no longer holds"],
  ];
  test.each(refused)("not %s", async (_name, change, why) => {
    const { proposals, made } = await proposed();
    const given = { text: change(made.text), reason: "because" };
    await expect(proposals.edit(made.id, given, ENGINEER)).rejects.toThrow(why);
    expect((await proposals.get(made.id)).edits).toEqual([]);
  });

  test("not without a reason, nor after it was decided", async () => {
    const { proposals, made } = await proposed();
    const text = made.text.replace("1100", "1150");
    await expect(proposals.edit(made.id, { text, reason: " " }, ENGINEER)).rejects.toThrow("needs its reason");
    await proposals.reject(made.id, ENGINEER, "no");
    await expect(proposals.edit(made.id, { text, reason: "x" }, ENGINEER)).rejects.toThrow("rejected already");
  });
});

const templated = (
  id: string,
  station: string,
  limit = 1000,
): string => `template uv-line "UV" with uv-limit = ${limit} uW/cm2 {
  uv-intensity is measured in uW/cm2 // { no brace

  before every test {
    uv-intensity-each-day:
      each day, uv-intensity must be at least uv-limit
        because "a } in a text"
  }
}

contract ${id} "UV" from uv-line {
  for every ${station} station
}
`;

describe("a template that several are made from", () => {
  test("each is shown with the same change, and gets its own proposal when it is accepted", async () => {
    const shelf = [
      known(templated("UV-DAILY", "penetrant")),
      known(templated("UV-TWO", "torque"), { version: "v1.3" }),
      known(templated("UV-OTHER", "thermal", 1100)),
      known(UV.replaceAll("UV-DAILY", "UV-ALONE")),
    ];
    const bench = await open({ contracts: shelf });
    const made = await bench.proposals.create(
      { kind: "pattern", pattern: await blockedAt(bench, ["940", "920", "960"]) },
      ENGINEER,
    );
    expect(made.related).toMatchObject([
      { contract: "UV-OTHER", template: "uv-line", diff: null, problem: "its uv-line reads otherwise" },
      { contract: "UV-TWO", version: "v1.3", template: "uv-line", problem: null },
    ]);
    expect(made.related[1]?.diff).toContain("+      each day, uv-intensity should be at least 1100 uW/cm2");
    const { spread } = await bench.proposals.accept(made.id, ENGINEER, "");
    expect(spread).toMatchObject([
      { contract: "UV-TWO", kind: "template", after: made.id, fromVersion: "v1.3", state: "open", pattern: null },
    ]);
    expect(await bench.proposals.accept(spread[0]?.id ?? "", ENGINEER, "")).toMatchObject({
      proposal: { state: "accepted" },
      spread: [],
    });
  });

  test("blocks end where they end", () => {
    const text = templated("UV-DAILY", "penetrant");
    const [block] = templatesIn(text);
    expect(block).toMatchObject({ name: "uv-line", firstLine: 1, lastLine: 9 });
    const after = text.replace("uv-limit\n", "uv-limit, settled for at least 5 minutes\n");
    const change = changedTemplate(text, after);
    expect(change?.now.text).toContain("settled");
    if (change === undefined) return;
    expect(withTemplate(text.replaceAll("UV-DAILY", "UV-TWO"), change.was, change.now)).toBe(
      after.replaceAll("UV-DAILY", "UV-TWO"),
    );
    expect(changedTemplate(text, text.replace('"UV" from', '"UV-A" from'))).toBeUndefined();
  });
});

describe("what others ask for and this does not", () => {
  const using = (id: string, station: string, clause = "", type = "radiometer"): string => `contract ${id} "X" {
  for every ${station} station

  meter is a ${type}
  uv is measured in uW/cm2

  before every test {
    bright:
      each day, uv read with the meter must be at least 1000 uW/cm2
      ${clause}
  }
}
`;
  const calibrated = "the meter must be calibrated every 12 months";
  const own = using("OWN", "penetrant");
  const rows: readonly [string, readonly string[], readonly string[]][] = [
    ["two others", [using("A", "torque", calibrated), using("B", "thermal", calibrated)], ["calibration"]],
    ["one other is too few", [using("A", "torque", calibrated)], []],
    ["two of four are not most", ["A", "B", "C", "D"].map((id, n) => using(id, `s${n}`, n < 2 ? calibrated : "")), []],
    ["two of three are", ["A", "B", "C"].map((id, n) => using(id, `s${n}`, n < 2 ? calibrated : "")), ["calibration"]],
    [
      "another contract of the same stations asks it already",
      [using("A", "torque", calibrated), using("B", "thermal", calibrated), using("C", "penetrant", calibrated)],
      [],
    ],
    ["other equipment", [using("A", "torque", calibrated, "gauge"), using("B", "thermal", calibrated, "gauge")], []],
    [
      "a should of others",
      ["A", "B"].map((id) => using(id, `s-${id.toLowerCase()}`, calibrated.replace("must", "should"))),
      [],
    ],
    [
      "a clause for an order",
      ["A", "B"].map((id) => using(id, `s-${id.toLowerCase()}`, `for order "PO", ${calibrated}`)),
      [],
    ],
    [
      "several kinds",
      ["A", "B"].map((id) => using(id, `s-${id.toLowerCase()}`, `${calibrated} the meter must be in service`)),
      ["calibration", "service-state"],
    ],
  ];
  test.each(rows)("%s", (_name, others, kinds) => {
    const found = missingConditions(bundleFrom(own), others.map(bundleFrom));
    expect(found.map(({ kind }) => kind)).toEqual(kinds);
  });

  test("is proposed as a warning, in the words most of them use", async () => {
    const others = [
      using("A", "torque", "the meter must be calibrated every 6 months"),
      using("B", "thermal", calibrated),
      using("C", "weld", calibrated),
    ];
    const bench = await open({ contracts: [own, ...others].map((text) => known(text)) });
    expect(await bench.proposals.study("OWN")).toMatchObject({
      missing: [{ askedBy: ["A", "B", "C"], notAskedBy: [] }],
    });
    const made = await bench.proposals.create({ kind: "missing-condition", contract: "OWN" }, ENGINEER);
    expect(made.clause).toBe("the meter should be calibrated every 12 months");
    expect(bundleFrom(made.text).clauses.map(({ strictness }) => strictness)).toEqual(["must", "should"]);
    expect(made.text).toContain('because "asked of every radiometer by A, B, C"');
    await expect(bench.proposals.create({ kind: "missing-condition", contract: "A" }, ENGINEER)).rejects.toThrow(
      "there is no",
    );
  });
});

describe("what a version did", () => {
  const entry = (activatedAtMs: number | null): HistoryEntry =>
    ({ contract: "UV-DAILY", version: "v1.1", activatedAtMs }) as HistoryEntry;
  /** Ten nodes, five tests a day each, over two months. */
  const floor = Array.from({ length: 10 * 60 * 5 }, (_, index): RecordedDecision => {
    const [node, day] = [index % 10, Math.floor(index / 50)];
    return { node: `LP-${node}`, atMs: START_MS - day * DAY_MS - (index % 50) * 60_000, test: `T-${index}` };
  });

  async function deployed(activatedDaysAgo: number | null, blockedDaysAgo: readonly number[]) {
    const bench = await open({
      ...{
        contracts: [known(UV)],
        recorded: floor,
        history: [entry(activatedDaysAgo === null ? null : START_MS - activatedDaysAgo * DAY_MS)],
      },
    });
    for (const [index, days] of blockedDaysAgo.entries()) {
      const node = `LP-${index % 10}`;
      const atMs = START_MS - days * DAY_MS;
      const seq = Math.floor(index / 10) + 1;
      await bench.alerts.receive(node, {
        epoch: EPOCH,
        alerts: [alertOf({ node, seq, atMs, testId: `B-${index}`, ledgerSeq: seq })],
      });
    }
    const { patterns } = await bench.patterns.analyse(ENGINEER, { windows: ["90d"] });
    const made = await bench.proposals.create({ kind: "pattern", pattern: patterns[0]?.id ?? "" }, ENGINEER);
    await expect(bench.proposals.effect(made.id)).rejects.toThrow("only a deployed one");
    await bench.proposals.accept(made.id, ENGINEER, "");
    await bench.proposals.noteStored("UV-DAILY", "v1.1", "ENG-1");
    return { ...bench, id: made.id };
  }

  test("fewer troubles per test than in as much time before", async () => {
    const before = Array.from({ length: 20 }, (_, index) => 21 + (index % 18));
    const { proposals, id } = await deployed(20, [...before, 4.5]);
    const effect = await proposals.effect(id);
    expect(effect).toMatchObject({ proposal: id, version: "v1.1", verdict: "fell" });
    expect(effect.before).toMatchObject({ blocked: { count: 20 } });
    expect(effect.after).toMatchObject({ blocked: { count: 1, exposure: 1_000 }, troubles: { count: 1 } });
    expect(effect.troubles?.high).toBeLessThan(1);
    expect(await proposals.effects("UV-DAILY")).toEqual([effect]);
  });

  test("few cases are no proof", async () => {
    const { proposals, id } = await deployed(20, [22, 25, 30, 5]);
    expect(await proposals.effect(id)).toMatchObject({ verdict: "unclear" });
  });

  test("nothing is said before it is in force", async () => {
    const { proposals, id } = await deployed(null, [22, 25, 30]);
    await expect(proposals.effect(id)).rejects.toThrow("not in force");
  });
});
