/**
 * Bench P7: alerts of all nodes, ten in a frame, until the last is acknowledged. Our hub proves every node, checks each alert, stores
 * the batches, chains their digests in its signed ledger, fsyncs, and then acknowledges; it also counts them into groups, incidents and
 * notices. The peers parse and acknowledge, without a check, a disk or a ledger. Hub and nodes are two processes on one machine.
 * `node bench/p7/p7.ts [--json] [--count N] [--frames N]`; writes bench/results/p7.json and p7.svg, unless fewer make it a trial. Exit code 1 where a target is missed.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertVerification } from "../../src/hub/alerts/verify-alerts.ts";
import { answer, asked, ended } from "../child.ts";
import { table } from "../measure.ts";
import { cpuOf, missing, startBroker, stopped } from "../p6/run-peer.ts";
import { type BenchFloor, benchFloor } from "../p9/floor.ts";
import { report } from "../results.ts";
import { ALERTS_PER_FRAME } from "./alerts.ts";

const optionOf = (name: string, otherwise: number): number => {
  const given = process.argv.indexOf(name);
  return given === -1 ? otherwise : Number(process.argv[given + 1]);
};
const [FULL_NODES, FULL_FRAMES] = [10_000, 10];
const NODES = optionOf("--count", FULL_NODES);
const FRAMES = optionOf("--frames", FULL_FRAMES);
const ALERTS = NODES * FRAMES * ALERTS_PER_FRAME;
const TARGET = 100_000;

interface Row {
  readonly who: string;
  readonly perS: number;
  /** Of the hub and its broker. */
  readonly cpuUs: number;
  readonly stallMs: number | null;
  /** What the nodes of the bench cost, on the same machine. */
  readonly loadUs: number;
}

interface Done {
  readonly ms: number;
  readonly loadCpuS: number;
}

interface HubSide {
  readonly port: number;
  readonly cpuS: () => Promise<{ readonly cpuS: number; readonly stallMs: number | null }>;
}

/** A broker that delivers at most once may leave a node waiting for ever. */
const PATIENCE_MS = 120_000;

async function within<T>(ms: number, work: Promise<T>, who: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${who}: not every alert was acknowledged in ${ms} ms`)), ms);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

async function run(who: string, fleetFile: string, hub: HubSide): Promise<Row> {
  const load = fork(join(import.meta.dirname, "load-child.ts"), [who, fleetFile, String(hub.port), String(FRAMES)]);
  try {
    await answer(load, "opened");
    const before = await hub.cpuS();
    const { done } = await within(PATIENCE_MS, asked<{ done: Done }>(load, "go", "done"), who);
    const after = await hub.cpuS();
    return {
      ...{ who, perS: ALERTS / (done.ms / 1e3), cpuUs: ((after.cpuS - before.cpuS) / ALERTS) * 1e6 },
      ...{ stallMs: after.stallMs, loadUs: (done.loadCpuS / ALERTS) * 1e6 },
    };
  } finally {
    await ended(load);
  }
}

async function runHub(floor: BenchFloor): Promise<Row> {
  const row = await run("maint", floor.fleetFile, {
    port: Number(new URL(floor.url).port),
    cpuS: async () => {
      const stats = await floor.hub();
      floor.tellHub("reset");
      return stats;
    },
  });
  const { records, findingCount } = (await floor.admin.get("/v1/alerts/verify")) as AlertVerification;
  if (records !== ALERTS || findingCount > 0)
    throw new Error(`${records} of ${ALERTS} alerts are stored, ${findingCount} batches are not what the ledger says`);
  return row;
}

async function runPeer(who: "ws" | "nats", fleetFile: string): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), "maint-bench-"));
  const broker = who === "nats" ? await startBroker("nats", folder) : undefined;
  const child = fork(join(import.meta.dirname, "peer-child.ts"), [who, String(broker?.port ?? 0)]);
  try {
    const { port } = await answer<{ port: number }>(child, "port");
    const cpuS = async () => {
      const { stats } = await asked<{ stats: { cpuS: number; stallMs: null } }>(child, "stats", "stats");
      return { ...stats, cpuS: stats.cpuS + cpuOf(broker?.child.pid) };
    };
    return await run(who, fleetFile, { port, cpuS });
  } finally {
    await ended(child);
    if (broker !== undefined) await stopped(broker.child);
    rmSync(folder, { recursive: true, force: true });
  }
}

const rows: Row[] = [];
const lacking: string[] = [];
/** A peer that fails is left out, and said to be. */
async function peer(who: "ws" | "nats", fleetFile: string): Promise<void> {
  try {
    rows.push(await runPeer(who, fleetFile));
  } catch (error) {
    lacking.push(String(error));
  }
}
const notHere = missing("nats");
if (notHere !== undefined) lacking.push(notHere);
const floor = await benchFloor(NODES);
try {
  await peer("ws", floor.fleetFile);
  if (notHere === undefined) await peer("nats", floor.fleetFile);
  rows.push(await runHub(floor));
} finally {
  await floor.end();
}
const ours = rows.find(({ who }) => who === "maint");
const rate = (perS: number): string => `${Math.round(perS).toLocaleString("en-US")}/s`;
const alone = ours === undefined ? 0 : 1e6 / ours.cpuUs;
const notes = [
  `${ALERTS.toLocaleString("en-US")} alerts from ${NODES.toLocaleString("en-US")} nodes, ${ALERTS_PER_FRAME} in a frame`,
  `one core of the hub alone would carry ${rate(alone)}: what it costs, without what nodes and other processes take of the machine`,
  ...lacking,
];
report(
  "p7",
  [
    "P7  alerts in, chained, checkpointed, fsynced, acknowledged",
    table([
      ["who", "acknowledged", "hub CPU an alert", "longest turn", "nodes' CPU an alert"],
      ...rows.map(({ who, perS, cpuUs, stallMs, loadUs }) => [
        ...[who === "maint" ? "maint, all of it" : `${who}, no check, disk or ledger`, rate(perS)],
        `${cpuUs.toFixed(1)} us`,
        ...[stallMs === null ? "-" : `${stallMs.toFixed(0)} ms`, `${loadUs.toFixed(1)} us`],
      ]),
    ]),
    ...notes,
  ].join("\n"),
  { nodes: NODES, alerts: ALERTS, rows, oneCorePerS: alone, notes },
  [
    {
      what: `at least ${rate(TARGET)} acknowledged, nodes on the same machine`,
      reached: (ours?.perS ?? 0) >= TARGET,
      measured: rate(ours?.perS ?? 0),
    },
  ],
  {
    title: "Alerts acknowledged a second",
    text: "Ten in a frame; peers without check, disk or ledger. More is better.",
    axis: "alerts a second",
    bars: rows.map(({ who, perS }) => ({ name: who, value: perS, label: rate(perS), ours: who === "maint" })),
    target: { value: TARGET, label: `target: ${rate(TARGET)}` },
  },
  NODES < FULL_NODES || FRAMES < FULL_FRAMES,
);
