import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HubClient, hubClient } from "../../src/cli/hub-client.ts";
import { makeFleet } from "../../src/cli/simulate/fleet-file.ts";
import type { FleetCounts } from "../../src/cli/simulate/run-fleet.ts";
import { initPolicy } from "../../src/hub/policy-central/init-policy.ts";
import type { HubStats } from "./hub-child.ts";

/** A hub and a fleet, each a process, in a temporary folder. */
export interface BenchFloor {
  readonly admin: HubClient;
  readonly keys: string;
  readonly hub: () => Promise<HubStats>;
  readonly nodes: () => Promise<FleetCounts>;
  readonly tellHub: (word: "reset" | "collect") => void;
  readonly tellNodes: (message: { readonly kind: "cut" | "recount"; readonly digest?: string }) => void;
  readonly startNodes: (spreadMs: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

export async function benchFloor(count: number, stationType = "penetrant"): Promise<BenchFloor> {
  const folder = mkdtempSync(join(tmpdir(), "maint-bench-"));
  const [data, keys] = [join(folder, "data"), join(folder, "keys")];
  initPolicy(keys, data, Date.now());
  const hub = fork(join(import.meta.dirname, "hub-child.ts"), [data], { execArgv: ["--expose-gc"] });
  const children: ChildProcess[] = [hub];
  const end = async (): Promise<void> => {
    for (const child of children.reverse()) await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { url } = await answer<{ url: string }>(hub, "url");
    const admin = hubClient({ hub: url, keys });
    const file = join(keys, "fleet.json");
    await makeFleet(file, admin, {
      ...{ prefix: "SIM", count, stationType, plantZone: "UTC" },
      enrolled: () => undefined,
    });
    let nodes: ChildProcess | undefined;
    const asked = async <T>(child: ChildProcess | undefined, message: object | string, key: string): Promise<T> => {
      if (child === undefined) throw new Error("the nodes were not started");
      const answered = answer<T>(child, key);
      child.send(message);
      return answered;
    };
    return {
      ...{ admin, keys, end },
      hub: async () => (await asked<{ stats: HubStats }>(hub, "stats", "stats")).stats,
      nodes: async () => (await asked<{ counts: FleetCounts }>(nodes, { kind: "counts" }, "counts")).counts,
      tellHub: (word) => void hub.send(word),
      tellNodes: (message) => void nodes?.send(message),
      startNodes: async (spreadMs) => {
        nodes = fork(join(import.meta.dirname, "nodes-child.ts"), [file, url, String(spreadMs)]);
        children.push(nodes);
        await answer(nodes, "started");
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.disconnect();
  });
}

function answer<T>(child: ChildProcess, key: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const hear = (message: object): void => {
      if ("failed" in message) reject(new Error(String(message.failed)));
      if (!(key in message)) return;
      child.off("message", hear);
      child.off("exit", fail);
      resolve(message as T);
    };
    const fail = (): void => reject(new Error("a process of the bench ended"));
    child.on("message", hear);
    child.once("exit", fail);
  });
}

const POLL_MS = 100;

/** Asks the nodes until it holds; answers after how many ms, or null after `patienceMs`. */
export async function whenNodes(
  floor: BenchFloor,
  holds: (counts: FleetCounts) => boolean,
  patienceMs: number,
): Promise<number | null> {
  const begun = performance.now();
  while (performance.now() - begun < patienceMs) {
    if (holds(await floor.nodes())) return performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return null;
}
