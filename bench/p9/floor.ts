import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HubClient, hubClient } from "../../src/cli/hub-client.ts";
import { makeFleet } from "../../src/cli/simulate/fleet-file.ts";
import type { FleetCounts } from "../../src/cli/simulate/run-fleet.ts";
import { storeRelease } from "../../src/cli/store-release.ts";
import { compile } from "../../src/compiler/index.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { initPolicy } from "../../src/hub/policy-central/init-policy.ts";
import { answer, asked, ended } from "../child.ts";
import type { HubStats } from "./hub-child.ts";

/** A hub and a fleet, each a process, in a temporary folder. */
export interface BenchFloor {
  readonly admin: HubClient;
  readonly keys: string;
  readonly url: string;
  /** Keys of all nodes, for `readFleet`. */
  readonly fleetFile: string;
  readonly hub: () => Promise<HubStats>;
  readonly nodes: () => Promise<FleetCounts>;
  /** Nodes whose report of this instant or later, of the set they are meant to have, is on the hub's disk. Read by another process. */
  readonly durable: (sinceMs: number) => number;
  readonly tellHub: (word: "reset" | "collect") => void;
  readonly tellNodes: (message: { readonly kind: "cut" | "recount" | "refetch"; readonly digest?: string }) => void;
  readonly startNodes: (spreadMs: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

const DURABLE = `select count(*) as count from node
  where report_counter >= ? and json_extract(report, '$.observedGeneration') = generation`;

export async function benchFloor(count: number, stationType = "penetrant"): Promise<BenchFloor> {
  const folder = mkdtempSync(join(tmpdir(), "maint-bench-"));
  const [data, keys] = [join(folder, "data"), join(folder, "keys")];
  initPolicy(keys, data, Date.now());
  const hub = fork(join(import.meta.dirname, "hub-child.ts"), [data], { execArgv: ["--expose-gc"] });
  const children: ChildProcess[] = [hub];
  const closers: (() => void)[] = [];
  const end = async (): Promise<void> => {
    for (const close of closers) close();
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
    const book = openDatabase(join(data, "hub", "hub.db"), { readOnly: true });
    closers.push(() => book.close());
    const durable = book.prepare(DURABLE);
    let nodes: ChildProcess | undefined;
    const started = (): ChildProcess => {
      if (nodes === undefined) throw new Error("the nodes were not started");
      return nodes;
    };
    return {
      ...{ admin, keys, url, fleetFile: file, end },
      hub: async () => (await asked<{ stats: HubStats }>(hub, "stats", "stats")).stats,
      nodes: async () => (await asked<{ counts: FleetCounts }>(started(), { kind: "counts" }, "counts")).counts,
      durable: (sinceMs) => (durable.get(sinceMs) as { readonly count: number }).count,
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

const POLL_MS = 50;

/** Asks until it holds; answers after how many ms, or null after `patienceMs`. */
export async function when(holds: () => boolean | Promise<boolean>, patienceMs: number): Promise<number | null> {
  const begun = performance.now();
  while (performance.now() - begun < patienceMs) {
    if (await holds()) return performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return null;
}

/** Stores a version of a contract for all nodes; `held` waits for `openHeld`. Answers the bundle's digest and size. */
export async function storeVersion(
  { admin, keys }: BenchFloor,
  contract: string,
  text: string,
  held = false,
): Promise<{ readonly digest: string; readonly bytes: number }> {
  await admin.post("/v1/contracts", { text, domain: "penetrant", changes: ["another limit"] });
  await admin.post(`/v1/contracts/${contract}/validate`, {});
  const published = await storeRelease({ hub: admin, contract, keys, rollout: { held } });
  if (!published.published) throw new Error(`${contract} waits for a second person`);
  const digest = published.entry.digest ?? "";
  const { contracts } = compile([{ name: `${contract}.maint`, text }]);
  return { digest, bytes: Buffer.byteLength(contracts[0]?.bytes ?? "") };
}
