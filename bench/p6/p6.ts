/**
 * Bench P6: one bundle of 64 KiB to all nodes, until the hub has heard from every one of them. Hub and nodes are two processes on
 * one machine, the peers in the same run. The peers write the bundle and read a word of each node; our hub does that over proven
 * sessions ("bytes"), and beside it the whole way of a version: signed sets, verified reports, all of it on the disk ("version").
 * `node bench/p6/p6.ts [--json] [--count N]`; writes bench/results/p6.json and p6.svg, unless N makes it a trial. Exit code 1 where a
 * target is missed.
 */

import { compile } from "../../src/compiler/index.ts";
import { fleetSize } from "../fleet-size.ts";
import { table } from "../measure.ts";
import { report } from "../results.ts";
import { bigContract, CONTRACT } from "./big-contract.ts";
import { runHub } from "./run-hub.ts";
import { type FanOut, missing, runPeer } from "./run-peer.ts";
import { PEERS } from "./wires.ts";

const { counts, full: FULL, isTrial } = fleetSize();
const BYTES = 64 << 10;
const STALL_MS = 20;

interface Row extends FanOut {
  readonly nodes: number;
  readonly who: string;
  readonly timesTcp: number;
}

const bundle = compile([{ name: `${CONTRACT}.maint`, text: bigContract(BYTES, 1_000) }]).contracts[0]?.bytes ?? "";
const rows: Row[] = [];
const notes = PEERS.flatMap((peer) => missing(peer) ?? []);
for (const nodes of counts) {
  let tcpS = Number.NaN;
  const add = (who: string, one: FanOut): void => void rows.push({ nodes, who, timesTcp: one.cpuS / tcpS, ...one });
  for (const peer of PEERS) {
    if (missing(peer) !== undefined) continue;
    const one = await runPeer(peer, nodes, bundle);
    if (peer === "tcp") tcpS = one.cpuS;
    add(peer === "tcp" ? "raw TCP" : peer, one);
  }
  const ours = await runHub(nodes, BYTES);
  if (ours.version === null) notes.push(`maint: ${nodes} nodes did not all report a version in time`);
  else {
    add("maint, bytes", ours.bytes);
    add("maint, version", ours.version);
  }
}

const ms = (value: number | null): string => (value === null ? "-" : `${value.toFixed(0)} ms`);
const full = (who: string): Row | undefined => rows.find((row) => row.nodes === FULL && row.who === who);
const [bytes, version] = [full("maint, bytes"), full("maint, version")];
const times = (row: Row | undefined): string => (row === undefined ? "not measured" : `${row.timesTcp.toFixed(2)}x`);
report(
  "p6",
  [
    `P6  one bundle of ${(bundle.length / 1024).toFixed(1)} KiB to all nodes, until the hub has heard from every one`,
    table([
      ["nodes", "who", "hub CPU", "of raw TCP", "all heard", "longest turn"],
      ...rows.map((row) => [
        String(row.nodes),
        row.who,
        `${(row.cpuS * 1e3).toFixed(0)} ms`,
        times(row),
        ms(row.ms),
        ms(row.stallMs),
      ]),
    ]),
    ...notes,
  ].join("\n"),
  { rows, notes },
  [
    {
      what: "bytes: hub CPU at most 1.0x raw TCP",
      reached: bytes !== undefined && bytes.timesTcp <= 1,
      measured: times(bytes),
    },
    {
      what: `bytes: longest turn at most ${STALL_MS} ms`,
      reached: bytes?.stallMs != null && bytes.stallMs <= STALL_MS,
      measured: ms(bytes?.stallMs ?? null),
    },
    {
      what: "version: hub CPU at most 1.0x raw TCP",
      reached: version !== undefined && version.timesTcp <= 1,
      measured: times(version),
    },
    {
      what: `version: longest turn at most ${STALL_MS} ms`,
      reached: version?.stallMs != null && version.stallMs <= STALL_MS,
      measured: ms(version?.stallMs ?? null),
    },
  ],
  {
    title: "One bundle to all nodes",
    text: "CPU time of the hub and its broker until the last node was heard. Less is better.",
    axis: "CPU milliseconds",
    bars: rows.map((row) => ({
      name: `${row.who}, ${row.nodes} nodes`,
      value: Math.max(0.1, row.cpuS * 1e3),
      label: `${(row.cpuS * 1e3).toFixed(0)} ms`,
      ours: row.who.startsWith("maint"),
    })),
  },
  isTrial,
);
