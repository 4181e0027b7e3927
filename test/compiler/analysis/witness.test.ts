import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseInstant } from "../../../src/base/civil-time.ts";
import { jsonFromValue } from "../../../src/base/strict-json.ts";
import { type WitnessOptions, witness } from "../../../src/compiler/analysis/witness.ts";
import { compile } from "../../../src/compiler/index.ts";
import { parseSnapshot } from "../../../src/model/snapshot-parse.ts";
import { decide, indexReleases, loadBundle } from "../../../src/runtime/index.ts";
import { chicago } from "../../conformance/vectors.ts";

const nowMs = parseInstant("2026-11-24T09:00:00-06:00") as number;

const maintFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".maint"))
    .map((name) => join(folder, name))
    .sort();

async function reasonsOf(text: string, options: Partial<WitnessOptions> = {}): Promise<readonly string[]> {
  const { contracts, diagnostics } = compile([{ name: "x.maint", text }]);
  if (contracts.length === 0) throw new Error(JSON.stringify(diagnostics));
  const reasons: string[] = [];
  for (const { bundle, bytes } of contracts) {
    const found = witness(bundle, { calendar: chicago, nowMs, ...options });
    if (!found.ok) throw new Error(found.error.message);
    const loaded = loadBundle(bytes);
    if (!loaded.ok) throw new Error(loaded.error.message);
    const releases = indexReleases([{ loaded: loaded.value, version: null, fromDay: null }]);
    const snapshot = parseSnapshot(jsonFromValue(found.value));
    const decision = await decide(
      { releases, snapshot, now: nowMs, calendar: chicago, node: null, assumeBinding: false },
      "both",
    );
    reasons.push(...decision.reasons, ...(decision.allow ? [] : decision.details.map(({ text: why }) => why)));
  }
  return reasons;
}

// The grammar's own example of everything is no contract that compiles.
const grammar = maintFiles("test/grammar/contracts").filter((file) => !file.includes("EVERYTHING"));
const shipped = [...maintFiles("contracts"), ...grammar, "test/golden/every-clause.maint"].filter((file) =>
  readFileSync(file, "utf8").includes("contract "),
);

describe("the gate accepts the witness of every contract there is", () => {
  for (const file of shipped) {
    test(file, async () => {
      expect(await reasonsOf(readFileSync(file, "utf8"))).toEqual([]);
    });
  }
});

const around = (declarations: string, clauses: string) =>
  `contract X "X" {\n  for every station\n  ${declarations}\n  before every test {\n    named:\n      ${clauses}\n  }\n}\n`;

const hard: readonly (readonly [title: string, text: string, options?: Partial<WitnessOptions>])[] = [
  [
    "limits that meet in one point of another unit",
    around("light is measured in lx", "each day, light must be at least 2 fc\n each day, light must be at most 2 fc"),
  ],
  [
    "a difference and both its sides, in three units",
    around(
      "hot is measured in K\n cold is measured in degF\n rise is hot minus cold",
      "each day, hot must be between 20 and 30 degC\n each day, cold must be at least 80 degF\n each day, rise must be more than 1 degC\n each day, rise must be less than 1.001 degC",
    ),
  ],
  [
    "one reading, two instruments",
    around(
      'x is a radiometer\n y is a radiometer, by default "Y-1"\n q is measured in lx',
      "the x must be calibrated every 12 months\n each day, q read with the x must be at least 10 lx\n each day, q read with the y must be at most 11 lx",
    ),
  ],
  [
    "a standard that is good for hours",
    around(
      "x is a radiometer",
      "the x must be calibrated every 12 months, with each reference standard calibrated within 8 hours of its use",
    ),
  ],
  [
    "two people and a supervisor for one step, an hour a service",
    around(
      "x is a chamber",
      'each shift, two people must acknowledge "s"\n each shift, a supervisor must acknowledge "s"\n the x must be serviced every 0.5 use-hours, with enough left for the whole test',
    ),
  ],
  [
    "attributes as the caller says",
    around(
      "x is a lamp\n q is measured in lx",
      "when the x is old, each day, q must be at least 10 lx\n when the x is new, each day, q must be at most 9 lx",
    ),
    { attributes: new Map([["x", ["new"]]]) },
  ],
];

describe("the gate accepts the witness of", () => {
  for (const [title, text, options] of hard) {
    test(title, async () => {
      expect(await reasonsOf(text, options)).toEqual([]);
    });
  }
});

test("where nothing satisfies the clauses they are named", () => {
  const text = around(
    "x is a lamp\n q is measured in lx",
    "when the x is old, each day, q must be at least 10 lx\n when the x is new, each day, q must be at most 9 lx",
  );
  const [contract] = compile([{ name: "x.maint", text }]).contracts;
  if (contract === undefined) throw new Error("it compiles");
  const found = witness(contract.bundle, { calendar: chicago, nowMs });
  expect(found.ok ? [] : found.error.clauses.map(({ line }) => line).sort()).toEqual([7, 8]);
});
