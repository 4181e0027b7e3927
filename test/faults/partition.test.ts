import { expect, test } from "vitest";
import { randomOf } from "../fuzz/gate-random.ts";
import { layTwoMachines } from "./namespaces.ts";
import { partition } from "./partition.ts";

const laid = layTwoMachines();
if ("machines" in laid) laid.machines.remove();
/** Said in the name, so that a run without it shows why. */
const skipped = "why" in laid ? ` (skipped: ${laid.why})` : "";

test.skipIf(skipped !== "")(`a cable that is pulled and put back loses nothing${skipped}`, async () => {
  const report = await partition({ partitions: 2, random: randomOf(7, 3), longestMs: 1_000 });
  expect(report).toMatchObject({ findings: [] });
});

test.skipIf(skipped !== "")(`control: a cable that stays pulled is found out${skipped}`, async () => {
  const report = await partition({
    partitions: 1,
    random: randomOf(7, 3),
    longestMs: 500,
    staysCut: true,
    convergeMs: 1_000,
  });
  expect(report).toMatchObject({ findings: [expect.stringMatching(/v1\.1 was not in force/)] });
});

test.skipIf(skipped !== "")(`control: a hub that keeps no alerts is found out${skipped}`, async () => {
  const plan = { partitions: 1, longestMs: 500, losesAlerts: true, convergeMs: 3_000 };
  const report = await partition({ ...plan, random: randomOf(7, 3) });
  expect(report).toMatchObject({ findings: [expect.stringMatching(/tests were blocked, the hub knows 0/)] });
});
