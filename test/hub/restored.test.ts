import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Agent, enrolNode, startAgent } from "../../src/agent/index.ts";
import { type HubBench, hubBench, until } from "./hub-fixture.ts";

// A hub that comes back from a copy that lacks nothing but signatures of the online key: it had renewed its timestamp since.

const HOUR_MS = 3_600_000;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A hub whose clock a test turns, one agent, and a copy of the hub's folder as it was before the clock was turned. */
async function floor() {
  let aheadMs = 0;
  const clock = { nowMs: () => Date.now() + aheadMs };
  const bench: HubBench = await hubBench({ clock });
  closers.push(bench.close);
  const register = { station: { id: "LP-01", type: "penetrant" }, plantZone: "UTC" };
  const { token } = (await bench.admin().post("/v1/nodes", register)) as { readonly token: string };
  await enrolNode({ dataFolder: bench.data, node: "LP-01", hubUrl: bench.hub().url, token });
  const log: string[] = [];
  const agent: Agent = await startAgent({
    ...{ dataFolder: bench.data, node: "LP-01", hubUrl: () => bench.hub().url },
    log: (line) => void log.push(line),
  });
  closers.push(agent.stop);
  const folders = ["hub", "policy"] as const;
  const at = (folder: string) => join(bench.data, folder);
  return {
    ...{ bench, agent, log },
    turn: (hours: number): void => {
      aheadMs += hours * HOUR_MS;
    },
    copy: async (): Promise<void> => {
      await bench.hub().stop();
      for (const folder of folders) cpSync(at(folder), at(`copy-of-${folder}`), { recursive: true });
      await bench.start();
    },
    putBack: async (): Promise<void> => {
      await bench.hub().stop();
      for (const folder of folders) {
        rmSync(at(folder), { recursive: true });
        cpSync(at(`copy-of-${folder}`), at(folder), { recursive: true });
      }
      await bench.start();
    },
  };
}

const timestampOf = ({ hub }: HubBench) => hub().services.policy.metadata().timestamp;
const addPerson = (bench: HubBench, id: string) => bench.admin().post("/v1/people", { id, roles: ["operator"] });

/** The node has what the hub's online key signed last. */
const converged = async (bench: HubBench, agent: Agent): Promise<boolean> => {
  const { desired } = (await bench.hub().services.rollout.packageFor("LP-01")).signed;
  return desired.metadata.timestamp === timestampOf(bench).digest && desired.generation === agent.status().generation;
};

for (const renewals of [1, 3])
  test(`${renewals} renewals of the timestamp are lost: the node shows its own, and takes what comes next`, async () => {
    const { bench, agent, log, turn, copy, putBack } = await floor();
    const isDone = (done: boolean): boolean => done;
    await until(() => converged(bench, agent), isDone);
    await copy();
    for (let renewal = 0; renewal < renewals; renewal++) {
      const { version } = timestampOf(bench);
      turn(13);
      await until(() => timestampOf(bench).version > version, isDone);
    }
    await until(() => converged(bench, agent), isDone);
    const lost = timestampOf(bench);
    // What is signed to the second could be the same bytes.
    turn(1);
    await putBack();
    expect(timestampOf(bench).digest).not.toBe(lost.digest);
    await addPerson(bench, "STF-1");
    await until(() => converged(bench, agent), isDone);
    expect(timestampOf(bench).version).toBeGreaterThan(lost.version);
    expect(log.filter((line) => line.startsWith("refused"))).toEqual([]);
  });
