/**
 * A hub that acknowledges alerts, or ledger entries, before they are on the disk: what the kill test must find. Takes the data
 * folder and `alerts` or `log` as its arguments and says over IPC where it listens, as `maint hub start` does.
 */
import { ok } from "../../src/base/result.ts";
import { createHub } from "../../src/hub/index.ts";

const LATE_MS = 300;

const hub = await createHub({ dataFolder: process.argv[2] ?? "" });
const { alerts, archive } = hub.services;
const { receive } = alerts;
const { append } = archive;
if (process.argv[3] === "alerts")
  Object.assign(alerts, {
    receive: async (node: string, batch: Parameters<typeof receive>[1]) => {
      setTimeout(() => void receive(node, batch), LATE_MS);
      return ok({ upTo: batch.alerts.at(-1)?.seq ?? 0 });
    },
  });
else
  Object.assign(archive, {
    append: (batches: Parameters<typeof append>[0]) => {
      setTimeout(() => void append(batches), LATE_MS);
      return batches.map(({ from, entries }) => ({ kind: "stored", size: from + entries.length }));
    },
  });
process.send?.({ kind: "listening", url: hub.url });
