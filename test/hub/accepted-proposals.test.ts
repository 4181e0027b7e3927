import { expect, test } from "vitest";
import { DAY_MS } from "../../src/base/civil-time.ts";
import { rational } from "../../src/base/rational.ts";
import type { AlertRecord } from "../../src/hub/alerts/alert-record.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import type { HistoryEntry } from "../../src/hub/contracts/contract-records.ts";
import { textTools } from "../../src/hub/contracts/contract-tools.ts";
import { findAlertPatterns } from "../../src/hub/patterns/find-patterns.ts";
import { createPatternService } from "../../src/hub/patterns/pattern-service.ts";
import { draftProposal } from "../../src/hub/proposals/draft-proposal.ts";
import { earlyWarning } from "../../src/hub/proposals/early-warning.ts";
import { measuredEffect } from "../../src/hub/proposals/proposal-effect.ts";
import type { ProposalPorts } from "../../src/hub/proposals/proposal-ports.ts";
import { createProposalService, type ProposalService } from "../../src/hub/proposals/proposal-service.ts";
import type { Alert } from "../../src/model/alert.ts";
import { MAX_EFFECT_ALERTS, MAX_PROPOSAL_ALERTS, PROPOSAL_LOOK_BACK_MS } from "../../src/model/limits.ts";
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
import { recordedFloor } from "./recorded-floor.ts";

// An acceptance that broke off, and drafts whose arithmetic does not end.

const TEMPLATE = `template booth "A booth" with limit = 1000 uW/cm2 {
  uv-intensity is measured in uW/cm2, plausible from 0 to 100000

  before every test {
    uv-intensity-each-day:
      each day, uv-intensity must be at least limit
  }
}

`;
const textOf = (id: string): string =>
  `${TEMPLATE}contract ${id} "UV" from booth {\n  for every ${id === "UV-DAILY" ? "penetrant" : "magnetic"} station\n}\n`;
const knownOf = (id: string) => {
  const [bundle] = textTools.compile(textOf(id)).bundles;
  if (bundle === undefined) throw new Error("does not compile");
  return knownContract(bundle, textOf(id));
};
const failing = (node: string): Alert[] =>
  ["940", "950", "960"].map((value, index) =>
    alertOf({
      ...{ node, seq: index + 1, testId: `${node}-${index}` },
      reading: { quantity: "uv-intensity", value, unit: "uW/cm2" },
    }),
  );

async function openFloor() {
  const bench = await openLoopBench();
  const history: HistoryEntry[] = [];
  const asked: object[] = [];
  const shelf = contractShelf([knownOf("UV-DAILY"), knownOf("UV-OTHER")], history);
  const contracts: typeof shelf = {
    ...shelf,
    createDraft: async (draft, by) => {
      const { contract } = await shelf.createDraft(draft, by);
      if (history.some((one) => one.contract === contract)) throw new Error("a draft is there already");
      history.push({ contract, version: null, status: "draft", changes: draft.changes } as unknown as HistoryEntry);
      return { ...knownOf(contract), version: null, status: "draft", ...draft };
    },
  };
  const alerts = createAlertService({ ...bench, contracts, hubId: "hub", post: () => {} });
  for (const node of ["LP-1", "LP-2"]) await alerts.receive(node, { epoch: EPOCH, alerts: failing(node) });
  const nodes = { ids: async () => [] };
  const patterns = createPatternService({ ...bench, alerts, nodes, archive: null, floor: emptyFloor });
  const open = (journal = bench.journal): ProposalService =>
    createProposalService({
      ...{ ...bench, ...noFloor, contracts, patterns, tools: textTools, journal },
      alerts: {
        ...{ removed: alerts.removed, list: (filter = {}) => alerts.list(asked.push(filter) > 0 ? filter : {}) },
      },
    });
  const [pattern] = findAlertPatterns(await alerts.list()).patterns;
  const made = await open().create({ kind: "pattern", pattern: pattern?.id ?? "" }, ENGINEER);
  return { ...bench, contracts, open, made, id: made.id, asked, pattern: pattern?.id ?? "" };
}

/** Its n-th commit, from 1, does not come about. */
const dyingAt = <J extends { readonly commit: unknown }>(journal: J, nth: number): J => {
  let count = 0;
  const commit = (...given: readonly unknown[]) => {
    count += 1;
    if (count >= nth) throw new Error("planted: the hub is killed");
    return (journal.commit as (...all: readonly unknown[]) => unknown)(...given);
  };
  return { ...journal, commit };
};

test.each([1, 2])("an acceptance that was killed before its commit %i is taken up where it stopped", async (nth) => {
  const { open, id, contracts, entries, journal } = await openFloor();
  await expect(open(dyingAt(journal, nth)).accept(id, ENGINEER, "good")).rejects.toThrow("planted");
  const { proposal, draft, spread } = await open().accept(id, ENGINEER, "good");
  expect([proposal.state, draft.contract, draft.status]).toEqual(["accepted", "UV-DAILY", "draft"]);
  expect(contracts.drafts).toHaveLength(1);
  expect(spread.map(({ contract, after, state }) => [contract, after, state])).toEqual([["UV-OTHER", id, "open"]]);
  expect(entries().filter((entry) => entry.startsWith("proposal"))).toEqual([
    "proposal drafted ENG-1",
    "proposal drafted ENG-1",
    "proposal accepted ENG-1",
  ]);
});

test("a draft reads no more alerts than of its time, and none where it stands already", async () => {
  const { open, asked, id, pattern } = await openFloor();
  const sinceMs = START_MS - PROPOSAL_LOOK_BACK_MS;
  expect(asked).toEqual([{ contract: "UV-DAILY", sinceMs, limit: MAX_PROPOSAL_ALERTS }]);
  expect((await open().create({ kind: "pattern", pattern }, ENGINEER)).id).toBe(id);
  expect(asked).toHaveLength(1);
});

test("made tests that somebody changed in hub.db do not become part of a draft", async () => {
  const { open, id, contracts, db } = await openFloor();
  db.prepare("update proposal set checks = json_set(checks, '$.madeTests.text', ?)").run("contract X {");
  await expect(open().accept(id, ENGINEER, "good", { withTests: true })).rejects.toThrow("does not hold");
  expect(contracts.drafts).toEqual([]);
  expect((await open().accept(id, ENGINEER, "good")).proposal.state).toBe("accepted");
});

test("the ledger says which text was drafted, edited and accepted", async () => {
  const { open, id, ledger, made } = await openFloor();
  const edited = made.text.replace(/at least \d+ uW\/cm2/, (amount) => amount.replace(/\d+/, "1111"));
  expect(edited).not.toBe(made.text);
  await open().edit(id, { text: edited, reason: "earlier" }, ENGINEER);
  await open().accept(id, ENGINEER, "good");
  const digests = ledger
    .list({ actionType: "proposal" })
    .filter(({ metadata }) => metadata["proposal"] === id)
    .map(({ action, metadata }) => [action, metadata["text_sha256"]] as const);
  const [drafted, changed, accepted] = ["drafted", "edited", "accepted"].map(
    (action) => digests.find(([one]) => one === action)?.[1],
  );
  expect(drafted).toMatch(/^[0-9a-f]{64}$/);
  expect(changed).not.toBe(drafted);
  expect(accepted).toBe(changed);
});

test("an effect that could not read all alerts is not sure of anything", async () => {
  const floor = await openFloor();
  const { contract, alert } = { contract: "UV-DAILY", alert: alertOf({ atMs: START_MS - 20 * DAY_MS }) };
  const record = { id: "alert-1", alert } as AlertRecord;
  const asked: unknown[] = [];
  const ports = {
    ...{ ...floor, ...noFloor, tools: textTools, patterns: { find: async () => expect.fail("not asked") } },
    contracts: { ...floor.contracts, history: async () => [{ version: "v1.1", activatedAtMs: START_MS - 9 * DAY_MS }] },
    archive: recordedFloor([{ node: "LP-1", atMs: START_MS - 5 * DAY_MS, test: "T-1" }]),
  };
  const effectOf = (count: number, removed = 0) =>
    measuredEffect(
      {
        ...ports,
        alerts: {
          removed: () => ({ alerts: removed, incidents: 0 }),
          list: async (filter: unknown) => asked.push(filter) && Array.from({ length: count }, () => record),
        },
      } as unknown as ProposalPorts,
      { ...floor.made, contract, deployedVersion: "v1.1" },
    );
  expect(await effectOf(3)).toMatchObject({ isWhole: true });
  expect(await effectOf(MAX_EFFECT_ALERTS)).toMatchObject({ isWhole: false, verdict: "unclear" });
  expect(asked).toMatchObject([{ limit: MAX_EFFECT_ALERTS }, { limit: MAX_EFFECT_ALERTS }]);
  // What retention removed of that time is counted nowhere.
  expect(await effectOf(3, 1)).toMatchObject({ isWhole: false, verdict: "unclear" });
});

test.each([
  ["for an order, it says nothing of the others", 'for order "PO-1", ', true],
  ["for all, it is there already", "", false],
])("a warning that stands there %s", (_what, order, isProposed) => {
  const text = textOf("UV-DAILY").replace(
    "at least limit\n",
    `at least limit\n      ${order}each day, uv-intensity should be at least 1500 uW/cm2\n`,
  );
  const [bundle] = textTools.compile(text).bundles;
  if (bundle === undefined) throw new Error("does not compile");
  const alerts = ["LP-1", "LP-2"].flatMap(failing);
  const [pattern] = findAlertPatterns(alerts.map((alert, n) => ({ id: `alert-${n + 1}`, alert }))).patterns;
  if (pattern === undefined) throw new Error("no pattern");
  const current = { version: "v1.0", text, bundle };
  const draft = draftProposal({ pattern, alerts, archived: () => [], current, nextVersion: "v1.1" }, textTools);
  expect(draft.ok ? "" : draft.error).toMatch(isProposed ? /^$/ : /already warns/);
});

test("a limit that no decimal is, by its guard band in another unit, has a warning that is one", () => {
  const limit = rational(4_001n, 3n);
  const found = earlyWarning({
    limit,
    side: "low",
    unit: "u",
    bound: null,
    readings: [1_300n, 1_310n].map((n) => rational(n)),
  });
  // 1333.666… and a margin of 50: on to the next tenth of a step.
  expect(found).toMatchObject({ ok: true, value: { value: "1385", limit: "1333.666667", step: "50" } });
  const high = earlyWarning({ limit, side: "high", unit: "u", bound: null, readings: [rational(1_350n)] });
  expect(high).toMatchObject({ ok: true, value: { value: "1280" } });
});

test("a reading that failed on the other side is none of the good ones", () => {
  const text = `contract OVEN "Oven" {
  for every penetrant station
  heat is measured in degC, plausible from 0 to 300
  before every test {
    warm:
      each day, heat must be between 60 degC and 70 degC
  }
}
`;
  const [bundle] = textTools.compile(text).bundles;
  if (bundle === undefined) throw new Error("does not compile");
  const values = [...Array.from({ length: 58 }, (_, n) => 61 + n / 10), 50, 51, 200];
  const pattern = {
    ...{ contract: "OVEN", condition: "warm", reason: "reading.out-of-limits", recommendation: "early-warning" },
    ...{ subjects: ["heat"], versions: ["v1.0"], decisions: 3, nodes: ["A", "B"] },
  } as unknown as Parameters<typeof draftProposal>[0]["pattern"];
  const draft = draftProposal(
    {
      ...{ pattern, alerts: [], archived: () => values.map((value) => rational(BigInt(Math.round(value * 10)), 10n)) },
      ...{ current: { version: "v1.0", text, bundle }, nextVersion: "v1.1" },
    },
    textTools,
  );
  // 58 are one too few for a quantile.
  expect(draft).toMatchObject({ ok: true, value: { statistics: { basis: "failing-spread", passingReadings: 58 } } });
});
