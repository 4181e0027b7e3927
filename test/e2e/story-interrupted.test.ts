import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/cli/package-root.ts";

// Whoever ends a story in its middle, as a CI job does with SIGTERM, finds nothing of it left: no folder with keys, no process.

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "maint-interrupted-"));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

interface Story {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
  readonly ended: Promise<number | null>;
}

function begin(words: readonly string[]): Story {
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, [join(packageRoot(), "bin", "maint.js"), "story", "--json", ...words], { env });
  const [lines, errors]: string[][] = [[], []];
  createInterface({ input: child.stdout }).on("line", (line) => lines?.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => errors?.push(line));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, lines: lines ?? [], errors: errors ?? [], ended };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Command lines of all processes that name the story's folder. */
const processes = (): readonly string[] =>
  execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(temporary));

const hasFolder = (): boolean => readdirSync(temporary).some((name) => /^maint-(story|month)-/.test(name));

describe.each([
  { what: "of the UV lamp", words: ["--once"] },
  { what: "of a month", words: ["--month", "--nodes", "4", "--days", "10"] },
])("the story $what", ({ words }) => {
  test.each([
    { when: "while it starts", isSo: (_: Story) => hasFolder() },
    { when: "in the middle of a step", isSo: ({ lines }: Story) => lines.length > 0 },
  ])("ended $when leaves nothing, and calls nothing a failure", { timeout: 100_000 }, async ({ isSo }) => {
    const story = begin(words);
    await until(() => isSo(story));
    story.child.kill("SIGTERM");
    expect(await story.ended, story.errors.join("\n")).toBe(130);
    expect(story.lines.filter((line) => line.includes('"happened":false'))).toEqual([]);
    expect(story.errors.filter((line) => line.includes("MAINT_ERR"))).toEqual([]);
    expect(readdirSync(temporary).filter((name) => name.startsWith("maint-"))).toEqual([]);
    expect(processes()).toEqual([]);
  });
});
