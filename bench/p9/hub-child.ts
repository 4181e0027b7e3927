/** A hub in a process of its own, watched from inside: its CPU, memory and the longest turn of its loop. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createHub } from "../../src/hub/index.ts";

const [dataFolder = ""] = process.argv.slice(2);
const RESOLUTION_MS = 2;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
const hub = await createHub({ dataFolder, onFatal: (error) => process.send?.({ failed: String(error) }) });
delay.enable();

export interface HubStats {
  readonly cpuS: number;
  readonly rssKiB: number;
  /** Longest turn since the last `reset`. */
  readonly stallMs: number;
}

function stats(): HubStats {
  const { user, system } = process.cpuUsage();
  const stallMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  return { cpuS: (user + system) / 1e6, rssKiB: process.memoryUsage().rss / 1024, stallMs };
}

process.on("message", (message) => {
  if (message === "reset") delay.reset();
  if (message === "collect") globalThis.gc?.();
  if (message === "stats") process.send?.({ stats: stats() });
});
process.on("disconnect", () => void hub.stop().finally(() => process.exit()));
process.send?.({ url: hub.url });
