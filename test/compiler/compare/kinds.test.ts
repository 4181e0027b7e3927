import { describe, expect, test } from "vitest";
import { compareVersions } from "../../../src/cli/compared.ts";
import { type CompiledContract, compile } from "../../../src/compiler/index.ts";
import { chicago } from "../../conformance/vectors.ts";

function contract(clause: string): CompiledContract {
  const text = [
    'contract X "X" {',
    "  for every station",
    '  item is a chamber, by default "CH-1"',
    '  fluid is a material, by default "ZP-60D"',
    "  q is measured in psi",
    "  before every test {",
    "    named:",
    ...clause.split("\n").map((line) => `      ${line}`),
    "  }",
    "}",
    "",
  ].join("\n");
  const { contracts, diagnostics } = compile([{ name: "x.maint", text }]);
  if (contracts[0] === undefined) throw new Error(JSON.stringify(diagnostics));
  return contracts[0];
}

/** Each pair is compared both ways: what is tighter in one direction is looser in the other, with a counterexample. */
const looserThan: readonly (readonly [tight: string, loose: string])[] = [
  ["the item must be calibrated every 180 days", "the item must be calibrated every 365 days"],
  ["the item must be calibrated every 365 days", "the item must be calibrated every 13 months"],
  [
    "the item must be calibrated every 12 months or 5000 cycles, whichever comes first",
    "the item must be calibrated every 12 months",
  ],
  ["the item must be calibrated every 5000 cycles", "the item must be calibrated every 6000 cycles"],
  [
    "the item must be calibrated every 180 days",
    "the item must be calibrated every 180 days, may be extended by at most 14 days, approved by QA",
  ],
  [
    "the item must be calibrated every 180 days, may be extended by at most 7 days, approved by QA",
    "the item must be calibrated every 180 days, may be extended by at most 14 days, approved by QA or Supervisor",
  ],
  [
    "the item must be calibrated every 180 days, with each reference standard calibrated within 12 months of its use",
    "the item must be calibrated every 180 days",
  ],
  [
    "the item must be calibrated every 180 days, with each reference standard calibrated within 12 months of its use",
    "the item must be calibrated every 180 days, with each reference standard calibrated within 24 months of its use",
  ],
  ["the item must have been on for at least 15 minutes", "the item must have been on for at least 10 minutes"],
  ["the item must be serviced every 500 use-hours", "the item must be serviced every 600 use-hours"],
  [
    "the item must be serviced every 500 use-hours, with enough left for the whole test",
    "the item must be serviced every 500 use-hours",
  ],
  [
    "the item must not have been dropped or overloaded since its calibration",
    "the item must not have been dropped since its calibration",
  ],
  [
    'each shift, two people must acknowledge "s"',
    'each day, two people must acknowledge "t"\neach week, two people must acknowledge "s"',
  ],
  ['each day, three people must acknowledge "s"', 'each day, two people must acknowledge "s"'],
  ["the item must be in service\nthe fluid must be within its shelf life", "the fluid must be within its shelf life"],
  ["the item must be checked before and after each use", "the item should be checked before and after each use"],
  [
    "the fluid must be within its shelf life, used within 6 months of opening",
    "the fluid must be within its shelf life, used within 9 months of opening",
  ],
  [
    "the fluid must be within its shelf life, used within 6 months of opening",
    "the fluid must be within its shelf life",
  ],
  ['each week, the item must be checked: "no cracks", "clean"', 'each week, the item must be checked: "no cracks"'],
  ['each week, the item must be checked: "no cracks"', 'every 10 days, the item must be checked: "no cracks"'],
  ["each day, q must be at least 10 psi, guarded by 2 psi", "each day, q must be at least 10 psi, guarded by 1 psi"],
  ["each day, q must be at least 12 psi", "each day, q must be at least 10 psi, guarded by 1 psi"],
  ["each day, q must be at least 10 psi, settled for at least 30 minutes", "each day, q must be at least 10 psi"],
  ["the item must be in service", "when the item is old, the item must be in service"],
];

const verdictOf = async (older: string, newer: string): Promise<string | undefined> =>
  (await compareVersions([contract(older)], [contract(newer)], chicago))[0]?.verdict;

describe.each(looserThan)("%s ← %s", (tight, loose) => {
  test("is looser", async () => {
    expect(await verdictOf(tight, loose)).toBe("looser");
  });
});

const never: readonly (readonly [older: string, newer: string])[] = [
  ...looserThan
    .filter(([, loose]) => !loose.includes('"t"') && !loose.startsWith("when"))
    .map(([tight, loose]) => [loose, tight] as const),
  // Parts may be asked by clauses of their own.
  [
    "the item must be calibrated every 12 months or 5000 cycles, whichever comes first",
    "the item must be calibrated every 5000 cycles\nthe item must be calibrated every 12 months",
  ],
  // A guard band is a limit moved inwards.
  ["each day, q must be at least 10 psi, guarded by 1 psi", "each day, q must be at least 11 psi"],
  ["when the item is old, the item must be in service", "the item must be in service"],
];

describe.each(never)("%s → %s", (older, newer) => {
  test("is never looser", async () => {
    expect(await verdictOf(older, newer)).toBe("never-looser");
  });
});

/** Evidence of such an age cannot be written down: nothing is proved, and no counterexample can be had. */
test.each([
  ["the item must be calibrated every 9000 years", "the item must be calibrated every 9500 years"],
  [
    "the fluid must be within its shelf life, used within 9000 years of opening",
    "the fluid must be within its shelf life, used within 9500 years of opening",
  ],
  ["every 9000 years, q must be at least 1 psi", "every 9500 years, q must be at least 1 psi"],
])("%s → %s is undecided", async (older, newer) => {
  expect(await verdictOf(older, newer)).toBe("undecided");
});
