import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import { atHub, CONTRACT_FILE, gate, type LpFloor, nodeStatus, startLpFloor, until } from "./lp-floor.ts";

// A station that no hub reaches is fed from a folder: by the same checks as over the wire.

let floor: LpFloor;
beforeAll(async () => {
  floor = await startLpFloor(2);
});
afterAll(() => floor?.end());

const versionAt = async (node: string) => (await nodeStatus(floor, node)).contracts[0]?.version;
const stick = (name: string): string => join(floor.folder, name);
const exported = (name: string, node = "LP-01") =>
  floor.maint(["hub", "export-node", node, "--to", stick(name), ...atHub(floor)]);
const feed = (name: string) => runMaint(["node", "feed", "LP-01", "--from", stick(name), "--data", floor.data]);

async function store(limit: number): Promise<void> {
  const file = stick("next.maint");
  const text = readFileSync(CONTRACT_FILE, "utf8").replaceAll("uv-limit = 1000 uW/cm2", `uv-limit = ${limit} uW/cm2`);
  writeFileSync(file, text);
  await floor.maint(["contract", "create", file, "--domain", "penetrant", ...atHub(floor)]);
  await floor.maint(["contract", "validate", CONTRACT, ...atHub(floor)]);
  await floor.maint(["contract", "store", CONTRACT, ...atHub(floor)]);
}

test("a node without a hub converges from a stick, and what is wrong with one changes nothing", async () => {
  await exported("v1.0");
  await floor.agent("LP-01").stop();
  await store(1100);
  await exported("v1.1");
  await exported("other", "LP-02");
  await floor.startAgent("LP-01", ["--no-hub"]);
  expect(await versionAt("LP-01")).toBe("v1.0");

  const broken: readonly (readonly [string, (folder: string) => void, number, RegExp])[] = [
    ["cut-off", (folder) => rmSync(join(folder, "desired.json")), 2, /no desired.json/],
    ["no-json", (folder) => writeFileSync(join(folder, "desired.json"), "{"), 2, /desired.json: /],
    ["no-set", (folder) => writeFileSync(join(folder, "desired.json"), "{}"), 2, /is no signed desired set/],
    ["no-blob", (folder) => rmSync(join(folder, "blobs"), { recursive: true }), 2, /missing or too large/],
    [
      "flipped",
      (folder) => {
        for (const name of readdirSync(join(folder, "blobs"))) {
          const path = join(folder, "blobs", name);
          writeFileSync(path, readFileSync(path).fill(0x20, 0, 1));
        }
      },
      2,
      /are not those of sha256/,
    ],
    [
      "signature",
      (folder) => {
        const path = join(folder, "desired.json");
        writeFileSync(path, readFileSync(path, "utf8").replace(/"generation":\d+/, '"generation":99'));
      },
      1,
      /signature-invalid/,
    ],
  ];
  for (const [name, touch, exitCode, says] of broken) {
    cpSync(stick("v1.1"), stick(name), { recursive: true });
    touch(stick(name));
    const tried = await feed(name);
    expect(`${tried.stdout}${tried.stderr}`, name).toMatch(says);
    expect(tried.exitCode, name).toBe(exitCode);
    expect(await versionAt("LP-01")).toBe("v1.0");
  }
  expect(await feed("other")).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/wrong-audience/) });
  expect(await feed("nowhere")).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/no desired.json/) });

  expect(await feed("v1.1")).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/activated at LP-01/) });
  expect(await gate(floor, "LP-01", "T-1")).toMatchObject({ contracts: [{ version: "v1.1" }] });
  expect(await feed("v1.1")).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/unchanged/) });
  expect(await feed("v1.0")).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/version-regression/) });
  expect(await versionAt("LP-01")).toBe("v1.1");

  // Back on the wire it says what it runs, and goes on from there.
  await floor.agent("LP-01").stop();
  await floor.startAgent("LP-01");
  const runs = async () => (await runMaint(["why-not", "LP-01", ...atHub(floor)])).exitCode === 0;
  await until("the hub knows", runs);
});

test("exporting needs an enrolled node, an administrator and a free folder", async () => {
  const attempt = (words: readonly string[]) => runMaint(["hub", "export-node", ...words, ...atHub(floor)]);
  expect(await attempt(["LP-99", "--to", stick("x")])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/no node/),
  });
  expect(await attempt(["LP-01", "--to", stick("v1.0")])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/never replaced/),
  });
  const asOperator = await runMaint([
    ...["hub", "export-node", "LP-01", "--to", stick("y"), "--token", floor.tokenOf("STF-1"), ...atHub(floor)],
  ]);
  expect(asOperator).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/needs the role admin/) });
});
