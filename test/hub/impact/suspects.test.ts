import { describe, expect, test } from "vitest";
import { DAY_MS, parseDate, printDate } from "../../../src/base/civil-time.ts";
import {
  type Calibrated,
  historyOf,
  type PlantDay,
  type Revoked,
} from "../../../src/hub/impact/calibration-history.ts";
import { covers, type Suspect, suspectsOf, timeOfFinding, timeOfRevocation } from "../../../src/hub/impact/suspects.ts";
import type { EvidenceRecord } from "../../../src/model/evidence.ts";
import { MAX_REFERENCE_CHAIN } from "../../../src/model/limits.ts";
import { calibrationRecord, evidenceEntry, impactClosedRecord, revocationRecord } from "./impact-fixture.ts";

const utcDay: PlantDay = (_node, day) => ({ fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS });
const msOf = (date: string): number => (parseDate(date) ?? Number.NaN) * DAY_MS;
const dateOf = (ms: number | null): string => (ms === null ? "null" : printDate(Math.floor(ms / DAY_MS)));

type Row = readonly [
  asset: string,
  performedOn: string,
  result?: string,
  references?: readonly string[],
  asFound?: string,
];
const made = (rows: readonly Row[]): readonly Calibrated[] => {
  const entries = rows.map(([asset, performedOn, result = "pass", references = [], asFound], seq) =>
    evidenceEntry("LP-1", seq, calibrationRecord(seq, asset, { performedOn, result, references, asFound })),
  );
  return historyOf(entries, utcDay).calibrations;
};

describe("since when an instrument cannot be relied on", () => {
  const rows: readonly {
    readonly what: string;
    readonly history: readonly Row[];
    readonly found: string;
    readonly time: string;
  }[] = [
    {
      what: "since its last good calibration",
      history: [
        ["LM", "2025-11-01"],
        ["LM", "2026-11-02"],
      ],
      found: "2026-11-02",
      time: "2025-11-01 2026-11-03",
    },
    {
      what: "a failed one between does not count",
      history: [
        ["LM", "2025-11-01"],
        ["LM", "2026-05-01", "fail"],
        ["LM", "2026-11-02"],
      ],
      found: "2026-11-02",
      time: "2025-11-01 2026-11-03",
    },
    {
      what: "another instrument's does not count",
      history: [
        ["LM", "2025-11-01"],
        ["XX", "2026-05-01"],
        ["LM", "2026-11-02"],
      ],
      found: "2026-11-02",
      time: "2025-11-01 2026-11-03",
    },
    {
      what: "since ever, where it never was",
      history: [["LM", "2026-11-02"]],
      found: "2026-11-02",
      time: "null 2026-11-03",
    },
    {
      what: "until it was mended",
      history: [
        ["LM", "2025-11-01"],
        ["LM", "2026-11-02", "fail"],
        ["LM", "2026-11-20"],
      ],
      found: "2026-11-02",
      time: "2025-11-01 2026-11-21",
    },
    {
      what: "until now, where it never was mended",
      history: [
        ["LM", "2025-11-01"],
        ["LM", "2026-11-02", "fail"],
      ],
      found: "2026-11-02",
      time: "2025-11-01 null",
    },
  ];
  test.each(rows)("$what", ({ history, found, time }) => {
    const calibrations = made(history);
    const one = calibrations.find(({ asset, performedOn }) => asset === "LM" && performedOn === found) as Calibrated;
    const { fromMs, toMs } = timeOfFinding(one, calibrations);
    expect(`${dateOf(fromMs)} ${dateOf(toMs)}`).toBe(time);
  });
});

describe("what a certificate that was taken back says nothing about", () => {
  const certified = (asset: string, performedOn: string, certificate: string, more: object = {}) =>
    calibrationRecord(0, asset, { performedOn, certificate, ...more });
  const history = (records: readonly EvidenceRecord[]) =>
    historyOf(
      records.map((record, seq) => evidenceEntry("LP-1", seq, { ...record, id: `E${seq}` })),
      utcDay,
    );
  const timeOf = (records: readonly EvidenceRecord[]): string => {
    const { calibrations, revocations } = history(records);
    const { fromMs, toMs, performedOn } = timeOfRevocation(revocations[0] as Revoked, calibrations);
    return `${dateOf(fromMs)} ${dateOf(toMs)} ${performedOn}`;
  };
  const back = revocationRecord(9, "LM", "C-2");
  const [one, two, three] = [
    certified("LM", "2025-01-01", "C-1"),
    certified("LM", "2026-01-01", "C-2"),
    certified("LM", "2027-01-01", "C-3"),
  ];

  test("rests on it from its day to the next good one", () => {
    expect(timeOf([one, two, back])).toBe("2026-01-01 null 2026-01-01");
    expect(timeOf([back, three, two, one])).toBe("2026-01-01 2027-01-02 2026-01-01");
  });
  test("begins earlier where it was found out of tolerance by then", () => {
    const out = certified("LM", "2026-06-01", "C-3", { asFound: "out-of-tolerance" });
    expect(timeOf([one, two, out, back])).toBe("2025-01-01 2026-06-02 2026-01-01");
  });
  test("is since ever where nobody recorded the certificate", () => {
    expect(timeOf([back, one])).toBe("null null null");
  });
  test("is another instrument's, or another certificate's, not this one's", () => {
    const { calibrations } = history([one, two, certified("XX", "2026-01-01", "C-2"), back]);
    expect(calibrations.map(({ asset, certificate, isVoid }) => `${asset} ${certificate} ${isVoid}`)).toEqual([
      "LM C-1 false",
      "LM C-2 true",
      "XX C-2 false",
    ]);
  });
  test("is no last good calibration, nor is one whose signature does not hold", () => {
    for (const middle of [[two, back], [certified("LM", "2026-01-01", "C-2", { signature: "invalid" })]]) {
      const { calibrations } = history([one, ...middle, three]);
      const found = calibrations.at(-1) as Calibrated;
      expect(dateOf(timeOfFinding(found, calibrations).fromMs)).toBe("2025-01-01");
    }
  });
  test("is taken back as of the earliest word of it", () => {
    const later = { ...back, takenAtMs: back.takenAtMs + DAY_MS };
    const entries = [evidenceEntry("LP-1", 0, later), evidenceEntry("LP-2", 0, back)];
    const { revocations } = historyOf(entries, utcDay);
    expect(revocations.map(({ atMs, recordedAt }) => [atMs, ...recordedAt.map(({ node }) => node)])).toEqual([
      [back.takenAtMs, "LP-1", "LP-2"],
    ]);
  });
});

describe("what was calibrated with it", () => {
  const root: Suspect = { asset: "REF", fromMs: msOf("2026-01-01"), toMs: msOf("2026-07-01"), via: [] };
  const said = (suspects: readonly Suspect[]): readonly string[] =>
    suspects.map(({ asset, fromMs, toMs, via }) =>
      [asset, dateOf(fromMs), dateOf(toMs), ...via.map(({ standard }) => standard)].join(" "),
    );
  const ROOT = "REF 2026-01-01 2026-07-01";
  const rows: readonly {
    readonly what: string;
    readonly history: readonly Row[];
    readonly suspects: readonly string[];
  }[] = [
    { what: "nothing", history: [["LM", "2026-03-01"]], suspects: [ROOT] },
    {
      what: "until its own next calibration",
      history: [
        ["LM", "2026-03-01", "pass", ["REF"]],
        ["LM", "2026-09-01"],
      ],
      suspects: [ROOT, "LM 2026-03-01 2026-09-02 REF"],
    },
    { what: "until now", history: [["LM", "2026-03-01", "pass", ["REF"]]], suspects: [ROOT, "LM 2026-03-01 null REF"] },
    { what: "not before", history: [["LM", "2025-12-30", "pass", ["REF"]]], suspects: [ROOT] },
    { what: "not after", history: [["LM", "2026-07-01", "pass", ["REF"]]], suspects: [ROOT] },
    {
      what: "twice",
      history: [
        ["LM", "2026-03-01", "pass", ["REF"]],
        ["LM", "2026-06-01", "pass", ["REF"]],
      ],
      suspects: [ROOT, "LM 2026-03-01 2026-06-02 REF", "LM 2026-06-01 null REF"],
    },
    {
      what: "down the chain",
      history: [
        ["MID", "2026-02-01", "pass", ["REF"]],
        ["MID", "2026-05-01"],
        ["LM", "2026-03-01", "pass", ["MID"]],
        ["XX", "2026-06-01", "pass", ["MID"]],
      ],
      suspects: [ROOT, "MID 2026-02-01 2026-05-02 REF", "LM 2026-03-01 null REF MID"],
    },
    {
      what: "in a circle, once",
      history: [
        ["A", "2026-02-01", "pass", ["REF"]],
        ["B", "2026-03-01", "pass", ["A"]],
        ["A", "2026-04-01", "pass", ["B"]],
      ],
      suspects: [ROOT, "A 2026-02-01 2026-04-02 REF", "B 2026-03-01 null REF A", "A 2026-04-01 null REF A B"],
    },
  ];
  test.each(rows)("$what", ({ history, suspects }) => {
    expect(said(suspectsOf(root, made(history)))).toEqual(suspects);
  });

  test("a chain without an end has one", () => {
    const history = Array.from(
      { length: 40 },
      (_, step): Row => [`A${step}`, "2026-03-01", "pass", [step === 0 ? "REF" : `A${step - 1}`]],
    );
    expect(suspectsOf(root, made(history))).toHaveLength(MAX_REFERENCE_CHAIN + 1);
  });
});

describe("what nodes recorded", () => {
  test("one certificate at two stations is one calibration, and each station is known", () => {
    const entries = ["LP-1", "LP-2"].map((node, seq) =>
      evidenceEntry(node, seq, calibrationRecord(seq, "LM", { performedOn: "2026-11-02", certificate: "C-1" })),
    );
    const { calibrations } = historyOf(entries, (node, day) => ({
      fromMs: day * DAY_MS + (node === "LP-1" ? 6 : 5) * 3_600_000,
      toMs: (day + 1) * DAY_MS + (node === "LP-1" ? 6 : 5) * 3_600_000,
    }));
    expect(calibrations).toHaveLength(1);
    expect(calibrations[0]).toMatchObject({ asset: "LM", certificate: "C-1" });
    expect(calibrations[0]?.recordedAt.map(({ node }) => node)).toEqual(["LP-1", "LP-2"]);
    const [from, to] = [msOf("2026-11-02") + 5 * 3_600_000, msOf("2026-11-03") + 6 * 3_600_000];
    expect([calibrations[0]?.fromMs, calibrations[0]?.toMs]).toEqual([from, to]);
  });

  test("an entry that only says it is evidence is none, and stops nobody", () => {
    const good = calibrationRecord(2, "LM", { performedOn: "2026-11-02" });
    const entries = [
      {},
      { ...good, body: undefined },
      { ...good, body: { kind: "calibration", performedOn: 7 } },
      good,
    ];
    const made = entries.map((record, seq) => evidenceEntry("LP-1", seq, record as typeof good));
    expect(historyOf(made, utcDay).calibrations.map(({ performedOn }) => performedOn)).toEqual(["2026-11-02"]);
  });

  test("a corrected record counts no more, in its own node alone", () => {
    const entries = [
      evidenceEntry("LP-1", 1, calibrationRecord(1, "LM", { performedOn: "2026-11-02", asFound: "out-of-tolerance" })),
      evidenceEntry("LP-2", 1, calibrationRecord(1, "XX", { performedOn: "2026-11-02" })),
      evidenceEntry("LP-1", 2, { ...calibrationRecord(2, "LM", { performedOn: "2026-11-02" }), supersedes: "E1" }),
      evidenceEntry("LP-1", 3, calibrationRecord(3, "YY", { performedOn: "no date" })),
      evidenceEntry("LP-1", 4, impactClosedRecord(4, "LM", "C-1")),
    ];
    const { calibrations, closings } = historyOf(entries, utcDay);
    expect(calibrations.map(({ asset, isOutOfTolerance }) => [asset, isOutOfTolerance])).toEqual([
      ["LM", false],
      ["XX", false],
    ]);
    expect(closings).toMatchObject([{ node: "LP-1", asset: "LM", certificate: "C-1" }]);
  });
});

const bounds: readonly (readonly [from: number | null, to: number | null, at: number, covered: boolean])[] = [
  [5, 9, 5, true],
  [5, 9, 8, true],
  [5, 9, 9, false],
  [5, 9, 4, false],
  [null, 9, -1e15, true],
  [5, null, 1e15, true],
  [null, null, 0, true],
];
test.each(bounds)("%s to %s covers %s: %s", (fromMs, toMs, atMs, covered) => {
  expect(covers({ fromMs, toMs }, atMs)).toBe(covered);
});
