import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import {
  atHub,
  CONTRACT_FILE,
  gate,
  inForce,
  type LpFloor,
  nodeStatus,
  readLamp,
  startLpFloor,
  until,
} from "./lp-floor.ts";

// A hub comes back from yesterday's copy. It has forgotten a version that its nodes run; it must not use that number again.

let floor: LpFloor;
beforeAll(async () => {
  floor = await startLpFloor(1);
});
afterAll(() => floor?.end());

async function draft(limit: number): Promise<void> {
  const file = join(floor.folder, "next.maint");
  const text = readFileSync(CONTRACT_FILE, "utf8").replaceAll("uv-limit = 1000 uW/cm2", `uv-limit = ${limit} uW/cm2`);
  writeFileSync(file, text);
  await floor.maint(["contract", "create", file, "--domain", "penetrant", ...atHub(floor)]);
  await floor.maint(["contract", "validate", CONTRACT, ...atHub(floor)]);
}
const versionAtNode = async () => (await nodeStatus(floor, "LP-01")).contracts[0]?.version;

test("yesterday's copy: no number is used twice, the station keeps what it has, and the next version reaches it", async () => {
  const copy = join(floor.folder, "copy");
  await floor.maint(["backup", "--to", copy, "--with-keys", "--data", floor.data]);
  await draft(1100);
  await floor.maint(["contract", "store", CONTRACT, ...atHub(floor)]);
  await inForce(floor, "LP-01", "v1.1");
  await readLamp(floor, "LP-01", "1050");
  expect(await gate(floor, "LP-01", "T-1")).toMatchObject({ exitCode: 10, contracts: [{ version: "v1.1" }] });

  // A hub shows where its ledger stands when it starts: the node has seen more of it than the copy holds.
  await floor.hub().stop();
  await floor.startHub();
  const sizeIn = (file: string): number => Number(readFileSync(file, "utf8").split("\n")[1]);
  const copied = sizeIn(join(copy, "hub", "ledger.checkpoint"));
  const kept = join(floor.data, "nodes", "LP-01", "hub.checkpoint");
  await until("the node saw more than the copy holds", async () => sizeIn(kept) > copied);

  await floor.hub().stop();
  const refused = await runMaint(["restore", "--from", copy, "--data", floor.data]);
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/is there already\n.*move it away/) });
  for (const part of ["hub", "policy"]) renameSync(join(floor.data, part), join(floor.folder, `lost-${part}`));
  await floor.maint(["restore", "--from", copy, "--data", floor.data]);
  await floor.startHub();

  // The node shows what it rests on; from then on its versions are not used again, and what it enforces stays.
  const floors = async () => {
    const { json } = await floor.maint(["ledger", "list", "--type", "process", ...atHub(floor)]);
    return JSON.stringify(json);
  };
  await until("the hub has learnt", async () => (await floors()).includes("LP-01 rests on penetrant"));
  expect(await floors()).toMatch(/restored from a copy as of/);
  expect(await versionAtNode()).toBe("v1.1");
  expect(await gate(floor, "LP-01", "T-2")).toMatchObject({ exitCode: 10, contracts: [{ version: "v1.1" }] });

  // Nobody was alarmed about it, and what would alarm them is refused: a version below the one that nodes have.
  expect(JSON.stringify((await floor.maint(["alert", "list", ...atHub(floor)])).json)).not.toMatch(
    /version-regression/,
  );
  expect(await runMaint(["rollout", "start", `${CONTRACT}@v1.0`, ...atHub(floor)])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/nodes have .*@v1.1, which this hub lost/),
  });
  expect(await runMaint(["why-not", "LP-01", ...atHub(floor)])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/v1.1 was lost here .*\n.*maint contract store/),
  });

  // The next version is v1.2, though the hub has v1.0 only; nobody there can say whether it loosens v1.1, so two sign.
  await draft(1020);
  const store = ["contract", "store", CONTRACT, "--reason", "new lamps", ...atHub(floor)];
  expect((await floor.maint(store)).json).toMatchObject({
    published: false,
    staged: { version: "v1.2", direction: "both" },
  });
  await floor.addPerson("QA-9", "approver");
  const approve = [
    "release",
    "approve",
    CONTRACT,
    "--reason",
    "read against the plan",
    "--token",
    floor.tokenOf("QA-9"),
  ];
  await floor.maint([...approve, ...atHub(floor)]);
  await inForce(floor, "LP-01", "v1.2");
  expect(await gate(floor, "LP-01", "T-3")).toMatchObject({ exitCode: 0, contracts: [{ version: "v1.2" }] });
  expect(await runMaint(["release", "verify", "--all", "--data", floor.data])).toMatchObject({ exitCode: 0 });
  expect(await runMaint(["ledger", "verify", "--data", floor.data])).toMatchObject({ exitCode: 0 });

  // Its ledger is another one since: the node says so until a person says that it is meant, once.
  const accept = [...["node", "accept-hub-history", "LP-01", "--data", floor.data], "--token", floor.tokenOf("admin")];
  const seen = async () => (await runMaint(accept)).exitCode === 1;
  await until("the node was shown the other history", seen);
  expect((await runMaint(accept)).stdout).toMatch(
    /LP-01 keeps this checkpoint.*showed this one at .*nothing was changed/s,
  );
  const asOperator = [...accept.slice(0, -1), floor.tokenOf("STF-1")];
  expect(await runMaint([...asOperator, "--reason", "because"])).toMatchObject({ exitCode: 2 });
  const reason = ["--reason", "restored from yesterday's copy"];
  expect(await runMaint([...accept, ...reason])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/LP-01 goes on from the \d+ entries/),
  });
  expect(await runMaint([...accept, ...reason])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/has shown LP-01 no other history/),
  });
  const { json: said } = await floor.maint([
    "ledger",
    "list",
    "--type",
    "node_session",
    "--node",
    "LP-01",
    "--data",
    floor.data,
    "--token",
    floor.tokenOf("admin"),
  ]);
  expect(JSON.stringify(said)).toContain("restored from yesterday's copy");

  // What it learnt outlives it.
  await floor.hub().stop();
  await floor.startHub();
  await draft(1010);
  expect((await floor.maint(store)).json).toMatchObject({ staged: { version: "v1.3" } });
});

test("a copy that was touched, cut off, or is none is refused and nothing is written", async () => {
  const copy = join(floor.folder, "second");
  await floor.maint(["backup", "--to", copy, "--data", floor.data]);
  expect(readFileSync(join(copy, "backup.json"), "utf8")).not.toMatch(/"hub\/key"/);
  const into = join(floor.folder, "elsewhere");
  const attempts: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
    [
      "touched",
      (folder) => writeFileSync(join(folder, "hub", "people.json"), "[]"),
      /people.json is not what was backed up/,
    ],
    ["missing", (folder) => rmSync(join(folder, "hub", "hub.db")), /hub.db is missing/],
    ["cut-off", (folder) => rmSync(join(folder, "backup.json")), /has no backup.json/],
    ["broken", (folder) => writeFileSync(join(folder, "backup.json"), "{"), /cannot be read/],
    [
      "outside",
      (folder) => {
        const manifest = JSON.parse(readFileSync(join(folder, "backup.json"), "utf8"));
        manifest.files[0].path = "../outside";
        rmSync(join(folder, "backup.json"));
        writeFileSync(join(folder, "backup.json"), JSON.stringify(manifest));
      },
      /leads out of it/,
    ],
  ];
  for (const [name, touch, says] of attempts) {
    const folder = join(floor.folder, name);
    cpSync(copy, folder, { recursive: true });
    touch(folder);
    const tried = await runMaint(["restore", "--from", folder, "--data", into]);
    expect(tried, name).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(says) });
    expect((await runMaint(["status", "--data", into])).exitCode).toBe(69);
  }
  expect(await runMaint(["backup", "--to", copy, "--data", floor.data])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/is there already/),
  });
});
