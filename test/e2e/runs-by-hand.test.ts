import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../tidy/source-files.ts";

/** Runs by hand that `package.json` names, with the words that stand there before those of a person. */
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly scripts: { readonly [name: string]: string };
};
const runs = Object.entries(scripts).flatMap(([name, line]) => {
  const [program, ...words] = line.split(" ");
  return program === "node" && words[0]?.startsWith("test/") === true ? [[name, words] as const] : [];
});

test("there are some", () => {
  expect(runs.map(([name]) => name)).toEqual(["fuzz:parse", "fuzz:gate", "faults", "tuf", "tuf:flips", "mutate"]);
});

test.each(runs)("npm run %s says what it takes, and what is wrong in one line", (_name, words) => {
  const run = (...more: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...words, ...more], {
      cwd: root,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  expect(run("--help")).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^.+\n[\s\S]*\nOptions:\n {2}--/),
    stderr: "",
  });
  expect(run("--bogus")).toEqual({
    ...{ status: 2, stdout: "", stderr: "Unknown option '--bogus'; --help lists what there is\n" },
  });
});
