import { expect, test } from "vitest";
import { type Ending, runOptions } from "./run-options.ts";

const OPTIONS = {
  count: { type: "string", default: "100", is: "cases" },
  only: { type: "string", takes: "text", is: "those with this in their name" },
  units: { type: "boolean", default: true, is: "without the unit tests" },
  json: { type: "boolean", default: false, is: "print JSON" },
} as const;

class Ended extends Error {}

/** What a run is told, or how it ends before it began. */
function outcome(...args: readonly string[]): unknown {
  const said: string[] = [];
  const ending: Ending = {
    say: (text, stream) => void said.push(`${stream}: ${text}`),
    exit: (code) => {
      said.push(`exit ${code}`);
      throw new Ended();
    },
  };
  try {
    return { ...runOptions("Tries things.", OPTIONS, args, ending) };
  } catch (error) {
    if (error instanceof Ended) return said;
    throw error;
  }
}

const HELP = `stdout: Tries things.

Options:
  --count <n>    cases (else 100)
  --only <text>  those with this in their name
  --no-units     without the unit tests
  --json         print JSON
  --help         print this
`;

const rows: readonly (readonly [args: readonly string[], outcome: unknown])[] = [
  [[], { count: "100", units: true, json: false }],
  [["--count", "7", "--no-units", "--only", "x"], { count: "7", units: false, json: false, only: "x" }],
  [["--help"], [HELP, "exit 0"]],
  [
    ["--count", "7", "--help", "--bogus"],
    [HELP, "exit 0"],
  ],
  [["--bogus"], ["stderr: Unknown option '--bogus'; --help lists what there is\n", "exit 2"]],
  [["-c"], ["stderr: Unknown option '-c'; --help lists what there is\n", "exit 2"]],
  [["--only"], ["stderr: Option '--only <value>' argument missing; --help lists what there is\n", "exit 2"]],
  [["--json=1"], ["stderr: Option '--json' does not take an argument; --help lists what there is\n", "exit 2"]],
  [["more"], [expect.stringMatching(/^stderr: Unexpected argument 'more'.*; --help lists what there is\n$/), "exit 2"]],
];
test.each(rows)("%j", (args, wanted) => {
  expect(outcome(...args)).toEqual(wanted);
});
