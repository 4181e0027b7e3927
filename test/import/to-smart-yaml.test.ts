import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.ts";
import { formatSource } from "../../src/compiler/print.ts";
import { importSmartYaml } from "../../src/import/smart-yaml.ts";
import { exportSmartYaml } from "../../src/import/to-smart-yaml.ts";
import type { Bundle, BundleClause } from "../../src/model/bundle.ts";

const root = join(import.meta.dirname, "../..");
const files = globSync(["contracts/**/*.maint", "test/golden/*.maint", "test/grammar/contracts/*.maint"], {
  cwd: root,
}).sort();
const sources = files.map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));
const bundles = sources.flatMap((source) =>
  compile([source], { readFacts: () => "{}" }).contracts.map(({ bundle }) => bundle),
);
const checklists = globSync("checklists/*.yaml", { cwd: import.meta.dirname }).sort();

function importedBundle(yaml: string): Bundle {
  const result = importSmartYaml(yaml);
  if (!result.ok) throw new Error(`${JSON.stringify(result.error)}\n${yaml}`);
  const text = formatSource(result.value.text);
  if (!text.ok) throw new Error(result.value.text);
  const [contract] = compile([{ name: "x", text: text.text }]).contracts;
  if (contract === undefined) throw new Error(text.text);
  return contract.bundle;
}

/** What a step can hold of a clause; null for a clause whose words stand in a checkbox. */
function heldOf(clause: BundleClause, bundle: Bundle): object | null {
  const { line: _line, column: _column, text: _text, neverOverridable: _never, ...rest } = clause;
  if (clause.order !== null || clause.attribute !== null) return null;
  switch (clause.kind) {
    case "reading": {
      const isDifference = bundle.quantities.find(({ name }) => name === clause.quantity)?.difference != null;
      return isDifference ? null : { ...rest, guardBand: null, settledMs: null };
    }
    case "calibration":
      return { ...rest, referencesWithin: null, extension: null };
    case "acknowledgement":
    case "check-list":
    case "shelf-life":
      return rest;
    default:
      return null;
  }
}

test("there are contracts of every kind to go there and back", () => {
  expect(bundles.length).toBeGreaterThan(8);
  expect(new Set(bundles.flatMap(({ clauses }) => clauses.map(({ kind }) => kind))).size).toBe(10);
});

describe.each(bundles.map((bundle) => [bundle.contract, bundle] as const))("%s", (_id, bundle) => {
  const exported = exportSmartYaml(bundle);
  const back = importedBundle(exported.yaml);

  test("comes back with the same clauses, as far as steps hold them", () => {
    expect(back.clauses).toHaveLength(bundle.clauses.length);
    for (const [index, clause] of bundle.clauses.entries()) {
      const held = heldOf(clause, bundle);
      const other = back.clauses[index] as BundleClause;
      if (held !== null) expect(heldOf(other, back)).toEqual(held);
      else expect(other).toMatchObject({ kind: "acknowledgement", step: clause.text, because: clause.because });
    }
  });

  test("comes back with its head and declarations", () => {
    const { contract, title, doc, following, equipment, materials } = bundle;
    const placed = ({ name, type, asset }: Bundle["equipment"][number]) => ({ name, type, asset });
    expect(back).toMatchObject({ contract, title, doc, following, scope: { stationType: bundle.scope.stationType } });
    expect(back.equipment.map(placed)).toEqual(equipment.map(placed));
    expect(back.materials.map(({ name, lot }) => ({ name, lot }))).toEqual(
      materials.map(({ name, lot }) => ({ name, lot })),
    );
    const units = new Map(bundle.quantities.map((one) => [one.name, one]));
    for (const { name, unit, plausible } of back.quantities) expect(units.get(name)).toMatchObject({ unit, plausible });
  });

  test("says what steps cannot hold", () => {
    const notes = exported.notes.map(({ line }) => line);
    for (const clause of bundle.clauses) if (heldOf(clause, bundle) === null) expect(notes).toContain(clause.line);
    for (const { line } of [...bundle.overrides, ...bundle.whenBlocked, ...bundle.tests]) expect(notes).toContain(line);
  });

  test("is the same text twice", () => expect(exportSmartYaml(bundle)).toEqual(exported));
});

test.each(checklists)("%s keeps its steps, limits and units through import and export", (name) => {
  const first = importedBundle(readFileSync(join(import.meta.dirname, name), "utf8"));
  const again = importedBundle(exportSmartYaml(first).yaml);
  // Of a clause's text only the spelling of a number may differ: 0.10 is exported as 0.1.
  const bare = ({ clauses }: Bundle) => clauses.map(({ line: _line, column: _column, text: _text, ...rest }) => rest);
  expect(bare(again)).toEqual(bare(first));
  expect(again.quantities.map(({ name: quantity, unit }) => [quantity, unit])).toEqual(
    first.quantities.map(({ name: quantity, unit }) => [quantity, unit]),
  );
});

test("a text that old YAML readers take for something else is quoted", () => {
  const [first] = bundles;
  if (first === undefined) throw new Error("there are contracts");
  for (const title of ["yes", "10:30", "0777", "~", "- a", "a: b", "x # y", "'", "1e3", "2026-01-01"]) {
    const { yaml } = exportSmartYaml({ ...first, title });
    expect(importedBundle(yaml).title).toBe(title);
    expect(yaml).toMatch(/^title: ["']/m);
  }
});
