import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import {
  archivedDecision,
  atHub,
  CONTRACT_FILE,
  gate,
  inForce,
  type LpFloor,
  readLamp,
  startLpFloor,
  until,
} from "./lp-floor.ts";

let floor: LpFloor;
beforeAll(async () => {
  floor = await startLpFloor(1);
  await floor.addPerson("QA-1", "approver");
});
afterAll(() => floor?.end());

const asAdmin = (...words: readonly string[]) => runMaint([...words, ...atHub(floor)]);
const asQuality = (...words: readonly string[]) => asAdmin(...words, "--token", floor.tokenOf("QA-1"));

/** A draft with another lower limit; its test of a weak lamp goes along. */
async function draft(uvLimit: number): Promise<void> {
  const file = join(floor.folder, `limit-${uvLimit}.maint`);
  const text = readFileSync(CONTRACT_FILE, "utf8");
  writeFileSync(
    file,
    text.replaceAll("uv-limit = 1000 uW", `uv-limit = ${uvLimit} uW`).replace("999.9", `${uvLimit - 1}.9`),
  );
  for (const words of [
    ["contract", "create", file, "--domain", "penetrant"],
    ["contract", "validate", CONTRACT],
  ]) {
    const outcome = await asAdmin(...words);
    expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(0);
  }
}

test("a release that loosens waits for a second person with another key", async () => {
  await draft(900);
  const stored = await asAdmin("contract", "store", CONTRACT, "--reason", "new lamps");
  expect(stored.stdout).toMatch(/a second person signs it before it is stored/);
  expect(stored.stdout).toMatch(/v1\.1 {2}release waiting {2}loosens {2}signed by admin\n {2}new lamps\n/);
  const self = await asAdmin("release", "approve", CONTRACT, "--reason", "I am sure");
  expect(self).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/admin signed it already/) });
  const sameKey = await asQuality(
    "release",
    "approve",
    CONTRACT,
    "--reason",
    "ok",
    "--key",
    join(floor.keys, "author.key"),
  );
  expect(sameKey).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/signed by 1 of 2|refuses/) });
  const operator = ["--reason", "ok", "--token", floor.tokenOf("STF-1")];
  expect(await asAdmin("release", "approve", CONTRACT, ...operator)).toMatchObject({ exitCode: 2 });
  const early = await asAdmin("release", "publish", CONTRACT, "--reason", "now");
  expect(early).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/loosens and has one signature/) });
  expect((await asAdmin("release", "show", CONTRACT)).stdout).toMatch(/uv-limit = 900 uW\/cm2/);
  const approved = await asQuality("release", "approve", CONTRACT, "--reason", "measured with the new lamps");
  expect(approved.exitCode, approved.stderr).toBe(0);
  await inForce(floor, "LP-01", "v1.1");
  await readLamp(floor, "LP-01", "950");
  expect(await gate(floor, "LP-01", "T-1")).toMatchObject({ allow: true });
  expect((await asAdmin("release", "list")).stdout).toMatch(/published by QA-1: measured with the new lamps/);
});

test("one that tightens is held, and published later", async () => {
  await archivedDecision(floor, "LP-01", "T-1");
  await draft(1100);
  // The one recorded decision, at 950, would be blocked under it: that is what it is for.
  const refused = await asAdmin("release", "sign", CONTRACT, "--hold");
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/1 of 1 recorded decisions .*--accept-impact/s),
  });
  const held = await asAdmin("release", "sign", CONTRACT, "--hold", "--accept-impact", "weak lamps must go");
  expect(held.stdout).toMatch(/held until it is published/);
  expect((await asAdmin("contract", "deployments", CONTRACT)).stdout).not.toMatch(/v1\.2/);
  expect(await asAdmin("release", "publish", CONTRACT, "--reason", "the line is down")).toMatchObject({ exitCode: 0 });
  await inForce(floor, "LP-01", "v1.2");
  expect(await gate(floor, "LP-01", "T-2")).toMatchObject({
    allow: false,
    reasons: ["reading.out-of-limits:uv-intensity"],
  });
});

test("a contract leaves its nodes with the word of two, and leaves none behind silently", async () => {
  const end = ["contract", "retire", `${CONTRACT}@v1.2`, "--reason", "line closed"];
  const waits = await asAdmin(...end);
  expect(waits.stdout).toMatch(/retirement waiting/);
  expect(waits.stdout).toMatch(/1 without any other contract, where every test will be blocked: LP-01/);
  expect((await asAdmin(...end)).stderr).toMatch(/waits already, staged by admin/);
  const withdrawn = await asAdmin("release", "withdraw", CONTRACT, "--reason", "one more week");
  expect(withdrawn.stdout).toMatch(/withdrawn by admin: one more week/);
  expect(await gate(floor, "LP-01", "T-3")).toMatchObject({ reasons: ["reading.out-of-limits:uv-intensity"] });
  await asAdmin(...end);
  const approved = await asQuality("release", "approve", CONTRACT, "--reason", "the line is gone");
  expect(approved.exitCode, approved.stderr).toBe(0);
  await until("the node has no contract", async () => {
    const { reasons } = await gate(floor, "LP-01", "T-4");
    return reasons.join() === "contract.none-binding:node";
  });
  expect((await runMaint(["release", "verify", "--all", "--data", floor.data])).exitCode).toBe(0);
  const copy = join(floor.folder, "usb");
  expect(await runMaint(["release", "export", "--to", copy, "--data", floor.data])).toMatchObject({ exitCode: 0 });
  expect(readFileSync(join(copy, "metadata", "timestamp.json"), "utf8")).toMatch(/"_type":"timestamp"/);
  const twice = await runMaint(["release", "export", "--to", copy, "--data", floor.data]);
  expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/is there already/) });
  const tree = await asAdmin("contract", "tree");
  expect(tree.stdout).toMatch(
    /^template penetrant-station\n {2}MAIN-PEN-CHECK-001 {2}"LP station daily equipment readiness" {2}penetrant\n/,
  );
  expect(tree.stdout).toMatch(/ {4}v1\.2 {2}deprecated {2}after v1\.1 {2}from penetrant-station {2}\(line closed\)/);
  const { stdout } = await asAdmin("ledger", "list", "--type", "contract_approval");
  for (const word of ["staged", "approved", "published", "withdrawn"]) expect(stdout).toContain(word);
});
