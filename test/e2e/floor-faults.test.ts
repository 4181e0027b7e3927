import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import {
  atHub,
  CONTRACT_FILE,
  gate,
  inForce,
  type LpFloor,
  readLamp,
  startLpFloor,
  storeVersion,
  until,
  verifyLedger,
} from "./lp-floor.ts";

/** One floor for all: each test goes on where the one before it left hub and nodes. */
describe("a floor whose processes die", () => {
  let floor: LpFloor;
  /** The tests that the gate blocked, at any node; each is one alert. */
  const blocked: string[] = [];

  beforeAll(async () => {
    floor = await startLpFloor(2);
    for (const node of ["LP-01", "LP-02"]) await readLamp(floor, node, "1180");
  });
  afterAll(() => floor?.end());

  const allows = async (node: string, id: string, version = "v1.0"): Promise<void> => {
    const answer = await gate(floor, node, id);
    expect(answer).toMatchObject({ exitCode: 0, allow: true, reasons: [] });
    expect(answer.ledgerSeq).toBeGreaterThan(0);
    expect(answer.contracts).toEqual([expect.objectContaining({ contract: CONTRACT, version })]);
  };
  const blocks = async (node: string, id: string): Promise<void> => {
    const answer = await gate(floor, node, id);
    expect(answer).toMatchObject({ exitCode: 10, allow: false, reasons: ["reading.out-of-limits:uv-intensity"] });
    expect(answer.ledgerSeq).toBeGreaterThan(0);
    blocked.push(id);
  };
  const alertedTests = async (): Promise<readonly string[]> => {
    const { json } = await floor.maint(["alert", "list", "--contract", CONTRACT, ...atHub(floor)]);
    return (json as { readonly alerts: readonly { readonly id: string }[] }).alerts.map(({ id }) => id);
  };

  test("control: with all of them alive the gate allows, blocks, and the alert arrives", async () => {
    await allows("LP-01", "T-100");
    await readLamp(floor, "LP-01", "940");
    await blocks("LP-01", "T-101");
    await until("the first alert", async () => (await alertedTests()).length === 1);
  });

  test("the hub dies while nodes gate: they go on deciding and recording", async () => {
    const asked = Promise.all([gate(floor, "LP-02", "T-200"), floor.hub().kill(), gate(floor, "LP-02", "T-201")]);
    const [before, , during] = await asked;
    expect([before.exitCode, during.exitCode]).toEqual([0, 0]);
    expect((await runMaint(["hub", "status", ...atHub(floor)])).exitCode).toBe(69);
    await allows("LP-02", "T-202");
    await readLamp(floor, "LP-02", "960");
    await blocks("LP-02", "T-203");
    await blocks("LP-01", "T-102");
  });

  test("a node dies and comes back without a hub: it decides from what it keeps", async () => {
    await floor.agent("LP-02").kill();
    expect(await gate(floor, "LP-02", "T-204")).toMatchObject({ exitCode: 69, allow: false, ledgerSeq: null });
    await floor.startAgent("LP-02", ["--no-hub"]);
    // No evidence is recorded again: the last reading before the end still blocks, the others still hold.
    await blocks("LP-02", "T-205");
    await readLamp(floor, "LP-02", "1180");
    await allows("LP-02", "T-206");
    const verified = await verifyLedger(floor, "LP-02");
    expect(verified, verified.stdout).toMatchObject({ exitCode: 0 });
    const { json } = await floor.maint(["ledger", "list", "--node", "LP-02", ...atHub(floor)]);
    const text = JSON.stringify(json);
    for (const id of ["T-200", "T-201", "T-202", "T-203", "T-205", "T-206"]) expect(text).toContain(id);
  });

  test("a version stored while a node is away reaches it when it returns", async () => {
    await floor.agent("LP-02").kill();
    await floor.startHub();
    const file = join(floor.folder, "v1.1.maint");
    writeFileSync(file, readFileSync(CONTRACT_FILE, "utf8").replace("warn 30 days before", "warn 20 days before"));
    await storeVersion(floor, file);
    await inForce(floor, "LP-01", "v1.1");
    await readLamp(floor, "LP-01", "1180");
    await allows("LP-01", "T-103", "v1.1");
    await floor.startAgent("LP-02");
    await inForce(floor, "LP-02", "v1.1");
    await allows("LP-02", "T-207", "v1.1");
  });

  test("alerts of the time without a hub arrive once each, also when the hub starts again", async () => {
    await until("every alert", async () => (await alertedTests()).length >= blocked.length);
    expect(blocked).toHaveLength(4);
    expect(new Set(await alertedTests()).size).toBe(blocked.length);
    await floor.hub().kill();
    await floor.startHub();
    // A new block is the sign that both nodes found the hub again and sent all they still had.
    for (const [node, id] of [
      ["LP-01", "T-104"],
      ["LP-02", "T-208"],
    ] as const) {
      await readLamp(floor, node, "940");
      await blocks(node, id);
    }
    await until("the last alerts", async () => (await alertedTests()).length >= blocked.length);
    expect(await alertedTests()).toHaveLength(blocked.length);
    for (const node of [undefined, "LP-01", "LP-02"]) expect((await verifyLedger(floor, node)).exitCode).toBe(0);
  });
});
