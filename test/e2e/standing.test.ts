import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import { atHub, type LpFloor, readLamp, startLpFloor, until } from "./lp-floor.ts";

interface Status {
  readonly nodes: readonly {
    readonly id: string;
    readonly live: boolean;
    readonly standing: {
      readonly tests: readonly { readonly allow: boolean; readonly reasons: readonly string[] }[];
    } | null;
  }[];
}

let floor: LpFloor;
beforeAll(async () => {
  floor = await startLpFloor(2);
});
afterAll(() => floor?.end());

const reasonsOf = async (node: string): Promise<readonly string[] | undefined> => {
  const { json } = await floor.maint(["status", ...atHub(floor)]);
  const standing = (json as Status).nodes.find(({ id }) => id === node)?.standing ?? null;
  return standing?.tests.flatMap(({ allow, reasons }) => (allow ? [] : reasons.length === 0 ? ["none said"] : reasons));
};

test("the hub knows which stations may test, and learns when that changes", async () => {
  await readLamp(floor, "LP-01", "1180");
  await until("LP-01 may test", async () => (await reasonsOf("LP-01"))?.length === 0);
  const lampOnly = async () => (await reasonsOf("LP-02"))?.join() === "reading.missing:uv-intensity";
  await until("LP-02 misses nothing but its lamp", lampOnly);
  const shown = await runMaint(["status", ...atHub(floor)]);
  expect(shown.stdout).toMatch(/2 of 2 nodes connected; 1 station may test/);
  expect(shown.stdout).toMatch(/^MAY TEST {2}LP-01 .*MAIN-PEN-CHECK-001@v1\.0$/m);
  expect(shown.stdout).toMatch(/^BLOCKED {3}LP-02 .*\n {10}reading\.missing:uv-intensity\n {10}to do: .*uv-intensity/m);
  const blocked = await runMaint(["status", "--blocked", ...atHub(floor)]);
  expect(blocked.stdout).not.toMatch(/LP-01 /);
  await readLamp(floor, "LP-01", "940");
  await until("LP-01 may not", async () => (await reasonsOf("LP-01"))?.[0] === "reading.out-of-limits:uv-intensity");
});

test("what lapses is answered from what the nodes said", async () => {
  // Nothing of the day's work, and the meters were calibrated 60 days ago for 12 months.
  const soon = await runMaint(["due", "--within", "30d", "--json", ...atHub(floor)]);
  expect(soon).toMatchObject({ exitCode: 0, stdout: '[{"node":null,"due":[]}]\n' });
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const record = ["record", "calibration", "--node", "LP-02", "--data", floor.data, "--token", floor.tokenOf("STF-1")];
  const certificate = ["--certificate", "C-2", "--performed-on", day(-2), "--due-on", day(20), "--result", "pass"];
  await floor.maint([...record, "--asset", "light-meter", ...certificate]);
  const due = () => runMaint(["due", "--within", "30d", ...atHub(floor)]);
  await until("the meter of LP-02 is due", async () => (await due()).exitCode === 1);
  const { stdout } = await due();
  expect(stdout).toMatch(/^2 due at LP-02 within 30 days/m);
  expect(stdout).toMatch(/BLOCKS {2}calibration\.overdue:LM-02 {2}MAIN-PEN-CHECK-001, must-calibrate-before-test/);
  expect(stdout).toMatch(/to do: .*LM-02.* \(/);
  expect((await runMaint(["due", "--within", "5d", ...atHub(floor)])).exitCode).toBe(0);
  const refused = await runMaint(["due", "--within", "300d", ...atHub(floor)]);
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/90 days ahead/) });
  const kind = await runMaint(["due", "--kind", "final", ...atHub(floor)]);
  expect(kind).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/ask the node itself/) });
});

test("a node that went away is shown with the age of what is known", async () => {
  await floor.agent("LP-02").kill();
  await until("LP-02 is away", async () => {
    const { json } = await floor.maint(["status", ...atHub(floor)]);
    return (json as Status).nodes.some(({ id, live }) => id === "LP-02" && !live);
  });
  const shown = await runMaint(["status", "--station", "LP-02", ...atHub(floor)]);
  expect(shown.stdout).toMatch(/LP-02 .*away for less than a minute.*, as of less than a minute ago/);
  expect(shown.stdout).toContain(CONTRACT);
});
