import { describe, expect, test } from "vitest";
import { parseDate, printDate } from "../../src/base/civil-time.ts";
import { textTools } from "../../src/hub/contracts/contract-tools.ts";
import {
  type AssetHistory,
  assetHistories,
  type KnownCalibration,
} from "../../src/hub/proposals/calibration-history.ts";
import { intervalSince } from "../../src/hub/proposals/interval-since.ts";
import { intervalStudy } from "../../src/hub/proposals/interval-study.ts";
import type { CalibrationClause } from "../../src/model/bundle.ts";
import { contractShelf, knownContract } from "./loop-fixture.ts";
import { recordedFloor } from "./recorded-floor.ts";

// Which findings say something about the interval that is in force.

const text = (clause: string): string => `contract TORQUE "Wrenches" {
  for every torque station

  wrench is a torque-wrench, by default "W-1"

  before every test {
    calibrated:
      the wrench must be ${clause}
  }
}
`;
const bundleOf = (clause: string) => {
  const [bundle] = textTools.compile(text(clause)).bundles;
  if (bundle === undefined) throw new Error("does not compile");
  return bundle;
};
const clauseOf = (clause: string) => bundleOf(clause).clauses[0] as CalibrationClause;
const YEARLY = clauseOf("calibrated every 12 months or 5000 cycles, whichever comes first");
const dayOf = (date: string): number => parseDate(date) ?? Number.NaN;

const calibration = (date: string, found: string, change: Partial<KnownCalibration> = {}): KnownCalibration => ({
  ...{ day: dayOf(date), result: "pass", certificate: null, leftShare: null },
  isInTolerance: found === "?" ? null : found === "in" || Math.abs(Number(found)) <= 1,
  foundShare: Number.isNaN(Number(found)) ? null : Number(found),
  ...change,
});
const wrench = (...calibrations: readonly KnownCalibration[]): AssetHistory => ({
  ...{ asset: "W-1", calibrations, counters: [] },
});
const factorOf = (method: string, histories: readonly AssetHistory[], sinceDay: number | null = null) =>
  intervalStudy(YEARLY, histories, sinceDay).opinions.find((one) => one.method === method)?.factor;

describe("what was found under another interval", () => {
  const out = wrench(
    calibration("2023-06-01", "in"),
    calibration("2024-06-01", "out"),
    calibration("2025-06-01", "out"),
  );
  test("shortens it once: afterwards findings begin anew", () => {
    expect(factorOf("staircase", [out])).toBe(0.5);
    const since = dayOf("2025-07-01");
    const { shorter, findings, since: shown } = intervalStudy(YEARLY, [out], since);
    expect([shorter, findings, shown]).toEqual([null, 0, "2025-07-01"]);
    const again = wrench(...out.calibrations, calibration("2025-12-01", "out"), calibration("2026-06-01", "out"));
    expect(factorOf("staircase", [again], since)).toBe(0.5);
    expect(factorOf("staircase", [wrench(...again.calibrations.slice(0, 4))], since)).toBe(1);
  });

  test("is no result of the interval test, nor of use", () => {
    const many = Array.from({ length: 10 }, (_, n) => ({ ...out, asset: `W-${n}` }));
    expect(factorOf("interval-test", many)).toBe(0.5);
    expect(factorOf("interval-test", many, dayOf("2024-07-01"))).toBeUndefined();
    expect(factorOf("interval-test", many, dayOf("2024-06-01"))).toBe(0.5);
    const counters = ["2023", "2024", "2025"].map((year, index) => ({
      ...{ counter: "cycles" as const, value: 4_000 * index, atMs: dayOf(`${year}-05-30`) * 86_400_000 },
    }));
    expect(factorOf("in-use", [{ ...out, counters }])).toBeCloseTo(0.4, 9);
    expect(factorOf("in-use", [{ ...out, counters }], dayOf("2025-07-01"))).toBeUndefined();
  });

  test("says how it drifts all the same", () => {
    const drifting = wrench(...["2021", "2022", "2023", "2024"].map((year, n) => calibration(`${year}-06-01`, `${n}`)));
    expect(factorOf("control-chart", [drifting], dayOf("2025-01-01"))).toBeCloseTo(1, 1);
  });
});

describe("a calibration that does not say how it was found", () => {
  test("begins a new time all the same", () => {
    // Eight months apart: each says nothing good about a year, however far the last one that says anything is away.
    const told = (date: string, n: number) => calibration(date, n % 2 === 0 ? "in" : "?");
    const dates = ["2023-01-01", "2023-05-01", "2023-09-01", "2024-01-01", "2024-05-01"];
    expect(factorOf("interval-test", [wrench(...dates.map(told))])).toBeUndefined();
  });
  test("begins a new chart, for it may have been adjusted", () => {
    const drift = (words: string, change: Partial<KnownCalibration> = {}) =>
      wrench(...words.split(" ").map((word, n) => calibration(`${2016 + n}-06-01`, word, n === 2 ? change : {})));
    expect(factorOf("control-chart", [drift("0 0.9 ? 0 0.1 0.2 0.3")])).toBe(2);
    expect(factorOf("control-chart", [drift("0 0.9 1.8 0 0.1 0.2 0.3", { result: "pass-with-correction" })])).toBe(2);
    const left = { result: "pass-with-correction", leftShare: 0 };
    expect(factorOf("control-chart", [drift("0 0.9 1.8 0.9 1.8 2.7 3.6", left)])).toBeCloseTo(1 / 0.9, 1);
  });
});

const versions = (clauses: readonly string[], isOnItsWay = false) => {
  const known = clauses.map((clause, nth) => knownContract(bundleOf(clause), text(clause), { version: `v1.${nth}` }));
  const history = clauses.map((_, nth) => {
    const atMs = dayOf(`202${nth}-03-01`) * 86_400_000 + 5;
    const activatedAtMs = isOnItsWay && nth === clauses.length - 1 ? null : atMs;
    return { contract: "TORQUE", version: `v1.${nth}`, storedAtMs: atMs, activatedAtMs };
  });
  const shelf = contractShelf(known, history as unknown as Parameters<typeof contractShelf>[1]);
  const [clause, version] = [clauses.at(-1) ?? "", `v1.${clauses.length - 1}`];
  return intervalSince(shelf, { contract: "TORQUE", version, clause: clauseOf(clause) });
};

describe("when the interval in force began", () => {
  const [year, half, noted] = ["every 12 months", "every 6 months", "every 6 months, warn 30 days before"].map(
    (amount) => `calibrated ${amount}`,
  ) as [string, string, string];
  test.each([
    ["it never changed", [year, year], null],
    ["it is the first", [year], null],
    ["it changed with the last version", [year, half], "2021-03-01"],
    ["it changed before, and something else since", [year, half, noted], "2021-03-01"],
    ["it changed back", [half, year, half], "2022-03-01"],
  ] as const)("%s", async (_name, clauses, expected) => {
    const since = await versions(clauses);
    expect(since === null ? null : printDate(since)).toBe(expected);
  });
});

test("a version on its way to its nodes began when it was stored", async () => {
  expect(printDate((await versions(["calibrated every 12 months", "calibrated every 6 months"], true)) ?? 0)).toBe(
    "2021-03-01",
  );
});

describe("from archived ledgers", () => {
  const at = (day: string): number => Date.parse(`${day}T12:00:00Z`);
  const said = (node: string, day: string, more: object) => ({
    ...{ node, atMs: at(day), subject: "W-1" },
    body: { kind: "calibration" as const, performedOn: "2025-01-01", result: "pass", certificate: "C-1", ...more },
  });
  test("what one station wrote of how it was found is not lost to another that wrote less", async () => {
    const archive = recordedFloor([
      said("T-1", "2025-01-02", { asFound: "out-of-tolerance", asFoundShare: "1.4" }),
      said("T-2", "2025-01-09", {}),
      said("T-3", "2025-01-10", { asFound: "in-tolerance", asLeftShare: "0.1" }),
    ]);
    expect((await assetHistories(archive)).get("W-1")?.calibrations).toMatchObject([
      { isInTolerance: false, foundShare: 1.4, leftShare: 0.1 },
    ]);
  });
  test("a certificate that was taken back, or is not signed so, says nothing", async () => {
    const archive = recordedFloor([
      said("T-1", "2025-01-02", { asFound: "out-of-tolerance" }),
      said("T-1", "2026-01-02", { performedOn: "2026-01-01", certificate: "C-2", signature: "invalid" }),
      {
        ...{ node: "T-2", atMs: at("2025-02-02"), subject: "W-1" },
        body: { kind: "revocation", certificate: "C-1", reason: "wrong standard" },
      },
    ]);
    expect((await assetHistories(archive)).get("W-1")?.calibrations).toEqual([]);
  });
});
