import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { byHandLines } from "../../src/cli/story/by-hand.ts";
import { openPlant } from "../../src/cli/story/month/plant.ts";
import { openSimTime } from "../../src/cli/story/month/sim-time.ts";

test.each([
  { temporary: true, said: "Ctrl-C stops everything and removes the folder." },
  { temporary: false, said: "Ctrl-C stops everything; the folder stays." },
])("what becomes of the folder is said as it is: temporary $temporary", ({ temporary, said }) => {
  const lines = byHandLines({ data: "/d", keys: "/k", tokenOf: (person) => `/k/${person}.token` }, temporary);
  expect(lines.at(-1)).toBe(said);
});

test("a plant that cannot be laid out leaves no temporary folder with keys", async () => {
  const place = mkdtempSync(join(tmpdir(), "maint-plant-"));
  onTestFinished(() => rmSync(place, { recursive: true }));
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("TMPDIR", place);
  await expect(openPlant([], openSimTime(Number.NaN), null)).rejects.toThrow();
  expect(readdirSync(place)).toEqual([]);
});
