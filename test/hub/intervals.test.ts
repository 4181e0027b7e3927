import { describe, expect, test } from "vitest";
import { parseDate } from "../../src/base/civil-time.ts";
import { textTools } from "../../src/hub/contracts/contract-tools.ts";
import type { AssetHistory } from "../../src/hub/proposals/calibration-history.ts";
import { assetHistories } from "../../src/hub/proposals/calibration-history.ts";
import { draftShorterInterval } from "../../src/hub/proposals/draft-interval.ts";
import {
  type AsFound,
  controlChart,
  intervalTest,
  inUse,
  staircase,
} from "../../src/hub/proposals/interval-methods.ts";
import { type IntervalStudy, intervalStudy } from "../../src/hub/proposals/interval-study.ts";
import { besidesShortening } from "../../src/hub/proposals/never-looser.ts";
import { shortenedSpan, spanWords } from "../../src/hub/proposals/spans.ts";
import type { Bundle, CalibrationClause, Span } from "../../src/model/bundle.ts";
import { recordedFloor } from "./recorded-floor.ts";

/** `in`, `out`, or an error as a share of the tolerance. */
const findings = (words: string): AsFound[] =>
  words
    .split(" ")
    .filter(Boolean)
    .map((word) => ({
      isInTolerance: word === "in" || Math.abs(Number(word)) <= 1,
      share: word === "in" || word === "out" ? null : Number(word),
    }));

describe("method 1, the staircase", () => {
  test.each([
    ["", 1],
    ["in in in in", 1],
    ["0.3 -0.5 0.8", 1.25],
    ["0.3 0.5 0.81", 1],
    ["0.3 0.5", 1],
    ["in in out", 1],
    ["in out out", 0.5],
    ["out out 0.1 0.2 0.3", 1.25],
    ["1.2 -1.01", 0.5],
    ["out in out", 1],
  ])("%s", (words, factor) => expect(staircase(findings(words)).factor).toBe(factor));
});

describe("method 2, the control chart", () => {
  const points = (errors: string, daysApart = 365) =>
    errors.split(" ").map((error, index) => ({ day: index * daysApart, found: Number(error), left: null }));

  test("by hand: 20 % of the tolerance a year without scatter lasts five years", () => {
    const opinion = controlChart(points("0 0.2 0.4 0.6"), 365, {
      minPoints: 4,
      scatter: 2,
      minFactor: 0.5,
      maxFactor: 10,
    });
    expect(opinion?.factor).toBeCloseTo(5, 9);
    expect(opinion?.because).toContain("drifts 20 % of its tolerance a year");
  });

  test("by hand: steps of 0.4, 0.6, 0.5 scatter by 0.1, which leaves 0.8 for a drift of 0.5 a year", () => {
    const opinion = controlChart(points("0 0.4 1.0 1.5"), 365, {
      minPoints: 4,
      scatter: 2,
      minFactor: 0.1,
      maxFactor: 10,
    });
    expect(opinion?.factor).toBeCloseTo(0.8 / 0.5, 9);
  });

  test("what was adjusted drifts from what was left", () => {
    const adjusted = [0, 1, 2, 3].map((year) => ({ day: year * 365, found: year === 0 ? 0 : 0.5, left: 0 }));
    const rule = { minPoints: 4, scatter: 2, minFactor: 0.1, maxFactor: 10 };
    expect(controlChart(adjusted, 365, rule)?.factor).toBeCloseTo(2, 9);
  });

  test.each([
    ["0 0.2 0.4", undefined],
    ["0 1 2 3", 1],
    ["0 2 4 6", 0.5],
    ["0 0 0 0", 2],
    ["0 2 -2 2", 0.5],
  ])("%s", (errors, factor) => expect(controlChart(points(errors), 365)?.factor).toBe(factor));
  test("two on one day are no step", () => expect(controlChart(points("0 1 2 3", 0), 365)).toBeUndefined());
});

describe("method 3, time in use", () => {
  const uses = (words: string) =>
    words.split(" ").map((word) => {
      const [use = "", found = ""] = word.split(":");
      return { use: Number(use), isInTolerance: found === "in", share: found === "in" ? 0.5 : null };
    });
  test.each([
    ["5000:in 5000:in 5000:in", 1.25],
    ["5000:in 5000:in 900:in", 1],
    ["5000:out 4800:out", 0.48],
    ["5000:in 2000:out 1000:out", 0.1],
    ["5000:out 900:in 5000:out", 0.5],
  ])("%s of 5000", (words, factor) => expect(inUse(uses(words), 5_000).factor).toBeCloseTo(factor, 9));
});

describe("the interval test", () => {
  // Bounds of Clopper and Pearson: 34 of 40 is 70.2 to 94.3 %, 5 of 10 is 18.7 to 81.3 %, all of 100 is 96.4 % and more.
  test.each([
    [0, 0, 1],
    [38, 40, 1],
    [34, 40, 0.5],
    [5, 10, 0.5],
    [0, 4, 0.5],
    [100, 100, Math.log(0.95) / Math.log(0.05 ** 0.01)],
    [20, 20, 1],
  ])("%d of %d in tolerance", (x, n, factor) => expect(intervalTest(x, n).factor).toBeCloseTo(factor, 9));

  test("what fits follows from a chance that is the same at any time", () => {
    const rule = { target: 0.95, confidence: 0.95, minFactor: 0.01, maxFactor: 9 };
    expect(intervalTest(34, 40, rule).factor).toBeCloseTo(Math.log(0.95) / Math.log(0.85), 9);
  });
});

describe("spans", () => {
  const calendar = (text: string): Span => {
    const [count = "", unit = ""] = text.split(" ");
    return { kind: "calendar", count: Number(count), unit: unit as "day" };
  };
  test.each([
    ["12 month", 0.5, "6 months"],
    ["1 year", 0.5, "6 months"],
    ["12 month", 0.73, "8 months"],
    ["12 month", 0.99, "11 months"],
    ["1 month", 0.5, "15 days"],
    ["2 month", 0.5, "month"],
    ["180 day", 0.5, "90 days"],
    ["10 day", 0.3, "3 days"],
    ["1 day", 0.5, undefined],
    ["12 month", 1, undefined],
    ["1 year", 1, undefined],
  ])("%s, %d of it", (span, factor, shorter) => {
    const found = shortenedSpan(calendar(span), factor);
    expect(found === undefined ? undefined : spanWords(found)).toBe(shorter);
  });
  test("hours stay hours", () =>
    expect(shortenedSpan({ kind: "elapsed", ms: 8 * 3_600_000 }, 0.5)).toEqual({ kind: "elapsed", ms: 4 * 3_600_000 }));
});

const contract = (clauses: string, head = ""): string => `${head}contract TORQUE "Wrenches" {
  for every torque station

  wrench is a torque-wrench, by default "W-1"
  gauge  is a pressure-gauge, by default "G-1"

  before every test {
    calibrated:
${clauses}
  }
}
`;
const plain =
  contract(`      the wrench must be calibrated every 12 months or 5000 cycles, whichever comes first, warn 30 days before
      the gauge must be calibrated every 12 months`);

const bundleFrom = (text: string): Bundle => {
  const { bundles, problems } = textTools.compile(text);
  const [bundle] = bundles;
  if (bundle === undefined) throw new Error(JSON.stringify(problems));
  return bundle;
};
const clauseAbout = (text: string, equipment = "wrench"): CalibrationClause => {
  const found = bundleFrom(text).clauses.find(
    (one): one is CalibrationClause => one.kind === "calibration" && one.equipment === equipment,
  );
  if (found === undefined) throw new Error("no such clause");
  return found;
};

/** `W-1 2024:in 2025:out` */
const histories = (...assets: readonly string[]): AssetHistory[] =>
  assets.map((text) => {
    const [asset = "", ...years] = text.split(" ");
    const calibrations = years.map((word) => {
      const [year = "", found = ""] = word.split(":");
      const share = found === "in" || found === "out" || found === "?" ? null : Number(found);
      const isInTolerance = found === "?" ? null : found === "in" || (share !== null && Math.abs(share) <= 1);
      const day = parseDate(`${year}-06-01`) ?? 0;
      return { day, result: "pass", isInTolerance, foundShare: share, leftShare: null, certificate: null };
    });
    return { asset, calibrations, counters: [] };
  });

describe("what all instruments of a role say together", () => {
  const rows: readonly [string, readonly string[], string | null, string?][] = [
    ["two in a row on the only one halve it", ["W-1 2023:in 2024:out 2025:out"], "6 months"],
    ["one finding is an accident", ["W-1 2023:in 2024:in 2025:out"], null],
    [
      "one of twenty is that one's trouble",
      ["W-1 2024:out 2025:out", ...Array.from({ length: 19 }, (_, n) => `X-${n} 2024:in 2025:in`)],
      null,
    ],
    [
      "two of twenty are everybody's",
      [
        "W-1 2024:out 2025:out",
        "W-2 2024:out 2025:out",
        ...Array.from({ length: 18 }, (_, n) => `X-${n} 2024:in 2025:in`),
      ],
      "6 months",
    ],
    [
      "many single ones fail the test",
      Array.from({ length: 20 }, (_, n) => `X-${n} 2024:in 2025:${n < 8 ? "out" : "in"}`),
      "6 months",
    ],
    ["a drift that the chart shows", ["W-1 2021:0 2022:1.2 2023:2.4 2024:3.6"], "6 months"],
    ["nothing known", ["W-1", "W-2"], null],
    ["certificates that do not say how it was found", ["W-1 2023:? 2024:? 2025:?"], null],
  ];
  test.each(rows)("%s", (_name, assets, expected) => {
    const { shorter } = intervalStudy(clauseAbout(plain), histories(...assets));
    expect(shorter?.interval === null || shorter === null ? null : spanWords(shorter.interval)).toBe(expected);
  });

  test("longer is an advice in words, never a proposal", () => {
    const study = intervalStudy(clauseAbout(plain), histories("W-1 2022:0.1 2023:0.2 2024:0.1 2025:0.2"));
    expect(study.shorter).toBeNull();
    expect(study.advice).toContain("1.25 times as long");
    expect(study.advice).toContain("two sign it");
    const draft = draftOf(plain, study);
    expect(draft).toMatchObject({ ok: false });
    expect(draft.ok ? "" : draft.error).toContain("two sign it");
  });

  test("use counts cycles between calibrations", () => {
    const [history] = histories("W-1 2023:in 2024:out 2025:out");
    const counters = [0, 4_000, 9_000].map((value, index) => ({
      ...{ counter: "cycles" as const, value, atMs: (parseDate(`${2023 + index}-05-30`) ?? 0) * 86_400_000 },
    }));
    const study = intervalStudy(clauseAbout(plain), history === undefined ? [] : [{ ...history, counters }]);
    // It went out after 4,000 cycles: half of that.
    expect(study.shorter).toMatchObject({ cycles: 2_000 });
  });
});

const draftOf = (text: string, study: IntervalStudy) =>
  draftShorterInterval(
    { study, current: { version: "v1.0", text, bundle: bundleFrom(text) }, nextVersion: "v1.1" },
    textTools,
  );

describe("the drafted text", () => {
  const out = "W-1 2024:out 2025:out";
  const template = `template wrench-line "A line" with cal = 12 months, use = 5000 cycles {
  wrench is a torque-wrench, by default "W-1"

  before every test {
    calibrated:
      the wrench must be calibrated every cal or use, whichever comes first
  }
}

`;
  const rows: readonly [string, string, string, string][] = [
    [
      "a clause with cycles",
      plain,
      "wrench",
      "the wrench must be calibrated every 6 months or 5000 cycles, whichever comes first, warn 30 days before",
    ],
    ["the one below it", plain, "gauge", "the gauge must be calibrated every 6 months"],
    ["a year", plain.replace("12 months\n", "1 year\n"), "gauge", "the gauge must be calibrated every 6 months"],
    ["days", plain.replace("12 months\n", "181 days\n"), "gauge", "the gauge must be calibrated every 90 days"],
    [
      "two clauses on a line",
      plain.replace(/\n {6}the gauge/, " the gauge"),
      "gauge",
      "the gauge must be calibrated every 6 months",
    ],
    [
      "a template's default",
      `${template}contract TORQUE "T" from wrench-line {\n  for every torque station\n}\n`,
      "wrench",
      "the wrench must be calibrated every 6 months or 5000 cycles, whichever comes first",
    ],
    [
      "a contract's own value",
      `${template}contract TORQUE "T" from wrench-line with cal = 10 months {\n  for every torque station\n}\n`,
      "wrench",
      "the wrench must be calibrated every 5 months or 5000 cycles, whichever comes first",
    ],
  ];
  test.each(rows)("%s", (_name, text, equipment, clause) => {
    const draft = draftOf(text, intervalStudy(clauseAbout(text, equipment), histories(out)));
    if (!draft.ok) throw new Error(draft.error);
    expect(draft.value.clause).toBe(clause);
    expect(clauseAbout(draft.value.text, equipment).text).toBe(clause);
    expect(draft.value.diff.split("\n").filter((line) => /^\+(?!\+\+)/.test(line))).toHaveLength(1);
    expect(draft.value.reason).toContain("found out of tolerance 2 times in a row");
  });

  test("only the cycles, where use alone asks for it", () => {
    const study = { ...intervalStudy(clauseAbout(plain), histories(out)), shorter: { interval: null, cycles: 2_400 } };
    const draft = draftOf(plain, study);
    expect(draft.ok ? draft.value.clause : draft.error).toContain("every 12 months or 2400 cycles");
  });

  test("a parameter that two clauses share is left to people", () => {
    const shared = template
      .replace("whichever comes first\n", "whichever comes first\n      the other must be calibrated every cal\n")
      .replace("  wrench is", '  other  is a torque-wrench, by default "W-2"\n  wrench is');
    const text = `${shared}contract TORQUE "T" from wrench-line {\n  for every torque station\n}\n`;
    const draft = draftOf(text, intervalStudy(clauseAbout(text), histories(out)));
    expect(draft.ok ? draft.value.text : draft.error).toContain("is changed");
  });
});

describe("the guard of a shorter interval", () => {
  const before = bundleFrom(plain);
  const place = clauseAbout(plain).index;
  const good = plain.replace("12 months or", "6 months or");
  test("lets it through", () => expect(besidesShortening(before, bundleFrom(good), place)).toEqual([]));

  // Each is a drafter gone wrong.
  const planted: readonly [string, (text: string) => string][] = [
    ["longer", (text) => text.replace("6 months or", "13 months or")],
    ["as long in other words, and more cycles", (text) => text.replace("6 months or 5000", "12 months or 6000")],
    ["shorter, and more cycles", (text) => text.replace("5000", "6000")],
    ["the neighbour", (text) => text.replace("every 12 months\n", "every 9 months\n")],
    ["no warning any more", (text) => text.replace(", warn 30 days before", "")],
    [
      "an extension",
      (text) =>
        text.replace("warn 30 days before", "warn 30 days before, may be extended by at most 14 days, approved by QA"),
    ],
    ["only should", (text) => text.replace("wrench must", "wrench should")],
    ["one clause less", (text) => text.replace(/\n.*the gauge must.*/, "")],
    ["other stations", (text) => text.replace("torque station", "pressure station")],
    ["an override", (text) => text.replace(/\}\n$/, "  QA may override calibration.overdue for at most 1 hour\n}\n")],
  ];
  test.each(planted)("stops %s", (_name, plant) => {
    const text = plant(good);
    expect(text).not.toBe(good);
    expect(besidesShortening(before, bundleFrom(text), place)).not.toEqual([]);
  });
});

test("histories come from archived ledgers: by asset, corrections applied, one certificate once", async () => {
  const at = (day: string): number => Date.parse(`${day}T12:00:00Z`);
  const calibration = (performedOn: string, asFound: string | undefined, certificate: string) => ({
    ...{ kind: "calibration" as const, performedOn, result: "pass", certificate },
    ...(asFound === undefined ? {} : { asFound }),
    asFoundShare: "-0.4",
  });
  const archive = recordedFloor([
    { node: "T-1", atMs: at("2025-01-02"), subject: "W-1", body: calibration("2025-01-01", "in-tolerance", "C-1") },
    {
      node: "T-1",
      atMs: at("2025-01-03"),
      subject: "W-1",
      body: calibration("2025-01-01", "out-of-tolerance", "C-1"),
      supersedes: "E0",
    },
    { node: "T-2", atMs: at("2025-01-05"), subject: "W-1", body: calibration("2025-01-01", "out-of-tolerance", "C-1") },
    { node: "T-2", atMs: at("2026-01-05"), subject: "W-1", body: calibration("2026-01-01", undefined, "C-2") },
    {
      node: "T-2",
      atMs: at("2026-01-06"),
      subject: "W-1",
      body: { kind: "counter", counter: "cycles", value: "4100", atService: false },
    },
    { node: "T-2", atMs: at("2026-01-07"), subject: "G-1", body: { kind: "event", event: "dropped" } },
  ]);
  const found = await assetHistories(archive);
  expect([...found.keys()]).toEqual(["W-1"]);
  expect(found.get("W-1")).toMatchObject({
    calibrations: [
      { isInTolerance: false, certificate: "C-1", foundShare: -0.4 },
      { isInTolerance: null, certificate: "C-2" },
    ],
    counters: [{ counter: "cycles", value: 4_100 }],
  });
});
