import { asked } from "../child.ts";
import { cpuOf, kibOf, pause, withPeer } from "../p6/run-peer.ts";
import type { Peer } from "../p6/wires.ts";

/** What a storm took of a hub and its broker. */
export interface PeerStorm {
  readonly backS: number;
  /** Longest turn of the hub's own loop; null where a broker takes the nodes in. */
  readonly lagMs: number | null;
  readonly cpuUsPerNode: number;
  readonly kibPerNode: number;
}

interface Seen {
  readonly cpuS: number;
  readonly rssKiB: number;
  readonly stallMs: number;
}

const SETTLE_MS = 500;

/** All nodes of a peer are cut and come back within `spreadMs`, until the last connection stands: no key, no state, no bundle. */
export function stormPeer(peer: Peer, count: number, spreadMs: number): Promise<PeerStorm> {
  return withPeer(peer, count, async ({ hub, brokerPid, startNodes }) => {
    /** Collecting has a turn of its own and time to end: it is no part of what is measured. */
    const lookAtRest = async (): Promise<Seen> => {
      hub.send("collect");
      await pause(SETTLE_MS);
      return look();
    };
    const look = async (): Promise<Seen> => {
      const { seen } = await asked<{ seen: Seen }>(hub, "look", "seen");
      return { ...seen, cpuS: seen.cpuS + cpuOf(brokerPid), rssKiB: seen.rssKiB + kibOf(brokerPid) };
    };
    const empty = await lookAtRest();
    const nodes = await startNodes();
    const idle = await lookAtRest();
    const { backMs } = await asked<{ backMs: number }>(nodes, { spreadMs }, "backMs");
    await pause(SETTLE_MS);
    const after = await look();
    return {
      backS: backMs / 1e3,
      lagMs: brokerPid === undefined ? after.stallMs : null,
      cpuUsPerNode: ((after.cpuS - idle.cpuS) / count) * 1e6,
      kibPerNode: (idle.rssKiB - empty.rssKiB) / count,
    };
  });
}
