import { join } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { backUp } from "../../disk/backup.ts";
import { verifyPolicyFolder } from "../../hub/policy-central/verify-folder.ts";
import { isTestNodeId } from "../../model/ids.ts";
import { dataFolder } from "../data-folder.ts";
import { printAnswer } from "../hub-client.ts";

interface BackupOptions {
  readonly to: string;
  readonly data?: string;
  readonly node?: string;
  readonly withKeys?: boolean;
  readonly json?: boolean;
}

/** `maint backup`: a hub's folders, or a node's, copied as they stand, its process running or not. */
export function command(): Command {
  return new Command("backup")
    .description("copy a hub's data, or a node's, while it runs; maint restore puts it back")
    .requiredOption("--to <dir>", "a folder that is not there yet")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--node <id>", "of this node instead of the hub")
    .option("--with-keys", "with the hub's or the node's own key: whoever has the copy can act as it")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  maint backup --to backup/2026-11-24\n  maint backup --node LP-01 --to lp-01-copy",
    )
    .action(run);
}

function run(options: BackupOptions): void {
  const { to, node, withKeys = false } = options;
  if (node !== undefined && !isTestNodeId(node)) throw new MaintError("MAINT_ERR_USAGE", `"${node}" is no node id`);
  const folder = dataFolder(options.data);
  const request = { dataFolder: folder, to, withKeys, nowMs: Date.now() };
  const manifest =
    node === undefined
      ? backUp({ ...request, of: "hub", parts: ["hub", "policy"] })
      : backUp({ ...request, of: `node ${node}`, parts: [`nodes/${node}`] });
  if (node === undefined) mustHold(to);
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  printAnswer(
    options,
    { to, of: manifest.of, takenAt: manifest.takenAt, withKeys, files: manifest.files.length, bytes },
    [
      `${manifest.of} as of ${manifest.takenAt} in ${to}: ${manifest.files.length} files, ${bytes} bytes`,
      ...(withKeys
        ? ["with its key: keep the copy as you keep the key"]
        : ["without its key: keep that elsewhere, or --with-keys"]),
    ],
  );
}

/** A copy that would not open is no backup. What a store under way left behind is undone at the next start. */
function mustHold(to: string): void {
  const [damage] = verifyPolicyFolder(join(to, "policy"), Date.now()).filter(({ code }) => code !== "unexpected-file");
  if (damage !== undefined)
    throw new MaintError(
      "MAINT_ERR_POLICY_DAMAGED",
      `PolicyCentral in ${to} does not hold: ${damage.path} ${damage.message}`,
      {
        exitCode: 69,
        help: "maint release verify --all looks at the original; where that holds, back up again",
      },
    );
}
