import type { CalibrationResult, ImportRemark, Tolerance } from "./calibration-row.ts";
import { childElements, elementsBelow, textOf } from "./xml-document.ts";

export const DCC = "https://ptb.de/dcc";

export interface DccResults {
  /** Undefined where the certificate states no conformity, or one that a person must weigh. */
  readonly result: CalibrationResult | undefined;
  /** Why there is none. */
  readonly why: string;
  readonly asFound?: Tolerance;
  readonly asLeft?: Tolerance;
  readonly remarks: readonly ImportRemark[];
}

/** Statements of conformity as DCC 3 words them. `noPass` and `conditionalFail` are no pass. */
const FAILS: ReadonlySet<string> = new Set(["fail", "noPass", "conditionalFail"]);

const conformities = (below: Element): readonly string[] =>
  ["conformity", "conformityXMLList"]
    .flatMap((name) => elementsBelow(below, DCC, name))
    .flatMap((element) => textOf(element).split(" "))
    .filter((word) => word !== "");

/**
 * What a certificate states about conformity, and never what its numbers would say: as found are values before an adjustment
 * (or repair), as left those after it. A single statement against the item makes the whole a fail.
 */
export function readResults(administrative: Element, measured: Element | undefined): DccResults {
  const overall = childElements(administrative, DCC, "statements").flatMap(conformities);
  const found: string[] = [];
  const left: string[] = [];
  const plain: string[] = [];
  for (const result of measured === undefined ? [] : childElements(measured, DCC, "measurementResult")) {
    const conditions = elementsBelow(result, DCC, "influenceCondition");
    const before = conditions.filter((one) => statusOf(one).startsWith("before"));
    const after = conditions.filter((one) => statusOf(one).startsWith("after"));
    const ofBefore = before.flatMap(conformities);
    const ofAfter = after.flatMap(conformities);
    const ofResults = childElements(result, DCC, "results").flatMap(conformities);
    found.push(...ofBefore);
    left.push(...ofAfter);
    if (before.length > 0 && ofBefore.length === 0 && after.length === 0) found.push(...ofResults);
    else if (before.length > 0 || after.length > 0) left.push(...ofResults);
    else plain.push(...ofResults);
  }
  const remarks: ImportRemark[] = [];
  const asFound = toleranceOf(found, "as found", remarks);
  const asLeft = toleranceOf(left, "as left", remarks);
  return {
    ...resultOf([...overall, ...plain, ...left]),
    ...(asFound === undefined ? {} : { asFound }),
    ...(asLeft === undefined ? {} : { asLeft }),
    remarks,
  };
}

const statusOf = (condition: Element): string => textOf(childElements(condition, DCC, "status")[0]);

function resultOf(words: readonly string[]): Pick<DccResults, "result" | "why"> {
  const against = words.find((word) => FAILS.has(word));
  if (against !== undefined) return { result: "fail", why: against };
  const unclear = words.find((word) => word !== "pass");
  if (unclear !== undefined) return { result: undefined, why: `states ${unclear}: a person must weigh that` };
  if (words.length === 0) return { result: undefined, why: "states no conformity, and numbers alone are no verdict" };
  return { result: "pass", why: "pass" };
}

function toleranceOf(words: readonly string[], when: string, remarks: ImportRemark[]): Tolerance | undefined {
  if (words.some((word) => FAILS.has(word))) return "out-of-tolerance";
  if (words.length > 0 && words.every((word) => word === "pass")) return "in-tolerance";
  if (words.length > 0)
    remarks.push({ field: "conformity", message: `${when} it is neither pass nor fail, and is not taken over` });
  return undefined;
}
