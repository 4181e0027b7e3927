import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compare, parseDecimal, type Rational, rational } from "../../src/base/rational.ts";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { textTools } from "../../src/hub/contracts/contract-tools.ts";
import { findAlertPatterns } from "../../src/hub/patterns/find-patterns.ts";
import { createPatternService } from "../../src/hub/patterns/pattern-service.ts";
import { type DraftInput, draftProposal, findingsOf } from "../../src/hub/proposals/draft-proposal.ts";
import { earlyWarning } from "../../src/hub/proposals/early-warning.ts";
import { unifiedDiff } from "../../src/hub/proposals/line-diff.ts";
import { takenAway } from "../../src/hub/proposals/never-looser.ts";
import { createProposalService } from "../../src/hub/proposals/proposal-service.ts";
import type { Alert } from "../../src/model/alert.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import {
  alertOf,
  contractShelf,
  ENGINEER,
  EPOCH,
  emptyFloor,
  knownContract,
  noFloor,
  openLoopBench,
} from "./loop-fixture.ts";

const decimal = (text: string): Rational => {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`${text} is no decimal`);
  return value;
};
const decimals = (texts: string): Rational[] => texts.split(" ").filter(Boolean).map(decimal);

describe("the statistic", () => {
  const passing = (count: number): string => Array.from({ length: count }, (_, index) => 1500 + index).join(" ");
  /** Twenty apart, so that the rank shows. */
  const spread = (count: number): string => Array.from({ length: count }, (_, index) => 1500 + 20 * index).join(" ");
  const rows: readonly {
    name: string;
    limit: string;
    side?: "low" | "high";
    readings: string;
    bound?: string;
    gives: string;
  }[] = [
    { name: "middle shortfall, up to whole steps", limit: "1000", readings: "940 920 960", gives: "1100" },
    { name: "an even number takes the larger", limit: "1000", readings: "990 880", gives: "1150" },
    { name: "at least one step", limit: "1000", readings: "999.99 999.98 999.97", gives: "1050" },
    { name: "at most a fifth of the limit", limit: "1000", readings: "0 10 20", gives: "1200" },
    { name: "a broken meter among others", limit: "1000", readings: "0 960 970", gives: "1050" },
    { name: "readings at the limit pass", limit: "1000", readings: "1000 950", gives: "1050" },
    { name: "a high limit", limit: "2", side: "high", readings: "2.3 2.1 2.2", gives: "1.8" },
    { name: "a high limit, capped", limit: "2", side: "high", readings: "900 900 900", gives: "1.6" },
    { name: "a small limit", limit: "0.4", readings: "0.35 0.36 0.37", gives: "0.44" },
    { name: "below zero", limit: "-20", side: "high", readings: "-18.5 -19", gives: "-22" },
    { name: "a limit of zero takes its scale from the readings", limit: "0", readings: "-3 -5", gives: "5" },
    { name: "the worst of 59 passing readings", limit: "1000", readings: passing(59), gives: "1500" },
    { name: "the second of 93", limit: "1000", readings: passing(93), gives: "1500" },
    { name: "the third of 124", limit: "1000", readings: spread(124), gives: "1540" },
    { name: "passing readings before failing ones", limit: "1000", readings: `${passing(59)} 10 20`, gives: "1500" },
    {
      name: "a quantile at the limit says nothing, the failing ones do",
      limit: "1000",
      readings: `${"1000 ".repeat(59)}940`,
      gives: "1100",
    },
    { name: "no reading", limit: "1000", readings: "", gives: "no reading was recorded" },
    { name: "few passing, none failing", limit: "1000", readings: passing(58), gives: "59 are needed to be 95 % sure" },
    { name: "at zero with nothing else", limit: "0", readings: "0 0", gives: "do not say how far" },
    { name: "beyond what is plausible", limit: "1000", readings: "900", bound: "1050", gives: "outside the plausible" },
    { name: "within what is plausible", limit: "1000", readings: "900", bound: "1100", gives: "1100" },
  ];
  test.each(rows)("$name", ({ limit, side = "low", readings, bound, gives }) => {
    const found = earlyWarning({
      limit: decimal(limit),
      side,
      unit: "u",
      readings: decimals(readings),
      bound: bound === undefined ? null : decimal(bound),
    });
    expect(found.ok ? found.value.value : found.error).toContain(gives);
  });

  test("whatever the readings, N is on the good side, exact, and no further than a fifth", () => {
    const number = fc.tuple(
      fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
      fc.constantFrom(1n, 10n, 1000n, 10n ** 6n),
    );
    const value = number.map(([n, d]) => rational(n, d));
    const inputs = fc.record({
      limit: value,
      side: fc.constantFrom<"low" | "high">("low", "high"),
      readings: fc.array(value, { minLength: 1, maxLength: 12 }),
    });
    fc.assert(
      fc.property(inputs, ({ limit, side, readings }) => {
        const found = earlyWarning({ limit, side, unit: "u", readings, bound: null });
        if (!found.ok) return;
        const better = compare(decimal(found.value.value), limit);
        expect(better).toBe(side === "low" ? 1 : -1);
        const fifth = rational(limit.n < 0n ? -limit.n : limit.n, limit.d * 5n);
        if (limit.n !== 0n) expect(compare(decimal(found.value.margin), fifth)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe("the diff", () => {
  const rows: readonly [string, string, string, string][] = [
    ["equal texts", "a\nb\n", "a\nb\n", ""],
    ["a line more", "a\nb\n", "a\nx\nb\n", "@@ -1,2 +1,3 @@\n a\n+x\n b\n"],
    ["a line less", "a\nx\nb\n", "a\nb\n", "@@ -1,3 +1,2 @@\n a\n-x\n b\n"],
    ["a line changed", "a\nb\n", "a\nc\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"],
    ["from nothing", "", "a\n", "@@ -0,0 +1,1 @@\n+a\n"],
    ["to nothing", "a\n", "", "@@ -1,1 +0,0 @@\n-a\n"],
    ["another line end is no change", "a\r\nb\r\n", "a\nb\n", ""],
    [
      "two places",
      "1\n2\n3\n4\n5\n6\n",
      "x\n2\n3\n4\n5\ny\n",
      "@@ -1,2 +1,2 @@\n-1\n+x\n 2\n@@ -5,2 +5,2 @@\n 5\n-6\n+y\n",
    ],
  ];
  test.each(rows)("%s", (_name, before, after, expected) => {
    const diff = unifiedDiff({ name: "a", text: before }, { name: "b", text: after }, 1);
    expect(diff).toBe(expected === "" ? "" : `--- a\n+++ b\n${expected}`);
  });

  test("what it says leads from one text to the other", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 }).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = unifiedDiff({ name: "", text: before }, { name: "", text: after }, 99).split("\n").slice(3, -1);
        if (lines.length === 0) return;
        const side = (without: string) => lines.filter((line) => line[0] !== without).map((line) => line.slice(1));
        const own = (all: string) =>
          all
            .replace(/\n$/, "")
            .split("\n")
            .filter((line, _index, rest) => rest.length > 1 || line !== "");
        expect(side("+")).toEqual(own(before));
        expect(side("-")).toEqual(own(after));
      }),
    );
  });
});

const contract = (
  clauses: string,
  declarations = "uv-intensity is measured in uW/cm2",
): string => `contract UV-DAILY "UV" {
  for every station

  ${declarations}

  before every test {
    uv-intensity-each-day:
${clauses}
  }
}
`;

const template = `template uv-station "UV" with uv-limit = 1000 uW/cm2 {
  uv-intensity is measured in uW/cm2

  before every test {
    uv-intensity-each-day:
      each day, uv-intensity must be at least uv-limit
  }
}

contract UV-DAILY "UV" from uv-station with uv-limit = 1200 uW/cm2 {
  for every station
}
`;

const bundleFrom = (text: string): Bundle => {
  const { bundles, problems } = textTools.compile(text);
  const [bundle] = bundles;
  if (bundle === undefined) throw new Error(JSON.stringify(problems));
  return bundle;
};

const failing = (values: readonly string[], change: Partial<Alert> = {}): Alert[] =>
  values.map((value, index) =>
    alertOf({
      node: index % 2 === 0 ? "LP-1" : "LP-2",
      seq: index + 1,
      testId: `T-${index}`,
      ledgerSeq: index,
      reading: { quantity: "uv-intensity", value, unit: "uW/cm2" },
      ...change,
    }),
  );

function inputOf(text: string, alerts: readonly Alert[]): DraftInput {
  const [pattern] = findAlertPatterns(alerts.map((alert) => ({ id: `alert-${alert.seq}`, alert }))).patterns;
  if (pattern === undefined) throw new Error("these alerts make no pattern");
  return {
    pattern,
    alerts,
    current: { version: "v1.0", text, bundle: bundleFrom(text) },
    nextVersion: "v1.1",
    archived: () => [],
  };
}

const three = ["940", "920", "960"];
const fc2: Partial<Alert> = { subject: "ambient-light" };

describe("a drafted version", () => {
  const rows: readonly { name: string; text: string; alerts?: readonly Alert[]; clause: string }[] = [
    {
      name: "a clause of the contract itself",
      text: contract("      each day, uv-intensity must be at least 1000 uW/cm2"),
      clause: "each day, uv-intensity should be at least 1100 uW/cm2",
    },
    {
      name: "with an instrument, a because and a neighbour",
      text: contract(
        `      each day, uv-intensity read with the light-meter must be at least 1000 uW/cm2
        because "ASTM E1417"

    // The meter itself.
    meter:
      the light-meter must be calibrated every 12 months`,
        'light-meter  is a radiometer, by default "M-1"\n  uv-intensity is measured in uW/cm2',
      ),
      clause: "each day, uv-intensity read with the light-meter should be at least 1100 uW/cm2",
    },
    {
      name: "a clause of a template",
      text: template,
      alerts: failing(["1150", "1100", "1180"]),
      clause: "each day, uv-intensity should be at least 1250 uW/cm2",
    },
    {
      name: "at most",
      text: contract("      each day, ambient-light must be at most 2 fc", "ambient-light is measured in fc"),
      alerts: ["2.3", "2.2", "2.1"].flatMap((value, index) =>
        failing([value], {
          ...fc2,
          node: `LP-${index}`,
          testId: `T-${index}`,
          reading: { quantity: "ambient-light", value, unit: "fc" },
        }),
      ),
      clause: "each day, ambient-light should be at most 1.8 fc",
    },
    {
      name: "another unit than the readings'",
      text: contract("      each day, uv-intensity must be at least 1 mW/cm2"),
      clause: "each day, uv-intensity should be at least 1.1 mW/cm2",
    },
    {
      name: "a guard band moves the base",
      text: contract("      each day, uv-intensity must be at least 1000 uW/cm2, guarded by 50 uW/cm2"),
      clause: "each day, uv-intensity should be at least 1200 uW/cm2",
    },
    {
      name: "each shift",
      text: contract("      each shift, uv-intensity must be at least 1000 uW/cm2"),
      clause: "each shift, uv-intensity should be at least 1100 uW/cm2",
    },
    {
      name: "every 8 hours",
      text: contract("      every 8 hours, uv-intensity must be at least 1000 uW/cm2"),
      clause: "every 8 hours, uv-intensity should be at least 1100 uW/cm2",
    },
    {
      name: "the latest readings, between two limits",
      text: contract("      from the latest readings, uv-intensity must be between 1000 uW/cm2 and 9000 uW/cm2"),
      clause: "from the latest readings, uv-intensity should be at least 1100 uW/cm2",
    },
    {
      name: "the shop's clause, not the order's",
      text: contract(`      for order "PO-1", each day, uv-intensity must be at least 1300 uW/cm2
      each day, uv-intensity must be at least 1000 uW/cm2`),
      clause: "each day, uv-intensity should be at least 1100 uW/cm2",
    },
    {
      name: "a contract on one line",
      text: 'contract UV-DAILY "UV" { for every station uv-intensity is measured in uW/cm2 before every test { uv-intensity-each-day: each day, uv-intensity must be at least 1000 uW/cm2 } }\n',
      clause: "each day, uv-intensity should be at least 1100 uW/cm2",
    },
    {
      name: "Windows line ends",
      text: contract("      each day, uv-intensity must be at least 1000 uW/cm2").replaceAll("\n", "\r\n"),
      clause: "each day, uv-intensity should be at least 1100 uW/cm2",
    },
  ];
  test.each(rows)("$name", ({ text, alerts = failing(three), clause }) => {
    const input = inputOf(text, alerts);
    const found = draftProposal(input, textTools);
    if (!found.ok) throw new Error(found.error);
    expect(found.value.clause).toBe(clause);
    expect(found.value.text).toContain(clause);
    const after = bundleFrom(found.value.text);
    expect(takenAway(input.current.bundle, after)).toEqual([]);
    expect(after.clauses.filter(({ strictness }) => strictness === "should")).toHaveLength(1);
    const removed = found.value.diff.split("\n").filter((line) => /^-(?!--)/.test(line));
    expect(removed).toHaveLength(text.split("\n").length > 3 ? 0 : 1);
  });

  test("a formatted text stays formatted, and the diff is the clause and its because", () => {
    const text = textTools.format(contract("      each day, uv-intensity must be at least 1000 uW/cm2")) ?? "";
    const found = draftProposal(inputOf(text, failing(three)), textTools);
    if (!found.ok) throw new Error(found.error);
    expect(textTools.format(found.value.text)).toBe(found.value.text);
    expect(found.value.diff.split("\n").filter((line) => /^[-+] /.test(line))).toEqual([
      "+      each day, uv-intensity should be at least 1100 uW/cm2",
      '+        because "early warning: 3 tests at 2 nodes were blocked below 1000 uW/cm2"',
    ]);
  });

  const plain = contract("      each day, uv-intensity must be at least 1000 uW/cm2");
  const warned = contract(`      each day, uv-intensity must be at least 1000 uW/cm2
      each day, uv-intensity should be at least 1500 uW/cm2`);
  const refused: readonly [string, string, readonly Alert[], string][] = [
    ["a calibration", plain, failing(three, { reason: "calibration.overdue" }), "nothing that an early warning meets"],
    ["another version's alerts", plain, failing(three, { version: "v0.9" }), "its alerts come from v0.9"],
    ["no readings", plain, failing(three, { reading: null }), "no reading was recorded"],
    ["a condition that is no more", plain, failing(three, { condition: "gone" }), "gone has no must limit"],
    ["another quantity", plain, failing(three, { subject: "ambient-light" }), "no must limit on ambient-light"],
    ["one that warns already", warned, failing(three), "already warns"],
    [
      "a unit that does not convert",
      plain,
      failing(three, { reading: { quantity: "uv-intensity", value: "9", unit: "fc" } }),
      "no reading was recorded",
    ],
  ];
  test.each(refused)("none for %s", (_name, text, alerts, why) => {
    const found = draftProposal(inputOf(text, alerts), textTools);
    expect(found.ok ? found.value.clause : found.error).toContain(why);
  });
});

describe("the guard against loosening", () => {
  const text = contract(
    `      each day, uv-intensity must be at least 1000 uW/cm2

    warm:
      the lamp must have been on for at least 10 minutes`,
    'lamp is a uv-a-lamp, by default "L-1"\n  uv-intensity is measured in uW/cm2, plausible from 0 to 100000',
  ).replace(
    "\n}\n",
    "\n  QA may override reading.stale for at most 1 hour\n  when blocked, tell supervisor with severity high\n}\n",
  );
  const good = text.replace(
    "must be at least 1000 uW/cm2",
    "must be at least 1000 uW/cm2\n      each day, uv-intensity should be at least 1100 uW/cm2",
  );
  test("lets a warning through", () => expect(findingsOf(good, bundleFrom(text), textTools)).toEqual([]));

  // Each is a drafter gone wrong: the good proposal, and one planted change.
  const planted: readonly [string, (proposal: string) => string][] = [
    ["a lower limit", (proposal) => proposal.replace("must be at least 1000", "must be at least 900")],
    [
      "a higher limit, which people decide too",
      (proposal) => proposal.replace("must be at least 1000", "must be at least 1050"),
    ],
    ["must turned to should", (proposal) => proposal.replace("must be at least", "should be at least")],
    [
      "a limit that leaves itself out",
      (proposal) => proposal.replace("must be at least 1000", "must be more than 1000"),
    ],
    ["a rarer reading", (proposal) => proposal.replace("each day, uv-intensity must", "each week, uv-intensity must")],
    [
      "a clause only for an order",
      (proposal) => proposal.replace("each day, uv-intensity must", 'for order "PO-1", each day, uv-intensity must'),
    ],
    ["a shorter warm-up", (proposal) => proposal.replace("at least 10 minutes", "at least 1 minute")],
    ["a clause dropped", (proposal) => proposal.replace(/ {4}warm:\n.*\n/, "")],
    ["a wider plausible range", (proposal) => proposal.replace("to 100000", "to 200000")],
    ["another default asset", (proposal) => proposal.replace('"L-1"', '"L-2"')],
    ["a longer override", (proposal) => proposal.replace("at most 1 hour", "at most 9 hours")],
    ["nobody told", (proposal) => proposal.replace(/ {2}when blocked.*\n/, "")],
    ["fewer stations", (proposal) => proposal.replace("for every station", "for every penetrant station")],
    ["fewer tests", (proposal) => proposal.replace("before every test", "before every final test")],
    ["another contract", (proposal) => proposal.replace("UV-DAILY", "UV-WEEKLY")],
    ["broken text", (proposal) => proposal.replace("before every", "after any")],
    ["no text", () => ""],
    ["nothing added", () => text],
  ];
  test.each(planted)("stops %s", (_name, plant) => {
    const proposal = plant(good);
    expect(proposal).not.toBe(good);
    expect(findingsOf(proposal, bundleFrom(text), textTools)).not.toEqual([]);
  });

  test("a drafter that loosens proposes nothing", () => {
    const input = inputOf(text, failing(three));
    const loosening = {
      ...textTools,
      format: (given: string) => given.replace("must be at least 1000", "must be at least 900"),
    };
    // The planted formatter answers the current text unchanged, so that the drafter trusts it with the new one.
    const planting = { ...loosening, format: (given: string) => (given === text ? given : loosening.format(given)) };
    expect(draftProposal(input, planting)).toMatchObject({ ok: false });
    expect(draftProposal(input, textTools)).toMatchObject({ ok: true });
  });
});

describe("people decide", () => {
  const text = contract("      each day, uv-intensity must be at least 1000 uW/cm2");

  async function openProposals(known = knownContract(bundleFrom(text), text)) {
    const bench = await openLoopBench();
    const shelf = [known];
    const contracts = contractShelf(shelf);
    const alerts = createAlertService({ ...bench, contracts, hubId: "hub", post: () => {} });
    for (const node of ["LP-1", "LP-2"]) {
      const own = failing(three, { node }).map((alert, index) => ({ ...alert, testId: `${node}-${index}` }));
      await alerts.receive(node, { epoch: EPOCH, alerts: own });
    }
    const [pattern] = findAlertPatterns(await alerts.list()).patterns;
    const patterns = createPatternService({
      ...bench,
      alerts,
      nodes: { ids: async () => [] },
      archive: null,
      floor: emptyFloor,
    });
    const proposals = createProposalService({ ...bench, ...noFloor, contracts, alerts, patterns, tools: textTools });
    return { ...bench, contracts, shelf, proposals, pattern: pattern?.id ?? "" };
  }
  const ledgerOf = (entries: readonly string[]) => entries.filter((entry) => entry.startsWith("proposal"));

  test("drafted once, accepted to a draft, deployed when the release is stored", async () => {
    const { proposals, pattern, contracts, entries, ledger } = await openProposals();
    const made = await proposals.create({ kind: "pattern", pattern }, ENGINEER);
    expect(await proposals.create({ kind: "pattern", pattern }, ENGINEER)).toEqual(made);
    expect(made).toMatchObject({ id: "proposal-1", state: "open", fromVersion: "v1.0", contract: "UV-DAILY" });
    expect(made.alerts).toHaveLength(6);
    const { proposal, draft } = await proposals.accept("proposal-1", ENGINEER, "good");
    expect(proposal).toMatchObject({ state: "accepted", decision: { by: "ENG-1", note: "good" } });
    expect(draft.status).toBe("draft");
    expect(contracts.drafts).toMatchObject([{ text: made.text, parent: "v1.0", domain: "penetrant" }]);
    expect(await proposals.noteStored("UV-DAILY", "v1.2", "ENG-1")).toEqual([]);
    expect(await proposals.noteStored("UV-DAILY", "v1.1", "ENG-1")).toMatchObject([
      { state: "deployed", deployedVersion: "v1.1" },
    ]);
    expect(ledgerOf(entries())).toEqual([
      "proposal drafted ENG-1",
      "proposal accepted ENG-1",
      "proposal deployed ENG-1",
    ]);
    expect(ledger.list({ actionType: "proposal" })[0]).toMatchObject({
      smart_id: "UV-DAILY",
      metadata: { parent: "v1.0", changes: [made.clause], alerts: made.alerts },
    });
  });

  test("decided once", async () => {
    const { proposals, pattern, contracts } = await openProposals();
    await proposals.create({ kind: "pattern", pattern }, ENGINEER);
    await expect(proposals.reject("proposal-1", ENGINEER, " ")).rejects.toThrow("needs its reason");
    expect(await proposals.reject("proposal-1", ENGINEER, "meter was wrong")).toMatchObject({ state: "rejected" });
    await expect(proposals.accept("proposal-1", ENGINEER, "")).rejects.toThrow("was rejected already");
    await expect(proposals.reject("proposal-1", ENGINEER, "again")).rejects.toThrow("was rejected already");
    expect(contracts.drafts).toEqual([]);
    expect((await proposals.create({ kind: "pattern", pattern }, ENGINEER)).id).toBe("proposal-2");
    expect((await proposals.list()).map(({ id, state }) => `${id} ${state}`)).toEqual([
      "proposal-2 open",
      "proposal-1 rejected",
    ]);
  });

  test("two who accept at once make one draft", async () => {
    const { proposals, pattern, contracts } = await openProposals();
    await proposals.create({ kind: "pattern", pattern }, ENGINEER);
    const answers = await Promise.allSettled([1, 2].map(() => proposals.accept("proposal-1", ENGINEER, "")));
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(contracts.drafts).toHaveLength(1);
  });

  test("a version that came in between makes it stale", async () => {
    const { proposals, pattern, shelf, contracts } = await openProposals();
    await proposals.create({ kind: "pattern", pattern }, ENGINEER);
    shelf[0] = knownContract(bundleFrom(text), text, { version: "v1.1" });
    await expect(proposals.accept("proposal-1", ENGINEER, "")).rejects.toThrow("v1.1 of UV-DAILY is in force");
    expect(contracts.drafts).toEqual([]);
  });

  test("a text that was changed in the database does not become a draft", async () => {
    const { proposals, pattern, db, contracts } = await openProposals();
    await proposals.create({ kind: "pattern", pattern }, ENGINEER);
    const tables = db.tables<{ proposal: { text: string } }>();
    await tables
      .updateTable("proposal")
      .set({ text: text.replace("1000", "10") })
      .execute();
    await expect(proposals.accept("proposal-1", ENGINEER, "")).rejects.toThrow("does not hold");
    expect(contracts.drafts).toEqual([]);
  });

  test("unknown ids are refused by name", async () => {
    const { proposals, pattern } = await openProposals();
    await expect(proposals.create({ kind: "pattern", pattern: "pattern-000000000000" }, ENGINEER)).rejects.toThrow(
      "no pattern",
    );
    await expect(
      proposals.create({ kind: "pattern", pattern: `${pattern.slice(0, -1)}g` }, ENGINEER),
    ).rejects.toMatchObject({
      help: `did you mean ${pattern}?`,
    });
    await expect(proposals.get("proposal-1 or 1=1")).rejects.toThrow("no proposal");
    await expect(proposals.accept("proposal-7", ENGINEER, "")).rejects.toThrow("no proposal");
  });
});
