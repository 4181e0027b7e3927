/**
 * Bench P9: a reconnect storm. Every node is cut at once and comes back: TCP, WebSocket, a signed hello that the hub verifies,
 * its desired set with a real bundle, a signed report. Whether that is on the hub's disk another process reads there. Hub and nodes
 * are two processes on one machine, the peers in the same run; of these only the connection comes back, with no key and no state.
 * `node bench/p9/p9.ts [--json] [--count N]`; writes bench/results/p9.json and p9.svg, unless N makes it a trial. Exit code 1 where a
 * target is missed.
 */
import { fleetSize } from "../fleet-size.ts";
import { table } from "../measure.ts";
import { bigContract, CONTRACT } from "../p6/big-contract.ts";
import { missing } from "../p6/run-peer.ts";
import type { Peer } from "../p6/wires.ts";
import { report } from "../results.ts";
import { benchFloor, storeVersion, when } from "./floor.ts";
import { stormPeer } from "./storm-peer.ts";

const { counts, isTrial } = fleetSize();
/** Of a hub that answers all at once, this is what clients are asked to do as well. */
const SPREAD_MS = 2_000;
const STORMED: readonly Peer[] = ["tcp", "ws", "socket.io", "nats", "mosquitto"];
const BACK_S = 20;
const CONVERGED_S = 60;
const LAG_MS = 500;
const KIB_PER_NODE = 100;
const PATIENCE_MS = 90_000;
const BUNDLE_BYTES = 16 << 10;

interface Storm {
  readonly nodes: number;
  readonly who: string;
  readonly firstS: number | null;
  readonly backS: number | null;
  readonly convergedS: number | null;
  readonly lagMs: number | null;
  readonly cpuUsPerNode: number;
  readonly kibPerNode: number;
}

const inS = (ms: number | null): number | null => (ms === null ? null : ms / 1e3);

async function storm(nodes: number): Promise<Storm> {
  const floor = await benchFloor(nodes);
  try {
    floor.tellHub("collect");
    const before = await floor.hub();
    await storeVersion(floor, CONTRACT, bigContract(BUNDLE_BYTES, 1_000));
    const startedMs = Date.now();
    await floor.startNodes(SPREAD_MS);
    const firstMs = await when(() => floor.durable(startedMs) === nodes, PATIENCE_MS);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    floor.tellHub("collect");
    const idle = await floor.hub();
    floor.tellHub("reset");
    const begun = performance.now();
    const welcomed = (await floor.nodes()).welcomed;
    const cutMs = Date.now();
    floor.tellNodes({ kind: "cut" });
    const isBack = async (): Promise<boolean> => {
      const now = await floor.nodes();
      return now.live === nodes && now.welcomed >= welcomed + nodes;
    };
    const backMs = await when(isBack, PATIENCE_MS);
    const restMs = await when(() => floor.durable(cutMs) === nodes, PATIENCE_MS);
    const convergedMs = restMs === null ? null : performance.now() - begun;
    const after = await floor.hub();
    return {
      ...{ nodes, who: "maint" },
      firstS: inS(firstMs),
      backS: inS(backMs),
      convergedS: inS(convergedMs),
      lagMs: after.stallMs,
      cpuUsPerNode: ((after.cpuS - idle.cpuS) / nodes) * 1e6,
      kibPerNode: (idle.rssKiB - before.rssKiB) / nodes,
    };
  } finally {
    await floor.end();
  }
}

const storms: Storm[] = [];
const notes = STORMED.flatMap((peer) => missing(peer) ?? []);
for (const nodes of counts) {
  for (const peer of STORMED) {
    if (missing(peer) !== undefined) continue;
    const who = peer === "tcp" ? "raw TCP" : peer;
    storms.push({ nodes, who, firstS: null, convergedS: null, ...(await stormPeer(peer, nodes, SPREAD_MS)) });
  }
  storms.push(await storm(nodes));
}
const full = storms.findLast(({ who }) => who === "maint") as Storm;
const seconds = (s: number | null): string => (s === null ? `not in ${PATIENCE_MS / 1e3} s` : `${s.toFixed(1)} s`);
const ofPeers = (s: number | null, who: string): string => (who === "maint" ? seconds(s) : "-");
const lag = ({ lagMs }: Storm): string => (lagMs === null ? "-" : `${lagMs.toFixed(0)} ms`);
const within = (s: number | null, limit: number): boolean => s !== null && s <= limit;
report(
  "p9",
  [
    "P9  every node is cut at once and comes back with a signed hello",
    table([
      ["nodes", "who", "first time", "all back", "converged", "longest turn", "hub CPU a node", "memory a node"],
      ...storms.map((one) => [
        String(one.nodes),
        one.who,
        ofPeers(one.firstS, one.who),
        seconds(one.backS),
        ofPeers(one.convergedS, one.who),
        lag(one),
        `${one.cpuUsPerNode.toFixed(0)} us`,
        `${one.kibPerNode.toFixed(0)} KiB`,
      ]),
    ]),
    ...notes,
  ].join("\n"),
  { storms, notes },
  [
    { what: `all back within ${BACK_S} s`, reached: within(full.backS, BACK_S), measured: seconds(full.backS) },
    {
      what: `all converged within ${CONVERGED_S} s`,
      reached: within(full.convergedS, CONVERGED_S),
      measured: seconds(full.convergedS),
    },
    { what: `longest turn under ${LAG_MS} ms`, reached: (full.lagMs ?? LAG_MS) < LAG_MS, measured: lag(full) },
    {
      what: `hub memory under ${KIB_PER_NODE} KiB a node`,
      reached: full.kibPerNode < KIB_PER_NODE,
      measured: `${full.kibPerNode.toFixed(0)} KiB`,
    },
  ],
  {
    title: "A reconnect storm",
    text: "Until every node is back; ours with a proven key, and until its report is durable. Less is better.",
    axis: "seconds",
    bars: storms.flatMap(({ nodes, who, backS, convergedS }) => {
      const ours = who === "maint";
      const bar = (what: string, s: number | null) => ({
        ...{ name: `${who}${what}, ${nodes} nodes`, value: s ?? PATIENCE_MS / 1e3, label: seconds(s), ours },
      });
      return ours ? [bar(" back", backS), bar(" converged", convergedS)] : [bar("", backS)];
    }),
    target: { value: BACK_S, label: `target: back in ${BACK_S} s` },
  },
  isTrial,
);
