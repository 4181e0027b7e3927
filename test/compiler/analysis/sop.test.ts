import { describe, expect, test } from "vitest";
import { check } from "../../../src/compiler/index.ts";

/*
 * The penetrant procedure QP-820-F1-PEN says things twice and differently: in its table 3, in its work instructions (10.4.2,
 * 10.5.3, 10.5.5) and in the sheet SP-PEN-TYI-L2-A that was made from it. Here each document is a contract for the same station.
 */
const contract = (id: string, document: string, quantity: string, unit: string, clauses: readonly string[]): string =>
  [
    `contract ${id} "${document}" {`,
    "  for every penetrant station",
    `  following "${document}"`,
    `  ${quantity} is measured in ${unit}`,
    "  before every test {",
    `    ${id.toLowerCase()}:`,
    ...clauses.map((clause) => `      each shift, ${quantity} must be ${clause}`),
    "  }",
    "}",
    "",
  ].join("\n");

interface Finding {
  readonly code: string;
  readonly in: string;
  readonly line: string;
  readonly related: readonly string[];
}

function found(texts: Readonly<Record<string, string>>): readonly Finding[] {
  const sources = Object.entries(texts).map(([name, text]) => ({ name, text }));
  return check(sources).diagnostics.map(({ code, file, place, related }) => ({
    code,
    in: file,
    line: (texts[file]?.split("\n")[place.line - 1] ?? "").trim().replace(/^each shift, \S+ must be /, ""),
    related: related.map((one) => one.file),
  }));
}

describe("rinse pressure", () => {
  const table = contract("TABLE-3-OP-03", "QP-820 table 3 op 03", "rinse-pressure", "psi", ["at least 40 psi"]);
  const sheet = contract("SP-PEN-TYI-L2-A", "SP-PEN-TYI-L2-A step 4", "rinse-pressure", "psi", ["at most 40 psi"]);

  test("a minimum and a maximum of 40 psi leave exactly 40 psi: nobody can hold that, so it is said", () => {
    const instruction = contract("INSTRUCTION-10-4-2", "QP-820 10.4.2", "rinse-pressure", "psi", ["at most 40 psi"]);
    expect(found({ table, instruction, sheet })).toEqual([
      { code: "conflicting-limits", in: "instruction", line: "at most 40 psi", related: ["table"] },
      { code: "conflicting-limits", in: "sheet", line: "at most 40 psi", related: ["table"] },
    ]);
  });

  test("where the instruction stays below 40 psi nothing satisfies both", () => {
    const instruction = contract("INSTRUCTION-10-4-2", "QP-820 10.4.2", "rinse-pressure", "kPa", ["less than 275 kPa"]);
    expect(found({ table, instruction, sheet })).toEqual([
      { code: "contradiction", in: "instruction", line: "less than 275 kPa", related: ["table"] },
      { code: "conflicting-limits", in: "sheet", line: "at most 40 psi", related: ["table"] },
    ]);
  });

  test("guarded by the gauge's 1 psi even the maximum of 40 psi contradicts the minimum", () => {
    const instruction = contract("INSTRUCTION-10-4-2", "QP-820 10.4.2", "rinse-pressure", "psi", [
      "at most 40 psi, guarded by 1 psi",
    ]);
    expect(found({ table, instruction }).map(({ code }) => code)).toEqual(["contradiction"]);
  });
});

test("drying time: 10 minutes as a minimum and as a maximum leave exactly 10 minutes", () => {
  const table = contract("TABLE-3-OP-04", "QP-820 table 3 op 04", "drying-time", "min", ["at least 10 min"]);
  const instruction = contract("INSTRUCTION-10-5-5", "QP-820 10.5.5", "drying-time", "min", ["at most 10 min"]);
  expect(found({ table, instruction })).toEqual([
    { code: "conflicting-limits", in: "instruction", line: "at most 10 min", related: ["table"] },
  ]);
});

test("oven temperature: 169 °F in the table, 159 °F and never above 160 °F in the instruction", () => {
  const table = contract("TABLE-3-OP-04", "QP-820 table 3 op 04", "oven-temperature", "degF", [
    "between 139 and 169 degF",
  ]);
  const instruction = contract("INSTRUCTION-10-5-3", "QP-820 10.5.3", "oven-temperature", "degF", [
    "between 139 and 159 degF",
    "at most 160 degF",
  ]);
  expect(found({ table, instruction })).toEqual([
    { code: "conflicting-limits", in: "instruction", line: "between 139 and 159 degF", related: ["table"] },
    { code: "conflicting-limits", in: "instruction", line: "at most 160 degF", related: ["table"] },
    { code: "redundant", in: "instruction", line: "at most 160 degF", related: ["instruction"] },
  ]);
});

test("UV-A light: more than 1000 in one document, at least 1000 in the other", () => {
  const daily = contract("MAIN-PEN-CHECK-001", "MAIN-PEN-CHECK-001", "uv", "uW/cm2", ["more than 1000 uW/cm2"]);
  const quality = contract("QA-PEN-VAL-001", "QA-PEN-VAL-001", "uv", "uW/cm2", ["at least 1000 uW/cm2"]);
  expect(found({ daily, quality }).map(({ code }) => code)).toEqual(["conflicting-limits"]);
});
