/** Small contracts, facts and instants for the properties, and the gate that decides them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import {
  decideFast,
  indexReleases,
  type LoadedBundle,
  loadCompiledBundle,
  type Release,
} from "../../src/runtime/index.ts";
import { calendarOf } from "../conformance/calendar-of.ts";
import { DAY, readDay } from "../reference/interpreter-time.ts";

export interface Facts {
  readonly [field: string]: unknown;
}

export interface Question {
  /** One contract, or several in versions. */
  readonly contract: string | readonly { readonly text: string; readonly version: string; readonly from: string }[];
  readonly facts: Facts;
  readonly now: number;
  readonly zone: string;
}

export interface Answer {
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

export type Decide = (question: Question) => Answer;

const loaded = new Map<string, LoadedBundle>();
function load(text: string): LoadedBundle {
  const known = loaded.get(text);
  if (known !== undefined) return known;
  const { contracts, diagnostics } = compile([{ name: "property.maint", text }]);
  const [contract] = contracts;
  if (contract === undefined) throw new Error(`${diagnostics.map(({ message }) => message).join("; ")}\n${text}`);
  const bundle = loadCompiledBundle(contract.bundle);
  if (!bundle.ok) throw new Error(`${bundle.error.message}\n${text}`);
  loaded.set(text, bundle.value);
  return bundle.value;
}

export const gate: Decide = ({ contract, facts, now, zone }) => {
  const releases: readonly Release[] =
    typeof contract === "string"
      ? [{ loaded: load(contract), version: null, fromDay: null }]
      : contract.map(({ text, version, from }) => ({
          loaded: load(text),
          version: version as Release["version"],
          fromDay: readDay(from) ?? null,
        }));
  const { allow, reasons, warnings } = decideFast({
    ...{ releases: indexReleases(releases), snapshot: snapshotFromValues({ plantZone: zone, ...facts }) },
    ...{ now, calendar: calendarOf(zone), node: null, assumeBinding: true },
  });
  return { allow, reasons, warnings };
};

/* Mistakes to plant. */

export const atAnotherTime =
  (ms: number): Decide =>
  (question) =>
    gate({ ...question, now: question.now + ms });
export const aMillisecondLate = atAnotherTime(-1);
export const aMillisecondEarly = atAnotherTime(1);
export const inGreenwich: Decide = (question) => gate({ ...question, zone: "UTC" });
/** The contract says something else than what is asked. */
export const reading =
  (from: string | RegExp, to: string): Decide =>
  (question) =>
    typeof question.contract === "string"
      ? gate({ ...question, contract: question.contract.replace(from, to) })
      : gate(question);
/** The facts are not what they are. */
export const seeing =
  (change: (facts: Facts) => Facts): Decide =>
  (question) =>
    gate({ ...question, facts: change(question.facts) });

const isNumber = (value: object): value is { readonly $number: string } => "$number" in value;
function rounded(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(rounded);
  if (isNumber(value)) return { $number: String(Number(value.$number)) };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rounded(member)]));
}
export const throughDoubles = seeing((facts) => rounded(facts) as Facts);

/** Values, an instant and its offset, and the rest of a snapshot. */
export const number = (text: string): Facts => ({ $number: text });
export const instant = (at: number): string => new Date(at).toISOString();
export const day = (dayNumber: number): string => new Date(dayNumber * DAY).toISOString().slice(0, 10);

/** A contract with these lines; clauses stand in one condition. */
export const contractWith = (
  declarations: readonly string[],
  clauses: readonly string[],
  more: readonly string[] = [],
): string =>
  [
    'contract PROPERTY "A property" {',
    "  for every station",
    ...declarations.map((line) => `  ${line}`),
    "  before every test {",
    "    it:",
    ...clauses.map((line) => `      ${line}`),
    "  }",
    ...more.map((line) => `  ${line}`),
    "}",
  ].join("\n");

export const SEED = 20_261_124;
export const RUNS = 300;

/** One boundary rule as a property of a gate: the real one has it, one with the planted mistake has not. */
export function rule<T>(name: string, property: (decide: Decide) => fc.IPropertyWithHooks<T>, planted: Decide): void {
  test(name, () => {
    fc.assert(property(gate), { seed: SEED, numRuns: RUNS });
  });
  test(`control: ${name}`, () => {
    const { failed, errorInstance } = fc.check(property(planted), { seed: SEED, numRuns: RUNS });
    expect(failed).toBe(true);
    // It must fail by what it says of the gate, not because the planted contract does not even compile.
    expect((errorInstance as Error).name).toBe("AssertionError");
  });
}

/* What properties range over. */

export const zones = fc.constantFrom(
  ...["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"],
  ...["Pacific/Apia", "Africa/Cairo", "America/Havana", "UTC", "Pacific/Kiritimati"],
);
/** 2011 to 2035. */
export const days = fc.integer({ min: 15_000, max: 24_000 });
export const NOON = DAY / 2;
