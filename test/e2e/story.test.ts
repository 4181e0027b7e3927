import { expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { uvStory } from "../../src/cli/story/uv-story.ts";

const STORIES = 2;

test("stories played side by side take no port or folder from each other", { timeout: 110_000 }, async () => {
  const played = await Promise.all(Array.from({ length: STORIES }, () => runMaint(["story", "--once", "--json"])));
  for (const { exitCode, stdout, stderr } of played) {
    const steps = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly step: number; readonly happened: boolean });
    expect(
      steps.map(({ step, happened }) => ({ step, happened })),
      stderr,
    ).toEqual(uvStory.map((_, index) => ({ step: index + 1, happened: true })));
    expect(exitCode, stderr).toBe(0);
  }
});
