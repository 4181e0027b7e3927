/**
 * A hub that acknowledges alerts, or ledger entries, before they are on the disk, or takes alerts and keeps none: or forgets to
 * count those that it held: what the tests must find. Takes the data folder, `alerts`, `log`, `loses` or `counts`, and an address to listen on as its arguments, and says over IPC
 * where it listens, as `maint hub start` does.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ok } from "../../src/base/result.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { createHub } from "../../src/hub/index.ts";

const LATE_MS = 300;

const [, , dataFolder = "", what, host = "127.0.0.1"] = process.argv;
const book = join(dataFolder, "hub", "hub.db");
if (what === "counts" && existsSync(book)) {
  const db = openDatabase(book);
  db.exec("update alert_counted set up_to = (select coalesce(max(first_alert), 0) from alert_batch)");
  db.close();
}
const hub = await createHub({ dataFolder, host, insecure: true });
const { alerts, archive } = hub.services;
const { receive } = alerts;
const { append } = archive;
if (what === "loses")
  Object.assign(alerts, {
    receive: async (_: string, batch: Parameters<typeof receive>[1]) => ok({ upTo: batch.alerts.at(-1)?.seq ?? 0 }),
  });
else if (what === "alerts")
  Object.assign(alerts, {
    receive: async (node: string, batch: Parameters<typeof receive>[1]) => {
      setTimeout(() => void receive(node, batch), LATE_MS);
      return ok({ upTo: batch.alerts.at(-1)?.seq ?? 0 });
    },
  });
else if (what === "log")
  Object.assign(archive, {
    append: (batches: Parameters<typeof append>[0]) => {
      setTimeout(() => void append(batches), LATE_MS);
      return batches.map(({ from, entries }) => ({ kind: "stored", size: from + entries.length }));
    },
  });
process.on("message", () => void hub.stop().finally(() => process.exit()));
process.send?.({ kind: "listening", url: hub.url });
