/**
 * A hub that acknowledges alerts before they are on the disk: what the kill test must find. Takes the data folder as its
 * argument and says over IPC where it listens, as `maint hub start` does.
 */
import { ok } from "../../src/base/result.ts";
import { createHub } from "../../src/hub/index.ts";

const LATE_MS = 300;

const hub = await createHub({ dataFolder: process.argv[2] ?? "" });
const { alerts } = hub.services;
const receive = alerts.receive;
Object.assign(alerts, {
  receive: async (node: string, batch: Parameters<typeof receive>[1]) => {
    setTimeout(() => void receive(node, batch), LATE_MS);
    return ok({ upTo: batch.alerts.at(-1)?.seq ?? 0 });
  },
});
process.send?.({ kind: "listening", url: hub.url });
