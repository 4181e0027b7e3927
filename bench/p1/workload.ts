import { compile } from "../../src/compiler/index.ts";
import type { BundleRule } from "../../src/model/bundle.ts";
import { type LoadedBundle, loadBundle } from "../../src/runtime/index.ts";

/** Five pieces of equipment, five clauses about each: 25 clauses, 25 rules. */
const EQUIPMENT = 5;

/** A contract of 25 clauses for one kind of station. */
export function contractText(id: string, station: string): string {
  const items = Array.from({ length: EQUIPMENT }, (_, index) => index + 1);
  return [
    `contract ${id} "Bench ${id}" {`,
    `  for every ${station} station`,
    ...items.flatMap((item) => [
      `  lamp-${item} is a uv-a-lamp, by default "Lamp-${item}"`,
      `  level-${item} is measured in uW/cm2, plausible from 0 to 100000`,
    ]),
    "  before every test {",
    "    ready:",
    ...items.flatMap((item) => [
      `      the lamp-${item} must be calibrated every 12 months`,
      `      the lamp-${item} must be in service`,
      `      the lamp-${item} must have been on for at least 10 minutes`,
      `      each day, level-${item} must be at least ${1000 + item} uW/cm2`,
      `      each day, the operator must acknowledge "lamp ${item} is clean"`,
    ]),
    "  }",
    "}",
    "",
  ].join("\n");
}

export function bundleOf(text: string): LoadedBundle {
  const { contracts, diagnostics } = compile([{ name: "bench.maint", text }]);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const [contract] = contracts;
  if (contract === undefined || errors.length > 0) throw new Error(JSON.stringify(errors));
  const loaded = loadBundle(contract.bytes);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

/** The facts of one rule, as both evaluators take them. */
export interface RuleFacts {
  readonly state: string;
  readonly vsLimit: number | null;
  readonly vsHigh: number | null;
  readonly vsPlanned: number | null;
}

/** Which facts a rule asks for, besides its state. */
const signsIn = ({ conditions }: BundleRule): ReadonlySet<string> =>
  new Set(conditions.all.map(({ fact }) => fact.split(".").at(-1) ?? ""));

/** One in forty rules finds something wrong, so that about half of the tests are blocked. */
const WRONG = 1 / 40;

export function factsFor(rules: readonly BundleRule[], draw: () => number): readonly RuleFacts[] {
  return rules.map((rule) => {
    const asked = signsIn(rule);
    const isWrong = draw() < WRONG;
    if (isWrong && draw() < 0.5) return { state: "reading.missing", vsLimit: null, vsHigh: null, vsPlanned: null };
    const sign = (name: string, good: number): number | null => (asked.has(name) ? (isWrong ? -good : good) : null);
    const facts = { vsLimit: sign("vsLimit", 1), vsHigh: sign("vsHigh", -1), vsPlanned: sign("vsPlanned", -1) };
    return { state: "known", ...facts };
  });
}
