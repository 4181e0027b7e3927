import { expect, test } from "vitest";
import type { Decision } from "../../src/model/decision.ts";
import { REASON_CODES } from "../../src/model/reason-codes.ts";
import { remediesOf } from "../../src/runtime/explain.ts";
import { finding } from "../../src/runtime/facts/part.ts";
import { decideFast } from "../../src/runtime/index.ts";
import { inputOf, vectors } from "../conformance/vectors.ts";

const blocked: readonly Decision[] = vectors.map((vector) => decideFast(inputOf(vector))).filter(({ allow }) => !allow);

/** An override that fails says why; what must be done is what the reason it meant says. */
const hasAction = (reason: string): boolean => !reason.startsWith("override.");

test("every reason has an action that settles it, and somebody who may do it", () => {
  expect(blocked.length).toBeGreaterThan(80);
  for (const { reasons, getToGreen } of blocked) {
    const settled = new Set(getToGreen.flatMap(({ removes }) => removes));
    expect(reasons.filter((reason) => hasAction(reason) && !settled.has(reason))).toEqual([]);
    for (const { text, who } of getToGreen) {
      expect(text).toMatch(/\S/);
      expect(who).toMatch(/^(operator|QA|maintenance|admin)$/);
    }
  }
});

test("no action is listed twice, none settles what is not there, and nothing is asked of an allowed test", () => {
  for (const { reasons, getToGreen } of blocked) {
    expect(new Set(getToGreen.map(({ text }) => text)).size).toBe(getToGreen.length);
    for (const { removes } of getToGreen) {
      expect(removes.length).toBeGreaterThan(0);
      expect(reasons).toEqual(expect.arrayContaining([...removes]));
    }
  }
});

test("every code there is says what is wrong and, but for overrides, what to do", () => {
  const without = REASON_CODES.filter(hasAction).filter((code) => remediesOf([finding(code, "Meter-1")]).length !== 1);
  expect(without).toEqual([]);
});

test("several reasons that one action settles are one action", () => {
  const many = ["reading.stale", "reading.not-a-number", "reading.no-unit"].map((code) => finding(code, "uv"));
  expect(remediesOf(many)).toMatchObject([{ who: "operator", removes: many.map(({ code }) => `${code}:uv`).sort() }]);
});

test("an instrument is put right before the reading that is taken with it", () => {
  const found = [finding("reading.instrument-not-valid", "uv"), finding("calibration.overdue", "Meter-1")];
  expect(remediesOf(found).map(({ removes }) => removes[0])).toEqual([
    "calibration.overdue:Meter-1",
    "reading.instrument-not-valid:uv",
  ]);
});
