import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { restore } from "../../disk/backup.ts";
import { openLedgerFile, readLedgerFile } from "../../disk/ledger-file.ts";
import { dataFolder } from "../data-folder.ts";
import { printAnswer } from "../hub-client.ts";

interface RestoreOptions {
  readonly from: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** `maint restore`: what `maint backup` copied, verified, into a data folder that holds none of it. */
export function command(): Command {
  return new Command("restore")
    .description("put a backup back, verified, where nothing is in its way; the ledger says so")
    .requiredOption("--from <dir>", "the backup")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint restore --from backup/2026-11-24 --data ./maint-data")
    .action(run);
}

function run(options: RestoreOptions): void {
  const folder = dataFolder(options.data);
  const manifest = restore(options.from, folder);
  const [kind, node] = manifest.of.split(" ");
  const own = kind === "hub" ? join(folder, "hub") : join(folder, "nodes", node ?? "");
  noteInLedger(join(own, "ledger.db"), manifest.takenAt);
  const key = join(own, "key");
  printAnswer(options, { data: folder, of: manifest.of, takenAt: manifest.takenAt, files: manifest.files.length }, [
    `${manifest.of} stands in ${folder} as of ${manifest.takenAt}`,
    ...(existsSync(key) ? [] : [`to do: put its key back as ${key}, readable by its owner alone`]),
    ...(kind === "hub"
      ? ["what it handed out since then it learns from its nodes when they connect; see docs/operation.md"]
      : ["its hub will see an older self and quarantine it: maint hub release-node, once you know there is no copy"]),
  ]);
}

function noteInLedger(path: string, takenAt: string): void {
  const reader = readLedgerFile(path);
  const { owner } = reader;
  reader.close();
  const ledger = openLedgerFile(path, { owner, clock: () => ({ timeMs: Date.now(), timeSource: "wall" }) });
  try {
    ledger.append([
      {
        ...{ action_type: "process", action: "restored", target: owner, user_id: owner, smart_id: null },
        ...{ details: `restored from a copy as of ${takenAt}`, metadata: { taken_at: takenAt } },
      },
    ]);
  } finally {
    ledger.close();
  }
}
