/**
 * How long a hub with a long history takes to say how things stand: 10,000 nodes, 100 contracts, 100,000 deployments and a
 * million alerts, asked over HTTP as the command line asks, page by page where there are pages. Making the history takes a
 * minute, asking for it seconds. `node bench/status/status.ts [--json]`; writes bench/results/status.json and .svg. Exit code 1
 * where an answer takes longer than the target.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HubClient, hubClient } from "../../src/cli/hub-client.ts";
import { createHub } from "../../src/hub/index.ts";
import { initPolicy } from "../../src/hub/policy-central/init-policy.ts";
import { table } from "../measure.ts";
import { median } from "../p5/median.ts";
import { report } from "../results.ts";
import { contractId, fill, nodeId, type Size } from "./fill.ts";

const SIZE: Size = { nodes: 10_000, contracts: 100, alerts: 1_000_000 };
const TARGET_MS = 50;
const ROUNDS = 15;
const SETTLE_MS = 60_000;
const PATHS = [
  "/v1/status?limit=200",
  "/v1/status?blocked=true&limit=500",
  `/v1/status?station=${nodeId(4_711)}`,
  "/v1/nodes",
  `/v1/nodes?after=${nodeId(4_711)}`,
  `/v1/deployments?contract=${contractId(3)}`,
  `/v1/why-not/${nodeId(42)}`,
  "/v1/alerts",
  "/v1/alerts?state=open",
  `/v1/alerts?node=${nodeId(42)}`,
  `/v1/alerts?contract=${contractId(3)}&state=acknowledged`,
  "/v1/alerts?since=2026-11-20T00:00:00Z&limit=1000",
  "/v1/standing",
  "/v1/standing?blocked=true",
  "/v1/due",
  "/v1/rollouts",
  "/v1/contracts",
];

interface Asked {
  readonly path: string;
  readonly ms: number;
  readonly worstMs: number;
  readonly kib: number;
}

async function askAll(folder: string): Promise<readonly Asked[]> {
  const [data, keys] = [join(folder, "data"), join(folder, "keys")];
  initPolicy(keys, data, Date.now());
  await fill(data, keys, SIZE);
  const hub = await createHub({ dataFolder: data });
  try {
    const admin = hubClient({ hub: hub.url, keys });
    await settled(admin);
    const asked: Asked[] = [];
    for (const path of PATHS) asked.push(await ask(admin, path));
    return asked;
  } finally {
    await hub.stop();
  }
}

/** Rollouts have seen what the nodes said, and releases have become what that makes of them: what follows is every day's work. */
async function settled(admin: HubClient): Promise<void> {
  const endMs = Date.now() + SETTLE_MS;
  for (;;) {
    const { contracts } = (await admin.get("/v1/contracts")) as Contracts;
    if (contracts.every(({ status }) => status === "monitoring")) return;
    if (Date.now() > endMs) throw new Error("the hub does not come to rest");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

interface Contracts {
  readonly contracts: readonly { readonly status: string }[];
}

async function ask(admin: HubClient, path: string): Promise<Asked> {
  const times: number[] = [];
  let kib = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    const answer = await admin.get(path);
    times.push(performance.now() - begun);
    kib = JSON.stringify(answer).length / 1024;
  }
  return { path, ms: median(times), worstMs: Math.max(...times), kib };
}

const folder = mkdtempSync(join(tmpdir(), "maint-bench-"));
const asked = await askAll(folder).finally(() => rmSync(folder, { recursive: true, force: true }));
const shown = (ms: number): string => `${ms.toFixed(1)} ms`;
report(
  "status",
  [
    "status  how things stand, of 10,000 nodes, 100 contracts, 100,000 deployments and a million alerts",
    table([
      ["asked", "median", "worst", "answer"],
      ...asked.map(({ path, ms, worstMs, kib }) => [path, shown(ms), shown(worstMs), `${kib.toFixed(0)} KiB`]),
    ]),
  ].join("\n"),
  { size: SIZE, asked },
  asked.map(({ path, ms }) => ({
    what: `${path} within ${TARGET_MS} ms`,
    reached: ms <= TARGET_MS,
    measured: shown(ms),
  })),
  {
    title: "How things stand",
    text: "10,000 nodes, 100,000 deployments, a million alerts, over HTTP. Less is better.",
    axis: "milliseconds",
    bars: asked.map(({ path, ms }) => ({
      name: path.replace("/v1/", "").slice(0, 34),
      value: ms,
      label: shown(ms),
      ours: true,
    })),
    target: { value: TARGET_MS, label: `target: ${TARGET_MS} ms` },
  },
);
