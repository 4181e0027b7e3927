import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import type { RolloutView } from "../../src/hub/rollout/rollout-views.ts";
import { atHub, CONTRACT_FILE, gate, type LpFloor, readLamp, startLpFloor, until } from "./lp-floor.ts";

// Real hub, real agents: a version whose second wave cannot take it is caught there, and taken back from the first.

let floor: LpFloor;
beforeAll(async () => {
  floor = await startLpFloor(3);
});
afterAll(() => floor?.end());

const versionsOf = async (): Promise<readonly string[]> => {
  const { json } = await floor.maint(["status", ...atHub(floor)]);
  const { nodes } = json as { nodes: { id: string; active: { [contract: string]: { version: string } } }[] };
  return nodes.map(({ id, active }) => `${id} ${active[CONTRACT]?.version ?? "nothing"}`);
};
const rolloutOf = async (version: string): Promise<RolloutView> =>
  (await floor.maint(["rollout", "show", `${CONTRACT}@${version}`, ...atHub(floor)])).json as RolloutView;

async function draft(limit: string): Promise<void> {
  const file = join(floor.folder, "next.maint");
  writeFileSync(
    file,
    readFileSync(CONTRACT_FILE, "utf8").replaceAll("uv-limit = 1000 uW/cm2", `uv-limit = ${limit} uW/cm2`),
  );
  await floor.maint(["contract", "create", file, "--domain", "penetrant", ...atHub(floor)]);
  await floor.maint(["contract", "validate", CONTRACT, ...atHub(floor)]);
}

test("a release with one bad wave is caught and reverted, by itself, and the next one gets through", async () => {
  await draft("1050");
  const waves = ["--waves", "node:LP-01,node:LP-02,100%", "--error", "0", "--on-breach", "revert"];
  // The disk of LP-02: what it keeps can neither be written nor read any more.
  const kept = join(floor.data, "nodes", "LP-02", "kept");
  rmSync(kept, { recursive: true });
  writeFileSync(kept, "");
  await floor.maint(["contract", "store", CONTRACT, ...waves, ...atHub(floor)]);
  // A first decision under it makes LP-01 sure of it.
  await until("LP-01 has it", async () => (await versionsOf()).includes("LP-01 v1.1"));
  await gate(floor, "LP-01", "T-1");
  const watched = await runMaint(["rollout", "watch", `${CONTRACT}@v1.1`, ...atHub(floor)]);
  expect(watched).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/v1\.1 {2}reverted/) });
  const view = await rolloutOf("v1.1");
  expect(view.waves.map(({ name, state }) => `${name} ${state}`)).toEqual([
    "node:LP-01 passed",
    "node:LP-02 open",
    "100% closed",
  ]);
  expect(view.failures).toMatchObject([{ node: "LP-02", phase: "rejected" }]);
  await until("LP-01 is back", async () => (await versionsOf()).every((one) => one.endsWith("v1.0")));
  const listed = await runMaint(["rollout", "list", ...atHub(floor)]);
  expect(listed).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/ 2 {2}node:LP-02 {2}\[!+\] open .*1 failed/),
  });
  const alerts = async () => (await runMaint(["alert", "list", ...atHub(floor)])).stdout;
  await until("LP-02's alert", async () => /LP-02 {2}high {2}bundle.rejected:disk/.test(await alerts()));
  const own = await runMaint(["why-not", "LP-02", ...atHub(floor)]);
  expect(own).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/it failed here \(rejected: disk\); .*\n.*make room on the node's disk/),
  });
  const why = await runMaint(["why-not", "LP-03", ...atHub(floor)]);
  expect(why).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/was reverted: wave 2 of 3 .*\n.*maint rollout start/),
  });

  await floor.agent("LP-02").stop();
  rmSync(kept);
  await floor.startAgent("LP-02");
  await draft("1060");
  await floor.maint(["contract", "store", CONTRACT, ...waves, ...atHub(floor)]);
  for (const node of ["LP-01", "LP-02", "LP-03"]) {
    await until(`${node} has v1.2`, async () => (await versionsOf()).includes(`${node} v1.2`));
    await gate(floor, node, "T-2");
  }
  expect(await runMaint(["why-not", "LP-03", ...atHub(floor)])).toMatchObject({ exitCode: 0 });
  expect(await runMaint(["rollout", "watch", `${CONTRACT}@v1.2`, ...atHub(floor)])).toMatchObject({ exitCode: 0 });
});

test("a version is tried in the shadow, counted, and then enforced", async () => {
  await draft("1400");
  await floor.maint(["contract", "store", CONTRACT, "--shadow", ...atHub(floor)]);
  const tried = async (): Promise<boolean> => (await rolloutOf("v1.3")).waves[0]?.waiting === 3;
  await until("all nodes try it", tried);
  await readLamp(floor, "LP-01", "1300");
  expect(await gate(floor, "LP-01", "T-31")).toMatchObject({ exitCode: 0, contracts: [{ version: "v1.2" }] });
  const shadow = () => runMaint(["rollout", "shadow", `${CONTRACT}@v1.3`, ...atHub(floor)]);
  await until("the hub counts it", async () => (await shadow()).exitCode === 1);
  expect((await shadow()).stdout).toMatch(
    /1 decisions of 1 nodes, 1 newly blocked, 0 newly allowed\n +1 {2}reading.out-of-limits:uv-intensity\n.*LP-01 {2}T-31 {2}allowed, would have been blocked/,
  );
  await floor.maint(["rollout", "abort", `${CONTRACT}@v1.3`, "--reason", "we have seen enough", ...atHub(floor)]);
  await floor.maint(["rollout", "start", `${CONTRACT}@v1.3`, ...atHub(floor)]);
  await until("it is enforced", async () => (await versionsOf()).every((one) => one.endsWith("v1.3")));
  expect(await gate(floor, "LP-01", "T-32")).toMatchObject({ exitCode: 10, contracts: [{ version: "v1.3" }] });
});

test("a version waits until no test runs, says so everywhere, and swaps when the test has ended", async () => {
  await readLamp(floor, "LP-01", "1500");
  const running = (word: "--start" | "--end") =>
    floor.maint(
      ["gate", "--node", "LP-01", "--test", "T-41", word, "--data", floor.data, "--token", floor.tokenOf("STF-1")],
      [0],
    );
  await running("--start");
  await draft("1410");
  await floor.maint(["contract", "store", CONTRACT, "--idle", ...atHub(floor)]);
  await until("LP-01 waits", async () => (await rolloutOf("v1.4")).waves[0]?.scheduled === 1);
  await until("the others do not", async () => (await versionsOf()).filter((one) => one.endsWith("v1.4")).length === 2);
  expect(await versionsOf()).toContain("LP-01 v1.3");
  const shown = await runMaint(["rollout", "show", `${CONTRACT}@v1.4`, ...atHub(floor)]);
  expect(shown.stdout).toMatch(/1 waits for its hour[\s\S]*only while no test runs/);
  expect(await runMaint(["why-not", "LP-01", ...atHub(floor)])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/waits for its hour: while no test runs/),
  });
  await running("--end");
  await until("LP-01 swaps", async () => (await versionsOf()).includes("LP-01 v1.4"));
});

const wrong: readonly { readonly words: readonly string[]; readonly says: RegExp }[] = [
  { words: ["rollout", "plan", CONTRACT], says: /names no version/ },
  { words: ["rollout", "plan", `${CONTRACT}@v9.0`], says: /no version in force/ },
  { words: ["rollout", "plan", `${CONTRACT}@v1.2`, "--waves", "10%,5%"], says: /must be above 10%/ },
  { words: ["rollout", "plan", `${CONTRACT}@v1.2`, "--soak", "soon"], says: /90s, 10m, 2h or 1d/ },
  { words: ["rollout", "plan", `${CONTRACT}@v1.2`, "--window", "22:00"], says: /22:00-06:00/ },
  { words: ["rollout", "start", `${CONTRACT}@v1.2`], says: /has reached every node/ },
  { words: ["rollout", "pause", `${CONTRACT}@v1.2`], says: /--reason/ },
  { words: ["rollout", "show", `${CONTRACT}@v9.0`], says: /no rollout/ },
  { words: ["why-not", "LP-99"], says: /no node "LP-99"/ },
];
for (const { words, says } of wrong)
  test(`${words.join(" ")}: a sentence and exit code 2`, async () => {
    expect(await runMaint([...words, ...atHub(floor)])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(says),
    });
  });
