import { expect, test } from "vitest";
import { rational } from "../../src/base/rational.ts";
import { compile } from "../../src/compiler/index.ts";
import type { ShelfLifeClause } from "../../src/model/bundle.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { sideOf } from "../../src/runtime/facts/part.ts";
import { shelfLifeFacts } from "../../src/runtime/facts/shelf-life.ts";
import { usePart } from "../../src/runtime/facts/use-part.ts";
import { decideFast, indexReleases, loadBundle } from "../../src/runtime/index.ts";
import { chicago } from "../conformance/vectors.ts";
import { now } from "./gate-fixture.ts";

// What rules ask for: a sign is −1, 0 or 1, and a decision alone would not show another number in its place.

test("an instant is before an end or behind it", () => {
  expect([-1, 0, 1].map((ms) => sideOf(now + ms, now))).toEqual([-1, 1, 1]);
});

const contract = (declares: string, clause: string): string =>
  `contract X "x" {\n  ${declares}\n  before every test {\n    it:\n      ${clause}\n  }\n}\n`;

test.each<readonly [string, object, number]>([
  ["good, and never opened", { expires: "2026-12-31" }, -1],
  ["good, and opened today", { expires: "2026-12-31", openedOn: "2026-11-23" }, -1],
  ["past its date", { expires: "2026-11-22" }, 1],
  ["opened too long", { expires: "2026-12-31", openedOn: "2026-01-01" }, 1],
])("the shelf life of a lot that is %s", (_, lot, vsHigh) => {
  const text = contract(
    'oil is a material, by default "LOT"',
    "the oil must be within its shelf life, used within 30 days of opening",
  );
  const { contracts } = compile([{ name: "x.maint", text }]);
  const bundle = contracts[0]?.bundle;
  const clause = bundle?.clauses.find((one): one is ShelfLifeClause => one.kind === "shelf-life");
  if (bundle === undefined || clause === undefined) throw new Error("the contract does not compile");
  const snapshot = snapshotFromValues({ lots: { LOT: { lot: "7", ...lot } } });
  const moment = { snapshot, calendar: chicago, now, today: chicago.dayOf(now), past: false };
  expect(shelfLifeFacts(clause, bundle)(moment)).toMatchObject([{ state: "known", vsHigh, vsLimit: null }]);
});

test.each<readonly [string, number, number | "not-asked", object]>([
  ["some left", 10, "not-asked", { vsHigh: -1, vsPlanned: null }],
  ["enough left for the test", 10, 90, { vsHigh: -1, vsPlanned: 0 }],
  ["not enough left", 10, 91, { vsHigh: -1, vsPlanned: 1 }],
  ["nothing left", 100, 1, { vsHigh: 0, vsPlanned: 1 }],
  ["more than used up", 101, "not-asked", { vsHigh: 1, vsPlanned: 1 }],
])("use with %s", (_, used, planned, signs) => {
  const facts = usePart({
    ...{ part: "use", asset: "L-1", unit: "hours", limit: rational(100n), warnBefore: null },
    counter: { now: rational(BigInt(used)), atService: undefined, highWater: undefined },
    planned: planned === "not-asked" ? planned : rational(BigInt(planned)),
  });
  expect(facts).toMatchObject({ state: "known", ...signs });
});

const minutes = (count: number): string => new Date(now + count * 60_000).toISOString();

test.each<readonly [string, object, readonly string[]]>([
  ["that passed", { at: minutes(-5), result: "pass" }, []],
  ["that failed", { at: minutes(-5), result: "fail" }, ["check.before-use-failed:L-1"]],
  ["that failed, dated ahead", { at: minutes(60), result: "fail" }, ["check.before-use-failed:L-1"]],
  ["that came to nothing", { at: minutes(-5) }, ["check.before-use-failed:L-1"]],
  ["that came to nothing, at no time", {}, ["check.before-use-failed:L-1"]],
  ["that came to nothing and is dated ahead: there is none", { at: minutes(60) }, []],
])("an opening check %s", (_, openingCheck, reasons) => {
  const text = contract('lamp is a uv-a-lamp, by default "L-1"', "the lamp must be checked before and after each use");
  const loaded = loadBundle(compile([{ name: "x.maint", text }]).contracts[0]?.bytes ?? "");
  if (!loaded.ok) throw new Error(loaded.error.message);
  const releases = indexReleases([{ loaded: loaded.value, version: null, fromDay: null }]);
  const snapshot = snapshotFromValues({ equipment: { "L-1": { openingCheck } } });
  const asked = { releases, snapshot, now, calendar: chicago, node: null, assumeBinding: true };
  expect(decideFast(asked).reasons).toEqual(reasons);
});
