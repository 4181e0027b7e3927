import { describe, expect, test } from "vitest";
import { command } from "../../src/cli/commands/gate.ts";
import { GATE_WORDS, plainGateWords } from "../../src/cli/gate-words.ts";

/** What the command line's own library makes of the words; undefined where it refuses them. */
function asTheLibraryReads(words: readonly string[]): unknown {
  let read: unknown;
  const gate = command()
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .action((options: unknown) => {
      read = options;
    });
  try {
    gate.parse([...words], { from: "user" });
  } catch {
    return undefined;
  }
  return read;
}

const everything = GATE_WORDS.flatMap(({ name, takes }) => (takes === null ? [name] : [name, `a ${takes}`]));

describe("the quick way reads what the library reads", () => {
  test.each([
    [["--node", "LP-01"]],
    [["--test", "T-1", "--node", "LP-01", "--json"]],
    [["--node", "LP-01", "--part", "a=b c", "--start"]],
    [["--node", "LP-01", "--data", ""]],
    [everything],
  ])("%j", (words) => {
    const quick = plainGateWords(words);
    expect(quick).toBeDefined();
    expect(quick).toEqual(asTheLibraryReads(words));
  });
});

describe("the quick way leaves to the library", () => {
  test.each([
    ["nothing at all", []],
    ["no node", ["--test", "T-1"]],
    ["help", ["--node", "LP-01", "--help"]],
    ["stack traces", ["--node", "LP-01", "--debug"]],
    ["an unknown option", ["--node", "LP-01", "--nod", "x"]],
    ["a value in one word with its option", ["--node=LP-01"]],
    ["an option twice", ["--node", "LP-01", "--node", "LP-02"]],
    ["an option without its value", ["--node", "LP-01", "--test"]],
    ["a value that looks like an option", ["--node", "--json"]],
    ["a word that belongs to none", ["LP-01", "--node", "LP-01"]],
    ["the end of the options", ["--node", "LP-01", "--"]],
  ])("%s", (_, words) => {
    expect(plainGateWords(words)).toBeUndefined();
  });
});
